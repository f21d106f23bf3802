//! Memory that this program maps. The type itself is in `sys`, which alone is unsafe.

mod advice;
mod change;
mod guarded;
mod options;
mod place;
mod process;
mod protection_key;
mod residency;
mod transfer;

pub use change::Unchanged;
pub use guarded::Guarded;
pub use options::{MapOptions, Sharing};
pub use process::{RemoteAdvice, advise_process};
pub use protection_key::{Keyed, ProtectionKey};
pub use residency::{LockAll, Residency, lock_all_memory, unlock_all_memory};
pub use transfer::Synchronization;
