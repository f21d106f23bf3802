/// Serializes a type as the text that its `Display` gives.
///
/// Of use within the family of linux-support, as the others here: it needs the caller's features `serde` and `schema`.
#[macro_export]
#[doc(hidden)]
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
#[macro_export]
#[doc(hidden)]
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
#[macro_export]
#[doc(hidden)]
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
