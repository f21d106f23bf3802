use std::{
    os::{fd::AsFd, unix::ffi::OsStrExt},
    path::Path,
};

use linux_support_base::{ByteString, Error, ParseError, Requirement, UserId};
use rustix::{
    fs::{XattrFlags, fgetxattr, fremovexattr, fsetxattr, getxattr, removexattr, setxattr},
    io::Errno,
};

use super::CapabilitySet;

/// The capabilities that a program's file gives: its attribute `security.capability`.
///
/// ```
/// use linux_support_security::capability::{Capability, CapabilitySet, FileCapabilities};
///
/// let raw = FileCapabilities::permitted_and_effective(CapabilitySet::of([Capability::NET_RAW]));
/// assert_eq!(FileCapabilities::parse(&raw.to_bytes())?, raw);
/// assert_eq!(raw.to_bytes().len(), 20);
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Kernel
/// Version 3, with a root, since 4.14.
///
/// # Source
/// capabilities(7), "File capabilities"; `include/uapi/linux/capability.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "vfs_cap_data")]
pub struct FileCapabilities {
    /// The form of the attribute.
    pub version: FileCapabilityVersion,
    /// Those that the program gets, as far as the bounding set lets it.
    pub permitted: CapabilitySet,
    /// Those that the program gets if they are inheritable.
    pub inheritable: CapabilitySet,
    /// Whether what the program gets is effective at once.
    pub effective: bool,
}

/// The form of the attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FileCapabilityVersion {
    /// 32 capabilities: no longer written by anyone.
    One,
    /// 64 capabilities.
    Two,
    /// 64 capabilities, in user namespaces whose root is this user outside.
    Three {
        /// The user, as the namespace of the reader numbers it.
        root: UserId,
    },
}

const NAME: &str = "security.capability";
const EFFECTIVE: u32 = 1;
const SETFCAP: Requirement = Requirement::none().capability("CAP_SETFCAP");

impl FileCapabilities {
    /// What makes a program have these, permitted and effective.
    #[must_use]
    pub fn permitted_and_effective(capabilities: CapabilitySet) -> Self {
        Self {
            version: FileCapabilityVersion::Two,
            permitted: capabilities,
            inheritable: CapabilitySet::EMPTY,
            effective: true,
        }
    }

    /// Reads the attribute's bytes. Capabilities not known here stay.
    ///
    /// # Errors
    /// It is of an unknown version, of another length than its version has, or has an unknown flag.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let word = |place: usize| {
            let bytes = bytes.get(4 * place..4 * place + 4).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u32::from_le_bytes)
        };
        let error = |expected| move || ParseError::expected(expected, bytes);
        let magic = word(0).ok_or_else(error("a version of file capabilities"))?;
        let (pairs, length) = match magic >> 24 {
            1 => (1, 12),
            2 => (2, 20),
            3 => (2, 24),
            _ => return Err(error("version 1, 2 or 3 of file capabilities")()),
        };
        if bytes.len() != length {
            return Err(error("12 bytes of version 1, 20 of version 2 or 24 of version 3")());
        }
        if magic & 0x00ff_ffff & !EFFECTIVE != 0 {
            return Err(error("no flag but the one for effective")());
        }
        let set = |first: usize| {
            (0..pairs)
                .fold(0, |set, pair| set | u64::from(word(first + 2 * pair).unwrap_or(0)) << (32 * pair))
        };
        Ok(Self {
            version: match magic >> 24 {
                1 => FileCapabilityVersion::One,
                2 => FileCapabilityVersion::Two,
                _ => FileCapabilityVersion::Three { root: UserId::new(word(5).unwrap_or(0)) },
            },
            permitted: CapabilitySet::from_bits(set(1)),
            inheritable: CapabilitySet::from_bits(set(2)),
            effective: magic & EFFECTIVE != 0,
        })
    }

    /// The attribute's bytes. What version 1 has no room for, from capability 32 on, is left out of it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (version, pairs, root) = match self.version {
            FileCapabilityVersion::One => (1, 1, None),
            FileCapabilityVersion::Two => (2, 2, None),
            FileCapabilityVersion::Three { root } => (3, 2, Some(root.number())),
        };
        let mut words = vec![version << 24 | u32::from(self.effective)];
        for pair in 0..pairs {
            words.push((self.permitted.bits() >> (32 * pair)) as u32);
            words.push((self.inheritable.bits() >> (32 * pair)) as u32);
        }
        words.extend(root);
        words.into_iter().flat_map(u32::to_le_bytes).collect()
    }

    /// Those of the open file; `None` where it has none, or its file system can't have any.
    ///
    /// # Errors
    /// The descriptor is only a path (`EBADF`); the attribute is malformed; its root has no number in the caller's user
    /// namespace (`EOVERFLOW`).
    pub fn of(file: impl AsFd) -> Result<Option<Self>, Error> {
        let mut buffer = [0; 64];
        Self::found("a file", fgetxattr(file, NAME, &mut buffer).map(|length| &buffer[..length]))
    }

    /// Those of the file at `path`, or where a link there leads: see [`of`](Self::of).
    ///
    /// # Errors
    /// The file can't be reached; and those of [`of`](Self::of).
    #[doc(alias = "getcap")]
    pub fn read(path: impl AsRef<Path>) -> Result<Option<Self>, Error> {
        let path = path.as_ref();
        let mut buffer = [0; 64];
        let read = getxattr(path, NAME, &mut buffer).map(|length| &buffer[..length]);
        Self::found(path.as_os_str().as_bytes(), read)
    }

    fn found(object: impl Into<ByteString>, read: Result<&[u8], Errno>) -> Result<Option<Self>, Error> {
        match read {
            Ok(bytes) => Self::parse(bytes).map(Some).map_err(|error| Error::malformed(object, error)),
            Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(None),
            Err(errno) => Err(Error::system("read the capabilities of", object, errno)),
        }
    }

    /// Gives them to the open file, in place of others.
    ///
    /// The kernel takes an attribute of version 1 no longer, and makes version 3 of version 2 in a user namespace.
    ///
    /// # Errors
    /// The file system can't have them (`EOPNOTSUPP`) or is read-only; the capability is missing; it is of version 1.
    ///
    /// # Capabilities
    /// `CAP_SETFCAP`, in the user namespace of the file's owner.
    pub fn write_to(&self, file: impl AsFd) -> Result<(), Error> {
        self.writable()?;
        fsetxattr(file, NAME, &self.to_bytes(), XattrFlags::empty())
            .map_err(|errno| Error::system("give capabilities to", "a file", errno).explained(SETFCAP, None))
    }

    /// Gives them to the file at `path`, or where a link there leads: see [`write_to`](Self::write_to).
    ///
    /// # Errors
    /// As for [`write_to`](Self::write_to); the file can't be reached.
    #[doc(alias = "setcap")]
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.writable()?;
        let path = path.as_ref();
        setxattr(path, NAME, &self.to_bytes(), XattrFlags::empty()).map_err(|errno| {
            Error::system("give capabilities to", path.as_os_str().as_bytes(), errno).explained(SETFCAP, None)
        })
    }

    fn writable(&self) -> Result<(), Error> {
        if self.version == FileCapabilityVersion::One {
            return Err(Error::invalid("write", NAME, "version 1 is only read; version 2 is written"));
        }
        Ok(())
    }

    /// Takes them from the open file; `false` if it had none.
    ///
    /// # Errors
    /// As for [`write_to`](Self::write_to).
    ///
    /// # Capabilities
    /// `CAP_SETFCAP`, in the user namespace of the file's owner.
    pub fn remove_from(file: impl AsFd) -> Result<bool, Error> {
        removed("a file", fremovexattr(file, NAME))
    }

    /// Takes them from the file at `path`, or where a link there leads: see [`remove_from`](Self::remove_from).
    ///
    /// # Errors
    /// As for [`remove_from`](Self::remove_from); the file can't be reached.
    pub fn remove(path: impl AsRef<Path>) -> Result<bool, Error> {
        let path = path.as_ref();
        removed(path.as_os_str().as_bytes(), removexattr(path, NAME))
    }
}

fn removed(object: impl Into<ByteString>, removed: Result<(), Errno>) -> Result<bool, Error> {
    match removed {
        Ok(()) => Ok(true),
        Err(Errno::NODATA) => Ok(false),
        Err(errno) => Err(Error::system("take capabilities from", object, errno).explained(SETFCAP, None)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::capability::Capability;

    #[test]
    fn each_version_has_its_own_form() {
        let raw = CapabilitySet::of([Capability::NET_RAW, Capability::BPF]);
        let mut file = FileCapabilities::permitted_and_effective(raw);
        assert_eq!(file.to_bytes(), [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0],);
        file.version = FileCapabilityVersion::Three { root: UserId::new(1000) };
        file.effective = false;
        let bytes = file.to_bytes();
        assert_eq!((bytes[0], bytes[3], &bytes[20..]), (0, 3, &[0xe8, 3, 0, 0][..]));
        assert_eq!(FileCapabilities::parse(&bytes), Ok(file));
        let one = FileCapabilities::parse(&[1, 0, 0, 1, 1, 0, 0, 0, 2, 0, 0, 0]).unwrap();
        assert_eq!((one.version, one.effective), (FileCapabilityVersion::One, true));
        assert_eq!((one.permitted.bits(), one.inheritable.bits()), (1, 2));
        assert_eq!(one.to_bytes().len(), 12);
        assert!(one.write("/dev/null").unwrap_err().to_string().contains("only read"));
    }

    #[test]
    fn what_is_no_attribute_is_refused() {
        let good = FileCapabilities::permitted_and_effective(CapabilitySet::EMPTY).to_bytes();
        assert!(FileCapabilities::parse(&good).is_ok());
        for length in 0..good.len() {
            assert!(FileCapabilities::parse(&good[..length]).is_err(), "{length}");
        }
        assert!(FileCapabilities::parse(&[&good[..], &[0]].concat()).is_err());
        for (place, value) in [(3, 0), (3, 4), (0, 2), (1, 1), (2, 0x80)] {
            let mut bad = good.clone();
            bad[place] = value;
            assert!(FileCapabilities::parse(&bad).is_err(), "{place}: {value}");
        }
    }

    #[test]
    fn a_file_without_capabilities_is_no_error_and_one_that_is_not_there_is() {
        assert_eq!(FileCapabilities::read("/proc/self/status").unwrap(), None);
        assert!(FileCapabilities::read("/no/such/file").unwrap_err().is_absent());
        assert!(FileCapabilities::read("a\0b").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_read_is_written_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..32)) {
            if let Ok(file) = FileCapabilities::parse(&bytes) {
                prop_assert_eq!(file.to_bytes(), bytes);
            }
        }

        #[test]
        fn every_attribute_comes_back(permitted: u64, inheritable: u64, effective: bool, root: Option<u32>) {
            let file = FileCapabilities {
                version: root.map_or(FileCapabilityVersion::Two, |root| FileCapabilityVersion::Three {
                    root: UserId::new(root),
                }),
                permitted: CapabilitySet::from_bits(permitted),
                inheritable: CapabilitySet::from_bits(inheritable),
                effective,
            };
            prop_assert_eq!(FileCapabilities::parse(&file.to_bytes()), Ok(file));
        }
    }
}
