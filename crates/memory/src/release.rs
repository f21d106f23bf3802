use std::os::fd::AsFd;

use linux_support_base::{Error, Machine, Reason, Requirement};
use rustix::io::Errno;

use crate::sys;

/// Frees the memory of a process that is being killed at once, in place of when it gets to it itself. `process` is a
/// pidfd.
///
/// # Errors
/// The process is not being killed, or others share its memory and are not (`EINVAL`); it has freed it already
/// ([`Reason::Gone`]); `process` is no pidfd (`EBADF`).
///
/// # Kernel
/// Since Linux 5.15.
///
/// # Source
/// process_mrelease(2).
#[doc(alias = "process_mrelease")]
pub fn release_memory(process: impl AsFd) -> Result<(), Error> {
    const NEEDS: Requirement = Requirement::none().since(5, 15).configuration("CONFIG_MMU");
    const OPERATION: &str = "free the memory of";
    const OBJECT: &str = "a process that is being killed";
    loop {
        match sys::process::release(process.as_fd()) {
            Err(Errno::INTR | Errno::AGAIN) => {}
            done => {
                return done.map_err(|errno| match errno {
                    Errno::INVAL => {
                        Error::invalid(OPERATION, "a process", "it is not being killed: send SIGKILL first")
                    }
                    Errno::NOSYS => {
                        let absent = Error::new(OPERATION, OBJECT, Reason::Absent);
                        match Machine::live() {
                            Ok(machine) => machine.explain(absent, NEEDS),
                            Err(_) => absent,
                        }
                    }
                    errno => Error::system(OPERATION, OBJECT, errno),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(user_emulation, ignore = "QEMU has no process_mrelease")]
    fn the_memory_of_a_process_that_goes_on_is_not_freed() {
        let pid = rustix::process::Pid::from_raw(std::process::id() as i32).unwrap();
        let own = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap();
        let error = release_memory(&own).unwrap_err();
        assert!(error.to_string().contains("it is not being killed"), "{error}");
        let file = tempfile::tempfile().unwrap();
        assert_eq!(release_memory(&file).unwrap_err().reason(), &Reason::System(Errno::BADF));
    }
}
