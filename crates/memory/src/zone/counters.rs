use linux_support_base::ByteString;

/// Counters by name, in the kernel's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(Vec<(ByteString, u64)>);

impl Counters {
    pub(crate) fn push(&mut self, name: &[u8], value: u64) {
        self.0.push((name.into(), value));
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The counter of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<u64> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&ByteString, u64)> {
        self.0.iter().map(|(name, value)| (name, *value))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Counters {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (name.to_string(), value)))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Counters {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ZoneCounters".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "Counters, by the kernel's name.",
            "additionalProperties": { "type": "integer", "minimum": 0 }
        })
    }
}
