//! Starting programs, and what the kernel says of them afterwards.
#![cfg(not(user_emulation))]

mod born;
mod confined;
mod given;
mod learning;
mod refused;
mod reused;

use std::{
    io::Read,
    sync::{Mutex, MutexGuard, PoisonError},
};

use linux_support_fd::PipeReader;
use linux_support_process::spawn::{Program, Stream};

/// A shell that runs `script`, in an environment with a search path.
fn shell(script: &str) -> Program {
    Program::new("/bin/sh")
        .arguments(["-c", script])
        .environment([("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")])
        .error(Stream::Inherit)
}

fn text(stream: &mut Option<PipeReader>) -> String {
    let mut text = String::new();
    stream.take().unwrap().read_to_string(&mut text).unwrap();
    text
}

/// What a program prints, which must end well.
fn printed(program: Program) -> String {
    let mut started = program.output(Stream::Pipe).spawn().unwrap();
    let text = text(&mut started.output);
    let waited = started.wait().unwrap();
    assert!(waited.event.is_success(), "{}: {text}", waited.event);
    text
}

/// One test at a time: a child that becomes another user shows in the process as long as it is being started.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("skipped: needs root");
    }
    root
}
