//! Terminals, pseudo-terminals and serial ports: termios(3), ioctl_tty(2), pty(7).
//!
//! ```
//! use linux_support_fd::{ControlCharacter, LocalModes, PseudoTerminal};
//!
//! let controller = PseudoTerminal::open()?;
//! let terminal = controller.peer()?;
//!
//! // What is typed comes a line at a time, and is echoed.
//! controller.write(b"hello\n")?;
//! let mut buffer = [0; 64];
//! assert_eq!(terminal.read(&mut buffer)?, 6);
//! let shown = controller.read(&mut buffer)?;
//! assert_eq!(&buffer[..shown], b"hello\r\n");
//!
//! // Until the guard is dropped, it comes as it is.
//! let raw = terminal.raw()?;
//! assert!(!terminal.modes()?.local().contains(LocalModes::ECHO));
//! controller.write(&[3])?;
//! assert_eq!((terminal.read(&mut buffer)?, buffer[0]), (1, 3));
//! raw.restore()?;
//! assert_eq!(terminal.modes()?.character(ControlCharacter::Interrupt), Some(3));
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod buffers;
mod character;
mod control;
mod discipline;
mod exclusive;
mod guard;
mod input;
mod local;
mod modem;
mod modes;
mod output;
mod packet;
mod pseudo;
mod rs485;
mod serial_port;
mod session;
mod speed;
mod stream;
mod window;

pub use buffers::{LineBreak, TerminalBuffers, TerminalFlow};
pub use character::ControlCharacter;
pub use control::{ControlModes, DataBits, Parity, StopBits};
pub use discipline::LineDiscipline;
pub use exclusive::ExclusiveTerminal;
pub use guard::ChangedModes;
pub use input::InputModes;
pub use local::LocalModes;
pub use modem::{LineCounters, ModemLines};
pub use modes::{TerminalModes, WhenToChange};
pub use output::{
    BackspaceDelay, CarriageReturnDelay, FormFeedDelay, NewLineDelay, OutputModes, TabDelay, VerticalTabDelay,
};
pub use packet::{PacketStatus, TerminalPacket};
pub use pseudo::PseudoTerminal;
pub use rs485::{Rs485, Rs485Flags};
pub use serial_port::{ClosingWait, SerialFlags, SerialPort, SerialPortKind};
pub use speed::LineSpeed;
pub use stream::Terminal;
pub use window::WindowSize;

use linux_support_base::{Errno, Error};

const OBJECT: &str = "terminal";

#[cold]
fn failed(operation: &'static str, errno: Errno) -> Error {
    Error::system(operation, OBJECT, errno)
}
