use std::{
    io::{Read, Seek, SeekFrom, Write},
    os::{fd::OwnedFd, unix::fs::FileExt},
};

use linux_support_base::{Bytes, Reason};
use linux_support_memory::mapping::{MapOptions, ReadOnly, ReadWrite, Sharing, Synchronization};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use super::{page, pages};

fn file(length: usize) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&vec![b'a'; length]).unwrap();
    file
}

fn memfd(text: &[u8], seals: SealFlags) -> OwnedFd {
    let descriptor = memfd_create("test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
    let mut file = std::fs::File::from(descriptor);
    file.write_all(text).unwrap();
    fcntl_add_seals(&file, seals).unwrap();
    file.into()
}

#[test]
fn a_file_that_shrinks_gives_an_error_and_no_signal() {
    let file = file(3 * page());
    for sharing in [Sharing::Shared, Sharing::Private] {
        file.set_len(3 * page() as u64).unwrap();
        let mapping = MapOptions::new().file::<ReadWrite>(&file, sharing, 0, pages(3)).unwrap();
        let mut buffer = vec![0; 3 * page()];
        mapping.read_at(0, &mut buffer).unwrap();
        file.set_len(page() as u64).unwrap();
        let error = mapping.read_at(0, &mut buffer).unwrap_err();
        assert_eq!(error.reason(), &Reason::Gone, "{error}");
        let error = mapping.write_at(2 * page(), b"x").unwrap_err();
        assert_eq!(error.reason(), &Reason::Gone, "{error}");
        mapping.read_at(page() - 1, &mut buffer[..1]).unwrap();
    }
}

#[test]
fn what_is_written_to_a_shared_mapping_is_in_the_file_and_to_a_private_one_not() {
    let mut file = file(2 * page());
    let shared =
        MapOptions::new().file::<ReadWrite>(&file, Sharing::Shared, page() as u64, pages(1)).unwrap();
    let private =
        MapOptions::new().file::<ReadWrite>(&file, Sharing::Private, page() as u64, pages(1)).unwrap();
    shared.write_at(1, b"shared").unwrap();
    private.write_at(100, b"private").unwrap();
    shared.synchronize(.., Synchronization::Wait).unwrap();
    shared.synchronize(.., Synchronization::Later).unwrap();
    shared.synchronize(.., Synchronization::WaitAndInvalidate).unwrap();
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(page() as u64)).unwrap();
    file.read_to_end(&mut text).unwrap();
    assert!(text.starts_with(b"asharedaaa") && text[100..].starts_with(b"aaa"));
    let mut bytes = [0; 7];
    private.read_at(100, &mut bytes).unwrap();
    assert_eq!(&bytes, b"private");
}

#[test]
fn reading_beyond_the_mapping_is_refused_before_anything_is_read() {
    let file = file(2 * page());
    let mapping = MapOptions::new().file::<ReadWrite>(&file, Sharing::Shared, 0, pages(1)).unwrap();
    for offset in [page(), page() - 3, usize::MAX] {
        let mut bytes = [9; 4];
        let error = mapping.read_at(offset, &mut bytes).unwrap_err();
        assert!(error.to_string().contains("not all inside"), "{error}");
        assert!(mapping.write_at(offset, &bytes).is_err());
        assert_eq!(bytes, [9; 4]);
    }
    mapping.read_at(page(), &mut []).unwrap();
}

#[test]
fn a_hole_is_made_in_a_shared_file() {
    let file = memfd(&vec![b'a'; 2 * page()], SealFlags::empty());
    let mapping = MapOptions::new().file::<ReadWrite>(&file, Sharing::Shared, 0, pages(2)).unwrap();
    mapping.remove(page()..).unwrap();
    let mut bytes = [1; 2];
    std::fs::File::from(file).read_exact_at(&mut bytes, page() as u64 - 1).unwrap();
    assert_eq!(bytes, [b'a', 0]);
}

#[test]
fn a_sealed_memfd_can_be_borrowed_and_one_that_is_not_can_not() {
    let all = SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    let sealed = memfd(b"settled", all);
    let mapping = MapOptions::new().sealed_file(&sealed, 0, Bytes::new(7)).unwrap();
    assert!(mapping.as_bytes().starts_with(b"settled\0"));
    let mut changed = mapping.protect::<ReadWrite>().unwrap();
    changed.as_bytes_mut()[0] = b'S';
    let again = MapOptions::new().sealed_file(&sealed, 0, Bytes::new(7)).unwrap();
    assert!(changed.as_bytes().starts_with(b"Settled") && again.as_bytes().starts_with(b"settled"));
    changed.discard(..).unwrap();
    assert!(changed.as_bytes().starts_with(b"settled"));

    for seals in [SealFlags::empty(), SealFlags::SHRINK, all - SealFlags::WRITE, all - SealFlags::SHRINK] {
        let error = MapOptions::new().sealed_file(memfd(b"open", seals), 0, Bytes::new(4)).unwrap_err();
        assert!(error.to_string().contains("F_SEAL_WRITE"), "{error}");
    }
    let error = MapOptions::new().sealed_file(file(10), 0, Bytes::new(4)).unwrap_err();
    assert!(error.to_string().contains("needs a memfd"), "{error}");
}

#[test]
fn a_sealed_memfd_is_not_mapped_beyond_its_end() {
    let sealed = memfd(b"short", SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE);
    assert!(MapOptions::new().sealed_file(&sealed, 0, pages(2)).is_err());
    assert!(MapOptions::new().sealed_file(&sealed, page() as u64, pages(1)).is_err());
    assert!(MapOptions::new().shared_file::<ReadOnly>(&sealed, 0, pages(2)).is_err());
}

#[test]
fn only_dax_gives_synchronous_mappings() {
    let file = file(page());
    let synchronous = MapOptions::new().synchronous();
    let error = synchronous.file::<ReadWrite>(&file, Sharing::Shared, 0, pages(1)).unwrap_err();
    assert!(error.to_string().ends_with("needs a file on DAX"), "{error}");
    assert!(synchronous.file::<ReadWrite>(&file, Sharing::Private, 0, pages(1)).is_err());
    assert!(synchronous.private(pages(1)).is_err());
}

#[test]
fn what_can_not_be_mapped_is_refused_with_the_reason() {
    let (_, writer) = std::io::pipe().unwrap();
    assert!(MapOptions::new().file::<ReadOnly>(&writer, Sharing::Shared, 0, pages(1)).is_err());
    let path = tempfile::NamedTempFile::new().unwrap();
    let reading = std::fs::File::open(path.path()).unwrap();
    let error = MapOptions::new().file::<ReadWrite>(&reading, Sharing::Shared, 0, pages(1)).unwrap_err();
    assert_eq!(error.reason().name(), "permission-denied", "{error}");
    MapOptions::new().file::<ReadWrite>(&reading, Sharing::Private, 0, pages(1)).unwrap();
}
