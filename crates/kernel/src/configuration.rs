use std::io::Read;

use flate2::read::GzDecoder;
use linux_support_base::{Bytes, Error, Machine, ParseError, Reason, Requirement, text};

/// More than any kernel's configuration: what a compressed one may grow to.
const LIMIT: Bytes = Bytes::new(16 << 20);

/// The options with which the kernel was built.
///
/// # Source
/// `/proc/config.gz` (with `CONFIG_IKCONFIG_PROC`), `/boot/config-RELEASE`, `/lib/modules/RELEASE/config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    text: Vec<u8>,
    /// The options, sorted by name: where name and value lie in the text.
    options: Vec<Place>,
    source: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    name: (u32, u32),
    /// Empty for an option that is not set.
    value: (u32, u32),
}

/// The value of a build option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting<'a> {
    /// Built in: `y`.
    Yes,
    /// Built as a module: `m`.
    Module,
    /// Not set.
    No,
    /// A number, decimal or hexadecimal, as it stands there.
    Number(&'a [u8]),
    /// A text, without its quotes and with its escapes.
    Text(&'a [u8]),
}

impl Setting<'_> {
    /// Whether it is built in or a module.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        matches!(self, Self::Yes | Self::Module)
    }
}

impl Configuration {
    /// Reads the text of a `.config`. Lines of any other form are passed over, as `make` does.
    ///
    /// # Errors
    /// A line that begins like an option and has no value, and texts of 4 GiB and more.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Self::parse_owned(text.to_vec())
    }

    fn parse_owned(text: Vec<u8>) -> Result<Self, ParseError> {
        if u32::try_from(text.len()).is_err() {
            return Err(ParseError::expected("a configuration below 4 GiB", &[]));
        }
        // About 25 bytes an option.
        let mut options = Vec::with_capacity(text.len() / 25);
        let start = text.as_ptr() as usize;
        let range = |part: &[u8]| {
            let from = part.as_ptr() as usize - start;
            (from as u32, (from + part.len()) as u32)
        };
        for line in text::lines(&text) {
            if let Some(option) = line.strip_prefix(b"CONFIG_") {
                let (name, value) = text::split_once(option, b'=')
                    .ok_or_else(|| ParseError::expected("an option, = and a value", line).within(&text))?;
                options.push(Place { name: range(name), value: range(value) });
            } else if let Some(name) =
                line.strip_prefix(b"# CONFIG_").and_then(|line| line.strip_suffix(b" is not set"))
            {
                options.push(Place { name: range(name), value: (0, 0) });
            }
        }
        let name = |place: &Place| &text[place.name.0 as usize..place.name.1 as usize];
        // Of an option that stands there twice, the last counts: keep their order, and search from the end.
        options.sort_by(|a, b| name(a).cmp(name(b)));
        Ok(Self { text, options, source: String::new() })
    }

    /// Reads the compressed text of `/proc/config.gz`.
    ///
    /// # Errors
    /// Bytes that are no gzip, more than 16 MiB when expanded, and those of [`parse`](Self::parse).
    pub fn parse_compressed(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut text = Vec::with_capacity(bytes.len().saturating_mul(6).min(LIMIT.get() as usize));
        GzDecoder::new(bytes)
            .take(LIMIT.get() + 1)
            .read_to_end(&mut text)
            .map_err(|_| ParseError::expected("a whole file compressed by gzip", bytes))?;
        if text.len() as u64 > LIMIT.get() {
            return Err(ParseError::expected("a configuration of at most 16 MiB", &bytes[..0]));
        }
        Self::parse_owned(text)
    }

    /// Reads the configuration of the running kernel from the first place that has it.
    ///
    /// # Errors
    /// None has it; or the first that has it is malformed or can't be read.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        const NEEDS: Requirement = Requirement::none()
            .configuration("CONFIG_IKCONFIG_PROC, or the distribution's /boot/config-RELEASE");
        let absent = match machine.parse("/proc/config.gz", Self::parse_compressed) {
            Ok(configuration) => return Ok(configuration.from("/proc/config.gz".into())),
            Err(error) if error.is_absent() => machine.explain(error, NEEDS),
            Err(error) => return Err(error),
        };
        let Ok(release) = machine.kernel_release() else { return Err(absent) };
        for path in [format!("/boot/config-{release}"), format!("/lib/modules/{release}/config")] {
            match machine.parse(&path, Self::parse) {
                Ok(configuration) => return Ok(configuration.from(path)),
                Err(error) if matches!(error.reason(), Reason::Absent) => {}
                Err(error) => return Err(error),
            }
        }
        Err(absent)
    }

    fn from(self, source: String) -> Self {
        Self { source, ..self }
    }

    /// The file from which it was read; empty where it was parsed from memory.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How many options it has, with those that are not set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.options.len()
    }

    /// Whether it has no options.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.options.is_empty()
    }

    /// The value of the option `name`, with or without `CONFIG_`; `None` where this kernel has no such option,
    /// or not in its circumstances.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Setting<'_>> {
        let name = name.strip_prefix("CONFIG_").unwrap_or(name).as_bytes();
        let after = self.options.partition_point(|place| self.slice(place.name) <= name);
        let place = &self.options[after.checked_sub(1)?];
        (self.slice(place.name) == name).then(|| self.setting(place))
    }

    /// Whether the option is built in or a module.
    #[must_use]
    pub fn is_enabled(&self, name: &str) -> bool {
        self.get(name).is_some_and(|setting| setting.is_enabled())
    }

    /// All options, sorted by name (without `CONFIG_`).
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Setting<'_>)> {
        self.options.iter().map(|place| (self.slice(place.name), self.setting(place)))
    }

    fn slice(&self, (start, end): (u32, u32)) -> &[u8] {
        &self.text[start as usize..end as usize]
    }

    fn setting(&self, place: &Place) -> Setting<'_> {
        match self.slice(place.value) {
            b"" | b"n" => Setting::No,
            b"y" => Setting::Yes,
            b"m" => Setting::Module,
            [b'"', text @ .., b'"'] => Setting::Text(text),
            number => Setting::Number(number),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Configuration {
    /// The source, and the options that are set as `name: value`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use linux_support_base::ByteString;
        use serde::ser::{SerializeMap, SerializeStruct};
        struct Options<'a>(&'a Configuration);
        impl serde::Serialize for Options<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                let mut last: &[u8] = b"";
                for (name, setting) in self.0.iter() {
                    if matches!(setting, Setting::No) || name == last {
                        continue;
                    }
                    last = name;
                    let value = match setting {
                        Setting::Yes => b"y",
                        Setting::Module => b"m",
                        Setting::No => b"n",
                        Setting::Number(value) | Setting::Text(value) => value,
                    };
                    map.serialize_entry(&ByteString::from(name).to_string(), &ByteString::from(value))?;
                }
                map.end()
            }
        }
        let mut configuration = serializer.serialize_struct("Configuration", 2)?;
        configuration.serialize_field("source", &self.source)?;
        configuration.serialize_field("options", &Options(self))?;
        configuration.end()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Configuration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Configuration".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let text = generator.subschema_for::<linux_support_base::ByteString>();
        schemars::json_schema!({
            "type": "object",
            "description": "The options with which the kernel was built: those that are set, without CONFIG_.",
            "required": ["source", "options"],
            "properties": {
                "source": { "type": "string" },
                "options": { "type": "object", "additionalProperties": text }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"#\n# Linux/x86 6.1 Kernel Configuration\n#\nCONFIG_PSI=y\nCONFIG_KVM=m\n\
        # CONFIG_MODULES is not set\nCONFIG_HZ=250\nCONFIG_CMDLINE=\"a=\\\"b\\\" c\"\nCONFIG_PHYSICAL_START=0x1000000";

    fn compressed(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_kind_of_value_is_told_apart() {
        let configuration = Configuration::parse(TEXT).unwrap();
        assert_eq!(configuration.len(), 6);
        assert_eq!(configuration.get("CONFIG_PSI"), Some(Setting::Yes));
        assert_eq!(configuration.get("KVM"), Some(Setting::Module));
        assert_eq!(configuration.get("MODULES"), Some(Setting::No));
        assert_eq!(configuration.get("HZ"), Some(Setting::Number(b"250")));
        assert_eq!(configuration.get("CMDLINE"), Some(Setting::Text(br#"a=\"b\" c"#)));
        assert_eq!(configuration.get("PHYSICAL_START"), Some(Setting::Number(b"0x1000000")));
        assert_eq!(configuration.get("PSIX"), None);
        assert_eq!(configuration.get("A"), None);
        assert!(configuration.is_enabled("KVM") && !configuration.is_enabled("MODULES"));
    }

    #[test]
    fn the_last_of_two_counts() {
        let configuration = Configuration::parse(b"CONFIG_A=y\nCONFIG_A=m\n").unwrap();
        assert_eq!(configuration.get("A"), Some(Setting::Module));
    }

    #[test]
    fn a_compressed_text_is_the_same_and_a_cut_one_is_refused() {
        let bytes = compressed(TEXT);
        assert_eq!(Configuration::parse_compressed(&bytes), Configuration::parse(TEXT));
        assert!(Configuration::parse_compressed(&bytes[..bytes.len() - 4]).is_err());
        assert!(Configuration::parse_compressed(b"no gzip").is_err());
    }

    #[test]
    fn a_bomb_does_not_fill_the_memory() {
        let bomb = compressed(&vec![b'\n'; (LIMIT.get() + 2) as usize]);
        assert!(bomb.len() < 200_000);
        let error = Configuration::parse_compressed(&bomb).unwrap_err();
        assert_eq!(error.what_was_expected(), "a configuration of at most 16 MiB");
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, lines in "(CONFIG_[A-Z]{0,2}[=y\"]{0,3}\n){0,6}") {
            let _ = Configuration::parse_compressed(&bytes);
            for text in [&bytes[..], lines.as_bytes()] {
                if let Ok(configuration) = Configuration::parse(text) {
                    prop_assert_eq!(configuration.iter().count(), configuration.len());
                }
            }
        }
    }
}
