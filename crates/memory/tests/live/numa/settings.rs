//! Settings that are changed and come back. They are the machine's, so nothing else may be running on it.

mod lab {
    mod numa {
        use std::{fmt::Debug, fs, time::Duration};

        use linux_support_base::{Bytes, Machine, Reason};
        use linux_support_memory::{
            Setting,
            block::{HotplugSettings, OnlinePolicy, PluggedState},
            numa::{BalancingMode, DEMOTION, NumaBalancing, ReclaimSettings, ZoneReclaim},
        };
        use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

        fn machine() -> Machine {
            Machine::live().unwrap()
        }

        fn text(path: &str) -> String {
            fs::read_to_string(path).unwrap().trim().to_owned()
        }

        /// Sets `value`, for which `shown` stands in the file, and ends the guard in each of its ways.
        fn changes<T: Debug + PartialEq>(setting: Setting<T>, value: T, shown: &str) {
            let machine = machine();
            let path = setting.path();
            let before = text(path);
            assert_ne!(before, shown, "{path}: the test must change it");
            let was = setting.read(&machine).unwrap();
            let guard = setting.set(machine.as_live().unwrap(), &value).unwrap();
            assert_eq!(guard.before(), &was, "{path}");
            assert_eq!(text(path), shown, "{path}");
            assert_eq!(setting.read(&machine).unwrap(), value, "{path}");
            drop(guard);
            assert_eq!(text(path), before, "{path}");
            setting.set(machine.as_live().unwrap(), &value).unwrap().keep();
            assert_eq!(text(path), shown, "{path}");
            let guard = setting.set(machine.as_live().unwrap(), &was).unwrap();
            assert_eq!(guard.before(), &value, "{path}");
            guard.restore().unwrap();
            assert_eq!(text(path), shown, "{path}");
            setting.set(machine.as_live().unwrap(), &was).unwrap().keep();
            assert_eq!(text(path), before, "{path}");
        }

        /// The kernel does not take `value`: the error has `said`, and nothing is changed.
        fn refuses<T: Debug>(setting: Setting<T>, value: T, said: &str) {
            let before = text(setting.path());
            let machine = machine();
            let error = setting.set(machine.as_live().unwrap(), &value).unwrap_err();
            assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
            assert!(error.to_string().contains(said), "{error}");
            assert_eq!(text(setting.path()), before);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_the_kernel_balances_is_set_until_its_guard_goes() {
            changes(NumaBalancing::MODE, BalancingMode::MEMORY_TIERING, "2");
            changes(NumaBalancing::MODE, BalancingMode::empty(), "0");
            changes(NumaBalancing::PROMOTION_RATE_LIMIT, Bytes::new(100 << 20), "100");
            changes(NumaBalancing::SCAN_DELAY, Duration::from_millis(1500), "1500");
            changes(NumaBalancing::SCAN_PERIOD_MIN, Duration::from_millis(2000), "2000");
            changes(NumaBalancing::SCAN_PERIOD_MAX, Duration::from_secs(50), "50000");
            changes(NumaBalancing::SCAN_SIZE, Bytes::new(128 << 20), "128");
            changes(NumaBalancing::HOT_THRESHOLD, Duration::from_millis(900), "900");
            changes(DEMOTION, true, "true");
            let read = NumaBalancing::read(&machine());
            assert_eq!(read.mode.value().map(ToString::to_string), Some("normal".into()));
            assert_eq!(read.scan.delay_milliseconds.value(), Some(&1000));
            refuses(
                NumaBalancing::MODE,
                BalancingMode::from_bits_retain(64),
                "\"64\" is refused: it takes 0, 1",
            );
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_the_kernel_reclaims_is_set_until_its_guard_goes() {
            changes(ReclaimSettings::ZONE_RECLAIM_MODE, ZoneReclaim::ON | ZoneReclaim::UNMAP, "5");
            changes(ReclaimSettings::MIN_UNMAPPED_RATIO, 2, "2");
            changes(ReclaimSettings::MIN_SLAB_RATIO, 7, "7");
            changes(ReclaimSettings::WATERMARK_SCALE_FACTOR, 20, "20");
            changes(ReclaimSettings::WATERMARK_BOOST_FACTOR, 0, "0");
            changes(ReclaimSettings::MIN_FREE, Bytes::new(16 << 20), "16384");
            changes(ReclaimSettings::NUMA_STATISTICS, false, "0");
            refuses(ReclaimSettings::MIN_SLAB_RATIO, 101, "\"101\" is refused: it takes 0 to 100");
            refuses(ReclaimSettings::MIN_UNMAPPED_RATIO, u32::MAX, "it takes 0 to 100");
            refuses(ReclaimSettings::WATERMARK_SCALE_FACTOR, 0, "it takes 1 to 3000");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_becomes_of_memory_that_is_plugged_in_is_set_until_its_guard_goes() {
            let other = match HotplugSettings::AUTO_ONLINE.read(&machine()).unwrap() {
                PluggedState::Movable => PluggedState::Kernel,
                _ => PluggedState::Movable,
            };
            let shown = other.to_string();
            changes(HotplugSettings::AUTO_ONLINE, other, &shown);
            changes(HotplugSettings::ONLINE_POLICY, OnlinePolicy::AutoMovable, "auto-movable");
            changes(HotplugSettings::AUTO_MOVABLE_RATIO, 50, "50");
            changes(HotplugSettings::AUTO_MOVABLE_PER_NODE, false, "N");
            refuses(
                HotplugSettings::AUTO_ONLINE,
                PluggedState::parse(b"sometimes"),
                "\"sometimes\" is refused: it takes offline, online",
            );
            refuses(
                HotplugSettings::ONLINE_POLICY,
                OnlinePolicy::parse(b"x"),
                "contig-zones or auto-movable",
            );
        }

        /// Root without the capability is not the test: whether it may is for the kernel to say.
        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn without_the_capability_the_error_names_it_and_nothing_changes() {
            let mut held = capabilities(None).unwrap();
            held.effective.remove(CapabilitySet::SYS_ADMIN);
            let before = text(NumaBalancing::MODE.path());
            let error = std::thread::spawn(move || {
                set_capabilities(None, held).unwrap();
                NumaBalancing::MODE.set(machine().as_live().unwrap(), &BalancingMode::empty()).unwrap_err()
            })
            .join()
            .unwrap();
            let needed = Reason::PermissionDenied { capability: Some("CAP_SYS_ADMIN") };
            assert_eq!(error.reason(), &needed, "{error}");
            assert_eq!(text(NumaBalancing::MODE.path()), before);
        }
    }
}
