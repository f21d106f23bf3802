/// Flags that came with a version of Landlock, and what they need.
macro_rules! rights {
    ($(#[$doc:meta])* $name:ident, $id:literal: $($(#$flag_doc:tt)* $flag:ident = $bit:literal, version $version:literal;)*) => {
        bitflags::bitflags! {
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            pub struct $name: u64 {
                $($(#$flag_doc)* const $flag = 1 << $bit;)*
            }
        }

        impl $name {
            /// All that a version of Landlock has.
            #[must_use]
            pub const fn of_version(version: u32) -> Self {
                let mut all = Self::empty();
                $(if version >= $version {
                    all = all.union(Self::$flag);
                })*
                all
            }

            /// Their names, in lower case with hyphens.
            pub fn names(self) -> impl Iterator<Item = String> {
                self.iter_names().map(|(name, _)| name.to_ascii_lowercase().replace('_', "-"))
            }
        }

        linux_support_base::as_names!($name, $id, "What Landlock confines, by name.");
    };
}

rights! {
    /// What is done with files and directories.
    ///
    /// # Source
    /// landlock(7), "Filesystem actions".
    FileRights, "LandlockFileRights":
    /// Running a file.
    #[doc(alias = "LANDLOCK_ACCESS_FS_EXECUTE")]
    EXECUTE = 0, version 1;
    /// Opening a file to write; what it holds may be cut off only with [`TRUNCATE`](Self::TRUNCATE).
    WRITE_FILE = 1, version 1;
    /// Opening a file to read.
    READ_FILE = 2, version 1;
    /// Opening a directory, and listing it.
    READ_DIRECTORY = 3, version 1;
    /// Removing an empty directory, or moving it.
    REMOVE_DIRECTORY = 4, version 1;
    /// Removing a file, or moving it.
    REMOVE_FILE = 5, version 1;
    /// Making a character device, or moving one here.
    MAKE_CHARACTER_DEVICE = 6, version 1;
    /// Making a directory, or moving one here.
    MAKE_DIRECTORY = 7, version 1;
    /// Making a plain file, or moving one here.
    MAKE_FILE = 8, version 1;
    /// Making a Unix socket, or moving one here.
    MAKE_SOCKET = 9, version 1;
    /// Making a FIFO, or moving one here.
    MAKE_FIFO = 10, version 1;
    /// Making a block device, or moving one here.
    MAKE_BLOCK_DEVICE = 11, version 1;
    /// Making a symbolic link, or moving one here.
    MAKE_SYMBOLIC_LINK = 12, version 1;
    /// Linking and moving between directories. Where it can't be allowed, since Landlock is of version 1, or is not
    /// handled, it is forbidden. Since Linux 5.19.
    #[doc(alias = "LANDLOCK_ACCESS_FS_REFER")]
    REFER = 13, version 2;
    /// Cutting off what a file holds. Since Linux 6.2.
    #[doc(alias = "LANDLOCK_ACCESS_FS_TRUNCATE")]
    TRUNCATE = 14, version 3;
    /// Requests to devices, but for those that every descriptor knows. Since Linux 6.10.
    #[doc(alias = "LANDLOCK_ACCESS_FS_IOCTL_DEV")]
    DEVICE_REQUESTS = 15, version 5;
    /// Connecting and sending to Unix sockets that have a path and were made outside. Since Linux 7.1.
    #[doc(alias = "LANDLOCK_ACCESS_FS_RESOLVE_UNIX")]
    UNIX_SOCKETS = 16, version 9;
}

rights! {
    /// What is done with ports.
    ///
    /// # Source
    /// landlock(7), "Network flags".
    PortRights, "LandlockPortRights":
    /// Binding a TCP socket to the port. Since Linux 6.7.
    #[doc(alias = "LANDLOCK_ACCESS_NET_BIND_TCP")]
    BIND_TCP = 0, version 4;
    /// Connecting a TCP socket to the port. Since Linux 6.7.
    #[doc(alias = "LANDLOCK_ACCESS_NET_CONNECT_TCP")]
    CONNECT_TCP = 1, version 4;
    /// Binding a UDP socket to the port, be it by itself. Since Linux 7.2.
    BIND_UDP = 2, version 10;
    /// Connecting a UDP socket to the port, and sending to it. Since Linux 7.2.
    CONNECT_SEND_UDP = 3, version 10;
}

rights! {
    /// What is kept from leading out: no rule allows any of it.
    ///
    /// # Source
    /// landlock(7), "Scope flags".
    Scopes, "LandlockScopes":
    /// Connecting to abstract Unix sockets that were made outside. Since Linux 6.12.
    #[doc(alias = "LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET")]
    ABSTRACT_UNIX_SOCKETS = 0, version 6;
    /// Sending signals to processes outside. Since Linux 6.12.
    #[doc(alias = "LANDLOCK_SCOPE_SIGNAL")]
    SIGNALS = 1, version 6;
}

rights! {
    /// What the audit log is told of refusals.
    ///
    /// # Source
    /// landlock_restrict_self(2).
    Logging, "LandlockLogging":
    /// Nothing of what the program does that enforces the rules, until another is run.
    #[doc(alias = "LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF")]
    NOT_OF_THIS_PROGRAM = 0, version 7;
    /// Also what programs do that are run later.
    #[doc(alias = "LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON")]
    OF_LATER_PROGRAMS = 1, version 7;
    /// Nothing of rules that are added to these later.
    #[doc(alias = "LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF")]
    NOT_OF_LATER_RULES = 2, version 7;
}

impl FileRights {
    /// Reading, listing and running.
    pub const READING: Self = Self::EXECUTE.union(Self::READ_FILE).union(Self::READ_DIRECTORY);
    /// Those that a rule for a file, in place of a directory, can have.
    pub const OF_A_FILE: Self = Self::EXECUTE
        .union(Self::WRITE_FILE)
        .union(Self::READ_FILE)
        .union(Self::TRUNCATE)
        .union(Self::DEVICE_REQUESTS)
        .union(Self::UNIX_SOCKETS);
}

bitflags::bitflags! {
    /// Errors of the kernel's Landlock that it says to have mended.
    ///
    /// # Source
    /// landlock_create_ruleset(2); Documentation/userspace-api/landlock.rst, "Errata".
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Mended: u32 {
        /// Sockets of other protocols were taken for those of TCP.
        const OTHER_PROTOCOLS = 1 << 0;
        /// Threads of one process were kept from signalling one another.
        const SIGNALS_BETWEEN_THREADS = 1 << 1;
        /// Directories that were moved out of a mounted part of a file system lost their rules.
        const MOVED_OUT_OF_MOUNTS = 1 << 2;
        /// What is not known here.
        const _ = !0;
    }
}

/// The version that brought quiet rules.
pub(super) const QUIET: u32 = 10;

/// The version that brought confining all threads at once.
pub(super) const ALL_THREADS: u32 = 8;

/// The newest version that is known here.
pub const NEWEST: u32 = 10;

/// The first kernel with a version.
pub(super) const fn kernel_of(version: u32) -> &'static str {
    match version {
        0 | 1 => "5.13",
        2 => "5.19",
        3 => "6.2",
        4 => "6.7",
        5 => "6.10",
        6 => "6.12",
        7 => "6.15",
        8 => "7.0",
        9 => "7.1",
        _ => "7.2",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_what_it_brought() {
        let bits = |version| {
            [
                FileRights::of_version(version).bits(),
                PortRights::of_version(version).bits(),
                Scopes::of_version(version).bits(),
                Logging::of_version(version).bits(),
            ]
        };
        let expected = [
            [0, 0, 0, 0],
            [0x1fff, 0, 0, 0],
            [0x3fff, 0, 0, 0],
            [0x7fff, 0, 0, 0],
            [0x7fff, 3, 0, 0],
            [0xffff, 3, 0, 0],
            [0xffff, 3, 3, 0],
            [0xffff, 3, 3, 7],
            [0xffff, 3, 3, 7],
            [0x1_ffff, 3, 3, 7],
            [0x1_ffff, 15, 3, 7],
            [0x1_ffff, 15, 3, 7],
        ];
        for (version, expected) in expected.into_iter().enumerate() {
            assert_eq!(bits(version as u32), expected, "{version}");
        }
        assert_eq!(FileRights::of_version(NEWEST), FileRights::all());
    }
}
