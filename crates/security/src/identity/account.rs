//! The names of users and groups, as `/etc/passwd` and `/etc/group` have them.

use std::collections::BTreeMap;

use linux_support_base::{
    ByteString, Error, GroupId, Machine, ParseError, UserId,
    text::{decimal, lines},
};

/// A user of `/etc/passwd`. The password field is not kept.
///
/// # Source
/// passwd(5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct User {
    /// The name to log in with.
    pub name: ByteString,
    /// The user's number.
    pub id: UserId,
    /// The user's first group; `None` where the line does not say.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub group: Option<GroupId>,
    /// The user's full name and more.
    #[doc(alias = "gecos")]
    pub comment: ByteString,
    /// The home directory.
    pub home: ByteString,
    /// The program to log in to; empty for `/bin/sh`.
    pub shell: ByteString,
}

/// A group of `/etc/group`. The password field is not kept.
///
/// # Source
/// group(5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Group {
    /// The group's name.
    pub name: ByteString,
    /// The group's number.
    pub id: GroupId,
    /// The names of the users that have it as a supplementary group.
    pub members: Vec<ByteString>,
}

/// What a file of accounts has: its accounts, with the first of each number, and the lines that are none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Accounts<A> {
    accounts: Vec<A>,
    by_id: BTreeMap<u32, usize>,
    other: Vec<ByteString>,
}

impl<A> Default for Accounts<A> {
    fn default() -> Self {
        Self { accounts: Vec::new(), by_id: BTreeMap::new(), other: Vec::new() }
    }
}

impl<A> Accounts<A> {
    /// Reads the lines; `account` makes one of a name, a number and the fields behind those.
    fn parse<'t>(
        text: &'t [u8],
        account: impl Fn(ByteString, u32, &mut dyn Iterator<Item = &'t [u8]>) -> A,
    ) -> Self {
        let mut parsed = Self::default();
        for line in account_lines(text) {
            let mut fields = line.split(|&byte| byte == b':');
            let (name, _password, id) = (fields.next(), fields.next(), fields.next());
            let (Some(name), Some(id)) = (name.filter(|name| is_name(name)), id.and_then(number)) else {
                parsed.other.push(line.into());
                continue;
            };
            // Where several have one number, the first is its name, as getpwuid(3) has it.
            parsed.by_id.entry(id).or_insert(parsed.accounts.len());
            parsed.accounts.push(account(name.into(), id, &mut fields));
        }
        parsed
    }

    fn by_id(&self, id: u32) -> Option<&A> {
        self.by_id.get(&id).map(|&index| &self.accounts[index])
    }
}

/// The users of a machine that its `/etc/passwd` knows. Those of a directory service are not among them.
///
/// ```
/// # use linux_support_security::identity::Users;
/// let users = Users::parse(b"root:x:0:0:root:/root:/bin/sh\n+::::::\n").unwrap();
/// assert_eq!(users.name(0.into()).unwrap(), &"root");
/// assert_eq!(users.other().len(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Users(Accounts<User>);

impl Users {
    /// Reads `/etc/passwd`. Missing fields at the end of a line are empty; blank lines and comments are passed
    /// over; lines without a name and a number (such as the `+` of NIS) are kept in [`other`](Self::other), and
    /// hide nothing.
    ///
    /// # Errors
    /// None: what is not a user is another line.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Ok(Self(Accounts::parse(text, |name, id, fields| {
            let group = fields.next().and_then(number).map(GroupId::new);
            let mut text = || ByteString::from(fields.next().unwrap_or_default());
            let (comment, home, shell) = (text(), text(), text());
            User { name, id: UserId::new(id), group, comment, home, shell }
        })))
    }

    /// Reads `/etc/passwd` of `machine`.
    ///
    /// # Errors
    /// The file can't be read.
    #[doc(alias = "/etc/passwd")]
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse("/etc/passwd", Self::parse)
    }

    /// The users, in the order of the file.
    #[must_use]
    pub fn users(&self) -> &[User] {
        &self.0.accounts
    }

    /// Lines that are no users.
    #[must_use]
    pub fn other(&self) -> &[ByteString] {
        &self.0.other
    }

    /// The user of this number.
    #[doc(alias = "getpwuid")]
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.0.by_id(id.number())
    }

    /// The name of the user of this number.
    #[must_use]
    pub fn name(&self, id: UserId) -> Option<&ByteString> {
        self.user(id).map(|user| &user.name)
    }

    /// The user of this name.
    #[doc(alias = "getpwnam")]
    #[must_use]
    pub fn user_named(&self, name: impl AsRef<[u8]>) -> Option<&User> {
        self.0.accounts.iter().find(|user| user.name.as_bytes() == name.as_ref())
    }
}

/// The groups of a machine that its `/etc/group` knows. Those of a directory service are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups(Accounts<Group>);

impl Groups {
    /// Reads `/etc/group`, as [`Users::parse`] reads its file.
    ///
    /// # Errors
    /// None: what is not a group is another line.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Ok(Self(Accounts::parse(text, |name, id, fields| {
            let members = fields.next().unwrap_or_default().split(|&byte| byte == b',');
            let members =
                members.map(<[u8]>::trim_ascii).filter(|name| !name.is_empty()).map(ByteString::from);
            Group { name, id: GroupId::new(id), members: members.collect() }
        })))
    }

    /// Reads `/etc/group` of `machine`.
    ///
    /// # Errors
    /// The file can't be read.
    #[doc(alias = "/etc/group")]
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse("/etc/group", Self::parse)
    }

    /// The groups, in the order of the file.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.0.accounts
    }

    /// Lines that are no groups.
    #[must_use]
    pub fn other(&self) -> &[ByteString] {
        &self.0.other
    }

    /// The group of this number.
    #[doc(alias = "getgrgid")]
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.0.by_id(id.number())
    }

    /// The name of the group of this number.
    #[must_use]
    pub fn name(&self, id: GroupId) -> Option<&ByteString> {
        self.group(id).map(|group| &group.name)
    }

    /// All groups of the user, each once and by number: the first one, and those that have it as a member.
    #[doc(alias = "initgroups")]
    #[must_use]
    pub fn of_user(&self, user: &User) -> Vec<GroupId> {
        let member = |group: &&Group| group.members.contains(&user.name);
        let mut groups: Vec<_> =
            self.0.accounts.iter().filter(member).map(|group| group.id).chain(user.group).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// The group of this name.
    #[doc(alias = "getgrnam")]
    #[must_use]
    pub fn group_named(&self, name: impl AsRef<[u8]>) -> Option<&Group> {
        self.0.accounts.iter().find(|group| group.name.as_bytes() == name.as_ref())
    }
}

fn account_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    lines(text).filter(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#"))
}

fn is_name(name: &[u8]) -> bool {
    !matches!(name.first(), None | Some(b'+' | b'-'))
}

fn number(field: &[u8]) -> Option<u32> {
    decimal(field.trim_ascii()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_field_of_a_user_is_read() {
        let users = Users::parse(b"daemon:x:1:2:The daemon:/usr/sbin:/usr/sbin/nologin").unwrap();
        let expected = User {
            name: "daemon".into(),
            id: UserId::new(1),
            group: Some(GroupId::new(2)),
            comment: "The daemon".into(),
            home: "/usr/sbin".into(),
            shell: "/usr/sbin/nologin".into(),
        };
        assert_eq!(users.users(), [expected]);
    }

    #[test]
    fn a_missing_last_newline_changes_nothing() {
        let text = b"root:x:0:0:root:/root:/bin/sh\n";
        assert_eq!(Users::parse(text), Users::parse(text.trim_ascii_end()));
        let text = b"root:x:0:\nadm:x:4:a,b\n";
        assert_eq!(Groups::parse(text), Groups::parse(text.trim_ascii_end()));
    }

    #[test]
    fn lines_that_are_odd_hide_no_others() {
        let text = b"# comment\n\n+\n+@admins::::::\nnobody\n:x:5:5:::\nx::y:\nshort::7\nno-x::8:8\nr\xfft:x:9:9:\xfe:/:\n\
            root:x:0:0\ntoor:x:0:0\n";
        let users = Users::parse(text).unwrap();
        let names: Vec<_> = users.users().iter().map(|user| user.name.as_bytes()).collect();
        assert_eq!(names, [&b"short"[..], b"no-x", b"r\xfft", b"root", b"toor"]);
        assert_eq!(users.name(UserId::ROOT).unwrap(), &"root");
        assert_eq!(users.user(UserId::new(7)).unwrap().group, None);
        assert_eq!(users.user_named("toor").unwrap().id, UserId::ROOT);
        assert_eq!((users.name(UserId::new(5)), users.other().len()), (None, 5));
    }

    #[test]
    fn the_members_of_groups_are_apart() {
        let groups = Groups::parse(b"adm:x:4:syslog, ann,\nempty:x:5:\nbare:x:6\n+:::\n").unwrap();
        assert_eq!(groups.group(GroupId::new(4)).unwrap().members, ["syslog", "ann"]);
        assert!(groups.group_named("empty").unwrap().members.is_empty());
        assert_eq!(groups.name(GroupId::new(6)).unwrap(), &"bare");
        assert_eq!(groups.other(), ["+:::"]);
    }

    #[test]
    fn the_groups_of_a_user_are_the_first_one_and_those_with_the_name() {
        let users = Users::parse(b"ann:x:7:9:::\n").unwrap();
        let groups = Groups::parse(b"adm:x:4:bob,ann\nann:x:9:ann\nno:x:5:annie\nadm2:x:4:ann\n").unwrap();
        assert_eq!(groups.of_user(&users.users()[0]), [GroupId::new(4), GroupId::new(9)]);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[a-c:0-9+#\\n]{0,60}", bytes: Vec<u8>) {
            for text in [text.as_bytes(), &bytes] {
                let _ = Users::parse(text);
                let _ = Groups::parse(text);
            }
        }
    }
}
