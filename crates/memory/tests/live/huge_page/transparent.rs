//! Transparent huge pages.

use std::process::Command;

use linux_support_base::{Bytes, Machine};
use linux_support_memory::{
    huge_page::{
        LargestPages, Outcome, ProcessTransparentPages, ProgramPart, TransparentHugePages, TransparentUse,
        collapse_program, process_transparent_pages,
    },
    mapping::{Advice, Field, Mapping, Private, ReadWrite},
};

use crate::mapping::smaps_of;

/// How much of a mapping is on transparent huge pages.
fn huge(memory: &Mapping<Private, ReadWrite>) -> Bytes {
    smaps_of(memory.range(), |entry| entry.memory.get(Field::AnonHugePages)).unwrap().unwrap()
}

/// The size of transparent huge pages, where some are to be had.
fn page() -> Option<Bytes> {
    let settings = TransparentHugePages::read(&Machine::live().unwrap()).ok()?;
    let enabled = settings.enabled.value().is_some_and(|enabled| enabled.chosen != "never");
    enabled.then(|| settings.page_size.value().unwrap().bytes())
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator takes the advice and does nothing")]
fn memory_that_is_collapsed_is_on_huge_pages_with_the_same_bytes() {
    let Some(page) = page() else {
        println!("skipped: transparent huge pages are off");
        return;
    };
    let only = LargestPages::new().sizes([]).or_transparent();
    let mut memory = only.private(page).unwrap().memory;
    memory.advise(.., Advice::NoHugePages).unwrap();
    for (index, byte) in memory.as_bytes_mut().iter_mut().enumerate() {
        *byte = index as u8;
    }
    assert_eq!(huge(&memory), Bytes::new(0));
    memory.advise(.., Advice::HugePages).unwrap();
    if let Err(error) = memory.advise(.., Advice::Collapse) {
        println!("skipped: no huge page is free: {error}");
        return;
    }
    assert_eq!(huge(&memory), page);
    assert!(memory.as_bytes().iter().enumerate().all(|(index, &byte)| byte == index as u8));
}

/// Runs the test `name` again in a process of its own, where all threads allocate from the heap; whether this is that process.
fn in_own_process(name: &str) -> bool {
    const MARK: &str = "LINUX_SUPPORT_TEST_CHILD";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let name = format!("huge_page::transparent::{name}");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &name, "--nocapture"]).env(MARK, "1").env("MALLOC_ARENA_MAX", "1");
    assert!(command.status().unwrap().success());
    false
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's own mappings are not the program's")]
fn the_heap_of_a_program_is_put_on_huge_pages_with_the_same_bytes() {
    if page().is_none() {
        println!("skipped: transparent huge pages are off");
        return;
    }
    if !in_own_process("the_heap_of_a_program_is_put_on_huge_pages_with_the_same_bytes") {
        return;
    }
    // Small enough to be of the heap, large enough together to hold huge pages.
    let pieces: Vec<Vec<u8>> = (0..256_u32).map(|index| vec![index as u8; 60_000]).collect();
    let parts = collapse_program(&Machine::live().unwrap(), &[ProgramPart::Heap]).unwrap();
    let Some(heap) = parts.iter().find(|part| part.range.length() > 4 << 20) else {
        println!("skipped: the C library takes this memory from elsewhere: {parts:?}");
        return;
    };
    println!("{heap:?}");
    match &heap.outcome {
        Outcome::Done(range) => {
            assert!(range.length() >= 8 << 20, "{heap:?}");
            assert!(heap.after.total().get() >= range.length(), "{heap:?}");
        }
        Outcome::Refused(errno) => println!("skipped: no huge page is free: {errno}"),
        outcome => panic!("{outcome:?}"),
    }
    assert!(pieces.iter().enumerate().all(|(index, piece)| piece.iter().all(|&byte| byte == index as u8)));
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator does not know these settings of a process")]
fn a_process_has_what_it_allows_itself() {
    // In a process of its own, since it is for all threads.
    if !in_own_process("a_process_has_what_it_allows_itself") {
        return;
    }
    let Ok(before) = process_transparent_pages() else {
        println!("skipped: the kernel has no transparent huge pages");
        return;
    };
    let without = ProcessTransparentPages::set(TransparentUse::None).unwrap();
    assert_eq!(process_transparent_pages(), Ok(TransparentUse::None));
    match ProcessTransparentPages::set(TransparentUse::AdvisedOnly) {
        Ok(advised) => {
            assert_eq!(process_transparent_pages(), Ok(TransparentUse::AdvisedOnly));
            drop(advised);
            assert_eq!(process_transparent_pages(), Ok(TransparentUse::None));
        }
        Err(error) => assert_eq!(error.reason().name(), "kernel-too-old", "{error}"),
    }
    drop(without);
    assert_eq!(process_transparent_pages(), Ok(before));
}

mod lab {
    mod numa {
        use std::time::Duration;

        use linux_support_base::{Bytes, Machine, PageSize};
        use linux_support_memory::huge_page::{
            Enabling, LargestPages, TransparentHugePages, TransparentSetting,
        };

        use super::super::huge;

        fn chosen(machine: &Machine) -> String {
            let settings = TransparentHugePages::read(machine).unwrap();
            settings.enabled.value().unwrap().chosen.to_string()
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn settings_are_for_now_and_say_what_the_kernel_takes() {
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            let before = chosen(&machine);
            let never = TransparentSetting::Enabled(Enabling::Never).set_for_now(live).unwrap();
            assert_eq!(chosen(&machine), "never");
            let error =
                LargestPages::new().sizes([]).or_transparent().private(Bytes::new(4 << 20)).unwrap_err();
            assert!(error.to_string().contains("switched off"), "{error}");
            never.restore().unwrap();
            assert_eq!(chosen(&machine), before);
            let error = TransparentSetting::Defrag("maybe".into()).set(live).unwrap_err().to_string();
            assert!(
                error.contains("the kernel takes always, defer, defer+madvise, madvise, never"),
                "{error}"
            );
            let error = TransparentSetting::Enabled(Enabling::Inherit).set(live).unwrap_err().to_string();
            assert!(error.contains("the kernel takes always, madvise, never"), "{error}");
            let sleep = || {
                let settings = TransparentHugePages::read(&machine).unwrap();
                settings.khugepaged.into_result().unwrap().scan_sleep_milliseconds.into_result().unwrap()
            };
            let (old, second) = (sleep(), Duration::from_secs(1));
            let setting = TransparentSetting::DaemonScanSleep(second).set_for_now(live).unwrap();
            assert_eq!(sleep(), 1000);
            drop(setting);
            assert_eq!(sleep(), old);
            let odd = PageSize::new(Bytes::new(8 << 30)).unwrap();
            let error = TransparentSetting::EnabledOfSize(odd, Enabling::Always).set(live).unwrap_err();
            assert!(error.is_absent(), "{error}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_largest_pages_are_taken_and_each_that_is_not_says_why() {
            let machine = Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            let options = linux_support_memory::mapping::MapOptions::new().populate();
            let largest = LargestPages::new().or_transparent().or_base().options(options);
            let memory = largest.private(Bytes::new(4 << 20)).unwrap();
            assert_eq!(memory.got.to_string(), "pages of 2 MiB from the pool");
            assert!(memory.refused[0].error.to_string().contains("a page is larger than that"));
            // More than the pool of small ones has, less than a large one.
            let enabled = TransparentSetting::Enabled(Enabling::Madvise).set_for_now(live).unwrap();
            let memory = largest.private(Bytes::new(64 << 20)).unwrap();
            assert_eq!(memory.got.to_string(), "transparent huge pages of 2 MiB");
            assert!(memory.refused[1].error.to_string().contains("needs 32 pages"), "{:?}", memory.refused);
            assert!(huge(&memory.memory) > Bytes::new(32 << 20), "{}", huge(&memory.memory));
            let never = TransparentSetting::Enabled(Enabling::Never).set_for_now(live).unwrap();
            let memory = largest.private(Bytes::new(64 << 20)).unwrap();
            // Newer kernels may have smaller sizes that are enabled.
            println!("{} {:?}", memory.got, memory.refused);
            assert_eq!(memory.refused.len(), 3);
            drop((never, enabled));
        }
    }
}
