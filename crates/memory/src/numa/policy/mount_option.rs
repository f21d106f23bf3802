use linux_support_base::{Error, ParseError};

use super::{MemoryPolicy, PolicyFlags, PolicyMode};

const KEY: &[u8] = b"mpol=";

impl MemoryPolicy {
    /// The option with which a tmpfs has this policy for all its files: `mpol=bind:0-1`.
    ///
    /// ```
    /// use linux_support_base::NumaNodeSet;
    /// use linux_support_memory::numa::MemoryPolicy;
    ///
    /// let policy = MemoryPolicy::interleave("0,2".parse::<NumaNodeSet>()?);
    /// let option = policy.mount_option()?;
    /// assert_eq!(option, "mpol=interleave:0,2");
    /// assert_eq!(MemoryPolicy::of_mount_options(format!("rw,{option},size=1g").as_bytes())?, Some(policy));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A tmpfs can't have it: it lacks nodes or has too many, or its pages are to follow threads.
    ///
    /// # Source
    /// Documentation/filesystems/tmpfs.rst.
    pub fn mount_option(&self) -> Result<String, Error> {
        let refused =
            |accepted: &str| Err(Error::invalid("mount with", format!("the policy {self}"), accepted));
        self.encode()?;
        if let PolicyMode::Unknown(_) = self.mode {
            return refused("needs a policy that has a name");
        }
        if self.flags.contains(PolicyFlags::BALANCING) {
            return refused("takes the flags static and relative only");
        }
        Ok(format!("mpol={self}"))
    }

    /// The policy among the options of a mount, as `/proc/mounts` has them, where it has one.
    ///
    /// # Errors
    /// What follows `mpol=` is none.
    pub fn of_mount_options(options: &[u8]) -> Result<Option<Self>, ParseError> {
        let mut start = 0;
        while start < options.len() {
            let rest = &options[start..];
            let end = end_of_option(rest);
            if let Some(policy) = rest[..end].strip_prefix(KEY) {
                return Self::parse(policy).map(Some);
            }
            start += end + 1;
        }
        Ok(None)
    }
}

/// Where the first option ends: at a comma, but not one between the numbers of nodes, since no option begins with a digit.
fn end_of_option(options: &[u8]) -> usize {
    let commas = memchr::memchr_iter(b',', options);
    let mut ends = commas.filter(|&comma| !options.get(comma + 1).is_some_and(u8::is_ascii_digit));
    ends.next().unwrap_or(options.len())
}

#[cfg(test)]
mod tests {
    use linux_support_base::NumaNodeSet;
    use proptest::prelude::*;

    use super::*;

    fn nodes(list: &str) -> NumaNodeSet {
        list.parse().unwrap()
    }

    #[test]
    fn the_option_is_found_among_others_with_commas_between_its_nodes() {
        let policy = MemoryPolicy::interleave(nodes("0,2-3"));
        for options in
            ["mpol=interleave:0,2-3", "rw,mpol=interleave:0,2-3", "rw,relatime,mpol=interleave:0,2-3,size=1g"]
        {
            assert_eq!(
                MemoryPolicy::of_mount_options(options.as_bytes()),
                Ok(Some(policy.clone())),
                "{options}"
            );
        }
        for options in ["", "rw", ",", "rw,xmpol=bind:0", "rw,size=4k,"] {
            assert_eq!(MemoryPolicy::of_mount_options(options.as_bytes()), Ok(None), "{options}");
        }
        assert!(MemoryPolicy::of_mount_options(b"rw,mpol=nearest:0").is_err());
    }

    #[test]
    fn what_a_tmpfs_can_not_have_is_refused() {
        for (policy, said) in [
            (MemoryPolicy::bind(nodes("")), "needs at least one node"),
            (MemoryPolicy::bind(nodes("0")).with_flags(PolicyFlags::BALANCING), "static and relative only"),
            (MemoryPolicy::decode(9, &[1]), "has a name"),
        ] {
            let error = policy.mount_option().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        assert_eq!(
            MemoryPolicy::bind(nodes("1")).with_flags(PolicyFlags::STATIC).mount_option().unwrap(),
            "mpol=bind=static:1"
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(options: Vec<u8>, text in "[a-z,=:0-9-]{0,24}(mpol=[a-z]{0,6}:[0-9,-]{0,6})?[a-z,]{0,5}") {
            let _ = MemoryPolicy::of_mount_options(&options);
            let _ = MemoryPolicy::of_mount_options(text.as_bytes());
        }
    }
}
