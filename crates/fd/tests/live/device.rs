//! Block and character devices.

use std::{
    fs::File,
    io::{ErrorKind, Read, Write},
    os::fd::OwnedFd,
    process::{Command, Stdio},
};

use linux_support_base::{DeviceNumber, Errno, Error, Reason};
use linux_support_fd::{
    Descriptor,
    block_device::{BlockAccess, BlockDevice, ZoneCondition, ZoneKind},
    character_device::{CharacterDevice, FullDevice, NullDevice, RandomDevice, ZeroDevice},
    directory::OpenHow,
};

use crate::{child::Child, open::Open};

fn reason<T>(result: Result<T, Error>) -> Reason {
    result.map(|_| ()).unwrap_err().reason().clone()
}

fn file(descriptor: impl Into<OwnedFd>) -> File {
    File::from(descriptor.into())
}

#[test]
fn the_devices_of_memory_do_what_they_are_for() {
    let _open = Open::watched();
    assert_eq!(file(NullDevice::open().unwrap()).read(&mut [1]).unwrap(), 0);
    let mut bytes = [1; 4];
    file(ZeroDevice::open().unwrap()).read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, [0; 4]);
    let full = file(FullDevice::open().unwrap()).write(b"x").unwrap_err();
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    let null = NullDevice::open().unwrap();
    assert!(null.is_close_on_exec().unwrap());
    let output = Stdio::from(OwnedFd::from(null.try_clone().unwrap()));
    assert!(Command::new("true").stdout(output).status().unwrap().success());
}

#[test]
fn a_device_of_another_number_is_refused_under_any_name() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let planted = folder.path().join("null");
    std::os::unix::fs::symlink("/dev/zero", &planted).unwrap();
    let error = NullDevice::open_at(&planted).unwrap_err();
    assert!(error.to_string().ends_with("is no null device, but character device 1:5"), "{error}");
    std::fs::write(folder.path().join("file"), "").unwrap();
    let error = NullDevice::open_at(folder.path().join("file")).unwrap_err();
    assert!(error.to_string().ends_with("is no null device, but regular file"), "{error}");
    assert_eq!(reason(NullDevice::open_at(folder.path().join("none"))), Reason::Absent);
    let zero = || OwnedFd::from(File::open("/dev/zero").unwrap());
    assert!(NullDevice::try_from(zero()).is_err() && RandomDevice::try_from(zero()).is_err());
    let device = CharacterDevice::try_from(zero()).unwrap();
    assert_eq!(device.number().unwrap(), ZeroDevice::NUMBER);
    assert!(ZeroDevice::try_from(OwnedFd::from(device)).is_ok());
    assert!(CharacterDevice::open("/proc/version", OpenHow::reading()).is_err());
}

#[test]
fn what_is_no_device_is_not_even_opened() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    // Opening it would wait for a writer.
    let error = BlockDevice::open(&fifo, BlockAccess::Read).unwrap_err();
    assert!(error.to_string().ends_with("is no block device, but pipe"), "{error}");
    let error = BlockDevice::try_from(OwnedFd::from(File::open("/dev/null").unwrap())).unwrap_err();
    assert!(error.to_string().ends_with("is no block device, but character device 1:3"), "{error}");
}

#[test]
fn random_numbers_are_given_mixed_and_fed() {
    let _open = Open::watched();
    let random = RandomDevice::open().unwrap();
    let (mut one, mut two) = ([0; 64], [0; 64]);
    random.fill(&mut one).unwrap();
    RandomDevice::open_at("/dev/urandom").unwrap().fill(&mut two).unwrap();
    assert_ne!(one, two);
    random.mix(b"whatever").unwrap();
    assert!(random.entropy().unwrap() <= 4096);
    assert!(matches!(reason(random.add_entropy(&[0; 513], 0)), Reason::Invalid(_)));
    assert!(matches!(reason(random.add_entropy(&[0; 4], 33)), Reason::Invalid(_)));
    let child = Child::doing(|| {
        if rustix::process::getuid().is_root() {
            random.add_entropy(b"no entropy at all", 0).unwrap();
            random.credit_entropy(0).unwrap();
            random.reseed().unwrap();
            let nobody = rustix::process::Uid::from_raw(65534);
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
        }
        let refused = Reason::PermissionDenied { capability: Some("CAP_SYS_ADMIN") };
        assert_eq!(reason(random.reseed()), refused);
        assert_eq!(reason(random.add_entropy(b"x", 0)), refused);
        assert_eq!(reason(random.credit_entropy(0)), refused);
        assert_eq!(reason(random.clear()), refused);
    });
    assert_eq!(child.end().exit_status(), Some(0));
}

mod lab {
    /// A file of 16 MiB as a loop device.
    mod devices {
        #![expect(unsafe_code, reason = "nothing safe sets up a loop device")]

        use std::os::fd::AsRawFd;

        use linux_support_base::Bytes;
        use linux_support_fd::file::ByteRange;

        use super::super::*;

        const LENGTH: u64 = 16 << 20;
        const LOOP_SET_FD: u64 = 0x4c00;
        const LOOP_CLR_FD: u64 = 0x4c01;
        const LOOP_CTL_GET_FREE: u64 = 0x4c82;

        fn ioctl(file: &File, request: u64, argument: i32) -> std::io::Result<i32> {
            // SAFETY: these requests of loop devices take a number.
            let returned = unsafe { libc::ioctl(file.as_raw_fd(), request as _, argument) };
            if returned < 0 { Err(std::io::Error::last_os_error()) } else { Ok(returned) }
        }

        /// A loop device, until this is dropped.
        struct Loop {
            path: String,
            backing: File,
        }

        impl Loop {
            fn new() -> Self {
                let backing = tempfile::tempfile().unwrap();
                backing.set_len(LENGTH).unwrap();
                let number = ioctl(&File::open("/dev/loop-control").unwrap(), LOOP_CTL_GET_FREE, 0).unwrap();
                let path = format!("/dev/loop{number}");
                let device = File::options().read(true).write(true).open(&path).unwrap();
                ioctl(&device, LOOP_SET_FD, backing.as_raw_fd()).unwrap();
                Self { path, backing }
            }

            fn open(&self, access: BlockAccess) -> Result<BlockDevice, Error> {
                BlockDevice::open(&self.path, access)
            }

            fn fact(&self, name: &str) -> u64 {
                let path = format!("/sys/class/block/{}/{name}", &self.path["/dev/".len()..]);
                std::fs::read_to_string(path).unwrap().trim().parse().unwrap()
            }
        }

        impl Drop for Loop {
            fn drop(&mut self) {
                let device = self.open(BlockAccess::Read).unwrap();
                let _ = device.set_read_only(false);
                let _ = device.set_read_ahead(Bytes::new(128 << 10));
                let _ = ioctl(&file(device), LOOP_CLR_FD, 0);
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_device_says_what_sysfs_says() {
            let _open = Open::watched();
            let looped = Loop::new();
            let device = looped.open(BlockAccess::Read).unwrap();
            assert_eq!(device.number().unwrap().major(), 7);
            assert_eq!(device.size().unwrap(), Bytes::new(LENGTH));
            assert_eq!(device.size().unwrap().get(), looped.fact("size") * 512);
            let same = |size: Bytes, name: &str| assert_eq!(size.get(), looped.fact(name), "{name}");
            same(device.logical_sector_size().unwrap(), "queue/logical_block_size");
            same(device.physical_sector_size().unwrap(), "queue/physical_block_size");
            same(device.minimum_transfer().unwrap(), "queue/minimum_io_size");
            let optimal = device.optimal_transfer().unwrap().map_or(0, Bytes::get);
            assert_eq!(optimal, looped.fact("queue/optimal_io_size"));
            assert_eq!(device.read_ahead().unwrap().kib(), looped.fact("queue/read_ahead_kb"));
            assert_eq!(u64::from(device.is_rotational().unwrap()), looped.fact("queue/rotational"));
            assert_eq!(device.disk_sequence().unwrap(), looped.fact("diskseq"));
            assert_eq!(device.alignment_offset().unwrap(), Some(Bytes::new(0)));
            assert!(device.maximum_transfer().unwrap().get() >= 512);
            assert_eq!((device.zone_size().unwrap(), device.zone_count().unwrap()), (None, 0));
            assert!(device.zones(0).is_err());
            assert_eq!(reason(device.reread_partitions()), Reason::System(Errno::INVAL), "it may have none");
        }

        fn run(program: &str, arguments: &[&str]) -> bool {
            Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn zones_are_reported_opened_closed_finished_and_reset() {
            let _open = Open::watched();
            // 256 zones of 4 MiB, the first two of which are conventional.
            let parameters = ["nr_devices=1", "gb=1", "zoned=1", "zone_size=4", "zone_nr_conv=2"];
            if !run("modprobe", &[&["null_blk"][..], &parameters].concat()) {
                return println!("skipped: this kernel has no module null_blk");
            }
            let device = BlockDevice::open("/dev/nullb0", BlockAccess::ReadWrite).unwrap();
            let size = device.zone_size().unwrap().unwrap();
            assert_eq!((size, device.zone_count().unwrap()), (Bytes::new(4 << 20), 256));
            let zones = device.zones(0).unwrap();
            assert_eq!(zones.len(), 256);
            for (number, zone) in zones.iter().enumerate() {
                assert_eq!((zone.start, zone.length), (number as u64 * size.get(), size));
                let (kind, condition, pointer) = match number {
                    0 | 1 => (ZoneKind::Conventional, ZoneCondition::WithoutWritePointer, None),
                    _ => (ZoneKind::SequentialRequired, ZoneCondition::Empty, Some(zone.start)),
                };
                assert_eq!((zone.kind, zone.condition, zone.write_pointer), (kind, condition, pointer));
            }
            assert_eq!(device.zones(250 * size.get() + 1).unwrap().len(), 6);

            let third = ByteRange::new(2 * size.get(), size.get()).unwrap();
            let condition = || device.zones(third.start()).unwrap()[0].condition;
            device.open_zones(third).unwrap();
            assert_eq!(condition(), ZoneCondition::ExplicitlyOpen);
            device.close_zones(third).unwrap();
            assert_eq!(condition(), ZoneCondition::Empty, "nothing was written");
            device.finish_zones(third).unwrap();
            assert_eq!(condition(), ZoneCondition::Full);
            device.reset_zones(third).unwrap();
            assert_eq!(condition(), ZoneCondition::Empty);
            let part = ByteRange::new(2 * size.get(), 512).unwrap();
            assert_eq!(reason(device.reset_zones(part)), Reason::System(Errno::INVAL));
            drop(device);
            assert!(run("modprobe", &["-r", "null_blk"]));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn blocks_are_given_back_and_zeroed_in_whole_sectors() {
            let _open = Open::watched();
            let looped = Loop::new();
            let device = looped.open(BlockAccess::ReadWrite).unwrap();
            let mut writer = file(device.try_clone().unwrap());
            writer.write_all(&vec![7; 1 << 20]).unwrap();
            device.flush().unwrap();
            let range = |start, length| ByteRange::new(start, length).unwrap();
            device.zero_out(range(4096, 4096)).unwrap();
            device.discard(range(8192, 4096)).unwrap();
            writer.sync_all().unwrap();
            let mut bytes = vec![1; 16384];
            std::os::unix::fs::FileExt::read_exact_at(&looped.backing, &mut bytes, 0).unwrap();
            assert_eq!([bytes[4095], bytes[4096], bytes[8191], bytes[8192], bytes[12288]], [7, 0, 0, 0, 7]);
            let invalid = Reason::System(Errno::INVAL);
            assert_eq!(reason(device.discard(range(1, 512))), invalid);
            assert_eq!(reason(device.zero_out(range(LENGTH, 512))), invalid);
            assert_eq!(reason(device.secure_discard(range(0, 512))), Reason::System(Errno::OPNOTSUPP));
            assert_eq!(reason(device.reset_zones(range(0, 100))), invalid);
            let reader = looped.open(BlockAccess::Read).unwrap();
            assert_eq!(reason(reader.discard(range(0, 512))), Reason::System(Errno::BADF));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_device_is_made_read_only_and_one_opener_keeps_others_out() {
            let _open = Open::watched();
            let looped = Loop::new();
            let device = looped.open(BlockAccess::Read).unwrap();
            device.set_read_only(true).unwrap();
            assert!(device.is_read_only().unwrap());
            let mut writer = file(looped.open(BlockAccess::ReadWrite).unwrap());
            assert_eq!(writer.write(&[1; 512]).unwrap_err().kind(), ErrorKind::PermissionDenied);
            device.set_read_only(false).unwrap();
            assert_eq!(writer.write(&[1; 512]).unwrap(), 512);
            drop(writer);
            device.set_read_ahead(Bytes::new(64 << 10)).unwrap();
            assert_eq!(device.read_ahead().unwrap(), Bytes::new(64 << 10));
            let alone = looped.open(BlockAccess::Exclusive).unwrap();
            assert_eq!(reason(looped.open(BlockAccess::Exclusive)), Reason::System(Errno::BUSY));
            assert!(looped.open(BlockAccess::ReadWrite).is_ok(), "it did not ask to be alone");
            drop(alone);
            let _alone = looped.open(BlockAccess::Exclusive).unwrap();
            let child = Child::doing(|| {
                let nobody = rustix::process::Uid::from_raw(65534);
                rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
                let refused = Reason::PermissionDenied { capability: Some("CAP_SYS_ADMIN") };
                assert_eq!(reason(device.set_read_only(true)), refused);
                assert_eq!(reason(device.flush()), refused);
                assert_eq!(reason(device.reread_partitions()), refused);
            });
            assert_eq!(child.end().exit_status(), Some(0));
        }
    }
}

#[test]
fn numbers_of_devices_are_constants() {
    assert_eq!(NullDevice::NUMBER, DeviceNumber::new(1, 3));
    assert_eq!((ZeroDevice::NUMBER.minor(), FullDevice::NUMBER.minor()), (5, 7));
}
