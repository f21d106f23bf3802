//! Names of features.

use core::fmt;

use bstr::ByteSlice;
use linux_support_base::ByteString;

/// What a processor can do, by the kernel's names: the line `flags` or `Features` of `/proc/cpuinfo`.
///
/// All names are kept, in the kernel's order, whether or not this library has heard of them.
///
/// ```
/// use linux_support_cpu::info::FeatureSet;
///
/// let features = FeatureSet::parse(b"fpu sse sse2 avx512_fp16");
/// assert!(features.contains("sse") && !features.contains("avx512"));
/// assert_eq!(features.iter().count(), 4);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[doc(alias = "flags")]
#[doc(alias = "hwcap")]
pub struct FeatureSet {
    text: ByteString,
}

impl FeatureSet {
    /// Reads names apart by spaces, or by commas where there are any (sparc, ia64).
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        Self { text: text.trim_ascii().into() }
    }

    /// Whether the processor has the feature of this name.
    #[must_use]
    pub fn contains(&self, name: impl AsRef<[u8]>) -> bool {
        let (text, name) = (self.text.as_bytes(), name.as_ref());
        let boundary = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_whitespace());
        if name.is_empty() || name.iter().any(u8::is_ascii_whitespace) || text.contains(&b',') {
            return self.iter().any(|feature| feature == name);
        }
        text.find_iter(name)
            .any(|at| boundary(at.checked_sub(1).map(|at| &text[at])) && boundary(text.get(at + name.len())))
    }

    /// The names, in the kernel's order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let text = self.text.as_bytes();
        let commas = text.contains(&b',');
        text.split(move |byte| if commas { *byte == b',' } else { byte.is_ascii_whitespace() })
            .map(|name| name.trim_ascii())
            .filter(|name| !name.is_empty())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The names as the kernel writes them, in one line.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for FeatureSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(ByteString::from))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for FeatureSet {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FeatureSet".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Vec<ByteString>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &[u8]) -> Vec<String> {
        FeatureSet::parse(text).iter().map(|name| ByteString::from(name).to_string()).collect()
    }

    #[test]
    fn a_part_of_a_name_is_not_the_name() {
        let features = FeatureSet::parse(b"xsse ssse3 sse4_1 sse");
        assert!(features.contains("sse") && features.contains("ssse3"));
        assert!(!features.contains("sse4") && !features.contains("") && !features.contains("sse4_1 sse "));
        assert!(!FeatureSet::parse(b"fp   sse").contains(" "));
    }

    #[test]
    fn names_may_be_apart_by_commas_and_hold_spaces() {
        assert_eq!(names(b"branchlong, 16-byte atomic ops"), ["branchlong", "16-byte atomic ops"]);
        assert!(FeatureSet::parse(b"flush,stbar,vis").contains("stbar"));
    }

    #[test]
    fn the_last_space_makes_no_name() {
        assert_eq!(names(b"esan3 zarch \n"), ["esan3", "zarch"]);
        assert_eq!(names(b""), [""; 0]);
    }
}
