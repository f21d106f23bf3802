//! The forms in which the vocabulary is written to JSON and other formats: identities and quantities as plain
//! numbers, sets and versions as the kernel's text, and readings as the value or an object `unavailable`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

use crate::{
    AddressRange, ByteString, Bytes, ClockTicks, Cpu, DeviceNumber, Error, GroupId, KernelRelease,
    KernelVersion, Limit, NumaNode, PageSize, Pages, Pid, Reading, Signal, SignalSet, UserId,
    set::{Number, NumberSet},
};

/// `Duration` as a number of seconds: `#[serde(serialize_with = "linux_support_base::seconds")]`, with a name
/// that ends in `_seconds`.
///
/// # Errors
/// Those of the serializer.
pub fn seconds<S: Serializer>(duration: &core::time::Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

macro_rules! as_number {
    ($($name:ident as $plain:ident: $to:expr, $from:expr, $expected:literal;)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let to: fn($name) -> $plain = $to;
                to(*self).serialize(serializer)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let from: fn($plain) -> Option<$name> = $from;
                from($plain::deserialize(deserializer)?).ok_or_else(|| de::Error::custom(concat!("expected ", $expected)))
            }
        }
    )*};
}

as_number! {
    Cpu as u32: Cpu::number, Cpu::new, "a CPU number below 65536";
    NumaNode as u32: NumaNode::number, NumaNode::new, "a node number below 65536";
    Bytes as u64: Bytes::get, |bytes| Some(Bytes::new(bytes)), "a number of bytes";
    Pages as u64: Pages::get, |pages| Some(Pages::new(pages)), "a number of pages";
    ClockTicks as u64: ClockTicks::get, |ticks| Some(ClockTicks::new(ticks)), "a number of clock ticks";
    Pid as i32: Pid::number, Pid::new, "a process number above 0";
    UserId as u32: UserId::number, |number| Some(UserId::new(number)), "a user's number";
    GroupId as u32: GroupId::number, |number| Some(GroupId::new(number)), "a group's number";
    PageSize as u64: |size| size.bytes().get(), |bytes| PageSize::new(Bytes::new(bytes)), "a power of two";
}

macro_rules! as_text {
    ($($name:ty,)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

as_text! { KernelVersion, DeviceNumber, AddressRange, Signal, }

macro_rules! from_text {
    ($($name:ty,)*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

from_text! { KernelVersion, DeviceNumber, }

impl<T: Number> Serialize for NumberSet<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for SignalSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de, T: Number> Deserialize<'de> for NumberSet<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for KernelRelease {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_byte_string().serialize(serializer)
    }
}

impl Serialize for ByteString {
    /// Text where it is UTF-8, else an object of `lossy` text and the bytes in `hexadecimal`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => text.serialize(serializer),
            None => {
                let hexadecimal: String = self.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("lossy", &String::from_utf8_lossy(self.as_bytes()))?;
                map.serialize_entry("hexadecimal", &hexadecimal)?;
                map.end()
            }
        }
    }
}

impl<T: Serialize> Serialize for Limit<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(value) => value.serialize(serializer),
            Self::Max => "max".serialize(serializer),
        }
    }
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("reason", self.reason().name())?;
        map.serialize_entry("object", self.object())?;
        map.serialize_entry("message", &self.to_string())?;
        map.end()
    }
}

impl<T: Serialize> Serialize for Reading<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Unavailable(error) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("unavailable", error)?;
                map.end()
            }
        }
    }
}

#[cfg(feature = "schema")]
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::*;

    macro_rules! schema {
        ($($name:ty, $id:literal, $schema:tt;)*) => {$(
            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    $id.into()
                }
                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!($schema)
                }
            }
        )*};
    }

    schema! {
        Cpu, "Cpu", { "type": "integer", "minimum": 0, "maximum": 65535, "description": "The number of a logical CPU." };
        NumaNode, "NumaNode", { "type": "integer", "minimum": 0, "maximum": 65535, "description": "The number of a NUMA node." };
        Bytes, "Bytes", { "type": "integer", "minimum": 0, "description": "A number of bytes." };
        Pages, "Pages", { "type": "integer", "minimum": 0, "description": "A number of base pages." };
        ClockTicks, "ClockTicks", { "type": "integer", "minimum": 0, "description": "A number of clock ticks, mostly of 10 ms." };
        Pid, "Pid", { "type": "integer", "minimum": 1, "maximum": 2147483647, "description": "The number of a process or thread." };
        UserId, "UserId", { "type": "integer", "minimum": 0, "maximum": 4294967295_u32, "description": "The number of a user." };
        GroupId, "GroupId", { "type": "integer", "minimum": 0, "maximum": 4294967295_u32, "description": "The number of a group of users." };
        PageSize, "PageSize", { "type": "integer", "minimum": 1, "description": "The size of a page in bytes." };
        KernelVersion, "KernelVersion", { "type": "string", "description": "A version of the kernel, such as 6.1.15." };
        DeviceNumber, "DeviceNumber", { "type": "string", "pattern": "^[0-9]+:[0-9]+$", "description": "major:minor of a device." };
        AddressRange, "AddressRange", { "type": "string", "pattern": "^[0-9a-f]+-[0-9a-f]+$", "description": "start-end in hexadecimal; end is not included." };
        NumberSet<Cpu>, "CpuSet", { "type": "string", "description": "CPUs in the kernel's list format, such as 0-3,8; empty for none." };
        NumberSet<NumaNode>, "NumaNodeSet", { "type": "string", "description": "NUMA nodes in the kernel's list format; empty for none." };
        Signal, "Signal", { "type": "string", "description": "The name of a signal, such as SIGTERM." };
        SignalSet, "SignalSet", {
            "type": "array",
            "items": { "type": "string" },
            "description": "The names of the signals."
        };
        Error, "Error", {
            "type": "object",
            "description": "Why a value can't be had.",
            "required": ["reason", "object", "message"],
            "properties": {
                "reason": { "enum": ["absent", "kernel-too-old", "not-configured", "permission-denied", "gone", "malformed", "outside-of-tree", "wrong-kind", "invalid", "failed"] },
                "object": { "description": "The file or thing that was asked for." },
                "message": { "type": "string" }
            }
        };
        ByteString, "ByteString", {
            "description": "A name: text where it is UTF-8, else its bytes.",
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "required": ["lossy", "hexadecimal"],
                    "properties": { "lossy": { "type": "string" }, "hexadecimal": { "type": "string" } }
                }
            ]
        };
    }

    impl JsonSchema for KernelRelease {
        fn schema_name() -> Cow<'static, str> {
            ByteString::schema_name()
        }
        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            ByteString::json_schema(generator)
        }
    }

    impl<T: JsonSchema> JsonSchema for Limit<T> {
        fn schema_name() -> Cow<'static, str> {
            format!("Limit_{}", T::schema_name()).into()
        }
        fn schema_id() -> std::borrow::Cow<'static, str> {
            // Types of different crates may have the same name.
            format!("Limit_{}", T::schema_id()).into()
        }
        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            json_schema!({ "anyOf": [generator.subschema_for::<T>(), { "const": "max" }] })
        }
    }

    impl<T: JsonSchema> JsonSchema for Reading<T> {
        fn schema_name() -> Cow<'static, str> {
            format!("Reading_{}", T::schema_name()).into()
        }
        fn schema_id() -> std::borrow::Cow<'static, str> {
            // Types of different crates may have the same name.
            format!("Reading_{}", T::schema_id()).into()
        }
        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            json_schema!({ "anyOf": [
                generator.subschema_for::<T>(),
                {
                    "type": "object",
                    "required": ["unavailable"],
                    "additionalProperties": false,
                    "properties": { "unavailable": generator.subschema_for::<Error>() }
                }
            ] })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CpuSet, Errno};

    #[test]
    fn values_are_plain_and_their_absence_is_told() {
        let json = |value: &dyn erased::Json| value.json();
        assert_eq!(json(&CpuSet::parse_list(b"0-3,8").unwrap()), r#""0-3,8""#);
        assert_eq!(json(&Reading::Value(Bytes::new(5))), "5");
        assert_eq!(json(&Limit::<u32>::Max), r#""max""#);
        assert_eq!(json(&ByteString::from(&b"a\xff"[..])), r#"{"lossy":"a�","hexadecimal":"61ff"}"#);
        let unavailable = Reading::<Bytes>::Unavailable(Error::system("read", "/proc/x", Errno::NOENT));
        assert_eq!(
            json(&unavailable),
            r#"{"unavailable":{"reason":"absent","object":"/proc/x","message":"read /proc/x: absent"}}"#
        );
    }

    mod erased {
        pub(super) trait Json {
            fn json(&self) -> String;
        }
        impl<T: serde::Serialize> Json for T {
            fn json(&self) -> String {
                serde_json::to_string(self).unwrap()
            }
        }
    }
}
