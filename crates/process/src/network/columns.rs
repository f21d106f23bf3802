//! The columns of a line of `/proc/net`, taken from the left.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use linux_support_base::{
    ParseError,
    text::{Integer, take_decimal, take_hexadecimal},
};

/// The address whose four words, each in this machine's order of bytes, make this number.
#[inline]
pub(super) fn in_words(number: u128) -> Ipv6Addr {
    let mut bytes = number.to_be_bytes();
    if cfg!(target_endian = "little") {
        bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|word| word.reverse());
    }
    Ipv6Addr::from(bytes)
}

/// Four numbers below 256, without further zeros before them, and dots in between.
#[inline]
fn dotted(text: &[u8]) -> Option<Ipv4Addr> {
    let (mut address, mut dots, mut digits, mut number) = (0u32, 0, 0, 0u32);
    for byte in text {
        match byte {
            b'0'..=b'9' if digits == 0 || number != 0 => {
                number = number * 10 + u32::from(byte - b'0');
                digits += 1;
                if number > 255 {
                    return None;
                }
            }
            b'.' if digits != 0 && dots < 3 => {
                address = address << 8 | number;
                (dots, digits, number) = (dots + 1, 0, 0);
            }
            _ => return None,
        }
    }
    (dots == 3 && digits != 0).then(|| Ipv4Addr::from_bits(address << 8 | number))
}

/// The part of a line that has not been taken.
#[derive(Clone, Debug)]
pub(super) struct Columns<'a> {
    rest: &'a [u8],
}

impl<'a> Columns<'a> {
    pub(super) fn of(line: &'a [u8]) -> Self {
        Self { rest: line }
    }

    /// What is left, without spaces around.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest.trim_ascii()
    }

    /// What is left.
    pub(super) fn rest_untrimmed(&self) -> &'a [u8] {
        self.rest
    }

    /// So many bytes from `start`, without taking them; `None` where there are fewer.
    #[inline]
    pub(super) fn peek<const N: usize>(&self, start: usize) -> Option<&'a [u8; N]> {
        self.rest.get(start..)?.first_chunk()
    }

    /// Passes over so many bytes.
    #[inline]
    pub(super) fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    #[inline]
    pub(super) fn skip_spaces(&mut self) {
        const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
        while let [b' ' | b'\t', after @ ..] = self.rest {
            self.rest = after;
            if after.first() != Some(&b' ') {
                continue;
            }
            // Columns are filled up with spaces, which are passed over by whole words.
            while let Some((word, after)) = self.rest.split_first_chunk() {
                let others = u64::from_le_bytes(*word) ^ SPACES;
                if others != 0 {
                    self.rest = &self.rest[others.trailing_zeros() as usize / 8..];
                    break;
                }
                self.rest = after;
            }
        }
    }

    /// The next word.
    #[inline]
    pub(super) fn word(&mut self, field: &'static str) -> Result<&'a [u8], ParseError> {
        self.skip_spaces();
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let end = self.rest.iter().position(is_blank).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if word.is_empty() {
            return Err(ParseError::expected("one more column", rest).in_field(field));
        }
        Ok(word)
    }

    /// The next number.
    #[inline]
    pub(super) fn decimal<T: Integer>(&mut self, field: &'static str) -> Result<T, ParseError> {
        self.skip_spaces();
        take_decimal(&mut self.rest).map_err(|error| error.in_field(field))
    }

    /// The next number, of a column that mostly holds 0 and then is `WIDTH` bytes wide with the space after it: where
    /// the next column begins is then known without waiting for a search.
    #[inline(always)]
    pub(super) fn mostly_zero<const WIDTH: usize>(&mut self, field: &'static str) -> Result<u64, ParseError> {
        let zero = const {
            let mut column = [b' '; WIDTH];
            column[WIDTH - 2] = b'0';
            column
        };
        match self.rest.split_first_chunk() {
            Some((column, rest)) if *column == zero => {
                self.rest = rest;
                Ok(0)
            }
            _ => self.decimal(field),
        }
    }

    /// The next hexadecimal number, up to the first byte that is no digit.
    #[inline]
    pub(super) fn hexadecimal(&mut self, field: &'static str) -> Result<u64, ParseError> {
        self.skip_spaces();
        take_hexadecimal(&mut self.rest).map_err(|error| error.in_field(field))
    }

    /// The next hexadecimal number, of at most 32 bits.
    #[inline]
    pub(super) fn hexadecimal_32(&mut self, field: &'static str) -> Result<u32, ParseError> {
        let before = self.rest;
        let number = self.hexadecimal(field)?;
        u32::try_from(number).map_err(|_| ParseError::expected("a number of 32 bits", before).in_field(field))
    }

    /// The next hexadecimal number, of at most 16 bits.
    #[inline]
    pub(super) fn hexadecimal_16(&mut self, field: &'static str) -> Result<u16, ParseError> {
        let before = self.rest;
        let number = self.hexadecimal(field)?;
        u16::try_from(number).map_err(|_| ParseError::expected("a number of 16 bits", before).in_field(field))
    }

    /// The next hexadecimal number, of at most 8 bits.
    #[inline]
    pub(super) fn hexadecimal_8(&mut self, field: &'static str) -> Result<u8, ParseError> {
        let before = self.rest;
        let number = self.hexadecimal(field)?;
        u8::try_from(number).map_err(|_| ParseError::expected("a number of 8 bits", before).in_field(field))
    }

    /// The next hexadecimal number, of at most 32 bits, after `0x`.
    pub(super) fn prefixed(&mut self, field: &'static str) -> Result<u32, ParseError> {
        let word = self.word(field)?;
        linux_support_base::text::prefixed_hexadecimal(word).map_err(|error| error.in_field(field))
    }

    /// The byte that has to stand here.
    #[inline]
    pub(super) fn colon(&mut self, field: &'static str) -> Result<(), ParseError> {
        match self.rest {
            [b':', rest @ ..] => {
                self.rest = rest;
                Ok(())
            }
            rest => Err(ParseError::expected("a colon", rest).in_field(field)),
        }
    }

    /// Whether nothing is left.
    #[inline]
    pub(super) fn is_empty(&mut self) -> bool {
        self.skip_spaces();
        self.rest.is_empty()
    }

    fn digits<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], ParseError> {
        self.skip_spaces();
        let Some((digits, rest)) = self.rest.split_first_chunk() else {
            return Err(
                ParseError::expected("a hexadecimal number of fixed length", self.rest).in_field(field)
            );
        };
        self.rest = rest;
        Ok(*digits)
    }

    /// An address of IPv4 as the kernel writes the word in which it lies in the network's order of bytes.
    #[inline]
    pub(super) fn ipv4(&mut self, field: &'static str) -> Result<Ipv4Addr, ParseError> {
        self.hexadecimal_32(field).map(|word| Ipv4Addr::from(word.to_ne_bytes()))
    }

    /// An address of IPv4 with dots.
    #[inline]
    pub(super) fn dotted_ipv4(&mut self, field: &'static str) -> Result<Ipv4Addr, ParseError> {
        let word = self.word(field)?;
        dotted(word).ok_or_else(|| ParseError::expected("an address of IPv4", word).in_field(field))
    }

    /// An address of IPv6 as the kernel writes the four words in which it lies in the network's order of bytes.
    #[inline]
    pub(super) fn ipv6_words(&mut self, field: &'static str) -> Result<Ipv6Addr, ParseError> {
        self.ipv6(field).map(|address| in_words(address.to_bits()))
    }

    /// An address of IPv6 byte by byte.
    #[inline]
    pub(super) fn ipv6(&mut self, field: &'static str) -> Result<Ipv6Addr, ParseError> {
        let before = self.rest;
        let digits = linux_support_base::text::hexadecimal_digits(self.digits(field)?);
        let error = || ParseError::expected("32 hexadecimal digits", before).in_field(field);
        // One more would be taken for the next column.
        let digits = digits.filter(|_| !self.rest.first().is_some_and(u8::is_ascii_hexdigit));
        digits.map(Ipv6Addr::from_bits).ok_or_else(error)
    }

    /// An address, a colon and a port.
    #[inline]
    pub(super) fn socket_address(
        &mut self,
        is_ipv6: bool,
        field: &'static str,
    ) -> Result<SocketAddr, ParseError> {
        let address = match is_ipv6 {
            true => IpAddr::V6(self.ipv6_words(field)?),
            false => IpAddr::V4(self.ipv4(field)?),
        };
        self.colon(field)?;
        Ok(SocketAddr::new(address, self.hexadecimal_16(field)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn addresses_with_dots_are_read_as_the_standard_library_does(
            text in "[0-9]{0,4}\\.[0-9]{1,3}\\.[0-9.x]{0,4}\\.?[0-9]{1,3}", address: [u8; 4],
        ) {
            prop_assert_eq!(dotted(text.as_bytes()), text.parse().ok());
            let address = Ipv4Addr::from(address);
            prop_assert_eq!(dotted(address.to_string().as_bytes()), Some(address));
        }
    }
}
