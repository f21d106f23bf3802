//! The line of `/proc/PID/maps` that an address is in, found in a handler.

use core::ffi::CStr;

use rustix::{
    fs::{Mode, OFlags, open},
    io::{Errno, read},
};

use super::line::Line;

/// What is mapped at `address`.
#[allow(clippy::large_enum_variant, reason = "nothing may be allocated")]
pub(super) enum Found {
    Line(Line),
    /// Nothing is.
    Nothing,
    /// The file can't be read.
    Unknown,
}

/// Finds the line in `file`. Reads in small pieces, since it may run on a small stack.
pub(super) fn find(file: &CStr, address: u64) -> Found {
    let Ok(file) = open(file, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) else {
        return Found::Unknown;
    };
    let mut piece = [0; 256];
    let mut line = Line::new();
    loop {
        let length = match read(&file, &mut piece[..]) {
            Ok(0) => break,
            Ok(length) => length,
            Err(Errno::INTR) => continue,
            Err(_) => return Found::Unknown,
        };
        for &byte in piece.get(..length).unwrap_or_default() {
            if byte != b'\n' {
                line.byte(byte);
                continue;
            }
            if contains(line.as_bytes(), address) {
                return Found::Line(line);
            }
            line.clear();
        }
    }
    if contains(line.as_bytes(), address) { Found::Line(line) } else { Found::Nothing }
}

/// Whether a line begins with a range that holds `address`.
fn contains(line: &[u8], address: u64) -> bool {
    let mut rest = line;
    let start = take_hexadecimal(&mut rest);
    let is_range = rest.split_off_first() == Some(&b'-');
    let end = take_hexadecimal(&mut rest);
    match (start, end) {
        (Some(start), Some(end)) => is_range && start <= address && address < end,
        _ => false,
    }
}

/// Takes the digits at the front; `None` where there are none. Unlike the parsers of the vocabulary, it allocates no
/// error.
fn take_hexadecimal(rest: &mut &[u8]) -> Option<u64> {
    let mut number = None;
    while let Some((&byte, after)) = rest.split_first() {
        let Some(digit) = char::from(byte).to_digit(16) else { break };
        number = Some(number.unwrap_or(0_u64) << 4 | u64::from(digit));
        *rest = after;
    }
    number
}

#[cfg(test)]
mod tests {
    use std::{ffi::CString, io::Write};

    use super::*;

    fn line(found: Found) -> Option<Vec<u8>> {
        match found {
            Found::Line(line) => Some(line.as_bytes().to_vec()),
            Found::Nothing => None,
            Found::Unknown => panic!("can't be read"),
        }
    }

    #[test]
    fn the_line_is_that_of_the_address_even_with_a_name_longer_than_the_buffer() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let long = "x".repeat(2000);
        write!(
            file,
            "1000-2000 r--p 00000000 00:00 0 /{long}\n3000-4000 r--p 0 00:00 0\nffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]"
        )
        .unwrap();
        let path = CString::new(file.path().to_str().unwrap()).unwrap();
        let long = line(find(&path, 0x1fff)).unwrap();
        assert!(long.starts_with(b"1000-2000 r--p") && long.len() == 256);
        assert_eq!(line(find(&path, 0x2000)), None);
        assert_eq!(line(find(&path, 0x3000)).unwrap(), b"3000-4000 r--p 0 00:00 0");
        assert!(line(find(&path, 0xffff_ffff_ff60_0000)).unwrap().ends_with(b"[vsyscall]"));
        assert_eq!(line(find(&path, u64::MAX)), None);
        assert!(matches!(find(c"/no/such/file", 0), Found::Unknown));
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "the mappings are the emulator's")]
    fn own_code_is_mapped() {
        let address = contains as *const () as usize as u64;
        let line = line(find(c"/proc/thread-self/maps", address)).unwrap();
        assert!(line.windows(5).any(|bytes| bytes == b" r-xp"), "{}", String::from_utf8_lossy(&line));
    }
}
