//! Capabilities: the parts into which the superuser's power is divided.
//!
//! - [`Capability`], [`CapabilitySet`]: their names and sets of them; what this library does not know stays, by number.
//! - [`Capabilities`]: the five sets of a thread; [`SecureBits`]: how the kernel treats user 0; changing them for a thread
//!   or for all.
//! - [`CapabilityState`]: the text that libcap has for them: `cap_net_raw=ep`.
//! - [`FileCapabilities`]: those that a program's file gives.
//! - [`Privileges::after_exec`]: what a program will have.
//!
//! # Source
//! capabilities(7).

mod caller;
mod exec;
mod file;
mod secure_bits;
mod set;
mod state;

use core::fmt;

pub(crate) use caller::bounding_steps;
pub use caller::{
    Capabilities, clear_ambient, drop_all_but, drop_from_bounding, keep_capabilities, keeps_capabilities,
    lower_ambient, raise_ambient, require,
};
pub use exec::{Privileges, Program};
pub use file::{FileCapabilities, FileCapabilityVersion};
use linux_support_base::{as_text, text::decimal};
pub use secure_bits::SecureBits;
pub use set::CapabilitySet;
pub use state::CapabilityState;

/// A capability, by the kernel's number for it: from 0 to 63, of which Linux 5.9 and newer know 41.
///
/// # Source
/// capabilities(7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capability(u8);

macro_rules! known {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        const NAMES: &[&str] = &[$($text),*];

        impl Capability {
            known!(@constants 0, $($(#[$doc])* $name = $text,)*);
        }
    };
    (@constants $number:expr, $(#[$doc:meta])* $name:ident = $text:literal, $($rest:tt)*) => {
        $(#[$doc])*
        #[doc(alias = $text)]
        pub const $name: Self = Self($number);
        known!(@constants $number + 1, $($rest)*);
    };
    (@constants $number:expr,) => {};
}

known! {
    /// Giving files to others.
    CHOWN = "CAP_CHOWN",
    /// Reading, writing and running files against their permissions.
    DAC_OVERRIDE = "CAP_DAC_OVERRIDE",
    /// Reading files and entering directories against their permissions.
    DAC_READ_SEARCH = "CAP_DAC_READ_SEARCH",
    /// What else only the owner of a file may do.
    FOWNER = "CAP_FOWNER",
    /// Keeping set-user-ID and set-group-ID bits of files that change.
    FSETID = "CAP_FSETID",
    /// Sending signals to processes of others.
    KILL = "CAP_KILL",
    /// Changing group ids and supplementary groups.
    SETGID = "CAP_SETGID",
    /// Changing user ids.
    SETUID = "CAP_SETUID",
    /// Dropping from the bounding set, adding to the inheritable set, changing secure bits.
    SETPCAP = "CAP_SETPCAP",
    /// Changing the flags of files that can't be changed.
    LINUX_IMMUTABLE = "CAP_LINUX_IMMUTABLE",
    /// Binding to ports below 1024.
    NET_BIND_SERVICE = "CAP_NET_BIND_SERVICE",
    /// Broadcasting; not used.
    NET_BROADCAST = "CAP_NET_BROADCAST",
    /// Changing the network.
    NET_ADMIN = "CAP_NET_ADMIN",
    /// Raw and packet sockets.
    NET_RAW = "CAP_NET_RAW",
    /// Locking memory, huge pages.
    IPC_LOCK = "CAP_IPC_LOCK",
    /// System V objects against their permissions.
    IPC_OWNER = "CAP_IPC_OWNER",
    /// Loading and removing kernel modules.
    SYS_MODULE = "CAP_SYS_MODULE",
    /// Ports, and memory that is not one's own.
    SYS_RAWIO = "CAP_SYS_RAWIO",
    /// Changing the root directory, entering mount namespaces.
    SYS_CHROOT = "CAP_SYS_CHROOT",
    /// Tracing and reading any process.
    SYS_PTRACE = "CAP_SYS_PTRACE",
    /// Accounting of processes.
    SYS_PACCT = "CAP_SYS_PACCT",
    /// Mounting, and most of what has no capability of its own.
    SYS_ADMIN = "CAP_SYS_ADMIN",
    /// Restarting, loading another kernel.
    SYS_BOOT = "CAP_SYS_BOOT",
    /// Scheduling and placing processes.
    SYS_NICE = "CAP_SYS_NICE",
    /// Going beyond limits.
    SYS_RESOURCE = "CAP_SYS_RESOURCE",
    /// Setting the clocks.
    SYS_TIME = "CAP_SYS_TIME",
    /// Hanging up and configuring terminals.
    SYS_TTY_CONFIG = "CAP_SYS_TTY_CONFIG",
    /// Making device files.
    MKNOD = "CAP_MKNOD",
    /// Leases on files of others.
    LEASE = "CAP_LEASE",
    /// Writing to the audit log.
    AUDIT_WRITE = "CAP_AUDIT_WRITE",
    /// Configuring auditing.
    AUDIT_CONTROL = "CAP_AUDIT_CONTROL",
    /// Giving capabilities to files, mapping user 0 into a user namespace.
    SETFCAP = "CAP_SETFCAP",
    /// Overriding the security module Smack.
    MAC_OVERRIDE = "CAP_MAC_OVERRIDE",
    /// Configuring security modules.
    MAC_ADMIN = "CAP_MAC_ADMIN",
    /// Reading the kernel log, and addresses in it.
    SYSLOG = "CAP_SYSLOG",
    /// Timers that wake the machine.
    WAKE_ALARM = "CAP_WAKE_ALARM",
    /// Keeping the machine awake.
    BLOCK_SUSPEND = "CAP_BLOCK_SUSPEND",
    /// Reading the audit log from a socket.
    AUDIT_READ = "CAP_AUDIT_READ",
    /// Measuring performance.
    PERFMON = "CAP_PERFMON",
    /// Loading BPF programs.
    BPF = "CAP_BPF",
    /// Choosing process numbers, and what else restoring a process needs.
    CHECKPOINT_RESTORE = "CAP_CHECKPOINT_RESTORE",
}

impl Capability {
    /// How many are known by name: numbers from 0 on.
    pub const KNOWN: u8 = NAMES.len() as u8;

    /// The capability of this number; `None` from 64 on.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number < 64 { Some(Self(number)) } else { None }
    }

    /// The capability of this name: `CAP_NET_ADMIN`, or of its number, as those without a name are written: `CAP_41`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if let Some(number) = NAMES.iter().position(|&known| known == name) {
            return Some(Self(number as u8));
        }
        let number = name.strip_prefix("CAP_")?;
        Self::new(decimal(number.as_bytes()).ok()?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_belong_together() {
        assert_eq!(Capability::from_name("CAP_SETFCAP").map(Capability::number), Some(31));
        assert_eq!(Capability::from_name("CAP_CHECKPOINT_RESTORE").map(Capability::number), Some(40));
        assert_eq!(Capability::new(21).unwrap().to_string(), "CAP_SYS_ADMIN");
        assert_eq!(Capability::new(64), None);
        assert_eq!(Capability::KNOWN, 41);
        assert_eq!((Capability::CHOWN.number(), Capability::CHECKPOINT_RESTORE.number()), (0, 40));
        assert_eq!(Capability::from_name("CAP_41").map(Capability::number), Some(41));
        for name in ["", "CAP_", "CAP_64", "CAP_-1", "CAP_net_admin", "NET_ADMIN", "CAP_999"] {
            assert_eq!(Capability::from_name(name), None, "{name}");
        }
    }
}
