//! The file descriptors of a process: `/proc/PID/fd` and `/proc/PID/fdinfo`.

mod info;
mod target;

use core::fmt;

use linux_support_base::Reading;

use crate::serialize::plain_number;

pub use info::{
    BpfId, BpfLink, BpfMap, BpfMapType, BpfProgram, BpfProgramType, DescriptorDetail, DescriptorInfo,
    DmaBuffer, EventCounter, FanotifyGroup, GraphicsClient, GraphicsEngine, GraphicsMemory, HandleOfFile,
    InotifyWatch, MarkedObject, MountNumber, ObjectMark, OpenFlags, PidTarget, RegisteredBuffer,
    RegisteredFile, RingCompletion, RingPoll, RingState, RingSubmission, SubmissionThread, TimerState,
    UserFaultState,
};
pub use target::{DescriptorTarget, PathLink};

plain_number! {
    /// The number of an inode, within its file system.
    InodeNumber(u64), "The number of an inode, within its file system."
}

plain_number! {
    /// The number of a file descriptor of another process. It is nothing that can be read from here.
    DescriptorNumber(u32), "The number of a file descriptor."
}

macro_rules! display {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

display! { InodeNumber DescriptorNumber }

/// A file descriptor of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Descriptor {
    /// Its number.
    pub number: DescriptorNumber,
    /// What it is open on.
    pub target: Reading<DescriptorTarget>,
}
