//! Text that is made in a handler.

/// A line of a report. What does not fit is cut off; nothing is allocated.
pub(super) struct Line {
    bytes: [u8; 256],
    length: usize,
}

impl Line {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; 256], length: 0 }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    pub(super) fn byte(&mut self, byte: u8) -> &mut Self {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
        self
    }

    /// Bytes that are not printable become question marks, so that a name can't end a line or begin another.
    pub(super) fn text(&mut self, text: &[u8]) -> &mut Self {
        for &byte in text {
            self.byte(if byte < b' ' || byte == 0x7f { b'?' } else { byte });
        }
        self
    }

    pub(super) fn decimal(&mut self, number: i64) -> &mut Self {
        if number < 0 {
            self.byte(b'-');
        }
        self.digits(number.unsigned_abs(), 10, 1)
    }

    /// With `0x`, and at least so many digits.
    pub(super) fn hexadecimal(&mut self, number: u64, width: usize) -> &mut Self {
        self.text(b"0x").digits(number, 16, width)
    }

    fn digits(&mut self, mut number: u64, base: u64, width: usize) -> &mut Self {
        // As many as 2^64 - 1 has to the base of 10.
        let mut digits = [b'0'; 20];
        let mut count = 0;
        for place in digits.iter_mut().rev() {
            if number == 0 && count >= width.max(1) {
                break;
            }
            let digit = (number % base) as u8;
            *place = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            number /= base;
            count += 1;
        }
        let start = digits.len() - count;
        self.text(digits.get(start..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_format_writes_them() {
        for number in [0, 1, 9, 10, -1, i64::MIN, i64::MAX, 1 << 40] {
            let mut line = Line::new();
            line.decimal(number);
            assert_eq!(line.as_bytes(), number.to_string().as_bytes());
        }
        for number in [0, 0xf, 0x10, u64::MAX, 0x7f00_0000_1000] {
            let mut line = Line::new();
            line.hexadecimal(number, 1).byte(b' ').hexadecimal(number, 16);
            assert_eq!(line.as_bytes(), format!("{number:#x} {number:#018x}").as_bytes());
        }
    }

    #[test]
    fn a_long_line_is_cut_and_an_odd_byte_replaced() {
        let mut line = Line::new();
        line.text(&[b'x'; 300]).decimal(7);
        assert_eq!(line.as_bytes(), [b'x'; 256]);
        line.clear();
        assert_eq!(line.as_bytes(), b"");
        assert_eq!(line.text(b"a\nb\x7f\xc3").as_bytes(), b"a?b?\xc3");
    }
}
