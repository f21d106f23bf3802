/// How busy a CPU is taken to be by a thread, for its frequency and for which CPU is large enough: from 0 to 1,024,
/// which is all of the machine's largest CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Utilisation(u16);

impl Utilisation {
    /// None.
    pub const MIN: Self = Self(0);
    /// All of the largest CPU.
    pub const MAX: Self = Self(1024);

    /// So many of 1,024 parts; `None` above that.
    #[must_use]
    pub const fn new(parts: u16) -> Option<Self> {
        if parts <= 1024 { Some(Self(parts)) } else { None }
    }

    /// The parts, of 1,024.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// Between what a thread's utilisation is taken to be. Setting leaves what is `None` as it is.
///
/// # Source
/// Documentation/scheduler/sched-util-clamp.rst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "uclamp")]
pub struct UtilisationClamp {
    /// No less than this, however little it runs.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub min: Option<Utilisation>,
    /// No more than this, however much it runs.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub max: Option<Utilisation>,
}
