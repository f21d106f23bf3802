//! ioctl_tty(2), termios(3), pty(7).

mod bad_input;
mod buffers;
mod guard;
mod modem_lines;
mod modes;
mod pseudo;
mod serial;
mod session;
mod transfer;

use std::time::Duration;

use linux_support_fd::{PseudoTerminal, Terminal};

/// Both sides of a pseudo-terminal.
pub(super) fn pair() -> (PseudoTerminal, Terminal) {
    let controller = PseudoTerminal::open().unwrap();
    let terminal = controller.peer().unwrap();
    (controller, terminal)
}

/// What comes of one reading.
pub(super) fn read(read: impl FnOnce(&mut [u8]) -> usize) -> Vec<u8> {
    let mut buffer = [0; 256];
    let length = read(&mut buffer);
    buffer[..length].to_vec()
}

/// Tries for up to ten seconds.
pub(super) fn soon(mut holds: impl FnMut() -> bool) -> bool {
    (0..1000).any(|_| {
        let held = holds();
        if !held {
            std::thread::sleep(Duration::from_millis(10));
        }
        held
    })
}
