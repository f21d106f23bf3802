use core::fmt;

use linux_support_base::ParseError;

/// What may be done with the memory of a mapping, and whether it is shared.
///
/// `Display` is the kernel's form: `rw-p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::struct_excessive_bools, reason = "four independent bits of the kernel")]
pub struct Permissions {
    /// It can be read.
    pub read: bool,
    /// It can be written.
    pub write: bool,
    /// It can be executed.
    pub execute: bool,
    /// Writes are seen by others; else the mapping is private, and copied on write.
    pub shared: bool,
}

impl Permissions {
    /// Reads four letters.
    ///
    /// # Errors
    /// Anything else.
    #[inline]
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        text.try_into()
            .ok()
            .and_then(Self::of)
            .ok_or_else(|| ParseError::expected("permissions such as rw-p", text))
    }

    /// Those that four letters stand for.
    #[inline]
    pub(super) fn of([read, write, execute, shared]: [u8; 4]) -> Option<Self> {
        let bit = |byte: u8, letter: u8| match byte {
            b'-' => Some(false),
            byte if byte == letter => Some(true),
            _ => None,
        };
        let shared = match shared {
            b's' | b'S' => true,
            b'p' => false,
            _ => return None,
        };
        Some(Self { read: bit(read, b'r')?, write: bit(write, b'w')?, execute: bit(execute, b'x')?, shared })
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = |set, letter| if set { letter } else { '-' };
        let shared = if self.shared { 's' } else { 'p' };
        write!(
            f,
            "{}{}{}{shared}",
            letter(self.read, 'r'),
            letter(self.write, 'w'),
            letter(self.execute, 'x')
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_both_ways() {
        for text in ["rw-p", "---s", "r-xp", "rwxs"] {
            assert_eq!(Permissions::parse(text.as_bytes()).unwrap().to_string(), text);
        }
        for text in ["", "rw-", "rw-pp", "wr-p", "rw-x"] {
            assert!(Permissions::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
