//! A test that runs once more, as another process.

use std::{
    io::Read,
    os::{
        fd::{AsFd, OwnedFd},
        unix::process::ExitStatusExt,
    },
    process::{Command, ExitStatus, Stdio},
};

use linux_support_base::{Signal, SignalSet, signal::SignalInformation};
use linux_support_process::signals::{Reaction, SignalHandler, set_signals_of_command};
use rustix::process::{Resource, Rlimit, setrlimit};

const CHILD: &str = "LINUX_SUPPORT_SIGNALS";

/// What a child left behind.
#[derive(Debug)]
pub(crate) struct Child {
    /// What it wrote to its descriptor 0, which is a pipe to the parent.
    pub(crate) written: Vec<u8>,
    pub(crate) errors: String,
    pub(crate) status: ExitStatus,
}

impl Child {
    /// The signals that were told, each as the kernel's 128 bytes.
    pub(crate) fn informations(&self) -> Vec<SignalInformation> {
        assert_eq!(self.written.len() % SignalInformation::SIZE, 0, "{self:?}");
        self.written
            .chunks(SignalInformation::SIZE)
            .map(|bytes| SignalInformation::parse(bytes).unwrap())
            .collect()
    }

    /// The one signal that was told, which ended the child; `None` where it said on standard error that it can't be
    /// raised here, which is then printed.
    pub(crate) fn ended_by(&self) -> Option<SignalInformation> {
        if let Some(reason) = self.errors.lines().find(|line| line.starts_with("skipped: ")) {
            println!("{reason}");
            return None;
        }
        let informations = self.informations();
        let [information] = informations[..] else { panic!("{self:?}") };
        assert_eq!(self.status.signal(), Some(i32::from(information.signal.number())), "{self:?}");
        Some(information)
    }
}

/// Runs `work` in another process, which then ends with 0, and gives what it left behind. `test` is the path of the test
/// that calls this.
pub(crate) fn in_child(test: &str, work: impl FnOnce()) -> Child {
    in_child_blocking(SignalSet::EMPTY, test, work)
}

/// As [`in_child`], with `signals` blocked from the beginning, in each of its threads.
pub(crate) fn in_child_blocking(signals: SignalSet, test: &str, work: impl FnOnce()) -> Child {
    if std::env::var_os(CHILD).is_some_and(|name| name.as_encoded_bytes() == test.as_bytes()) {
        // Its end is wanted, and its memory of no use.
        let limit = Rlimit { current: Some(0), maximum: Some(0) };
        setrlimit(Resource::Core, limit).unwrap();
        work();
        std::process::exit(0);
    }
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--include-ignored", "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .stdin(Stdio::from(OwnedFd::from(writer)))
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    set_signals_of_command(&mut command, Signal::PIPE, signals).unwrap();
    let child = command.spawn().unwrap();
    // The command holds the pipe's other end.
    drop(command);
    let mut written = Vec::new();
    reader.read_to_end(&mut written).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Child { written, errors, status: output.status }
}

/// The child's descriptor to the parent.
pub(crate) fn to_parent() -> OwnedFd {
    std::io::stdin().as_fd().try_clone_to_owned().unwrap()
}

/// Has `signals` told to the parent, and then do what they do by default.
pub(crate) fn tell(signals: impl Into<SignalSet>) {
    for signal in signals.into().iter() {
        SignalHandler::new(Reaction::forward(to_parent()).unwrap())
            .replacing()
            .ending()
            .blocking(SignalSet::ALL)
            .install(signal)
            .unwrap()
            .keep();
    }
}

/// Says that something can't be raised here, and ends the child.
pub(crate) fn skip(reason: impl std::fmt::Display) -> ! {
    eprintln!("skipped: {reason}");
    std::process::exit(0)
}

/// The path of a test of this file, for [`in_child`].
macro_rules! test_path {
    ($name:ident) => {{
        let path = concat!(module_path!(), "::", stringify!($name));
        path.split_once("::").unwrap().1
    }};
}
pub(crate) use test_path;

/// A test that raises a signal in a child and looks at what is told of it; once here, and once in that machine of the
/// lab: a test that `any` of them runs has to be there on every architecture.
macro_rules! raises {
    ($machine:ident: $($(#[$attribute:meta])* $name:ident: $raise:expr => $check:expr;)*) => {
        $(
            #[test]
            #[cfg_attr(user_emulation, ignore = "the emulator raises what it knows")]
            $(#[$attribute])*
            fn $name() {
                let child = $crate::child::in_child($crate::child::test_path!($name), || {
                    $crate::child::tell($crate::child::TOLD);
                    $raise;
                });
                if let Some(information) = child.ended_by() {
                    let check: fn(linux_support_base::signal::SignalInformation) = $check;
                    check(information);
                }
            }
        )*

        mod lab {
            mod $machine {
                $(
                    #[test]
                    #[ignore = "runs in the lab: cargo xtask lab"]
                    $(#[$attribute])*
                    fn $name() {
                        let child = $crate::child::in_child($crate::child::test_path!($name), || {
                            $crate::child::tell($crate::child::TOLD);
                            { use super::super::*; $raise; }
                        });
                        if let Some(information) = child.ended_by() {
                            use super::super::*;
                            let check: fn(linux_support_base::signal::SignalInformation) = $check;
                            check(information);
                        }
                    }
                )*
            }
        }
    };
}
pub(crate) use raises;

/// What a child tells of.
pub(crate) const TOLD: SignalSet = SignalSet::FAULTS.with(Signal::USR1);
