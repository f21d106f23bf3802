//! Changing processes that the tests start themselves, beside what chrt, ionice, renice and prlimit say of them.

mod limits;
mod memory;
mod own;
mod scheduling;

use std::process::{Child, Command, Stdio};

use linux_support_base::{Machine, Pid};
use linux_support_process::Process;

/// A process that sleeps, until this is dropped.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        Self(Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap())
    }

    fn pid(&self) -> Pid {
        Pid::new(self.0.id().cast_signed()).unwrap()
    }

    fn open<'m>(&self, machine: &'m Machine) -> Process<'m> {
        Process::open(machine, self.pid()).unwrap()
    }

    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a tool prints; `None`, having said so, where there is no such tool.
fn printed(program: &str, arguments: &[&str]) -> Option<String> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(String::from_utf8(output.stdout).unwrap()),
        Err(error) => {
            println!("skipped: {program}: {error}");
            None
        }
    }
}
