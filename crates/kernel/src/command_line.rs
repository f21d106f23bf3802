use core::fmt;

use linux_support_base::{ByteString, CpuSet, Error, Machine, ParseError, text};

/// The boot command line.
///
/// Read by the kernel's own rules: parameters are apart by white space, which double quotes protect; a parameter
/// may be quoted as a whole or have its value quoted; `--` ends them, and what follows belongs to `init`; in
/// names, `-` and `_` are the same; a name may come more than once.
///
/// ```
/// use linux_support_kernel::CommandLine;
///
/// let line = CommandLine::parse(br#"root=/dev/vda isolcpus=managed_irq,2-3 dyndbg="file a.c +p" quiet -- -s"#);
/// assert_eq!(line.value(b"dyndbg"), Some(&b"file a.c +p"[..]));
/// assert!(line.has(b"quiet"));
/// assert_eq!(line.isolated_cpus().unwrap().unwrap().cpus.to_string(), "2-3");
/// assert_eq!(line.init_arguments(), b"-s");
/// ```
///
/// # Source
/// `/proc/cmdline`, Documentation/admin-guide/kernel-parameters.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    text: ByteString,
}

/// A parameter of the boot command line, as it stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// Its name; for a module's, with the module and a dot before it.
    pub name: &'a [u8],
    /// What follows `=`, without quotes around it.
    pub value: Option<&'a [u8]>,
}

impl<'a> Parameter<'a> {
    /// The module that the parameter is for and the name that it has there; `None` for those without a dot.
    ///
    /// Parts of the kernel that are built in take theirs the same way; for a module, `modprobe` hands them on when
    /// it is loaded.
    #[must_use]
    pub fn of_module(&self) -> Option<(&'a [u8], &'a [u8])> {
        let (module, name) = text::split_once(self.name, b'.')?;
        (!module.is_empty() && !name.is_empty()).then_some((module, name))
    }

    /// Whether `name` names this parameter: `-` and `_` are the same.
    #[must_use]
    pub fn is(&self, name: &[u8]) -> bool {
        let plain = |byte: u8| if byte == b'-' { b'_' } else { byte };
        self.name.len() == name.len() && self.name.iter().zip(name).all(|(&a, &b)| plain(a) == plain(b))
    }
}

/// The parameters of a command line, in their order.
#[derive(Clone, Debug)]
pub struct Parameters<'a> {
    rest: &'a [u8],
}

impl<'a> Parameters<'a> {
    /// Those of `text`.
    #[must_use]
    pub fn of(text: &'a [u8]) -> Self {
        Self { rest: text }
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Parameter<'a>;

    fn next(&mut self) -> Option<Parameter<'a>> {
        let text = self.rest.trim_ascii_start();
        if text.is_empty() {
            self.rest = text;
            return None;
        }
        let quoted = text[0] == b'"';
        let text = if quoted { &text[1..] } else { text };
        let (mut in_quotes, mut equals, mut end) = (quoted, None, text.len());
        for (index, &byte) in text.iter().enumerate() {
            match byte {
                b'"' => in_quotes = !in_quotes,
                b'=' if equals.is_none() && index > 0 => equals = Some(index),
                byte if byte.is_ascii_whitespace() && !in_quotes => {
                    end = index;
                    break;
                }
                _ => {}
            }
        }
        self.rest = &text[end..];
        let whole = &text[..end];
        let Some(equals) = equals else {
            let name = if quoted { whole.strip_suffix(b"\"").unwrap_or(whole) } else { whole };
            if name == b"--" {
                // What follows is not for the kernel: the iterator is at its end, and `rest` keeps it.
                return None;
            }
            return Some(Parameter { name, value: None });
        };
        let (name, value) = (&whole[..equals], &whole[equals + 1..]);
        let value = match value.strip_prefix(b"\"") {
            Some(value) => value.strip_suffix(b"\"").unwrap_or(value),
            None if quoted => value.strip_suffix(b"\"").unwrap_or(value),
            None => value,
        };
        Some(Parameter { name, value: Some(value) })
    }
}

/// CPUs that the scheduler leaves alone, and what else is kept away from them.
///
/// # Source
/// Documentation/admin-guide/kernel-parameters.txt, `isolcpus`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct IsolatedCpus {
    /// The flags before the list: `nohz`, `domain`, `managed_irq`, and those yet to come.
    pub flags: Vec<ByteString>,
    /// The CPUs.
    pub cpus: CpuSet,
}

impl CommandLine {
    /// The command line `text`. Every text is one.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        Self { text: text.trim_ascii().into() }
    }

    /// Reads `/proc/cmdline`.
    ///
    /// # Errors
    /// The file is absent or can't be read.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse("/proc/cmdline", |text| Ok(Self::parse(text)))
    }

    /// The whole text.
    #[must_use]
    pub const fn as_byte_string(&self) -> &ByteString {
        &self.text
    }

    /// The parameters, in their order.
    #[must_use]
    pub fn parameters(&self) -> Parameters<'_> {
        Parameters::of(self.text.as_bytes())
    }

    /// The parameters of this name, in their order.
    pub fn all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = Parameter<'a>> {
        self.parameters().filter(move |parameter| parameter.is(name))
    }

    /// Whether there is a parameter of this name.
    #[must_use]
    pub fn has(&self, name: &[u8]) -> bool {
        self.all(name).next().is_some()
    }

    /// The value of the last parameter of this name, which for most is the one that counts.
    #[must_use]
    pub fn value<'a>(&'a self, name: &'a [u8]) -> Option<&'a [u8]> {
        self.all(name).last()?.value
    }

    /// What follows `--`: arguments for `init`.
    #[must_use]
    pub fn init_arguments(&self) -> &[u8] {
        let mut parameters = self.parameters();
        parameters.by_ref().for_each(drop);
        parameters.rest.trim_ascii_start()
    }

    /// `isolcpus=`, if it is there.
    ///
    /// # Errors
    /// A malformed list.
    pub fn isolated_cpus(&self) -> Result<Option<IsolatedCpus>, ParseError> {
        let Some(value) = self.value(b"isolcpus") else { return Ok(None) };
        let (mut flags, mut list) = (Vec::new(), value);
        while list.first().is_some_and(u8::is_ascii_alphabetic) {
            let (flag, rest) = text::split_once(list, b',').unwrap_or((list, b""));
            flags.push(ByteString::from(flag));
            list = rest;
        }
        Ok(Some(IsolatedCpus { flags, cpus: CpuSet::parse_list(list)? }))
    }

    /// The CPUs of `nohz_full=`, if it is there.
    ///
    /// # Errors
    /// A malformed list.
    pub fn tickless_cpus(&self) -> Result<Option<CpuSet>, ParseError> {
        self.value(b"nohz_full").map(CpuSet::parse_list).transpose()
    }

    /// The CPUs of `rcu_nocbs=`, if it is there; the empty set where it has no list.
    ///
    /// # Errors
    /// A malformed list.
    pub fn callback_free_cpus(&self) -> Result<Option<CpuSet>, ParseError> {
        self.all(b"rcu_nocbs")
            .last()
            .map(|parameter| CpuSet::parse_list(parameter.value.unwrap_or_default()))
            .transpose()
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for CommandLine {
    /// The text, the parameters as pairs, and what is for `init`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        #[derive(serde::Serialize)]
        struct Pair {
            name: ByteString,
            #[serde(skip_serializing_if = "Option::is_none")]
            value: Option<ByteString>,
        }
        let pairs: Vec<_> = self
            .parameters()
            .map(|parameter| Pair {
                name: parameter.name.into(),
                value: parameter.value.map(ByteString::from),
            })
            .collect();
        let mut line = serializer.serialize_struct("CommandLine", 3)?;
        line.serialize_field("text", &self.text)?;
        line.serialize_field("parameters", &pairs)?;
        line.serialize_field("init_arguments", &ByteString::from(self.init_arguments()))?;
        line.end()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for CommandLine {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BootCommandLine".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let text = generator.subschema_for::<ByteString>();
        schemars::json_schema!({
            "type": "object",
            "description": "The boot command line.",
            "required": ["text", "parameters", "init_arguments"],
            "properties": {
                "text": text,
                "parameters": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": { "name": text, "value": text }
                    }
                },
                "init_arguments": text
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(text: &str) -> Vec<(String, Option<String>)> {
        let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        CommandLine::parse(text.as_bytes())
            .parameters()
            .map(|parameter| (string(parameter.name), parameter.value.map(string)))
            .collect()
    }

    fn pair(name: &str, value: Option<&str>) -> (String, Option<String>) {
        (name.into(), value.map(Into::into))
    }

    #[test]
    fn quotes_keep_spaces_wherever_they_stand() {
        assert_eq!(
            pairs(r#"a="b c" "d=e f" g="h"i "j k" l=m"n o" p"#),
            [
                pair("a", Some("b c")),
                pair("d", Some("e f")),
                pair("g", Some(r#"h"i"#)),
                pair("j k", None),
                pair("l", Some(r#"m"n o""#)),
                pair("p", None),
            ]
        );
    }

    #[test]
    fn names_are_the_same_with_dashes_and_underscores() {
        let line = CommandLine::parse(b"nvme-core.multipath=Y intel_iommu=on intel-iommu=sm_on");
        assert_eq!(line.value(b"nvme_core.multipath"), Some(&b"Y"[..]));
        assert_eq!(line.all(b"intel_iommu").count(), 2);
        assert_eq!(line.value(b"intel_iommu"), Some(&b"sm_on"[..]));
    }

    #[test]
    fn parameters_of_modules_have_the_module_before_a_dot() {
        let line = CommandLine::parse(b"psmouse.foo testmodule.a.b=1.5 initrd=/a.img .x=1 y.=2");
        let of_modules: Vec<_> = line.parameters().filter_map(|parameter| parameter.of_module()).collect();
        assert_eq!(of_modules, [(&b"psmouse"[..], &b"foo"[..]), (b"testmodule", b"a.b")]);
    }

    #[test]
    fn what_follows_two_dashes_is_for_init() {
        let line = CommandLine::parse(b"quiet rdinit=/sbin/init -- --verbose console=none\n");
        assert_eq!(line.parameters().count(), 2);
        assert_eq!(line.init_arguments(), b"--verbose console=none");
        assert!(!line.has(b"console"));
        assert_eq!(CommandLine::parse(b"quiet").init_arguments(), b"");
    }

    #[test]
    fn isolated_cpus_have_flags_or_none() {
        let isolated = |text: &[u8]| CommandLine::parse(text).isolated_cpus();
        let with = isolated(b"isolcpus=nohz,domain,managed_irq,2-7").unwrap().unwrap();
        assert_eq!((with.flags.len(), with.cpus.to_string()), (3, "2-7".into()));
        let without = isolated(b"isolcpus=1,3").unwrap().unwrap();
        assert_eq!((without.flags.len(), without.cpus.to_string()), (0, "1,3".into()));
        assert!(isolated(b"isolcpus=1-x").is_err());
        assert_eq!(isolated(b"quiet"), Ok(None));
        assert_eq!(
            CommandLine::parse(b"rcu_nocbs nohz_full=1").callback_free_cpus(),
            Ok(Some(CpuSet::new()))
        );
    }

    proptest! {
        #[test]
        fn nothing_panics_and_nothing_is_lost(text in r#"[a-z"= -]{0,40}"#, bytes: Vec<u8>) {
            for text in [text.as_bytes(), &bytes] {
                let line = CommandLine::parse(text);
                let _ = (line.isolated_cpus(), line.init_arguments());
                let letters = |text: &[u8]| text.iter().filter(|byte| byte.is_ascii_lowercase()).count();
                let kept: usize = line
                    .parameters()
                    .map(|parameter| letters(parameter.name) + parameter.value.map_or(0, letters))
                    .sum();
                prop_assert_eq!(kept + letters(line.init_arguments()), letters(text));
            }
        }
    }
}
