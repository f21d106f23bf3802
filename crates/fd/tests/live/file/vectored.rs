//! Reads and writes of many buffers.

use super::*;

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
    assert_eq!((transfer.transferred(), transfer.remaining(), transfer.is_complete()), (10_000, 0, true));

    let mut read = vec![[0; 2]; 5000];
    let mut parts: Vec<_> = read.iter_mut().map(|part| IoSliceMut::new(part)).collect();
    let mut transfer = VectoredRead::new(&mut parts);
    assert_eq!(transfer.read_at(&file, 100, ReadFlags::empty()).unwrap(), Transfer::Complete);
    assert_eq!(transfer.transferred(), 10_000);
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
        assert!(transfer.transferred() < 300_000);
        assert_eq!(transfer.transferred() + transfer.remaining(), 300_000);
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
    assert_eq!((transfer.transferred(), transfer.remaining()), (0, 3));
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
    assert_eq!((transfer.transferred(), transfer.remaining()), (4096, 904));
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
        assert_eq!(transfer.transferred(), 5);
        assert_eq!((&two, &eight[..3]), (b"12", &b"345"[..]));
    });
    assert_eq!(reader.read(&mut [0]).unwrap(), 0);
}
