//! Disks that the kernel makes up: partitions, sectors of 4 KiB, zones that are written, what can't be written.

#[path = "../../examples/block_device.rs"]
mod example;

mod lab {
    mod devices {
        use std::{
            fs,
            os::{fd::OwnedFd, unix::fs::FileExt},
            process::Command,
            thread,
            time::Duration,
        };

        use linux_support_base::{Bytes, Errno, Reason};
        use linux_support_fd::{
            block_device::{BlockAccess, BlockDevice, ZoneCondition, ZoneKind},
            file::ByteRange,
        };

        use super::super::example;
        use crate::open::Open;

        const MIB: u64 = 1 << 20;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_example_of_the_documentation_runs() {
            let _open = Open::watched();
            BlockDevice::open("/dev/loop0", BlockAccess::Read).unwrap();
            example::main().unwrap();
        }

        fn run(program: &str, arguments: &[&str]) -> bool {
            Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
        }

        /// A disk of the module scsi_debug, until this is dropped.
        struct Disk(String);

        impl Disk {
            /// `None` says that this kernel has no such module.
            fn new(parameters: &[&str]) -> Option<Self> {
                if !run("modprobe", &["sd_mod"]) || !run("modprobe", &[&["scsi_debug"], parameters].concat())
                {
                    println!("skipped: this kernel has no module scsi_debug");
                    return None;
                }
                for _ in 0..500 {
                    if let Some(name) = Self::name()
                        && fs::exists(format!("/dev/{name}")).unwrap()
                        && fs::read_to_string(format!("/sys/class/block/{name}/size"))
                            .is_ok_and(|size| size != "0\n")
                    {
                        return Some(Self(name));
                    }
                    thread::sleep(Duration::from_millis(20));
                }
                panic!("no disk came of scsi_debug");
            }

            fn name() -> Option<String> {
                fs::read_dir("/sys/class/block").unwrap().flatten().find_map(|entry| {
                    let model = fs::read_to_string(entry.path().join("device/model")).ok()?;
                    (model.trim() == "scsi_debug").then(|| entry.file_name().into_string().unwrap())
                })
            }

            fn open(&self, access: BlockAccess) -> BlockDevice {
                BlockDevice::open(format!("/dev/{}", self.0), access).unwrap()
            }

            /// The first partition, once it is there.
            fn partition(&self, access: BlockAccess) -> BlockDevice {
                let path = format!("/dev/{}1", self.0);
                for _ in 0..500 {
                    if fs::exists(&path).unwrap() {
                        break;
                    }
                    thread::sleep(Duration::from_millis(10));
                }
                BlockDevice::open(path, access).unwrap()
            }
        }

        impl Drop for Disk {
            fn drop(&mut self) {
                // Who looked at the disk when it came may still have it open.
                for _ in 0..100 {
                    if run("modprobe", &["-r", "scsi_debug"]) {
                        return;
                    }
                    thread::sleep(Duration::from_millis(50));
                }
            }
        }

        fn file(device: &BlockDevice) -> fs::File {
            fs::File::from(OwnedFd::from(device.try_clone().unwrap()))
        }

        /// A table of one partition, in sectors.
        fn table(start: u32, length: u32) -> [u8; 512] {
            let mut sector = [0; 512];
            sector[446 + 4] = 0x83;
            sector[446 + 8..446 + 12].copy_from_slice(&start.to_le_bytes());
            sector[446 + 12..446 + 16].copy_from_slice(&length.to_le_bytes());
            (sector[510], sector[511]) = (0x55, 0xaa);
            sector
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn partitions_are_read_again_when_nobody_has_them_open() {
            let _open = Open::watched();
            let Some(disk) = Disk::new(&["dev_size_mb=16"]) else { return };
            let device = disk.open(BlockAccess::ReadWrite);
            device.reread_partitions().unwrap();
            assert!(!fs::exists(format!("/dev/{}1", disk.0)).unwrap());
            file(&device).write_all_at(&table(2048, 4096), 0).unwrap();
            device.reread_partitions().unwrap();
            let partition = disk.partition(BlockAccess::Read);
            assert_eq!(partition.size().unwrap(), Bytes::new(2 * MIB));
            assert_eq!(partition.number().unwrap().major(), device.number().unwrap().major());
            let error = device.reread_partitions().unwrap_err();
            assert_eq!(error.reason(), &Reason::System(Errno::BUSY));
            drop(partition);
            file(&device).write_all_at(&table(4096, 2048), 0).unwrap();
            device.reread_partitions().unwrap();
            assert_eq!(disk.partition(BlockAccess::Read).size().unwrap(), Bytes::new(MIB));
            // What is written to a partition is where the table says.
            file(&disk.partition(BlockAccess::ReadWrite)).write_all_at(&[7; 4096], 0).unwrap();
            disk.partition(BlockAccess::ReadWrite).flush().unwrap();
            let mut byte = [0];
            file(&disk.open(BlockAccess::Read)).read_exact_at(&mut byte, 4096 * 512).unwrap();
            assert_eq!(byte, [7]);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn sectors_of_4_kib_are_told_and_given_back() {
            let _open = Open::watched();
            let parameters = ["dev_size_mb=16", "sector_size=4096", "opt_blks=16", "lbpu=1", "lbpws=1"];
            let Some(disk) = Disk::new(&parameters) else { return };
            let device = disk.open(BlockAccess::ReadWrite);
            let sector = Bytes::new(4096);
            assert_eq!(device.logical_sector_size().unwrap(), sector);
            assert_eq!(device.physical_sector_size().unwrap(), sector);
            assert_eq!(device.optimal_transfer().unwrap(), Some(Bytes::new(16 * 4096)));
            let writer = file(&device);
            writer.write_all_at(&[7; 16384], 0).unwrap();
            writer.sync_all().unwrap();
            device.discard(ByteRange::new(4096, 4096).unwrap()).unwrap();
            device.flush().unwrap();
            let mut bytes = [1; 16384];
            file(&disk.open(BlockAccess::Read)).read_exact_at(&mut bytes, 0).unwrap();
            assert_eq!([bytes[4095], bytes[4096], bytes[8191], bytes[8192]], [7, 0, 0, 7]);
            let part = ByteRange::new(0, 512).unwrap();
            assert_eq!(device.discard(part).unwrap_err().reason(), &Reason::System(Errno::INVAL));
            let secure = device.secure_discard(ByteRange::new(0, 4096).unwrap()).unwrap_err();
            assert_eq!(secure.reason(), &Reason::System(Errno::OPNOTSUPP));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_zone_says_how_far_it_is_written() {
            let _open = Open::watched();
            let zoned =
                ["dev_size_mb=64", "sector_size=4096", "zbc=managed", "zone_size_mb=4", "zone_nr_conv=1"];
            let Some(disk) = Disk::new(&zoned) else { return };
            let device = disk.open(BlockAccess::ReadWrite);
            let size = 4 * MIB;
            assert_eq!(device.zone_size().unwrap(), Some(Bytes::new(size)));
            assert_eq!(device.zone_count().unwrap(), 16);
            assert_eq!(device.zones(0).unwrap()[0].kind, ZoneKind::Conventional);
            let third = || device.zones(2 * size).unwrap()[0];
            assert_eq!((third().condition, third().write_pointer), (ZoneCondition::Empty, Some(2 * size)));
            let aligned = Aligned([5; 8192]);
            let writer = direct_writer(&disk.0);
            writer.write_all_at(&aligned.0, 2 * size).unwrap();
            assert_eq!(third().write_pointer, Some(2 * size + 8192));
            assert_eq!(third().condition, ZoneCondition::ImplicitlyOpen);
            // Elsewhere than at its pointer, a zone isn't written.
            assert!(writer.write_all_at(&aligned.0, 2 * size + 65536).is_err());
            let range = ByteRange::new(2 * size, size).unwrap();
            device.close_zones(range).unwrap();
            assert_eq!(third().condition, ZoneCondition::Closed);
            device.reset_zones(range).unwrap();
            assert_eq!((third().condition, third().write_pointer), (ZoneCondition::Empty, Some(2 * size)));
        }

        /// Memory as direct transfers want it.
        #[repr(align(4096))]
        struct Aligned([u8; 8192]);

        fn direct_writer(name: &str) -> fs::File {
            use std::os::unix::fs::OpenOptionsExt;
            let path = format!("/dev/{name}");
            fs::OpenOptions::new().write(true).custom_flags(libc::O_DIRECT).open(path).unwrap()
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_disk_that_is_write_protected_says_so() {
            let _open = Open::watched();
            let Some(disk) = Disk::new(&["dev_size_mb=8", "wp=1"]) else { return };
            let device = disk.open(BlockAccess::Read);
            assert!(device.is_read_only().unwrap());
            let range = ByteRange::new(0, 4096).unwrap();
            assert!(device.discard(range).is_err() && device.zero_out(range).is_err());
        }
    }
}
