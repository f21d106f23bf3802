use core::fmt;
use std::path::PathBuf;

use super::{FileRights, Logging, PortRights, Scopes};

/// What was enforced, and what the kernel is too old for.
///
/// `Display` says it in a few lines, for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// What the log is not told of.
    pub quiet: Quiet,
    /// What it is told of, though it was asked not to.
    pub quiet_not_set: Quiet,
    /// Whether the kernel confined all threads as one.
    pub one_domain: bool,
    /// Whether each thread was confined on its own, though it was asked otherwise.
    pub one_domain_not_made: bool,
    /// What is allowed with paths, of what is confined. Those of files lack what only directories have.
    pub allowed_paths: Vec<(PathBuf, FileRights)>,
    /// What is allowed with ports, of what is confined.
    pub allowed_ports: Vec<(u16, PortRights)>,
    /// The paths that are quiet.
    pub quiet_paths: Vec<PathBuf>,
    /// The ports that are quiet.
    pub quiet_ports: Vec<u16>,
}

/// Refusals that the audit log is not told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Quiet {
    /// With files that are quiet.
    pub files: FileRights,
    /// With ports that are quiet.
    pub ports: PortRights,
    /// Of what would lead out.
    pub scopes: Scopes,
}

impl Enforced {
    /// Whether all was enforced that was asked for.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.files_not_enforced.is_empty()
            && self.ports_not_enforced.is_empty()
            && self.scopes_not_enforced.is_empty()
            && self.logging_not_set.is_empty()
            && self.quiet_not_set.is_empty()
            && !self.one_domain_not_made
    }

    /// Whether nothing was enforced.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.files.is_empty() && self.ports.is_empty() && self.scopes.is_empty()
    }
}

impl Quiet {
    /// Whether the log is told of all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.ports.is_empty() && self.scopes.is_empty()
    }

    fn names(&self) -> Vec<String> {
        self.files.names().chain(self.ports.names()).chain(self.scopes.names()).collect()
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(", "))
    }
}

impl fmt::Display for Enforced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all =
            |files: FileRights, ports: PortRights, scopes: Scopes| Quiet { files, ports, scopes }.to_string();
        write!(f, "Landlock {}: ", self.version)?;
        match all(self.files, self.ports, self.scopes) {
            nothing if nothing.is_empty() => f.write_str("nothing is confined")?,
            confined => write!(f, "confined: {confined}")?,
        }
        let not = all(self.files_not_enforced, self.ports_not_enforced, self.scopes_not_enforced);
        if !not.is_empty() {
            write!(f, "\nnot confined, since the kernel is too old: {not}")?;
        }
        for (path, rights) in &self.allowed_paths {
            write!(f, "\n{}: {}", path.display(), rights.names().collect::<Vec<_>>().join(", "))?;
        }
        for (port, rights) in &self.allowed_ports {
            write!(f, "\nport {port}: {}", rights.names().collect::<Vec<_>>().join(", "))?;
        }
        let log: Vec<_> = self.logging_not_set.names().chain(self.quiet_not_set.names()).collect();
        if !log.is_empty() {
            write!(f, "\nnot set for the log, since the kernel is too old: {}", log.join(", "))?;
        }
        if self.one_domain_not_made {
            f.write_str("\neach thread is confined on its own, since the kernel is too old")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_enforced_is_said() {
        let mut enforced = Enforced {
            version: 4,
            files: FileRights::READ_FILE,
            files_not_enforced: FileRights::DEVICE_REQUESTS,
            ports: PortRights::BIND_TCP,
            ports_not_enforced: PortRights::empty(),
            scopes: Scopes::empty(),
            scopes_not_enforced: Scopes::SIGNALS,
            logging: Logging::empty(),
            logging_not_set: Logging::OF_LATER_PROGRAMS,
            quiet: Quiet::default(),
            quiet_not_set: Quiet { files: FileRights::READ_FILE, ..Quiet::default() },
            one_domain: false,
            one_domain_not_made: true,
            allowed_paths: vec![("/usr".into(), FileRights::READ_FILE)],
            allowed_ports: vec![(80, PortRights::BIND_TCP)],
            quiet_paths: Vec::new(),
            quiet_ports: Vec::new(),
        };
        let expected = "\
Landlock 4: confined: read-file, bind-tcp
not confined, since the kernel is too old: device-requests, signals
/usr: read-file
port 80: bind-tcp
not set for the log, since the kernel is too old: of-later-programs, read-file
each thread is confined on its own, since the kernel is too old";
        assert_eq!(enforced.to_string(), expected);
        assert!(!enforced.is_whole() && !enforced.is_nothing());
        (enforced.version, enforced.files, enforced.ports) = (0, FileRights::empty(), PortRights::empty());
        assert!(
            enforced.is_nothing() && enforced.to_string().starts_with("Landlock 0: nothing is confined\n")
        );
    }
}
