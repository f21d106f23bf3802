//! How mounts and unmounts below a mount spread to others.

use core::fmt;

use linux_support_base::{ByteString, ParseError, text};

/// A group of mounts that see one another's mounts and unmounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PeerGroup(pub u32);

/// The propagation of one mount; private where all of it is empty.
///
/// `Display` is the form of mountinfo's optional fields (`shared:3 master:1`), or `private`.
///
/// # Source
/// Documentation/filesystems/sharedsubtree.rst, `mount_namespaces(7)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Propagation {
    /// The group that it shares with.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub shared: Option<PeerGroup>,
    /// The group that it receives from and does not send to.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub master: Option<PeerGroup>,
    /// The nearest group above its master that the reading process can see, where it can't see the master.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub propagate_from: Option<PeerGroup>,
    /// Whether it can't be bound elsewhere.
    pub unbindable: bool,
    /// Optional fields that this library does not know, as they were written.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub other: Vec<ByteString>,
}

impl Propagation {
    /// Reads the optional fields of mountinfo, without the `-` that ends them.
    ///
    /// # Errors
    /// A known field whose group is no number.
    #[inline]
    pub fn parse(fields: &[u8]) -> Result<Self, ParseError> {
        if fields.is_empty() {
            return Ok(Self::default());
        }
        Self::parse_some(fields)
    }

    fn parse_some(fields: &[u8]) -> Result<Self, ParseError> {
        let mut propagation = Self::default();
        for field in text::fields(fields) {
            let (tag, value) = text::split_once(field, b':').unwrap_or((field, b""));
            let (name, slot) = match tag {
                b"shared" => ("shared", &mut propagation.shared),
                b"master" => ("master", &mut propagation.master),
                b"propagate_from" => ("propagate_from", &mut propagation.propagate_from),
                b"unbindable" => {
                    propagation.unbindable = true;
                    continue;
                }
                _ => {
                    propagation.other.push(field.into());
                    continue;
                }
            };
            let group = text::decimal(value).map_err(|error| error.in_field(name))?;
            *slot = Some(PeerGroup(group));
        }
        Ok(propagation)
    }

    /// Whether nothing spreads to or from it.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        self.shared.is_none() && self.master.is_none()
    }
}

impl fmt::Display for Propagation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        let groups =
            [("shared", self.shared), ("master", self.master), ("propagate_from", self.propagate_from)];
        for (name, group) in groups {
            if let Some(PeerGroup(group)) = group {
                words.push(format!("{name}:{group}"));
            }
        }
        if self.unbindable {
            words.push("unbindable".into());
        }
        words.extend(self.other.iter().map(ByteString::to_string));
        f.pad(if words.is_empty() { "private".to_owned() } else { words.join(" ") }.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read_and_written_back() {
        let text = "shared:3 master:1 propagate_from:2 unbindable new:4 bare";
        let propagation = Propagation::parse(text.as_bytes()).unwrap();
        assert_eq!(propagation.shared, Some(PeerGroup(3)));
        assert_eq!(propagation.master, Some(PeerGroup(1)));
        assert_eq!(propagation.propagate_from, Some(PeerGroup(2)));
        assert!(propagation.unbindable);
        assert_eq!(propagation.other, [ByteString::from("new:4"), ByteString::from("bare")]);
        assert_eq!(propagation.to_string(), text);
    }

    #[test]
    fn no_field_means_private() {
        let propagation = Propagation::parse(b"").unwrap();
        assert!(propagation.is_private());
        assert_eq!(propagation.to_string(), "private");
    }

    #[test]
    fn a_group_that_is_no_number_is_an_error() {
        let error = Propagation::parse(b"shared:x").unwrap_err();
        assert_eq!(error.field(), Some("shared"));
    }
}
