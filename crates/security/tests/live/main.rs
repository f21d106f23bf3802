//! What a process does to itself and to its threads, in child processes and threads that are thrown away afterwards.

mod become_user;
mod broadcast;
mod capability;
mod exec;
mod keyring;
mod lab;
mod landlock;
mod namespace;

use std::{
    env,
    process::{Command, Output, Stdio},
};

use linux_support_security::capability::{Capabilities, CapabilitySet};

/// Says which test runs in a child.
const CHILD: &str = "LINUX_SUPPORT_SECURITY_CHILD";

/// Runs the rest of the test `name` in a process of its own: this function returns `true` there, and `false` in the
/// parent, after the child succeeded.
fn in_child(name: &str) -> bool {
    if env::var_os(CHILD).is_some_and(|child| child == *name) {
        return true;
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, name)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

/// Whether the tests have the capabilities, having said so where they have not.
fn has(needed: CapabilitySet) -> bool {
    let missing = needed - Capabilities::of_caller().unwrap().effective;
    if !missing.is_empty() {
        println!("skipped: needs {}", missing.names().collect::<Vec<_>>().join(", "));
    }
    missing.is_empty()
}

/// What a tool does; `None`, having said so, where there is no such tool.
fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) => {
            println!("skipped: {program}: {error}");
            None
        }
    }
}

/// Runs `test` in a thread that ends with it, and with what it did to itself.
fn in_a_thread<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::spawn(test).join().unwrap()
}
