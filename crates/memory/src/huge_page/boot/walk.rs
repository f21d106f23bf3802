//! The way the kernel goes along the command line.

use linux_support_base::{Bytes, NumaNode, PageSize};
use linux_support_kernel::Parameter;

use super::{BootCount, BootHugePages, BootPool, Counts, IgnoredAtBoot};

/// What the kernel keeps in mind while it goes along the command line.
pub(super) struct Walk<'a> {
    sizes: &'a [PageSize],
    boot: BootHugePages,
    /// Whether the last size was one.
    follows_valid: bool,
    /// The size that the next count is for; none before the first size.
    current: Option<PageSize>,
    /// For what the last count was, since it can't be given twice; `Some(None)` is the default size.
    counted: Option<Option<PageSize>>,
    /// A count before any size: for the default size.
    implicit: Option<BootCount<u64>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(sizes: &'a [PageSize]) -> Self {
        Self {
            sizes,
            boot: BootHugePages::default(),
            follows_valid: true,
            current: None,
            counted: None,
            implicit: None,
        }
    }

    /// The next parameter of the command line.
    pub(super) fn step(&mut self, parameter: &Parameter<'_>) {
        let Ok(value) = core::str::from_utf8(parameter.value.unwrap_or_default()) else { return };
        if parameter.is(b"hugepagesz") {
            self.size(value);
        } else if parameter.is(b"default_hugepagesz") {
            self.default_size(value);
        } else if parameter.is(b"hugepages") {
            self.count(value);
        } else if parameter.is(b"hugetlb_cma") {
            self.contiguous(value);
        } else if parameter.is(b"hugetlb_free_vmemmap") {
            self.free_descriptors(value);
        }
    }

    fn ignore(&mut self, text: String, reason: impl Into<String>) {
        self.boot.ignored.push(IgnoredAtBoot { text, reason: reason.into() });
    }

    fn known(&self, value: &str) -> Result<PageSize, String> {
        let size = memparse(value).and_then(|(bytes, _)| PageSize::new(Bytes::new(bytes)));
        size.filter(|size| self.sizes.contains(size)).ok_or_else(|| {
            let sizes: Vec<_> = self.sizes.iter().map(PageSize::to_string).collect();
            format!("this machine has pages of {}", sizes.join(", "))
        })
    }

    fn pool(&mut self, size: PageSize) -> &mut BootPool {
        let at = self.boot.pools.iter().position(|pool| pool.size == size).unwrap_or_else(|| {
            self.boot.pools.push(BootPool { size, count: BootCount::Whole(0) });
            self.boot.pools.len() - 1
        });
        &mut self.boot.pools[at]
    }

    fn is_known_pool(&self, size: PageSize) -> bool {
        self.boot.pools.iter().any(|pool| pool.size == size)
    }

    fn size(&mut self, value: &str) {
        let text = || format!("hugepagesz={value}");
        self.follows_valid = false;
        let size = match self.known(value) {
            Ok(size) => size,
            Err(reason) => return self.ignore(text(), reason),
        };
        if self.is_known_pool(size) {
            // Allowed for the default size once, while it has no count.
            let is_default = self.boot.default_size == Some(size);
            if !is_default || self.pool(size).count.total() != 0 {
                return self.ignore(text(), "the size was given before");
            }
        }
        self.pool(size);
        (self.current, self.follows_valid) = (Some(size), true);
    }

    fn default_size(&mut self, value: &str) {
        let text = || format!("default_hugepagesz={value}");
        self.follows_valid = false;
        if self.boot.default_size.is_some() {
            return self.ignore(text(), "it was given before");
        }
        let size = match self.known(value) {
            Ok(size) => size,
            Err(reason) => return self.ignore(text(), reason),
        };
        self.pool(size);
        (self.current, self.follows_valid, self.boot.default_size) = (Some(size), true, Some(size));
        if let Some(count) = self.implicit.take() {
            self.pool(size).count = count;
        }
    }

    fn count(&mut self, value: &str) {
        let text = || format!("hugepages={value}");
        if !self.follows_valid {
            self.follows_valid = true;
            return self.ignore(text(), "the size before it is none");
        }
        // Before any size it is for the default size, which is not known yet.
        let target = if self.boot.pools.is_empty() { None } else { self.current };
        if self.counted == Some(target) {
            return self.ignore(text(), "the count was given before");
        }
        let Some(count) = parse_count(value, |text| text.parse().ok()) else {
            return self.ignore(text(), "it is a number, or NODE:NUMBER apart by commas");
        };
        match target {
            Some(size) => self.pool(size).count = count,
            None => self.implicit = Some(count),
        }
        self.counted = Some(target);
    }

    fn contiguous(&mut self, value: &str) {
        let bytes = |text: &str| {
            memparse(text).filter(|(_, rest)| rest.is_empty()).map(|(bytes, _)| Bytes::new(bytes))
        };
        match parse_count(value, bytes) {
            Some(amount) => self.boot.contiguous = Some(amount),
            None => self.ignore(format!("hugetlb_cma={value}"), "it is a size, or NODE:SIZE apart by commas"),
        }
    }

    fn free_descriptors(&mut self, value: &str) {
        match value {
            "on" | "ON" | "On" | "1" | "y" | "Y" => self.boot.free_descriptors = Some(true),
            "off" | "OFF" | "Off" | "0" | "n" | "N" => self.boot.free_descriptors = Some(false),
            _ => self.ignore(format!("hugetlb_free_vmemmap={value}"), "it is on or off"),
        }
    }

    /// A count without a size is for the built-in size where no other was made the default, and wins over an explicit one.
    pub(super) fn end(mut self, built_in: PageSize) -> BootHugePages {
        if let Some(count) = self.implicit.take() {
            let pool = self.pool(built_in);
            let before = core::mem::replace(&mut pool.count, count);
            if before.total() != 0 {
                self.ignore(
                    format!("hugepages={}", Counts(&before)),
                    "a count before any size is for this size too",
                );
            }
        }
        self.boot
    }
}

/// A number, or numbers by node, with what stands between them.
fn parse_count<T>(value: &str, parse: impl Fn(&str) -> Option<T>) -> Option<BootCount<T>> {
    if !value.contains(':') {
        return parse(value).map(BootCount::Whole);
    }
    let part = |part: &str| {
        let (node, amount) = part.split_once(':')?;
        Some((NumaNode::new(node.parse().ok()?)?, parse(amount)?))
    };
    value.split(',').map(part).collect::<Option<_>>().map(BootCount::ByNode)
}

/// A number with a suffix, as the kernel reads it, and what follows.
fn memparse(text: &str) -> Option<(u64, &str)> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    let end = digits.find(|digit: char| !digit.is_digit(radix)).unwrap_or(digits.len());
    let number = u64::from_str_radix(&digits[..end], radix).ok()?;
    let rest = &digits[end..];
    let shift = match rest.bytes().next().map(|byte| byte.to_ascii_uppercase()) {
        Some(b'K') => 10,
        Some(b'M') => 20,
        Some(b'G') => 30,
        Some(b'T') => 40,
        Some(b'P') => 50,
        Some(b'E') => 60,
        _ => return Some((number, rest)),
    };
    Some((number.checked_mul(1 << shift)?, &rest[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_suffixes_and_radices_and_do_not_overflow() {
        assert_eq!(memparse("18446744073709551615E"), None);
        assert_eq!(memparse("010k!"), Some((8 << 10, "!")));
        assert_eq!(memparse("0x10"), Some((16, "")));
        assert_eq!(memparse(""), None);
    }
}
