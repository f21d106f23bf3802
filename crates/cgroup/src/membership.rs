//! Which groups a process is in.

use linux_support_base::{ByteString, Error, Machine, ParseError, Pid, text};

use crate::Controller;

/// The group that a process is in, in one hierarchy.
///
/// # Source
/// `cgroups(7)`, "/proc/PID/cgroup".
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/PID/cgroup")]
pub struct Membership {
    /// The number of the hierarchy; 0 for version 2.
    pub hierarchy: u32,
    /// The controllers of the hierarchy, in version 1.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub controllers: Vec<Controller>,
    /// The name of the hierarchy, for those of version 1 that have one: `systemd`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub name: Option<ByteString>,
    /// The group, as a path from the root of the hierarchy, or of the reader's cgroup namespace: groups outside
    /// of that begin with `/..`.
    pub path: ByteString,
}

/// A line of `/proc/PID/cgroup`, borrowed: what a [`Membership`] is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MembershipEntry<'a> {
    /// The number of the hierarchy; 0 for cgroup v2.
    pub hierarchy: u32,
    /// The controllers or the name, apart by commas.
    words: &'a [u8],
    /// The group, as a path from the root of the hierarchy.
    pub path: &'a [u8],
}

impl<'a> MembershipEntry<'a> {
    fn parse(line: &'a [u8]) -> Result<Self, ParseError> {
        let colon = |text: &[u8]| text.iter().position(|&byte| byte == b':');
        let split = || {
            let first = colon(line)?;
            let second = first + 1 + colon(&line[first + 1..])?;
            Some((&line[..first], &line[first + 1..second], &line[second + 1..]))
        };
        let (hierarchy, words, path) = split()
            .ok_or_else(|| ParseError::expected("a number, controllers and a path, apart by :", line))?;
        let hierarchy = text::decimal(hierarchy).map_err(|error| error.in_field("hierarchy"))?;
        Ok(Self { hierarchy, words, path })
    }

    fn words(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.words.split(|&byte| byte == b',').filter(|word| !word.is_empty())
    }

    /// The names of its controllers.
    pub fn controllers(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.words().filter(|word| !word.starts_with(b"name="))
    }

    /// The name of the hierarchy, for those of version 1 that have one.
    #[must_use]
    pub fn name(&self) -> Option<&'a [u8]> {
        self.words().filter_map(|word| word.strip_prefix(b"name=")).last()
    }
}

impl Membership {
    /// Reads all lines of `/proc/PID/cgroup`.
    ///
    /// ```
    /// use linux_support_cgroup::{Controller, Membership};
    ///
    /// let all = Membership::parse_all(b"4:cpu,cpuacct:/a:b\n1:name=systemd:/\n0::/a\n")?;
    /// assert_eq!(all[0].controllers, [Controller::Cpu, Controller::Cpuacct]);
    /// assert_eq!(all[0].path, "/a:b");
    /// assert!(all[2].is_unified());
    /// # Ok::<(), linux_support_base::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// A line that has no two colons, or does not begin with a number.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        text::lines(text).filter(|line| !line.is_empty()).map(Self::parse_line).collect()
    }

    /// The lines of `/proc/PID/cgroup` one by one, borrowed: for those who read it of many processes.
    pub fn entries(text: &[u8]) -> impl Iterator<Item = Result<MembershipEntry<'_>, ParseError>> {
        text::lines(text).filter(|line| !line.is_empty()).map(MembershipEntry::parse)
    }

    fn parse_line(line: &[u8]) -> Result<Self, ParseError> {
        let entry = MembershipEntry::parse(line)?;
        Ok(Self {
            hierarchy: entry.hierarchy,
            controllers: entry.controllers().map(Controller::from_name).collect(),
            name: entry.name().map(ByteString::from),
            path: entry.path.into(),
        })
    }

    /// The groups that the process `pid` is in.
    ///
    /// # Errors
    /// There is no such process, or its file is malformed.
    pub fn read_all(machine: &Machine, pid: Pid) -> Result<Vec<Self>, Error> {
        machine.parse(format!("/proc/{pid}/cgroup"), Self::parse_all)
    }

    /// The groups that this process is in; on a captured machine, the capturing process.
    ///
    /// # Errors
    /// `/proc/self/cgroup` can't be read or is malformed.
    pub fn read_own(machine: &Machine) -> Result<Vec<Self>, Error> {
        machine.parse("/proc/self/cgroup", Self::parse_all)
    }

    /// Whether this is the hierarchy of version 2.
    #[must_use]
    pub fn is_unified(&self) -> bool {
        self.hierarchy == 0 && self.controllers.is_empty() && self.name.is_none()
    }

    /// Whether the group was removed meanwhile (or has a name that says so).
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.path.as_bytes().ends_with(b" (deleted)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn named_hierarchies_and_those_of_both_versions_are_told_apart() {
        let all = Membership::parse_all(b"9:name=systemd:/\n8:pids:/\n0::/x (deleted)").unwrap();
        assert_eq!((all[0].hierarchy, all[0].name.as_ref()), (9, Some(&"systemd".into())));
        assert!(all[0].controllers.is_empty() && !all[0].is_unified());
        assert_eq!(all[1].controllers, [Controller::Pids]);
        assert!(all[2].is_unified() && all[2].is_deleted());
        assert_eq!(Membership::parse_all(b""), Ok(vec![]));
    }

    #[test]
    fn borrowed_lines_are_the_same() {
        let text = b"9:name=systemd:/\n4:cpu,cpuacct:/a:b\n0::/x\n";
        let lines: Vec<_> = Membership::entries(text).map(Result::unwrap).collect();
        assert_eq!((lines[0].name(), lines[0].controllers().count()), (Some(&b"systemd"[..]), 0));
        assert_eq!(lines[1].controllers().collect::<Vec<_>>(), [&b"cpu"[..], b"cpuacct"]);
        assert_eq!((lines[1].path, lines[1].name()), (&b"/a:b"[..], None));
        assert_eq!((lines[2].hierarchy, lines[2].path, lines.len()), (0, &b"/x"[..], 3));
        assert!(Membership::entries(b"x::/").next().unwrap().is_err());
    }

    #[test]
    fn lines_of_another_form_are_errors() {
        assert!(Membership::parse_all(b"0:/x").is_err());
        let error = Membership::parse_all(b"x::/").unwrap_err();
        assert_eq!(error.field(), Some("hierarchy"));
    }

    #[test]
    fn this_process_is_in_groups() {
        let machine = Machine::live().unwrap();
        let own = Membership::read_own(&machine).unwrap();
        assert_eq!(
            own,
            Membership::read_all(&machine, Pid::new(std::process::id() as i32).unwrap()).unwrap()
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = Membership::parse_all(&text);
        }
    }
}
