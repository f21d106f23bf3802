use std::{
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
};

use linux_support_base::{Error, Reason, Requirement};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};

use super::{
    FileRights, Logging, PortRights, Scopes,
    rights::{NEWEST, kernel_of},
    version,
};
use crate::{
    Scope,
    broadcast::{Step, apply},
    sys::{
        credentials::Control,
        landlock::{self as sys, Handled},
    },
};

/// What is to be confined, and what is allowed nevertheless.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    files: FileRights,
    ports: PortRights,
    scopes: Scopes,
    logging: Logging,
    paths: Vec<(PathBuf, FileRights)>,
    allowed_ports: Vec<(u16, PortRights)>,
    best_effort: bool,
}

/// What was enforced, and what the kernel is too old for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Enforced {
    /// The kernel's version of Landlock; 0 where it has none.
    pub version: u32,
    /// What is done with files, and is confined.
    pub files: FileRights,
    /// What is not confined, though it was asked for. [`FileRights::REFER`] is forbidden then.
    pub files_not_enforced: FileRights,
    /// What is done with ports, and is confined.
    pub ports: PortRights,
    /// What is not confined, though it was asked for.
    pub ports_not_enforced: PortRights,
    /// What does not lead out.
    pub scopes: Scopes,
    /// What leads out, though it was asked not to.
    pub scopes_not_enforced: Scopes,
    /// What was set for the log.
    pub logging: Logging,
    /// What was not.
    pub logging_not_set: Logging,
}

impl Enforced {
    /// Whether all was enforced that was asked for.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.files_not_enforced.is_empty()
            && self.ports_not_enforced.is_empty()
            && self.scopes_not_enforced.is_empty()
            && self.logging_not_set.is_empty()
    }

    /// Whether nothing was enforced.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.files.is_empty() && self.ports.is_empty() && self.scopes.is_empty()
    }
}

impl Rules {
    /// Nothing is confined yet, and all that will be is required: where the kernel is too old for some of it, nothing is
    /// enforced.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Confines these: of files and ports, what no rule allows is forbidden.
    #[must_use]
    pub fn handle(mut self, files: FileRights, ports: PortRights, scopes: Scopes) -> Self {
        (self.files, self.ports, self.scopes) = (files, ports, scopes);
        self
    }

    /// Allows what is done with the file at `path`, or with all beneath the directory there. The path is opened when the
    /// rules are enforced. Of a file, rights that only directories have are left out.
    #[must_use]
    pub fn allow_path(mut self, path: impl Into<PathBuf>, rights: FileRights) -> Self {
        self.paths.push((path.into(), rights));
        self
    }

    /// Allows what is done with the port; port 0 stands for one that the kernel chooses.
    #[must_use]
    pub fn allow_port(mut self, port: u16, rights: PortRights) -> Self {
        self.allowed_ports.push((port, rights));
        self
    }

    /// Tells the audit log more, or less.
    #[must_use]
    pub fn log(mut self, logging: Logging) -> Self {
        self.logging = logging;
        self
    }

    /// Enforces what the kernel has, be it nothing; what is returned says what that was.
    #[must_use]
    pub fn best_effort(mut self) -> Self {
        self.best_effort = true;
        self
    }

    /// Enforces the rules for good, after setting `no_new_privs`. Threads that are stopped for [`Scope::Process`] are each
    /// confined in the same way, and may send signals to one another only as the kernel lets them since it has scopes.
    ///
    /// # Errors
    /// A rule allows what is not handled; nothing is handled; a path can't be opened; the kernel lacks something and it
    /// was not [best effort](Self::best_effort); 16 sets of rules are enforced already (`E2BIG`). Then nothing was
    /// enforced. Threads did not stop: see [`Scope`].
    #[doc(alias = "landlock_restrict_self")]
    pub fn enforce(&self, scope: Scope) -> Result<Enforced, Error> {
        self.check()?;
        let kernel = match version() {
            Err(error) if self.best_effort && error.is_absent() => 0,
            version => version?,
        };
        let enforced = self.on(kernel)?;
        if enforced.is_nothing() {
            return Ok(enforced);
        }
        let handled = Handled {
            files: enforced.files.bits(),
            ports: enforced.ports.bits(),
            scopes: enforced.scopes.bits(),
        };
        let rules = sys::create(&handled).map_err(|errno| Error::system("make", "Landlock rules", errno))?;
        for (path, rights) in &self.paths {
            allow(&rules, path, *rights & enforced.files)?;
        }
        for (port, rights) in &self.allowed_ports {
            let rights = *rights & enforced.ports;
            if !rights.is_empty() {
                sys::allow_port(rules.as_fd(), *port, rights.bits())
                    .map_err(|errno| Error::system("allow", format!("port {port}"), errno))?;
            }
        }
        let steps = [
            Step::Control(Control::SetNoNewPrivileges, "no_new_privs", None),
            Step::Landlock(rules.as_raw_fd(), enforced.logging.bits() as u32),
        ];
        apply(scope, &steps)?;
        Ok(enforced)
    }

    fn check(&self) -> Result<(), Error> {
        let refuse = |object: String, why: String| Err(Error::invalid("allow", object, why));
        if self.files.is_empty() && self.ports.is_empty() && self.scopes.is_empty() {
            return Err(Error::invalid("enforce", "Landlock rules", "they must handle something"));
        }
        for (path, rights) in &self.paths {
            let more = *rights - self.files;
            if rights.is_empty() || !more.is_empty() {
                let why = if rights.is_empty() {
                    "nothing is allowed".into()
                } else {
                    format!("{more:?} is not handled")
                };
                return refuse(path.to_string_lossy().into_owned(), why);
            }
        }
        for (port, rights) in &self.allowed_ports {
            let more = *rights - self.ports;
            if rights.is_empty() || !more.is_empty() {
                let why = if rights.is_empty() {
                    "nothing is allowed".into()
                } else {
                    format!("{more:?} is not handled")
                };
                return refuse(format!("port {port}"), why);
            }
        }
        Ok(())
    }

    /// What of it a version of Landlock enforces.
    fn on(&self, version: u32) -> Result<Enforced, Error> {
        let (files, ports) = (FileRights::of_version(version), PortRights::of_version(version));
        let (scopes, logging) = (Scopes::of_version(version), Logging::of_version(version));
        let enforced = Enforced {
            version,
            files: self.files & files,
            files_not_enforced: self.files - files,
            ports: self.ports & ports,
            ports_not_enforced: self.ports - ports,
            scopes: self.scopes & scopes,
            scopes_not_enforced: self.scopes - scopes,
            logging: self.logging & logging,
            logging_not_set: self.logging - logging,
        };
        if enforced.is_whole() || self.best_effort {
            return Ok(enforced);
        }
        let enough = (version..=NEWEST).find(|&newer| {
            FileRights::of_version(newer).contains(self.files)
                && PortRights::of_version(newer).contains(self.ports)
                && Scopes::of_version(newer).contains(self.scopes)
                && Logging::of_version(newer).contains(self.logging)
        });
        let needed = enough.unwrap_or(NEWEST);
        let why = format!(
            "needs version {needed} of Landlock, which Linux {} has, and this kernel has version {version}",
            kernel_of(needed)
        );
        Err(Error::new("enforce", "Landlock rules", Reason::Invalid(why)))
    }
}

fn allow(rules: &OwnedFd, path: &Path, rights: FileRights) -> Result<(), Error> {
    let failed = |operation: &'static str, errno| {
        Error::system(operation, path.as_os_str().as_bytes(), errno)
            .explained(Requirement::none().capability("CAP_DAC_READ_SEARCH"), None)
    };
    let parent = openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| failed("open", errno))?;
    let status = fstat(&parent).map_err(|errno| failed("query", errno))?;
    let is_directory = FileType::from_raw_mode(status.st_mode) == FileType::Directory;
    let rights = if is_directory { rights } else { rights & FileRights::OF_A_FILE };
    if rights.is_empty() {
        return Ok(());
    }
    sys::allow_beneath(rules.as_fd(), parent.as_fd(), rights.bits()).map_err(|errno| failed("allow", errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Rules {
        Rules::new()
            .handle(FileRights::all(), PortRights::all(), Scopes::all())
            .log(Logging::OF_LATER_PROGRAMS)
    }

    #[test]
    fn every_version_enforces_what_it_has_and_tells_the_rest() {
        for version in 0..=NEWEST {
            let enforced = all().best_effort().on(version).unwrap();
            assert_eq!(enforced.files, FileRights::of_version(version));
            assert_eq!(enforced.files | enforced.files_not_enforced, FileRights::all());
            assert_eq!(enforced.ports | enforced.ports_not_enforced, PortRights::all());
            assert_eq!(enforced.scopes_not_enforced.is_empty(), version >= 6);
            assert_eq!(enforced.logging_not_set.is_empty(), version >= 7);
            assert_eq!(enforced.is_whole(), version == NEWEST);
            assert_eq!(enforced.is_nothing(), version == 0);
        }
    }

    #[test]
    fn what_is_required_is_refused_by_older_versions_with_the_kernel_that_has_it() {
        let files = |rights| Rules::new().handle(rights, PortRights::empty(), Scopes::empty());
        let needs =
            |rules: &Rules, version: u32| rules.on(version).map(|_| ()).map_err(|error| error.to_string());
        let truncate = files(FileRights::TRUNCATE);
        assert_eq!(needs(&truncate, 3), Ok(()));
        assert_eq!(
            needs(&truncate, 2).unwrap_err(),
            "enforce Landlock rules: needs version 3 of Landlock, which Linux 6.2 has, and this kernel has version 2"
        );
        assert!(needs(&files(FileRights::DEVICE_REQUESTS), 4).unwrap_err().contains("version 5"));
        assert!(needs(&files(FileRights::UNIX_SOCKETS), 8).unwrap_err().contains("Linux 7.1"));
        let ports = |rights| Rules::new().handle(FileRights::empty(), rights, Scopes::empty());
        assert!(needs(&ports(PortRights::BIND_TCP), 3).unwrap_err().contains("Linux 6.7"));
        assert!(needs(&all(), 9).unwrap_err().contains("version 10"));
    }

    #[test]
    fn rules_that_contradict_what_is_handled_are_refused() {
        let error = |rules: Rules| rules.enforce(Scope::Thread).unwrap_err().to_string();
        assert!(error(Rules::new()).contains("must handle something"));
        let reading = Rules::new().handle(FileRights::READING, PortRights::empty(), Scopes::empty());
        let more = error(reading.clone().allow_path("/", FileRights::READ_FILE | FileRights::WRITE_FILE));
        assert_eq!(more, "allow /: FileRights(WRITE_FILE) is not handled");
        assert!(error(reading.clone().allow_path("/", FileRights::empty())).contains("nothing is allowed"));
        assert!(error(reading.allow_port(80, PortRights::BIND_TCP)).contains("is not handled"));
    }
}
