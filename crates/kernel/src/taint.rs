use core::fmt;

use linux_support_base::{Error, Machine, ParseError, text};

/// Why the kernel counts as tainted: a set of flags, with the bits that have no name yet kept.
///
/// # Source
/// `/proc/sys/kernel/tainted`, Documentation/admin-guide/tainted-kernels.rst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Taint(u64);

macro_rules! flags {
    ($($bit:literal $letter:literal $name:ident $text:literal;)*) => {
        /// One reason for taint.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum TaintFlag {
            $(#[doc = $text] $name,)*
            /// A bit that this library does not know.
            Unknown(u8),
        }

        impl TaintFlag {
            /// The flag of this bit.
            #[must_use]
            pub const fn from_bit(bit: u8) -> Self {
                match bit {
                    $($bit => Self::$name,)*
                    bit => Self::Unknown(bit),
                }
            }

            /// Its bit.
            #[must_use]
            pub const fn bit(self) -> u8 {
                match self {
                    $(Self::$name => $bit,)*
                    Self::Unknown(bit) => bit,
                }
            }

            /// The letter with which the kernel's reports name it; `?` for one that is not known.
            #[must_use]
            pub const fn letter(self) -> char {
                match self {
                    $(Self::$name => $letter,)*
                    Self::Unknown(_) => '?',
                }
            }

            /// What it means.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Unknown(_) => "A reason that this program does not know",
                }
            }

            /// The flag that a letter names, as in `/proc/modules` (where `G` says that there is none).
            #[must_use]
            pub const fn from_letter(letter: u8) -> Option<Self> {
                $(if letter as char == $letter {
                    return Some(Self::$name);
                })*
                None
            }
        }
    };
}

flags! {
    0 'P' ProprietaryModule "A module without a licence compatible with the GPL was loaded";
    1 'F' ForcedModuleLoad "A module was loaded by force";
    2 'S' OutOfSpecification "The hardware is out of specification for the kernel";
    3 'R' ForcedModuleUnload "A module was unloaded by force";
    4 'M' MachineCheck "A processor reported a machine-check exception";
    5 'B' BadPage "A page in a bad or unexpected state was found";
    6 'U' UserRequest "A program asked for taint";
    7 'D' Died "The kernel has died: there was an oops or a bug";
    8 'A' AcpiTableOverridden "An ACPI table was overridden";
    9 'W' Warning "A warning was issued";
    10 'C' StagingDriver "A driver from the staging area was loaded";
    11 'I' FirmwareWorkaround "A severe fault of the firmware was worked around";
    12 'O' OutOfTreeModule "A module from outside of the kernel's tree was loaded";
    13 'E' UnsignedModule "A module without a valid signature was loaded";
    14 'L' SoftLockup "A soft lockup happened";
    15 'K' LivePatched "The kernel was live-patched";
    16 'X' Auxiliary "A taint that the distribution defines";
    17 'T' RandomizedLayout "The kernel was built with randomised structure layouts";
    18 'N' Test "A test of the kernel itself was run";
    19 'J' MutatingFwctl "A firmware was asked through fwctl to change its state";
}

impl Taint {
    /// The taint of these bits.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether there is no taint.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The reasons, by rising bits.
    pub fn flags(self) -> impl Iterator<Item = TaintFlag> {
        (0..64).filter(move |bit| self.0 >> bit & 1 != 0).map(TaintFlag::from_bit)
    }

    /// Reads the decimal number.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        text::decimal(text.trim_ascii()).map(Self)
    }

    /// Reads `/proc/sys/kernel/tainted`.
    ///
    /// # Errors
    /// The file is absent or malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse("/proc/sys/kernel/tainted", Self::parse)
    }
}

impl fmt::Display for Taint {
    /// The letters of the flags; `none` where there are none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.pad("none");
        }
        f.pad(&self.flags().map(TaintFlag::letter).collect::<String>())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Taint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut taint = serializer.serialize_struct("Taint", 3)?;
        taint.serialize_field("bits", &self.0)?;
        taint.serialize_field("letters", &self.flags().map(TaintFlag::letter).collect::<String>())?;
        let reasons: Vec<_> = self.flags().map(TaintFlag::description).collect();
        taint.serialize_field("reasons", &reasons)?;
        taint.end()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Taint {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Taint".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "Why the kernel counts as tainted.",
            "required": ["bits", "letters", "reasons"],
            "properties": {
                "bits": { "type": "integer", "minimum": 0 },
                "letters": { "type": "string" },
                "reasons": { "type": "array", "items": { "type": "string" } }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_has_its_letter_and_unknown_bits_are_kept() {
        let taint = Taint::parse(b"12289\n").unwrap();
        assert_eq!(taint.to_string(), "POE");
        assert!(taint.flags().eq([
            TaintFlag::ProprietaryModule,
            TaintFlag::OutOfTreeModule,
            TaintFlag::UnsignedModule
        ]));
        let future = Taint::from_bits(1 << 40 | 1);
        assert!(future.flags().eq([TaintFlag::ProprietaryModule, TaintFlag::Unknown(40)]));
        assert_eq!(Taint::parse(b"0").unwrap().to_string(), "none");
        assert!(Taint::parse(b"-1").is_err());
    }

    #[test]
    fn bits_and_letters_go_both_ways() {
        for bit in 0..20 {
            let flag = TaintFlag::from_bit(bit);
            assert_eq!(flag.bit(), bit);
            assert_eq!(TaintFlag::from_letter(flag.letter() as u8), Some(flag));
        }
    }
}
