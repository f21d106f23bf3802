use core::fmt;

use linux_support_base::{ParseError, plain_number};

use super::IdMap;

/// `/proc/PID/setgroups`: whether setgroups(2) may be called in a user namespace.
///
/// # Kernel
/// Since 3.19, with CONFIG_USER_NS.
///
/// # Source
/// user_namespaces(7), "The /proc/PID/setgroups file".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "setgroups")]
pub enum GroupSetting {
    /// By whoever has CAP_SETGID there, once the map of groups is written.
    Allowed,
    /// By nobody, for good: so that nobody leaves a group that is kept out of something.
    Denied,
}

impl GroupSetting {
    /// Reads `allow` or `deny`.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        match text.trim_ascii() {
            b"allow" => Ok(Self::Allowed),
            b"deny" => Ok(Self::Denied),
            text => Err(ParseError::expected("allow or deny", text)),
        }
    }
}

impl fmt::Display for GroupSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Allowed => "allow",
            Self::Denied => "deny",
        })
    }
}

plain_number! {
    /// The number of a project, by which file systems count quotas.
    ProjectId(u32), "The number of a project, by which file systems count quotas."
}

impl From<u32> for ProjectId {
    fn from(number: u32) -> Self {
        Self::new(number)
    }
}

impl From<ProjectId> for u32 {
    fn from(project: ProjectId) -> Self {
        project.get()
    }
}

/// `/proc/PID/projid_map`: how a user namespace numbers projects.
pub type ProjectIdMap = IdMap<ProjectId>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_says_whether_groups_may_be_set() {
        for setting in [GroupSetting::Allowed, GroupSetting::Denied] {
            assert_eq!(GroupSetting::parse(format!("{setting}\n").as_bytes()), Ok(setting));
        }
        assert!(GroupSetting::parse(b"").is_err() && GroupSetting::parse(b"allowed").is_err());
    }

    #[test]
    fn projects_are_mapped_as_users_are() {
        let map = ProjectIdMap::parse(b"         5        100          2\n").unwrap();
        assert_eq!(map.outside(ProjectId::new(6)), Some(ProjectId::new(101)));
        assert_eq!(map.outside(ProjectId::new(7)), None);
    }
}
