use core::fmt;

use linux_support_base::Pid;
use smallvec::SmallVec;

/// The numbers that one process, group or session has in each namespace of process numbers, from the reader's
/// inwards; `None` where it has none. Empty on kernels before 4.1.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NamespacePids(SmallVec<[Option<Pid>; 4]>);

impl NamespacePids {
    #[inline]
    pub(super) fn push(&mut self, pid: Option<Pid>) {
        self.0.push(pid);
    }
}

impl FromIterator<Option<Pid>> for NamespacePids {
    fn from_iter<I: IntoIterator<Item = Option<Pid>>>(pids: I) -> Self {
        Self(pids.into_iter().collect())
    }
}

impl core::ops::Deref for NamespacePids {
    type Target = [Option<Pid>];

    fn deref(&self) -> &[Option<Pid>] {
        &self.0
    }
}

impl fmt::Debug for NamespacePids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for NamespacePids {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0[..].serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for NamespacePids {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "NamespacePids".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Vec<Option<Pid>>>::json_schema(generator)
    }
}
