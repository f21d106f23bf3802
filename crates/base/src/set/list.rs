use core::{fmt, str::FromStr};

use super::{Number, NumberSet, trimmed};
use crate::text::{ParseError, decimal};

impl<T: Number> NumberSet<T> {
    /// Reads the kernel's list format: numbers and ranges apart by commas (`0-3,8`), ranges with strides
    /// (`0-31:2/8`: the first 2 of every 8), or nothing for the empty set. Spaces and a newline around the
    /// whole are passed over, as are empty parts (`0-3,,8`).
    ///
    /// ```
    /// # use linux_support_base::CpuSet;
    /// let set = CpuSet::parse_list(b"0-15:2/8\n").unwrap();
    /// assert_eq!(set.to_string(), "0-1,8-9");
    /// ```
    ///
    /// # Errors
    /// Anything else, a range that falls, a stride of 0 or with more numbers than its length, and numbers
    /// from [`Number::LIMIT`] on. `all` and `N` need to know of how many: see
    /// [`parse_list_within`](Self::parse_list_within).
    ///
    /// # Source
    /// Documentation/admin-guide/kernel-parameters.rst, "cpu lists".
    pub fn parse_list(text: &[u8]) -> Result<Self, ParseError> {
        parse(text, None).map_err(|error| error.quoting(text).in_field(T::LIST))
    }

    /// Reads the list format on a machine that has the numbers `universe`: then `all` is every one of them and
    /// `N` the last.
    ///
    /// # Errors
    /// As for [`parse_list`](Self::parse_list). Numbers outside of `universe` are no error: the kernel's own
    /// lists hold CPUs that are possible and not there.
    pub fn parse_list_within(text: &[u8], universe: &Self) -> Result<Self, ParseError> {
        parse(text, Some(universe)).map_err(|error| error.quoting(text).in_field(T::LIST))
    }
}

fn parse<T: Number>(text: &[u8], universe: Option<&NumberSet<T>>) -> Result<NumberSet<T>, ParseError> {
    let mut set = NumberSet::new();
    let text = trimmed(text);
    for part in text.split(|&byte| byte == b',') {
        let part = part.trim_ascii();
        if part.is_empty() {
            continue;
        }
        let (range, stride) = match memchr::memchr(b':', part) {
            Some(colon) => (&part[..colon], Some(&part[colon + 1..])),
            None => (part, None),
        };
        let (first, last) = match (range, universe) {
            (b"all", Some(universe)) => {
                let Some(last) = universe.last() else { continue };
                if stride.is_none() {
                    set = &set | universe;
                    continue;
                }
                (0, last.index())
            }
            _ => parse_range(range, universe)?,
        };
        match stride {
            None => set.insert_range(first, last),
            Some(stride) => insert_strided(&mut set, first, last, stride)?,
        }
    }
    Ok(set)
}

fn parse_range<T: Number>(range: &[u8], universe: Option<&NumberSet<T>>) -> Result<(u32, u32), ParseError> {
    let number = |text: &[u8]| -> Result<u32, ParseError> {
        if text == b"N"
            && let Some(last) = universe.and_then(NumberSet::last)
        {
            return Ok(last.index());
        }
        let value: u64 = decimal(text)?;
        u32::try_from(value)
            .ok()
            .filter(|&value| value < T::LIMIT)
            .ok_or_else(|| ParseError::expected(T::EXPECTED, text))
    };
    let Some(dash) = memchr::memchr(b'-', range) else {
        let only = number(range)?;
        return Ok((only, only));
    };
    let (first, last) = (number(&range[..dash])?, number(&range[dash + 1..])?);
    if last < first {
        return Err(ParseError::expected("a range that rises", range));
    }
    Ok((first, last))
}

fn insert_strided<T: Number>(
    set: &mut NumberSet<T>,
    first: u32,
    last: u32,
    stride: &[u8],
) -> Result<(), ParseError> {
    let Some(slash) = memchr::memchr(b'/', stride) else {
        return Err(ParseError::expected("a stride such as 2/8", stride));
    };
    let (used, length): (u32, u32) = (decimal(&stride[..slash])?, decimal(&stride[slash + 1..])?);
    if used == 0 || length == 0 || used > length {
        return Err(ParseError::expected("a stride such as 2/8", stride));
    }
    let mut start = first;
    while start <= last {
        set.insert_range(start, last.min(start.saturating_add(used - 1)));
        start = start.saturating_add(length);
    }
    Ok(())
}

impl<T: Number> fmt::Display for NumberSet<T> {
    /// The list format, with ranges wherever numbers follow one another: `0-3,8`. Empty for the empty set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut members = self.iter().map(T::index).peekable();
        let mut separator = "";
        while let Some(first) = members.next() {
            let mut last = first;
            while let Some(next) = members.next_if_eq(&(last + 1)) {
                last = next;
            }
            if first == last {
                write!(f, "{separator}{first}")?;
            } else {
                write!(f, "{separator}{first}-{last}")?;
            }
            separator = ",";
        }
        Ok(())
    }
}

impl<T: Number> FromStr for NumberSet<T> {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse_list(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Cpu, CpuSet, NumaNodeSet};

    fn list(text: &str) -> String {
        CpuSet::parse_list(text.as_bytes()).unwrap().to_string()
    }

    #[test]
    fn every_form_of_the_kernels_lists_is_read() {
        assert_eq!(list("0-3,8\n"), "0-3,8");
        assert_eq!(list("0-31:2/8"), "0-1,8-9,16-17,24-25");
        assert_eq!(list("0-31:8/8"), "0-31");
        assert_eq!(list(""), "");
        assert_eq!(list("\n"), "");
        assert_eq!(list("8,0-3,2"), "0-3,8");
        assert_eq!(list("1023-1025"), "1023-1025");
    }

    #[test]
    fn all_and_the_last_need_a_universe() {
        let universe = CpuSet::parse_list(b"0-5,8").unwrap();
        let within = |text: &[u8]| CpuSet::parse_list_within(text, &universe).unwrap().to_string();
        assert_eq!(within(b"all"), "0-5,8");
        assert_eq!(within(b"4-N"), "4-8");
        assert_eq!(within(b"all:1/2"), "0,2,4,6,8");
        assert!(CpuSet::parse_list(b"all").is_err());
    }

    #[test]
    fn what_is_not_a_list_is_refused() {
        for text in [
            "x",
            "1-",
            "-1",
            "3-1",
            "0-3:0/4",
            "0-3:5/4",
            "0-3:1",
            "0-3:1/0",
            "65536",
            "0x3",
            "1 2",
            "4294967296",
        ] {
            assert!(CpuSet::parse_list(text.as_bytes()).is_err(), "{text}");
        }
        assert!(NumaNodeSet::parse_list(b"0,1,").is_ok());
    }

    #[test]
    fn a_nul_after_the_last_newline_is_passed_over() {
        assert_eq!(list("0-63\n\0"), "0-63");
        assert_eq!(list("\n\0\0"), "");
        assert!(CpuSet::parse_list(b"0\0-3").is_err());
    }

    #[test]
    fn the_error_names_the_byte() {
        let error = CpuSet::parse_list(b"0-3,x").unwrap_err();
        assert_eq!(error.to_string(), r#"CPU list "0-3,x": expected a number at byte 4"#);
    }

    proptest! {
        #[test]
        fn every_set_comes_back(numbers in prop::collection::vec(0u32..9000, 0..50)) {
            let set: CpuSet = numbers.into_iter().map(|number| Cpu::new(number).unwrap()).collect();
            prop_assert_eq!(CpuSet::parse_list(set.to_string().as_bytes()), Ok(set));
        }

        #[test]
        fn nothing_panics(text in "[0-9,:/N al-]{0,24}", bytes: Vec<u8>) {
            let universe = CpuSet::parse_list(b"0-9").unwrap();
            let _ = CpuSet::parse_list_within(text.as_bytes(), &universe);
            let _ = CpuSet::parse_list(&bytes);
        }
    }
}
