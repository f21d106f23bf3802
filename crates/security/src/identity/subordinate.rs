//! Ranges of ids that users may use in their own user namespaces.

use linux_support_base::{
    ByteString, Error, Machine, ParseError, UserId,
    text::{decimal, lines},
};

use super::User;

/// A range that a user was given.
///
/// # Source
/// subuid(5), subgid(5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SubordinateRange {
    /// The user's name, or number.
    pub user: ByteString,
    /// The first id of the range.
    pub first: u32,
    /// How many there are: above 0.
    pub count: u32,
}

/// The ranges of `/etc/subuid` or `/etc/subgid`.
///
/// ```
/// # use linux_support_security::identity::SubordinateRanges;
/// let ranges = SubordinateRanges::parse(b"ann:100000:65536\n")?;
/// assert_eq!(ranges.ranges()[0].last(), 165_535);
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubordinateRanges {
    ranges: Vec<SubordinateRange>,
    other: Vec<ByteString>,
}

impl SubordinateRange {
    /// The last id of the range.
    #[must_use]
    pub const fn last(&self) -> u32 {
        self.first + (self.count - 1)
    }

    /// Whether both have an id in common.
    #[must_use]
    pub const fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last() && other.first <= self.last()
    }
}

impl SubordinateRanges {
    /// Reads the file. Lines that are no ranges, or whose range is empty or leads beyond the last id, are kept in
    /// [`other`](Self::other), as newgidmap(1) passes over them; blank ones and comments are passed over.
    ///
    /// # Errors
    /// None: what is not a range is another line.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut parsed = Self::default();
        for line in lines(text).filter(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#")) {
            match range(line) {
                Some(range) => parsed.ranges.push(range),
                None => parsed.other.push(line.into()),
            }
        }
        Ok(parsed)
    }

    /// Those of users.
    ///
    /// # Errors
    /// The file can't be read.
    #[doc(alias = "/etc/subuid")]
    pub fn of_users(machine: &Machine) -> Result<Self, Error> {
        machine.parse("/etc/subuid", Self::parse)
    }

    /// Those of groups.
    ///
    /// # Errors
    /// The file can't be read.
    #[doc(alias = "/etc/subgid")]
    pub fn of_groups(machine: &Machine) -> Result<Self, Error> {
        machine.parse("/etc/subgid", Self::parse)
    }

    /// All, in the order of the file.
    #[must_use]
    pub fn ranges(&self) -> &[SubordinateRange] {
        &self.ranges
    }

    /// Lines that are no ranges.
    #[must_use]
    pub fn other(&self) -> &[ByteString] {
        &self.other
    }

    /// Those of a user, by name or by number.
    pub fn of(&self, user: &User) -> impl Iterator<Item = &SubordinateRange> {
        self.named(user.name.as_bytes().to_vec(), user.id)
    }

    fn named(&self, name: Vec<u8>, id: UserId) -> impl Iterator<Item = &SubordinateRange> {
        let number = id.to_string();
        self.ranges.iter().filter(move |range| {
            let user = range.user.as_bytes();
            user == name || user == number.as_bytes()
        })
    }

    /// Pairs of ranges of different users that have ids in common: each user could act as the other's.
    pub fn shared(&self) -> impl Iterator<Item = (&SubordinateRange, &SubordinateRange)> {
        self.ranges.iter().enumerate().flat_map(|(number, first)| {
            let others = self.ranges[number + 1..].iter();
            others
                .filter(|other| other.user != first.user && first.overlaps(other))
                .map(move |other| (first, other))
        })
    }
}

fn range(line: &[u8]) -> Option<SubordinateRange> {
    let mut fields = line.split(|&byte| byte == b':');
    let user = fields.next().filter(|user| !user.is_empty())?;
    let mut number = || decimal::<u32>(fields.next()?.trim_ascii()).ok();
    let (first, count) = (number()?, number()?);
    let last = first.checked_add(count.checked_sub(1)?)?;
    // The highest number is no id of anyone.
    (fields.next().is_none() && last != u32::MAX).then(|| SubordinateRange {
        user: user.into(),
        first,
        count,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_those_of_the_user_by_name_and_by_number() {
        let text = b"ann:100000:65536\n1000:300000:10\nbob:165536:65536";
        let ranges = SubordinateRanges::parse(text).unwrap();
        let ann = User {
            name: "ann".into(),
            id: UserId::new(1000),
            group: None,
            comment: "".into(),
            home: "".into(),
            shell: "".into(),
        };
        let firsts: Vec<_> = ranges.of(&ann).map(|range| (range.first, range.last())).collect();
        assert_eq!(firsts, [(100_000, 165_535), (300_000, 300_009)]);
        assert_eq!(ranges.shared().count(), 0);
        assert_eq!(SubordinateRanges::parse(&[text, &b"\n"[..]].concat()), Ok(ranges));
    }

    #[test]
    fn odd_lines_are_kept_and_hide_no_others() {
        let text =
            b"# c\n\nann:1\nann:1:0\n:1:2\nann:4294967295:1\nann:4294967290:6\nann:1:2:3\nann:x:1\nann:5:6\n";
        let ranges = SubordinateRanges::parse(text).unwrap();
        assert_eq!((ranges.ranges().len(), ranges.other().len()), (1, 7));
    }

    #[test]
    fn ranges_that_two_users_share_are_told() {
        let ranges =
            SubordinateRanges::parse(b"ann:100:10\nbob:109:5\nbob:105:1\ncat:110:1\nann:200:1\n").unwrap();
        let pairs: Vec<_> = ranges.shared().map(|(one, other)| (one.first, other.first)).collect();
        assert_eq!(pairs, [(100, 109), (100, 105), (109, 110)]);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "([a-c]|[0-9]{1,11}|:|#|\\n){0,40}", bytes: Vec<u8>) {
            for text in [text.as_bytes(), &bytes] {
                let ranges = SubordinateRanges::parse(text).unwrap();
                let _ = ranges.shared().count();
            }
        }
    }
}
