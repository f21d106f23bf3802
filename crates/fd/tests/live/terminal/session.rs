//! Whose terminal it is.

use std::{
    env,
    os::unix::process::CommandExt,
    process::{Child, Command},
};

use linux_support_base::{Errno, Pid, Reason, Signal};
use linux_support_fd::{PseudoTerminal, Terminal, WindowSize};

use super::{pair, soon};
use crate::open::Open;

const CHILD: &str = "LINUX_SUPPORT_TERMINAL_CHILD";

/// What the terminal shows until all have closed it, or until `enough` of it is there.
fn shown(controller: &PseudoTerminal, enough: impl Fn(&str) -> bool) -> String {
    let (mut text, mut buffer) = (String::new(), [0; 1024]);
    while !enough(&text) {
        match controller.read(&mut buffer).unwrap() {
            0 => break,
            length => text.push_str(&String::from_utf8_lossy(&buffer[..length])),
        }
    }
    text
}

fn own_pid() -> Pid {
    Pid::new(std::process::id().cast_signed()).unwrap()
}

/// Starts `command` on the terminal's side.
fn start(terminal: Terminal, mut command: Command) -> Child {
    terminal.attach(&mut command).unwrap();
    heed_signals(&mut command);
    command.spawn().unwrap()
}

/// Who starts tests in the background or under nohup has them ignore these signals, and a shell that was started so
/// can't trap them.
#[expect(unsafe_code, reason = "std asks for a promise of what is done between fork and execve")]
fn heed_signals(command: &mut Command) {
    let heed = || {
        for signal in [libc::SIGINT, libc::SIGHUP] {
            // SAFETY: the default is a valid disposition.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        Ok(())
    };
    // SAFETY: `signal` is safe between fork and execve.
    unsafe { command.pre_exec(heed) };
}

/// This test again, as the child.
fn myself(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", &format!("terminal::session::{test}"), "--nocapture"]).env(CHILD, "1");
    command
}

#[test]
fn a_child_leads_a_session_with_the_terminal() {
    let _open = Open::watched();
    if env::var_os(CHILD).is_some() {
        return lead();
    }
    let (controller, terminal) = pair();
    let mut child = start(terminal, myself("a_child_leads_a_session_with_the_terminal"));
    let text = shown(&controller, |_| false);
    assert!(child.wait().unwrap().success(), "{text}");
    assert!(text.contains("written to the controlling terminal"), "{text}");
}

/// The child's part.
fn lead() {
    let terminal = Terminal::of(std::io::stdin()).unwrap();
    assert_eq!(terminal.session().unwrap(), Some(own_pid()));
    assert_eq!(terminal.foreground().unwrap(), Some(own_pid()));
    let controlling = Terminal::controlling().unwrap();
    controlling.write(b"written to the controlling terminal\n").unwrap();

    // In the background a restoring of the modes would stop the process, if it didn't block the signal.
    let raw = terminal.raw().unwrap();
    let mut other = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
    let group = Pid::new(other.id().cast_signed()).unwrap();
    terminal.set_foreground(group).unwrap();
    assert_eq!(controlling.foreground().unwrap(), Some(group));
    raw.restore().unwrap();
    let gone = terminal.set_foreground(Pid::new(i32::MAX).unwrap());
    assert!(gone.is_err());
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_change_of_the_window_is_told_to_the_foreground() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let mut command = Command::new("sh");
    command.args(["-c", "trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.02; done"]);
    let mut child = start(terminal, command);
    shown(&controller, |text| text.contains("ready"));
    controller.set_window(WindowSize { rows: 33, columns: 101, ..WindowSize::default() }).unwrap();
    let text = shown(&controller, |_| false);
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(text.contains("33 101"), "{text}");
}

#[test]
fn the_foreground_is_signalled_as_by_the_keyboard() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let mut command = Command::new("sh");
    command.args(["-c", "trap 'exit 7' INT; echo ready; while :; do sleep 0.02; done"]);
    let mut child = start(terminal, command);
    shown(&controller, |text| text.contains("ready"));
    let error = controller.signal_foreground(Signal::TERM).unwrap_err();
    assert!(error.to_string().ends_with("takes SIGINT, SIGQUIT and SIGTSTP"), "{error}");
    controller.signal_foreground(Signal::INT).unwrap();
    assert!(soon(|| child.try_wait().unwrap().is_some()));
    assert_eq!(child.wait().unwrap().code(), Some(7));
}

#[test]
fn the_session_ends_with_the_controlling_side() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let mut command = Command::new("sh");
    command.args(["-c", "trap 'exit 9' HUP; echo ready; while :; do sleep 0.02; done"]);
    let mut child = start(terminal, command);
    shown(&controller, |text| text.contains("ready"));
    drop(controller);
    assert!(soon(|| child.try_wait().unwrap().is_some()));
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

#[test]
fn a_child_logs_in_between_fork_and_exec_and_may_give_up_the_terminal() {
    let _open = Open::watched();
    if env::var_os(CHILD).is_some() {
        return give_up();
    }
    let (controller, terminal) = pair();
    let mut command = myself("a_child_logs_in_between_fork_and_exec_and_may_give_up_the_terminal");
    log_in(&mut command, terminal);
    let mut child = command.spawn().unwrap();
    drop(command);
    let text = shown(&controller, |_| false);
    assert!(child.wait().unwrap().success(), "{text}");
}

#[expect(unsafe_code, reason = "std asks for a promise of what is done between fork and execve")]
fn log_in(command: &mut Command, terminal: Terminal) {
    // SAFETY: `login` allocates nothing and takes no lock.
    unsafe { command.pre_exec(move || Ok(terminal.login()?)) };
}

/// The child's part.
fn give_up() {
    let terminal = Terminal::of(std::io::stdout()).unwrap();
    assert_eq!(terminal.session().unwrap(), Some(own_pid()));
    // The leader's terminal is that of all its session: they are hung up.
    let _ignored = linux_support_fd::BlockedSignals::block(Signal::HUP).unwrap();
    terminal.make_controlling().unwrap();
    let second = PseudoTerminal::open().unwrap();
    let other = second.peer().unwrap();
    let error = other.make_controlling().unwrap_err();
    assert!(matches!(error.reason(), Reason::PermissionDenied { .. }), "{error}");
    assert_eq!(other.session().unwrap_err().reason(), &Reason::System(Errno::NOTTY));
}

#[test]
fn what_is_not_ones_own_terminal_has_no_foreground_to_ask_for() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    for error in [
        terminal.foreground().unwrap_err(),
        terminal.session().unwrap_err(),
        terminal.set_foreground(own_pid()).unwrap_err(),
        terminal.give_up_controlling().unwrap_err(),
    ] {
        assert_eq!(error.reason(), &Reason::System(Errno::NOTTY), "{error}");
    }
}

mod lab {
    mod any {
        use linux_support_base::Reason;

        use crate::{open::Open, terminal::pair};

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_terminal_that_is_hung_up_is_dead_for_all_that_have_it_open() {
            let _open = Open::watched();
            let (controller, terminal) = pair();
            let other = controller.peer().unwrap();
            terminal.hang_up().unwrap();
            assert_eq!(other.read(&mut [0; 9]).unwrap(), 0);
            assert_eq!(other.write(b"x").unwrap_err().reason(), &Reason::Gone);
            let after = controller.peer().unwrap();
            controller.write(b"next\n").unwrap();
            assert_eq!(after.read(&mut [0; 9]).unwrap(), 5);
        }
    }
}
