//! The settings of sysctl.

use linux_support_base::{Machine, Reading};
use linux_support_memory::virtual_memory::{
    AddressSpace, Compaction, DirtyLimit, DirtyPages, OutOfMemory, PageAllocator, Swapping, WriteBack,
};

#[test]
#[cfg_attr(user_emulation, ignore = "the kernel is the emulator's")]
fn every_setting_of_this_machine_is_read_or_says_why_not() {
    let machine = Machine::live().unwrap();
    macro_rules! all {
        ($($setting:expr,)*) => {$(
            match Reading::from($setting.read(&machine)) {
                Reading::Value(value) => println!("{}: {value:?}", $setting.path()),
                other => println!("{}: {}", $setting.path(), other.as_result().unwrap_err()),
            }
            let there = machine.exists($setting.path());
            let readable = machine.read($setting.path()).is_ok();
            assert_eq!($setting.read(&machine).is_ok(), there && readable, "{}", $setting.path());
        )*};
    }
    all!(
        WriteBack::AGE,
        WriteBack::INTERVAL,
        WriteBack::TIME_STAMPS,
        WriteBack::LAPTOP_MODE,
        OutOfMemory::PANIC,
        OutOfMemory::KILL_CALLER,
        OutOfMemory::LIST_PROCESSES,
        Swapping::SWAPPINESS,
        Swapping::CLUSTER,
        Swapping::FILE_NAMES,
        Compaction::PROACTIVENESS,
        Compaction::LOCKED_PAGES,
        Compaction::FRAGMENTATION,
        Compaction::PREVENTION,
        AddressSpace::MAPPINGS,
        AddressSpace::LEAST_ADDRESS,
        AddressSpace::FROM_BELOW,
        AddressSpace::RANDOM_BITS,
        PageAllocator::RESERVES_OF_LOWER_ZONES,
        PageAllocator::LISTS_OF_CPUS,
        PageAllocator::COUNTING_INTERVAL,
        PageAllocator::SAVING_FOR_POOLS,
    );
    for which in [DirtyPages::Background, DirtyPages::Waiting] {
        println!("{which:?}: {:?}", DirtyLimit::read(&machine, which).unwrap());
    }
}

mod lab {
    mod numa {
        use std::{fmt::Debug, time::Duration};

        use linux_support_base::{Bytes, Machine};
        use linux_support_memory::{
            Setting,
            virtual_memory::{
                AddressSpace, Compaction, DirtyLimit, DirtyPages, OutOfMemory, OutOfMemoryPanic,
                PageAllocator, Swapping, WriteBack,
            },
        };

        /// It is set, and comes back with its guard.
        fn changes<T: Debug + PartialEq>(machine: &Machine, setting: Setting<T>, value: T, shown: &str) {
            let live = machine.as_live().unwrap();
            let text = || machine.line(setting.path()).unwrap().to_string();
            let before = text();
            assert_ne!(before, shown, "{}: the test must change it", setting.path());
            let guard = setting.set(live, &value).unwrap();
            assert_eq!((text().as_str(), setting.read(machine)), (shown, Ok(value)));
            guard.restore().unwrap();
            assert_eq!(text(), before, "{}", setting.path());
        }

        /// The kernel does not take it, and it stays.
        fn refuses<T: Debug + PartialEq>(machine: &Machine, setting: Setting<T>, value: T, said: &str) {
            let before = setting.read(machine).unwrap();
            let error = setting.set(machine.as_live().unwrap(), &value).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
            assert_eq!(setting.read(machine).unwrap(), before);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn how_memory_is_managed_is_set_until_its_guard_goes() {
            let machine = &Machine::live().unwrap();
            let seconds = Duration::from_secs;
            changes(machine, WriteBack::AGE, Duration::from_millis(12_340), "1234");
            changes(machine, WriteBack::INTERVAL, seconds(0), "0");
            changes(machine, WriteBack::TIME_STAMPS, seconds(600), "600");
            changes(machine, WriteBack::LAPTOP_MODE, seconds(5), "5");
            changes(machine, OutOfMemory::PANIC, OutOfMemoryPanic::Unrestricted, "1");
            changes(machine, OutOfMemory::KILL_CALLER, true, "1");
            changes(machine, OutOfMemory::LIST_PROCESSES, false, "0");
            changes(machine, Swapping::SWAPPINESS, 133, "133");
            changes(machine, Swapping::CLUSTER, 1, "1");
            changes(machine, Swapping::FILE_NAMES, 50, "50");
            changes(machine, Compaction::PROACTIVENESS, 33, "33");
            changes(machine, Compaction::LOCKED_PAGES, false, "0");
            changes(machine, Compaction::FRAGMENTATION, 400, "400");
            changes(machine, AddressSpace::MAPPINGS, 70_000, "70000");
            changes(machine, AddressSpace::LEAST_ADDRESS, 4096, "4096");
            changes(machine, AddressSpace::FROM_BELOW, true, "1");
            changes(machine, AddressSpace::RANDOM_BITS, 30, "30");
            changes(machine, PageAllocator::LISTS_OF_CPUS, 100, "100");
            changes(machine, PageAllocator::COUNTING_INTERVAL, seconds(7), "7");
            let ratios = PageAllocator::RESERVES_OF_LOWER_ZONES.read(machine).unwrap();
            let others: Vec<u32> = ratios.iter().map(|ratio| ratio + 1).collect();
            let guard =
                PageAllocator::RESERVES_OF_LOWER_ZONES.set(machine.as_live().unwrap(), &others).unwrap();
            assert_eq!(PageAllocator::RESERVES_OF_LOWER_ZONES.read(machine), Ok(others));
            guard.restore().unwrap();
            assert_eq!(PageAllocator::RESERVES_OF_LOWER_ZONES.read(machine), Ok(ratios));
            refuses(machine, Swapping::SWAPPINESS, 201, "\"201\" is refused: it takes 0 to 200");
            refuses(machine, Compaction::PROACTIVENESS, 101, "it takes 0 to 100");
            refuses(machine, Compaction::FRAGMENTATION, 1001, "it takes 0 to 1000");
            refuses(machine, PageAllocator::LISTS_OF_CPUS, 3, "0, or 8 and more");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn limits_of_changed_pages_come_back_as_they_were_given() {
            let machine = &Machine::live().unwrap();
            let live = machine.as_live().unwrap();
            for which in [DirtyPages::Background, DirtyPages::Waiting] {
                let read = || DirtyLimit::read(machine, which).unwrap();
                let before = read();
                assert!(matches!(before, DirtyLimit::Percent(1..)), "{before:?}");
                let size = DirtyLimit::Size(Bytes::new(64 << 20));
                let guard = size.set(live, which).unwrap();
                assert_eq!(read(), size);
                let inner = DirtyLimit::Percent(7).set(live, which).unwrap();
                assert_eq!(read(), DirtyLimit::Percent(7));
                drop(inner);
                assert_eq!(read(), size);
                guard.restore().unwrap();
                assert_eq!(read(), before);
                let error = DirtyLimit::Percent(101).set(live, which).unwrap_err();
                assert!(error.to_string().contains("it takes 0 to 100"), "{error}");
                let error = DirtyLimit::Size(Bytes::new(0)).set(live, which).unwrap_err();
                assert!(error.to_string().contains("1 byte and more"), "{error}");
                assert_eq!(read(), before);
            }
        }
    }
}
