//! What an epoll watches, as the kernel tells it.

use std::os::fd::AsRawFd;

use linux_support_base::{
    DeviceNumber, Error, ParseError,
    text::{decimal, fields, hexadecimal, lines},
};

use super::{Epoll, Interest, Token};

/// A descriptor that an epoll watches.
///
/// # Source
/// `/proc/PID/fdinfo/FD`, proc_pid_fdinfo(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Watched<T> {
    /// Its number when it was added. It may be closed since, or be another by now.
    #[doc(alias = "tfd")]
    pub descriptor: i32,
    /// What is told of it.
    pub interest: Interest,
    /// By what the program knows it.
    pub token: T,
    /// The number of its file; since 5.9.
    pub inode: Option<u64>,
    /// The file system that its file is on; since 5.9.
    pub device: Option<DeviceNumber>,
}

impl<T: Token> Watched<T> {
    /// Reads what `/proc/PID/fdinfo/FD` says of an epoll, in no order that means anything.
    ///
    /// # Errors
    /// A line of a watch has no number, events or token, or one that is no number.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        let watches = lines(text).filter(|line| line.trim_ascii_start().starts_with(b"tfd:"));
        watches.map(Self::parse).collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let (mut descriptor, mut events, mut token, mut inode, mut device) = (None, None, None, None, None);
        let mut words = fields(line);
        while let Some(word) = words.next() {
            // The value follows after spaces, or right after the colon.
            let (key, value) = match word.iter().position(|&byte| byte == b':') {
                Some(colon) if colon + 1 < word.len() => (&word[..colon], &word[colon + 1..]),
                Some(colon) => (&word[..colon], words.next().unwrap_or_default()),
                None => continue,
            };
            match key {
                b"tfd" => descriptor = Some(decimal(value).map_err(|error| error.in_field("tfd"))?),
                b"events" => events = Some(hexadecimal(value).map_err(|error| error.in_field("events"))?),
                b"data" => token = Some(hexadecimal(value).map_err(|error| error.in_field("data"))?),
                b"ino" => inode = Some(hexadecimal(value).map_err(|error| error.in_field("ino"))?),
                b"sdev" => device = Some(hexadecimal(value).map_err(|error| error.in_field("sdev"))?),
                _ => {}
            }
        }
        let missing = |field| move || ParseError::expected("a number", line).in_field(field);
        let bits: u64 = events.ok_or_else(missing("events"))?;
        let bits =
            u32::try_from(bits).map_err(|_| ParseError::expected("32 bits", line).in_field("events"))?;
        Ok(Self {
            descriptor: descriptor.ok_or_else(missing("tfd"))?,
            interest: Interest::from_bits(bits),
            token: T::from_bits(token.ok_or_else(missing("data"))?),
            inode,
            // The kernel's own form of the number: 12 bits of major, 20 of minor.
            device: device
                .map(|device: u64| DeviceNumber::new((device >> 20) as u32, device as u32 & 0xf_ffff)),
        })
    }
}

impl<T: Token> Epoll<T> {
    /// What it watches, as the kernel tells it.
    ///
    /// # Errors
    /// `/proc` is not there.
    pub fn watched(&self) -> Result<Vec<Watched<T>>, Error> {
        let path = format!("/proc/thread-self/fdinfo/{}", self.as_raw_fd());
        let text = std::fs::read(&path).map_err(|error| {
            let errno = linux_support_base::Errno::from_io_error(&error);
            Error::system("read", path.as_str(), errno.unwrap_or(linux_support_base::Errno::IO))
        })?;
        Watched::parse_all(&text).map_err(|error| Error::malformed(path.as_str(), error.within(&text)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::epoll::Readiness;

    const TEXT: &[u8] = b"pos:\t0\nflags:\t02000002\nmnt_id:\t16\nino:\t1059\n\
        tfd:        5 events: 8000201d data:                7  pos:0 ino:423 sdev:f\n\
        tfd:        6 events: 40000000 data: ffffffffffffffff  pos:0 ino:1 sdev:800002\n";

    #[test]
    fn watches_are_read_with_and_without_the_last_newline() {
        for text in [TEXT, TEXT.trim_ascii_end()] {
            let watched = Watched::<u64>::parse_all(text).unwrap();
            let interest =
                Interest::READABLE.and(Interest::WRITABLE).and(Interest::PEER_CLOSED).edge_triggered();
            assert_eq!((watched[0].descriptor, watched[0].token), (5, 7));
            assert_eq!((watched[0].interest, watched[0].inode), (interest, Some(0x423)));
            assert_eq!((watched[1].interest, watched[1].token), (Interest::NONE.one_shot(), u64::MAX));
            assert_eq!(watched[1].device, Some(DeviceNumber::new(8, 2)));
            assert_eq!(watched.len(), 2);
        }
    }

    #[test]
    fn older_kernels_say_less_and_newer_ones_may_say_more() {
        let old = Watched::<u32>::parse_all(b"tfd: 5 events: 19 data: 7\n").unwrap();
        assert_eq!((old[0].inode, old[0].interest.readiness), (None, Readiness::READABLE));
        assert_eq!(Watched::<u32>::parse_all(b"tfd: 5 events: 1 data: 7 new:word other\n").unwrap().len(), 1);
        for text in ["tfd:", "tfd: 5", "tfd: x events: 1 data: 1", "tfd: 5 events: 1ffffffff data: 1"] {
            assert!(Watched::<u32>::parse_all(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Watched::<u32>::parse_all(b"").unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Watched::<u64>::parse_all(&text);
            let _ = Watched::<u64>::parse_all(&[b"tfd: 1 events:", &text[..]].concat());
        }
    }
}
