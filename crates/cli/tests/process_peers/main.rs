//! Processes and sockets as `inspect` sees them, against the programs that people trust.
//!
//! All that is compared was started or opened by the tests: nothing else stands still between two readings. A program that
//! is not installed here makes its test ignored, never passed.

#[path = "../common/mod.rs"]
mod common;

mod descriptors;
mod listing;
mod scheduling;
mod sockets;
mod started;
mod tree;

use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trial_if = |may: bool, name: &str, programs: &[&str], test: fn() -> Result<(), Failed>| {
        let there = programs.iter().all(|program| is_here(program));
        Trial::test(name, test).with_ignored_flag(!there || !may)
    };
    let trial = |name: &str, programs: &[&str], test| trial_if(true, name, programs, test);
    // The emulator has descriptors of its own, and system calls that it does not know.
    let emulated = cfg!(user_emulation);
    let trials = vec![
        trial("processes_of_odd_names_are_those_of_ps", &["ps", "sleep"], listing::of_ps),
        trial("starts_are_those_of_ps", &["ps", "date"], listing::starts_of_ps),
        trial_if(
            may_have_terminals(),
            "a_terminal_is_that_of_ps",
            &["ps", "script"],
            listing::terminal_of_ps,
        ),
        trial_if(!emulated, "policies_are_those_of_chrt", &["chrt"], scheduling::of_chrt),
        trial_if(!emulated, "deadlines_are_those_of_chrt", &["chrt"], scheduling::deadline_of_chrt),
        trial_if(!emulated, "io_priorities_are_those_of_ionice", &["ionice"], scheduling::of_ionice),
        trial("nice_values_are_those_of_ps", &["nice", "ps"], scheduling::nice_of_ps),
        trial("a_deep_tree_is_that_of_pstree", &["pstree"], tree::of_pstree),
        trial_if(!emulated, "descriptors_are_those_of_lsof", &["lsof"], descriptors::of_lsof),
        trial_if(!emulated, "sockets_are_those_of_ss", &["ss"], sockets::of_ss),
        trial_if(!emulated, "sockets_within_the_machine_are_those_of_ss", &["ss"], sockets::unix_of_ss),
        trial_if(
            !emulated && may_have_raw_sockets(),
            "raw_and_packet_sockets_are_those_of_ss",
            &["ss", "perl"],
            sockets::raw_of_ss,
        ),
        trial("sockets_to_the_kernel_are_those_of_ss", &["ss"], sockets::netlink_of_ss),
        trial_if(
            !emulated && may_unshare(),
            "sockets_of_another_namespace_are_those_of_ss",
            &["ss", "nsenter", "perl"],
            sockets::elsewhere_of_ss,
        ),
    ];
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

fn may_unshare() -> bool {
    let unshare = Command::new("unshare").args(["--net", "true"]).stderr(Stdio::null()).status();
    unshare.is_ok_and(|status| status.success())
}

fn may_have_raw_sockets() -> bool {
    let script = "socket(my $r, PF_INET, SOCK_RAW, 1) or exit 1; socket(my $p, 17, SOCK_RAW, 0) or exit 1";
    let perl = Command::new("perl").args(["-MSocket", "-e", script]).stderr(Stdio::null()).status();
    perl.is_ok_and(|status| status.success())
}

fn may_have_terminals() -> bool {
    let mut script = Command::new("script");
    let script = script
        .args(["--quiet", "--command", "true", "/dev/null"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    script.is_ok_and(|status| status.success())
}

fn agree<T: PartialEq + std::fmt::Debug>(what: &str, ours: T, theirs: T) -> Result<(), Failed> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}: ours {ours:?}, theirs {theirs:?}").into()) }
}
