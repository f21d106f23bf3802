//! memfd_create(2) and memfd_secret(2).

use std::{
    fs::{self, File},
    io::{self, Read, Seek, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::{FileExt, PermissionsExt},
    },
};

use linux_support_base::{Bytes, PageSize, Reason};
use linux_support_fd::{
    Descriptor, DescriptorKind, Executability, HugePages, MemFd, MemFdOptions, Seals, SecretMemory,
};

use crate::open::Open;

fn file(memory: &MemFd) -> File {
    memory.try_clone().unwrap().into()
}

#[test]
fn a_memfd_is_a_file_of_std() {
    let _open = Open::watched();
    let memory = MemFd::new("a name").unwrap();
    assert!(memory.is_close_on_exec().unwrap());
    assert_eq!(DescriptorKind::of(&memory).unwrap(), DescriptorKind::MemFd("a name".into()));
    let mut file = File::from(memory);
    file.write_all(b"text").unwrap();
    file.rewind().unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "text");
    let memory = MemFd::try_from(file).unwrap();
    memory.set_length(Bytes::new(1 << 20)).unwrap();
    assert_eq!(memory.length().unwrap(), Bytes::new(1 << 20));
}

#[test]
fn every_seal_forbids_what_it_says() {
    let _open = Open::watched();
    let memory = MemFd::sealable("sealed").unwrap();
    memory.set_length(Bytes::new(100)).unwrap();
    assert_eq!(memory.seals().unwrap(), Seals::empty());
    memory.add_seals(Seals::SHRINK).unwrap();
    assert!(memory.set_length(Bytes::new(99)).unwrap_err().to_string().ends_with("is sealed against that"));
    memory.set_length(Bytes::new(101)).unwrap();
    memory.add_seals(Seals::GROW).unwrap();
    assert!(memory.set_length(Bytes::new(102)).is_err());
    file(&memory).write_at(b"x", 0).unwrap();
    memory.add_seals(Seals::FUTURE_WRITE).unwrap();
    let refused = file(&memory).write_at(b"x", 0).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    let error = memory.require_seals(Seals::SHRINK | Seals::WRITE | Seals::SEAL).unwrap_err();
    assert!(error.to_string().ends_with("lacks the seals SEAL, WRITE"), "{error}");
    memory.add_seals(Seals::WRITE | Seals::SEAL).unwrap();
    memory.require_seals(Seals::SHRINK | Seals::WRITE | Seals::SEAL).unwrap();
    let error = memory.add_seals(Seals::EXECUTABILITY).unwrap_err();
    assert!(error.to_string().contains("takes no seals any more"), "{error}");
}

#[test]
fn what_is_not_sealable_is_sealed_against_seals() {
    let _open = Open::watched();
    let memory = MemFd::new("plain").unwrap();
    assert_eq!(memory.seals().unwrap(), Seals::SEAL);
    assert!(memory.add_seals(Seals::SHRINK).is_err());
}

#[test]
fn executability_is_chosen_and_sealed() {
    let _open = Open::watched();
    let mut options = MemFdOptions::default();
    options.sealable = true;
    options.executability = Executability::Never;
    let never = match MemFd::with_options("never", options) {
        Ok(never) => never,
        Err(error) => {
            assert!(error.is_absent(), "{error}");
            return println!("skipped: {error}");
        }
    };
    assert!(never.seals().unwrap().contains(Seals::EXECUTABILITY));
    let mode = |memory: &MemFd| file(memory).metadata().unwrap().permissions().mode() & 0o111;
    assert_eq!(mode(&never), 0);
    let executable = fs::Permissions::from_mode(0o777);
    assert!(file(&never).set_permissions(executable).is_err());
    options.executability = Executability::Allowed;
    let allowed = MemFd::with_options("allowed", options).unwrap();
    assert_eq!(mode(&allowed), 0o111);
    allowed.add_seals(Seals::EXECUTABILITY).unwrap();
    assert!(file(&allowed).set_permissions(fs::Permissions::from_mode(0o600)).is_err());
}

#[test]
fn huge_pages_are_of_the_sizes_that_the_machine_has() {
    let _open = Open::watched();
    let mut options = MemFdOptions::default();
    let sizes: Vec<u64> = fs::read_dir("/sys/kernel/mm/hugepages")
        .map(|entries| {
            entries
                .filter_map(|entry| {
                    let name = entry.unwrap().file_name().into_string().unwrap();
                    name.strip_prefix("hugepages-")?.strip_suffix("kB")?.parse().ok()
                })
                .collect()
        })
        .unwrap_or_default();
    for kib in sizes {
        let size = PageSize::new(Bytes::from_kib(kib).unwrap()).unwrap();
        options.huge_pages = Some(HugePages::Of(size));
        let memory = MemFd::with_options("huge", options).unwrap();
        let block = rustix::fs::fstat(&memory).unwrap().st_blksize as u64;
        assert_eq!(block, size.bytes().get());
        assert!(memory.set_length(Bytes::new(1)).is_err());
    }
    options.huge_pages = Some(HugePages::Of(PageSize::new(Bytes::new(1 << 13)).unwrap()));
    let error = MemFd::with_options("none", options).unwrap_err();
    assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
}

#[test]
fn names_too_long_or_with_zeros_are_refused() {
    let _open = Open::watched();
    MemFd::new("n".repeat(MemFd::LONGEST_NAME)).unwrap();
    for name in ["n".repeat(MemFd::LONGEST_NAME + 1), "a\0b".to_owned()] {
        assert!(matches!(MemFd::new(name).unwrap_err().reason(), Reason::Invalid(_)));
    }
    let bytes = MemFd::new([0xff, b'/', b'\n']).unwrap();
    assert_eq!(DescriptorKind::of(&bytes).unwrap(), DescriptorKind::MemFd((&[0xff, b'/', b'\n'][..]).into()));
}

#[test]
fn a_reader_can_not_write() {
    let _open = Open::watched();
    let memory = MemFd::sealable("shared").unwrap();
    file(&memory).write_all(b"text").unwrap();
    let reader = memory.open_read_only().unwrap();
    assert!(reader.is_close_on_exec().unwrap() && reader.as_raw_fd() != memory.as_raw_fd());
    let mut text = [0; 4];
    file(&reader).read_exact_at(&mut text, 0).unwrap();
    assert_eq!(&text, b"text");
    assert!(file(&reader).write_at(b"x", 0).is_err());
    assert!(reader.add_seals(Seals::WRITE).is_err());
}

#[test]
fn a_file_with_a_name_is_no_memfd() {
    let _open = Open::watched();
    for file in [File::open("/proc/self/exe").unwrap(), tempfile::tempfile().unwrap()] {
        let error = MemFd::try_from(file).unwrap_err();
        assert!(error.to_string().ends_with("is no memfd, but regular file"), "{error}");
    }
}

#[test]
fn secret_memory_is_neither_read_nor_written_nor_taken_for_a_memfd() {
    let _open = Open::watched();
    let secret = match SecretMemory::new(Bytes::new(4096)) {
        Ok(secret) => secret,
        Err(error) => {
            assert!(error.is_absent(), "{error}");
            return println!("skipped: {error}");
        }
    };
    assert!(secret.is_close_on_exec().unwrap());
    assert_eq!(secret.length().unwrap(), Bytes::new(4096));
    let mut file = File::from(OwnedFd::from(secret.try_clone().unwrap()));
    assert!(file.read(&mut [0; 8]).is_err() && file.write(b"x").is_err());
    let secret = SecretMemory::try_from(OwnedFd::from(secret)).unwrap();
    assert!(MemFd::try_from(OwnedFd::from(secret)).is_err());
    let error = SecretMemory::try_from(OwnedFd::from(MemFd::new("x").unwrap())).unwrap_err();
    assert!(error.to_string().ends_with("is no secret memory, but memfd x"), "{error}");
}
