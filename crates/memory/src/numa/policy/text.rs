use core::{fmt, str::FromStr};

use linux_support_base::{NumaNodeSet, ParseError, text::split_once};

use super::{MemoryPolicy, PolicyFlags, PolicyMode};

const NAMES: [(PolicyMode, &str); 7] = [
    (PolicyMode::Default, "default"),
    (PolicyMode::Preferred, "prefer"),
    (PolicyMode::Bind, "bind"),
    (PolicyMode::Interleave, "interleave"),
    (PolicyMode::Local, "local"),
    (PolicyMode::PreferredMany, "prefer (many)"),
    (PolicyMode::WeightedInterleave, "weighted interleave"),
];

const FLAGS: [(PolicyFlags, &str); 3] = [
    (PolicyFlags::STATIC, "static"),
    (PolicyFlags::RELATIVE, "relative"),
    (PolicyFlags::BALANCING, "balancing"),
];

impl MemoryPolicy {
    /// Reads the kernel's form: `default`, `bind:0-1`, `interleave=relative:0-2`, `prefer (many)=static|balancing:1`.
    ///
    /// # Errors
    /// Anything else, and names of modes and flags that are not known here.
    ///
    /// # Source
    /// The second field of numa_maps, and `mpol=` in Documentation/filesystems/tmpfs.rst.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let (head, nodes) = match split_once(text, b':') {
            Some((head, nodes)) => (head, Some(nodes)),
            None => (text, None),
        };
        let (name, flags) = match split_once(head, b'=') {
            Some((name, flags)) => (name, Some(flags)),
            None => (head, None),
        };
        let mode = NAMES.iter().find(|(_, known)| known.as_bytes() == name).map(|(mode, _)| *mode);
        let mode = mode.ok_or_else(|| ParseError::expected("a memory policy such as bind:0-1", name))?;
        let mut policy = Self::of(mode, NumaNodeSet::new());
        for flag in flags.into_iter().flat_map(|flags| flags.split(|&byte| byte == b'|')) {
            let known = FLAGS.iter().find(|(_, known)| known.as_bytes() == flag);
            policy.flags |=
                known.ok_or_else(|| ParseError::expected("static, relative or balancing", flag))?.0;
        }
        if let Some(nodes) = nodes {
            if nodes.is_empty() {
                return Err(ParseError::expected("nodes after the colon", text));
            }
            policy.nodes = NumaNodeSet::parse_list(nodes)?;
        }
        Ok(policy)
    }
}

impl fmt::Display for MemoryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(mode, _)| *mode == self.mode) {
            Some((_, name)) => f.write_str(name)?,
            None => write!(f, "mode {}", self.mode.number())?,
        }
        let mut separator = "=";
        for (flag, name) in FLAGS {
            if self.flags.contains(flag) {
                write!(f, "{separator}{name}")?;
                separator = "|";
            }
        }
        if !self.nodes.is_empty() {
            write!(f, ":{}", self.nodes)?;
        }
        Ok(())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for MemoryPolicy {
    /// The kernel's form.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for MemoryPolicy {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MemoryPolicy".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

impl FromStr for MemoryPolicy {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_kernels_form_goes_both_ways() {
        for text in [
            "default",
            "local",
            "bind:0-1",
            "prefer:3",
            "prefer (many):0,2",
            "prefer (many)=static|balancing:1",
            "interleave=relative:0-2",
            "weighted interleave:0-3",
        ] {
            assert_eq!(text.parse::<MemoryPolicy>().unwrap().to_string(), text);
        }
        for text in ["", "bind:", "bind:x", "bind=:0", "bind=moving:0", "Bind:0", "nearest:0", ":0"] {
            assert!(text.parse::<MemoryPolicy>().is_err(), "{text}");
        }
        assert_eq!(MemoryPolicy::decode(9, &[4]).to_string(), "mode 9:2");
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>, nodes in "[a-z ()]{0,12}[=:|]{0,2}[a-z0-9,:|-]{0,12}") {
            let _ = MemoryPolicy::parse(&text);
            let _ = MemoryPolicy::parse(nodes.as_bytes());
        }
    }
}
