//! Sets of small numbers: the form of CPU masks and node masks.

mod algebra;
mod list;
mod mask;

use core::{fmt, marker::PhantomData};

use smallvec::SmallVec;

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::Cpu {}
    impl Sealed for crate::NumaNode {}
}

/// A number that a [`NumberSet`] holds: [`Cpu`](crate::Cpu) or [`NumaNode`](crate::NumaNode).
pub trait Number: Copy + Ord + sealed::Sealed {
    /// One more than the largest number.
    const LIMIT: u32;
    #[doc(hidden)]
    const LIST: &'static str;
    #[doc(hidden)]
    const EXPECTED: &'static str;
    #[doc(hidden)]
    fn from_index(index: u32) -> Self;
    #[doc(hidden)]
    fn index(self) -> u32;
}

/// A set of CPUs or of NUMA nodes, of any size that Linux has.
///
/// Used through its names [`CpuSet`](crate::CpuSet) and [`NumaNodeSet`](crate::NumaNodeSet). Sets of numbers
/// below 128 need no memory of their own. `Display` and `FromStr` are the kernel's list format (`0-3,8`);
/// [`parse_mask`](Self::parse_mask) and [`mask`](Self::mask) are its mask format (`ffffffff,00000003`).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NumberSet<T> {
    /// Never ends in a word of zero, so that equal sets have equal words.
    words: SmallVec<[u64; 2]>,
    kind: PhantomData<T>,
}

impl<T: Number> NumberSet<T> {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { words: SmallVec::new_const(), kind: PhantomData }
    }

    /// All numbers from `first` to `last`, both included; empty where `last` is below `first`.
    #[must_use]
    pub fn range(first: T, last: T) -> Self {
        let mut set = Self::new();
        set.insert_range(first.index(), last.index());
        set
    }

    /// The set whose word `n`, bit `b` says whether it has the number `64 × n + b`: the form that
    /// `sched_getaffinity(2)` and `get_mempolicy(2)` fill in on 64-bit machines.
    ///
    /// Bits from [`Number::LIMIT`] on are left out.
    #[must_use]
    pub fn from_words(words: &[u64]) -> Self {
        let most = (T::LIMIT / 64) as usize;
        let mut set = Self { words: words[..words.len().min(most)].into(), kind: PhantomData };
        set.trim();
        set
    }

    /// The words of the set, without zeros at the end: see [`from_words`](Self::from_words).
    #[must_use]
    pub fn as_words(&self) -> &[u64] {
        &self.words
    }

    /// The words of the set, filled up with zeros to `length`, as a buffer for a system call.
    ///
    /// `None` where the set has members that do not fit.
    #[must_use]
    pub fn to_words(&self, length: usize) -> Option<Vec<u64>> {
        (self.words.len() <= length).then(|| {
            let mut words = self.words.to_vec();
            words.resize(length, 0);
            words
        })
    }

    /// How many members the set has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether the set has no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether `member` is in the set.
    #[must_use]
    pub fn contains(&self, member: T) -> bool {
        let (word, bit) = place(member.index());
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The smallest member.
    #[must_use]
    pub fn first(&self) -> Option<T> {
        let (index, word) = self.words.iter().enumerate().find(|(_, word)| **word != 0)?;
        Some(T::from_index(index as u32 * 64 + word.trailing_zeros()))
    }

    /// The largest member.
    #[must_use]
    pub fn last(&self) -> Option<T> {
        let word = self.words.last()?;
        Some(T::from_index(self.words.len() as u32 * 64 - 1 - word.leading_zeros()))
    }

    /// The members in rising order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { words: &self.words, base: 0, word: 0, kind: PhantomData }
    }

    /// Adds `member`; true where it was not there.
    pub fn insert(&mut self, member: T) -> bool {
        let (word, bit) = place(member.index());
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let added = self.words[word] & bit == 0;
        self.words[word] |= bit;
        added
    }

    /// Takes `member` out; true where it was there.
    pub fn remove(&mut self, member: T) -> bool {
        let (word, bit) = place(member.index());
        let Some(word) = self.words.get_mut(word) else {
            return false;
        };
        let removed = *word & bit != 0;
        *word &= !bit;
        self.trim();
        removed
    }

    /// Takes all members out.
    pub fn clear(&mut self) {
        self.words.clear();
    }

    fn insert_range(&mut self, first: u32, last: u32) {
        if last < first {
            return;
        }
        let (first_word, last_word) = (first as usize / 64, last as usize / 64);
        if self.words.len() <= last_word {
            self.words.resize(last_word + 1, 0);
        }
        for word in first_word..=last_word {
            let low = if word == first_word { first % 64 } else { 0 };
            let high = if word == last_word { last % 64 } else { 63 };
            self.words[word] |= u64::MAX << low & u64::MAX >> (63 - high);
        }
    }

    fn trim(&mut self) {
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }
}

/// What a file that holds one set says. Linux 5.15 and 5.16 end some files of sysfs with a NUL beyond the newline.
fn trimmed(text: &[u8]) -> &[u8] {
    let mut text = text.trim_ascii();
    while let [before @ .., 0] = text {
        text = before.trim_ascii_end();
    }
    text
}

#[inline]
const fn place(index: u32) -> (usize, u64) {
    (index as usize / 64, 1 << (index % 64))
}

/// The members of a [`NumberSet`] in rising order.
#[derive(Clone, Debug)]
pub struct Iter<'a, T> {
    words: &'a [u64],
    base: u32,
    word: u64,
    kind: PhantomData<T>,
}

impl<T: Number> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        while self.word == 0 {
            let (&word, rest) = self.words.split_first()?;
            (self.word, self.words, self.base) = (word, rest, self.base + 64);
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        Some(T::from_index(self.base - 64 + bit))
    }
}

impl<T: Number> core::iter::FusedIterator for Iter<'_, T> {}

impl<'a, T: Number> IntoIterator for &'a NumberSet<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T: Number> FromIterator<T> for NumberSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(members: I) -> Self {
        let mut set = Self::new();
        set.extend(members);
        set
    }
}

impl<T: Number> Extend<T> for NumberSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, members: I) {
        for member in members {
            self.insert(member);
        }
    }
}

impl<T: Number> Default for NumberSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Number> From<T> for NumberSet<T> {
    fn from(member: T) -> Self {
        Self::from_iter([member])
    }
}

impl<T: Number> fmt::Debug for NumberSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

#[cfg(test)]
mod tests {
    use crate::{Cpu, CpuSet};

    fn cpu(number: u32) -> Cpu {
        Cpu::new(number).unwrap()
    }

    #[test]
    fn sets_of_the_largest_machines_are_held() {
        let set = CpuSet::range(cpu(0), cpu(8191));
        assert_eq!((set.len(), set.last()), (8192, Some(cpu(8191))));
        assert!(set.iter().eq((0..8192).map(cpu)));
    }

    #[test]
    fn taking_the_last_member_out_leaves_the_empty_set() {
        let mut set = CpuSet::from(cpu(700));
        assert!(set.remove(cpu(700)) && !set.remove(cpu(700)));
        assert_eq!(set, CpuSet::new());
    }

    #[test]
    fn words_for_a_system_call_are_filled_up_and_never_cut() {
        let set = CpuSet::from(cpu(64));
        assert_eq!(set.to_words(4), Some(vec![0, 1, 0, 0]));
        assert_eq!(set.to_words(1), None);
        assert_eq!(CpuSet::from_words(&[0, 1, 0, 0]), set);
    }
}
