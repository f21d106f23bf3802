use core::fmt;

use linux_support_base::Error;

use super::SchedulingTarget;
use crate::{live_task::LiveTask, sys};

/// The level within a class of I/O priorities: from 0, which comes first, to 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IoLevel(u8);

impl IoLevel {
    /// The one that comes first.
    pub const FIRST: Self = Self(0);
    /// What a thread of nice value 0 has without being given one.
    pub const USUAL: Self = Self(4);
    /// The one that comes last.
    pub const LAST: Self = Self(7);

    /// The level; `None` above 7.
    #[must_use]
    pub const fn new(level: u8) -> Option<Self> {
        if level < 8 { Some(Self(level)) } else { None }
    }

    /// The plain number, from 0 to 7.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for IoLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A class of I/O priorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IoClass {
    /// None was given: it follows from the scheduling policy and the nice value.
    #[doc(alias = "IOPRIO_CLASS_NONE")]
    None,
    /// Before all others, by level.
    #[doc(alias = "IOPRIO_CLASS_RT")]
    RealTime(IoLevel),
    /// As the level says.
    #[doc(alias = "IOPRIO_CLASS_BE")]
    BestEffort(IoLevel),
    /// Only while nobody else uses the disk.
    #[doc(alias = "IOPRIO_CLASS_IDLE")]
    Idle,
    /// One that is not known here, with what is in the place of the level.
    Unknown(u8, u8),
}

/// A hint to the device about a command: for how long it may take, one of the limits that the device was told.
///
/// # Kernel
/// Since 6.5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "IOPRIO_HINT_DEV_DURATION_LIMIT_1")]
pub struct IoHint(u16);

impl IoHint {
    /// No hint.
    pub const NONE: Self = Self(0);

    /// The command duration limit of this number, from 1 to 7; `None` otherwise.
    #[must_use]
    pub const fn duration_limit(number: u8) -> Option<Self> {
        if number >= 1 && number <= 7 { Some(Self(number as u16)) } else { None }
    }

    /// The kernel's number, from 0 to 1,023.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// The priority of a thread's input and output, which the schedulers `bfq` and `mq-deadline` heed, and some devices.
///
/// `Display` is what ionice(1) prints.
///
/// # Source
/// ioprio_set(2), Documentation/block/ioprio.rst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(into = "super::form::IoPriorityForm"))]
pub struct IoPriority {
    /// The class, with the level in it.
    pub class: IoClass,
    /// What the device is told besides.
    pub hint: IoHint,
}

impl IoPriority {
    /// None was given.
    pub const NONE: Self = Self::new(IoClass::None);
    /// Only while nobody else uses the disk.
    pub const IDLE: Self = Self::new(IoClass::Idle);

    /// This class, without a hint.
    #[must_use]
    pub const fn new(class: IoClass) -> Self {
        Self { class, hint: IoHint::NONE }
    }

    /// The best-effort level.
    #[must_use]
    pub const fn best_effort(level: IoLevel) -> Self {
        Self::new(IoClass::BestEffort(level))
    }

    /// The real-time level.
    #[must_use]
    pub const fn real_time(level: IoLevel) -> Self {
        Self::new(IoClass::RealTime(level))
    }

    /// The same with a hint.
    #[must_use]
    pub const fn with_hint(self, hint: IoHint) -> Self {
        Self { hint, ..self }
    }

    /// The priority of the kernel's number: the class in the highest three bits, the level in the lowest, and the hint
    /// between.
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        let level = IoLevel((bits & 7) as u8);
        let class = match (bits >> 13, level.0) {
            (0, 0) => IoClass::None,
            (1, _) => IoClass::RealTime(level),
            (2, _) => IoClass::BestEffort(level),
            // The kernel keeps a level that was given with it, and heeds none.
            (3, _) => IoClass::Idle,
            (class, level) => IoClass::Unknown(class as u8, level),
        };
        Self { class, hint: IoHint(bits >> 3 & 0x3ff) }
    }

    /// The kernel's number.
    #[must_use]
    pub const fn bits(self) -> u16 {
        let (class, level) = match self.class {
            IoClass::None => (0, 0),
            IoClass::RealTime(level) => (1, level.0),
            IoClass::BestEffort(level) => (2, level.0),
            IoClass::Idle => (3, 0),
            IoClass::Unknown(class, level) => (class & 7, level & 7),
        };
        (class as u16) << 13 | self.hint.0 << 3 | level as u16
    }
}

impl fmt::Display for IoPriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.class {
            IoClass::None => f.pad("none"),
            IoClass::RealTime(level) => write!(f, "realtime: prio {level}"),
            IoClass::BestEffort(level) => write!(f, "best-effort: prio {level}"),
            IoClass::Idle => f.pad("idle"),
            IoClass::Unknown(class, level) => write!(f, "class {class}: prio {level}"),
        }
    }
}

/// The I/O priority of `target`: of several threads, the one that comes first.
///
/// # Errors
/// There is no such thread, or the group or the user has none.
#[doc(alias = "ioprio_get")]
pub fn io_priority(target: SchedulingTarget) -> Result<IoPriority, Error> {
    let (which, who) = target.numbers()?;
    sys::scheduling::io_priority(which + 1, who)
        .map(IoPriority::from_bits)
        .map_err(|errno| target.failed("read the I/O priority of", errno))
}

/// Sets the I/O priority of every thread of `target`.
///
/// # Errors
/// There is no such thread; a thread is another user's; the kernel does not know the class. Of several threads, some may
/// have been changed then.
///
/// # Capabilities
/// CAP_SYS_NICE or CAP_SYS_ADMIN for real-time, and CAP_SYS_NICE for threads of others.
#[doc(alias = "ioprio_set")]
#[doc(alias = "ionice")]
pub fn set_io_priority(target: SchedulingTarget, priority: IoPriority) -> Result<(), Error> {
    let (which, who) = target.numbers()?;
    sys::scheduling::set_io_priority(which + 1, who, priority.bits())
        .map_err(|errno| target.failed("set the I/O priority of", errno))
}

impl LiveTask<'_, '_> {
    /// The priority of its input and output.
    ///
    /// # Errors
    /// It has ended.
    pub fn io_priority(self) -> Result<IoPriority, Error> {
        self.with(io_priority)
    }

    /// Sets the priority of its input and output.
    ///
    /// # Errors
    /// As for [`set_io_priority`].
    ///
    /// # Capabilities
    /// As for [`set_io_priority`].
    pub fn set_io_priority(self, priority: IoPriority) -> Result<(), Error> {
        self.with(|target| set_io_priority(target, priority))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_numbers_come_back_but_the_levels_of_idle() {
        for bits in 0..=u16::MAX {
            let expected = if bits >> 13 == 3 { bits & !7 } else { bits };
            assert_eq!(IoPriority::from_bits(bits).bits(), expected);
        }
    }

    #[test]
    fn priorities_read_as_ionice_prints_them() {
        let shown = |bits| IoPriority::from_bits(bits).to_string();
        assert_eq!(shown(0), "none");
        assert_eq!(shown(1 << 13 | 7), "realtime: prio 7");
        assert_eq!(shown(2 << 13 | 4), "best-effort: prio 4");
        assert_eq!(shown(3 << 13), "idle");
        assert_eq!(shown(5 << 13 | 1), "class 5: prio 1");
        let hinted = IoPriority::best_effort(IoLevel::USUAL).with_hint(IoHint::duration_limit(2).unwrap());
        assert_eq!(hinted.bits(), 2 << 13 | 2 << 3 | 4);
        assert_eq!((IoLevel::new(8), IoHint::duration_limit(8)), (None, None));
    }
}
