use linux_support_base::{Error, LiveMachine, NumaNode, PageSize, Reason, TemporarySetting};

use super::{
    HugePagePool, compact, compact_node,
    pool::{NEEDS, directory_of, node_directory, pool},
};
use crate::{MemoryInformation, numa};

/// A wish for how many pages a pool shall have.
///
/// ```no_run
/// use linux_support_base::{Bytes, Machine, PageSize};
/// use linux_support_memory::huge_page::PoolWish;
///
/// let machine = Machine::live()?;
/// let size = PageSize::new(Bytes::new(2 << 20)).unwrap();
/// let resized = PoolWish::new(size, 512).compact().set(machine.as_live()?)?;
/// println!("{} of {} pages, {} before", resized.got, resized.asked, resized.before);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// Documentation/admin-guide/mm/hugetlbpage.rst.
#[derive(Clone, Debug)]
#[doc(alias = "nr_hugepages")]
#[doc(alias = "hugeadm")]
pub struct PoolWish {
    size: PageSize,
    pages: u64,
    part: PoolPart,
    compact: bool,
}

/// Which part of a pool is resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PoolPart {
    /// All of it: the kernel takes the pages from all nodes in turn.
    Machine,
    /// All of it, with pages taken from or given back to the nodes of the calling thread's memory policy.
    #[doc(alias = "nr_hugepages_mempolicy")]
    Policy,
    /// What this node has of it.
    Node(NumaNode),
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Resized {
    /// How many pages the pool had, without surplus.
    pub before: u64,
    /// How many it was to have.
    pub asked: u64,
    /// How many it has, without surplus.
    pub got: u64,
    /// How many there are above that, still in use: they go as they are freed.
    pub surplus: u64,
}

impl Resized {
    /// How many pages are lacking.
    #[must_use]
    pub const fn shortfall(&self) -> u64 {
        self.asked.saturating_sub(self.got)
    }

    /// Whether the pool has at least as many pages as it was to have.
    #[must_use]
    pub const fn is_met(&self) -> bool {
        self.shortfall() == 0
    }
}

impl PoolWish {
    /// The machine's pool of pages of `size` shall have so many.
    #[must_use]
    pub const fn new(size: PageSize, pages: u64) -> Self {
        Self { size, pages, part: PoolPart::Machine, compact: false }
    }

    /// This part of the pool shall.
    #[must_use]
    pub const fn of(mut self, part: PoolPart) -> Self {
        self.part = part;
        self
    }

    /// Moves used memory together first, which makes more huge pages to be had and takes a while.
    #[must_use]
    pub const fn compact(mut self) -> Self {
        self.compact = true;
        self
    }

    /// Resizes the pool. The kernel gives as many pages as it has: what is lacking is in the answer.
    ///
    /// # Errors
    /// The machine has no pool of this size or no such node; there is not so much memory; the kernel can't resize this
    /// pool while it runs (`EINVAL`). Then nothing is changed.
    ///
    /// # Capabilities
    /// Root's, to write the files.
    pub fn set(&self, machine: LiveMachine<'_>) -> Result<Resized, Error> {
        let (path, before) = self.prepare(machine)?;
        self.write(machine, &path)?;
        self.answer(machine, before)
    }

    /// As [`set`](Self::set), or not at all: where a page is lacking, the pool is as it was.
    ///
    /// # Errors
    /// As for [`set`](Self::set); or there are not so many pages to be had: the error says how many.
    pub fn set_whole(&self, machine: LiveMachine<'_>) -> Result<Resized, Error> {
        let (resized, held) = self.set_for_now(machine)?;
        if resized.is_met() {
            held.keep();
            return Ok(resized);
        }
        held.restore()?;
        Err(self.refused(format!(
            "asked for {}, and {} could be had: free or compact memory, or ask at boot",
            resized.asked, resized.got
        )))
    }

    /// As [`set`](Self::set), until what is returned is dropped: then each node has as many pages as before, as far as
    /// they are not in use.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub fn set_for_now<'m>(&self, machine: LiveMachine<'m>) -> Result<(Resized, TemporaryPool<'m>), Error> {
        let (path, before) = self.prepare(machine)?;
        let nodes = persistent_of_nodes(&pool(&machine, self.size)?)?;
        let held = TemporaryPool { machine, size: self.size, whole: before, nodes, ends: true };
        self.write(machine, &path)?;
        Ok((self.answer(machine, before)?, held))
    }

    /// The file to write, and how many pages there are; compacts.
    fn prepare(&self, machine: LiveMachine<'_>) -> Result<(String, u64), Error> {
        let known = pool(&machine, self.size)?;
        self.fits(&machine)?;
        let whole = directory_of(self.size);
        let path = match self.part {
            PoolPart::Machine => format!("{whole}/nr_hugepages"),
            PoolPart::Policy => format!("{whole}/nr_hugepages_mempolicy"),
            PoolPart::Node(node) => {
                if !known.nodes.iter().any(|part| part.node == node) {
                    return Err(self.refused(match numa::online(&machine) {
                        Ok(online) => format!("nodes {online} are online"),
                        Err(_) => "the kernel knows no nodes".to_owned(),
                    }));
                }
                format!("{}/nr_hugepages", node_directory(node, self.size))
            }
        };
        let before = persistent(&known, self.part)?;
        if self.compact {
            match self.part {
                PoolPart::Node(node) => compact_node(machine, node)?,
                PoolPart::Machine | PoolPart::Policy => compact(machine)?,
            }
        }
        Ok((path, before))
    }

    /// The kernel would give all memory that it has for a wish that can't be met.
    fn fits(&self, machine: &LiveMachine<'_>) -> Result<(), Error> {
        let memory = match self.part {
            PoolPart::Machine | PoolPart::Policy => MemoryInformation::read(machine)?.mem_total,
            PoolPart::Node(node) => numa::Node::read(machine, node)
                .ok()
                .and_then(|node| node.memory.into_result().ok()?.mem_total),
        };
        match memory {
            Some(memory) if memory.get() / self.size.bytes().get() < self.pages => {
                Err(self.refused(format!(
                    "{} pages: its {memory} of memory hold {} at most",
                    self.pages,
                    memory.get() / self.size.bytes().get()
                )))
            }
            _ => Ok(()),
        }
    }

    fn write(&self, machine: LiveMachine<'_>, path: &str) -> Result<(), Error> {
        machine.write(path, self.pages.to_string()).map_err(|error| match error.reason() {
            Reason::System(linux_support_base::Errno::INVAL) => self.refused(format!(
                "the kernel does not resize it while it runs: set `hugepagesz={0}K hugepages={1}` at boot",
                self.size.bytes().kib(),
                self.pages
            )),
            _ => machine.explain(error, NEEDS),
        })
    }

    fn answer(&self, machine: LiveMachine<'_>, before: u64) -> Result<Resized, Error> {
        let now = pool(&machine, self.size)?;
        let surplus = match self.part {
            PoolPart::Machine | PoolPart::Policy => now.surplus.value().copied(),
            PoolPart::Node(node) => {
                now.nodes.iter().find(|part| part.node == node).and_then(|part| part.surplus.value().copied())
            }
        };
        let got = persistent(&now, self.part)?;
        Ok(Resized { before, asked: self.pages, got, surplus: surplus.unwrap_or(0) })
    }

    #[cold]
    fn refused(&self, accepted: String) -> Error {
        let object = match self.part {
            PoolPart::Machine | PoolPart::Policy => format!("pool of {} pages", self.size),
            PoolPart::Node(node) => format!("pool of {} pages of node {node}", self.size),
        };
        Error::invalid("resize", object.as_bytes(), accepted)
    }
}

/// A pool that was resized for now: see [`PoolWish::set_for_now`].
#[derive(Debug)]
#[must_use = "the pool has its size from before when this is dropped"]
pub struct TemporaryPool<'m> {
    machine: LiveMachine<'m>,
    size: PageSize,
    whole: u64,
    /// By node, where the kernel knows nodes: which nodes had the pages.
    nodes: Vec<(NumaNode, u64)>,
    ends: bool,
}

impl TemporaryPool<'_> {
    /// Ends it, and says whether the pool is as it was.
    ///
    /// # Errors
    /// The files may not be written, or pages from before are not to be had any more.
    pub fn restore(mut self) -> Result<(), Error> {
        self.ends = false;
        self.write_back()?;
        let now = pool(&self.machine, self.size)?;
        let wished = |asked: u64, part| -> Result<(), Error> {
            let got = persistent(&now, part)?;
            if got == asked {
                return Ok(());
            }
            let wish = PoolWish::new(self.size, asked).of(part);
            Err(wish.refused(format!("it had {asked} pages before, and has {got}")))
        };
        match self.nodes.is_empty() {
            true => wished(self.whole, PoolPart::Machine),
            false => self.nodes.iter().try_for_each(|&(node, pages)| wished(pages, PoolPart::Node(node))),
        }
    }

    /// Leaves the pool as it is now, for good.
    pub fn keep(mut self) {
        self.ends = false;
    }

    fn write_back(&self) -> Result<(), Error> {
        if self.nodes.is_empty() {
            return self
                .machine
                .write(format!("{}/nr_hugepages", directory_of(self.size)), self.whole.to_string());
        }
        let mut outcome = Ok(());
        for (node, pages) in &self.nodes {
            let path = format!("{}/nr_hugepages", node_directory(*node, self.size));
            outcome = outcome.and(self.machine.write(path, pages.to_string()));
        }
        outcome
    }
}

impl Drop for TemporaryPool<'_> {
    fn drop(&mut self) {
        if self.ends {
            let _ = self.write_back();
        }
    }
}

/// How many pages a part of the pool has without surplus.
fn persistent(pool: &HugePagePool, part: PoolPart) -> Result<u64, Error> {
    let (total, surplus) = match part {
        PoolPart::Machine | PoolPart::Policy => (&pool.total, &pool.surplus),
        PoolPart::Node(node) => match pool.nodes.iter().find(|part| part.node == node) {
            Some(part) => (&part.total, &part.surplus),
            None => return Err(Error::new("read", format!("node {node}").as_bytes(), Reason::Gone)),
        },
    };
    let value =
        |reading: &linux_support_base::Reading<u64>| reading.as_result().copied().map_err(Clone::clone);
    Ok(value(total)?.saturating_sub(value(surplus)?))
}

fn persistent_of_nodes(pool: &HugePagePool) -> Result<Vec<(NumaNode, u64)>, Error> {
    pool.nodes.iter().map(|part| Ok((part.node, persistent(pool, PoolPart::Node(part.node))?))).collect()
}

/// What a pool lacks for so many more pages, in words.
pub(super) fn shortage(pool: &HugePagePool, wanted: u64) -> String {
    let count = |reading: &linux_support_base::Reading<u64>| {
        reading.value().map_or_else(|| "?".into(), u64::to_string)
    };
    format!(
        "needs {wanted} pages of {}, and of the {} in the pool {} are free and {} of these promised",
        pool.size,
        count(&pool.total),
        count(&pool.free),
        count(&pool.reserved)
    )
}

/// Lets the pool of pages of `size` grow by as many as `pages` while they are used, until what is returned is dropped;
/// [`keep`](TemporarySetting::keep) it to let it stay.
///
/// # Errors
/// The machine has no pool of this size, or the kernel can't let it grow (`EINVAL`), as with pages that are larger than
/// the kernel's own largest piece of memory.
///
/// # Capabilities
/// Root's, to write the file.
#[doc(alias = "nr_overcommit_hugepages")]
pub fn set_overcommit(
    machine: LiveMachine<'_>,
    size: PageSize,
    pages: u64,
) -> Result<TemporarySetting<'_>, Error> {
    let _ = pool(&machine, size)?;
    let path = format!("{}/nr_overcommit_hugepages", directory_of(size));
    machine.write_for_now(path, pages.to_string()).map_err(|error| match error.reason() {
        Reason::System(linux_support_base::Errno::INVAL) => Error::invalid(
            "let grow",
            format!("pool of {size} pages").as_bytes(),
            "the kernel makes no such pages by need: resize the pool itself",
        ),
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use linux_support_base::{Bytes, Machine};

    use super::*;

    fn size(bytes: u64) -> PageSize {
        PageSize::new(Bytes::new(bytes)).unwrap()
    }

    #[test]
    fn a_shortfall_is_what_is_lacking_and_never_below_zero() {
        let resized = Resized { before: 0, asked: 10, got: 7, surplus: 0 };
        assert_eq!((resized.shortfall(), resized.is_met()), (3, false));
        let resized = Resized { before: 0, asked: 5, got: 7, surplus: 0 };
        assert_eq!((resized.shortfall(), resized.is_met()), (0, true));
    }

    #[test]
    fn a_size_that_the_machine_lacks_is_told_with_those_that_it_has() {
        let machine = Machine::live().unwrap();
        let Ok(sizes) = super::super::sizes(&machine) else { return };
        let error = PoolWish::new(size(1 << 62), 0).set(machine.as_live().unwrap()).unwrap_err();
        assert_eq!(error.reason().name(), "invalid");
        for size in sizes {
            assert!(error.to_string().contains(&size.to_string()), "{error}");
        }
    }

    #[test]
    fn more_pages_than_there_is_memory_are_refused_before_anything_is_changed() {
        let machine = Machine::live().unwrap();
        let Ok(sizes) = super::super::sizes(&machine) else { return };
        let Some(&size) = sizes.first() else { return };
        let before = pool(&machine, size).unwrap();
        let error = PoolWish::new(size, u64::MAX).set(machine.as_live().unwrap()).unwrap_err();
        assert!(error.to_string().contains("at most"), "{error}");
        assert_eq!(pool(&machine, size).unwrap().total, before.total);
    }

    #[test]
    fn a_node_that_is_not_there_is_told_with_those_that_are() {
        let machine = Machine::live().unwrap();
        let Ok(sizes) = super::super::sizes(&machine) else { return };
        let Some(&size) = sizes.first() else { return };
        let node = NumaNode::new(1000).unwrap();
        let wish = PoolWish::new(size, 0).of(PoolPart::Node(node));
        let error = wish.set(machine.as_live().unwrap()).unwrap_err();
        assert!(error.to_string().contains("of node 1000"), "{error}");
    }
}
