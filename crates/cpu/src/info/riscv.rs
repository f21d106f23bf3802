//! The instruction set string of RISC-V.

use core::fmt;

use linux_support_base::{ByteString, text};

/// A RISC-V base and its extensions, such as `rv64imafdc_zicsr_zbb`.
///
/// # Source
/// Documentation/devicetree/bindings/riscv; "ISA Extension Naming Conventions" of the RISC-V manual.
///
/// ```
/// use linux_support_cpu::info::RiscvIsa;
///
/// let isa = RiscvIsa::parse(b"rv64imac_zicsr");
/// assert_eq!(isa.bits(), Some(64));
/// assert!(isa.contains("c") && isa.contains("zicsr") && !isa.contains("z"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transparent))]
pub struct RiscvIsa {
    text: ByteString,
}

impl RiscvIsa {
    /// Takes the string as the kernel writes it.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        Self { text: text.trim_ascii().into() }
    }

    /// How many bits a register has: 32 or 64, or 128.
    #[must_use]
    pub fn bits(&self) -> Option<u32> {
        let text = self.text.as_bytes().strip_prefix(b"rv")?;
        let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
        text::decimal(&text[..end]).ok()
    }

    /// The base (`i` or `e`) and the extensions, in order.
    pub fn extensions(&self) -> impl Iterator<Item = &[u8]> {
        let text = self.text.as_bytes();
        let text = text.strip_prefix(b"rv").unwrap_or(text);
        let start = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
        let (letters, names) = match text::split_once(&text[start..], b'_') {
            Some((letters, names)) => (letters, names),
            None => (&text[start..], &b""[..]),
        };
        letters.chunks(1).chain(names.split(|byte| *byte == b'_').filter(|name| !name.is_empty()))
    }

    /// Whether it has this extension.
    #[must_use]
    pub fn contains(&self, extension: impl AsRef<[u8]>) -> bool {
        let extension = extension.as_ref();
        self.extensions().any(|name| name == extension)
    }
}

impl fmt::Display for RiscvIsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_extensions_and_so_are_the_names_after_them() {
        let isa = RiscvIsa::parse(b"rv64imafdc_zicsr_zbb\n");
        let names: Vec<_> = isa.extensions().collect();
        assert_eq!(names, [&b"i"[..], b"m", b"a", b"f", b"d", b"c", b"zicsr", b"zbb"]);
    }

    #[test]
    fn what_is_no_such_string_has_no_bits() {
        for text in [&b""[..], b"rv", b"x", b"rvv", b"_"] {
            let isa = RiscvIsa::parse(text);
            assert_eq!(isa.bits(), None);
            isa.extensions().count();
        }
    }
}
