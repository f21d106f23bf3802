//! Loaded modules.

use linux_support_base::{
    ByteString, Bytes, Error, FileKind, Machine, ParseError, Reading, Requirement, text,
};

use crate::{Taint, TaintFlag};

/// A loaded module.
///
/// # Source
/// `/proc/modules`, `proc_modules(5)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Module {
    /// Its name, with underscores.
    pub name: ByteString,
    /// How much memory it occupies.
    pub size: Bytes,
    /// How often it is in use; `None` where the kernel can't unload modules and does not count.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub uses: Option<u64>,
    /// The modules that use it.
    pub users: Vec<ByteString>,
    /// Whether it can never be unloaded.
    pub permanent: bool,
    /// In which state it is.
    pub state: ModuleState,
    /// Where it lies; `None` where the reader may not know (see `kernel.kptr_restrict`).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub address: Option<u64>,
    /// The taints that it brought.
    pub taint: Taint,
}

/// The state of a module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum ModuleState {
    /// In use.
    Live,
    /// Being loaded.
    Loading,
    /// Being unloaded.
    Unloading,
    /// A state that this library does not know.
    Unknown(ByteString),
}

const NEEDS: Requirement = Requirement::none().configuration("CONFIG_MODULES");

impl Module {
    /// Reads all lines of `/proc/modules`.
    ///
    /// # Errors
    /// A line with too few fields, or a malformed number.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        text::lines(text).filter(|line| !line.trim_ascii().is_empty()).map(Self::parse).collect()
    }

    /// Reads one line: `NAME SIZE USES USERS STATE ADDRESS (TAINTS)`.
    ///
    /// # Errors
    /// As for [`parse_all`](Self::parse_all).
    pub fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut fields = text::fields(line);
        let name = fields.required("module")?.into();
        let size = text::decimal(fields.required("size")?).map_err(|error| error.in_field("size"))?;
        let uses = match fields.required("uses")? {
            b"-" => None,
            uses => Some(text::decimal(uses).map_err(|error| error.in_field("uses"))?),
        };
        let (mut users, mut permanent) = (Vec::new(), false);
        for user in fields.required("users")?.split(|&byte| byte == b',') {
            match user {
                b"" | b"-" => {}
                b"[permanent]" => permanent = true,
                user => users.push(user.into()),
            }
        }
        let state = match fields.required("state")? {
            b"Live" => ModuleState::Live,
            b"Loading" => ModuleState::Loading,
            b"Unloading" => ModuleState::Unloading,
            other => ModuleState::Unknown(other.into()),
        };
        let address = match fields.next() {
            Some(address) => text::prefixed_hexadecimal::<u64>(address)
                .map_err(|error| error.in_field("address"))
                .map(|address| Some(address).filter(|&address| address != 0))?,
            None => None,
        };
        let letters = fields.next().unwrap_or_default().iter();
        let bits = letters.filter_map(|&letter| TaintFlag::from_letter(letter)).map(|flag| 1 << flag.bit());
        let taint = Taint::from_bits(bits.fold(0, |bits: u64, bit: u64| bits | bit));
        Ok(Self { name, size: Bytes::new(size), uses, users, permanent, state, address, taint })
    }

    /// Reads `/proc/modules`.
    ///
    /// # Errors
    /// The file is absent (a kernel without modules) or malformed.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        machine.parse_needing("/proc/modules", NEEDS, Self::parse_all)
    }

    /// The parameters of the module and their values, from `/sys/module/NAME/parameters`, sorted by name.
    ///
    /// Some can't be read by anyone, some only by root. Modules without parameters, and parts of the kernel that
    /// are built in, work the same way.
    ///
    /// # Errors
    /// The directory is there and can't be read.
    pub fn parameters(machine: &Machine, name: &ByteString) -> Result<Vec<ModuleParameter>, Error> {
        let path = [b"/sys/module/", name.as_bytes(), b"/parameters"].concat();
        let entries = match machine.entries(&path) {
            Ok(entries) => entries,
            Err(error) if error.is_absent() => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let directory = machine.directory(&path)?;
        let files = entries.into_iter().filter(|entry| entry.kind != FileKind::Directory);
        Ok(files
            .map(|entry| ModuleParameter { value: directory.line(&entry.name).into(), name: entry.name })
            .collect())
    }

    /// The module's own version and the checksum of its source, where it has them.
    #[must_use]
    pub fn versions(machine: &Machine, name: &ByteString) -> (Reading<ByteString>, Reading<ByteString>) {
        let file = |file: &[u8]| machine.line([b"/sys/module/", name.as_bytes(), file].concat());
        (file(b"/version").into(), file(b"/srcversion").into())
    }
}

/// A parameter of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ModuleParameter {
    /// Its name.
    pub name: ByteString,
    /// Its value, as the kernel writes it.
    pub value: Reading<ByteString>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_field_of_a_line_is_read() {
        let line = b"nf_nat 57344 2 nft_chain_nat,xt_nat, Live 0xffffffffc0a5b000 (OE)";
        let module = Module::parse(line).unwrap();
        assert_eq!((module.name.as_bytes(), module.size), (&b"nf_nat"[..], Bytes::new(57344)));
        assert_eq!((module.uses, module.users.len(), module.permanent), (Some(2), 2, false));
        assert_eq!(module.users[1], "xt_nat");
        assert_eq!((module.state, module.address), (ModuleState::Live, Some(0xffff_ffff_c0a5_b000)));
        assert_eq!(module.taint.to_string(), "OE");
    }

    #[test]
    fn what_is_hidden_uncounted_or_new_is_told() {
        let text = b"a 16384 0 - Live 0x0000000000000000\nb 1 - - Dreaming 0x0\nc 1 1 [permanent], Loading 0x0 (P+)\n";
        let modules = Module::parse_all(text).unwrap();
        assert_eq!((modules[0].address, modules[0].users.len()), (None, 0));
        assert_eq!((modules[1].uses, &modules[1].state), (None, &ModuleState::Unknown("Dreaming".into())));
        assert!(modules[2].permanent && modules[2].users.is_empty());
        assert_eq!(modules[2].taint.to_string(), "P");
    }

    #[test]
    fn a_last_newline_makes_no_module() {
        let one = b"a 16384 0 - Live 0x0";
        assert_eq!(Module::parse_all(one), Module::parse_all(&[&one[..], b"\n"].concat()));
        assert_eq!(Module::parse_all(b""), Ok(Vec::new()));
    }

    #[test]
    fn a_malformed_line_names_its_field() {
        assert_eq!(Module::parse(b"a x 0 - Live 0x0").unwrap_err().field(), Some("size"));
        assert_eq!(Module::parse(b"a 1 0").unwrap_err().field(), Some("users"));
        assert_eq!(Module::parse(b"a 1 0 - Live zero").unwrap_err().field(), Some("address"));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, text in "[a-z0-9 ,\\-()x\n]{0,60}") {
            let _ = Module::parse_all(&bytes);
            let _ = Module::parse_all(text.as_bytes());
        }
    }
}
