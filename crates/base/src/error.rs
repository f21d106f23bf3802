use core::fmt;

use rustix::io::Errno;

use crate::{ByteString, KernelVersion, text::ParseError};

/// What was attempted, on which object, and why it failed.
///
/// One line, saying what to do where there is something to do:
///
/// ```
/// # use linux_support_base::{Error, Errno, Requirement, KernelVersion};
/// const PRESSURE: Requirement = Requirement::none().since(4, 20).configuration("CONFIG_PSI");
/// let error = Error::system("read", "/proc/pressure/cpu", Errno::NOENT)
///     .explained(PRESSURE, Some(KernelVersion::new(4, 18, 0)));
/// assert_eq!(error.to_string(), "read /proc/pressure/cpu: absent: needs Linux 4.20 with CONFIG_PSI, and this is 4.18");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Detail>);

#[derive(Clone, PartialEq, Eq)]
struct Detail {
    operation: &'static str,
    object: ByteString,
    reason: Reason,
}

/// Why something failed or can't be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There is no such file, directory or object, and it is not known why.
    Absent,
    /// There is none because this kernel is older than the first that has it.
    KernelTooOld {
        /// What it needs.
        needs: Requirement,
        /// The kernel that runs.
        running: KernelVersion,
    },
    /// There is none although the kernel is new enough: it is not configured, or not on this machine.
    NotConfigured {
        /// What it needs.
        needs: Requirement,
    },
    /// The permission is missing.
    PermissionDenied {
        /// The capability that would give it, where that is known.
        capability: Option<&'static str>,
    },
    /// What was being read ended or was taken away meanwhile: a process, a CPU, a device.
    Gone,
    /// The text is not of the documented form.
    Malformed(ParseError),
    /// A link in a captured tree leads outside of it.
    OutsideOfTree,
    /// A directory stands where a file should, or the reverse.
    WrongKind,
    /// The descriptor is none of the kind that is needed.
    OtherDescriptor {
        /// What is needed: `"eventfd"`.
        expected: &'static str,
        /// What it is.
        found: ByteString,
    },
    /// A value given by the caller can't be used; the text says what would be accepted.
    Invalid(String),
    /// The system call failed for another reason.
    System(Errno),
}

/// What an interface of the kernel needs in order to be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requirement {
    since: Option<KernelVersion>,
    configuration: Option<&'static str>,
    capability: Option<&'static str>,
}

impl Requirement {
    /// Nothing beyond Linux itself.
    #[must_use]
    pub const fn none() -> Self {
        Self { since: None, configuration: None, capability: None }
    }

    /// A kernel of this version or newer.
    #[must_use]
    pub const fn since(mut self, major: u16, minor: u16) -> Self {
        self.since = Some(KernelVersion::new(major, minor, 0));
        self
    }

    /// A kernel built with this option, or a machine with this part: `"CONFIG_PSI"`.
    #[must_use]
    pub const fn configuration(mut self, configuration: &'static str) -> Self {
        self.configuration = Some(configuration);
        self
    }

    /// This capability: `"CAP_SYS_ADMIN"`.
    #[must_use]
    pub const fn capability(mut self, capability: &'static str) -> Self {
        self.capability = Some(capability);
        self
    }
}

impl Error {
    /// A system call's failure. `operation` is a verb (`"read"`), `object` the path or thing.
    #[cold]
    #[must_use]
    pub fn system(operation: &'static str, object: impl Into<ByteString>, errno: Errno) -> Self {
        let reason = match errno {
            Errno::NOENT => Reason::Absent,
            Errno::ACCESS | Errno::PERM => Reason::PermissionDenied { capability: None },
            Errno::SRCH | Errno::NODEV | Errno::NXIO => Reason::Gone,
            Errno::XDEV => Reason::OutsideOfTree,
            Errno::ISDIR | Errno::NOTDIR => Reason::WrongKind,
            errno => Reason::System(errno),
        };
        Self::new(operation, object, reason)
    }

    /// A text of the wrong form, found in `file`.
    #[cold]
    #[must_use]
    pub fn malformed(file: impl Into<ByteString>, error: ParseError) -> Self {
        Self::new("parse", file, Reason::Malformed(error))
    }

    /// A value from the caller that can't be used. `accepted` says what would be.
    #[cold]
    #[must_use]
    pub fn invalid(
        operation: &'static str,
        object: impl Into<ByteString>,
        accepted: impl Into<String>,
    ) -> Self {
        Self::new(operation, object, Reason::Invalid(accepted.into()))
    }

    /// A failure for this reason.
    #[cold]
    #[must_use]
    pub fn new(operation: &'static str, object: impl Into<ByteString>, reason: Reason) -> Self {
        Self(Box::new(Detail { operation, object: object.into(), reason }))
    }

    /// The same error, saying more: why the thing is absent, or which capability is missing, given what the
    /// interface `needs` and which kernel is `running`.
    ///
    /// [`Machine::explain`](crate::Machine::explain) knows the kernel.
    #[cold]
    #[must_use]
    pub fn explained(mut self, needs: Requirement, running: Option<KernelVersion>) -> Self {
        match self.0.reason {
            Reason::Absent => {
                self.0.reason = match (needs.since, running) {
                    (Some(since), Some(running)) if running < since => {
                        Reason::KernelTooOld { needs, running }
                    }
                    _ if needs.configuration.is_some() => Reason::NotConfigured { needs },
                    _ => Reason::Absent,
                }
            }
            Reason::PermissionDenied { capability: None } => {
                self.0.reason = Reason::PermissionDenied { capability: needs.capability }
            }
            _ => {}
        }
        self
    }

    /// Why it failed.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.0.reason
    }

    /// What was attempted: `read`, `parse`, `open`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// On what: mostly a path.
    #[must_use]
    pub fn object(&self) -> &ByteString {
        &self.0.object
    }

    /// Whether the thing is not there, for whatever reason.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(
            self.reason(),
            Reason::Absent | Reason::KernelTooOld { .. } | Reason::NotConfigured { .. } | Reason::Gone
        )
    }
}

impl Reason {
    /// One word for the reason, for machines: `absent`, `kernel-too-old`, `not-configured`,
    /// `permission-denied`, `gone`, `malformed`, `outside-of-tree`, `wrong-kind`, `invalid`, `failed`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::KernelTooOld { .. } => "kernel-too-old",
            Self::NotConfigured { .. } => "not-configured",
            Self::PermissionDenied { .. } => "permission-denied",
            Self::Gone => "gone",
            Self::Malformed(_) => "malformed",
            Self::OutsideOfTree => "outside-of-tree",
            Self::WrongKind | Self::OtherDescriptor { .. } => "wrong-kind",
            Self::Invalid(_) => "invalid",
            Self::System(_) => "failed",
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.since, self.configuration) {
            (Some(since), Some(configuration)) => write!(f, "Linux {since} with {configuration}"),
            (Some(since), None) => write!(f, "Linux {since}"),
            (None, Some(configuration)) => f.write_str(configuration),
            (None, None) => f.write_str("nothing more"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::KernelTooOld { needs, running } => {
                write!(f, "absent: needs {needs}, and this is {running}")
            }
            Self::NotConfigured { needs } => match needs.configuration {
                Some(configuration) => write!(f, "absent: needs {configuration}"),
                None => f.write_str("absent"),
            },
            Self::PermissionDenied { capability: Some(capability) } => {
                write!(f, "permission denied: needs {capability}")
            }
            Self::PermissionDenied { capability: None } => f.write_str("permission denied"),
            Self::Gone => f.write_str("gone meanwhile"),
            Self::Malformed(error) => error.fmt(f),
            Self::OutsideOfTree => f.write_str("leads outside of the captured tree"),
            Self::WrongKind => {
                f.write_str("is a directory where a file should be, or a file instead of a directory")
            }
            Self::OtherDescriptor { expected, found } => write!(f, "is no {expected}, but {found}"),
            Self::Invalid(accepted) => f.write_str(accepted),
            Self::System(errno) => errno.fmt(f),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.0.operation, self.0.object, self.0.reason)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.reason {
            Reason::Malformed(error) => Some(error),
            Reason::System(errno) => Some(errno),
            _ => None,
        }
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind;
        let kind = match error.reason() {
            Reason::Absent | Reason::Gone => ErrorKind::NotFound,
            Reason::KernelTooOld { .. } | Reason::NotConfigured { .. } => ErrorKind::Unsupported,
            Reason::PermissionDenied { .. } | Reason::OutsideOfTree => ErrorKind::PermissionDenied,
            Reason::Malformed(_) => ErrorKind::InvalidData,
            Reason::WrongKind | Reason::OtherDescriptor { .. } | Reason::Invalid(_) => {
                ErrorKind::InvalidInput
            }
            Reason::System(errno) => std::io::Error::from(*errno).kind(),
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDS: Requirement =
        Requirement::none().since(6, 2).configuration("CONFIG_X").capability("CAP_SYS_ADMIN");

    #[test]
    fn absence_is_explained_by_the_kernels_age_or_configuration() {
        let absent = || Error::system("read", "/proc/x", Errno::NOENT);
        let old = absent().explained(NEEDS, Some(KernelVersion::new(6, 1, 9)));
        assert_eq!(old.reason().name(), "kernel-too-old");
        let new = absent().explained(NEEDS, Some(KernelVersion::new(6, 2, 0)));
        assert_eq!(new.to_string(), "read /proc/x: absent: needs CONFIG_X");
        let unknown = absent().explained(Requirement::none().since(6, 2), None);
        assert_eq!(unknown.reason(), &Reason::Absent);
    }

    #[test]
    fn a_missing_permission_names_the_capability() {
        let error = Error::system("read", "/proc/x", Errno::PERM).explained(NEEDS, None);
        assert_eq!(error.to_string(), "read /proc/x: permission denied: needs CAP_SYS_ADMIN");
        assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::PermissionDenied);
    }
}
