//! How the files of groups are written, and the structures made of them.

use core::time::Duration;

use linux_support_base::{Bytes, ClockTicks, CpuSet, Limit, NumaNodeSet, ParseError, text};

pub(crate) fn bytes(text: &[u8]) -> Result<Bytes, ParseError> {
    count(text).map(Bytes::new)
}

pub(crate) fn count(text: &[u8]) -> Result<u64, ParseError> {
    text::decimal(text::trim(text))
}

pub(crate) fn ticks(text: &[u8]) -> Result<ClockTicks, ParseError> {
    count(text).map(ClockTicks::new)
}

pub(crate) fn integer(text: &[u8]) -> Result<i64, ParseError> {
    text::decimal(text::trim(text))
}

pub(crate) fn boolean(text: &[u8]) -> Result<bool, ParseError> {
    text::boolean(text::trim(text))
}

pub(crate) fn microseconds(text: &[u8]) -> Result<Duration, ParseError> {
    count(text).map(Duration::from_micros)
}

pub(crate) fn nanoseconds(text: &[u8]) -> Result<Duration, ParseError> {
    count(text).map(Duration::from_nanos)
}

pub(crate) fn limit_bytes(text: &[u8]) -> Result<Limit<Bytes>, ParseError> {
    Limit::parse_with(text::trim(text), bytes)
}

pub(crate) fn limit_count(text: &[u8]) -> Result<Limit<u64>, ParseError> {
    Limit::parse_with(text::trim(text), count)
}

/// A limit of version 1, which writes the largest number of whole pages for none; older kernels wrote the largest
/// number. The pages are of 64 KiB at most.
pub(crate) fn legacy_limit(text: &[u8]) -> Result<Limit<Bytes>, ParseError> {
    const NONE: u64 = i64::MAX as u64 & !0xffff;
    let value = bytes(text)?;
    Ok(if value.get() >= NONE { Limit::Max } else { Limit::At(value) })
}

/// A time of version 1, of which -1 is no limit.
pub(crate) fn legacy_microseconds(text: &[u8]) -> Result<Limit<Duration>, ParseError> {
    match text::trim(text) {
        b"-1" => Ok(Limit::Max),
        value => microseconds(value).map(Limit::At),
    }
}

pub(crate) fn cpus(text: &[u8]) -> Result<CpuSet, ParseError> {
    CpuSet::parse_list(text)
}

pub(crate) fn nodes(text: &[u8]) -> Result<NumaNodeSet, ParseError> {
    NumaNodeSet::parse_list(text)
}

/// How many lines there are, in a list of processes.
pub(crate) fn lines(text: &[u8]) -> Result<u64, ParseError> {
    let mut count = 0;
    for line in text::lines(text).filter(|line| !line.is_empty()) {
        text::decimal::<u32>(line)?;
        count += 1;
    }
    Ok(count)
}

/// Defines the structure of a flat-keyed file: its known keys as fields, and the others kept.
macro_rules! flat_keyed {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident {
            $(
                $(#[$field_meta:meta])*
                $kind:ident $field:ident: $ty:ty = $key:literal $parse:ident $([$rename:tt as $schema:tt])?;
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub struct $Name {
            $(
                $(#[$field_meta])*
                #[cfg_attr(feature = "serde", serde(skip_serializing_if = "crate::serialize::Omitted::is_omitted"))]
                $(
                    #[cfg_attr(feature = "serde", serde(rename = $rename, serialize_with = "crate::serialize::seconds"))]
                    #[cfg_attr(feature = "schema", schemars(with = $schema))]
                )?
                pub $field: crate::format::flat_keyed!(@type $kind $ty),
            )*
            /// Keys that this library does not know, with their values.
            #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "crate::serialize::Omitted::is_omitted"))]
            pub other: crate::Keyed<linux_support_base::ByteString>,
        }

        impl $Name {
            /// Reads the lines `KEY VALUE` of the file.
            ///
            /// # Errors
            /// A line without a value, a known key with a malformed value, or a key that is missing though every
            /// kernel has it.
            pub fn parse(text: &[u8]) -> Result<Self, linux_support_base::ParseError> {
                $(let mut $field: Option<$ty> = None;)*
                let mut other = crate::Keyed::default();
                for line in linux_support_base::text::flat_keyed(text) {
                    let (key, value) = line?;
                    match core::str::from_utf8(key) {
                        $(Ok($key) => {
                            let value = crate::format::$parse(value).map_err(|error| error.in_field($key))?;
                            $field = Some(value);
                        })*
                        _ => {
                            other.0.insert(key.into(), value.into());
                        }
                    }
                }
                Ok(Self {
                    $($field: crate::format::flat_keyed!(@take $kind $field $key text),)*
                    other,
                })
            }
        }
    };
    (@type required $ty:ty) => { $ty };
    (@type optional $ty:ty) => { Option<$ty> };
    (@take required $field:ident $key:literal $text:ident) => {
        match $field {
            Some(value) => value,
            None => {
                let end = &$text[$text.len()..];
                return Err(linux_support_base::ParseError::expected("this key", end).in_field($key));
            }
        }
    };
    (@take optional $field:ident $key:literal $text:ident) => { $field };
}

pub(crate) use flat_keyed;

/// Defines the structure of the files of one controller in a group: a field for each, read or not.
macro_rules! interface_files {
    (
        $(#[$meta:meta])*
        pub struct $Name:ident of $controller:literal {
            $(
                $(#[$field_meta:meta])*
                $field:ident: $ty:ty = $file:literal $place:ident $(since $major:literal $minor:literal)?
                    $(needs $configuration:literal)? by $parse:expr $(, [$rename:tt as $schema:tt])?;
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub struct $Name {
            $(
                $(#[$field_meta])*
                $(
                    #[cfg_attr(feature = "serde", serde(rename = $rename, serialize_with = "crate::serialize::seconds"))]
                    #[cfg_attr(feature = "schema", schemars(with = $schema))]
                )?
                pub $field: linux_support_base::Reading<$ty>,
            )*
        }

        impl $Name {
            pub(crate) fn read(place: &crate::place::Place<'_>) -> Self {
                Self {
                    $($field: place.read(
                        $file,
                        crate::place::Where::$place,
                        linux_support_base::Requirement::none()
                            $(.since($major, $minor))?
                            $(.configuration($configuration))?,
                        $parse,
                    ),)*
                }
            }

            /// The kernel's name of the controller.
            pub const CONTROLLER: &str = $controller;
        }
    };
}

pub(crate) use interface_files;
