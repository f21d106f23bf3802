//! Values of options in the kernel's form.

use std::time::Duration;

use linux_support_base::{ByteString, Bytes, Cpu};

use crate::socket::Interface;

/// The most bytes that an option's value takes: TCP_INFO has 250 and grows.
pub(crate) const ROOM: usize = 512;

/// A value in the kernel's form.
#[derive(Clone, Copy, Debug)]
pub struct Encoded {
    bytes: [u8; Self::MAXIMUM],
    length: usize,
}

impl Encoded {
    const MAXIMUM: usize = 64;

    /// These bytes; `None` if they are too many.
    pub(crate) fn new(value: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::MAXIMUM];
        bytes.get_mut(..value.len())?.copy_from_slice(value);
        Some(Self { bytes, length: value.len() })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// A number of 32 bits.
    pub(crate) fn number(value: u32) -> Self {
        let mut encoded = Self { bytes: [0; Self::MAXIMUM], length: 4 };
        encoded.bytes[..4].copy_from_slice(&value.to_ne_bytes());
        encoded
    }
}

/// How a value is written and read. The error says what would be taken.
pub(crate) trait Codec<T> {
    /// The room that the kernel is given: some options take no other.
    const SIZE: usize = ROOM;

    fn encode(value: &T) -> Result<Encoded, &'static str>;
    fn decode(bytes: &[u8]) -> Option<T>;
}

/// An option that can't be set has no form to be written in.
pub(crate) const READ_ONLY: &str = "can only be read";

/// A signed number of 32 bits; some options are written as one byte where they are read.
pub(crate) fn int(bytes: &[u8]) -> Option<i32> {
    match bytes {
        [byte] => Some(i32::from(*byte)),
        _ => Some(i32::from_ne_bytes(bytes.try_into().ok()?)),
    }
}

/// Yes or no.
pub(crate) struct Flag;

impl Codec<bool> for Flag {
    fn encode(value: &bool) -> Result<Encoded, &'static str> {
        Ok(Encoded::number(u32::from(*value)))
    }

    fn decode(bytes: &[u8]) -> Option<bool> {
        int(bytes).map(|value| value != 0)
    }
}

/// A number of up to 32 bits.
pub(crate) struct Number;

macro_rules! numbers {
    ($($type:ty, $accepted:literal;)*) => {$(
        impl Codec<$type> for Number {
            fn encode(value: &$type) -> Result<Encoded, &'static str> {
                i32::try_from(*value).map(|value| Encoded::number(value as u32)).map_err(|_| $accepted)
            }

            fn decode(bytes: &[u8]) -> Option<$type> {
                int(bytes)?.try_into().ok()
            }
        }
    )*};
}

numbers! {
    u8, "takes 0 to 255";
    u16, "takes 0 to 65535";
    i32, "takes -2147483648 to 2147483647";
}

impl Codec<u32> for Number {
    fn encode(value: &u32) -> Result<Encoded, &'static str> {
        Ok(Encoded::number(*value))
    }

    fn decode(bytes: &[u8]) -> Option<u32> {
        int(bytes).map(|value| value as u32)
    }
}

impl Codec<u64> for Number {
    const SIZE: usize = 8;

    fn encode(value: &u64) -> Result<Encoded, &'static str> {
        Encoded::new(&value.to_ne_bytes()).ok_or(READ_ONLY)
    }

    fn decode(bytes: &[u8]) -> Option<u64> {
        bytes.try_into().ok().map(u64::from_ne_bytes)
    }
}

/// A number, or -1 for none.
pub(crate) struct OrMinusOne;

impl Codec<Option<u32>> for OrMinusOne {
    fn encode(value: &Option<u32>) -> Result<Encoded, &'static str> {
        match value.map(i32::try_from) {
            None => Ok(Encoded::number(u32::MAX)),
            Some(Ok(value)) => Ok(Encoded::number(value as u32)),
            Some(Err(_)) => Err("takes 0 to 2147483647"),
        }
    }

    fn decode(bytes: &[u8]) -> Option<Option<u32>> {
        int(bytes).map(|value| u32::try_from(value).ok())
    }
}

impl Codec<Option<Cpu>> for OrMinusOne {
    fn encode(value: &Option<Cpu>) -> Result<Encoded, &'static str> {
        Ok(Encoded::number(value.map_or(u32::MAX, |cpu| cpu.number())))
    }

    fn decode(bytes: &[u8]) -> Option<Option<Cpu>> {
        int(bytes).map(|value| u32::try_from(value).ok().and_then(Cpu::new))
    }
}

/// Bytes, as a number of 32 bits.
pub(crate) struct Size;

impl Codec<Bytes> for Size {
    fn encode(value: &Bytes) -> Result<Encoded, &'static str> {
        let size = i32::try_from(value.get()).map_err(|_| "takes up to 2147483647 bytes")?;
        Ok(Encoded::number(size as u32))
    }

    fn decode(bytes: &[u8]) -> Option<Bytes> {
        int(bytes)?.try_into().ok().map(Bytes::new)
    }
}

/// Bytes, as a number of 64 bits.
pub(crate) struct LongSize;

impl Codec<Bytes> for LongSize {
    fn encode(value: &Bytes) -> Result<Encoded, &'static str> {
        Number::encode(&value.get())
    }

    fn decode(bytes: &[u8]) -> Option<Bytes> {
        Number::decode(bytes).map(Bytes::new)
    }
}

macro_rules! durations {
    ($($(#[$doc:meta])* $codec:ident: $whole:ident, $from:ident, $accepted:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $codec;

        impl Codec<Duration> for $codec {
            fn encode(value: &Duration) -> Result<Encoded, &'static str> {
                let whole = i32::try_from(value.$whole()).map_err(|_| $accepted)?;
                if Duration::$from(whole.unsigned_abs().into()) != *value {
                    return Err($accepted);
                }
                Ok(Encoded::number(whole as u32))
            }

            fn decode(bytes: &[u8]) -> Option<Duration> {
                int(bytes)?.try_into().ok().map(Duration::$from)
            }
        }
    )*};
}

durations! {
    /// A time in seconds.
    Seconds: as_secs, from_secs, "takes whole seconds up to 2147483647";
    /// A time in milliseconds.
    Milliseconds: as_millis, from_millis, "takes whole milliseconds up to 2147483647";
    /// A time in microseconds.
    Microseconds: as_micros, from_micros, "takes whole microseconds up to 2147483647";
}

/// A time in seconds and microseconds: `struct timeval`.
pub(crate) struct TimeValue;

impl Codec<Duration> for TimeValue {
    fn encode(value: &Duration) -> Result<Encoded, &'static str> {
        if !value.subsec_nanos().is_multiple_of(1000) {
            return Err("takes whole microseconds");
        }
        let seconds = i64::try_from(value.as_secs()).map_err(|_| "takes up to 2^63 - 1 seconds")?;
        let bytes = [seconds.to_ne_bytes(), i64::from(value.subsec_micros()).to_ne_bytes()].concat();
        Encoded::new(&bytes).ok_or(READ_ONLY)
    }

    fn decode(bytes: &[u8]) -> Option<Duration> {
        let (words, []) = bytes.as_chunks::<8>() else { return None };
        let &[seconds, microseconds] = words else { return None };
        let microseconds = u64::try_from(i64::from_ne_bytes(microseconds)).ok()?;
        Some(
            Duration::from_secs(i64::from_ne_bytes(seconds).try_into().ok()?)
                + Duration::from_micros(microseconds),
        )
    }
}

/// A name of up to 15 bytes, or none.
pub(crate) struct Name;

impl Codec<ByteString> for Name {
    fn encode(value: &ByteString) -> Result<Encoded, &'static str> {
        match value.len() {
            0..=15 if !value.contains(&0) => Encoded::new(value).ok_or(READ_ONLY),
            _ => Err("takes a name of up to 15 bytes, none of them 0"),
        }
    }

    fn decode(bytes: &[u8]) -> Option<ByteString> {
        Some(bytes.split(|byte| *byte == 0).next().unwrap_or_default().into())
    }
}

impl Codec<Option<ByteString>> for Name {
    fn encode(value: &Option<ByteString>) -> Result<Encoded, &'static str> {
        match value {
            // What is of no bytes at all would say the same, but some kernels read a byte.
            None => Encoded::new(&[0]).ok_or(READ_ONLY),
            Some(name) if name.is_empty() => Err("takes a name of 1 to 15 bytes, none of them 0"),
            Some(name) => Name::encode(name),
        }
    }

    fn decode(bytes: &[u8]) -> Option<Option<ByteString>> {
        <Self as Codec<ByteString>>::decode(bytes).map(|name| Some(name).filter(|name| !name.is_empty()))
    }
}

/// A network interface, or 0 for none.
pub(crate) struct OrNone;

impl Codec<Option<Interface>> for OrNone {
    fn encode(value: &Option<Interface>) -> Result<Encoded, &'static str> {
        Ok(Encoded::number(value.map_or(0, |interface| interface.number() as u32)))
    }

    fn decode(bytes: &[u8]) -> Option<Option<Interface>> {
        int(bytes).map(Interface::new)
    }
}

/// A value that has a form of its own.
pub(crate) struct Own;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_its_unit_cannot_say_is_refused() {
        let seconds = Seconds::encode(&Duration::from_secs(7)).unwrap();
        assert_eq!(Seconds::decode(seconds.as_bytes()), Some(Duration::from_secs(7)));
        assert!(Seconds::encode(&Duration::from_millis(7001)).is_err());
        assert!(Seconds::encode(&Duration::from_secs(1 << 31)).is_err());
        assert!(Milliseconds::encode(&Duration::from_micros(1)).is_err());
        assert!(Microseconds::encode(&Duration::from_secs(2147)).is_ok());
        assert!(Microseconds::encode(&Duration::from_secs(2148)).is_err());
        assert_eq!(Seconds::decode(&(-1i32).to_ne_bytes()), None);
        let value = TimeValue::encode(&Duration::from_micros(3_000_007)).unwrap();
        assert_eq!(TimeValue::decode(value.as_bytes()), Some(Duration::from_micros(3_000_007)));
    }

    #[test]
    fn names_end_at_a_zero() {
        assert_eq!(<Name as Codec<ByteString>>::decode(b"cubic\0\0\0\0").unwrap(), "cubic");
        assert_eq!(<Name as Codec<Option<ByteString>>>::decode(b""), Some(None));
        assert!(Name::encode(&ByteString::from("sixteen bytes ..")).is_err());
        assert!(Name::encode(&Some(ByteString::default())).is_err());
    }

    #[test]
    fn a_number_may_be_one_byte_or_four_and_nothing_else() {
        assert_eq!(<Number as Codec<u8>>::decode(&[7]), Some(7));
        assert_eq!(<Number as Codec<u8>>::decode(&300i32.to_ne_bytes()), None);
        assert_eq!(<Number as Codec<u32>>::decode(&[1, 2]), None);
        assert_eq!(<OrMinusOne as Codec<Option<u32>>>::decode(&(-1i32).to_ne_bytes()), Some(None));
        assert!(<OrMinusOne as Codec<Option<u32>>>::encode(&Some(u32::MAX)).is_err());
    }
}
