//! Starting programs: what they are given, what they are born into, and what is done before they run.
//!
//! A [`Program`] is given nothing that is not named: an empty environment, `/dev/null` as its standard streams, no other
//! descriptors, every signal as the kernel treats it, none blocked. What else is to be done before it runs is a [`Step`]:
//! the methods of [`Program`] put the usual ones where they belong, and others can be added.
//!
//! ```
//! use std::io::Read;
//! use linux_support_process::spawn::{Program, Stream};
//!
//! # if cfg!(user_emulation) { return Ok(()) }
//! let program = Program::new("/bin/sh").arguments(["-c", "echo $GREETING"]).environment([("GREETING", "hello")]);
//! let mut started = program.output(Stream::Pipe).spawn()?;
//! let mut text = String::new();
//! started.output.take().unwrap().read_to_string(&mut text).unwrap();
//! assert_eq!(text, "hello\n");
//! assert!(started.wait()?.event.is_success());
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! # Errors
//! What fails in the child, a step or the run of the program itself, is the error of [`Program::spawn`]: its operation is
//! the step's, its object says for which program. Such a child has ended and been waited for.
//!
//! # How the child comes to be
//! By clone3(2) with `CLONE_VM` and `CLONE_VFORK`: until it runs its program the child shares the memory of the caller,
//! whose thread waits meanwhile, and has a stack of its own with a guard page. A copy (fork) would cost the more the more
//! memory the caller has mapped, would fail where memory may not be overcommitted, and breaks pages that devices write to.
//! What sharing asks for holds here by construction: the child makes only system calls whose arguments were prepared
//! before, so that it takes no lock that another thread held and allocates nothing; all signals are blocked until its
//! handlers are gone; and there is no place for code of others to run in it. What failed it writes to a page that its
//! parent reads, for which no pipe is needed.
//!
//! Changing users makes the shared memory one that is not dumped and may not be traced, which it must be as long as a
//! child of another user sees it; when that runs its program, the caller's is set back to what it was.
//!
//! Where clone3's few instructions are not written for an architecture (all but x86_64, aarch64 and riscv64), the child
//! has a copy of the memory; the rest is the same.
//!
//! # What is not here
//! The signal that a child sends at its end can be chosen with clone3, but execve(2) sets it back to SIGCHLD.
//!
//! # Source
//! clone(2), execveat(2), vfork(2).

mod birth;
mod descriptors;
mod dumpable;
mod given;
mod privileges;
mod program;
mod start;
mod started;
mod step;
mod stream;

pub use program::{Program, WhenDropped};
pub use started::Started;
pub use step::Step;
pub use stream::Stream;
