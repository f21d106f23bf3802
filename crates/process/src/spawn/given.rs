//! The descriptors that a child is given.

use std::os::fd::OwnedFd;

use linux_support_base::Error;

use super::{Program, Stream};
use crate::descriptor::DescriptorNumber;

impl Program {
    /// What it has as standard input.
    #[must_use]
    pub fn input(mut self, stream: impl Into<Stream>) -> Self {
        self.streams[0] = stream.into();
        self
    }

    /// What it has as standard output.
    #[must_use]
    pub fn output(mut self, stream: impl Into<Stream>) -> Self {
        self.streams[1] = stream.into();
        self
    }

    /// What it has as standard error.
    #[must_use]
    pub fn error(mut self, stream: impl Into<Stream>) -> Self {
        self.streams[2] = stream.into();
        self
    }

    /// The descriptor that it has as this number, from 3 on.
    #[must_use]
    pub fn descriptor(mut self, number: DescriptorNumber, descriptor: impl Into<OwnedFd>) -> Self {
        let refuse =
            |accepted: &str| Error::invalid("give a child", format!("descriptor {number}"), accepted);
        if self.descriptors.iter().any(|(other, _)| *other == number) {
            self.refuse(refuse("another has this number already"));
        } else if number.get() < 3 {
            self.refuse(refuse("expected 3 at least: those below are the standard streams"));
        } else if i32::try_from(number.get()).is_err() {
            self.refuse(refuse("expected 2147483647 at most"));
        } else {
            self.descriptors.push((number, descriptor.into()));
        }
        self
    }

    /// It also has those of the caller's descriptors that are not closed on exec. As a rule these were forgotten.
    #[must_use]
    pub fn keep_other_descriptors(mut self) -> Self {
        self.keep_others = true;
        self
    }
}
