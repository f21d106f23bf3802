//! What needs a `/proc` of its own: each test runs itself again as the first process of new namespaces.

mod hidden;
mod storm;

use std::{env, fs::File, io::Read};

use linux_support_base::{NamespaceKinds, Reason, Signal};
use linux_support_process::spawn::{Program, Stream, WhenDropped};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};

/// Says to the inner process that it is the one.
const INSIDE: &str = "LINUX_SUPPORT_INSIDE";

/// Runs `body` in the test of this name, as the first process of namespaces where `/proc` is mounted with `options`. What
/// it starts ends with it.
fn with_own_proc(test: &str, options: &str, body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some_and(|inside| inside == test) {
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        let options = std::ffi::CString::new(options).unwrap();
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        if let Err(errno) =
            mount_change("/", private).and_then(|()| mount("proc", "/proc", "proc", flags, &*options))
        {
            return println!("skipped: no /proc of its own: {errno}");
        }
        return body();
    }
    let kinds = NamespaceKinds::PID | NamespaceKinds::MOUNT | NamespaceKinds::IPC;
    let program = |user| {
        let program = Program::of_descriptor(File::open(env::current_exe().unwrap()).unwrap())
            .arguments([test, "--exact", "--nocapture", "--test-threads=1"])
            .environment([(INSIDE, test)])
            .environment(env::vars_os().filter(|(name, _)| name == "PATH" || name == "TMPDIR"))
            .new_namespaces(kinds)
            .parent_death_signal(Signal::KILL)
            .when_dropped(WhenDropped::Kill)
            .output(Stream::Pipe)
            .error(Stream::Inherit);
        if user { program.new_user_namespace(0.into(), 0.into()) } else { program }
    };
    let denied =
        |error: &linux_support_base::Error| matches!(error.reason(), Reason::PermissionDenied { .. });
    let started = match program(false).spawn() {
        Err(error) if denied(&error) => program(true).spawn(),
        started => started,
    };
    let mut started = match started {
        Ok(started) => started,
        Err(error) => return println!("skipped: no namespaces: {error}"),
    };
    let mut text = String::new();
    started.output.take().unwrap().read_to_string(&mut text).unwrap();
    let ended = started.wait().unwrap().event;
    println!("{text}");
    assert!(ended.is_success(), "{ended:?}");
    assert!(text.contains("test result: ok. 1 passed"), "the test {test} is not there");
}
