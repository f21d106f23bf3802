use core::ops::{BitAnd, BitOr, BitXor, Sub};

use super::{Number, NumberSet};

impl<T: Number> NumberSet<T> {
    /// Whether every member is in `other` too.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.words.iter().enumerate().all(|(index, word)| word & !other.word(index) == 0)
    }

    /// Whether no member is in `other`.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).all(|(a, b)| a & b == 0)
    }

    fn word(&self, index: usize) -> u64 {
        self.words.get(index).copied().unwrap_or(0)
    }

    fn combine(&self, other: &Self, operation: impl Fn(u64, u64) -> u64) -> Self {
        let length = self.words.len().max(other.words.len());
        let mut set = Self::new();
        set.words.extend((0..length).map(|index| operation(self.word(index), other.word(index))));
        set.trim();
        set
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $doc:literal $operation:expr;)*) => {$(
        impl<T: Number> $trait for &NumberSet<T> {
            type Output = NumberSet<T>;
            #[doc = $doc]
            fn $method(self, other: Self) -> NumberSet<T> {
                self.combine(other, $operation)
            }
        }
        impl<T: Number> $trait for NumberSet<T> {
            type Output = NumberSet<T>;
            #[doc = $doc]
            fn $method(self, other: Self) -> NumberSet<T> {
                self.combine(&other, $operation)
            }
        }
    )*};
}

operators! {
    BitAnd bitand "The members of both." |a, b| a & b;
    BitOr bitor "The members of either." |a, b| a | b;
    BitXor bitxor "The members of one, but not of both." |a, b| a ^ b;
    Sub sub "The members of the first that are not of the second." |a, b| a & !b;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use crate::{Cpu, CpuSet};

    fn sets() -> impl Strategy<Value = (BTreeSet<u32>, BTreeSet<u32>)> {
        let set = || prop::collection::btree_set(0u32..700, 0..40);
        (set(), set())
    }

    fn cpus(numbers: &BTreeSet<u32>) -> CpuSet {
        numbers.iter().map(|&number| Cpu::new(number).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn the_algebra_is_that_of_sets((a, b) in sets()) {
            let (x, y) = (cpus(&a), cpus(&b));
            prop_assert_eq!(&x & &y, cpus(&(&a & &b)));
            prop_assert_eq!(&x | &y, cpus(&(&a | &b)));
            prop_assert_eq!(&x ^ &y, cpus(&(&a ^ &b)));
            prop_assert_eq!(&x - &y, cpus(&(&a - &b)));
            prop_assert_eq!(x.is_subset(&y), a.is_subset(&b));
            prop_assert_eq!(x.is_disjoint(&y), a.is_disjoint(&b));
        }
    }
}
