//! The forms in which this crate's types are written to JSON and other formats.

pub(crate) use linux_support_base::{as_names, as_text, plain_number};

/// Gives a type the schema of the form in which it is written.
#[cfg(feature = "serde")]
macro_rules! schema_of {
    ($($name:ident $form:ident),*) => {$(
        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $form::schema_name()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $form::json_schema(generator)
            }
        }
    )*};
}

#[cfg(feature = "serde")]
pub(crate) use schema_of;

/// The names of the flags that are set, in lower case; all bits that have none as one number.
pub(crate) fn flag_names<B: core::fmt::LowerHex + Default + PartialEq>(
    flags: impl bitflags::Flags<Bits = B>,
) -> Vec<String> {
    let mut named = flags.iter_names();
    let name = |name: &str| name.to_ascii_lowercase().replace('_', "-");
    let mut names: Vec<_> = named.by_ref().map(|(one, _)| name(one)).collect();
    let rest = named.remaining().bits();
    if rest != B::default() {
        names.push(format!("{rest:#x}"));
    }
    names
}

/// Writes flags as the list of their names, for `serialize_with`.
#[cfg(feature = "serde")]
pub(crate) fn flags<F, S>(flags: &F, to: S) -> Result<S::Ok, S::Error>
where
    F: bitflags::Flags<Bits: core::fmt::LowerHex + Default + PartialEq> + Copy,
    S: serde::Serializer,
{
    to.collect_seq(flag_names(*flags))
}

/// Writes borrowed bytes as a text, for `serialize_with`.
#[cfg(feature = "serde")]
pub(crate) fn bytes<S: serde::Serializer>(bytes: &&[u8], to: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&linux_support_base::ByteString::from(*bytes), to)
}

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
