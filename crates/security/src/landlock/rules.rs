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
    Enforced, FileRights, Logging, PortRights, Quiet, Scopes,
    rights::{ALL_THREADS, NEWEST, QUIET, kernel_of},
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
    quiet: Quiet,
    quiet_paths: Vec<PathBuf>,
    quiet_ports: Vec<u16>,
    one_domain: bool,
    best_effort: bool,
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

    /// Has the audit log told nothing of refusals of these: of scopes always, of files and ports where a path or port was
    /// made quiet by [`quiet_path`](Self::quiet_path) or [`quiet_port`](Self::quiet_port). A refusal is quiet if all that
    /// it is about is.
    ///
    /// # Kernel
    /// Since 7.2, which has version 10.
    #[must_use]
    #[doc(alias = "quiet_access_fs")]
    #[doc(alias = "quiet_access_net")]
    #[doc(alias = "quiet_scoped")]
    pub fn quiet(mut self, files: FileRights, ports: PortRights, scopes: Scopes) -> Self {
        self.quiet = Quiet { files, ports, scopes };
        self
    }

    /// Makes the file at `path`, or all beneath the directory there, quiet: see [`quiet`](Self::quiet). It allows nothing.
    #[must_use]
    #[doc(alias = "LANDLOCK_ADD_RULE_QUIET")]
    pub fn quiet_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.quiet_paths.push(path.into());
        self
    }

    /// Makes the port quiet: see [`quiet`](Self::quiet). It allows nothing.
    #[must_use]
    pub fn quiet_port(mut self, port: u16) -> Self {
        self.quiet_ports.push(port);
        self
    }

    /// With [`Scope::Process`], has the kernel confine all threads at once, as the calling thread is confined then: they
    /// may send signals to one another, and none is interrupted. What other threads had enforced in themselves before,
    /// and the calling one has not, is lifted.
    ///
    /// # Kernel
    /// Since 7.0, which has version 8.
    #[must_use]
    #[doc(alias = "LANDLOCK_RESTRICT_SELF_TSYNC")]
    pub fn as_one_domain(mut self) -> Self {
        self.one_domain = true;
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
        let mut enforced = self.on(kernel)?;
        if enforced.is_nothing() {
            return Ok(enforced);
        }
        let rules = self.make(&mut enforced)?;
        let all_at_once = enforced.one_domain && scope == Scope::Process;
        enforced.one_domain = all_at_once;
        let flags = enforced.logging.bits() as u32 | if all_at_once { sys::ALL_THREADS } else { 0 };
        let steps = [
            Step::Control(Control::SetNoNewPrivileges, "no_new_privs", None),
            Step::Landlock(rules.as_raw_fd(), flags),
        ];
        apply(if all_at_once { Scope::Thread } else { scope }, &steps)?;
        Ok(enforced)
    }

    /// Makes the kernel's set of rules, and notes what each allows.
    fn make(&self, enforced: &mut Enforced) -> Result<OwnedFd, Error> {
        let handled = Handled {
            files: enforced.files.bits(),
            ports: enforced.ports.bits(),
            scopes: enforced.scopes.bits(),
            quiet_files: enforced.quiet.files.bits(),
            quiet_ports: enforced.quiet.ports.bits(),
            quiet_scopes: enforced.quiet.scopes.bits(),
        };
        let rules = sys::create(&handled).map_err(|errno| Error::system("make", "Landlock rules", errno))?;
        for (path, rights) in &self.paths {
            let allowed = add_path(&rules, path, *rights & enforced.files, false)?;
            enforced.allowed_paths.push((path.clone(), allowed));
        }
        for (port, rights) in &self.allowed_ports {
            let rights = *rights & enforced.ports;
            if !rights.is_empty() {
                add_port(&rules, *port, rights, false)?;
            }
            enforced.allowed_ports.push((*port, rights));
        }
        if !enforced.quiet.files.is_empty() {
            for path in &self.quiet_paths {
                add_path(&rules, path, FileRights::empty(), true)?;
                enforced.quiet_paths.push(path.clone());
            }
        }
        if !enforced.quiet.ports.is_empty() {
            for port in &self.quiet_ports {
                add_port(&rules, *port, PortRights::empty(), true)?;
                enforced.quiet_ports.push(*port);
            }
        }
        Ok(rules)
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
        let (files, ports) = (self.quiet.files - self.files, self.quiet.ports - self.ports);
        let scopes = self.quiet.scopes - self.scopes;
        if !(files.is_empty() && ports.is_empty() && scopes.is_empty()) {
            let more = Quiet { files, ports, scopes };
            return Err(Error::invalid("keep quiet", more.to_string(), "that is not handled"));
        }
        for (object, empty) in [
            (
                self.quiet_paths.first().map(|path| path.to_string_lossy().into_owned()),
                self.quiet.files.is_empty(),
            ),
            (self.quiet_ports.first().map(|port| format!("port {port}")), self.quiet.ports.is_empty()),
        ] {
            if let (Some(object), true) = (object, empty) {
                return Err(Error::invalid(
                    "keep quiet about",
                    object,
                    "of what must be said first, by `quiet`",
                ));
            }
        }
        Ok(())
    }

    /// What of it a version of Landlock enforces.
    fn on(&self, version: u32) -> Result<Enforced, Error> {
        let (files, ports) = (FileRights::of_version(version), PortRights::of_version(version));
        let (scopes, logging) = (Scopes::of_version(version), Logging::of_version(version));
        let has_quiet = version >= QUIET;
        let (quiet, quiet_not_set) =
            if has_quiet { (self.quiet, Quiet::default()) } else { (Quiet::default(), self.quiet) };
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
            quiet,
            quiet_not_set,
            one_domain: self.one_domain && version >= ALL_THREADS,
            one_domain_not_made: self.one_domain && version < ALL_THREADS,
            allowed_paths: Vec::new(),
            allowed_ports: Vec::new(),
            quiet_paths: Vec::new(),
            quiet_ports: Vec::new(),
        };
        if enforced.is_whole() || self.best_effort {
            return Ok(enforced);
        }
        let enough = (version..=NEWEST).find(|&newer| {
            FileRights::of_version(newer).contains(self.files)
                && PortRights::of_version(newer).contains(self.ports)
                && Scopes::of_version(newer).contains(self.scopes)
                && Logging::of_version(newer).contains(self.logging)
                && (newer >= QUIET || self.quiet.is_empty())
                && (newer >= ALL_THREADS || !self.one_domain)
        });
        Err(too_old("enforce", "Landlock rules", enough.unwrap_or(NEWEST), version))
    }
}

/// What needs a newer version than the kernel has.
pub(super) fn too_old(operation: &'static str, object: &str, needed: u32, version: u32) -> Error {
    let why = format!(
        "needs version {needed} of Landlock, which Linux {} has, and this kernel has version {version}",
        kernel_of(needed)
    );
    Error::new(operation, object, Reason::Invalid(why))
}

/// Adds a rule, and gives the rights that it has.
fn add_path(rules: &OwnedFd, path: &Path, rights: FileRights, quiet: bool) -> Result<FileRights, Error> {
    let failed = |operation: &'static str, errno| {
        Error::system(operation, path.as_os_str().as_bytes(), errno)
            .explained(Requirement::none().capability("CAP_DAC_READ_SEARCH"), None)
    };
    let parent = openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| failed("open", errno))?;
    let status = fstat(&parent).map_err(|errno| failed("query", errno))?;
    let is_directory = FileType::from_raw_mode(status.st_mode) == FileType::Directory;
    let rights = if is_directory { rights } else { rights & FileRights::OF_A_FILE };
    if quiet || !rights.is_empty() {
        sys::allow_beneath(rules.as_fd(), parent.as_fd(), rights.bits(), quiet)
            .map_err(|errno| failed("allow", errno))?;
    }
    Ok(rights)
}

fn add_port(rules: &OwnedFd, port: u16, rights: PortRights, quiet: bool) -> Result<(), Error> {
    sys::allow_port(rules.as_fd(), port, rights.bits(), quiet)
        .map_err(|errno| Error::system("allow", format!("port {port}"), errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Rules {
        Rules::new()
            .handle(FileRights::all(), PortRights::all(), Scopes::all())
            .log(Logging::OF_LATER_PROGRAMS)
            .quiet(FileRights::WRITE_FILE, PortRights::BIND_TCP, Scopes::SIGNALS)
            .as_one_domain()
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
            assert_eq!((enforced.one_domain, enforced.one_domain_not_made), (version >= 8, version < 8));
            assert_eq!(enforced.quiet_not_set.is_empty(), version >= 10);
            assert_eq!(enforced.quiet.is_empty(), version < 10);
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
        let reading = || files(FileRights::READING);
        assert!(needs(&reading().as_one_domain(), 7).unwrap_err().contains("Linux 7.0"));
        let quiet = reading().quiet(FileRights::READ_FILE, PortRights::empty(), Scopes::empty());
        assert!(needs(&quiet, 9).unwrap_err().contains("version 10"));
        assert_eq!(needs(&quiet, 10), Ok(()));
    }

    #[test]
    fn rules_that_contradict_what_is_handled_are_refused() {
        let error = |rules: Rules| rules.enforce(Scope::Thread).unwrap_err().to_string();
        assert!(error(Rules::new()).contains("must handle something"));
        let reading = Rules::new().handle(FileRights::READING, PortRights::empty(), Scopes::empty());
        let more = error(reading.clone().allow_path("/", FileRights::READ_FILE | FileRights::WRITE_FILE));
        assert_eq!(more, "allow /: FileRights(WRITE_FILE) is not handled");
        assert!(error(reading.clone().allow_path("/", FileRights::empty())).contains("nothing is allowed"));
        assert!(error(reading.clone().allow_port(80, PortRights::BIND_TCP)).contains("is not handled"));
        let quiet = reading.clone().quiet(FileRights::WRITE_FILE, PortRights::empty(), Scopes::SIGNALS);
        assert_eq!(error(quiet), "keep quiet write-file, signals: that is not handled");
        let unsaid = "keep quiet about /tmp: of what must be said first, by `quiet`";
        assert_eq!(error(reading.clone().quiet_path("/tmp")), unsaid);
        assert!(error(reading.quiet_port(80)).contains("about port 80"));
    }
}
