//! Files: extents, space, reads and writes of many buffers, advice, shared bytes.

use std::{
    fs::{File, OpenOptions},
    io::{IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write},
    os::{
        fd::AsFd,
        unix::{fs::FileExt, net::UnixStream},
    },
    thread,
    time::Duration,
};

use linux_support_base::{Bytes, Errno, Error, Reason};
use linux_support_fd::file::{
    Advice, Allocation, ByteRange, ExtentKind, FileCache, FileSpace, Position, PositionedVectored, RangeSync,
    ReadFlags, SharedBytes, SparseFile, Transfer, VectoredRead, VectoredWrite, WriteFlags,
};

use crate::{open::Open, signals::interrupted};

const BLOCK: u64 = 4096;

fn reason<T>(result: Result<T, Error>) -> Reason {
    result.map(|_| ()).unwrap_err().reason().clone()
}

fn system(errno: Errno) -> Reason {
    Reason::System(errno)
}

fn blocks(start: u64, count: u64) -> ByteRange {
    ByteRange::new(start * BLOCK, count * BLOCK).unwrap()
}

/// A file whose blocks are filled with their number, from 1.
fn filled(count: u8) -> File {
    let mut file = tempfile::tempfile().unwrap();
    for number in 1..=count {
        file.write_all(&[number; BLOCK as usize]).unwrap();
    }
    file
}

/// Whether a file is on tmpfs, which has fewer of these calls: they are refused there.
fn is_on_tmpfs(file: &File) -> bool {
    rustix::fs::fstatfs(file).unwrap().f_type as u64 == 0x0102_1994
}

/// The first byte of each block.
fn firsts(file: &File) -> Vec<u8> {
    let count = file.size().unwrap().get() / BLOCK;
    (0..count)
        .map(|number| {
            let mut byte = [0];
            file.read_exact_at(&mut byte, number * BLOCK).unwrap();
            byte[0]
        })
        .collect()
}

#[test]
fn extents_alternate_from_the_beginning_to_the_end() {
    let _open = Open::watched();
    let mut file = filled(8);
    file.allocate(blocks(0, 1), Allocation::PunchHole).unwrap();
    file.allocate(blocks(3, 2), Allocation::PunchHole).unwrap();
    file.set_size(Bytes::new(10 * BLOCK)).unwrap();
    file.seek(SeekFrom::Start(77)).unwrap();
    let extents: Vec<_> =
        file.extents().unwrap().map(|extent| extent.map(|it| (it.range, it.kind)).unwrap()).collect();
    assert_eq!(
        extents,
        [
            (blocks(0, 1), ExtentKind::Hole),
            (blocks(1, 2), ExtentKind::Data),
            (blocks(3, 2), ExtentKind::Hole),
            (blocks(5, 3), ExtentKind::Data),
            (blocks(8, 2), ExtentKind::Hole),
        ]
    );
    assert_eq!(file.stream_position().unwrap(), 77, "the position is put back");
    let empty = tempfile::tempfile().unwrap();
    assert_eq!(empty.extents().unwrap().count(), 0);
    empty.set_size(Bytes::new(5)).unwrap();
    let only = empty.extents().unwrap().next().unwrap().unwrap();
    assert_eq!((only.range.length(), only.kind), (5, ExtentKind::Hole));
    assert_eq!(reason(std::io::pipe().unwrap().0.extents()), system(Errno::SPIPE));
}

#[test]
fn space_is_taken_given_back_zeroed_collapsed_and_inserted() {
    let _open = Open::watched();
    let file = filled(4);
    file.allocate(blocks(1, 1), Allocation::PunchHole).unwrap();
    assert_eq!(firsts(&file), [1, 0, 3, 4]);
    if is_on_tmpfs(&file) {
        for what in [Allocation::Zero, Allocation::Collapse, Allocation::Insert] {
            assert_eq!(reason(file.allocate(blocks(1, 2), what)), system(Errno::OPNOTSUPP));
        }
        return;
    }
    file.allocate(blocks(3, 2), Allocation::Zero).unwrap();
    assert_eq!(firsts(&file), [1, 0, 3, 0, 0]);
    file.allocate(blocks(0, 9), Allocation::ZeroKeepingSize).unwrap();
    assert_eq!(firsts(&file), [0; 5]);

    let file = filled(4);
    file.allocate(blocks(1, 2), Allocation::Collapse).unwrap();
    assert_eq!(firsts(&file), [1, 4]);
    file.allocate(blocks(1, 2), Allocation::Insert).unwrap();
    assert_eq!(firsts(&file), [1, 0, 0, 4]);
    file.allocate(blocks(4, 2), Allocation::AllocateKeepingSize).unwrap();
    assert_eq!(file.size().unwrap(), Bytes::new(4 * BLOCK));
    assert!(file.allocated_size().unwrap() >= Bytes::new(4 * BLOCK));
    file.allocate(blocks(4, 2), Allocation::Allocate).unwrap();
    assert_eq!(file.size().unwrap(), Bytes::new(6 * BLOCK));
}

#[test]
fn ranges_that_do_not_fit_the_file_are_refused() {
    let _open = Open::watched();
    let file = filled(2);
    let odd = ByteRange::new(1, BLOCK).unwrap();
    if !is_on_tmpfs(&file) {
        assert_eq!(reason(file.allocate(odd, Allocation::Collapse)), system(Errno::INVAL));
        assert_eq!(
            reason(file.allocate(blocks(1, 1), Allocation::Collapse)),
            system(Errno::INVAL),
            "its end"
        );
    }
    assert_eq!(reason(file.set_size(Bytes::new(u64::MAX))), system(Errno::INVAL));
    let (_reader, writer) = std::io::pipe().unwrap();
    assert_eq!(reason(writer.allocate(odd, Allocation::Allocate)), system(Errno::SPIPE));
    let reader = File::open("/proc/self/exe").unwrap();
    assert_eq!(reason(reader.allocate(odd, Allocation::Allocate)), system(Errno::BADF));
}

#[test]
fn positioned_writes_leave_the_position_and_flags_have_their_effect() {
    let _open = Open::watched();
    let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    let mut file = OpenOptions::new().read(true).append(true).open(&path).unwrap();
    let parts = [IoSlice::new(b"ab"), IoSlice::new(b"cd")];
    let write = |position, flags| file.write_buffers(&parts, position, flags).unwrap();
    assert_eq!(write(Position::At(9), WriteFlags::empty()), Some(4), "appended, as the file is open for it");
    assert_eq!(file.size().unwrap(), Bytes::new(4));
    match file.write_buffers(&parts, Position::At(2), WriteFlags::NO_APPEND) {
        Ok(written) => {
            assert_eq!((written, file.size().unwrap()), (Some(4), Bytes::new(6)));
        }
        Err(error) => assert_eq!(error.reason(), &system(Errno::OPNOTSUPP), "before Linux 6.9"),
    }
    let other = OpenOptions::new().write(true).open(&path).unwrap();
    let size = file.size().unwrap().get();
    assert_eq!(
        other.write_buffers(&parts, Position::At(0), WriteFlags::APPEND | WriteFlags::SYNCHRONOUS).unwrap(),
        Some(4)
    );
    assert_eq!(file.size().unwrap().get(), size + 4);

    let before = file.stream_position().unwrap();
    let (mut one, mut two) = ([0; 3], [0; 9]);
    let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    match file.read_buffers(&mut buffers, Position::At(1), ReadFlags::NO_WAIT) {
        Ok(read) => assert_eq!(read, Some(size as usize + 3), "what was just written is in memory"),
        Err(error) => assert!(is_on_tmpfs(&file) && error.reason() == &system(Errno::OPNOTSUPP)),
    }
    assert_eq!(file.stream_position().unwrap(), before);
    let beyond = Position::At(u64::MAX - 1);
    assert_eq!(reason(file.read_buffers(&mut [], beyond, ReadFlags::empty())), system(Errno::INVAL));
    let unknown = ReadFlags::from_bits_retain(1 << 30);
    let mut buffers = [IoSliceMut::new(&mut one)];
    let read = file.read_buffers(&mut buffers, Position::At(0), unknown);
    assert_eq!(reason(read), system(Errno::OPNOTSUPP));
}

#[test]
fn nothing_to_read_is_not_now_on_a_pipe() {
    let _open = Open::watched();
    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&reader, true).unwrap();
    let mut byte = [0];
    let mut read = || {
        let mut buffers = [IoSliceMut::new(&mut byte)];
        reader.read_buffers(&mut buffers, Position::Current, ReadFlags::empty()).unwrap()
    };
    assert_eq!(read(), None);
    writer.write_all(b"x").unwrap();
    assert_eq!(read(), Some(1));
    drop(writer);
    assert_eq!(read(), Some(0));
    let at = reader.read_buffers(&mut [], Position::At(3), ReadFlags::empty());
    assert_eq!(reason(at), system(Errno::SPIPE));
}

#[test]
fn more_buffers_than_the_kernel_takes_at_once_are_all_written_and_read() {
    let _open = Open::watched();
    let file = tempfile::tempfile().unwrap();
    let contents: Vec<Vec<u8>> = (0..5000u32).map(|number| number.to_le_bytes()[..2].to_vec()).collect();
    let mut parts: Vec<_> = contents.iter().map(|part| IoSlice::new(part)).collect();
    let mut transfer = VectoredWrite::new(&mut parts);
    assert_eq!(transfer.remaining(), 10_000);
    assert_eq!(transfer.write_at(&file, 100, WriteFlags::empty()).unwrap(), Transfer::Complete);
    assert_eq!((transfer.written(), transfer.remaining(), transfer.is_complete()), (10_000, 0, true));

    let mut read = vec![[0; 2]; 5000];
    let mut parts: Vec<_> = read.iter_mut().map(|part| IoSliceMut::new(part)).collect();
    let mut transfer = VectoredRead::new(&mut parts);
    assert_eq!(transfer.read_at(&file, 100, ReadFlags::empty()).unwrap(), Transfer::Complete);
    assert_eq!(transfer.read(), 10_000);
    assert!(read.iter().zip(&contents).all(|(read, written)| read[..] == written[..]));

    let mut parts: Vec<_> = contents.iter().map(|part| IoSlice::new(part)).collect();
    let torn = VectoredWrite::new(&mut parts).write_at(&file, 0, WriteFlags::ATOMIC);
    assert!(matches!(reason(torn), Reason::Invalid(_)));
}

#[test]
fn a_full_pipe_says_how_far_it_came_and_the_rest_follows() {
    let _open = Open::watched();
    let (mut reader, writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    let contents: Vec<u8> = (0..300_000u32).map(|number| (number % 251) as u8).collect();
    let mut parts: Vec<_> = contents.chunks(7777).map(IoSlice::new).collect();
    let mut transfer = VectoredWrite::new(&mut parts);
    let mut received = Vec::new();
    while transfer.write_to(&writer).unwrap() == Transfer::NotNow {
        assert!(transfer.written() < 300_000);
        assert_eq!(transfer.written() + transfer.remaining(), 300_000);
        // A part of a buffer is left over now and then.
        let mut some = vec![0; 10_001];
        let length = reader.read(&mut some).unwrap();
        received.extend_from_slice(&some[..length]);
    }
    drop(writer);
    reader.read_to_end(&mut received).unwrap();
    assert!(received == contents);
}

#[test]
fn a_slow_reader_is_waited_for_and_interruptions_lose_nothing() {
    let _open = Open::watched();
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let contents: Vec<u8> = (0..2_000_000u32).map(|number| (number % 253) as u8).collect();
    let received = thread::scope(|threads| {
        let reader = threads.spawn(move || {
            let mut received = Vec::new();
            let mut some = [0; 50_000];
            loop {
                thread::sleep(Duration::from_micros(500));
                match ours.read(&mut some).unwrap() {
                    0 => return received,
                    length => received.extend_from_slice(&some[..length]),
                }
            }
        });
        let mut parts: Vec<_> = contents.chunks(1013).map(IoSlice::new).collect();
        interrupted(|| VectoredWrite::new(&mut parts).write_all_to(&theirs).unwrap());
        drop(theirs);
        reader.join().unwrap()
    });
    assert!(received == contents);
}

#[test]
fn a_peer_that_is_gone_is_an_error_after_the_bytes_that_it_took() {
    let _open = Open::watched();
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut parts = [IoSlice::new(b"abc"), IoSlice::new(b"def")];
    let mut transfer = VectoredWrite::new(&mut parts);
    assert_eq!(transfer.write_to(&theirs).unwrap(), Transfer::Complete);
    ours.read_exact(&mut [0; 6]).unwrap();
    drop(ours);
    let mut parts = [IoSlice::new(b"abc")];
    let mut transfer = VectoredWrite::new(&mut parts);
    assert_eq!(reason(transfer.write_to(&theirs)), system(Errno::PIPE));
    assert_eq!((transfer.written(), transfer.remaining()), (0, 3));
    // The same transfer goes on elsewhere.
    let mut file = tempfile::tempfile().unwrap();
    transfer.write_all_to(&file).unwrap();
    assert_eq!(file.stream_position().unwrap(), 3);
    file.rewind().unwrap();
}

#[test]
fn an_end_comes_before_all_is_filled() {
    let _open = Open::watched();
    let file = filled(1);
    let (mut one, mut two) = ([0; 4000], [0; 1000]);
    let mut parts = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    let mut transfer = VectoredRead::new(&mut parts);
    assert_eq!(transfer.read_at(&file, 0, ReadFlags::empty()).unwrap(), Transfer::Ended);
    assert_eq!((transfer.read(), transfer.remaining()), (4096, 904));
    let (mut reader, mut writer) = UnixStream::pair().unwrap();
    reader.set_nonblocking(true).unwrap();
    thread::scope(|threads| {
        threads.spawn(move || {
            thread::sleep(Duration::from_millis(10));
            writer.write_all(b"12345").unwrap();
        });
        let mut two = [0; 2];
        let mut eight = [0; 8];
        let mut parts = [IoSliceMut::new(&mut two), IoSliceMut::new(&mut eight)];
        let mut transfer = VectoredRead::new(&mut parts);
        assert_eq!(transfer.read_from(&reader).unwrap(), Transfer::NotNow);
        assert_eq!(transfer.read_all_from(&reader).unwrap(), Transfer::Ended);
        assert_eq!(transfer.read(), 5);
        assert_eq!((&two, &eight[..3]), (b"12", &b"345"[..]));
    });
    assert_eq!(reader.read(&mut [0]).unwrap(), 0);
}

#[test]
fn advice_is_taken_by_files_and_refused_by_pipes() {
    let _open = Open::watched();
    let file = filled(4);
    for advice in
        [Advice::Normal, Advice::Sequential, Advice::Random, Advice::Once, Advice::Soon, Advice::NotSoon]
    {
        file.advise(Some(blocks(1, 2)), advice).unwrap();
        file.advise(None, advice).unwrap();
    }
    file.read_ahead(blocks(0, 4)).unwrap();
    file.synchronize_range(None, RangeSync::all()).unwrap();
    file.synchronize_range(Some(blocks(1, 1)), RangeSync::WRITE).unwrap();
    file.synchronize_file_system().unwrap();
    let (reader, _writer) = std::io::pipe().unwrap();
    assert_eq!(reason(reader.advise(None, Advice::Soon)), system(Errno::SPIPE));
    assert_eq!(reason(reader.read_ahead(blocks(0, 1))), system(Errno::INVAL));
    assert_eq!(reason(reader.synchronize_range(None, RangeSync::WRITE)), system(Errno::SPIPE));
}

#[test]
fn what_the_file_system_cannot_share_is_an_error() {
    let _open = Open::watched();
    let (source, target) = (filled(1), filled(1));
    let proc = File::open("/proc/self/maps").unwrap();
    assert_eq!(reason(target.clone_file(&proc)), system(Errno::XDEV));
    let overflowing = target.clone_range(&source, blocks(0, 1), u64::MAX);
    assert!(matches!(reason(overflowing), Reason::Invalid(_)));
    assert_eq!(proc.deduplicate(blocks(0, 1), &[]).unwrap(), []);
    let answers = source.deduplicate(blocks(0, 1), &[(proc.as_fd(), 0)]);
    assert!(answers.is_err() || answers.unwrap().len() == 1);
}

mod reflinks {
    use std::{os::fd::AsFd, path::Path, process::Command};

    use linux_support_fd::file::{Deduplicated, SharedBytes};

    use super::*;

    /// A file system made in a file and mounted on a folder, until this is dropped.
    struct Mounted(tempfile::TempDir);

    impl Mounted {
        fn new(kind: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let (image, place) = (folder.path().join("image"), folder.path().join("place"));
            File::create(&image).unwrap().set_len(512 << 20).unwrap();
            std::fs::create_dir(&place).unwrap();
            let run = |program: &str, arguments: &[&Path]| {
                let status = Command::new(program).args(arguments).status().unwrap();
                assert!(status.success(), "{program}");
            };
            run(&format!("mkfs.{kind}"), &[Path::new("-q"), &image]);
            run("mount", &[Path::new("-o"), Path::new("loop"), &image, &place]);
            Self(folder)
        }

        fn file(&self, name: &str, parts: &[u8]) -> File {
            let path = self.0.path().join("place").join(name);
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path).unwrap();
            for part in parts {
                file.write_all(&[*part; BLOCK as usize]).unwrap();
            }
            file.sync_all().unwrap();
            file
        }
    }

    impl Drop for Mounted {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg(self.0.path().join("place")).status();
        }
    }

    fn shares(kind: &str) {
        let mounted = Mounted::new(kind);
        let source = mounted.file("source", &[1, 2, 3]);
        let whole = mounted.file("whole", &[]);
        whole.clone_file(&source).unwrap();
        assert_eq!(firsts(&whole), [1, 2, 3]);
        let part = mounted.file("part", &[9, 9, 9]);
        part.clone_range(&source, blocks(1, 1), 2 * BLOCK).unwrap();
        assert_eq!(firsts(&part), [9, 9, 2]);
        let odd = ByteRange::new(1, BLOCK).unwrap();
        assert_eq!(reason(part.clone_range(&source, odd, 0)), system(Errno::INVAL));

        let (same, other) = (mounted.file("same", &[1, 2]), mounted.file("other", &[1, 7]));
        let reader = File::open("/proc/self/exe").unwrap();
        let answers = source
            .deduplicate(blocks(0, 2), &[(same.as_fd(), 0), (other.as_fd(), 0), (reader.as_fd(), 0)])
            .unwrap();
        assert_eq!(
            answers,
            [Deduplicated::Shared(2 * BLOCK), Deduplicated::Different, Deduplicated::Failed(Errno::XDEV)]
        );
        let many: Vec<_> = (0..70).map(|number| mounted.file(&number.to_string(), &[3])).collect();
        let targets: Vec<_> = many.iter().map(|file| (file.as_fd(), 0)).collect();
        let answers = source.deduplicate(blocks(2, 1), &targets).unwrap();
        assert_eq!(answers, [Deduplicated::Shared(BLOCK); 70]);
        whole
            .allocate(blocks(0, 3), Allocation::Unshare)
            .or_else(|error| {
                // btrfs knows no such thing.
                if error.reason() == &system(Errno::OPNOTSUPP) { Ok(()) } else { Err(error) }
            })
            .unwrap();
        assert_eq!(firsts(&whole), [1, 2, 3]);
    }

    #[test]
    #[ignore = "makes file systems: for root in a mount namespace of its own, with mkfs.xfs and mkfs.btrfs"]
    fn files_on_xfs_share_their_bytes() {
        let _open = Open::watched();
        shares("xfs");
    }

    #[test]
    #[ignore = "makes file systems: for root in a mount namespace of its own, with mkfs.xfs and mkfs.btrfs"]
    fn files_on_btrfs_share_their_bytes() {
        let _open = Open::watched();
        shares("btrfs");
    }
}
