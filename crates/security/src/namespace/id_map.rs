use linux_support_base::{
    GroupId, ParseError, UserId, plain_number,
    text::{decimal, fields, lines},
};

plain_number! {
    /// How many ids a range has.
    IdCount(u32), "How many ids a range has."
}

/// A range of ids in a user namespace, and where they lie outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IdRange<T> {
    /// The first id inside.
    pub inside: T,
    /// The id that it is outside: in the namespace of the reader, or, where both are in the same, in its parent.
    pub outside: T,
    /// How many there are.
    pub count: IdCount,
}

/// `/proc/PID/uid_map` or `gid_map`: how the ids of a user namespace are numbered outside of it. Empty where
/// nothing was mapped yet.
///
/// # Source
/// user_namespaces(7), "User and group ID mappings".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IdMap<T>(pub(super) Vec<IdRange<T>>);

impl<T: Copy + From<u32> + Into<u32>> IdMap<T> {
    /// Reads the file.
    ///
    /// # Errors
    /// A line that is not three numbers.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        lines(text)
            .map(|line| {
                let mut fields = fields(line);
                let mut next = |field| decimal::<u32>(fields.required(field)?);
                Ok(IdRange {
                    inside: T::from(next("inside")?),
                    outside: T::from(next("outside")?),
                    count: IdCount::new(next("count")?),
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The ranges.
    #[must_use]
    pub fn ranges(&self) -> &[IdRange<T>] {
        &self.0
    }

    /// Whether every id is the same inside and outside: the machine's first user namespace.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        matches!(&self.0[..], [range] if range.inside.into() == 0 && range.outside.into() == 0 && range.count.get() == u32::MAX)
    }

    /// The id outside for the one inside.
    #[must_use]
    pub fn outside(&self, inside: T) -> Option<T> {
        let id = inside.into();
        self.0.iter().find_map(|range| {
            let offset = id.checked_sub(range.inside.into()).filter(|&offset| offset < range.count.get())?;
            range.outside.into().checked_add(offset).map(T::from)
        })
    }
}

/// `/proc/PID/uid_map`.
pub type UserIdMap = IdMap<UserId>;
/// `/proc/PID/gid_map`.
pub type GroupIdMap = IdMap<GroupId>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_outside() {
        let map = UserIdMap::parse(b"         0       1000          1\n         1     100000      65536\n")
            .unwrap();
        assert_eq!(map.outside(UserId::ROOT), Some(UserId::new(1000)));
        assert_eq!(map.outside(UserId::new(65536)), Some(UserId::new(165_535)));
        assert_eq!(map.outside(UserId::new(65537)), None);
        assert!(!map.is_identity() && map.ranges().len() == 2);
        assert!(GroupIdMap::parse(b"         0          0 4294967295\n").unwrap().is_identity());
        assert_eq!(GroupIdMap::parse(b"").unwrap().ranges().len(), 0);
        assert!(GroupIdMap::parse(b"0 0\n").is_err());
    }
}
