//! Arguments that choose what a call does: so few values that a policy can name them.

use linux_support_base::Error;
use linux_support_security::seccomp::{Comparison, Condition, Width};

/// The arguments of a call that choose: one or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Selector {
    first: (u8, Width),
    second: Option<(u8, Width)>,
}

const fn int(argument: u8) -> Selector {
    Selector { first: (argument, Width::Int), second: None }
}

const fn ints(first: u8, second: u8) -> Selector {
    Selector { first: (first, Width::Int), second: Some((second, Width::Int)) }
}

const fn long(argument: u8) -> Selector {
    Selector { first: (argument, Width::Long), second: None }
}

/// By name, and sorted: how wide each is says the kernel's definition of the call.
const SELECTORS: &[(&str, Selector)] = &[
    ("arch_prctl", int(0)),
    ("bpf", int(0)),
    ("clone", long(0)),
    ("epoll_ctl", int(1)),
    ("fadvise64", int(3)),
    ("fcntl", int(1)),
    ("futex", int(1)),
    ("getsockopt", ints(1, 2)),
    ("ioctl", int(1)),
    ("keyctl", int(0)),
    ("kill", int(1)),
    ("madvise", int(2)),
    ("membarrier", int(0)),
    ("memfd_create", int(1)),
    ("mmap", Selector { first: (2, Width::Long), second: Some((3, Width::Long)) }),
    ("mprotect", long(2)),
    ("personality", int(0)),
    ("pkey_mprotect", long(2)),
    ("prctl", int(0)),
    ("prlimit64", int(1)),
    ("ptrace", long(0)),
    ("rt_sigprocmask", int(0)),
    ("seccomp", ints(0, 1)),
    ("setns", int(1)),
    ("setsockopt", ints(1, 2)),
    ("socket", ints(0, 1)),
    ("socketpair", ints(0, 1)),
    ("tgkill", int(2)),
    ("unshare", long(0)),
];

impl Selector {
    /// That of the call of this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        let found = SELECTORS.binary_search_by_key(&name, |(known, _)| known).ok()?;
        SELECTORS.get(found).map(|(_, selector)| *selector)
    }

    /// What chooses, of the arguments of a call.
    pub(super) fn values(self, arguments: &[u64; 6]) -> [u64; 2] {
        let value = |(argument, width): (u8, Width)| {
            let value = arguments[usize::from(argument)];
            if width == Width::Int { value & u64::from(u32::MAX) } else { value }
        };
        [value(self.first), self.second.map_or(0, value)]
    }

    /// That they are these.
    pub(super) fn conditions(self, values: [u64; 2]) -> Result<Vec<Condition>, Error> {
        let equal = |((argument, width), value): ((u8, Width), u64)| match width {
            Width::Int => Condition::int(argument, Comparison::Equal(value)),
            Width::Long => Condition::long(argument, Comparison::Equal(value)),
        };
        core::iter::once(self.first).chain(self.second).zip(values).map(equal).collect()
    }
}

#[cfg(test)]
mod tests {
    use linux_support_security::seccomp::SystemCall;

    use super::*;

    #[test]
    fn all_are_calls_in_order() {
        assert!(SELECTORS.is_sorted_by_key(|(name, _)| *name));
        for (name, _) in SELECTORS {
            assert!(SystemCall::from_name(name).is_ok(), "{name}");
            assert!(Selector::of(name).is_some());
        }
        assert_eq!(Selector::of("read"), None);
    }

    #[test]
    fn what_the_kernel_does_not_look_at_is_left_out() {
        let ioctl = Selector::of("ioctl").unwrap();
        assert_eq!(ioctl.values(&[9, 0xffff_ffff_0000_5401, 9, 9, 9, 9]), [0x5401, 0]);
        assert_eq!(ioctl.conditions([0x5401, 0]).unwrap().len(), 1);
        let mmap = Selector::of("mmap").unwrap();
        assert_eq!(mmap.values(&[0, 4096, 3, 0x22, u64::MAX, 0]), [3, 0x22]);
        let conditions = mmap.conditions([3, 0x22]).unwrap();
        assert!(conditions.iter().all(|condition| condition.holds(&[0, 1, 3, 0x22, 0, 0])));
    }
}
