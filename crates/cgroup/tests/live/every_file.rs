//! Each file of each controller, written and read back.

mod lab {
    mod any {
        use core::time::Duration;

        use linux_support_base::{
            Bytes, CpuSet, DeviceNumber, Limit, Machine, NumaNodeSet, PageSize, Percentage,
        };
        use linux_support_cgroup::{
            CpuBandwidth, IoCostControl, PartitionKind,
            live::{
                CoreSetting, CpuSetting, CpusetSetting, GroupSetting, HugePageSetting, IoCostModel,
                IoCostQuality, IoPriorityClass, IoSetting, MemorySetting,
            },
        };

        use crate::{Scratch, Sleeper};

        fn at(mib: u64) -> Limit<Bytes> {
            Limit::At(Bytes::new(mib << 20))
        }

        fn percent(text: &str) -> Limit<Percentage> {
            Limit::At(Percentage::parse(text.as_bytes()).unwrap())
        }

        /// Settings of one value, and what the file has then, where that is not what was written.
        fn settings() -> Vec<(GroupSetting, Option<&'static str>)> {
            let bandwidth = CpuBandwidth {
                limit: Limit::At(Duration::from_millis(40)),
                period: Duration::from_millis(50),
            };
            let pages = |reserved| HugePageSetting {
                size: PageSize::new(Bytes::new(2 << 20)).unwrap(),
                reserved,
                max: at(4),
            };
            let mut all: Vec<(GroupSetting, Option<&'static str>)> = vec![
                (CoreSetting::MaxDepth(Limit::At(5)).into(), None),
                (CoreSetting::MaxDescendants(Limit::At(6)).into(), None),
                (CoreSetting::Pressure(false).into(), None),
                (CoreSetting::Pressure(true).into(), None),
                (CpuSetting::Weight(123).into(), None),
                (CpuSetting::WeightNice(-5).into(), None),
                (CpuSetting::Max(bandwidth).into(), None),
                (CpuSetting::MaxBurst(Duration::from_millis(20)).into(), None),
                (CpuSetting::UtilizationMin(percent("12.50")).into(), None),
                (CpuSetting::UtilizationMax(percent("87.25")).into(), None),
                (CpuSetting::UtilizationMax(Limit::Max).into(), None),
                (CpuSetting::Idle(true).into(), None),
                (CpuSetting::Idle(false).into(), None),
                (CpusetSetting::Cpus(CpuSet::parse_list(b"0-1").unwrap()).into(), None),
                (CpusetSetting::Nodes(NumaNodeSet::parse_list(b"0").unwrap()).into(), None),
                (CpusetSetting::Exclusive(CpuSet::parse_list(b"1").unwrap()).into(), None),
                (CpusetSetting::Exclusive(CpuSet::new()).into(), Some("")),
                (CpusetSetting::Partition(PartitionKind::Member).into(), None),
                (MemorySetting::Min(at(1)).into(), None),
                (MemorySetting::Low(at(2)).into(), None),
                (MemorySetting::High(at(30)).into(), None),
                (MemorySetting::Max(at(40)).into(), None),
                (MemorySetting::Max(Limit::Max).into(), None),
                (MemorySetting::OomGroup(true).into(), None),
                (MemorySetting::SwapHigh(at(3)).into(), None),
                (MemorySetting::SwapMax(at(4)).into(), None),
                (MemorySetting::ZswapMax(at(5)).into(), None),
                (MemorySetting::ZswapWriteback(false).into(), None),
                (IoSetting::Weight { device: None, weight: Some(200) }.into(), None),
                (IoSetting::BfqWeight { device: None, weight: Some(200) }.into(), None),
                (GroupSetting::Threads(Limit::At(99)), None),
                (pages(false).into(), None),
                (pages(true).into(), None),
            ];
            for (class, word) in [
                (IoPriorityClass::NoChange, "no-change"),
                (IoPriorityClass::RestrictToBestEffort, "restrict-to-be"),
                (IoPriorityClass::Idle, "idle"),
                (IoPriorityClass::PromoteToRealTime, "promote-to-rt"),
            ] {
                all.push((IoSetting::PriorityClass(class).into(), Some(word)));
            }
            all
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_is_written_is_read_back_from_each_file() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "each-file");
            for controller in scratch.root.controllers().unwrap() {
                scratch.root.enable(&[controller]).unwrap();
            }
            let group = scratch.group();
            let (mut written, mut absent) = (0, Vec::new());
            for (setting, expected) in settings() {
                let file = setting.file().into_owned();
                let text = String::from_utf8(setting.text()).unwrap();
                match group.set(setting) {
                    Ok(()) => {
                        let line = group.directory().line(&file).unwrap().to_string();
                        assert_eq!(line, expected.unwrap_or(&text), "{file}");
                        written += 1;
                    }
                    Err(error) => {
                        // Not every kernel has every policy of the controllers.
                        let why = error.reason().name();
                        assert!(["not-configured", "kernel-too-old"].contains(&why), "{file}: {error}");
                        absent.push(file);
                    }
                }
            }
            println!("{written} written, without {absent:?}");
            assert!(written >= 24, "{absent:?}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_the_kernel_writes_is_read_without_a_fault() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "all-read");
            for controller in scratch.root.controllers().unwrap() {
                scratch.root.enable(&[controller]).unwrap();
            }
            let sleeper = Sleeper::start();
            scratch.group().take_process(sleeper.pid()).unwrap();
            for group in [scratch.group().read(), scratch.root.read()] {
                let text = serde_json::to_string(&group).unwrap();
                assert!(!text.contains(r#""malformed""#), "{text}");
                let pressure = &group.pressure;
                for (name, reading) in
                    [("cpu", &pressure.cpu), ("memory", &pressure.memory), ("irq", &pressure.irq)]
                {
                    if let Err(error) = reading.as_result() {
                        assert_eq!(error.reason().name(), "not-configured", "{name}: {error}");
                    }
                }
            }
            // No file of a controller that is known was passed over.
            let group = scratch.group();
            let mut files = Vec::new();
            group
                .directory()
                .visit("", |name, _| files.push(String::from_utf8_lossy(name).into_owned()))
                .unwrap();
            let known = [
                "cgroup.controllers",
                "cgroup.events",
                "cgroup.freeze",
                "cgroup.kill",
                "cgroup.max.depth",
                "cgroup.max.descendants",
                "cgroup.pressure",
                "cgroup.procs",
                "cgroup.stat",
                "cgroup.stat.local",
                "cgroup.subtree_control",
                "cgroup.threads",
                "cgroup.type",
                "cpu.idle",
                "cpu.max",
                "cpu.max.burst",
                "cpu.pressure",
                "cpu.stat",
                "cpu.stat.local",
                "cpu.uclamp.max",
                "cpu.uclamp.min",
                "cpu.weight",
                "cpu.weight.nice",
                "cpuset.cpus",
                "cpuset.cpus.effective",
                "cpuset.cpus.exclusive",
                "cpuset.cpus.exclusive.effective",
                "cpuset.cpus.partition",
                "cpuset.mems",
                "cpuset.mems.effective",
                "dmem.current",
                "dmem.low",
                "dmem.max",
                "dmem.min",
                "io.bfq.weight",
                "io.latency",
                "io.max",
                "io.pressure",
                "io.prio.class",
                "io.stat",
                "io.weight",
                "irq.pressure",
                "memory.current",
                "memory.events",
                "memory.events.local",
                "memory.high",
                "memory.low",
                "memory.max",
                "memory.min",
                "memory.numa_stat",
                "memory.oom.group",
                "memory.peak",
                "memory.pressure",
                "memory.reclaim",
                "memory.stat",
                "memory.swap.current",
                "memory.swap.events",
                "memory.swap.high",
                "memory.swap.max",
                "memory.swap.peak",
                "memory.zswap.current",
                "memory.zswap.max",
                "memory.zswap.writeback",
                "misc.current",
                "misc.events",
                "misc.events.local",
                "misc.max",
                "misc.peak",
                "pids.current",
                "pids.events",
                "pids.events.local",
                "pids.max",
                "pids.peak",
                "rdma.current",
                "rdma.events",
                "rdma.events.local",
                "rdma.peak",
                "dmem.peak",
                "rdma.max",
            ];
            let huge = ["current", "events", "events.local", "max", "numa_stat", "rsvd.current", "rsvd.max"];
            let is_known =
                |file: &str| match file.strip_prefix("hugetlb.").and_then(|rest| rest.split_once('.')) {
                    Some((_, rest)) => huge.contains(&rest),
                    None => known.contains(&file),
                };
            let unknown: Vec<_> = files.iter().filter(|file| !is_known(file)).collect();
            assert!(unknown.is_empty(), "{unknown:?}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn limits_of_a_disk_are_read_back() {
            let machine = Machine::live().unwrap();
            let scratch = Scratch::new(&machine, "disk");
            let Some(device) = disk(&machine) else { return println!("skipped: no disk") };
            scratch.root.enable(&[linux_support_cgroup::Controller::Io]).unwrap();
            let group = scratch.group();
            let set = |setting: IoSetting| match group.set(setting) {
                Ok(()) => true,
                Err(error) => {
                    assert_eq!(error.reason().name(), "not-configured", "{error}");
                    println!("without: {error}");
                    false
                }
            };
            let io = || group.read().io.into_result().unwrap();
            if set(IoSetting::Max {
                device,
                read: Some(at(2)),
                written: None,
                reads: Some(Limit::At(77)),
                writes: None,
            }) {
                let limits = &io().max.into_result().unwrap()[&device];
                assert_eq!((limits.read, limits.written, limits.reads), (at(2), Limit::Max, Limit::At(77)));
            }
            if set(IoSetting::Latency { device, target: Some(Duration::from_millis(7)) }) {
                assert_eq!(io().latency.into_result().unwrap().len(), 1);
                set(IoSetting::Latency { device, target: None });
            }
            let quality = IoCostQuality {
                enable: Some(true),
                control: Some(IoCostControl::User),
                read_percentile: Some(9_000),
                read_latency: Some(Duration::from_millis(3)),
                ..IoCostQuality::default()
            };
            match scratch.root.set(IoSetting::CostQuality(device, quality)) {
                Ok(()) => {
                    let root = scratch.root.read().io.into_result().unwrap();
                    let read = &root.cost_quality.into_result().unwrap()[&device];
                    assert_eq!((read.enable, read.control), (Some(true), Some(IoCostControl::User)));
                    assert_eq!(
                        (read.read_percentile, read.read_latency),
                        (Some(9_000), Some(Duration::from_millis(3)))
                    );
                    let model = IoCostModel {
                        control: Some(IoCostControl::User),
                        read: Some(Bytes::new(500 << 20)),
                        sequential_reads: Some(60_000),
                        random_reads: Some(50_000),
                        written: Some(Bytes::new(400 << 20)),
                        sequential_writes: Some(40_000),
                        random_writes: Some(30_000),
                        ..IoCostModel::default()
                    };
                    scratch.root.set(IoSetting::CostModel(device, model.clone())).unwrap();
                    let root = scratch.root.read().io.into_result().unwrap();
                    assert_eq!(root.cost_model.into_result().unwrap()[&device], model);
                    assert!(set(IoSetting::Weight { device: Some(device), weight: Some(300) }));
                    let off = IoCostQuality {
                        enable: Some(false),
                        control: Some(IoCostControl::Auto),
                        ..IoCostQuality::default()
                    };
                    scratch.root.set(IoSetting::CostQuality(device, off)).unwrap();
                }
                Err(error) => {
                    assert_eq!(error.reason().name(), "not-configured", "{error}");
                    println!("without: {error}");
                }
            }
        }

        /// The first disk that the machine has.
        fn disk(machine: &Machine) -> Option<DeviceNumber> {
            let entries = machine.entries("/sys/block").ok()?;
            let nvme = entries.iter().find(|entry| entry.name.as_bytes().starts_with(b"nvme"))?;
            let line = machine.line([b"/sys/block/", nvme.name.as_bytes(), b"/dev"].concat()).ok()?;
            DeviceNumber::parse(line.as_bytes()).ok()
        }
    }
}
