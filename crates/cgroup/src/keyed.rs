//! Values by names that the kernel may add to.

use core::ops::Deref;
use std::collections::BTreeMap;

use linux_support_base::{ByteString, NumaNode, ParseError, text};

/// Values by name, in the order of the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed<T>(pub BTreeMap<ByteString, T>);

impl<T> Keyed<T> {
    /// Reads a flat-keyed file, `NAME VALUE` in each line, whose values `value` reads.
    ///
    /// # Errors
    /// A line without a value, and those of `value`.
    pub fn parse(
        text: &[u8],
        mut value: impl FnMut(&[u8]) -> Result<T, ParseError>,
    ) -> Result<Self, ParseError> {
        text::flat_keyed(text)
            .map(|line| {
                let (name, text) = line?;
                Ok((name.into(), value(text::trim(text))?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Reads `NAME=TOTAL N0=AMOUNT N1=AMOUNT` in each line, each of which `row` makes a value of.
    pub(crate) fn parse_totals(
        text: &[u8],
        row: impl Fn(u64, BTreeMap<NumaNode, u64>) -> T,
    ) -> Result<Self, ParseError> {
        let mut all = BTreeMap::new();
        for line in text::lines(text) {
            let mut fields = text::fields(line);
            let Some(first) = fields.next() else { continue };
            let (name, total) = pair(first)?;
            let nodes = fields.map(|field| of_node(pair(field)?)).collect::<Result<_, _>>()?;
            all.insert(name.into(), row(text::decimal(total)?, nodes));
        }
        Ok(Self(all))
    }

    /// The value of `name`.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<&T> {
        self.0.get(name)
    }
}

fn pair(field: &[u8]) -> Result<(&[u8], &[u8]), ParseError> {
    text::split_once(field, b'=').ok_or_else(|| ParseError::expected("a name, = and a number", field))
}

/// Reads `N0` and the number that belongs to it.
pub(crate) fn of_node((node, amount): (&[u8], &[u8])) -> Result<(NumaNode, u64), ParseError> {
    let number = node.strip_prefix(b"N").ok_or_else(|| ParseError::expected("N and a node", node))?;
    Ok((NumaNode::parse(number)?, text::decimal(amount)?))
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Deref for Keyed<T> {
    type Target = BTreeMap<ByteString, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

#[cfg(feature = "serde")]
impl<T: serde::Serialize> serde::Serialize for Keyed<T> {
    /// An object; names that are not UTF-8 are shown as `Display` shows them.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name.to_string(), value)))
    }
}

#[cfg(feature = "schema")]
impl<T: schemars::JsonSchema> schemars::JsonSchema for Keyed<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Keyed_{}", T::schema_name()).into()
    }
    fn schema_id() -> std::borrow::Cow<'static, str> {
        format!("Keyed_{}", T::schema_id()).into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        BTreeMap::<String, T>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_dots_and_dashes_are_kept_whole() {
        let values = Keyed::parse(b"drm/0000:03:00.0/vram0 5\nb-c 7", text::decimal::<u64>).unwrap();
        assert_eq!(values.get(b"drm/0000:03:00.0/vram0"), Some(&5));
        assert_eq!(values.len(), 2);
        assert!(Keyed::parse(b"", text::decimal::<u64>).unwrap().is_empty());
        assert!(Keyed::parse(b"a\n", text::decimal::<u64>).is_err());
    }
}
