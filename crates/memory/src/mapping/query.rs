use core::fmt;
use std::os::fd::{AsFd, OwnedFd};

use bitflags::bitflags;
use linux_support_base::{
    AddressRange, ByteString, Bytes, DeviceNumber, Directory, Error, Machine, PageSize, Reason, Requirement,
};
use rustix::{
    fs::{Mode, OFlags, openat},
    io::{Errno, pread},
};

use super::{MappedRange, Permissions, maps};
use crate::sys::mapping_query::{self, Answer};

bitflags! {
    /// What a mapping that is [looked for](MapsFile::find) must be, all of it at once.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MappingFilter: u64 {
        /// It can be read.
        #[doc(alias = "PROCMAP_QUERY_VMA_READABLE")]
        const READABLE = 1;
        /// It can be written.
        #[doc(alias = "PROCMAP_QUERY_VMA_WRITABLE")]
        const WRITABLE = 1 << 1;
        /// It can be executed.
        #[doc(alias = "PROCMAP_QUERY_VMA_EXECUTABLE")]
        const EXECUTABLE = 1 << 2;
        /// It is shared.
        #[doc(alias = "PROCMAP_QUERY_VMA_SHARED")]
        const SHARED = 1 << 3;
        /// It is of a file.
        #[doc(alias = "PROCMAP_QUERY_FILE_BACKED_VMA")]
        const FILE_BACKED = 1 << 5;
    }
}

/// `/proc/PID/maps` held open, to be asked for single mappings without reading all of it.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_memory::mapping::{MappingFilter, MapsFile};
///
/// let maps = MapsFile::of_this_process(&Machine::live()?)?;
/// let local = 5;
/// let stack = maps.at(std::ptr::from_ref(&local).addr() as u64)?.unwrap();
/// assert!(stack.mapping.permissions.write);
/// let text = maps.at_or_after(0, MappingFilter::EXECUTABLE | MappingFilter::FILE_BACKED)?.unwrap();
/// assert!(text.mapping.permissions.execute);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Kernel
/// Since Linux 6.11 by one system call each (`PROCMAP_QUERY`); before, the text is read up to the mapping.
#[doc(alias = "PROCMAP_QUERY")]
pub struct MapsFile {
    file: OwnedFd,
    path: ByteString,
}

/// A mapping that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundMapping {
    /// The mapping, without sizes.
    pub mapping: MappedRange,
    /// The size of its pages; `None` where the kernel is older than 6.11.
    pub page_size: Option<PageSize>,
}

const NEXT: u64 = 1 << 4;
/// As long as a path can be, with the 0 at its end.
const NAME: usize = 4096;
/// As long as the kernel lets a build id be.
const BUILD_ID: usize = 20;

impl MapsFile {
    /// That of the process whose `/proc/PID` this is.
    ///
    /// # Errors
    /// `machine` is not the one that runs; the process has ended, or may not be traced.
    pub fn open(machine: &Machine, process: &Directory) -> Result<Self, Error> {
        const NEEDS: Requirement = Requirement::none().capability("CAP_SYS_PTRACE");
        let path = [process.path(), b"/maps"].concat();
        let Some(descriptor) = process.descriptor() else {
            let accepted = "needs the machine that runs, and this was captured";
            return Err(Error::invalid("open", &path[..], accepted));
        };
        let file = openat(descriptor, "maps", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|errno| machine.explain(Error::system("open", &path[..], errno), NEEDS))?;
        Ok(Self { file, path: path[..].into() })
    }

    /// That of this process.
    ///
    /// # Errors
    /// `machine` is not the one that runs.
    pub fn of_this_process(machine: &Machine) -> Result<Self, Error> {
        Self::open(machine, &machine.directory("/proc/self")?)
    }

    /// The mapping that has this address.
    ///
    /// # Errors
    /// The process has ended ([`Reason::Gone`]).
    pub fn at(&self, address: u64) -> Result<Option<FoundMapping>, Error> {
        self.find(address, MappingFilter::empty(), false)
    }

    /// The first mapping that is as `filter` says, of those that have this address or lie behind it. To go through them,
    /// go on at the end of what is found.
    ///
    /// # Errors
    /// The process has ended ([`Reason::Gone`]).
    pub fn at_or_after(&self, address: u64, filter: MappingFilter) -> Result<Option<FoundMapping>, Error> {
        self.find(address, filter, true)
    }

    /// The build id of the program or library that is mapped at this address: what debuggers find its symbols by; `None`
    /// where nothing is mapped, or nothing that has one.
    ///
    /// # Errors
    /// The process has ended ([`Reason::Gone`]).
    ///
    /// # Kernel
    /// Since Linux 6.11.
    pub fn build_id_at(&self, address: u64) -> Result<Option<ByteString>, Error> {
        const NEEDS: Requirement = Requirement::none().since(6, 11).configuration("CONFIG_PROC_FS");
        let mut build_id = [0; BUILD_ID];
        match mapping_query::query(self.file.as_fd(), address, 0, &mut [], &mut build_id) {
            Ok(Answer { build_id: 0, .. }) | Err(Errno::NOENT) => Ok(None),
            Ok(answer) => Ok(Some(build_id[..answer.build_id].into())),
            Err(Errno::NOTTY) => {
                let absent = Error::new("ask for a build id", self.path.clone(), Reason::Absent);
                Err(match Machine::live() {
                    Ok(machine) => machine.explain(absent, NEEDS),
                    Err(_) => absent,
                })
            }
            Err(errno) => Err(self.failed(errno)),
        }
    }

    fn find(
        &self,
        address: u64,
        filter: MappingFilter,
        or_next: bool,
    ) -> Result<Option<FoundMapping>, Error> {
        let mut name = [0; NAME];
        let flags = filter.bits() | if or_next { NEXT } else { 0 };
        match mapping_query::query(self.file.as_fd(), address, flags, &mut name, &mut []) {
            Ok(answer) => {
                found(&answer, &name[..answer.name]).map(Some).ok_or_else(|| self.failed(Errno::INVAL))
            }
            Err(Errno::NOENT) => Ok(None),
            // The kernel is older, or the path longer than what it can be asked for.
            Err(Errno::NOTTY | Errno::NAMETOOLONG) => self.find_in_text(address, filter, or_next),
            Err(errno) => Err(self.failed(errno)),
        }
    }

    fn find_in_text(
        &self,
        address: u64,
        filter: MappingFilter,
        or_next: bool,
    ) -> Result<Option<FoundMapping>, Error> {
        let (mut text, mut length) = (vec![0; 64 << 10], 0);
        loop {
            match pread(&self.file, &mut text[length..], length as u64) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(Errno::INTR) => {}
                Err(errno) => return Err(self.failed(errno)),
            }
            if length == text.len() {
                text.resize(2 * length, 0);
            }
        }
        let malformed = |error: linux_support_base::ParseError| Error::malformed(self.path.clone(), error);
        find(&text[..length], address, filter, or_next).map_err(malformed)
    }

    #[cold]
    fn failed(&self, errno: Errno) -> Error {
        Error::system("look for a mapping in", self.path.clone(), errno)
    }
}

/// Looks for the mapping in a text of maps.
fn find(
    text: &[u8],
    address: u64,
    filter: MappingFilter,
    or_next: bool,
) -> Result<Option<FoundMapping>, linux_support_base::ParseError> {
    for entry in maps::entries(text) {
        let entry = entry?;
        if entry.range.end() <= address {
            continue;
        }
        if entry.range.start() > address && !or_next {
            break;
        }
        if filter_of(&entry).contains(filter) {
            return Ok(Some(FoundMapping { mapping: MappedRange::new(&entry, None), page_size: None }));
        }
        if !or_next {
            break;
        }
    }
    Ok(None)
}

/// All that a mapping is.
fn filter_of(entry: &maps::Entry<'_>) -> MappingFilter {
    let permissions = entry.permissions;
    [
        (permissions.read, MappingFilter::READABLE),
        (permissions.write, MappingFilter::WRITABLE),
        (permissions.execute, MappingFilter::EXECUTABLE),
        (permissions.shared, MappingFilter::SHARED),
        (entry.inode != 0, MappingFilter::FILE_BACKED),
    ]
    .into_iter()
    .filter_map(|(is, filter)| is.then_some(filter))
    .collect()
}

/// The mapping that the kernel tells of; `None` where its addresses fall.
fn found(answer: &Answer, name: &[u8]) -> Option<FoundMapping> {
    let has = |filter: MappingFilter| answer.flags & filter.bits() != 0;
    let permissions = Permissions {
        read: has(MappingFilter::READABLE),
        write: has(MappingFilter::WRITABLE),
        execute: has(MappingFilter::EXECUTABLE),
        shared: has(MappingFilter::SHARED),
    };
    // As maps has it: without the 0, and with its escape.
    let name = name.strip_suffix(b"\0").unwrap_or(name);
    let name = name.split(|&byte| byte == b'\n').collect::<Vec<_>>().join(&br"\012"[..]);
    let entry = maps::Entry {
        range: AddressRange::new(answer.start, answer.end)?,
        permissions,
        offset: answer.offset,
        device: DeviceNumber::new(answer.device.0, answer.device.1),
        inode: answer.inode,
        raw_name: &name,
    };
    let page_size = PageSize::new(Bytes::new(answer.page_size));
    Some(FoundMapping { mapping: MappedRange::new(&entry, None), page_size })
}

impl AsFd for MapsFile {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl fmt::Debug for MapsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MapsFile({})", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::MapOptions;

    #[test]
    #[cfg_attr(
        user_emulation,
        ignore = "the emulator shows a text of its own, and the kernel's answers are of the emulator"
    )]
    fn every_mapping_is_found_as_the_text_has_it() {
        let machine = Machine::live().unwrap();
        let _named = MapOptions::new().shared(Bytes::new(1)).unwrap();
        // Of another process, whose mappings stay as they are.
        let mut child = crate::mapping::memory_map::tests::waiting();
        let process = machine.directory(format!("/proc/{}", child.id())).unwrap();
        let (file, text) = (MapsFile::open(&machine, &process).unwrap(), process.read("maps").unwrap());
        let filters = [
            MappingFilter::empty(),
            MappingFilter::EXECUTABLE | MappingFilter::FILE_BACKED,
            MappingFilter::WRITABLE,
            MappingFilter::SHARED,
        ];
        let mut compared = 0;
        for entry in maps::entries(&text).map(Result::unwrap) {
            // That page is none of the process, and the kernel does not look there.
            if entry.raw_name == b"[vsyscall]" {
                continue;
            }
            for address in [entry.range.start(), entry.range.end() - 1, entry.range.end()] {
                for filter in filters {
                    for or_next in [false, true] {
                        let mut expected = find(&text, address, filter, or_next).unwrap();
                        expected =
                            expected.filter(|found| found.mapping.raw_name.as_bytes() != b"[vsyscall]");
                        let found = file.find(address, filter, or_next).unwrap();
                        let same = found.map(|found| found.mapping);
                        assert_eq!(
                            same,
                            expected.map(|found| found.mapping),
                            "{address:x} {filter:?} {or_next}"
                        );
                        compared += 1;
                    }
                }
            }
        }
        assert!(compared > 100);
        assert_eq!(file.at(0).unwrap(), None);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(file.at(0).unwrap_err().is_absent());
        assert!(MapsFile::open(&machine, &process).unwrap_err().is_absent());
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "the mappings are also those of the emulator")]
    fn programs_have_build_ids_and_anonymous_memory_has_none() {
        let machine = Machine::live().unwrap();
        let file = MapsFile::of_this_process(&machine).unwrap();
        let memory = MapOptions::new().private(Bytes::new(1)).unwrap();
        let text =
            file.at_or_after(0, MappingFilter::EXECUTABLE | MappingFilter::FILE_BACKED).unwrap().unwrap();
        let path = std::fs::read_link("/proc/self/exe").unwrap();
        let told = std::process::Command::new("readelf").arg("-n").arg(path).output();
        match file.build_id_at(text.mapping.range.start()) {
            Err(error) => assert!(error.is_absent(), "{error}"),
            Ok(found) => {
                assert_eq!(file.build_id_at(memory.range().start()).unwrap(), None);
                assert_eq!(file.build_id_at(0).unwrap(), None);
                let (Some(found), Ok(told)) = (found, told) else { return };
                let hexadecimal: String = found.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
                let told = String::from_utf8_lossy(&told.stdout).into_owned();
                assert!(told.contains(&format!("Build ID: {hexadecimal}")), "{hexadecimal} in {told}");
                let page = file.at(memory.range().start()).unwrap().unwrap().page_size.unwrap();
                assert_eq!(page, memory.page_size());
            }
        }
    }

    #[test]
    fn a_name_with_a_newline_is_as_the_text_has_it() {
        let answer = Answer {
            start: 0x1000,
            end: 0x2000,
            flags: 1 | 8,
            page_size: 4096,
            offset: 4096,
            inode: 7,
            device: (8, 1),
            name: 0,
            build_id: 0,
        };
        let named = found(&answer, b"/a\nb\0").unwrap();
        let line = b"1000-2000 r--s 1000 08:01 7 /a\\012b\n";
        assert_eq!(
            Some(named.mapping),
            find(line, 0x1000, MappingFilter::empty(), false).unwrap().map(|f| f.mapping)
        );
        assert_eq!(found(&Answer { end: 0, ..answer }, b""), None);
    }
}
