//! The devices of a Linux machine.
//!
//! - [`pci`]: PCI and PCI Express: the functions that the kernel found, what it knows of each, and the bytes of
//!   their configuration spaces.
//! - [`Majors`]: the major numbers of character and block devices, and whose they are.
#![forbid(unsafe_code)]

mod form;
mod majors;
pub mod pci;

pub use majors::{Major, Majors};
