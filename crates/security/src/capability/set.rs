use linux_support_base::{
    Error, Machine, ParseError, as_names, bit_set,
    text::{decimal, trim},
};

use super::Capability;

/// A set of capabilities: one of the five that each thread has.
///
/// `Display` is the kernel's format: 16 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct CapabilitySet(u64);

impl CapabilitySet {
    /// No capability.
    pub const EMPTY: Self = Self(0);
    /// All that are known by name.
    pub const KNOWN: Self = Self((1 << Capability::KNOWN) - 1);

    /// These capabilities.
    #[must_use]
    pub fn of(capabilities: impl IntoIterator<Item = Capability>) -> Self {
        capabilities.into_iter().collect()
    }

    /// All that the kernel of `machine` has.
    ///
    /// # Errors
    /// The file can't be read.
    #[doc(alias = "/proc/sys/kernel/cap_last_cap")]
    pub fn of_kernel(machine: &Machine) -> Result<Self, Error> {
        machine.parse("/proc/sys/kernel/cap_last_cap", |text| {
            let last: u32 = decimal(trim(text))?;
            let error = || ParseError::expected("a capability below 64", text);
            u64::MAX.checked_shr(63u32.checked_sub(last).ok_or_else(error)?).map(Self).ok_or_else(error)
        })
    }

    /// This set with `capability`.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Self(self.0 | 1 << capability.number())
    }

    /// This set without `capability`.
    #[must_use]
    pub const fn without(self, capability: Capability) -> Self {
        Self(self.0 & !(1 << capability.number()))
    }

    /// Whether all of this set are in `other`.
    #[must_use]
    pub const fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// How many there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether `capability` is in the set.
    #[must_use]
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 >> capability.number() & 1 == 1
    }

    /// The capabilities, by number.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        (0..64).filter_map(Capability::new).filter(move |&capability| self.contains(capability))
    }
}

bit_set!(CapabilitySet of Capability, "The set whose bit `n` says whether it has the capability `n`.");

as_names!(CapabilitySet, "CapabilitySet", "The names of the capabilities.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_that_is_not_yet_named_is_kept_by_number() {
        let set = CapabilitySet::parse(b"0000020000000401").unwrap();
        assert_eq!(set.names().collect::<Vec<_>>(), ["CAP_CHOWN", "CAP_NET_BIND_SERVICE", "CAP_41"]);
        assert_eq!(set.to_string(), "0000020000000401");
    }

    #[test]
    fn sets_are_joined_cut_and_compared() {
        let one = CapabilitySet::of([Capability::KILL, Capability::SETUID]);
        let other = CapabilitySet::of([Capability::SETUID, Capability::SYSLOG]);
        assert_eq!((one | other).len(), 3);
        assert_eq!(one & other, CapabilitySet::of([Capability::SETUID]));
        assert_eq!(one - other, CapabilitySet::EMPTY.with(Capability::KILL));
        assert!((one - other).is_subset_of(one) && !one.is_subset_of(other));
        assert_eq!(one.without(Capability::KILL).without(Capability::KILL), one & other);
    }

    #[test]
    fn the_kernels_last_capability_bounds_the_set() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("proc/sys/kernel");
        std::fs::create_dir_all(&folder).unwrap();
        let machine = Machine::captured(tree.path()).unwrap();
        let set = |text: &str| {
            std::fs::write(folder.join("cap_last_cap"), text).unwrap();
            CapabilitySet::of_kernel(&machine)
        };
        assert_eq!(set("40\n").unwrap(), CapabilitySet::KNOWN);
        assert_eq!(set("63").unwrap().bits(), u64::MAX);
        assert_eq!(set("0\n").unwrap().bits(), 1);
        assert!(set("64\n").is_err() && set("").is_err());
    }
}
