//! What processors of one make have in common.

use linux_support_base::{ByteString, CpuSet, ParseError};

use super::{FeatureSet, Fields, Identity};

/// A make of processor, and which CPUs are of it: all that `/proc/cpuinfo` says alike of several.
///
/// A machine mostly has one; those with unlike cores have more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProcessorModel {
    /// The CPUs of this make.
    pub cpus: CpuSet,
    /// Its name, as the kernel gives it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub name: Option<ByteString>,
    /// What its architecture knows it by.
    pub identity: Identity,
    /// What it can do.
    pub features: FeatureSet,
    /// All else that the kernel says of it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Fields::is_empty"))]
    pub other: Fields,
}

impl ProcessorModel {
    /// Puts a model together from the fields of one processor.
    pub(super) fn of(fields: &[(&[u8], &[u8])]) -> Result<Self, ParseError> {
        let mut model = Self { identity: Identity::of(fields.iter().copied()), ..Self::default() };
        // Alpha has `cpu` before it, with a name that says less.
        let name =
            fields.iter().find(|(key, _)| matches!(*key, b"model name" | b"Model Name" | b"cpu model"));
        model.name = name.map(|(_, value)| (*value).into());
        for (key, value) in fields {
            if !model.take(key, value)? {
                model.other.push(key, value);
            }
        }
        model.settle();
        Ok(model)
    }

    /// Fills in what is missing from the lines about all processors.
    pub(super) fn complete(&mut self, machine: &Fields) -> Result<(), ParseError> {
        if self.identity == Identity::Other {
            self.identity = Identity::of(machine.iter());
        }
        for (key, value) in machine.iter() {
            self.take(key, value)?;
        }
        self.settle();
        Ok(())
    }

    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.name == other.name
            && self.features == other.features
            && self.identity == other.identity
            && self.other == other.other
    }

    /// Keeps a field that there is a place for, unless it is taken; false where there is none.
    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<bool, ParseError> {
        match key {
            b"flags" | b"Features" | b"features" | b"cpucaps" if self.features.is_empty() => {
                self.features = FeatureSet::parse(value);
                return Ok(true);
            }
            b"model name" | b"Model Name" | b"cpu model" => {
                self.name.get_or_insert_with(|| value.into());
                return Ok(true);
            }
            b"cpu" | b"Processor" if self.name.is_none() => {
                self.name = Some(value.into());
                return Ok(true);
            }
            _ => {}
        }
        self.identity.take(key, value)
    }

    fn settle(&mut self) {
        match &mut self.identity {
            Identity::Arm(arm) => arm.name_parts(),
            Identity::Riscv(riscv) if self.name.is_none() => self.name.clone_from(&riscv.uarch),
            _ => {}
        }
    }
}
