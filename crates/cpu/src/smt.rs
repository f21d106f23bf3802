//! Simultaneous multithreading: `/sys/devices/system/cpu/smt`.

use core::fmt;

use linux_support_base::{
    ByteString, Errno, Error, LiveMachine, Machine, Reading, Reason, Requirement, TemporarySetting, text,
};

use crate::CPU_DIRECTORY;

/// Whether cores run several threads at once.
///
/// # Kernel
/// Since 4.19.
///
/// # Source
/// Documentation/ABI/testing/sysfs-devices-system-cpu.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Smt {
    /// What was asked for.
    pub control: Reading<SmtControl>,
    /// Whether any core runs more than one thread now.
    pub active: Reading<bool>,
}

/// What the kernel was told about simultaneous multithreading.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SmtControl {
    /// `on`: all threads of each core.
    On,
    /// `off`: one thread of each core.
    Off,
    /// `forceoff`: one thread, until the next boot.
    ForceOff,
    /// A number: so many threads of each core (since 6.6).
    Threads(u32),
    /// `notsupported`: the processor has no such thing.
    NotSupported,
    /// `notimplemented`: the kernel can't control it on this architecture.
    NotImplemented,
    /// A word that this library does not know.
    Unknown(ByteString),
}

impl Smt {
    /// Reads `/sys/devices/system/cpu/smt`.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        let needs = Requirement::none().since(4, 19).configuration("CONFIG_HOTPLUG_SMT");
        let path = |name| format!("{CPU_DIRECTORY}/smt/{name}");
        Self {
            control: machine
                .parse_needing(path("control"), needs, |bytes| Ok(SmtControl::parse(bytes)))
                .into(),
            active: machine
                .parse_needing(path("active"), needs, |bytes| text::boolean(text::trim(bytes)))
                .into(),
        }
    }
}

impl SmtControl {
    /// Sets it, until what is returned is dropped: `On`, `Off`, `ForceOff` (which only the next boot ends) or a number of
    /// threads. CPUs go offline or come online by it.
    ///
    /// # Errors
    /// Another value; the processor or the kernel has no such thing, or it was forced off.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    pub fn set<'m>(&self, machine: LiveMachine<'m>) -> Result<TemporarySetting<'m>, Error> {
        let refused = |accepted: String| Error::invalid("set", "simultaneous multithreading", accepted);
        match self {
            Self::On | Self::Off | Self::ForceOff | Self::Threads(1..) => {}
            other => {
                return Err(refused(format!("\"{other}\" can't be set: on, off, forceoff or a number can")));
            }
        }
        let now = Smt::read(&machine).control.into_result()?;
        if matches!(now, Self::ForceOff | Self::NotSupported | Self::NotImplemented) {
            return Err(refused(format!("it is {now}, and that can't be changed")));
        }
        machine.write_for_now(format!("{CPU_DIRECTORY}/smt/control"), self.to_string()).map_err(|error| {
            match error.reason() {
                Reason::System(Errno::INVAL) => refused(format!("this processor does not have {self}")),
                _ => machine.explain(error, Requirement::none().capability("CAP_DAC_OVERRIDE")),
            }
        })
    }

    /// Reads the kernel's word; one that is not known is kept.
    #[must_use]
    pub fn parse(word: &[u8]) -> Self {
        match text::trim(word) {
            b"on" => Self::On,
            b"off" => Self::Off,
            b"forceoff" => Self::ForceOff,
            b"notsupported" => Self::NotSupported,
            b"notimplemented" => Self::NotImplemented,
            word => match text::decimal(word) {
                Ok(threads) => Self::Threads(threads),
                Err(_) => Self::Unknown(word.into()),
            },
        }
    }
}

impl fmt::Display for SmtControl {
    /// The kernel's word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::On => "on",
            Self::Off => "off",
            Self::ForceOff => "forceoff",
            Self::NotSupported => "notsupported",
            Self::NotImplemented => "notimplemented",
            Self::Threads(threads) => return threads.fmt(f),
            Self::Unknown(word) => return word.fmt(f),
        })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for SmtControl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(word) => word.serialize(serializer),
            known => serializer.collect_str(known),
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for SmtControl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SmtControl".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<ByteString>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_comes_back() {
        for word in ["on", "off", "forceoff", "notsupported", "notimplemented", "4", "perhaps"] {
            assert_eq!(SmtControl::parse(format!("{word}\n").as_bytes()).to_string(), word);
        }
        assert_eq!(SmtControl::parse(b"2"), SmtControl::Threads(2));
        assert_eq!(SmtControl::parse(b""), SmtControl::Unknown("".into()));
    }
}
