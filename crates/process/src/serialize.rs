//! The forms in which this crate's types are written to JSON and other formats.

/// Serializes a type as the text that its `Display` gives.
macro_rules! as_text {
    ($name:ty, $id:literal, $description:literal) => {
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $id.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $description })
            }
        }
    };
}

/// Serializes a set of flags as the list of the names that its method `names` gives.
macro_rules! as_names {
    ($name:ty, $id:literal, $description:literal) => {
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.names())
            }
        }
        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $id.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "array",
                    "items": { "type": "string" },
                    "description": $description
                })
            }
        }
    };
}

/// A plain number with a meaning: the type, its constructor, `get`, `Display` and the plain form.
macro_rules! plain_number {
    ($(#[$doc:meta])* $name:ident($integer:ty), $schema:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(description = $schema))]
        pub struct $name($integer);

        impl $name {
            /// From the plain number.
            #[inline]
            #[must_use]
            pub const fn new(number: $integer) -> Self {
                Self(number)
            }

            /// The plain number.
            #[inline]
            #[must_use]
            pub const fn get(self) -> $integer {
                self.0
            }
        }
    };
}

pub(crate) use {as_names, as_text, plain_number};

/// Writes durations as seconds, for `serialize_with`.
#[cfg(feature = "serde")]
pub(crate) mod seconds {
    use core::time::Duration;

    use serde::{Serialize, Serializer};

    pub(crate) fn optional<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        duration.map(|duration| duration.as_secs_f64()).serialize(to)
    }

    pub(crate) fn reading<S: Serializer>(
        duration: &linux_support_base::Reading<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        duration.clone().map(|duration| duration.as_secs_f64()).serialize(to)
    }

    pub(crate) fn plain<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        duration.as_secs_f64().serialize(to)
    }
}
