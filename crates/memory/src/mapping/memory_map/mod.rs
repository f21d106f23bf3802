//! What a process has mapped, as a whole.

mod kind;
mod total;

use linux_support_base::{
    AddressRange, ByteString, Bytes, DeviceNumber, Directory, Error, Machine, ParseError, Requirement,
};

pub use self::{
    kind::MappingKind,
    total::{KindTotal, MappingTotal, OnNode, OnPageSize},
};
use super::{MappingName, MemoryUse, Permissions, VmFlags, maps, numa_maps, smaps};

const SMAPS: Requirement =
    Requirement::none().configuration("CONFIG_PROC_PAGE_MONITOR").capability("CAP_SYS_PTRACE");
const NUMA_MAPS: Requirement = Requirement::none().configuration("CONFIG_NUMA").capability("CAP_SYS_PTRACE");
const MAPS: Requirement = Requirement::none().capability("CAP_SYS_PTRACE");

/// What a process has mapped, in rising order of address.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_memory::mapping::{MappingKind, MemoryMap};
///
/// let map = MemoryMap::of_this_process(&Machine::live()?)?;
/// let local = 5;
/// let stack = map.at(std::ptr::from_ref(&local).addr() as u64).unwrap();
/// assert!(stack.permissions.write && !stack.permissions.execute);
/// assert!(map.totals().iter().any(|total| total.kind == MappingKind::FileText));
/// assert!(map.total().resident.unwrap() <= map.total().size);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MemoryMap {
    /// The mappings.
    pub mappings: Vec<MappedRange>,
    /// Why it is not known on which nodes pages are, where it is not.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub nodes_unavailable: Option<Error>,
}

/// A mapping of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MappedRange {
    /// Where it lies.
    pub range: AddressRange,
    /// What may be done with it.
    pub permissions: Permissions,
    /// What it is there for.
    pub kind: MappingKind,
    /// Where in the file it begins.
    pub offset: Bytes,
    /// The device of the file; 0:0 without a file.
    pub device: DeviceNumber,
    /// The inode of the file; 0 without a file.
    pub inode: u64,
    /// What it is of, as the kernel writes it: see [`name`](Self::name).
    pub raw_name: ByteString,
    /// Its sizes; `None` where they were not read.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub memory: Option<MemoryUse>,
    /// The kernel's flags; `None` where they were not read.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub flags: Option<VmFlags>,
    /// Its memory policy, as the kernel writes it; `None` where it was not read.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub policy: Option<ByteString>,
    /// How much of it is on each node that has some; `None` where that was not read.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub nodes: Option<Vec<OnNode>>,
}

impl MappedRange {
    pub(super) fn new(mapping: &maps::Entry<'_>, flags: Option<VmFlags>) -> Self {
        Self {
            range: mapping.range,
            permissions: mapping.permissions,
            kind: MappingKind::of(mapping, flags),
            offset: Bytes::new(mapping.offset),
            device: mapping.device,
            inode: mapping.inode,
            raw_name: mapping.raw_name.into(),
            memory: None,
            flags,
            policy: None,
            nodes: None,
        }
    }

    /// What it is of.
    #[must_use]
    pub fn name(&self) -> MappingName<'_> {
        MappingName::parse(self.raw_name.as_bytes())
    }
}

impl MemoryMap {
    /// That of the process whose `/proc/PID` this is, with sizes, and with nodes where the kernel tells them. The files are
    /// read one after the other: what the process maps in between may lack its nodes.
    ///
    /// # Errors
    /// The process has ended; it may not be traced; the kernel is built without `CONFIG_PROC_PAGE_MONITOR`.
    pub fn read(machine: &Machine, process: &Directory) -> Result<Self, Error> {
        let explained = |needs| move |error| machine.explain(error, needs);
        let sizes = process.parse("smaps", Self::parse_smaps).map_err(explained(SMAPS))?;
        let nodes = process.read("numa_maps").map_err(explained(NUMA_MAPS));
        Ok(sizes.with_placement(nodes.as_deref().map_err(Error::clone)))
    }

    /// That of this process.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn of_this_process(machine: &Machine) -> Result<Self, Error> {
        Self::read(machine, &machine.directory("/proc/self")?)
    }

    /// As [`read`](Self::read), but without sizes and nodes, which the kernel takes long to count.
    ///
    /// # Errors
    /// The process has ended; it may not be traced.
    pub fn read_ranges(machine: &Machine, process: &Directory) -> Result<Self, Error> {
        process.parse("maps", Self::parse_maps).map_err(|error| machine.explain(error, MAPS))
    }

    /// The mappings of a text of maps.
    ///
    /// # Errors
    /// A malformed line.
    pub fn parse_maps(text: &[u8]) -> Result<Self, ParseError> {
        let mappings = maps::entries(text).map(|entry| Ok(MappedRange::new(&entry?, None)));
        Ok(Self::of(mappings.collect::<Result<_, ParseError>>()?))
    }

    /// The mappings of a text of smaps.
    ///
    /// # Errors
    /// A malformed line.
    pub fn parse_smaps(text: &[u8]) -> Result<Self, ParseError> {
        let mappings = smaps::entries(text).map(|entry| {
            let entry = entry?;
            let memory = Some(entry.memory);
            Ok(MappedRange { memory, ..MappedRange::new(&entry.mapping, entry.flags) })
        });
        Ok(Self::of(mappings.collect::<Result<_, ParseError>>()?))
    }

    fn of(mut mappings: Vec<MappedRange>) -> Self {
        // The kernel writes them so; a text from elsewhere may not be sorted.
        mappings.sort_by_key(|mapping| mapping.range);
        let unread =
            Error::invalid("find", "nodes of mappings", "they come from numa_maps, which was not read");
        Self { mappings, nodes_unavailable: Some(unread) }
    }

    /// The same with the policies and nodes that a text of numa_maps gives, or the reason why there is none.
    #[must_use]
    pub fn with_placement(mut self, numa_maps: Result<&[u8], Error>) -> Self {
        self.nodes_unavailable = numa_maps.and_then(|text| self.place(text)).err();
        if self.nodes_unavailable.is_some() {
            self.mappings.iter_mut().for_each(|mapping| (mapping.policy, mapping.nodes) = (None, None));
        }
        self
    }

    fn place(&mut self, text: &[u8]) -> Result<(), Error> {
        for entry in numa_maps::entries(text) {
            let entry = entry.map_err(|error| Error::malformed("numa_maps", error.within(text)))?;
            let Ok(index) = self.mappings.binary_search_by_key(&entry.start, |mapping| mapping.range.start())
            else {
                continue;
            };
            let nodes = entry.nodes().map(|(node, pages)| {
                let size = entry.page_size?.bytes().get();
                Some(OnNode { node, resident: Bytes::new(pages.checked_mul(size)?) })
            });
            self.mappings[index].nodes = nodes.collect();
            self.mappings[index].policy = Some(entry.raw_policy.into());
        }
        // The kernel's own page has no line there, and no memory that counts.
        for mapping in &mut self.mappings {
            if mapping.kind == MappingKind::Kernel && mapping.nodes.is_none() {
                mapping.nodes = Some(Vec::new());
            }
        }
        Ok(())
    }

    /// The mapping that has this address.
    #[must_use]
    pub fn at(&self, address: u64) -> Option<&MappedRange> {
        let after = self.mappings.partition_point(|mapping| mapping.range.start() <= address);
        self.mappings[..after].last().filter(|mapping| mapping.range.contains(address))
    }

    /// The mappings that have a part of `range`.
    pub fn within(&self, range: AddressRange) -> impl Iterator<Item = &MappedRange> {
        let first = self.mappings.partition_point(|mapping| mapping.range.end() <= range.start());
        self.mappings[first..].iter().take_while(move |mapping| mapping.range.start() < range.end())
    }

    /// The mappings of the file that the kernel calls `path`, also where it was removed.
    pub fn of_file<'m>(&'m self, path: &'m [u8]) -> impl Iterator<Item = &'m MappedRange> {
        self.mappings.iter().filter(
            move |mapping| matches!(mapping.name(), MappingName::File { path: known, .. } if &*known == path),
        )
    }

    /// The mappings of the file with this inode on this device, whatever its name.
    pub fn of_inode(&self, device: DeviceNumber, inode: u64) -> impl Iterator<Item = &MappedRange> {
        self.mappings
            .iter()
            .filter(move |mapping| mapping.device == device && mapping.inode == inode && inode != 0)
    }

    /// The mappings of this kind.
    pub fn of_kind(&self, kind: MappingKind) -> impl Iterator<Item = &MappedRange> {
        self.mappings.iter().filter(move |mapping| mapping.kind == kind)
    }

    /// The total of all mappings.
    #[must_use]
    pub fn total(&self) -> MappingTotal {
        MappingTotal::of(&self.mappings)
    }

    /// The totals by kind, of those kinds that there are.
    #[must_use]
    pub fn totals(&self) -> Vec<KindTotal> {
        MappingKind::ALL
            .into_iter()
            .map(|kind| KindTotal { kind, total: MappingTotal::of(self.of_kind(kind)) })
            .filter(|total| total.total.mappings > 0)
            .collect()
    }
}

#[cfg(test)]
pub(super) mod tests;
