//! A number that is given to another process.

use linux_support_base::{Machine, Reason, Signal};
use linux_support_process::{
    Process, ProcessHandle,
    scheduling::Nice,
    spawn::{Program, WhenDropped},
};

use crate::is_root;

#[test]
fn a_process_whose_number_another_has_by_now_is_gone_and_the_other_unharmed() {
    if !is_root() {
        return;
    }
    let machine = Machine::live().unwrap();
    let live = machine.as_live().unwrap();
    let sleep = || Program::new("/bin/sleep").argument("20").when_dropped(WhenDropped::Kill);
    let mut first = sleep().spawn().unwrap();
    let number = first.pid();
    let handle = first.handle(live).unwrap();
    let process = Process::open(&machine, number).unwrap();
    let unproved = Process::open(&machine, number).unwrap();
    first.send_signal(Signal::KILL).unwrap();
    first.wait().unwrap();
    let second = match sleep().numbers([number]).spawn() {
        Ok(second) => second,
        Err(error) => {
            // Another may have been given it meanwhile; or even root may not choose here.
            println!("skipped: {error}");
            return;
        }
    };
    assert_eq!(second.pid(), number);
    let other = second.handle(live).unwrap();
    for error in [
        handle.stat().unwrap_err(),
        handle.command_line().unwrap_err(),
        handle.send_signal(Signal::KILL).unwrap_err(),
        handle.live().set_nice(Nice::new(9).unwrap()).unwrap_err(),
        handle.thread_ids().unwrap_err(),
        handle.ensure_alive().unwrap_err(),
        process.status().unwrap_err(),
        // The number is there, and a pidfd of it can be had: but it is not the directory's.
        unproved.into_handle().unwrap_err(),
        first.handle(live).unwrap_err(),
    ] {
        assert_eq!(*error.reason(), Reason::Gone, "{error}");
    }
    assert_eq!(other.live().nice().unwrap(), Nice::default());
    other.ensure_alive().unwrap();
    assert_eq!(ProcessHandle::open(live, number).unwrap().stat().unwrap().pid, number);
}
