//! The page map of this process.

use linux_support_base::{AddressRange, Machine, Pid, Reason};
use linux_support_memory::{
    mapping::{MapOptions, Mapping, Private, ReadWrite},
    page_map::{
        FrameFlags, FrameNumber, PageCategories, PageLocation, PageMap, PageMapEntry, PageRegion, ScanQuery,
        Translation, frame_cgroups, frame_counts, frame_flags,
    },
};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use crate::mapping::{page, pages};

fn machine() -> Machine {
    Machine::live().unwrap()
}

fn own() -> PageMap {
    PageMap::of_this_process(&machine()).unwrap()
}

fn sees_frames() -> bool {
    capabilities(None).unwrap().effective.contains(CapabilitySet::SYS_ADMIN)
}

/// Four pages, of which the second and the third were used.
fn half_used() -> Mapping<Private, ReadWrite> {
    let mut memory = MapOptions::new().private(pages(4)).unwrap();
    memory.as_bytes_mut()[page()] = 1;
    memory.as_bytes_mut()[2 * page()] = 1;
    // So that neither is moved by the one that makes huge pages.
    memory.lock_on_fault(..).unwrap();
    memory
}

#[test]
fn pages_that_were_used_are_present_and_others_are_not() {
    let memory = half_used();
    let entries = own().entries(memory.range()).unwrap();
    assert!(entries.iter().map(|entry| entry.is_present()).eq([false, true, true, false]));
    assert!(entries[1].is_exclusively_mapped() && !entries[1].is_file_or_shared());
    assert_eq!(entries[0].location(), PageLocation::None);
    let shared = MapOptions::new().populate().shared(pages(1)).unwrap();
    assert!(own().entries(shared.range()).unwrap()[0].is_file_or_shared());
}

#[test]
fn parts_of_pages_count_and_nothing_is_nothing() {
    let memory = half_used();
    let (start, map) = (memory.range().start() + page() as u64, own());
    let range = |start, end| AddressRange::new(start, end).unwrap();
    assert_eq!(map.entries(range(start + 1, start + 2)).unwrap().len(), 1);
    assert_eq!(map.entries(range(start + 1, start + page() as u64 + 1)).unwrap().len(), 2);
    assert_eq!(map.entries(range(start, start)).unwrap(), []);
}

#[test]
fn a_buffer_of_before_a_visit_and_single_pages_say_the_same() {
    let (memory, map) = (half_used(), own());
    let mut entries = vec![PageMapEntry::from_bits(u64::MAX); 9];
    map.entries_into(memory.range(), &mut entries).unwrap();
    assert!(entries.iter().map(|entry| entry.is_present()).eq([false, true, true, false]));
    let mut visited = Vec::new();
    map.visit(memory.range(), |address, entry| visited.push((address, entry.is_present()))).unwrap();
    let address = |index: usize| memory.range().start() + (index * page()) as u64;
    assert_eq!(visited, [(address(0), false), (address(1), true), (address(2), true), (address(3), false)]);
    let nothing = AddressRange::new(address(1), address(1)).unwrap();
    map.entries_into(nothing, &mut entries).unwrap();
    assert_eq!(entries, []);
    entries.push(PageMapEntry::from_bits(1));
    let beyond = AddressRange::new(u64::MAX - page() as u64, u64::MAX).unwrap();
    assert!(map.entries_into(beyond, &mut entries).is_err() && entries.is_empty());
}

#[test]
fn a_range_of_many_readings_has_an_entry_of_each_page() {
    // More than what is read at once: see that no part is left out or read twice.
    let count = (1 << 16) + 5;
    let mut memory = MapOptions::new().no_reserve().private(pages(count)).unwrap();
    memory.advise(.., linux_support_memory::mapping::Advice::NoHugePages).ok();
    let used = [0, 2047, 2048, 65_535, 65_536, count - 1];
    for index in used {
        memory.as_bytes_mut()[index * page()] = 1;
    }
    let entries = own().entries(memory.range()).unwrap();
    assert_eq!(entries.len(), count);
    let present = |entries: &[PageMapEntry]| -> Vec<usize> {
        entries.iter().enumerate().filter(|(_, entry)| entry.is_present()).map(|(index, _)| index).collect()
    };
    assert_eq!(present(&entries), used);
    let mut visited = Vec::new();
    own().visit(memory.range(), |_, entry| visited.push(entry)).unwrap();
    assert_eq!(present(&visited), used);
}

#[test]
fn every_way_to_a_frame_agrees_and_the_kernel_says_it_is_anonymous() {
    if !sees_frames() {
        let error = own().physical_runs(half_used().range()).unwrap_err();
        assert!(error.to_string().contains("not in memory"), "{error}");
        return println!("skipped: frames are told to root alone");
    }
    let (memory, map) = (half_used(), own());
    let start = memory.range().start() + page() as u64;
    let used = AddressRange::new(start, start + 2 * page() as u64).unwrap();
    let entries = map.entries(used).unwrap();
    let runs = map.physical_runs(used).unwrap();
    for (index, entry) in entries.iter().enumerate() {
        let PageLocation::Frame(frame) = entry.location() else { panic!("{entry:?}") };
        let address = start + (index * page()) as u64 + 7;
        let Translation::Physical(physical) = map.physical_address(address).unwrap() else { panic!() };
        assert_eq!(physical.get(), frame.address(map.page_size()).get() + 7);
        let run = runs.iter().find(|run| run.range.contains(address)).unwrap();
        assert_eq!(run.start.get() + (address - run.range.start()), physical.get());
        let flags = frame_flags(&machine(), frame, 1).unwrap()[0];
        assert!(flags.contains(FrameFlags::ANONYMOUS | FrameFlags::MAPPED), "{flags:?}");
        assert_eq!(frame_counts(&machine(), frame, 1).unwrap(), [1]);
        match frame_cgroups(&machine(), frame, 1) {
            Ok(inodes) => assert_eq!(inodes.len(), 1),
            Err(error) => assert!(error.is_absent(), "{error}"),
        }
    }
    assert_eq!(runs.iter().map(|run| run.length().get()).sum::<u64>(), used.length());
    let error = map.physical_runs(memory.range()).unwrap_err();
    assert!(
        error.to_string().contains(&format!("the page at {:x} is not in memory", memory.range().start())),
        "{error}"
    );
}

#[test]
fn without_the_capability_frames_are_withheld_and_not_zero() {
    let memory = half_used();
    // Each thread has capabilities of its own.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut sets = capabilities(None).unwrap();
            sets.effective.remove(CapabilitySet::SYS_ADMIN);
            set_capabilities(None, sets).unwrap();
            let map = own();
            let start = memory.range().start() + page() as u64;
            assert_eq!(map.physical_address(start).unwrap(), Translation::Withheld);
            let used = AddressRange::new(start, start + page() as u64).unwrap();
            assert_eq!(map.entries(used).unwrap()[0].location(), PageLocation::FrameWithheld);
            let error = map.physical_runs(used).unwrap_err();
            let needed = Reason::PermissionDenied { capability: Some("CAP_SYS_ADMIN") };
            assert_eq!(error.reason(), &needed);
        });
    });
}

#[test]
fn a_scan_finds_what_the_entries_say() {
    let memory = half_used();
    let present =
        ScanQuery { all: PageCategories::PRESENT, told: PageCategories::PRESENT, ..ScanQuery::default() };
    let found = match own().scan(memory.range(), &present) {
        Err(error) if error.reason().name() == "kernel-too-old" => return println!("skipped: {error}"),
        found => found.unwrap(),
    };
    let start = memory.range().start();
    let used = AddressRange::new(start + page() as u64, start + 3 * page() as u64).unwrap();
    assert_eq!(found, [PageRegion { range: used, categories: PageCategories::PRESENT }]);
    let absent = ScanQuery { inverted: PageCategories::PRESENT, ..present };
    assert_eq!(own().scan(memory.range(), &absent).unwrap().len(), 2);
    let cut = AddressRange::new(start + 1, start + page() as u64).unwrap();
    assert!(own().scan(cut, &present).unwrap_err().to_string().contains("multiples of"));
    let unknown = ScanQuery { all: PageCategories::from_bits_retain(1 << 60), ..present };
    assert!(own().scan(memory.range(), &unknown).is_err());
}

#[test]
fn a_scan_that_takes_several_calls_finds_all() {
    let mut memory = MapOptions::new().private(pages(4096)).unwrap();
    memory.advise(.., linux_support_memory::mapping::Advice::NoHugePages).ok();
    for page in memory.as_bytes_mut().chunks_mut(2 * page()) {
        page[0] = 1;
    }
    let present = ScanQuery { all: PageCategories::PRESENT, ..ScanQuery::default() };
    match own().scan(memory.range(), &present) {
        Err(error) => assert_eq!(error.reason().name(), "kernel-too-old", "{error}"),
        Ok(found) => assert_eq!(found.len(), 2048),
    }
}

#[test]
fn a_guard_is_told_in_its_entry() {
    let guard = MapOptions::new().private(pages(1)).unwrap().into_guard().unwrap();
    let entry = own().entries(guard.range()).unwrap()[0];
    let told =
        machine().kernel_release().unwrap().version() >= linux_support_base::KernelVersion::new(6, 15, 0);
    assert!(!told || entry.is_guard() == guard.is_guard_region(), "{entry:?}");
    assert!(!entry.is_present());
}

#[test]
fn what_can_not_be_read_is_refused_with_the_reason() {
    let map = own();
    let beyond = AddressRange::new(u64::MAX - page() as u64, u64::MAX).unwrap();
    assert!(map.entries(beyond).is_err() && map.physical_address(u64::MAX).is_err());
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let gone = Pid::new(child.id() as i32).unwrap();
    child.wait().unwrap();
    assert!(PageMap::of(&machine(), gone).unwrap_err().is_absent());
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("proc/self")).unwrap();
    let captured = Machine::captured(folder.path()).unwrap();
    assert!(PageMap::of_this_process(&captured).unwrap_err().to_string().contains("captured"));
    assert!(frame_flags(&captured, FrameNumber::new(1).unwrap(), 1).is_err());
}

#[test]
fn beyond_the_end_of_memory_there_are_no_frames() {
    let last = FrameNumber::new((1 << 55) - 1).unwrap();
    match frame_flags(&machine(), last, 4) {
        Ok(flags) => assert_eq!(flags, []),
        Err(error) => assert!(["permission-denied", "failed"].contains(&error.reason().name()), "{error}"),
    }
    assert_eq!(FrameNumber::new(1 << 55), None);
}
