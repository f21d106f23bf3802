//! Which groups of resource control a task is in: `/proc/PID/cpu_resctrl_groups`.

use linux_support_base::{ByteString, ParseError, text::colon_keyed};

/// Which groups of resource control (caches and memory bandwidth) a task is in.
///
/// # Kernel
/// Since 5.6, with CONFIG_PROC_CPU_RESCTRL.
///
/// # Source
/// Documentation/filesystems/resctrl.rst; fs/resctrl/rdtgroup.c, proc_resctrl_show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "cpu_resctrl_groups")]
pub struct ResourceGroups {
    /// The group that limits it, such as `/` or `/p1`; `None` where resctrl is not mounted.
    pub control: Option<ByteString>,
    /// The group that measures it, below that one: `/` or `mon_groups/m1`; `None` where nothing is measured.
    pub monitoring: Option<ByteString>,
}

impl ResourceGroups {
    /// Reads the file.
    ///
    /// # Errors
    /// A line of another key than `res` and `mon`.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut parsed = Self::default();
        for (key, value) in colon_keyed(text) {
            let value = value.filter(|value| !value.is_empty()).map(ByteString::from);
            match key {
                b"res" => parsed.control = value,
                b"mon" => parsed.monitoring = value,
                b"" => {}
                key => return Err(ParseError::expected("res or mon", key)),
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_may_be_missing() {
        let groups = ResourceGroups::parse(b"res:/p1\nmon:mon_groups/m1\n").unwrap();
        assert_eq!(
            (groups.control.unwrap(), groups.monitoring.unwrap()),
            ("/p1".into(), "mon_groups/m1".into())
        );
        assert_eq!(ResourceGroups::parse(b"res:\nmon:\n"), Ok(ResourceGroups::default()));
        assert_eq!(ResourceGroups::parse(b""), Ok(ResourceGroups::default()));
        assert!(ResourceGroups::parse(b"new:/\n").is_err());
    }
}
