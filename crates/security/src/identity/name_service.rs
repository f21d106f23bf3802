//! Users and groups through the C library's name service, which knows those of directory services too.

use std::ffi::CString;

use linux_support_base::{ByteString, Error, GroupId, UserId};

use super::{Group, User};
use crate::sys::name_service::{self as sys, Account, Key, Membership};

impl User {
    /// Looks a user up by name, in every place that nsswitch.conf(5) names.
    ///
    /// It may load code into the process, ask over the network and block: a daemon does it before it confines itself.
    /// A program that is linked to its C library statically may find only what is in `/etc/passwd`.
    ///
    /// # Errors
    /// There is none ([`Reason::Absent`](linux_support_base::Reason::Absent)); a place can't be asked.
    #[doc(alias = "getpwnam_r")]
    pub fn look_up(name: impl AsRef<[u8]>) -> Result<Self, Error> {
        let name = name.as_ref();
        sys::user(Key::Name(&c_string("user", name)?)).map(|user| user.map(Self::from)).found("user", name)
    }

    /// Looks a user up by number: see [`look_up`](Self::look_up).
    ///
    /// # Errors
    /// As for a name.
    #[doc(alias = "getpwuid_r")]
    pub fn look_up_id(id: UserId) -> Result<Self, Error> {
        let found = sys::user(Key::Number(id.number())).map(|user| user.map(Self::from));
        found.found("user", id.to_string().as_bytes())
    }

    /// All groups of the user, the first one among them.
    ///
    /// # Errors
    /// The user's first group is not known; a place can't be asked.
    #[doc(alias = "getgrouplist")]
    #[doc(alias = "initgroups")]
    pub fn look_up_groups(&self) -> Result<Vec<GroupId>, Error> {
        let Some(first) = self.group else {
            return Err(Error::invalid(
                "list",
                "groups of user",
                format!("{} has no first group", self.name),
            ));
        };
        let name = c_string("user", self.name.as_bytes())?;
        let groups = sys::groups_of(&name, first.number())
            .map_err(|errno| Error::system("list the groups of user", self.name.clone(), errno))?;
        Ok(groups.into_iter().map(GroupId::new).collect())
    }
}

impl Group {
    /// Looks a group up by name: see [`User::look_up`].
    ///
    /// # Errors
    /// There is none ([`Reason::Absent`](linux_support_base::Reason::Absent)); a place can't be asked.
    #[doc(alias = "getgrnam_r")]
    pub fn look_up(name: impl AsRef<[u8]>) -> Result<Self, Error> {
        let name = name.as_ref();
        sys::group(Key::Name(&c_string("group", name)?))
            .map(|group| group.map(Self::from))
            .found("group", name)
    }

    /// Looks a group up by number: see [`User::look_up`].
    ///
    /// # Errors
    /// As for a name.
    #[doc(alias = "getgrgid_r")]
    pub fn look_up_id(id: GroupId) -> Result<Self, Error> {
        let found = sys::group(Key::Number(id.number())).map(|group| group.map(Self::from));
        found.found("group", id.to_string().as_bytes())
    }
}

impl From<Account> for User {
    fn from(account: Account) -> Self {
        Self {
            name: account.name.as_slice().into(),
            id: UserId::new(account.user),
            group: Some(GroupId::new(account.group)),
            comment: account.comment.as_slice().into(),
            home: account.home.as_slice().into(),
            shell: account.shell.as_slice().into(),
        }
    }
}

impl From<Membership> for Group {
    fn from(group: Membership) -> Self {
        Self {
            name: group.name.as_slice().into(),
            id: GroupId::new(group.group),
            members: group.members.iter().map(|member| ByteString::from(member.as_slice())).collect(),
        }
    }
}

trait Found<T> {
    fn found(self, what: &'static str, name: &[u8]) -> Result<T, Error>;
}

impl<T> Found<T> for Result<Option<T>, rustix::io::Errno> {
    fn found(self, what: &'static str, name: &[u8]) -> Result<T, Error> {
        let object = || [what.as_bytes(), b" ", name].concat();
        self.map_err(|errno| Error::system("look up", object().as_slice(), errno))?
            .ok_or_else(|| Error::new("look up", object().as_slice(), linux_support_base::Reason::Absent))
    }
}

fn c_string(what: &'static str, name: &[u8]) -> Result<CString, Error> {
    if name.is_empty() {
        return Err(Error::invalid("look up", what, "a name must not be empty"));
    }
    CString::new(name).map_err(|_| Error::invalid("look up", what, "a name must not have a byte of 0"))
}

#[cfg(test)]
mod tests {
    use linux_support_base::Machine;

    use super::*;
    use crate::identity::{Groups, Users};

    #[test]
    fn whom_the_files_know_the_name_service_knows() {
        let machine = Machine::live().unwrap();
        let (users, groups) = (Users::read(&machine).unwrap(), Groups::read(&machine).unwrap());
        let root = User::look_up("root").unwrap();
        assert_eq!(users.user(UserId::ROOT), Some(&root));
        assert_eq!(User::look_up_id(UserId::ROOT).unwrap(), root);
        let all = root.look_up_groups().unwrap();
        assert!(groups.of_user(&root).iter().all(|group| all.contains(group)), "{all:?}");
        let group = Group::look_up_id(GroupId::ROOT).unwrap();
        assert_eq!(Group::look_up(&group.name).unwrap(), group);
    }

    #[test]
    fn who_is_not_there_is_absent_and_not_empty() {
        let error = User::look_up("no-such-user-here").unwrap_err();
        assert_eq!(error.to_string(), "look up user no-such-user-here: absent");
        assert!(User::look_up_id(UserId::new(3_999_999_999)).unwrap_err().is_absent());
        assert!(Group::look_up("no-such-group-here").unwrap_err().is_absent());
        for name in [&b""[..], b"a\0b"] {
            let error = User::look_up(name).unwrap_err();
            assert!(error.to_string().contains("must not"), "{error}");
        }
    }
}
