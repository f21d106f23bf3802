//! A process becomes a daemon: this test's own program, started again. It has a `main` of its own, since the usual harness
//! runs tests in threads beside its own, and a process with threads can't be forked.

use std::{
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use libtest_mimic::{Arguments, Trial};
use linux_support_base::{Error, Machine, Pid, Signal};
use linux_support_process::{
    ProcessHandle, Umask,
    daemon::{Daemon, Fork},
    own,
};

const FOLDER: &str = "LINUX_SUPPORT_DAEMON_TEST";

/// What this program does in place of testing.
const ACT: &str = "LINUX_SUPPORT_DAEMON_ACT";

fn main() {
    if let (Some(act), Some(folder)) = (std::env::var_os(ACT), std::env::var_os(FOLDER)) {
        return perform(act.to_str().unwrap(), Path::new(&folder));
    }
    let ignored = cfg!(user_emulation);
    let tests = vec![
        Trial::test("a_daemon_is_told_of_when_it_is_ready_and_is_one_in_every_way", || {
            a_daemon_is_told_of_when_it_is_ready_and_is_one_in_every_way();
            Ok(())
        })
        .with_ignored_flag(ignored),
        Trial::test("what_a_daemon_can_not_do_is_its_starters_error", || {
            what_a_daemon_can_not_do_is_its_starters_error();
            Ok(())
        })
        .with_ignored_flag(ignored),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests).exit();
}

/// Runs this program anew, to do this.
fn run(act: &str, folder: &Path) -> Output {
    let program = std::env::current_exe().unwrap();
    Command::new(program).env(ACT, act).env(FOLDER, folder).output().unwrap()
}

fn a_daemon_is_told_of_when_it_is_ready_and_is_one_in_every_way() {
    let folder = tempfile::tempdir().unwrap();
    let output = run("it_becomes_a_daemon", folder.path());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let number = std::fs::read_to_string(folder.path().join("daemon.pid")).unwrap();
    let pid = Pid::parse(number.trim().as_bytes()).unwrap();
    assert!(text.contains(&format!("started {pid};")), "{text}");
    let machine = Machine::live().unwrap();
    let daemon = ProcessHandle::open(machine.as_live().unwrap(), pid).unwrap();
    let stat = daemon.stat().unwrap();
    // In a session of its own that it doesn't lead, and whose leader has ended.
    assert_ne!(stat.session, Some(pid));
    assert_ne!(stat.session, own::session_of(None).unwrap());
    assert_eq!(stat.terminal, None);
    assert_eq!(daemon.status().unwrap().umask, Some(Umask::new(0o027)));
    let link = |name: &str| std::fs::read_link(format!("/proc/{pid}/{name}")).unwrap();
    assert_eq!(link("cwd"), folder.path().canonicalize().unwrap());
    for number in 0..3 {
        assert_eq!(link(&format!("fd/{number}")), Path::new("/dev/null"));
    }
    // A second one is refused, by name of the first.
    let second = run("it_becomes_a_daemon", folder.path());
    let text = String::from_utf8_lossy(&second.stdout).into_owned();
    assert!(text.contains(&format!("is held by process {pid}, which runs")), "{text}");
    daemon.send_signal(Signal::KILL).unwrap();
    assert!(daemon.wait_for_end(Some(Duration::from_secs(20))).unwrap());
}

fn what_a_daemon_can_not_do_is_its_starters_error() {
    let folder = tempfile::tempdir().unwrap();
    for (name, expected) in [
        ("it_has_no_directory", "change directory to /no/such/directory: absent"),
        ("it_says_that_it_failed", "open a socket: no such address"),
        ("it_ends_early", "it ended before it was ready"),
        ("it_has_other_threads", "become a daemon before there are any"),
    ] {
        let output = run(name, folder.path());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains(expected), "{name}: {text}{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn perform(act: &str, folder: &Path) {
    let outcome = match act {
        "it_becomes_a_daemon" => {
            Daemon::new().directory(folder).umask(Umask::new(0o027)).pid_file("daemon.pid").fork()
        }
        "it_has_no_directory" => Daemon::new().directory("/no/such/directory").fork(),
        "it_has_other_threads" => {
            let thread = std::thread::spawn(std::thread::park);
            let outcome = Daemon::new().fork();
            thread.thread().unpark();
            thread.join().unwrap();
            outcome
        }
        _ => Daemon::new().fork(),
    };
    match outcome {
        Ok(Fork::Starter(pid)) => println!("started {pid};"),
        Ok(Fork::Daemon(starting)) => match act {
            "it_becomes_a_daemon" => {
                let _running = starting.ready().unwrap();
                // Until it is killed; and not for ever.
                std::thread::sleep(Duration::from_secs(60));
            }
            "it_says_that_it_failed" => {
                starting.failed(&Error::invalid("open", "a socket", "no such address"));
            }
            _ => {}
        },
        Err(error) => println!("{error}"),
    }
}
