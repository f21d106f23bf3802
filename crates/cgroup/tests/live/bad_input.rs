//! What is asked of groups in vain, and what is left then.

mod lab {
    mod any {
        use std::time::Duration;

        use linux_support_base::{ByteString, Bytes, Limit, Machine, PageSize, Pid, Reason};
        use linux_support_cgroup::{
            Controller, CpuBandwidth, Hierarchies, Membership,
            live::{
                CoreSetting, CpuSetting, CpusetSetting, GroupSetting, HugePageSetting, IoSetting,
                MemorySetting, MiscSetting, RdmaSetting,
            },
            tree,
        };

        use crate::{SOON, Scratch, Sleeper, name};

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_controller_that_is_not_there_is_named_and_nothing_is_switched() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "no-such");
            let before = scratch.root.enabled().unwrap();
            let wanted = [Controller::Pids, Controller::from_name(b"quantum")];
            let error = scratch.root.enable(&wanted).unwrap_err().to_string();
            assert!(error.contains("not quantum") && error.contains("pids"), "{error}");
            assert_eq!(scratch.root.enabled().unwrap(), before);
            let error = scratch.root.enable_down_to(&[name("nowhere")], &[]).unwrap_err();
            assert!(error.is_absent(), "{error}");
            // None was given on: no file of any is there.
            let group = scratch.group();
            for controller in [Controller::Cpu, Controller::Memory, Controller::Io, Controller::Pids] {
                if before.contains(&controller) {
                    scratch.root.disable(&[controller]).unwrap();
                }
            }
            for setting in [
                GroupSetting::from(CpuSetting::Weight(7)),
                MemorySetting::Max(Limit::At(Bytes::new(1 << 30))).into(),
                IoSetting::Weight { device: None, weight: Some(7) }.into(),
                GroupSetting::Threads(Limit::At(7)),
            ] {
                let error = group.set(setting).unwrap_err();
                assert_eq!(error.reason().name(), "not-configured", "{error}");
                assert!(error.to_string().contains("switched on for this group"), "{error}");
            }
            assert!(group.watch_memory().unwrap_err().to_string().contains("the controller memory"));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_busy_group_stays_and_says_with_what() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "busy");
            let group = scratch.group();
            group.make(&name("within")).unwrap();
            let sleeper = Sleeper::start();
            group.take_process(sleeper.pid()).unwrap();
            for error in
                [scratch.root.remove(&scratch.name), scratch.root.remove_all(&scratch.name).map(|_| ())]
            {
                let error = error.unwrap_err().to_string();
                assert!(error.contains("it has 1 processes and 1 groups itself"), "{error}");
            }
            assert_eq!(group.children().unwrap(), ["within"]);
            let error = group.enable(&[Controller::Memory]).unwrap_err();
            assert!(matches!(error.reason(), Reason::Invalid { .. }), "{error}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn values_out_of_range_are_refused_and_what_was_there_stays() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "beyond");
            let controllers = scratch.root.controllers().unwrap();
            for controller in &controllers {
                scratch.root.enable(std::slice::from_ref(controller)).unwrap();
            }
            let group = scratch.group();
            // No more can be saved up than may be used.
            let limit = Limit::At(Duration::from_millis(10));
            group.set(CpuSetting::Max(CpuBandwidth { limit, period: Duration::from_millis(50) })).unwrap();
            let no_disk = linux_support_base::DeviceNumber::new(4000, 1);
            let settings = [
                GroupSetting::from(CpuSetting::MaxBurst(Duration::from_secs(3600))),
                CpusetSetting::Cpus("60000".parse().unwrap()).into(),
                CpusetSetting::Nodes("900".parse().unwrap()).into(),
                MemorySetting::Reclaim { amount: Bytes::new(1), swappiness: Some(255) }.into(),
                IoSetting::Latency { device: no_disk, target: Some(Duration::from_millis(1)) }.into(),
                CoreSetting::MaxDepth(Limit::At(1 << 40)).into(),
                HugePageSetting {
                    size: PageSize::new(Bytes::new(1 << 60)).unwrap(),
                    reserved: false,
                    max: Limit::Max,
                }
                .into(),
                MiscSetting { resource: "none-such".into(), max: Limit::At(1) }.into(),
                RdmaSetting { adapter: "none-such".into(), handles: Some(Limit::At(1)), objects: None }
                    .into(),
            ];
            for setting in settings {
                let file = setting.file().into_owned();
                let before = group.directory().read(&file).ok();
                let shown = setting.to_string();
                let error = group.set(setting).unwrap_err();
                assert!(
                    ["invalid", "not-configured", "kernel-too-old", "absent"]
                        .contains(&error.reason().name()),
                    "{shown}: {error}"
                );
                assert_eq!(group.directory().read(&file).ok(), before, "{shown}");
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_group_that_is_removed_while_it_is_used_is_gone_for_everything() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "vanishes");
            scratch.root.enable(&[Controller::Cpu, Controller::Memory]).unwrap();
            scratch.group().enable(&[Controller::Cpu, Controller::Memory]).unwrap();
            let (parent, leaf) = (scratch.group(), name("leaf"));
            let group = parent.make(&leaf).unwrap();
            let watch = group.watch_memory().unwrap();
            let temporary = group.set_for_now(CpuSetting::Weight(9)).unwrap();
            parent.remove(&leaf).unwrap();
            let other = parent.make(&leaf).unwrap();
            let own = Pid::new(std::process::id().cast_signed()).unwrap();
            let errors = [
                ("set", group.set(CpuSetting::Weight(7)).unwrap_err()),
                ("take", group.take_process(own).unwrap_err()),
                ("controllers", group.controllers().unwrap_err()),
                ("enable", group.enable(&[Controller::Cpu]).unwrap_err()),
                ("make", group.make(&name("x")).unwrap_err()),
                ("kill", group.kill().unwrap_err()),
                ("freeze", group.freeze(SOON).map(|_| ()).unwrap_err()),
                ("events", group.events().unwrap_err()),
                ("watch", group.watch_events().map(|_| ()).unwrap_err()),
                ("kind", group.kind().unwrap_err()),
                ("children", group.children().unwrap_err()),
            ];
            for (what, error) in errors {
                assert_eq!(*error.reason(), Reason::Gone, "{what}: {error}");
            }
            let read = watch.read().unwrap_err();
            assert!(matches!(read.reason(), Reason::Gone), "{read}");
            // What ends the setting reaches no other group of that name.
            assert!(temporary.restore().is_err());
            assert_eq!(other.read().cpu.into_result().unwrap().weight.into_result().unwrap(), 100);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn names_of_all_bytes_come_back_from_processes_and_from_trees() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "names");
            let group = scratch.group();
            let hierarchies = Hierarchies::read(&machine).unwrap();
            let unified = hierarchies.unified().unwrap();
            let names: [&[u8]; 7] =
                [b"a.b", b"...", b"a b", b"a:b\\040c", b"\xff\xfe", b"x (deleted)", &[b'x'; 255]];
            for bytes in names {
                let one = linux_support_cgroup::live::GroupName::new(bytes).unwrap();
                let made = group.make(&one).unwrap();
                let sleeper = Sleeper::start();
                made.take_process(sleeper.pid()).unwrap();
                let own = Membership::read_all(&machine, sleeper.pid()).unwrap();
                let own = own.iter().find(|own| own.is_unified()).unwrap();
                let path: ByteString = [b"/names/", bytes].concat().into();
                assert_eq!(own.path, path);
                assert_eq!(
                    unified.directory_of(own.path.as_bytes()).unwrap().as_bytes(),
                    made.directory().path()
                );
                let all = tree::groups(&machine, unified, b"/names", 8).unwrap();
                let found = all.iter().find(|(_, found)| found.path == path).unwrap();
                assert_eq!(found.1.processes.value(), Some(&1));
            }
            // The kernel itself refuses what would break its files.
            for bytes in [&b"a\nb"[..], b"cgroup.x\n"] {
                use std::os::unix::ffi::OsStrExt;
                let path =
                    std::path::Path::new("/sys/fs/cgroup/names").join(std::ffi::OsStr::from_bytes(bytes));
                assert!(std::fs::create_dir(path).is_err());
                assert!(linux_support_cgroup::live::GroupName::new(bytes).is_err());
            }
        }
    }
}
