//! Processes of this machine that the tests start themselves, against what `ps` and the kernel say of them.

use std::{
    collections::BTreeSet,
    fs,
    io::Read,
    os::fd::AsRawFd,
    os::unix::{ffi::OsStrExt, process::CommandExt},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};

use linux_support_base::{Limit, Machine, Pid, Reason};
use linux_support_process::{
    CommandLine, DescriptorTarget, Groups, Process, ProcessDetail, ProcessList, ProcessTree, State, Users,
    processes,
};

/// A child that is killed and waited for at the end.
struct Kept(Child);

impl Kept {
    fn sleeping() -> Self {
        Self(Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap())
    }

    fn pid(&self) -> Pid {
        Pid::new(self.0.id().cast_signed()).unwrap()
    }

    fn wait_until(&self, machine: &Machine, ready: impl Fn(&Process<'_>) -> bool) {
        let process = Process::open(machine, self.pid()).unwrap();
        for _ in 0..500 {
            if ready(&process) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("the child did not become what it should");
    }

    fn wait_until_it_sleeps(&self, machine: &Machine) {
        self.wait_until(machine, |process| {
            let stat = process.stat().unwrap();
            stat.state == State::Sleeping && !stat.flags.is_forked_without_exec()
        });
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_ps_says_of_a_child_is_what_the_list_says() {
    let machine = Machine::live().unwrap();
    let child =
        Kept(Command::new("nice").args(["-n", "7", "sleep", "61.5"]).stdout(Stdio::null()).spawn().unwrap());
    child.wait_until(&machine, |process| process.name().unwrap() == "sleep");
    child.wait_until_it_sleeps(&machine);
    let output = Command::new("ps")
        .args(["-o", "ppid=,euid=,euser=,s=,nlwp=,ni=,rss=,vsz=,cls=,tty=,comm=,args=", "-p"])
        .arg(child.pid().to_string())
        .output();
    let Ok(output) = output else {
        return println!("skipped: no ps");
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let list = ProcessList::read(&machine).unwrap();
    let ours = list.processes.iter().find(|process| process.pid == child.pid()).unwrap();
    let user = ours.user.value().unwrap();
    let name = user.name.as_ref().map_or_else(|| user.id.to_string(), ToString::to_string);
    let class = if ours.policy.to_string() == "other" { "TS" } else { "?" };
    let shown = [
        ours.parent.unwrap().to_string(),
        user.id.to_string(),
        name,
        char::from(ours.state.letter()).to_string(),
        ours.threads.to_string(),
        ours.nice.to_string(),
        ours.resident.value().unwrap().kib().to_string(),
        ours.virtual_memory.kib().to_string(),
        class.to_owned(),
        ours.terminal.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string),
        ours.name.to_string(),
        ours.command().to_string(),
    ];
    assert_eq!(text.split_whitespace().collect::<Vec<_>>().join(" "), shown.join(" "));
    assert!(!ours.kernel_thread);
    assert_eq!(ours.priority.get(), 27);

    let boot = list.boot_time.value().unwrap().time().unwrap();
    let age = (boot + ours.start.unwrap()).elapsed().unwrap_or_default();
    assert!(age.as_secs() < 120, "{age:?}");
    let tree: ProcessTree = list.processes.iter().collect();
    assert_eq!(tree.parent(child.pid()).map(Pid::number), Some(std::process::id().cast_signed()));
    assert_eq!(tree.walk().count(), list.processes.len());
}

#[test]
fn a_name_with_brackets_and_newlines_is_the_same_in_every_file() {
    let machine = Machine::live().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join(std::ffi::OsStr::from_bytes(b") R 1\n\\(\xff"));
    fs::copy("/bin/sleep", &program).unwrap();
    // Another test may fork while the copy is still open for writing.
    let child = loop {
        match Command::new(&program).arg0("other name").arg("60").spawn() {
            Ok(child) => break Kept(child),
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
            Err(error) => panic!("{error}"),
        }
    };
    // A program's name is there before its arguments are.
    child.wait_until_it_sleeps(&machine);
    let process = Process::open(&machine, child.pid()).unwrap();
    let name = b") R 1\n\\(\xff";
    assert_eq!(process.stat().unwrap().name.as_bytes(), name);
    assert_eq!(process.status().unwrap().name.as_bytes(), name);
    assert_eq!(process.name().unwrap().as_bytes(), name);
    assert_eq!(process.executable().unwrap().path.as_bytes(), program.as_os_str().as_bytes());
    let line = process.command_line().unwrap();
    assert_eq!(line.arguments().collect::<Vec<_>>(), [&b"other name"[..], b"60"]);
    fs::remove_file(&program).unwrap();
    let executable = process.executable().unwrap();
    assert!(executable.deleted);
    assert_eq!(executable.path.as_bytes(), program.as_os_str().as_bytes());
}

#[test]
fn a_process_that_has_ended_is_gone_and_a_zombie_is_not() {
    let machine = Machine::live().unwrap();
    let mut child = Kept::sleeping();
    child.wait_until_it_sleeps(&machine);
    let process = Process::open(&machine, child.pid()).unwrap();
    assert!(process.ensure_alive().is_ok());
    child.0.kill().unwrap();
    child.wait_until(&machine, |process| process.stat().unwrap().state == State::Zombie);
    assert!(process.command_line().unwrap().is_empty());
    assert_eq!(process.executable().unwrap_err().reason(), &Reason::Absent);
    assert!(ProcessDetail::read(&process).is_ok());
    let list = ProcessList::read(&machine).unwrap();
    let zombie = list.processes.iter().find(|process| process.pid == child.pid()).unwrap();
    assert_eq!(zombie.command().to_string(), "[sleep] <defunct>");
    assert_eq!(zombie.resident.value().unwrap().get(), 0);

    child.0.wait().unwrap();
    for error in [
        process.stat().unwrap_err(),
        process.status().unwrap_err(),
        process.executable().unwrap_err(),
        process.limits().unwrap_err(),
        process.thread_ids().unwrap_err(),
        process.children().unwrap_err(),
        process.namespaces().unwrap_err(),
        process.descriptors().unwrap_err(),
        process.thread(child.pid()).unwrap_err(),
        ProcessDetail::read(&process).unwrap_err(),
        process.ensure_alive().unwrap_err(),
    ] {
        assert_eq!(error.reason(), &Reason::Gone, "{error}");
    }
    assert_eq!(Process::open(&machine, child.pid()).unwrap_err().reason(), &Reason::Absent);
}

#[test]
fn threads_and_children_are_listed() {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let (ready, wait) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("a (thread)".to_owned());
        thread
            .spawn_scoped(scope, || {
                ready.wait();
                wait.wait();
            })
            .unwrap();
        ready.wait();
        let stats = process.thread_stats().unwrap();
        let stat = stats.iter().find(|stat| stat.name == "a (thread)").unwrap();
        let thread = process.thread(stat.pid).unwrap();
        assert_eq!(thread.status().unwrap().process, process.pid());
        assert_eq!(thread.name().unwrap(), "a (thread)");
        assert!(process.thread_ids().unwrap().contains(&stat.pid));
        wait.wait();
    });
    let child = Kept::sleeping();
    match process.children() {
        Ok(children) => assert!(children.contains(&child.pid())),
        Err(error) => assert!(error.is_absent(), "{error}"),
    }
    assert_eq!(process.thread(Pid::INIT).unwrap_err().reason(), &Reason::Absent);
}

#[test]
fn descriptors_are_told_by_kind() {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let file = tempfile::tempfile_in("/tmp").unwrap();
    let (reader, _writer) = std::io::pipe().unwrap();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let null = fs::File::open("/dev/null").unwrap();
    let namespace = fs::File::open("/proc/self/ns/uts").unwrap();
    let descriptors = process.descriptors().unwrap();
    let target = |raw: i32| {
        let found = descriptors.iter().find(|descriptor| descriptor.number.get() == raw.cast_unsigned());
        found.unwrap().target.value().unwrap().clone()
    };
    assert!(matches!(target(file.as_raw_fd()), DescriptorTarget::Path { deleted: true, .. }));
    assert!(matches!(target(reader.as_raw_fd()), DescriptorTarget::Pipe { .. }));
    assert!(matches!(target(socket.as_raw_fd()), DescriptorTarget::Socket { .. }));
    let device = DescriptorTarget::Path { path: "/dev/null".into(), deleted: false };
    assert_eq!(target(null.as_raw_fd()), device);
    let DescriptorTarget::Namespace { namespace } = target(namespace.as_raw_fd()) else {
        panic!("a namespace is not told");
    };
    let namespaces = process.namespaces().unwrap();
    assert!(namespaces.iter().any(|link| link.name == "uts" && link.namespace == namespace));
}

#[test]
#[cfg_attr(user_emulation, ignore = "the command line that the kernel has is the emulator's")]
fn the_caller_is_what_its_system_calls_say() {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let status = process.status().unwrap();
    assert_eq!(status.users.effective.number(), rustix::process::geteuid().as_raw());
    assert_eq!(status.groups.real.number(), rustix::process::getgid().as_raw());
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let ours = process.limits().unwrap().open_files.unwrap();
    assert_eq!(ours.soft, limit.current.map_or(Limit::Max, Limit::At));
    assert_eq!(ours.hard, limit.maximum.map_or(Limit::Max, Limit::At));
    let arguments: Vec<_> = std::env::args_os().collect();
    let line = process.command_line().unwrap();
    assert!(line.arguments().eq(arguments.iter().map(|argument| argument.as_bytes())));
    let directory = process.working_directory().unwrap();
    assert_eq!(directory.path.as_path(), std::env::current_dir().unwrap());
    assert_eq!(process.stat().unwrap().pid, status.pid);
    assert!(status.other.is_empty(), "{:?}", status.other);
    assert!(process.limits().unwrap().other.is_empty());
}

#[cfg(feature = "serde")]
#[test]
fn the_whole_of_a_process_has_no_malformed_part() {
    let machine = Machine::live().unwrap();
    for record in processes(&machine).unwrap().take(200) {
        let Ok(process) = Process::open(&machine, record.pid) else { continue };
        let Ok(detail) = ProcessDetail::read(&process) else { continue };
        let value = serde_json::to_value(&detail).unwrap();
        for part in value.as_object().unwrap().values() {
            assert_ne!(part["unavailable"]["reason"], "malformed", "{part}");
        }
    }
}

#[test]
fn users_are_those_of_the_system() {
    let machine = Machine::live().unwrap();
    let users = Users::read(&machine).unwrap();
    let id = rustix::process::geteuid().as_raw();
    let output = Command::new("id").arg("-un").output().unwrap();
    let name = String::from_utf8(output.stdout).unwrap();
    if let Some(ours) = users.name(id.into()) {
        assert_eq!(ours.to_string(), name.trim_end());
    }
    assert!(users.other().is_empty() || !users.users().is_empty());
    assert_eq!(Groups::read(&machine).unwrap().name(0.into()).map(ToString::to_string), Some("root".into()));
}

/// Three thousand processes come and go while the list is read: what is listed is true, and what has gone is left
/// out.
#[test]
#[cfg_attr(user_emulation, ignore = "listing is too slow there to meet a process that ends at once")]
fn a_storm_of_short_processes_gives_no_false_result() {
    const SPAWNS: usize = 3000;
    let machine = Machine::live().unwrap();
    let caller = Pid::new(std::process::id().cast_signed()).unwrap();
    let own_line = Process::of_caller(&machine).unwrap().command_line().unwrap();
    let true_line = CommandLine::parse(b"/bin/true\0").unwrap();
    let done = AtomicBool::new(false);
    let mut seen = BTreeSet::new();
    std::thread::scope(|scope| {
        let spawner = scope.spawn(|| {
            for _ in 0..SPAWNS / 8 {
                let children: Vec<_> = (0..8).map(|_| Command::new("/bin/true").spawn().unwrap()).collect();
                children.into_iter().for_each(|mut child| assert!(child.wait().unwrap().success()));
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) && !spawner.is_finished() {
            for record in processes(&machine).unwrap() {
                let stat = record.stat.as_result().unwrap();
                let status = record.status.as_result().unwrap();
                let line = record.command_line.as_result().unwrap();
                assert_eq!((stat.pid, status.pid, status.process), (record.pid, record.pid, record.pid));
                if stat.parent != Some(caller) || stat.name != "true" {
                    continue;
                }
                seen.insert(record.pid);
                assert_eq!(stat.process_group, status_group(&machine, caller));
                // The line of a child is its parent's until it becomes its program, and empty in the middle of that.
                assert!(line.is_empty() || *line == true_line || *line == own_line, "{line:?}");
                if let Ok(process) = Process::open(&machine, record.pid) {
                    match ProcessDetail::read(&process) {
                        Ok(detail) => {
                            assert_eq!(detail.stat.map(|stat| stat.pid).value(), Some(&record.pid));
                        }
                        Err(error) => assert_eq!(error.reason(), &Reason::Gone, "{error}"),
                    }
                }
            }
            let list = ProcessList::read(&machine).unwrap();
            assert!(list.unreadable.is_empty(), "{:?}", list.unreadable);
            assert!(list.processes.iter().any(|process| process.pid == caller));
        }
    });
    assert!(!seen.is_empty());
}

fn status_group(machine: &Machine, pid: Pid) -> Option<Pid> {
    Process::open(machine, pid).unwrap().stat().unwrap().process_group
}

#[test]
fn a_captured_process_is_read_as_a_live_one() {
    let live = Machine::live().unwrap();
    let child = Kept(Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
    child.wait_until_it_sleeps(&live);
    let pid = child.pid();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join(format!("proc/{pid}"));
    fs::create_dir_all(&target).unwrap();
    for file in ["stat", "status", "cmdline", "limits", "statm"] {
        let mut bytes = Vec::new();
        fs::File::open(format!("/proc/{pid}/{file}")).unwrap().read_to_end(&mut bytes).unwrap();
        fs::write(target.join(file), bytes).unwrap();
    }
    let captured = Machine::captured(folder.path()).unwrap();
    let list = ProcessList::read(&captured).unwrap();
    assert_eq!(list.processes.len(), 1);
    let process = &list.processes[0];
    assert_eq!((process.pid, process.command().to_string()), (pid, "cat".to_owned()));
    assert_eq!((process.cpu_time, process.user.value().unwrap().name.clone()), (None, None));
    assert!(list.boot_time.is_absent());
    let open = Process::open(&captured, pid).unwrap();
    let detail = ProcessDetail::read(&open).unwrap();
    assert!(detail.limits.value().is_some() && detail.input_output.is_absent());
}
