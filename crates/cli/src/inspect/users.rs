use std::io;

use linux_support::{
    base::{ByteString, Error, GroupId, Machine, Pid, Reading, UserId},
    process::{GroupIdMap, Process, UserIdMap},
    security::identity::{Credentials, Group, Groups, SubordinateRange, SubordinateRanges, User, Users},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell};

/// The accounts that the machine's files have.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Accounts {
    /// Those of `/etc/passwd`.
    users: Reading<Vec<User>>,
    /// Those of `/etc/group`.
    groups: Reading<Vec<Group>>,
    /// The user numbers that users may give to their namespaces.
    subordinate_users: Reading<Vec<SubordinateRange>>,
    /// The group numbers that users may give to their namespaces.
    subordinate_groups: Reading<Vec<SubordinateRange>>,
}

impl Accounts {
    pub(crate) fn read(machine: &Machine) -> Self {
        let ranges =
            |ranges: Result<SubordinateRanges, Error>| ranges.map(|all| all.ranges().to_vec()).into();
        Self {
            users: Users::read(machine).map(|users| users.users().to_vec()).into(),
            groups: Groups::read(machine).map(|groups| groups.groups().to_vec()).into(),
            subordinate_users: ranges(SubordinateRanges::of_users(machine)),
            subordinate_groups: ranges(SubordinateRanges::of_groups(machine)),
        }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Users")?;
        if let Some(users) = page.or_why(&self.users)? {
            let mut table = Table::new(&[
                ("NUMBER", Align::Right),
                ("NAME", Align::Left),
                ("GROUP", Align::Right),
                ("HOME", Align::Left),
                ("SHELL", Align::Left),
            ]);
            for user in users {
                let group = user.group.map_or_else(|| "-".to_owned(), |group| group.to_string());
                table.row([
                    cell(user.id),
                    cell(&user.name),
                    cell(group),
                    cell(&user.home),
                    cell(&user.shell),
                ]);
            }
            page.table(table)?;
        }
        page.heading("Groups")?;
        if let Some(groups) = page.or_why(&self.groups)? {
            let mut table =
                Table::new(&[("NUMBER", Align::Right), ("NAME", Align::Left), ("MEMBERS", Align::Left)]);
            for group in groups {
                let members: Vec<_> = group.members.iter().map(ToString::to_string).collect();
                table.row([cell(group.id), cell(&group.name), cell(members.join(" "))]);
            }
            page.table(table)?;
        }
        let ranges = [("users", &self.subordinate_users), ("groups", &self.subordinate_groups)];
        for (what, ranges) in ranges {
            page.heading(format_args!("Numbers of {what} for namespaces"))?;
            if let Some(ranges) = page.or_why(ranges)? {
                let mut table =
                    Table::new(&[("USER", Align::Left), ("FIRST", Align::Right), ("COUNT", Align::Right)]);
                for range in ranges {
                    table.row([cell(&range.user), cell(range.first), cell(range.count)]);
                }
                page.table(table)?;
            }
        }
        Ok(())
    }
}

/// Who a process is.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProcessUsers {
    /// The number of the process.
    pid: Pid,
    /// Its users.
    users: Credentials<UserId>,
    /// Its groups.
    groups: Credentials<GroupId>,
    /// Its supplementary groups.
    supplementary_groups: Vec<GroupId>,
    /// The user who logged in, whoever it has become since.
    login_user: Reading<Option<UserId>>,
    /// How its user namespace numbers users.
    user_map: Reading<UserIdMap>,
    /// How its user namespace numbers groups.
    group_map: Reading<GroupIdMap>,
    /// The names of these users, of the machine's files.
    user_names: Vec<NamedUser>,
    /// The names of these groups, of the machine's files.
    group_names: Vec<NamedGroup>,
}

/// A user's name.
#[derive(Debug, Serialize, JsonSchema)]
struct NamedUser {
    id: UserId,
    name: ByteString,
}

/// A group's name.
#[derive(Debug, Serialize, JsonSchema)]
struct NamedGroup {
    id: GroupId,
    name: ByteString,
}

fn each<T: Copy>(ids: &Credentials<T>) -> [T; 4] {
    [ids.real, ids.effective, ids.saved, ids.filesystem]
}

impl ProcessUsers {
    pub(crate) fn read(machine: &Machine, pid: Pid) -> Result<Self, Error> {
        let process = Process::open(machine, pid)?;
        let status = process.status()?;
        let (known_users, known_groups) = (Users::read(machine).ok(), Groups::read(machine).ok());
        let mut users = each(&status.users).to_vec();
        let mut groups = [&each(&status.groups)[..], &status.supplementary_groups].concat();
        users.sort_unstable();
        users.dedup();
        groups.sort_unstable();
        groups.dedup();
        let user_name = |id| Some(NamedUser { id, name: known_users.as_ref()?.name(id)?.clone() });
        let group_name = |id| Some(NamedGroup { id, name: known_groups.as_ref()?.name(id)?.clone() });
        Ok(Self {
            pid,
            users: status.users,
            groups: status.groups,
            supplementary_groups: status.supplementary_groups,
            login_user: process.login_user().into(),
            user_map: process.user_id_map().into(),
            group_map: process.group_id_map().into(),
            user_names: users.into_iter().filter_map(user_name).collect(),
            group_names: groups.into_iter().filter_map(group_name).collect(),
        })
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let user = |id: UserId| {
            let known = self.user_names.iter().find(|known| known.id == id);
            known.map_or_else(|| id.to_string(), |known| format!("{id} ({})", known.name))
        };
        let group = |id: GroupId| {
            let known = self.group_names.iter().find(|known| known.id == id);
            known.map_or_else(|| id.to_string(), |known| format!("{id} ({})", known.name))
        };
        page.heading(format_args!("Users and groups of process {}", self.pid))?;
        let mut table = Table::new(&[
            ("", Align::Left),
            ("REAL", Align::Left),
            ("EFFECTIVE", Align::Left),
            ("SAVED", Align::Left),
            ("FILE SYSTEM", Align::Left),
        ]);
        let [real, effective, saved, file_system] = each(&self.users).map(|id| cell(user(id)));
        table.row([cell("user"), real, effective, saved, file_system]);
        let [real, effective, saved, file_system] = each(&self.groups).map(|id| cell(group(id)));
        table.row([cell("group"), real, effective, saved, file_system]);
        page.table(table)?;
        let groups: Vec<_> = self.supplementary_groups.iter().map(|&id| group(id)).collect();
        let login = match &self.login_user {
            Reading::Value(Some(id)) => user(*id),
            Reading::Value(None) => "nobody".to_owned(),
            Reading::Unavailable(error) => format!("({})", error.reason()),
        };
        let supplementary = if groups.is_empty() { "none".to_owned() } else { groups.join(", ") };
        page.values(&[("supplementary groups", supplementary), ("logged in as", login)])
    }
}
