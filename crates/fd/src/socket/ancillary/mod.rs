//! What goes along with a message beside its bytes: cmsg(3).
//!
//! [`ControlMessages`] decodes what the kernel writes: a pure function over bytes. [`Ancillary`] is where it is received,
//! and owns the descriptors that come with it. [`ControlBuffer`] is what is sent along.
//!
//! ```
//! use std::io::{IoSlice, IoSliceMut, Read, Write};
//! use std::os::fd::AsFd;
//! use linux_support_fd::socket::{Exchange, Outgoing, UnixStream};
//! use linux_support_fd::socket::ancillary::{Ancillary, ControlBuffer};
//!
//! let (here, there) = UnixStream::pair()?;
//! let (mut reader, writer) = std::io::pipe().unwrap();
//!
//! let mut control = ControlBuffer::new();
//! control.descriptors(&[writer.as_fd()])?;
//! here.send_message(&Outgoing::new(&[IoSlice::new(b"take this")]).with(&control))?;
//! drop(control);
//! drop(writer);
//!
//! let mut bytes = [0; 16];
//! let mut ancillary = Ancillary::for_descriptors(1);
//! let message = there.receive_message(&mut [IoSliceMut::new(&mut bytes)], &mut ancillary)?;
//! assert_eq!(message.stored, 9);
//! let writer = ancillary.take_descriptors().remove(0);
//! std::fs::File::from(writer).write_all(b"through it").unwrap();
//!
//! let mut text = String::new();
//! reader.read_to_string(&mut text).unwrap();
//! assert_eq!(text, "through it");
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod control_message;
mod credentials;
mod decode;
mod encode;
mod extended_error;
mod received;
mod timestamp;

pub use control_message::{
    ControlMessage, ControlMessages, DescriptorNumbers, PacketAuxiliary, PacketInformation,
};
pub use credentials::Credentials;
pub use encode::ControlBuffer;
pub use extended_error::{ErrorOrigin, ExtendedError};
pub use received::Ancillary;
pub use timestamp::Timestamps;

/// The length of the header of a control message: `struct cmsghdr`.
const HEADER: usize = 16;

/// How much room a control message of so much data takes, with its header and what aligns the next.
const fn room(data: usize) -> usize {
    HEADER + data.next_multiple_of(8)
}
