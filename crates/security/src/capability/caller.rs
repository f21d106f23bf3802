use linux_support_base::{Error, Machine, ParseError, Pid, Reason, text::colon_keyed};

use super::{Capability, CapabilitySet};
use crate::{
    Scope,
    broadcast::{Step, apply},
    sys::credentials::{self as sys, Control, Sets},
};

/// The five sets of capabilities that a thread has.
///
/// ```
/// use linux_support_security::capability::{Capabilities, Capability};
///
/// let own = Capabilities::of_caller()?;
/// assert!(own.effective.is_subset_of(own.permitted));
/// println!("may administer: {}", own.effective.contains(Capability::SYS_ADMIN));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// capabilities(7), "Thread capability sets".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Capabilities {
    /// Those that the kernel looks for.
    pub effective: CapabilitySet,
    /// Those that the thread may make effective.
    pub permitted: CapabilitySet,
    /// Those that a program gets whose file lets it inherit them.
    pub inheritable: CapabilitySet,
    /// Those that a program may get at all.
    pub bounding: CapabilitySet,
    /// Those that every program without privileges of its own gets.
    pub ambient: CapabilitySet,
}

impl Capabilities {
    /// Those of the calling thread.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "capget")]
    #[doc(alias = "PR_CAPBSET_READ")]
    #[doc(alias = "PR_CAP_AMBIENT_IS_SET")]
    pub fn of_caller() -> Result<Self, Error> {
        let failed = |errno| Error::system("read", "capabilities", errno);
        let sets = sys::capabilities(0).map_err(failed)?;
        let held = |control: fn(u8) -> Control| {
            // The kernel refuses the numbers beyond its last capability.
            let has = |capability: &Capability| sys::control(control(capability.number())) == Ok(1);
            (0..64).filter_map(Capability::new).filter(has).collect()
        };
        Ok(Self {
            effective: CapabilitySet::from_bits(sets.effective),
            permitted: CapabilitySet::from_bits(sets.permitted),
            inheritable: CapabilitySet::from_bits(sets.inheritable),
            bounding: held(Control::BoundingHas),
            ambient: held(Control::AmbientHas),
        })
    }

    /// Those of a process's first thread, or of any thread by its own number.
    ///
    /// # Errors
    /// There is none of that number, or it can't be read.
    pub fn of(machine: &Machine, pid: Pid) -> Result<Self, Error> {
        machine.parse(format!("/proc/{pid}/status"), Self::parse)
    }

    /// Reads them from `/proc/PID/status`.
    ///
    /// # Errors
    /// A set is missing or is no hexadecimal number.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut sets = [None; 5];
        const KEYS: [(&[u8], &str); 5] = [
            (b"CapEff", "CapEff"),
            (b"CapPrm", "CapPrm"),
            (b"CapInh", "CapInh"),
            (b"CapBnd", "CapBnd"),
            (b"CapAmb", "CapAmb"),
        ];
        for (key, value) in colon_keyed(text) {
            if let Some(place) = KEYS.iter().position(|(known, _)| *known == key) {
                let set = CapabilitySet::parse(value.unwrap_or_default());
                sets[place] = Some(set.map_err(|error| error.in_field(KEYS[place].1))?);
            }
        }
        let set = |place: usize| {
            let error = || ParseError::expected("one more line", &text[text.len()..]).in_field(KEYS[place].1);
            sets[place].ok_or_else(error)
        };
        Ok(Self {
            effective: set(0)?,
            permitted: set(1)?,
            inheritable: set(2)?,
            bounding: set(3)?,
            ambient: set(4)?,
        })
    }

    /// Sets the effective, permitted and inheritable ones. What leaves the permitted or the inheritable set leaves the
    /// ambient one too; the bounding set stays as it is.
    ///
    /// # Errors
    /// One would be effective but not permitted; one that is not permitted would become so; one would become
    /// inheritable that is neither permitted nor in the bounding set; threads did not stop: see [`Scope`].
    ///
    /// # Capabilities
    /// `CAP_SETPCAP`, for what is to be inheritable and is not permitted now.
    #[doc(alias = "capset")]
    pub fn set(&self, scope: Scope) -> Result<(), Error> {
        let before = Self::of_caller()?;
        let refuse = |set: CapabilitySet, why: &str| match set.iter().next() {
            Some(capability) => Err(Error::invalid("set", "capabilities", format!("{capability} {why}"))),
            None => Ok(()),
        };
        if let Some(capability) = (self.permitted - before.permitted).iter().next() {
            let reason = capability.name().map_or_else(
                || Reason::Invalid(format!("{capability} is not permitted, and can't become so")),
                |name| Reason::PermissionDenied { capability: Some(name) },
            );
            return Err(Error::new("set", "capabilities", reason));
        }
        refuse(self.effective - self.permitted, "would be effective without being permitted")?;
        let added = self.inheritable - before.inheritable;
        refuse(added - before.bounding, "would be inheritable, and is not in the bounding set")?;
        if !added.is_subset_of(before.permitted) {
            require(Capability::SETPCAP, "set", "inheritable capabilities")?;
        }
        apply(scope, &[Step::Capabilities(self.sets())])
    }

    fn sets(&self) -> Sets {
        Sets {
            effective: self.effective.bits(),
            permitted: self.permitted.bits(),
            inheritable: self.inheritable.bits(),
        }
    }
}

/// Refuses to go on where the calling thread lacks a capability: root without it could not do it either, and others
/// with it can.
///
/// # Errors
/// The capability is not effective: the error says what can't be done, and names it.
pub fn require(capability: Capability, operation: &'static str, object: &'static str) -> Result<(), Error> {
    let sets = sys::capabilities(0).map_err(|errno| Error::system("read", "capabilities", errno))?;
    if CapabilitySet::from_bits(sets.effective).contains(capability) {
        return Ok(());
    }
    Err(Error::new(operation, object, Reason::PermissionDenied { capability: capability.name() }))
}

/// Takes capabilities out of the bounding set, for good; `CAP_SETPCAP` last.
///
/// # Errors
/// The capability is missing; threads did not stop: see [`Scope`].
///
/// # Capabilities
/// `CAP_SETPCAP`.
#[doc(alias = "PR_CAPBSET_DROP")]
pub fn drop_from_bounding(capabilities: CapabilitySet, scope: Scope) -> Result<(), Error> {
    let drop = capabilities & Capabilities::of_caller()?.bounding;
    if drop.is_empty() {
        return Ok(());
    }
    require(Capability::SETPCAP, "drop", "the bounding set")?;
    apply(scope, &bounding_steps(drop))
}

/// `CAP_SETPCAP` last, since it is what the others need.
pub(crate) fn bounding_steps(drop: CapabilitySet) -> Vec<Step<'static>> {
    let last = CapabilitySet::EMPTY.with(Capability::SETPCAP);
    let ordered = (drop - last).iter().chain((drop & last).iter());
    ordered
        .map(|capability| {
            Step::Control(Control::DropBounding(capability.number()), "the bounding set", Some("CAP_SETPCAP"))
        })
        .collect()
}

/// Adds capabilities to the ambient set, so that programs which are run get them.
///
/// # Errors
/// One is not permitted or not inheritable, or [`NO_AMBIENT_RAISE`](super::SecureBits::NO_AMBIENT_RAISE) is set; then
/// nothing is added. Threads did not stop: see [`Scope`].
#[doc(alias = "PR_CAP_AMBIENT_RAISE")]
pub fn raise_ambient(capabilities: CapabilitySet, scope: Scope) -> Result<(), Error> {
    let before = Capabilities::of_caller()?;
    let missing = capabilities - (before.permitted & before.inheritable);
    if let Some(capability) = missing.iter().next() {
        let accepted = format!("{capability} must be permitted and inheritable first");
        return Err(Error::invalid("set", "the ambient set", accepted));
    }
    if super::SecureBits::of_caller()?.contains(super::SecureBits::NO_AMBIENT_RAISE) {
        return Err(Error::invalid("set", "the ambient set", "the secure bits keep it from growing"));
    }
    apply(scope, &ambient_steps(capabilities, Control::RaiseAmbient))
}

/// Takes capabilities out of the ambient set.
///
/// # Errors
/// One is not known to the kernel (`EINVAL`); threads did not stop: see [`Scope`].
#[doc(alias = "PR_CAP_AMBIENT_LOWER")]
pub fn lower_ambient(capabilities: CapabilitySet, scope: Scope) -> Result<(), Error> {
    apply(scope, &ambient_steps(capabilities, Control::LowerAmbient))
}

/// Empties the ambient set.
///
/// # Errors
/// Threads did not stop: see [`Scope`].
#[doc(alias = "PR_CAP_AMBIENT_CLEAR_ALL")]
pub fn clear_ambient(scope: Scope) -> Result<(), Error> {
    apply(scope, &[Step::Control(Control::ClearAmbient, "the ambient set", None)])
}

fn ambient_steps(capabilities: CapabilitySet, control: fn(u8) -> Control) -> Vec<Step<'static>> {
    let step = |capability: Capability| Step::Control(control(capability.number()), "the ambient set", None);
    capabilities.iter().map(step).collect()
}

/// Whether permitted capabilities stay when all user ids become other than 0.
///
/// # Errors
/// None that is known.
#[doc(alias = "PR_GET_KEEPCAPS")]
pub fn keeps_capabilities() -> Result<bool, Error> {
    let keeps = sys::control(Control::KeepsCapabilities);
    keeps.map(|keeps| keeps != 0).map_err(|errno| Error::system("read", "keep-capabilities", errno))
}

/// Lets permitted capabilities stay when all user ids become other than 0, or no longer. It ends when a program is run.
///
/// # Errors
/// It is locked by [`KEEP_CAPABILITIES_LOCKED`](super::SecureBits::KEEP_CAPABILITIES_LOCKED); threads did not stop: see
/// [`Scope`].
#[doc(alias = "PR_SET_KEEPCAPS")]
pub fn keep_capabilities(keep: bool, scope: Scope) -> Result<(), Error> {
    if super::SecureBits::of_caller()?.contains(super::SecureBits::KEEP_CAPABILITIES_LOCKED) {
        return Err(Error::invalid("set", "keep-capabilities", "the secure bits have locked it"));
    }
    apply(scope, &[Step::Control(Control::SetKeepCapabilities(keep), "keep-capabilities", None)])
}

/// Gives up all capabilities but these: in all five sets. Those of these that the thread has become effective; none are
/// added to what may be inherited.
///
/// # Errors
/// `CAP_SETPCAP` is missing and the bounding set has others; threads did not stop: see [`Scope`].
///
/// # Capabilities
/// `CAP_SETPCAP`, where the bounding set has others.
pub fn drop_all_but(capabilities: CapabilitySet, scope: Scope) -> Result<(), Error> {
    let before = Capabilities::of_caller()?;
    let drop = before.bounding - capabilities;
    if !drop.is_empty() {
        require(Capability::SETPCAP, "drop", "the bounding set")?;
    }
    let mut steps = bounding_steps(drop);
    let kept = before.permitted & capabilities;
    steps.push(Step::Capabilities(Sets {
        effective: kept.bits(),
        permitted: kept.bits(),
        inheritable: (before.inheritable & capabilities).bits(),
    }));
    apply(scope, &steps)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_five_sets_are_read_by_name() {
        let text =
            b"Name:\tx\nCapInh:\t0000000000000001\nCapPrm:\t0000000000000002\nCapEff:\t0000000000000004\n\
            CapBnd:\t000001ffffffffff\nCapAmb:\t8000000000000000\nNoNewPrivs:\t0\n";
        let sets = Capabilities::parse(text).unwrap();
        assert_eq!(sets.inheritable, CapabilitySet::of([Capability::CHOWN]));
        assert_eq!(sets.permitted, CapabilitySet::of([Capability::DAC_OVERRIDE]));
        assert_eq!(sets.effective, CapabilitySet::of([Capability::DAC_READ_SEARCH]));
        assert_eq!(sets.bounding, CapabilitySet::KNOWN);
        assert_eq!(sets.ambient.names().collect::<Vec<_>>(), ["CAP_63"]);
        assert_eq!(Capabilities::parse(text.trim_ascii_end()), Ok(sets));
        assert_eq!(Capabilities::parse(b"CapInh:\t1\n").unwrap_err().field(), Some("CapEff"));
        assert_eq!(Capabilities::parse(b"CapBnd:\tx\n").unwrap_err().field(), Some("CapBnd"));
    }

    #[test]
    fn a_capability_that_is_missing_is_named() {
        // No kernel has this one.
        let last = Capability::new(63).unwrap();
        assert!(require(last, "do", "it").unwrap_err().to_string().starts_with("do it: permission denied"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(Cap(Inh|Eff|Bnd|Prm|Amb):|\t|\n|[0-9a-f]{1,17}){0,20}", bytes: Vec<u8>) {
            let _ = (Capabilities::parse(text.as_bytes()), Capabilities::parse(&bytes));
        }
    }
}
