//! The devices of memory: null, zero and full.

use std::{os::fd::OwnedFd, path::Path};

use linux_support_base::{DeviceNumber, Error};

use super::device::open;
use crate::{descriptor::descriptor, directory::OpenHow};

macro_rules! memory_device {
    ($(#[$doc:meta])* $type:ident, $name:literal, $path:literal, $minor:literal, $number:ident) => {
        const $number: DeviceNumber = DeviceNumber::new(1, $minor);

        $(#[$doc])*
        #[derive(Debug)]
        #[doc(alias = $path)]
        pub struct $type(OwnedFd);

        descriptor!($type, $name, crate::DescriptorKind::CharacterDevice($number), nonblocking: false);

        impl $type {
            /// Its number on every machine.
            pub const NUMBER: DeviceNumber = $number;

            #[doc = concat!("Opens `", $path, "` for reading and writing.")]
            ///
            /// # Errors
            /// There is none, or it is something else.
            pub fn open() -> Result<Self, Error> {
                Self::open_at($path)
            }

            /// Opens it under another path: of a container, say.
            ///
            /// # Errors
            /// There is none, or it is something else.
            pub fn open_at(path: impl AsRef<Path>) -> Result<Self, Error> {
                open($name, path.as_ref(), OpenHow::reading_and_writing(), |number| number == $number).map(Self)
            }
        }
    };
}

memory_device! {
    /// What forgets what is written to it, and has nothing to read.
    ///
    /// # Source
    /// null(4).
    NullDevice, "null device", "/dev/null", 3, NULL
}

memory_device! {
    /// What forgets what is written to it, and reads as zeros without end.
    ///
    /// # Source
    /// zero(4).
    ZeroDevice, "zero device", "/dev/zero", 5, ZERO
}

memory_device! {
    /// What never has space to write (`ENOSPC`), and reads as zeros without end.
    ///
    /// # Source
    /// full(4).
    FullDevice, "full device", "/dev/full", 7, FULL
}
