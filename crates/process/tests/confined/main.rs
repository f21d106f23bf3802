//! A program that is confined by user, capabilities, namespaces, seccomp, Landlock and control group together can do its
//! job, and nothing of a list of forbidden acts, each of which is tried.
#![cfg(not(user_emulation))]

mod acts;

use std::{
    env, fs,
    io::{Read, Write},
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::{PermissionsExt, chown},
            net::{SocketAddr, UnixListener},
        },
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use acts::{ACTS, By, Outside};
use linux_support_base::{Errno, GroupId, Limit, NamespaceKinds, Reason, UserId};
use linux_support_process::{
    ResourceLimit, resource,
    spawn::{Program, Stream},
};
use linux_support_security::{
    Scope,
    capability::Capabilities,
    identity::NewIdentity,
    landlock::{FileRights, PortRights, Rules, Scopes, version},
    seccomp::{Action, AuditArchitecture, Enforcement, Policy, SystemCallGroup, SystemCallSet},
};

/// The user that the program becomes.
const NOBODY: u32 = 65_534;

const FOLDER: &str = "LINUX_SUPPORT_CONFINED_FOLDER";
const VICTIM: &str = "LINUX_SUPPORT_CONFINED_VICTIM";
const PORT: &str = "LINUX_SUPPORT_CONFINED_PORT";
const CGROUP: &str = "LINUX_SUPPORT_CONFINED_CGROUP";
const FREE: &str = "LINUX_SUPPORT_CONFINED_FREE";

/// All that is around the program.
struct Around {
    folder: tempfile::TempDir,
    victim: std::process::Child,
    listener: std::net::TcpListener,
    _sockets: [UnixListener; 2],
    cgroup: Option<PathBuf>,
}

impl Around {
    fn new(cgroup: Option<PathBuf>) -> Self {
        let folder = tempfile::tempdir_in("/var/tmp").or_else(|_| tempfile::tempdir()).unwrap();
        let path = folder.path();
        let mode = |name: &str, mode| {
            fs::set_permissions(path.join(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        mode("", 0o755);
        for (name, bits) in [("private", 0o700), ("shared", 0o777), ("work", 0o755), ("work/mount", 0o755)] {
            fs::create_dir(path.join(name)).unwrap();
            mode(name, bits);
        }
        for (name, bits, text) in [
            ("secret", 0o600, "secret"),
            ("open", 0o666, ""),
            ("shared/removed", 0o666, ""),
            ("work/input", 0o644, "twenty-two"),
            ("work/moved", 0o644, ""),
            ("work/script", 0o755, "#!/bin/sh\nexit 0\n"),
        ] {
            fs::write(path.join(name), text).unwrap();
            mode(name, bits);
        }
        if rustix::process::geteuid().is_root() {
            for name in ["work", "work/mount", "work/input", "work/moved", "work/script"] {
                chown(path.join(name), Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let name = format!("confined-{}", listener.local_addr().unwrap().port());
        let name = SocketAddr::from_abstract_name(name).unwrap();
        let sockets = [
            UnixListener::bind(path.join("private/socket")).unwrap(),
            UnixListener::bind_addr(&name).unwrap(),
        ];
        let victim = Command::new("sleep").arg("300").stdin(Stdio::null()).spawn().unwrap();
        Self { folder, victim, listener, _sockets: sockets, cgroup }
    }

    /// The program that tries everything.
    fn program(&self) -> Program {
        let mut variables = vec![
            (FOLDER, self.folder.path().to_str().unwrap().to_owned()),
            (VICTIM, self.victim.id().to_string()),
            (PORT, self.listener.local_addr().unwrap().port().to_string()),
        ];
        variables.extend(self.cgroup.as_ref().map(|group| (CGROUP, group.to_str().unwrap().to_owned())));
        let limit = ResourceLimit { soft: Limit::At(64), hard: Limit::At(64) };
        let program = Program::new(env::current_exe().unwrap())
            .arguments(["--exact", "tries_everything", "--ignored", "--nocapture", "--test-threads=1"])
            .environment(variables)
            .limit(resource::OPEN_FILES, limit)
            .output(Stream::Pipe)
            .error(Stream::Inherit);
        match &self.cgroup {
            Some(group) => program.cgroup(fs::File::open(group).unwrap()),
            None => program,
        }
    }
}

impl Drop for Around {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

/// Runs it, and gives what it says of each act. `None`, having said so, where it can't be born so here.
fn run(program: &Program) -> Option<Vec<(String, String)>> {
    let mut started = match program.spawn() {
        Ok(started) => started,
        Err(error)
            if matches!(error.reason(), Reason::PermissionDenied { .. } | Reason::NotConfigured { .. }) =>
        {
            println!("skipped: {error}");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let mut said = String::new();
    started.output.take().unwrap().read_to_string(&mut said).unwrap();
    let waited = started.wait().unwrap();
    assert!(waited.event.is_success() && said.contains("\nthe job is done\n"), "{}: {said}", waited.event);
    let acts = said.lines().filter_map(|line| line.strip_prefix("act: ")?.split_once(": "));
    Some(acts.map(|(act, outcome)| (act.to_owned(), outcome.to_owned())).collect())
}

/// That each was refused; and how many there were.
fn all_refused(outcomes: &[(String, String)]) {
    let done: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome == "done").collect();
    assert!(done.is_empty(), "{done:?}");
    assert!(outcomes.len() >= 40, "{}", outcomes.len());
    println!("{} forbidden acts, each refused", outcomes.len());
}

/// The namespaces in which the program is born. Its process numbers are the machine's, so that it can be confined as a
/// whole by what `/proc` says of its threads.
const KINDS: NamespaceKinds = NamespaceKinds::MOUNT
    .union(NamespaceKinds::UTS)
    .union(NamespaceKinds::IPC)
    .union(NamespaceKinds::NETWORK)
    .union(NamespaceKinds::CGROUP);

#[test]
fn a_confined_program_does_its_job_and_nothing_else() {
    if let Err(error) = version() {
        return println!("skipped: {error}");
    }
    let around = Around::new(None);
    let program = around.program().no_new_privileges();
    let program = if rustix::process::geteuid().is_root() {
        program.new_namespaces(KINDS)
    } else {
        program.new_namespaces(KINDS).new_user_namespace(UserId::new(1000), GroupId::new(1000))
    };
    if let Some(outcomes) = run(&program) {
        all_refused(&outcomes);
    }
}

#[test]
#[ignore = "is run by another test"]
fn tries_everything() {
    let variable = |name: &str| env::var(name).expect("the test sets it");
    let folder = PathBuf::from(variable(FOLDER));
    let outside = Outside {
        work: folder.join("work"),
        folder,
        victim: variable(VICTIM).parse().unwrap(),
        port: variable(PORT).parse().unwrap(),
        cgroup: env::var_os(CGROUP).map(PathBuf::from),
    };
    let is_free = env::var_os(FREE).is_some();
    let apart = is_free || confine(&outside.work);
    do_the_job(&outside.work);
    println!("\nthe job is done");
    for (name, by, attempt) in ACTS {
        if *by == By::Cgroup && outside.cgroup.is_none() || *by == By::User && !apart {
            continue;
        }
        match attempt(&outside) {
            Ok(()) => println!("act: {name}: done"),
            Err(error) => println!("act: {name}: {error}"),
        }
    }
}

/// What the program is for: reading what it is given, working on it with a thread, and writing what came out.
fn do_the_job(work: &Path) {
    let begun = Instant::now();
    let input = fs::read_to_string(work.join("input")).unwrap();
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(1));
        writer.write_all(input.to_uppercase().as_bytes()).unwrap();
    });
    let mut output = String::new();
    reader.read_to_string(&mut output).unwrap();
    thread.join().unwrap();
    fs::write(work.join("output"), &output).unwrap();
    fs::rename(work.join("output"), work.join("result")).unwrap();
    assert_eq!(fs::read_to_string(work.join("result")).unwrap(), "TWENTY-TWO");
    assert!(begun.elapsed() >= Duration::from_millis(1));
}

/// Confines the program, for good. Gives whether it is kept apart from other processes of its user.
fn confine(work: &Path) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        NewIdentity::new(UserId::new(NOBODY), GroupId::new(NOBODY)).assume().unwrap();
    } else {
        Capabilities::default().set(Scope::Process).unwrap();
    }
    let files = FileRights::all()
        - FileRights::EXECUTE
        - FileRights::MAKE_CHARACTER_DEVICE
        - FileRights::MAKE_BLOCK_DEVICE;
    let enforced = Rules::new()
        .handle(FileRights::all(), PortRights::all(), Scopes::all())
        .allow_path(work, files)
        .best_effort()
        .enforce(Scope::Process)
        .unwrap();
    println!("\n{enforced}");
    use SystemCallGroup as Group;
    let groups = [
        Group::BasicIo,
        Group::Events,
        Group::Files,
        Group::FileAttributes,
        Group::Network,
        Group::Ipc,
        Group::Memory,
        Group::Threads,
        Group::Processes,
        Group::Signals,
        Group::Clock,
        Group::Timers,
        Group::Identity,
        Group::IdentityChange,
        Group::Resources,
        Group::Information,
    ];
    let calls = groups.into_iter().fold(SystemCallSet::default(), |calls, group| calls | group);
    let never = SystemCallSet::of(&["execve", "execveat", "memfd_create", "fork", "vfork"]).unwrap();
    let policy = Policy::new(Action::error(Errno::PERM)).allow(calls - never).unwrap();
    let filter = policy.compile(AuditArchitecture::NATIVE.unwrap()).unwrap();
    Enforcement::of_process().enforce(&filter).unwrap();
    is_root || enforced.is_whole()
}

mod lab {
    mod any {
        use super::super::*;

        /// A control group with limits, removed in the end.
        struct Scratch(PathBuf);

        impl Scratch {
            fn new(name: &str) -> Self {
                let root = Path::new("/sys/fs/cgroup");
                fs::write(root.join("cgroup.subtree_control"), "+memory +pids").unwrap();
                let path = root.join(name);
                fs::create_dir(&path).unwrap();
                fs::write(path.join("pids.max"), "12").unwrap();
                fs::write(path.join("memory.max"), "134217728").unwrap();
                Self(path)
            }
        }

        impl Drop for Scratch {
            fn drop(&mut self) {
                // It is busy for a moment after its last process has ended.
                let gone = (0..50).any(|_| {
                    thread::sleep(Duration::from_millis(20));
                    fs::remove_dir(&self.0).is_ok()
                });
                assert!(gone || thread::panicking(), "the group is still busy");
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_confined_program_does_its_job_and_nothing_else() {
            let group = Scratch::new("confined");
            let around = Around::new(Some(group.0.clone()));
            let outcomes = run(&around.program().no_new_privileges().new_namespaces(KINDS)).unwrap();
            assert_eq!(outcomes.len(), ACTS.len());
            all_refused(&outcomes);
            let events = fs::read_to_string(group.0.join("pids.events")).unwrap();
            assert!(!events.starts_with("max 0\n"), "the limit of threads has bitten: {events}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_is_forbidden_is_done_where_nothing_forbids_it() {
            let group = Scratch::new("free");
            fs::write(group.0.join("pids.max"), "max").unwrap();
            let around = Around::new(Some(group.0.clone()));
            // Mounts, names and the like are its own, so that the machine stays as it is.
            let kinds = NamespaceKinds::MOUNT | NamespaceKinds::UTS;
            let program = around.program().environment([(FREE, "1")]).new_namespaces(kinds);
            let outcomes = run(&program).unwrap();
            assert_eq!(outcomes.len(), ACTS.len());
            let refused: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome != "done").collect();
            assert!(refused.is_empty(), "{refused:?}");
        }
    }
}
