//! A line to whoever is wired to a serial port.

use linux_support_base::Error;
use linux_support_fd::{ControlModes, LineSpeed, ModemLines, Terminal, WhenToChange};

pub(crate) fn main() -> Result<(), Error> {
    let port = Terminal::open("/dev/ttyS1")?;
    let made_of = port.serial_port()?;
    println!("{:?}, interrupt {}, queue of {} bytes", made_of.kind, made_of.irq, made_of.fifo_size);

    // Raw and at this speed for as long as the guard lives, whether modem lines say that somebody is there or not.
    let modes = port.change_modes(WhenToChange::Flushed, |modes| {
        modes.make_raw();
        modes.set_speed(LineSpeed::new(57_600));
        modes.set_control(ControlModes::RECEIVE | ControlModes::LOCAL);
    })?;
    let there = port.modem_lines()?.contains(ModemLines::DATA_SET_READY);
    println!("the other side is {}", if there { "ready" } else { "silent" });
    port.write(b"hello\n")?;
    port.drain()?;
    println!("{} bytes were sent since the start", port.line_counters()?.sent);
    modes.restore()
}
