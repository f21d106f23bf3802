//! Memory by descriptor: memfd_create(2) and memfd_secret(2).

mod memfd;
mod secret;

pub use memfd::{Executability, HugePages, MemFd, MemFdOptions, Seals};
pub use secret::SecretMemory;
