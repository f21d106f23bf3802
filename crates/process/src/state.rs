use core::fmt;

/// What a process or thread is doing, as its letter in `/proc/PID/stat` says.
///
/// # Source
/// proc(5), "/proc/PID/stat", field 3; ps(1), "PROCESS STATE CODES".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum State {
    /// `R`: it runs, or waits for a CPU to run on.
    Running,
    /// `S`: it waits for something, and a signal would wake it.
    Sleeping,
    /// `D`: it waits, mostly for a device, and no signal wakes it.
    #[doc(alias = "uninterruptible")]
    DiskSleep,
    /// `T`: a signal stopped it.
    Stopped,
    /// `t`: a debugger stopped it.
    TracingStop,
    /// `Z`: it has ended, and its parent has not yet asked how.
    Zombie,
    /// `X` (`x` on old kernels): it is being taken away.
    Dead,
    /// `P`: a kernel thread that was parked, because its CPU is offline.
    Parked,
    /// `I`: a kernel thread that has nothing to do, and does not count as load.
    ///
    /// # Kernel
    /// Since 4.14.
    Idle,
    /// `K`: it waits, and only a signal that kills would wake it. From 2.6.33 to 3.13.
    Wakekill,
    /// `W`: it is being woken (2.6.33 to 3.13), or its memory is being brought back (before 2.6).
    Waking,
    /// A letter that is not known here.
    Unknown(u8),
}

impl State {
    /// The state of this letter.
    #[inline]
    #[must_use]
    pub const fn from_letter(letter: u8) -> Self {
        match letter {
            b'R' => Self::Running,
            b'S' => Self::Sleeping,
            b'D' => Self::DiskSleep,
            b'T' => Self::Stopped,
            b't' => Self::TracingStop,
            b'Z' => Self::Zombie,
            b'X' | b'x' => Self::Dead,
            b'P' => Self::Parked,
            b'I' => Self::Idle,
            b'K' => Self::Wakekill,
            b'W' => Self::Waking,
            letter => Self::Unknown(letter),
        }
    }

    /// The kernel's letter.
    #[must_use]
    pub const fn letter(self) -> u8 {
        match self {
            Self::Running => b'R',
            Self::Sleeping => b'S',
            Self::DiskSleep => b'D',
            Self::Stopped => b'T',
            Self::TracingStop => b't',
            Self::Zombie => b'Z',
            Self::Dead => b'X',
            Self::Parked => b'P',
            Self::Idle => b'I',
            Self::Wakekill => b'K',
            Self::Waking => b'W',
            Self::Unknown(letter) => letter,
        }
    }

    /// The kernel's word for it, with `-` for spaces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Sleeping => "sleeping",
            Self::DiskSleep => "disk-sleep",
            Self::Stopped => "stopped",
            Self::TracingStop => "tracing-stop",
            Self::Zombie => "zombie",
            Self::Dead => "dead",
            Self::Parked => "parked",
            Self::Idle => "idle",
            Self::Wakekill => "wakekill",
            Self::Waking => "waking",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Whether the process has ended: nothing of it runs any more, and it has no memory.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Zombie | Self::Dead)
    }
}

impl fmt::Display for State {
    /// The word, or the letter where it is unknown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(letter) => f.pad(&letter.escape_ascii().to_string()),
            state => f.pad(state.name()),
        }
    }
}

crate::serialize::as_text!(State, "State", "The state of a process: running, sleeping, disk-sleep, zombie …");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_comes_back() {
        for letter in 0..=u8::MAX {
            let expected = if letter == b'x' { b'X' } else { letter };
            assert_eq!(State::from_letter(letter).letter(), expected);
        }
        assert_eq!(State::from_letter(b'Q').to_string(), "Q");
        assert_eq!(State::from_letter(b'D').to_string(), "disk-sleep");
    }
}
