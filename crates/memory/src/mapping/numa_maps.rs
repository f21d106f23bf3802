//! `/proc/PID/numa_maps`.

use std::borrow::Cow;

use linux_support_base::{
    Bytes, NumaNode, PageSize, ParseError,
    text::{self, decimal, fields, hexadecimal, unescape_octal},
};

use crate::numa::MemoryPolicy;

/// A mapping, as a line of `/proc/PID/numa_maps` gives it: its policy, and on which nodes its pages are.
///
/// ```
/// use linux_support_base::NumaNode;
/// use linux_support_memory::mapping::numa_maps::Entry;
///
/// let line = b"7f1c2a000000 bind:0-1 anon=5 dirty=5 N0=2 N1=3 kernelpagesize_kB=4";
/// let entry = Entry::parse(line)?;
/// assert_eq!(entry.policy()?.to_string(), "bind:0-1");
/// assert_eq!(entry.nodes().map(|(node, pages)| (node.number(), pages)).collect::<Vec<_>>(), [(0, 2), (1, 3)]);
/// assert_eq!(entry.on_node(NumaNode::new(1).unwrap()).map(|bytes| bytes.kib()), Some(12));
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Kernel
/// With `CONFIG_NUMA`.
///
/// # Source
/// `proc_pid_numa_maps(5)`, numa(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// Its first address.
    pub start: u64,
    /// The policy, as it stands there: see [`policy`](Self::policy).
    pub raw_policy: &'a [u8],
    /// The size of its pages, in which all is counted; before Linux 3.16, the base size is meant.
    pub page_size: Option<PageSize>,
    /// What follows the policy, as it stands there.
    pub text: &'a [u8],
}

/// A word of a line after the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Word<'a> {
    /// The mapping is of this file.
    File(Cow<'a, [u8]>),
    /// It is the heap.
    Heap,
    /// It is the stack of the first thread.
    Stack,
    /// It is on huge pages of a pool.
    Huge,
    /// A number of pages, or of another thing: `anon`, `dirty`, `mapped`, `mapmax`, `swapcache`, `active`, `writeback`, and
    /// what will be.
    Count(&'a [u8], u64),
    /// So many pages are on a node.
    Node(NumaNode, u64),
    /// Another word.
    Other(&'a [u8]),
}

impl<'a> Entry<'a> {
    /// Reads one line, with or without the newline at its end.
    ///
    /// # Errors
    /// An address, a size of pages or a number of pages on a node that is malformed.
    pub fn parse(line: &'a [u8]) -> Result<Self, ParseError> {
        let line = text::trim(line);
        let (start, rest) = text::split_once(line, b' ')
            .ok_or_else(|| ParseError::expected("an address and a policy", line))?;
        let start = hexadecimal(start).map_err(|error| error.in_field("address"))?;
        let (raw_policy, text) = Self::split_policy(rest);
        let mut entry = Self { start, raw_policy, page_size: None, text };
        for word in fields(text) {
            if let Some(kib) = word.strip_prefix(b"kernelpagesize_kB=") {
                let kib = decimal(kib).map_err(|error| error.in_field("kernelpagesize_kB"))?;
                let size = Bytes::from_kib(kib).and_then(PageSize::new);
                entry.page_size = Some(size.ok_or_else(|| {
                    ParseError::expected("a page size", word).in_field("kernelpagesize_kB")
                })?);
            } else if let Some((_, pages)) = node_word(word) {
                decimal::<u64>(pages).map_err(|error| error.in_field("N"))?;
            }
        }
        Ok(entry)
    }

    /// Parts the policy from what follows: two of its names hold a space.
    fn split_policy(rest: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let named = [&b"prefer (many)"[..], b"weighted interleave"]
            .into_iter()
            .find(|name| rest.starts_with(name))
            .map_or(0, <[u8]>::len);
        match memchr::memchr(b' ', &rest[named..]) {
            Some(space) => (&rest[..named + space], &rest[named + space + 1..]),
            None => (rest, b""),
        }
    }

    /// The policy of the mapping: that of its range, else the task's.
    ///
    /// # Errors
    /// A mode, a flag or nodes that are not known here.
    pub fn policy(&self) -> Result<MemoryPolicy, ParseError> {
        MemoryPolicy::parse(self.raw_policy)
    }

    /// All words after the policy but for the size of pages, in the kernel's order.
    pub fn words(&self) -> impl Iterator<Item = Word<'a>> {
        fields(self.text).filter(|word| !word.starts_with(b"kernelpagesize_kB=")).map(|word| {
            if let Some(path) = word.strip_prefix(b"file=") {
                return Word::File(unescape_octal(path));
            }
            if let Some((node, pages)) = node_word(word)
                && let Ok(pages) = decimal(pages)
            {
                return Word::Node(node, pages);
            }
            match word {
                b"heap" => Word::Heap,
                b"stack" => Word::Stack,
                b"huge" => Word::Huge,
                word => match text::split_once(word, b'=').map(|(name, value)| (name, decimal(value))) {
                    Some((name, Ok(value))) => Word::Count(name, value),
                    _ => Word::Other(word),
                },
            }
        })
    }

    /// How many pages are on each node, of [`page_size`](Self::page_size); nodes without any are not there.
    pub fn nodes(&self) -> impl Iterator<Item = (NumaNode, u64)> {
        self.words().filter_map(|word| match word {
            Word::Node(node, pages) => Some((node, pages)),
            _ => None,
        })
    }

    /// How much of it is on `node`; `None` where the size of the pages is not told.
    #[must_use]
    pub fn on_node(&self, node: NumaNode) -> Option<Bytes> {
        let pages = self.nodes().find(|(known, _)| *known == node).map_or(0, |(_, pages)| pages);
        pages.checked_mul(self.page_size?.bytes().get()).map(Bytes::new)
    }

    /// The number of this name: `anon`, `dirty`, `mapped`, `mapmax`, `swapcache`, `active`, `writeback`. All but `mapmax`
    /// are of pages.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<u64> {
        self.words().find_map(|word| match word {
            Word::Count(known, value) if known == name.as_bytes() => Some(value),
            _ => None,
        })
    }

    /// The file that is mapped.
    #[must_use]
    pub fn file(&self) -> Option<Cow<'a, [u8]>> {
        self.words().find_map(|word| match word {
            Word::File(path) => Some(path),
            _ => None,
        })
    }

    /// Whether it is on huge pages of a pool.
    #[must_use]
    pub fn is_huge(&self) -> bool {
        fields(self.text).any(|word| word == b"huge")
    }
}

/// The node and the number of `N0=5`.
fn node_word(word: &[u8]) -> Option<(NumaNode, &[u8])> {
    let (name, pages) = text::split_once(word, b'=')?;
    Some((NumaNode::parse(name.strip_prefix(b"N")?).ok()?, pages))
}

/// The mappings of a text of numa_maps, in rising order of address.
///
/// Each item is an error where its line is malformed; the lines after it are given still.
pub fn entries(bytes: &[u8]) -> impl Iterator<Item = Result<Entry<'_>, ParseError>> {
    text::lines(bytes).map(Entry::parse)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::numa::PolicyMode;

    const TEXT: &[u8] =
        b"55d0c5a00000 default file=/usr/bin/a\\040b mapped=3 mapmax=2 active=0 N0=3 kernelpagesize_kB=4\n\
7f0000000000 prefer (many)=static:1,3 huge dirty=2 N3=2 kernelpagesize_kB=2048\n\
7f1000000000 weighted interleave:0-1 heap anon=6 dirty=6 new_word N0=4 N1=2 kernelpagesize_kB=4\n\
7ffc0d5a0000 default stack\n7ffc0d5c0000 default\n";

    fn node(number: u32) -> NumaNode {
        NumaNode::new(number).unwrap()
    }

    #[test]
    fn every_word_of_a_line_is_read_and_new_ones_are_kept() {
        let found: Vec<_> = entries(TEXT).map(Result::unwrap).collect();
        assert!(entries(TEXT.trim_ascii_end()).map(Result::unwrap).eq(found.iter().copied()));
        assert_eq!(found.len(), 5);
        assert_eq!(found[0].file().as_deref(), Some(&b"/usr/bin/a b"[..]));
        assert_eq!((found[0].count("mapped"), found[0].count("mapmax")), (Some(3), Some(2)));
        assert_eq!(found[0].on_node(node(0)), Some(Bytes::new(3 << 12)));
        assert_eq!(found[0].on_node(node(1)), Some(Bytes::new(0)));
        assert_eq!(found[1].policy().unwrap().mode(), PolicyMode::PreferredMany);
        assert!(found[1].is_huge() && !found[2].is_huge());
        assert_eq!(found[1].on_node(node(3)), Some(Bytes::new(4 << 20)));
        assert_eq!(found[2].policy().unwrap().to_string(), "weighted interleave:0-1");
        assert_eq!(
            found[2].words().collect::<Vec<_>>(),
            [
                Word::Heap,
                Word::Count(b"anon", 6),
                Word::Count(b"dirty", 6),
                Word::Other(b"new_word"),
                Word::Node(node(0), 4),
                Word::Node(node(1), 2),
            ]
        );
        assert_eq!((found[3].page_size, found[3].words().count()), (None, 1));
        assert_eq!(
            (found[4].start, found[4].raw_policy, found[4].text),
            (0x7ffc_0d5c_0000, &b"default"[..], &b""[..])
        );
    }

    #[test]
    fn a_malformed_line_names_its_field_and_hides_no_other() {
        let text = b"zz default\n1000 default N0=x kernelpagesize_kB=4\n2000 default kernelpagesize_kB=3\n3000 newer:0\n";
        let found: Vec<_> = entries(text).collect();
        let field = |index: usize| found[index].as_ref().unwrap_err().field();
        assert_eq!([field(0), field(1), field(2)], [Some("address"), Some("N"), Some("kernelpagesize_kB")]);
        let newer = found[3].as_ref().unwrap();
        assert!(newer.policy().is_err());
        assert_eq!(newer.raw_policy, b"newer:0");
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, cut in 0..TEXT.len(), at in 0..TEXT.len(), byte: u8) {
            let use_all = |bytes: &[u8]| entries(bytes).flatten().map(|entry| entry.words().count()).sum::<usize>();
            let mut damaged = TEXT[..cut.max(1)].to_vec();
            let at = at % damaged.len();
            damaged[at] = byte;
            prop_assert!(use_all(&bytes) <= bytes.len() && use_all(&damaged) <= damaged.len());
        }
    }
}
