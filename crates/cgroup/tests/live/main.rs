//! Groups that are changed: as root, in the lab.

mod bad_input;
mod events;
mod every_file;
mod hybrid;
mod lifetime;
mod limits;
mod members;
mod settings;

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use linux_support_base::{Machine, Pid};
use linux_support_cgroup::live::{GroupName, LiveGroup};

/// Long enough for an emulated machine.
const SOON: Duration = Duration::from_secs(20);

fn name(name: &str) -> GroupName {
    GroupName::new(name).unwrap()
}

/// A group below the root for one test, removed with all below it at its end.
struct Scratch<'m> {
    root: LiveGroup<'m>,
    name: GroupName,
}

impl<'m> Scratch<'m> {
    fn new(machine: &'m Machine, test: &str) -> Self {
        let root = LiveGroup::root(machine.as_live().unwrap()).unwrap();
        assert!(root.is_root());
        let name = name(test);
        root.make(&name).unwrap();
        Self { root, name }
    }

    fn group(&self) -> LiveGroup<'m> {
        self.root.child(&self.name).unwrap()
    }
}

impl Drop for Scratch<'_> {
    fn drop(&mut self) {
        let group = self.group();
        group.kill().unwrap();
        assert!(group.wait_until_empty(SOON).unwrap());
        // What ended last may hold the group for a moment.
        let end = Instant::now() + SOON;
        while self.root.remove_all(&self.name).is_err() {
            assert!(Instant::now() < end, "{} is still there", self.name);
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A process that sleeps, ended with its guard.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        Self(Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap())
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
