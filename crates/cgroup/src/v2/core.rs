//! What every group of version 2 has, whatever its controllers.

use core::{fmt, time::Duration};

use linux_support_base::{ByteString, ParseError, text};

use crate::format::flat_keyed;

/// The type of a group of version 2.
///
/// # Source
/// Documentation/admin-guide/cgroup-v2.rst, `cgroup.type`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "cgroup.type")]
#[non_exhaustive]
pub enum GroupType {
    /// A usual group.
    Domain,
    /// A usual group that is the root of a threaded subtree.
    DomainThreaded,
    /// It can't have processes or controllers, because a group above it is threaded.
    DomainInvalid,
    /// A part of a threaded subtree: it has threads of processes that are also elsewhere in the subtree.
    Threaded,
    /// One that this library does not know.
    Unknown(ByteString),
}

impl GroupType {
    /// Reads the file `cgroup.type`.
    ///
    /// # Errors
    /// An empty file.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Ok(match text::trim(text) {
            b"" => return Err(ParseError::expected("a type of group", text)),
            b"domain" => Self::Domain,
            b"domain threaded" => Self::DomainThreaded,
            b"domain invalid" => Self::DomainInvalid,
            b"threaded" => Self::Threaded,
            other => Self::Unknown(other.into()),
        })
    }
}

impl fmt::Display for GroupType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain => f.pad("domain"),
            Self::DomainThreaded => f.pad("domain threaded"),
            Self::DomainInvalid => f.pad("domain invalid"),
            Self::Threaded => f.pad("threaded"),
            Self::Unknown(word) => word.fmt(f),
        }
    }
}

crate::as_text!(GroupType);

flat_keyed! {
    /// What happens to a group: changes of this are told to those who poll the file.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, `cgroup.events`.
    #[doc(alias = "cgroup.events")]
    pub struct GroupEvents {
        /// Whether it or a group below it has a living process.
        required populated: bool = "populated" boolean;
        /// Whether all of its processes are stopped.
        optional frozen: bool = "frozen" boolean;
    }
}

flat_keyed! {
    /// The groups below a group.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, `cgroup.stat`.
    #[doc(alias = "cgroup.stat")]
    pub struct GroupStatistics {
        /// How many there are.
        required descendants: u64 = "nr_descendants" count;
        /// How many were removed and still hold resources.
        required dying_descendants: u64 = "nr_dying_descendants" count;
    }
}

flat_keyed! {
    /// What a group did itself, without the groups below it.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, `cgroup.stat.local`.
    #[doc(alias = "cgroup.stat.local")]
    pub struct GroupLocalStatistics {
        /// How long it was stopped.
        optional frozen: Duration = "frozen_usec" microseconds ["frozen_seconds" as "Option<f64>"];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_type_is_read_and_written_back() {
        for word in ["domain", "domain threaded", "domain invalid", "threaded", "new word"] {
            let kind = GroupType::parse(format!("{word}\n").as_bytes()).unwrap();
            assert_eq!(kind.to_string(), word);
            assert_eq!(matches!(kind, GroupType::Unknown(_)), word == "new word");
        }
        assert!(GroupType::parse(b"\n").is_err());
    }

    #[test]
    fn keys_not_known_are_kept() {
        for text in [&b"populated 1\nfrozen 0\nnew 7\n"[..], b"populated 1\nfrozen 0\nnew 7"] {
            let events = GroupEvents::parse(text).unwrap();
            assert_eq!((events.populated, events.frozen), (true, Some(false)));
            assert_eq!(events.other.get(b"new"), Some(&"7".into()));
        }
        assert_eq!(GroupEvents::parse(b"populated 0\n").unwrap().frozen, None);
    }

    #[test]
    fn the_time_for_which_it_was_stopped_is_read() {
        let local = GroupLocalStatistics::parse(b"frozen_usec 1500\n").unwrap();
        assert_eq!(local.frozen, Some(Duration::from_micros(1500)));
        assert_eq!(GroupLocalStatistics::parse(b"").unwrap().frozen, None);
    }

    #[test]
    fn a_missing_or_malformed_key_is_named() {
        assert_eq!(GroupEvents::parse(b"frozen 0\n").unwrap_err().field(), Some("populated"));
        let text = b"nr_descendants 1\nnr_dying_descendants x\n";
        let error = GroupStatistics::parse(text).unwrap_err().within(text);
        assert_eq!(error.to_string(), r#"line 2: nr_dying_descendants "x": expected a number at byte 21"#);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn json_leaves_out_what_is_not_there() {
        let events = GroupEvents::parse(b"populated 1\n").unwrap();
        assert_eq!(serde_json::to_string(&events).unwrap(), r#"{"populated":true}"#);
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (GroupType::parse(&text), GroupEvents::parse(&text), GroupStatistics::parse(&text));
        }
    }
}
