//! Files: extents, space, advice.

mod shared;
mod vectored;

use std::{
    fs::{File, OpenOptions},
    io::{IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write},
    os::unix::{fs::FileExt, net::UnixStream},
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
        return println!("skipped: the temporary folder is on tmpfs");
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
