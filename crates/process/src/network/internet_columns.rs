//! The hexadecimal columns of a socket's line, which mostly stand at the same places.

use core::net::{Ipv4Addr, SocketAddr};

use linux_support_base::{ParseError, text::hexadecimal_digits};

use super::columns::{Columns, in_words};

/// The columns up to the user, which are hexadecimal.
#[derive(Debug, PartialEq)]
pub(super) struct Head {
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) state: u8,
    pub(super) send_queue: u64,
    pub(super) receive_queue: u64,
    pub(super) timer: u8,
    pub(super) timer_remaining: u64,
    pub(super) retransmits: u32,
}

/// Eight digits of 0. Digits are put together in registers: in memory, the processor would wait for each piece.
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

#[inline]
fn eight(text: &[u8], start: usize) -> Option<u64> {
    text.get(start..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

#[inline]
fn four(text: &[u8], start: usize) -> Option<u64> {
    text.get(start..)?.first_chunk().map(|bytes| u64::from(u32::from_le_bytes(*bytes)))
}

#[inline]
fn side_by_side(words: [u64; 4]) -> [u8; 32] {
    let [a, b, c, d] = words.map(u128::from);
    let mut digits = [0; 32];
    let (low, high) = digits.split_at_mut(16);
    low.copy_from_slice(&(a | b << 64).to_le_bytes());
    high.copy_from_slice(&(c | d << 64).to_le_bytes());
    digits
}

/// What stands after the addresses: `ST TX_QUEUE:RX_QUEUE TR:TM->WHEN RETRNSMT `.
const TAIL: usize = 42;

impl Head {
    /// Reads the columns one after the other, whatever their widths, and says which is malformed.
    #[cold]
    pub(super) fn word_by_word(columns: &mut Columns<'_>, is_ipv6: bool) -> Result<Self, ParseError> {
        let local = columns.socket_address(is_ipv6, "local_address")?;
        let remote = columns.socket_address(is_ipv6, "rem_address")?;
        let state = columns.hexadecimal_8("st")?;
        let send_queue = columns.hexadecimal("tx_queue")?;
        columns.colon("rx_queue")?;
        let receive_queue = columns.hexadecimal("rx_queue")?;
        let timer = columns.hexadecimal_8("tr")?;
        columns.colon("tm->when")?;
        let timer_remaining = columns.hexadecimal("tm->when")?;
        let retransmits = columns.hexadecimal_32("retrnsmt")?;
        Ok(Self { local, remote, state, send_queue, receive_queue, timer, timer_remaining, retransmits })
    }

    /// Reads the columns where they stand on most lines; `None` if they do not.
    #[inline]
    pub(super) fn at_columns_of_ipv4(columns: &mut Columns<'_>) -> Option<Self> {
        const ADDRESSES: usize = 28;
        let text: &[u8; ADDRESSES + TAIL] = columns.peek(0)?;
        if [text[8], text[22]] != *b"::" || [text[13], text[27]] != *b"  " {
            return None;
        }
        let addresses = [eight(text, 0)?, eight(text, 14)?];
        let ports = four(text, 9)? | four(text, 23)? << 32;
        let (states, tail) = Self::tail(text.last_chunk()?, addresses, ports)?;
        let address = |shift: u32| Ipv4Addr::from(((states >> shift) as u32).to_ne_bytes());
        let head = Self {
            local: SocketAddr::new(address(96).into(), (states >> 48) as u16),
            remote: SocketAddr::new(address(64).into(), (states >> 32) as u16),
            ..tail
        };
        columns.skip(ADDRESSES + TAIL);
        Some(head)
    }

    #[inline]
    pub(super) fn at_columns_of_ipv6(columns: &mut Columns<'_>) -> Option<Self> {
        const ADDRESSES: usize = 76;
        let text: &[u8; ADDRESSES + TAIL] = columns.peek(0)?;
        if [text[32], text[70]] != *b"::" || [text[37], text[75]] != *b"  " {
            return None;
        }
        let address = |start: usize| {
            let digits = text[start..].first_chunk()?;
            Some(in_words(hexadecimal_digits(*digits)?))
        };
        let ports = four(text, 33)? | four(text, 71)? << 32;
        let (states, tail) = Self::tail(text.last_chunk()?, [ZEROS; 2], ports)?;
        let head = Self {
            local: SocketAddr::new(address(0)?.into(), (states >> 48) as u16),
            remote: SocketAddr::new(address(38)?.into(), (states >> 32) as u16),
            ..tail
        };
        columns.skip(ADDRESSES + TAIL);
        Some(head)
    }

    /// Reads what stands after the addresses, with the digits of these. Gives the number that those make, and the
    /// head without addresses.
    #[inline(always)]
    fn tail(text: &[u8; TAIL], addresses: [u64; 2], ports: u64) -> Option<(u128, Self)> {
        if [text[11], text[23]] != *b"::" || [text[2], text[20], text[32], text[41]] != *b"    " {
            return None;
        }
        let state = u64::from(u16::from_le_bytes([text[0], text[1]]));
        let timer = u64::from(u16::from_le_bytes([text[21], text[22]]));
        let states = state | timer << 16 | ZEROS << 32;
        let states = hexadecimal_digits(side_by_side([addresses[0], addresses[1], ports, states]))?;
        let numbers = [eight(text, 3)?, eight(text, 12)?, eight(text, 24)?, eight(text, 33)?];
        let numbers = hexadecimal_digits(side_by_side(numbers))?;
        let number = |shift: u32| (numbers >> shift) as u32;
        let none = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        let head = Self {
            local: none,
            remote: none,
            state: (states >> 24) as u8,
            send_queue: number(96).into(),
            receive_queue: number(64).into(),
            timer: (states >> 16) as u8,
            timer_remaining: number(32).into(),
            retransmits: number(0),
        };
        Some((states, head))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_are_read_at_their_columns_as_word_by_word(
            words: [u32; 10], ports: (u16, u16), numbers: (u8, u8), is_ipv6: bool, spoilt in prop::option::of(0..100_usize),
        ) {
            let address = |words: &[u32]| words.iter().map(|word| format!("{word:08X}")).collect::<String>();
            let (local, remote) = if is_ipv6 { (address(&words[..4]), address(&words[4..8])) } else { (address(&words[..1]), address(&words[1..2])) };
            let mut text = format!(
                "{local}:{:04X} {remote}:{:04X} {:02X} {:08X}:{:08X} {:02X}:{:08X} {:08X} ",
                ports.0, ports.1, numbers.0, words[2], words[3], numbers.1, words[8], words[9],
            ).into_bytes();
            if let Some(byte) = spoilt.and_then(|at| text.get_mut(at)) {
                *byte = b'x';
            }
            let (mut fast, mut slow) = (Columns::of(&text), Columns::of(&text));
            let at_columns = if is_ipv6 { Head::at_columns_of_ipv6(&mut fast) } else { Head::at_columns_of_ipv4(&mut fast) };
            let expected = Head::word_by_word(&mut slow, is_ipv6).ok();
            match at_columns {
                Some(head) => prop_assert_eq!(Some(head), expected),
                None => prop_assert!(spoilt.is_some()),
            }
        }
    }
}
