use linux_support_base::{
    ByteString,
    text::{self, ParseError},
};

/// How awake a function is.
///
/// # Kernel
/// Since 5.11.
///
/// # Source
/// Documentation/ABI/testing/sysfs-bus-pci, `power_state`; Documentation/power/pci.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum PowerState {
    /// Fully on.
    D0,
    /// A light sleep.
    D1,
    /// A deeper sleep.
    D2,
    /// Asleep, with its configuration space in reach.
    #[cfg_attr(feature = "serde", serde(rename = "D3hot"))]
    D3Hot,
    /// Without power.
    #[cfg_attr(feature = "serde", serde(rename = "D3cold"))]
    D3Cold,
    /// The kernel does not know.
    #[cfg_attr(feature = "serde", serde(rename = "unknown"))]
    Unknown,
    /// Reading the state failed.
    #[cfg_attr(feature = "serde", serde(rename = "error"))]
    Error,
    /// A word that this library does not know.
    #[cfg_attr(feature = "serde", serde(untagged))]
    Other(ByteString),
}

impl PowerState {
    /// Reads the kernel's word.
    ///
    /// # Errors
    /// Empty text.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Ok(match text::trim(text) {
            b"" => return Err(ParseError::expected("a power state", text)),
            b"D0" => Self::D0,
            b"D1" => Self::D1,
            b"D2" => Self::D2,
            b"D3hot" => Self::D3Hot,
            b"D3cold" => Self::D3Cold,
            b"unknown" => Self::Unknown,
            b"error" => Self::Error,
            other => Self::Other(other.into()),
        })
    }

    /// The kernel's word.
    #[must_use]
    pub fn name(&self) -> ByteString {
        match self {
            Self::D0 => "D0".into(),
            Self::D1 => "D1".into(),
            Self::D2 => "D2".into(),
            Self::D3Hot => "D3hot".into(),
            Self::D3Cold => "D3cold".into(),
            Self::Unknown => "unknown".into(),
            Self::Error => "error".into(),
            Self::Other(word) => word.clone(),
        }
    }
}

/// A way to reset a function alone.
///
/// # Source
/// Documentation/ABI/testing/sysfs-bus-pci, `reset_method`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ResetMethod {
    /// A way that only this kind of device has.
    DeviceSpecific,
    /// What the firmware offers (`_RST`).
    Acpi,
    /// The function-level reset of PCI Express.
    #[cfg_attr(feature = "serde", serde(rename = "flr"))]
    FunctionLevel,
    /// The function-level reset of conventional PCI's Advanced Features.
    #[cfg_attr(feature = "serde", serde(rename = "af_flr"))]
    AdvancedFeatures,
    /// Into D3hot and back.
    #[cfg_attr(feature = "serde", serde(rename = "pm"))]
    PowerManagement,
    /// A reset of its whole bus or slot, where it is alone on it.
    Bus,
    /// A reset of its bus by Compute Express Link's rules.
    CxlBus,
    /// A word that this library does not know.
    #[cfg_attr(feature = "serde", serde(untagged))]
    Other(ByteString),
}

impl ResetMethod {
    fn of(word: &[u8]) -> Self {
        match word {
            b"device_specific" => Self::DeviceSpecific,
            b"acpi" => Self::Acpi,
            b"flr" => Self::FunctionLevel,
            b"af_flr" => Self::AdvancedFeatures,
            b"pm" => Self::PowerManagement,
            b"bus" => Self::Bus,
            b"cxl_bus" => Self::CxlBus,
            other => Self::Other(other.into()),
        }
    }

    /// Reads the kernel's words, in the order in which it tries them. An empty file is a function that can't be
    /// reset alone.
    #[must_use]
    pub fn parse_list(text: &[u8]) -> Vec<Self> {
        text::fields(text::trim(text)).map(Self::of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_power_state_is_kept() {
        assert_eq!(PowerState::parse(b"D3hot\n"), Ok(PowerState::D3Hot));
        assert_eq!(PowerState::parse(b"D4"), Ok(PowerState::Other("D4".into())));
        assert_eq!(PowerState::parse(b"D3cold\n").unwrap().name(), "D3cold");
        assert!(PowerState::parse(b"\n").is_err());
    }

    #[test]
    fn reset_methods_keep_their_order() {
        assert_eq!(
            ResetMethod::parse_list(b"flr bus new_way\n"),
            [ResetMethod::FunctionLevel, ResetMethod::Bus, ResetMethod::Other("new_way".into())]
        );
        assert_eq!(ResetMethod::parse_list(b"\n"), []);
    }
}
