/// The four ids of one kind that a thread has.
///
/// # Source
/// credentials(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Credentials<T> {
    /// Who started it.
    pub real: T,
    /// For whom it acts: what most permissions are checked against.
    pub effective: T,
    /// What it may become again.
    pub saved: T,
    /// What access to files is checked against: mostly the effective one.
    pub filesystem: T,
}
