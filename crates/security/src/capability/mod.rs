//! Capabilities: the parts into which the superuser's power is divided.

use core::fmt;

use linux_support_base::{ParseError, as_names, as_text, text::hexadecimal};

/// A capability, by the kernel's number for it: from 0 to 63, of which Linux 5.9 and newer know 41.
///
/// # Source
/// capabilities(7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capability(u8);

const NAMES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

impl Capability {
    /// How many are known by name: numbers from 0 on.
    pub const KNOWN: u8 = NAMES.len() as u8;

    /// The capability of this number; `None` from 64 on.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number < 64 { Some(Self(number)) } else { None }
    }

    /// The capability of this name (`CAP_NET_ADMIN`).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().position(|&known| known == name).map(|number| Self(number as u8))
    }

    /// The kernel's number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its name, where it is known.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES.get(usize::from(self.0)).copied()
    }
}

impl fmt::Display for Capability {
    /// The name, or `CAP_41` and so on for those that are not known by name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("CAP_{}", self.0)),
        }
    }
}

impl fmt::Debug for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capability({self})")
    }
}

as_text!(Capability, "Capability", "The name of a capability, such as CAP_NET_ADMIN.");

/// A set of capabilities: one of the five that each thread has.
///
/// `Display` is the kernel's format: 16 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct CapabilitySet(u64);

impl CapabilitySet {
    /// The set whose bit `n` says whether it has the capability `n`.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits: see [`from_bits`](Self::from_bits).
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Reads hexadecimal digits, as in `/proc/PID/status`.
    ///
    /// # Errors
    /// Anything else, and more than 64 bits.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        hexadecimal(text).map(Self)
    }

    /// Whether `capability` is in the set.
    #[must_use]
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 >> capability.0 & 1 == 1
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The capabilities, by number.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        (0..64).map(Capability).filter(move |&capability| self.contains(capability))
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = String> {
        self.iter().map(|capability| capability.to_string())
    }
}

impl fmt::Display for CapabilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for CapabilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

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
    fn names_and_numbers_belong_together() {
        assert_eq!(Capability::from_name("CAP_SETFCAP").map(Capability::number), Some(31));
        assert_eq!(Capability::from_name("CAP_CHECKPOINT_RESTORE").map(Capability::number), Some(40));
        assert_eq!(Capability::new(21).unwrap().to_string(), "CAP_SYS_ADMIN");
        assert_eq!(Capability::new(64), None);
        assert_eq!(Capability::KNOWN, 41);
    }
}
