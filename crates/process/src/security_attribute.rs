//! What security modules know of a task: `/proc/PID/attr`.

use core::fmt;

/// What a security module (SELinux, AppArmor, Smack) knows of a task, by the name of its file.
///
/// # Source
/// proc_pid_attr(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum SecurityAttribute {
    /// Its context.
    Current,
    /// Its context before it last ran another program.
    Previous,
    /// The context that it will have in the next program that it runs.
    AfterExec,
    /// The context of files that it makes.
    NewFiles,
    /// The context of keys that it makes.
    NewKeys,
    /// The context of sockets that it makes.
    NewSockets,
}

impl SecurityAttribute {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Current, Self::Previous, Self::AfterExec, Self::NewFiles, Self::NewKeys, Self::NewSockets];

    /// The name of its file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Previous => "prev",
            Self::AfterExec => "exec",
            Self::NewFiles => "fscreate",
            Self::NewKeys => "keycreate",
            Self::NewSockets => "sockcreate",
        }
    }
}

impl fmt::Display for SecurityAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
