//! Keys that the kernel keeps, and the keyrings that hold them: keyrings(7).
//!
//! - [`Key`]: a key by its number: what it holds, who may do what with it, how long it lasts.
//! - [`Keyring`]: a key that holds others: those of the caller ([`Keyring::SESSION`] and its like), and those that
//!   somebody made.
//! - [`join_session`], [`persistent`]: the keyring of a login, and the one that outlives it.
//! - [`KeyList`], [`KeyUsers`]: the keys that the caller sees, and how many each user has.
//!
//! A daemon joins a session of its own first: what it adds is then seen by nobody else, and goes with it.
//!
//! ```
//! use linux_support_security::keyring::{KeyType, Keyring, join_session};
//!
//! let read = std::thread::spawn(|| {
//!     join_session(None)?;
//!     let key = Keyring::SESSION.add(&KeyType::User, "password", b"secret")?;
//!     key.set_timeout(Some(std::time::Duration::from_secs(60)))?;
//!     key.read()
//! });
//! match read.join().unwrap() {
//!     Ok(secret) => assert_eq!(secret, b"secret"),
//!     Err(error) => println!("{error}"),
//! }
//! ```
//!
//! # Kernel
//! With CONFIG_KEYS. A container's seccomp filter may refuse all of it.
//!
//! # Source
//! keyrings(7), keyctl(2), add_key(2), request_key(2), Documentation/security/keys/core.rst.

mod description;
mod failure;
mod features;
mod key;
mod key_type;
mod list;
mod permissions;
mod ring;
mod session;
mod users;

pub use description::KeyDescription;
pub use features::KeyringFeatures;
pub use key::Key;
pub use key_type::KeyType;
pub use list::{KeyExpiry, KeyList, KeyStates, ListedKey};
pub use permissions::{KeyPermissions, KeyRights};
pub use ring::{Keyring, Restriction};
pub use session::{
    RequestDestination, assume_authority, join_session, persistent, request, set_request_destination,
    set_session_of_parent,
};
pub use users::{KeyUser, KeyUsers};
