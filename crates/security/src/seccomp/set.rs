use core::{
    fmt,
    ops::{BitAnd, BitOr, BitOrAssign, Sub},
};
use std::collections::BTreeSet;

use linux_support_base::Error;

use super::SystemCall;

/// Some system calls.
///
/// ```
/// use linux_support_security::seccomp::{SystemCallGroup, SystemCallSet};
///
/// let calls = SystemCallGroup::BasicIo.calls() | SystemCallSet::of(&["openat", "fstat"])?;
/// let without = calls.clone() - SystemCallSet::of(&["readv"])?;
/// assert_eq!(calls.len(), without.len() + 1);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SystemCallSet(BTreeSet<SystemCall>);

impl SystemCallSet {
    /// The calls of these names.
    ///
    /// # Errors
    /// A name that no architecture has: see [`SystemCall::from_name`].
    pub fn of(names: &[&str]) -> Result<Self, Error> {
        names.iter().map(|name| SystemCall::from_name(name)).collect()
    }

    /// All calls that have a name.
    #[must_use]
    pub fn all() -> Self {
        SystemCall::all().collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `call` is one of them.
    #[must_use]
    pub fn contains(&self, call: SystemCall) -> bool {
        self.0.contains(&call)
    }

    /// Takes one in. Gives whether it was not there.
    pub fn insert(&mut self, call: SystemCall) -> bool {
        self.0.insert(call)
    }

    /// Each of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = SystemCall> {
        self.0.iter().copied()
    }
}

impl From<SystemCall> for SystemCallSet {
    fn from(call: SystemCall) -> Self {
        Self([call].into())
    }
}

impl FromIterator<SystemCall> for SystemCallSet {
    fn from_iter<I: IntoIterator<Item = SystemCall>>(calls: I) -> Self {
        Self(calls.into_iter().collect())
    }
}

impl<S: Into<Self>> BitOr<S> for SystemCallSet {
    type Output = Self;

    fn bitor(mut self, other: S) -> Self {
        self |= other;
        self
    }
}

impl<S: Into<Self>> BitOrAssign<S> for SystemCallSet {
    fn bitor_assign(&mut self, other: S) {
        self.0.extend(other.into().0);
    }
}

impl<S: Into<Self>> BitAnd<S> for SystemCallSet {
    type Output = Self;

    fn bitand(mut self, other: S) -> Self {
        let other = other.into();
        self.0.retain(|&call| other.contains(call));
        self
    }
}

impl<S: Into<Self>> Sub<S> for SystemCallSet {
    type Output = Self;

    fn sub(mut self, other: S) -> Self {
        let other = other.into();
        self.0.retain(|&call| !other.contains(call));
        self
    }
}

impl fmt::Debug for SystemCallSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.0).finish()
    }
}
