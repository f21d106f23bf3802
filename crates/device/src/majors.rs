//! The major numbers of character and block devices: `/proc/devices`.

use linux_support_base::{
    ByteString, Error, Machine,
    text::{self, ParseError},
};

/// The major numbers that drivers have registered.
///
/// A number may have several names, and a name several numbers.
///
/// ```
/// use linux_support_device::Majors;
///
/// let majors = Majors::parse(b"Character devices:\n  1 mem\n136 pts\n\nBlock devices:\n259 blkext\n")?;
/// assert_eq!(majors.character_name(136).unwrap(), "pts");
/// assert_eq!(majors.block_name(259).unwrap(), "blkext");
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Source
/// proc(5), Documentation/filesystems/proc.rst.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/devices")]
pub struct Majors {
    /// Of character devices, in the kernel's order.
    pub character: Vec<Major>,
    /// Of block devices, in the kernel's order.
    pub block: Vec<Major>,
}

/// A major number and a driver that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Major {
    /// The number, as in [`DeviceNumber::major`](linux_support_base::DeviceNumber::major).
    pub number: u32,
    /// What registered it.
    pub name: ByteString,
}

impl Majors {
    /// Reads `/proc/devices`.
    ///
    /// # Errors
    /// The file can't be read, or is malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse("/proc/devices", Self::parse)
    }

    /// Reads the text of `/proc/devices`.
    ///
    /// # Errors
    /// A line that is neither a heading nor a number and a name.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut majors = Self::default();
        // A kernel without block devices has one heading only; one of the future may have a third.
        let mut unknown = Vec::new();
        let mut list = &mut unknown;
        for line in text::lines(bytes) {
            let trimmed = line.trim_ascii();
            match trimmed {
                b"" => {}
                b"Character devices:" => list = &mut majors.character,
                b"Block devices:" => list = &mut majors.block,
                heading if heading.ends_with(b" devices:") => list = &mut unknown,
                _ => {
                    let (number, name) = text::split_once(trimmed, b' ')
                        .ok_or_else(|| ParseError::expected("a number and a name", trimmed))?;
                    let number = text::decimal(number).map_err(|error| error.in_field("major number"))?;
                    list.push(Major { number, name: name.into() });
                }
            }
        }
        Ok(majors)
    }

    /// The first name of a character device's major number.
    #[must_use]
    pub fn character_name(&self, number: u32) -> Option<&ByteString> {
        name(&self.character, number)
    }

    /// The first name of a block device's major number.
    #[must_use]
    pub fn block_name(&self, number: u32) -> Option<&ByteString> {
        name(&self.block, number)
    }
}

fn name(majors: &[Major], number: u32) -> Option<&ByteString> {
    majors.iter().find(|major| major.number == number).map(|major| &major.name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] =
        b"Character devices:\n  1 mem\n  4 /dev/vc/0\n  4 tty\n203 cpu/cpuid\n511 a name\n\nBlock devices:\n  7 loop\n259 blkext\n";

    #[test]
    fn numbers_and_names_are_read_by_kind() {
        let majors = Majors::parse(TEXT).unwrap();
        let names: Vec<_> =
            majors.character.iter().map(|major| (major.number, major.name.to_string())).collect();
        assert_eq!(
            names,
            [(1, "mem"), (4, "/dev/vc/0"), (4, "tty"), (203, "cpu/cpuid"), (511, "a name")]
                .map(|(number, name)| (number, name.to_owned()))
        );
        assert_eq!(majors.character_name(4).unwrap(), "/dev/vc/0");
        assert_eq!(majors.block_name(7).unwrap(), "loop");
        assert_eq!(majors.block_name(1), None);
    }

    #[test]
    fn a_last_newline_and_blank_lines_make_no_item() {
        assert_eq!(Majors::parse(TEXT), Majors::parse(TEXT.trim_ascii_end()));
        assert_eq!(Majors::parse(b""), Ok(Majors::default()));
        assert_eq!(Majors::parse(b"Character devices:\n\nBlock devices:\n"), Ok(Majors::default()));
    }

    #[test]
    fn a_line_of_another_form_is_an_error_with_its_place() {
        let text = b"Character devices:\n  x mem\n";
        let error = Majors::parse(text).unwrap_err().within(text);
        assert_eq!((error.line(), error.field()), (Some(2), Some("major number")));
        assert!(Majors::parse(b"Character devices:\n1\n").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = Majors::parse(&text);
        }
    }
}
