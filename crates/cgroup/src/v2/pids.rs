//! The controller `pids` of version 2.

use linux_support_base::Limit;

use crate::format::{count, flat_keyed, interface_files, limit_count};

interface_files! {
    /// The number of threads in a group.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, "PID".
    pub struct PidsControl of "pids" {
        /// How many threads it and the groups below it have.
        current: u64 = "pids.current" BelowRoot by count;
        /// The most that they had.
        peak: u64 = "pids.peak" BelowRoot by count;
        /// How many they may have.
        max: Limit<u64> = "pids.max" BelowRoot by limit_count;
        /// What happened to it and the groups below it.
        events: PidsEvents = "pids.events" BelowRoot by PidsEvents::parse;
        /// What happened to it, without the groups below it.
        events_local: PidsEvents = "pids.events.local" BelowRoot by PidsEvents::parse;
    }
}

flat_keyed! {
    /// How often the limit of threads was met.
    #[doc(alias = "pids.events")]
    pub struct PidsEvents {
        /// A thread could not be made.
        required max: u64 = "max" count;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_limit_was_met_so_often() {
        assert_eq!(PidsEvents::parse(b"max 3\n").unwrap().max, 3);
        assert!(PidsEvents::parse(b"").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = PidsEvents::parse(&text);
        }
    }
}
