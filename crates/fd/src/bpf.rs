//! Objects of bpf(2), as descriptors that are held and passed on.

use std::os::fd::OwnedFd;

use linux_support_base::{ByteString, Error};

use crate::{DescriptorKind, descriptor::descriptor};

/// An object of bpf(2).
///
/// It is made and used by a library for it; here it is only held and passed on.
///
/// ```
/// use std::{fs::File, os::fd::OwnedFd};
/// use linux_support_fd::BpfDescriptor;
///
/// let number_mistaken = OwnedFd::from(File::open("/dev/null").unwrap());
/// let error = BpfDescriptor::try_from(number_mistaken).unwrap_err();
/// assert!(error.to_string().ends_with("is no bpf object, but character device 1:3"));
/// ```
#[derive(Debug)]
pub struct BpfDescriptor(OwnedFd);

descriptor!(BpfDescriptor, "bpf object", crate::DescriptorKind::Bpf(_), nonblocking: false);

/// What an object of bpf(2) is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BpfObject {
    /// A map.
    Map,
    /// A program.
    Program,
    /// A program's place where it runs.
    Link,
    /// What a program writes, to be read.
    Iterator,
    /// What the kernel calls otherwise.
    Unknown(ByteString),
}

impl BpfDescriptor {
    /// What it is.
    ///
    /// # Errors
    /// `/proc` is not mounted.
    pub fn object(&self) -> Result<BpfObject, Error> {
        match DescriptorKind::of(&self.0)? {
            DescriptorKind::Bpf(name) => Ok(BpfObject::of_name(name)),
            kind => Err(kind.is_no("bpf object", &self.0)),
        }
    }
}

impl BpfObject {
    fn of_name(name: ByteString) -> Self {
        match name.as_bytes() {
            b"bpf-map" => Self::Map,
            b"bpf-prog" => Self::Program,
            b"bpf_link" | b"bpf-link" => Self::Link,
            b"bpf_iter" => Self::Iterator,
            _ => Self::Unknown(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_names_say_what_it_is() {
        assert_eq!(BpfObject::of_name("bpf_link".into()), BpfObject::Link);
        assert_eq!(BpfObject::of_name("bpf-new".into()), BpfObject::Unknown("bpf-new".into()));
    }
}
