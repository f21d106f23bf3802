//! What a program does is learned, and is then all that it may do.

use linux_support_base::Errno;
use linux_support_process::{
    learning::{Learned, Learning},
    spawn::{Program, Stream},
};
use linux_support_security::seccomp::{
    Action, AuditArchitecture, Enforcement, Policy, PolicyConfiguration, Program as Filter, SystemCall,
    SystemCallSet,
};

use super::{alone, shell, text};

fn call(name: &str) -> SystemCall {
    SystemCall::from_name(name).unwrap()
}

/// What a shell prints that runs the script, and what it asked for.
fn learn(script: &str) -> (String, Learned) {
    let mut learning = Learning::begin(&shell(script).output(Stream::Pipe)).unwrap();
    let printed = text(&mut learning.started().output);
    let (learned, waited) = learning.finish().unwrap();
    assert!(waited.event.is_success(), "{}", waited.event);
    assert!(learned.is_whole() && learned.foreign().is_empty());
    (printed, learned)
}

fn compile(policy: &Policy) -> Filter {
    policy.compile(AuditArchitecture::NATIVE.unwrap()).unwrap()
}

/// The shell under the filter: what it prints, and whether it ended well.
fn under(filter: &Filter, script: &str) -> (String, bool) {
    let program = shell(script)
        .output(Stream::Pipe)
        .error(Stream::Null)
        .no_new_privileges()
        .system_call_filter(filter, Enforcement::of_thread());
    let mut started = match program.spawn() {
        Ok(started) => started,
        Err(error) => panic!("{error}"),
    };
    let printed = text(&mut started.output);
    (printed, started.wait().unwrap().event.is_success())
}

#[test]
fn a_program_may_do_what_it_did_and_nothing_else() {
    let _alone = alone();
    let (printed, learned) = learn("echo hello");
    assert_eq!(printed, "hello\n");
    for name in ["execveat", "write", "exit_group"] {
        assert!(learned.get(call(name)).is_some_and(|call| call.count > 0), "{name}: {learned:?}");
    }
    // What started it is not learned: it closed descriptors, and set how signals are treated.
    assert!(learned.get(call("close_range")).is_none(), "{learned:?}");
    let policy = learned.policy(Action::error(Errno::PERM)).unwrap();
    let filter = compile(&policy);
    assert_eq!(under(&filter, "echo hello"), ("hello\n".into(), true));
    // Another program needs a child, and a limit another call.
    let free = compile(&Policy::new(Action::Allow));
    for script in ["/bin/cat /etc/passwd; exit 0", "(echo hello); exit 0", "ulimit -n 7"] {
        let (printed, well) = under(&free, script);
        assert!(well, "{script} does well without a policy");
        assert_ne!(under(&filter, script), (printed, true), "{script}");
    }
    // The same with the end of the process in place of an error.
    let killing = compile(&learned.policy(Action::KillProcess).unwrap());
    assert_eq!(under(&killing, "echo hello"), ("hello\n".into(), true));
    assert!(!under(&killing, "cd /").1);
    assert!(!under(&killing, "umask 077").1);
}

#[test]
fn children_are_followed() {
    let _alone = alone();
    const SCRIPT: &str = "echo one two | /usr/bin/wc -w; (exit 0)";
    let (printed, learned) = learn(SCRIPT);
    assert_eq!(printed.trim(), "2");
    let execve = learned.get(call("execve")).expect("wc is run by execve");
    assert!(execve.count >= 1);
    assert!(learned.get(call("wait4")).is_some() || learned.get(call("waitid")).is_some(), "{learned:?}");
    let filter = compile(&learned.policy(Action::error(Errno::PERM)).unwrap());
    let (again, well) = under(&filter, SCRIPT);
    assert_eq!((again.trim(), well), ("2", true));
    assert_ne!(under(&filter, "ulimit -n 7 && echo done").0, "done\n");
}

#[test]
fn what_was_learned_is_the_smallest() {
    let _alone = alone();
    let (_, learned) = learn("echo hello");
    let policy = learned.policy(Action::KillProcess).unwrap();
    // Without any one of the calls the program can't do the same. The end of the process is the policy's own.
    for left_out in learned.calls().iter().filter(|left_out| *left_out != call("exit_group")) {
        let calls: SystemCallSet = learned.calls() - left_out;
        let less = Policy::new(Action::KillProcess).allow(calls).unwrap().allow(call("exit_group")).unwrap();
        let program = shell("echo hello")
            .output(Stream::Pipe)
            .no_new_privileges()
            .system_call_filter(&compile(&less), Enforcement::of_thread());
        let well = program.spawn().is_ok_and(|mut started| {
            text(&mut started.output);
            started.wait().unwrap().event.is_success()
        });
        assert!(!well, "{left_out} is not needed");
    }
    assert!(policy.configuration().allow.len() <= learned.calls().len() + 1);
}

#[test]
fn what_was_learned_is_written_down_and_read_again() {
    let _alone = alone();
    let (_, learned) = learn("echo hello");
    let written = learned.configuration(Action::error(Errno::PERM)).unwrap();
    #[cfg(feature = "serde")]
    let written: PolicyConfiguration = {
        let text = serde_json::to_string(&written).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    #[cfg(not(feature = "serde"))]
    let written: PolicyConfiguration = written;
    let filter = compile(&Policy::try_from(&written).unwrap());
    assert_eq!(under(&filter, "echo hello"), ("hello\n".into(), true));
    assert_ne!(under(&filter, "/bin/cat /etc/passwd && echo done").0.lines().last(), Some("done"));
}

#[test]
fn a_program_that_is_not_there_is_told_and_learns_nothing() {
    let _alone = alone();
    let error = Learning::begin(&Program::new("/no/such/program")).unwrap_err();
    assert!(error.is_absent() && error.to_string().contains("/no/such/program"), "{error}");
}

#[test]
fn a_long_run_is_looked_into() {
    let _alone = alone();
    let mut learning = Learning::begin(&shell("read line; cd /").input(Stream::Pipe)).unwrap();
    let input = learning.started().input.take().unwrap();
    let before = loop {
        let so_far = learning.so_far();
        if so_far.get(call("read")).is_some() {
            break so_far;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    assert!(before.get(call("chdir")).is_none());
    use std::io::Write;
    (&input).write_all(b"line\n").unwrap();
    drop(input);
    let (learned, waited) = learning.finish().unwrap();
    assert!(waited.event.is_success() && learned.get(call("chdir")).is_some());
}

#[test]
fn a_filter_that_would_hold_the_child_for_ever_is_refused() {
    let _alone = alone();
    let refusal = |error, allowed| {
        let filter = compile(&Policy::new(Action::error(error)).allow(call(allowed)).unwrap());
        let program = shell("exit 0").no_new_privileges();
        program.system_call_filter(&filter, Enforcement::of_thread()).spawn().unwrap_err().to_string()
    };
    let error = refusal(Errno::PERM, "execveat");
    assert!(error.contains("exit_group"), "{error}");
    // One that forbids to run anything is told as any other refusal.
    let error = refusal(Errno::ACCESS, "exit_group");
    assert!(error.contains("run /bin/sh: permission denied"), "{error}");
}

mod lab {
    mod any {
        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_program_may_do_what_it_did_and_nothing_else() {
            super::super::a_program_may_do_what_it_did_and_nothing_else();
            super::super::what_was_learned_is_the_smallest();
        }
    }
}
