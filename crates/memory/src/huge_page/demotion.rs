use linux_support_base::{Error, LiveMachine, NumaNode, PageSize, TemporarySetting};

use super::pool::{count, directory_of, node_directory, pool};

/// What became of a wish to split pages into smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Demoted {
    /// How many pages were to be split.
    pub asked: u64,
    /// How many were.
    pub split: u64,
    /// The size that the parts have, in whose pool they are now.
    pub into: PageSize,
}

/// Splits `pages` free pages of `size` into those of the pool's [`demote_size`](super::HugePagePool::demote_size).
///
/// # Errors
/// The machine has no pool of this size, or none that can be split (there is no smaller size); there is no such node;
/// too few are free: then none is split.
///
/// # Kernel
/// Since Linux 5.16.
///
/// # Capabilities
/// Root's, to write the files.
pub fn demote(
    machine: LiveMachine<'_>,
    size: PageSize,
    pages: u64,
    node: Option<NumaNode>,
) -> Result<Demoted, Error> {
    let before = pool(&machine, size)?;
    let refused = |accepted: String| {
        Err(Error::invalid("split pages of", format!("pool of {size} pages").as_bytes(), accepted))
    };
    let Some(&into) = before.demote_size.value() else {
        return refused(
            "this pool's pages can't be split: there is no smaller size, or Linux is older than 5.16".into(),
        );
    };
    let (path, free, total) = match node {
        None => (format!("{}/demote", directory_of(size)), &before.free, &before.total),
        Some(node) => match before.nodes.iter().find(|part| part.node == node) {
            Some(part) => (format!("{}/demote", node_directory(node, size)), &part.free, &part.total),
            None => return refused(format!("node {node} has no part of it")),
        },
    };
    let reserved = if node.is_none() { before.reserved.value().copied().unwrap_or(0) } else { 0 };
    let free = free.as_result().copied().map_err(Clone::clone)?.saturating_sub(reserved);
    if free < pages {
        return refused(format!("{pages} pages: {free} are free"));
    }
    let total = total.as_result().copied().map_err(Clone::clone)?;
    machine.write(path, pages.to_string())?;
    let directory = match node {
        None => machine.directory(directory_of(size))?,
        Some(node) => machine.directory(node_directory(node, size))?,
    };
    let now = count(&directory, "nr_hugepages").into_result()?;
    Ok(Demoted { asked: pages, split: total.saturating_sub(now), into })
}

/// Sets into which size pages of `size` are split, until what is returned is dropped.
///
/// # Errors
/// The machine has no pool of either size; `into` is not smaller than `size`.
///
/// # Kernel
/// Since Linux 5.16.
///
/// # Capabilities
/// Root's, to write the file.
pub fn set_demote_size(
    machine: LiveMachine<'_>,
    size: PageSize,
    into: PageSize,
) -> Result<TemporarySetting<'_>, Error> {
    let _ = (pool(&machine, size)?, pool(&machine, into)?);
    if into >= size {
        let object = format!("pages of {size}");
        return Err(Error::invalid(
            "split",
            object.as_bytes(),
            format!("into {into}: the parts are smaller"),
        ));
    }
    let path = format!("{}/demote_size", directory_of(size));
    machine.write_for_now(path, format!("{}kB", into.bytes().kib()))
}
