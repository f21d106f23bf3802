//! How the types of this crate are written to JSON: what has a text form in the kernel, in that form.

/// Serialization, and its schema, by `Display`.
macro_rules! as_text {
    ($($name:ident: $description:literal;)*) => {$(
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                concat!("Pci", stringify!($name)).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $description })
            }
        }
    )*};
}

/// Serialization of bit flags as the list of their names, with unknown bits as one hexadecimal number.
macro_rules! as_names {
    ($($name:ident: $description:literal;)*) => {$(
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut names = self.iter_names();
                let known: Vec<_> =
                    names.by_ref().map(|(name, _)| name.to_ascii_lowercase().replace('_', "-")).collect();
                let unknown = names.remaining().bits() & !Self::all_known().bits();
                let unknown = (unknown != 0).then(|| format!("{unknown:#x}"));
                serializer.collect_seq(known.into_iter().chain(unknown))
            }
        }

        #[cfg(feature = "serde")]
        impl $name {
            fn all_known() -> Self {
                <Self as bitflags::Flags>::FLAGS
                    .iter()
                    .filter(|flag| flag.is_named())
                    .fold(Self::empty(), |all, flag| all | *flag.value())
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                concat!("Pci", stringify!($name)).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "array",
                    "items": { "type": "string" },
                    "description": $description
                })
            }
        }
    )*};
}

/// Bit flags of a register, with bits that have no name kept, and their serialization.
macro_rules! register {
    ($(#[$attribute:meta])* $name:ident: $integer:ident = $description:literal {
        $($(#[$doc:ident $($text:tt)*])* $flag:ident = $bit:expr;)*
    }) => {
        bitflags::bitflags! {
            $(#[$attribute])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name: $integer {
                $($(#[$doc $($text)*])* const $flag = $bit;)*
                const _ = !0;
            }
        }
        crate::form::as_names! { $name: $description; }
    };
}

pub(crate) use {as_names, as_text, register};
