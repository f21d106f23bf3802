use linux_support_base::{Error, Reading, UserId};
use linux_support_fd::namespace::Namespace as OpenNamespace;
use rustix::fs::{OFlags, fstat};

use crate::{
    descriptor::InodeNumber,
    namespace::{Namespace, NamespaceKind},
    task::{PTRACE, Task},
};

/// Whose a namespace is, and where it comes from. The kernel tells only of a machine that runs.
///
/// # Source
/// ioctl_nsfs(2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NamespaceRelations {
    /// The user namespace whose capabilities rule it; of one of users, the one above. Not to be had beyond the caller's own.
    #[doc(alias = "NS_GET_USERNS")]
    pub owner: Reading<Namespace>,
    /// The one above it, of those that are within another: of users and of process numbers.
    #[doc(alias = "NS_GET_PARENT")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub parent: Option<Reading<Namespace>>,
    /// The user who made it, of one of users.
    #[doc(alias = "NS_GET_OWNER_UID")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub maker: Option<Reading<UserId>>,
}

impl Task<'_> {
    /// Whose the namespace behind its link `name` in `/proc/PID/ns` is.
    ///
    /// # Errors
    /// There is no such link, the task has ended or may not be looked into, or the machine was captured.
    ///
    /// # Capabilities
    /// `CAP_SYS_PTRACE`, for processes of others.
    pub fn namespace_relations(&self, name: impl AsRef<[u8]>) -> Result<NamespaceRelations, Error> {
        let path = [b"ns/", name.as_ref()].concat();
        let text = self.directory().link(&path).map_err(|error| self.explain(error, PTRACE))?;
        let kind = Namespace::parse(text.as_bytes())
            .map_err(|error| Error::malformed([self.directory().path(), b"/", &path].concat(), error))?
            .kind;
        let opened = self.directory().as_live()?.open(&path, OFlags::RDONLY);
        let opened = OpenNamespace::try_from(opened.map_err(|error| self.explain(error, PTRACE))?)?;
        let is_nested = matches!(kind, NamespaceKind::User | NamespaceKind::Pid);
        Ok(NamespaceRelations {
            owner: opened.user_namespace().and_then(|owner| identity(&owner, NamespaceKind::User)).into(),
            parent: is_nested
                .then(|| opened.parent().and_then(|parent| identity(&parent, kind.clone())).into()),
            maker: (kind == NamespaceKind::User).then(|| opened.owner().into()),
        })
    }
}

fn identity(opened: &OpenNamespace, kind: NamespaceKind) -> Result<Namespace, Error> {
    let status = fstat(opened).map_err(|errno| Error::system("query", "a namespace", errno))?;
    Ok(Namespace { kind, inode: InodeNumber::new(status.st_ino) })
}

#[cfg(test)]
mod tests {
    use linux_support_base::{Machine, Reason};

    use super::*;
    use crate::process::Process;

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator lacks the calls for namespaces")]
    fn this_process_is_within_namespaces_of_users() {
        let machine = Machine::live().unwrap();
        let own = Process::of_caller(&machine).unwrap();
        let links = own.namespaces().unwrap();
        let Some(users) = links.iter().find(|link| link.name == "user") else { return };
        let network = own.namespace_relations("net").unwrap();
        assert_eq!((network.parent, network.maker), (None, None));
        // That of a container may be ruled from outside.
        match network.owner {
            Reading::Value(owner) => assert_eq!(owner.kind, users.namespace.kind),
            Reading::Unavailable(error) => {
                assert!(matches!(error.reason(), Reason::PermissionDenied { .. }), "{error}");
            }
        }
        let relations = own.namespace_relations("user").unwrap();
        assert!(relations.maker.unwrap().value().is_some());
        assert!(relations.parent.is_some());
        assert!(own.namespace_relations("none").is_err());
    }
}
