//! Processes that may not be seen, or not be read, by the user who asks.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Child, Command, Stdio},
};

use linux_support_base::{Error, GroupId, Machine, Pid, Reading, Reason, UserId};
use linux_support_process::{Address, Process, ProcessDetail, ProcessHandle, ProcessList, State, processes};
use linux_support_security::{Scope, identity::Credentials};

use crate::with_own_proc;

/// A user and group that have nothing.
const NOBODY: u32 = 65_534;

/// A program that sleeps, until this is dropped.
struct Sleeper(Child);

impl Sleeper {
    fn start(command: &mut Command, machine: &Machine) -> Self {
        let sleeper = Self(command.arg("60").stdout(Stdio::null()).spawn().unwrap());
        while Process::open(machine, sleeper.pid()).unwrap().stat().unwrap().state != State::Sleeping {
            std::thread::yield_now();
        }
        sleeper
    }

    fn of_root(machine: &Machine) -> Self {
        Self::start(&mut Command::new("sleep"), machine)
    }

    fn of_nobody(machine: &Machine) -> Self {
        Self::start(Command::new("sleep").uid(NOBODY).gid(NOBODY), machine)
    }

    fn pid(&self) -> Pid {
        Pid::new(self.0.id().cast_signed()).unwrap()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs `test` in `/proc` with `options`, in a thread without privileges; with root's and nobody's process.
fn as_nobody(name: &str, options: &str, test: impl FnOnce(&Machine, Pid, Pid) + Send) {
    with_own_proc(name, options, || {
        // In a user namespace that has one user there is nobody else.
        if fs::read_to_string("/proc/self/uid_map").unwrap().split_whitespace().nth(2) == Some("1") {
            return println!("skipped: there is one user only");
        }
        let machine = Machine::live().unwrap();
        let (roots, nobodys) = (Sleeper::of_root(&machine), Sleeper::of_nobody(&machine));
        let (of_root, of_nobody) = (roots.pid(), nobodys.pid());
        let outcome = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let (user, group) = (UserId::new(NOBODY), GroupId::new(NOBODY));
                    let all = Credentials { real: group, effective: group, saved: group, filesystem: group };
                    all.set(Scope::Thread).unwrap();
                    let all = Credentials { real: user, effective: user, saved: user, filesystem: user };
                    all.set(Scope::Thread).unwrap();
                    test(&machine, of_root, of_nobody);
                })
                .join()
        });
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
}

fn listed(machine: &Machine) -> Vec<Pid> {
    processes(machine).unwrap().map(|record| record.pid).collect()
}

fn is_denied(error: &Error) -> bool {
    matches!(error.reason(), Reason::PermissionDenied { .. })
}

/// That there is no process `hidden`, as far as this user may know, but `seen` and the caller.
fn is_hidden(machine: &Machine, hidden: Pid, seen: &[Pid]) {
    let pids = listed(machine);
    assert!(!pids.contains(&hidden), "{hidden} in {pids:?}");
    assert!(seen.iter().all(|pid| pids.contains(pid)), "{seen:?} in {pids:?}");
    let list = ProcessList::read(machine).unwrap();
    assert!(list.unreadable.is_empty(), "{:?}", list.unreadable);
    assert_eq!(list.processes.iter().map(|process| process.pid).collect::<Vec<_>>(), pids);
    let error = Process::open(machine, hidden).unwrap_err();
    // Of what may not be traced the kernel says so, if somebody who may has looked at it before.
    assert!(error.reason() == &Reason::Absent || is_denied(&error), "{error}");
    let error = ProcessHandle::open(machine.as_live().unwrap(), hidden).unwrap_err();
    assert!(error.reason() == &Reason::Gone || is_denied(&error), "{error}");
    for handle in ProcessHandle::all(machine.as_live().unwrap()).unwrap() {
        assert_ne!(handle.unwrap().pid(), hidden);
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator can't be started anew")]
fn an_invisible_process_is_not_listed_and_not_there() {
    as_nobody(
        "hidden::an_invisible_process_is_not_listed_and_not_there",
        "hidepid=invisible",
        |machine, of_root, of_nobody| {
            is_hidden(machine, of_root, &[Pid::INIT, of_nobody]);
            let error = Process::open(machine, of_root).unwrap_err();
            assert_eq!(error.reason(), &Reason::Absent, "{error}");
            ProcessDetail::read(&Process::open(machine, of_nobody).unwrap()).unwrap();
        },
    );
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator can't be started anew")]
fn the_group_of_the_mount_sees_what_is_invisible_to_others() {
    as_nobody(
        "hidden::the_group_of_the_mount_sees_what_is_invisible_to_others",
        "hidepid=invisible,gid=65534",
        |machine, of_root, _| {
            assert!(listed(machine).contains(&of_root));
            assert_eq!(Process::open(machine, of_root).unwrap().stat().unwrap().name, "sleep");
        },
    );
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator can't be started anew")]
fn what_may_not_be_traced_is_hidden_even_of_the_same_user() {
    // Its own program can't be read by its user, so that it may not be traced.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("sleep");
    fs::copy("/bin/sleep", &program).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o711)).unwrap();
    as_nobody(
        "hidden::what_may_not_be_traced_is_hidden_even_of_the_same_user",
        "hidepid=ptraceable,gid=65534",
        move |machine, of_root, of_nobody| {
            is_hidden(machine, of_root, &[Pid::INIT, of_nobody]);
            let mut command = Command::new(&program);
            let secret = Sleeper(command.arg("60").stdout(Stdio::null()).spawn().unwrap());
            // Until it runs its program it is a copy of this one.
            while listed(machine).contains(&secret.pid()) {
                std::thread::yield_now();
            }
            is_hidden(machine, secret.pid(), &[Pid::INIT, of_nobody]);
        },
    );
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator can't be started anew")]
fn a_process_without_access_is_told_as_one_that_may_not_be_read() {
    as_nobody(
        "hidden::a_process_without_access_is_told_as_one_that_may_not_be_read",
        "hidepid=noaccess",
        |machine, of_root, of_nobody| {
            let record = processes(machine).unwrap().find(|record| record.pid == of_root).unwrap();
            for error in
                [record.stat.error(), record.status.error(), record.command_line.error()].map(Option::unwrap)
            {
                assert!(is_denied(error), "{error}");
            }
            let list = ProcessList::read(machine).unwrap();
            let unreadable: Vec<_> = list.unreadable.iter().map(|process| process.pid).collect();
            assert_eq!(unreadable, [of_root]);
            let shown: Vec<_> = list.processes.iter().map(|process| process.pid).collect();
            assert_eq!(shown, [Pid::INIT, of_nobody]);
            let error = Process::open(machine, of_root).unwrap_err();
            assert!(is_denied(&error), "{error}");
            let error = ProcessHandle::open(machine.as_live().unwrap(), of_root).unwrap_err();
            assert!(is_denied(&error), "{error}");
        },
    );
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator can't be started anew")]
fn what_needs_permission_is_denied_and_hides_nothing_else() {
    as_nobody("hidden::what_needs_permission_is_denied_and_hides_nothing_else", "", |machine, of_root, _| {
        let process = Process::open(machine, of_root).unwrap();
        let detail = ProcessDetail::read(&process).unwrap();
        let stat = detail.stat.value().unwrap();
        assert_eq!((stat.name.as_str(), stat.start_stack.get()), (Some("sleep"), 0), "no addresses");
        assert_eq!(detail.status.value().unwrap().users.effective, UserId::new(0));
        assert_eq!(detail.command_line.value().unwrap().arguments().count(), 2);
        assert!(detail.limits.value().is_some() && detail.memory_pages.value().is_some());
        fn error<T>(reading: &Reading<T>) -> &Error {
            reading.error().unwrap()
        }
        for error in [
            error(&detail.executable),
            error(&detail.working_directory),
            error(&detail.root),
            error(&detail.descriptors),
            error(&detail.namespaces),
            error(&detail.input_output),
            error(&detail.personality),
            &process.environment().unwrap_err(),
            &process.auxiliary_vector().unwrap_err(),
            &process.in_kernel().unwrap_err(),
            &process.memory_file().unwrap_err(),
        ] {
            assert!(is_denied(error), "{error}");
            assert!(error.to_string().contains("CAP_SYS_PTRACE"), "{error}");
        }
        let mut byte = [0];
        let read = process.memory().and_then(|memory| memory.read(Address::new(1 << 16), &mut byte));
        assert!(is_denied(&read.unwrap_err()));
    });
}
