use std::{
    fs::File,
    io::Write,
    os::{fd::OwnedFd, unix::fs::FileExt},
    sync::atomic::Ordering::SeqCst,
};

use linux_support_fd::{MemFd, Seals, SecretMemory};
use linux_support_memory::mapping::{MapOptions, ReadOnly, ReadWrite};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use super::{page, pages};

fn memfd() -> File {
    let descriptor = memfd_create("test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
    let mut file = File::from(descriptor);
    file.write_all(&vec![0; page()]).unwrap();
    file
}

#[test]
fn two_mappings_of_a_memfd_that_can_not_shrink_see_each_other() {
    let file = memfd();
    assert!(MapOptions::new().shared_file::<ReadWrite>(&file, 0, pages(1)).is_err());
    fcntl_add_seals(&file, SealFlags::SHRINK).unwrap();
    let one = MapOptions::new().shared_file::<ReadWrite>(&file, 0, pages(1)).unwrap();
    let other = MapOptions::new().shared_file::<ReadOnly>(&file, 0, pages(1)).unwrap();
    one.as_atomics()[2].store(u64::from_ne_bytes(*b"atomics!"), SeqCst);
    let mut bytes = [0; 8];
    other.read_at(16, &mut bytes).unwrap();
    assert_eq!(&bytes, b"atomics!");
    file.write_all_at(b"file", 24).unwrap();
    assert_eq!(&one.as_atomics()[3].load(SeqCst).to_ne_bytes()[..4], b"file");
    assert!(file.set_len(0).is_err());
}

#[test]
fn descriptors_of_memory_are_mapped_as_they_are() {
    let file = MemFd::sealable("mapped").unwrap();
    file.set_length(pages(1)).unwrap();
    file.add_seals(Seals::SHRINK).unwrap();
    let memory = MapOptions::new().shared_file::<ReadWrite>(&file, 0, pages(1)).unwrap();
    memory.write_at(0, b"seen").unwrap();
    let mut bytes = [0; 4];
    File::from(file).read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"seen");
}

#[test]
fn secret_memory_is_mapped_and_the_kernel_does_not_see_it() {
    let secret = match SecretMemory::new(pages(2)) {
        Ok(secret) => secret,
        Err(error) => {
            assert!(error.is_absent(), "{error}");
            return println!("skipped: {error}");
        }
    };
    assert!(MapOptions::new().shared_file::<ReadWrite>(&secret, 0, pages(3)).is_err());
    let memory = MapOptions::new().shared_file::<ReadWrite>(&secret, 0, pages(2)).unwrap();
    memory.as_atomics()[1].store(7, SeqCst);
    assert_eq!(memory.as_atomics()[1].load(SeqCst), 7);
    let mut bytes = [0; 8];
    assert!(memory.read_at(8, &mut bytes).is_err());
    assert!(File::from(OwnedFd::from(secret)).set_len(0).is_err());
}

#[test]
fn shared_memory_is_kept_when_its_pages_are_let_go_of_and_lost_when_it_is_removed() {
    let mut memory = MapOptions::new().shared(pages(2)).unwrap();
    memory.write_at(page(), b"kept").unwrap();
    memory.discard(..).unwrap();
    let mut bytes = [0; 4];
    memory.read_at(page(), &mut bytes).unwrap();
    assert_eq!(&bytes, b"kept");
    memory.remove(page()..).unwrap();
    memory.read_at(page(), &mut bytes).unwrap();
    assert_eq!(bytes, [0; 4]);
}
