//! Sets of signals.

use core::ops::Not;

use super::Signal;
use crate::bit_set;

/// A set of the signals 1 to 64.
///
/// `Display` is the kernel's format: 16 hexadecimal digits. MIPS has 128 signals; those above 64 are never in a set.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[doc(alias = "sigset_t")]
pub struct SignalSet(u64);

impl SignalSet {
    /// No signal.
    pub const EMPTY: Self = Self(0);
    /// All signals, those of the C library too.
    pub const ALL: Self = Self(u64::MAX);
    /// The signals of the C library: 32 and 33, and with musl 34.
    pub const OF_C_LIBRARY: Self =
        Self(((1 << (Signal::FIRST_OF_PROGRAMS - Signal::FIRST_OF_KERNEL)) - 1) << 31);
    /// All real-time signals, those of the C library too.
    pub const REAL_TIME: Self = Self(u64::MAX << 31);
    /// Those that an instruction of the thread itself causes: SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP and SIGSYS.
    pub const FAULTS: Self = Self::EMPTY
        .with(Signal::SEGV)
        .with(Signal::BUS)
        .with(Signal::ILL)
        .with(Signal::FPE)
        .with(Signal::TRAP)
        .with(Signal::SYS);

    /// Whether `signal` is in the set.
    #[must_use]
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 & Self::bit(signal) != 0
    }

    /// Whether all of `other` are in the set.
    #[must_use]
    pub const fn is_superset(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// How many there are.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// The set with `signal` too; the same set for those above 64.
    #[must_use]
    pub const fn with(self, signal: Signal) -> Self {
        Self(self.0 | Self::bit(signal))
    }

    /// The set without `signal`.
    #[must_use]
    pub const fn without(self, signal: Signal) -> Self {
        Self(self.0 & !Self::bit(signal))
    }

    /// The signals, by number.
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        (1..=64).map(Signal).filter(move |&signal| self.contains(signal))
    }

    const fn bit(signal: Signal) -> u64 {
        if signal.0 <= 64 { 1 << (signal.0 - 1) } else { 0 }
    }
}

bit_set!(SignalSet of Signal, "The set whose bit `n - 1` says whether it has the signal `n`, as the kernel has it.");

impl Not for SignalSet {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl From<Signal> for SignalSet {
    fn from(signal: Signal) -> Self {
        Self::EMPTY.with(signal)
    }
}

impl Extend<Signal> for SignalSet {
    fn extend<I: IntoIterator<Item = Signal>>(&mut self, signals: I) {
        *self |= signals.into_iter().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_joined_cut_and_turned_over() {
        let both: SignalSet = [Signal::INT, Signal::TERM].into_iter().collect();
        assert_eq!(both - Signal::INT.into(), SignalSet::from(Signal::TERM));
        assert_eq!(both & Signal::INT.into(), SignalSet::from(Signal::INT));
        assert_eq!(both.without(Signal::INT) | Signal::INT.into(), both);
        assert_eq!((!both).count(), 62);
        assert!(SignalSet::ALL.is_superset(both) && !both.is_superset(SignalSet::ALL));
        assert_eq!(both.bits(), 1 << 1 | 1 << 14);
    }

    #[test]
    fn a_set_comes_back() {
        let text = "7be3c0fe28014a03";
        assert_eq!(SignalSet::parse(text.as_bytes()).unwrap().to_string(), text);
        assert!(!SignalSet::from_bits(u64::MAX).contains(Signal::new(65).unwrap()));
        assert_eq!(SignalSet::EMPTY.with(Signal::new(65).unwrap()), SignalSet::EMPTY);
        assert_eq!(SignalSet::from_bits(u64::MAX).iter().count(), 64);
    }
}
