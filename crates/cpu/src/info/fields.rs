//! Fields that are kept as they are.

use linux_support_base::{ByteString, text};

/// How many bytes a few fields take.
const ROOM: usize = 128;

/// Keys and values that this library has no type for, in the kernel's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fields {
    /// Lines `key: value`: one allocation for all.
    text: Vec<u8>,
}

impl Fields {
    /// Each key and value. Keys may repeat.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        text::colon_keyed(&self.text).map(|(key, value)| (key, value.unwrap_or_default()))
    }

    /// The value of the first field with this key.
    #[must_use]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<&[u8]> {
        let key = key.as_ref();
        self.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn push(&mut self, key: &[u8], value: &[u8]) {
        let length = key.len() + value.len() + 2;
        // The first brings room for several.
        self.text.reserve(if self.text.is_empty() { length.max(ROOM) } else { length });
        self.text.extend_from_slice(key);
        self.text.push(b':');
        self.text.extend_from_slice(value);
        self.text.push(b'\n');
    }
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Field {
    /// The kernel's name of the field.
    pub key: ByteString,
    /// Its value, as the kernel writes it.
    pub value: ByteString,
}

#[cfg(feature = "serde")]
impl serde::Serialize for Fields {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(key, value)| Field { key: key.into(), value: value.into() }))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Fields {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fields".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Vec<Field>>()
    }
}
