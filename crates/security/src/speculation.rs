//! Whether the processor may speculate for a thread, where that could tell its secrets to others.
//!
//! ```
//! use linux_support_security::speculation::{Permission, Weakness};
//!
//! let state = Weakness::StoreBypass.state()?;
//! if state.can_be_changed {
//!     println!("may be forbidden; now {:?}", state.permission);
//! }
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! What a processor is prone to at all is in `/sys/devices/system/cpu/vulnerabilities`, which `linux-support-cpu` reads;
//! what other threads have set, in the `status` of each, which `linux-support-process` reads.
//!
//! # Kernel
//! Since 4.17, on x86, arm64 and PowerPC.
//!
//! # Source
//! Documentation/userspace-api/spec_ctrl.rst; prctl(2), "PR_SET_SPECULATION_CTRL".

use linux_support_base::{Errno, Error, Reason, Requirement};

use crate::{
    Scope,
    broadcast::{Step, apply},
    sys::credentials::{Control, control},
};

/// What the processor does ahead of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Weakness {
    /// Reading what is about to be overwritten.
    #[doc(alias = "PR_SPEC_STORE_BYPASS")]
    StoreBypass,
    /// Jumping to where others made it believe that a jump leads.
    #[doc(alias = "PR_SPEC_INDIRECT_BRANCH")]
    IndirectBranch,
}

/// Whether it is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Permission {
    /// The processor does not have the weakness; this can't be set.
    NotAffected,
    /// Allowed.
    Allowed,
    /// Forbidden; children have it too.
    Forbidden,
    /// Forbidden until the thread runs another program. For [`Weakness::StoreBypass`] alone.
    #[doc(alias = "PR_SPEC_DISABLE_NOEXEC")]
    ForbiddenUntilExec,
    /// Forbidden for good.
    #[doc(alias = "PR_SPEC_FORCE_DISABLE")]
    ForbiddenForGood,
}

/// How it is with a weakness in a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct State {
    /// Whether it is allowed.
    pub permission: Permission,
    /// Whether a thread may change that for itself; else it was set for all when the machine was started.
    pub can_be_changed: bool,
}

const CHANGEABLE: i64 = 1;
const ENABLE: u8 = 2;
const DISABLE: u8 = 4;
const FORCE_DISABLE: u8 = 8;
const DISABLE_NOEXEC: u8 = 16;
const L1D_FLUSH: u8 = 2;

impl Weakness {
    /// Both.
    pub const ALL: [Self; 2] = [Self::StoreBypass, Self::IndirectBranch];

    /// How it is with it in the calling thread.
    ///
    /// # Errors
    /// The kernel can't tell on this architecture ([`Reason::NotConfigured`]).
    #[doc(alias = "PR_GET_SPECULATION_CTRL")]
    pub fn state(self) -> Result<State, Error> {
        let bits = control(Control::Speculation(self.number())).map_err(|errno| failed("read", errno))?;
        Ok(State::of_bits(bits))
    }

    /// Allows it, or forbids it.
    ///
    /// # Errors
    /// The permission can't be set: it is set for all, is forbidden for good, is
    /// [`NotAffected`](Permission::NotAffected), or is not for this weakness; threads did not stop: see [`Scope`].
    #[doc(alias = "PR_SET_SPECULATION_CTRL")]
    pub fn set(self, permission: Permission, scope: Scope) -> Result<(), Error> {
        let how = permission.number()?;
        let before = self.state()?;
        if !before.can_be_changed {
            return Err(Error::invalid(
                "set",
                OBJECT,
                "it is set for all threads, and no thread may change it",
            ));
        }
        if before.permission == Permission::ForbiddenForGood && permission != Permission::ForbiddenForGood {
            return Err(Error::invalid("set", OBJECT, "it is forbidden for good"));
        }
        apply(scope, &[Step::Control(Control::SetSpeculation(self.number(), how), OBJECT, None)])
    }

    /// Its number in prctl(2).
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::StoreBypass => 0,
            Self::IndirectBranch => 1,
        }
    }
}

const OBJECT: &str = "speculation";

impl Permission {
    /// What prctl(2) takes to set it.
    ///
    /// # Errors
    /// It is [`NotAffected`](Self::NotAffected), which can't be set.
    pub fn number(self) -> Result<u8, Error> {
        match self {
            Self::NotAffected => {
                Err(Error::invalid("set", OBJECT, "that a processor is not affected can't be set"))
            }
            Self::Allowed => Ok(ENABLE),
            Self::Forbidden => Ok(DISABLE),
            Self::ForbiddenUntilExec => Ok(DISABLE_NOEXEC),
            Self::ForbiddenForGood => Ok(FORCE_DISABLE),
        }
    }
}

impl State {
    fn of_bits(bits: i64) -> Self {
        let has = |flag: u8| bits & i64::from(flag) != 0;
        let permission = if has(FORCE_DISABLE) {
            Permission::ForbiddenForGood
        } else if has(DISABLE_NOEXEC) {
            Permission::ForbiddenUntilExec
        } else if has(DISABLE) {
            Permission::Forbidden
        } else if has(ENABLE) {
            Permission::Allowed
        } else {
            Permission::NotAffected
        };
        Self { permission, can_be_changed: bits & CHANGEABLE != 0 }
    }
}

/// Whether the data cache of the first level is emptied when the calling thread leaves the CPU.
///
/// # Errors
/// The kernel or the processor can't do that ([`Reason::NotConfigured`]).
///
/// # Kernel
/// Since 5.15, on x86, with the boot parameter `l1d_flush=on`.
#[doc(alias = "PR_SPEC_L1D_FLUSH")]
pub fn flushes_data_cache() -> Result<bool, Error> {
    let bits = control(Control::Speculation(L1D_FLUSH)).map_err(|errno| failed("read", errno))?;
    Ok(bits & i64::from(ENABLE) != 0)
}

/// Empties the data cache of the first level whenever the thread leaves the CPU, or no longer. A thread that has it must
/// not run beside another on the same core: it is ended by a signal then.
///
/// # Errors
/// The kernel or the processor can't do that ([`Reason::NotConfigured`]), or was not started with `l1d_flush=on`; threads
/// did not stop: see [`Scope`].
pub fn set_flushes_data_cache(flushes: bool, scope: Scope) -> Result<(), Error> {
    let bits = control(Control::Speculation(L1D_FLUSH)).map_err(|errno| failed("set", errno))?;
    if bits & CHANGEABLE == 0 {
        return Err(Error::invalid(
            "set",
            OBJECT,
            "the boot parameter l1d_flush=on is needed, and a processor for it",
        ));
    }
    let how = if flushes { ENABLE } else { DISABLE };
    apply(scope, &[Step::Control(Control::SetSpeculation(L1D_FLUSH, how), OBJECT, None)])
}

#[cold]
fn failed(operation: &'static str, errno: Errno) -> Error {
    match errno {
        Errno::INVAL | Errno::NODEV => {
            let needs = Requirement::none().configuration("a kernel and processor that control it");
            Error::new(operation, OBJECT, Reason::NotConfigured { needs })
        }
        errno => Error::system(operation, OBJECT, errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_say_who_forbade_it() {
        let state = |bits| {
            let state = State::of_bits(bits);
            (state.permission, state.can_be_changed)
        };
        assert_eq!(state(0), (Permission::NotAffected, false));
        assert_eq!(state(2), (Permission::Allowed, false));
        assert_eq!(state(3), (Permission::Allowed, true));
        assert_eq!(state(5), (Permission::Forbidden, true));
        assert_eq!(state(17), (Permission::ForbiddenUntilExec, true));
        assert_eq!(state(9), (Permission::ForbiddenForGood, true));
        assert_eq!(state(4), (Permission::Forbidden, false));
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator answers for itself")]
    fn a_thread_forbids_it_for_itself_and_for_good() {
        std::thread::spawn(|| {
            for weakness in Weakness::ALL {
                let refused = weakness.set(Permission::NotAffected, Scope::Thread);
                assert!(refused.unwrap_err().to_string().contains("can't be set"));
                let state = match weakness.state() {
                    Ok(state) if state.can_be_changed => state,
                    Ok(state) => {
                        println!("skipped: {weakness:?} is {state:?}");
                        assert!(weakness.set(Permission::Forbidden, Scope::Thread).is_err());
                        continue;
                    }
                    Err(error) => {
                        println!("skipped: {error}");
                        continue;
                    }
                };
                if state.permission == Permission::ForbiddenForGood {
                    continue;
                }
                weakness.set(Permission::Forbidden, Scope::Thread).unwrap();
                assert_eq!(weakness.state().unwrap().permission, Permission::Forbidden);
                weakness.set(Permission::ForbiddenForGood, Scope::Thread).unwrap();
                assert_eq!(weakness.state().unwrap().permission, Permission::ForbiddenForGood);
                let error = weakness.set(Permission::Allowed, Scope::Thread).unwrap_err();
                assert!(error.to_string().contains("for good"), "{error}");
            }
        })
        .join()
        .unwrap();
    }
}
