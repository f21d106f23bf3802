/// Makes an enum of the names that the kernel writes in one place, with `Unknown` for those that a newer one may
/// add.
///
/// Of use within the family of linux-support: it needs the caller's features `serde` and `schema`.
#[macro_export]
#[doc(hidden)]
macro_rules! named {
    (
        $(#[$attribute:meta])*
        $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// A name that this library does not know.
            Unknown($crate::ByteString),
        }

        impl $name {
            /// Reads the kernel's name; one that is not known is kept.
            #[must_use]
            pub fn parse(text: &[u8]) -> Self {
                let text = $crate::text::trim(text);
                $(if text == $text.as_bytes() {
                    return Self::$variant;
                })*
                Self::Unknown(text.into())
            }

            /// The kernel's name.
            #[must_use]
            pub fn name(&self) -> &[u8] {
                match self {
                    $(Self::$variant => $text.as_bytes(),)*
                    Self::Unknown(name) => name.as_bytes(),
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self {
                    $(Self::$variant => f.pad($text),)*
                    Self::Unknown(name) => name.fmt(f),
                }
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant => serializer.serialize_str($text),)*
                    Self::Unknown(name) => name.serialize(serializer),
                }
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let other = generator.subschema_for::<$crate::ByteString>();
                schemars::json_schema!({ "anyOf": [{ "enum": [$($text),*] }, other] })
            }
        }
    };
}
