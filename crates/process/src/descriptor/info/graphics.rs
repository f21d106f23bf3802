use core::time::Duration;

use linux_support_base::{
    ByteString, Bytes, ParseError,
    text::{decimal, fields},
};

use super::entries::Entries;

/// A client of a graphics device (DRM), as fdinfo shows it. What its driver says in words of its own is in
/// [`DescriptorInfo::other`](super::DescriptorInfo::other).
///
/// # Source
/// Documentation/gpu/drm-usage-stats.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct GraphicsClient {
    /// The driver's name.
    #[doc(alias = "drm-driver")]
    pub driver: ByteString,
    /// The device's address on its bus, where it is a PCI device.
    #[doc(alias = "drm-pdev")]
    pub pci_device: Option<ByteString>,
    /// The client's number: descriptors of the same client count the same things.
    #[doc(alias = "drm-client-id")]
    pub client: Option<u64>,
    /// The name that it gave itself.
    #[doc(alias = "drm-client-name")]
    pub name: Option<ByteString>,
    /// The device's engines, by name in the driver's order.
    pub engines: Vec<GraphicsEngine>,
    /// The device's kinds of memory, by name in the driver's order.
    pub memory: Vec<GraphicsMemory>,
}

/// An engine of a graphics device, and the client's use of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct GraphicsEngine {
    /// Its name.
    pub name: ByteString,
    /// How long it worked for the client.
    #[doc(alias = "drm-engine")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "busy_seconds", serialize_with = "crate::serialize::seconds::optional")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub busy: Option<Duration>,
    /// How many equal engines of this name there are; 1 where the driver does not say.
    #[doc(alias = "drm-engine-capacity")]
    pub capacity: Option<u32>,
    /// How many cycles it worked for the client.
    #[doc(alias = "drm-cycles")]
    pub cycles: Option<u64>,
    /// How many cycles there were in all.
    #[doc(alias = "drm-total-cycles")]
    pub cycles_total: Option<u64>,
    /// Its highest frequency in Hz.
    #[doc(alias = "drm-maxfreq")]
    pub hertz_max: Option<u64>,
    /// Its frequency now in Hz.
    #[doc(alias = "drm-curfreq")]
    pub hertz: Option<u64>,
}

/// A kind of memory of a graphics device, and the client's use of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct GraphicsMemory {
    /// Its name; `memory` for the machine's.
    pub name: ByteString,
    /// All that was allocated.
    #[doc(alias = "drm-total")]
    pub total: Option<Bytes>,
    /// What of it other clients have too.
    #[doc(alias = "drm-shared")]
    pub shared: Option<Bytes>,
    /// What is in use by engines.
    #[doc(alias = "drm-active")]
    pub active: Option<Bytes>,
    /// What has memory behind it.
    #[doc(alias = "drm-resident", alias = "drm-memory")]
    pub resident: Option<Bytes>,
    /// What can be given back.
    #[doc(alias = "drm-purgeable")]
    pub purgeable: Option<Bytes>,
}

/// Finds the item of this name, or makes it.
macro_rules! named {
    ($items:expr, $name:expr, $kind:ident) => {{
        let (items, name): (&mut Vec<$kind>, &[u8]) = ($items, $name);
        let index = items.iter().position(|item| item.name.as_bytes() == name).unwrap_or_else(|| {
            items.push($kind { name: name.into(), ..$kind::default() });
            items.len() - 1
        });
        &mut items[index]
    }};
}

fn engine<'a>(engines: &'a mut Vec<GraphicsEngine>, name: &[u8]) -> &'a mut GraphicsEngine {
    named!(engines, name, GraphicsEngine)
}

fn memory<'a>(memory: &'a mut Vec<GraphicsMemory>, name: &[u8]) -> &'a mut GraphicsMemory {
    named!(memory, name, GraphicsMemory)
}

/// A number with or without its unit.
fn quantity(text: &[u8], units: &[(&[u8], u64)]) -> Result<u64, ParseError> {
    let mut fields = fields(text);
    let number: u64 = decimal(fields.required("number")?)?;
    let Some(unit) = fields.next() else { return Ok(number) };
    let factor = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    factor
        .and_then(|factor| number.checked_mul(factor))
        .ok_or_else(|| ParseError::expected("a number with a unit that is known", text))
}

fn bytes(text: &[u8]) -> Result<Bytes, ParseError> {
    quantity(text, &[(b"KiB", 1 << 10), (b"MiB", 1 << 20), (b"GiB", 1 << 30), (b"B", 1)]).map(Bytes::new)
}

fn hertz(text: &[u8]) -> Result<u64, ParseError> {
    quantity(
        text,
        &[(b"Hz", 1), (b"KHz", 1_000), (b"kHz", 1_000), (b"MHz", 1_000_000), (b"GHz", 1_000_000_000)],
    )
}

impl GraphicsClient {
    pub(super) fn take(entries: &mut Entries<'_>) -> Result<Self, ParseError> {
        let mut client = Self {
            driver: entries.required_with("drm-driver", |name| Ok(name.into()))?,
            pci_device: entries.take("drm-pdev").map(ByteString::from),
            client: entries.optional("drm-client-id")?,
            name: entries.take("drm-client-name").map(ByteString::from),
            engines: Vec::new(),
            memory: Vec::new(),
        };
        for entry in entries.take_all(|entry| KEYS.iter().any(|key| entry.key.starts_with(key.as_bytes()))) {
            let Some(key) = KEYS.iter().find(|key| entry.key.starts_with(key.as_bytes())) else { continue };
            client.set(key, &entry.key[key.len()..], entry.value).map_err(|error| error.in_field(key))?;
        }
        Ok(client)
    }

    fn set(&mut self, key: &str, name: &[u8], value: &[u8]) -> Result<(), ParseError> {
        let engines = &mut self.engines;
        let regions = &mut self.memory;
        match key {
            "drm-engine-capacity-" => engine(engines, name).capacity = Some(decimal(value)?),
            "drm-engine-" => {
                engine(engines, name).busy = Some(Duration::from_nanos(quantity(value, &[(b"ns", 1)])?));
            }
            "drm-cycles-" => engine(engines, name).cycles = Some(decimal(value)?),
            "drm-total-cycles-" => engine(engines, name).cycles_total = Some(decimal(value)?),
            "drm-maxfreq-" => engine(engines, name).hertz_max = Some(hertz(value)?),
            "drm-curfreq-" => engine(engines, name).hertz = Some(hertz(value)?),
            "drm-total-" => memory(regions, name).total = Some(bytes(value)?),
            "drm-shared-" => memory(regions, name).shared = Some(bytes(value)?),
            "drm-active-" => memory(regions, name).active = Some(bytes(value)?),
            "drm-purgeable-" => memory(regions, name).purgeable = Some(bytes(value)?),
            // `drm-memory` is the older name of `drm-resident`; amdgpu writes both, with the same value.
            _ => memory(regions, name).resident = Some(bytes(value)?),
        }
        Ok(())
    }
}

/// Longer ones first, since some begin as others do.
const KEYS: [&str; 12] = [
    "drm-engine-capacity-",
    "drm-engine-",
    "drm-cycles-",
    "drm-total-cycles-",
    "drm-maxfreq-",
    "drm-curfreq-",
    "drm-total-",
    "drm-shared-",
    "drm-active-",
    "drm-purgeable-",
    "drm-resident-",
    "drm-memory-",
];
