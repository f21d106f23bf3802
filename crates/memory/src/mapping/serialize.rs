//! The forms in which these types are written to JSON and other formats: permissions as the kernel's letters, flags as its
//! words, sizes in bytes by the kernel's names.

use serde::{Serialize, Serializer};

use super::{MemoryUse, Permissions, VmFlags};

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for VmFlags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.words())
    }
}

impl Serialize for MemoryUse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(field, bytes)| (field.as_str(), bytes)))
    }
}

#[cfg(feature = "schema")]
mod schema {
    use std::borrow::Cow;

    use linux_support_base::Bytes;
    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{MemoryUse, Permissions, VmFlags};

    impl JsonSchema for Permissions {
        fn schema_name() -> Cow<'static, str> {
            "Permissions".into()
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({ "type": "string", "description": "Permissions as in maps: rw-p." })
        }
    }

    impl JsonSchema for VmFlags {
        fn schema_name() -> Cow<'static, str> {
            "VmFlags".into()
        }
        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": "array",
                "items": { "type": "string" },
                "description": "The kernel's words of two letters for the flags of a mapping."
            })
        }
    }

    impl JsonSchema for MemoryUse {
        fn schema_name() -> Cow<'static, str> {
            "MemoryUse".into()
        }
        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            json_schema!({
                "type": "object",
                "additionalProperties": generator.subschema_for::<Bytes>(),
                "description": "The sizes of smaps, in bytes, by the kernel's names."
            })
        }
    }
}
