//! What the calling process and thread ask of the kernel for themselves: prctl(2) and its like.
//!
//! | | holds for | goes on to |
//! |---|---|---|
//! | [session](new_session) and [process group](set_process_group) | the process | children |
//! | [`set_subreaper`] | the process | nobody; children's orphans come to it |
//! | [`set_parent_death_signal`] | the process | nobody |
//! | [`set_dumpable`], [`refuse_executable_changes`] | the process | children |
//! | [`set_io_flusher`] | the thread | children and new programs |
//! | [`set_timer_slack`], [`set_time_stamp_counter`], [`set_cpuid`], [personality](set_personality) | the thread | children |
//! | [`CoreCookie`] | threads, processes or groups | children |
//!
//! ```
//! use linux_support_process::own;
//!
//! // A daemon that keeps what it knows to itself.
//! own::set_dumpable(own::Dumpable::No)?;
//! assert_eq!(own::dumpable()?, own::Dumpable::No);
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! What takes privileges away (`no_new_privs`, capabilities, system calls, speculation) is in `linux-support-security`, and
//! what concerns memory in `linux-support-memory`.
//!
//! # Source
//! prctl(2), credentials(7).

mod core_cookie;
mod family;
mod instruction;
mod number;
mod personality;
mod secrecy;
mod session;
mod timing;

use linux_support_base::{Errno, Error, Requirement};

pub use core_cookie::{CoreCookie, CoreScope};
pub use family::{is_subreaper, parent_death_signal, set_parent_death_signal, set_subreaper};
pub use instruction::{cpuid_is_allowed, set_cpuid, set_time_stamp_counter, time_stamp_counter_is_allowed};
pub use number::pid;
pub use personality::{TemporaryPersonality, personality, set_personality};
pub use secrecy::{
    Dumpable, Tracer, dumpable, refuse_executable_changes, refuses_executable_changes, set_dumpable,
    set_tracer,
};
pub use session::{new_session, process_group_of, session_of, set_process_group};
pub use timing::{is_io_flusher, set_io_flusher, set_timer_slack, timer_slack};

/// What can't be done, for want of what the kernel `needs` for it.
#[cold]
fn failed(operation: &'static str, object: &'static str, needs: Requirement, errno: Errno) -> Error {
    match errno {
        // What prctl says of an option that it does not know, or that is not for this machine.
        Errno::INVAL | Errno::NODEV | Errno::OPNOTSUPP | Errno::NOSYS => {
            Error::new(operation, object, linux_support_base::Reason::NotConfigured { needs })
        }
        errno => Error::system(operation, object, errno).explained(needs, None),
    }
}
