//! How large the window is.

use std::os::fd::AsFd;

use linux_support_base::Error;

use super::{PseudoTerminal, Terminal, failed};
use crate::sys::terminal::{set_window, window, winsize};

/// How large a terminal's window is. The kernel keeps it, and makes nothing of it.
///
/// Where it changes, the foreground process group gets SIGWINCH, which is for all threads of the process together:
/// block it in all of them with [`BlockedSignals`](crate::BlockedSignals), before the first one is started, and read
/// it from a signalfd(2); then ask [`Terminal::window`] again.
///
/// # Source
/// ioctl_tty(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[doc(alias = "winsize")]
#[doc(alias = "SIGWINCH")]
pub struct WindowSize {
    /// Rows of characters; 0 if nobody said.
    pub rows: u16,
    /// Columns of characters; 0 if nobody said.
    pub columns: u16,
    /// The width in pixels; 0 if nobody said, as is usual.
    pub width: u16,
    /// The height in pixels; 0 if nobody said, as is usual.
    pub height: u16,
}

fn size(terminal: impl AsFd) -> Result<WindowSize, Error> {
    let size = window(terminal).map_err(|errno| failed("read the window of", errno))?;
    Ok(WindowSize { rows: size.ws_row, columns: size.ws_col, width: size.ws_xpixel, height: size.ws_ypixel })
}

fn set_size(terminal: impl AsFd, size: WindowSize) -> Result<(), Error> {
    let size =
        winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: size.width, ws_ypixel: size.height };
    set_window(terminal, size).map_err(|errno| failed("set the window of", errno))
}

macro_rules! window {
    ($type:ident) => {
        impl $type {
            /// How large the window is.
            ///
            /// # Errors
            /// The terminal was hung up.
            #[doc(alias = "TIOCGWINSZ")]
            pub fn window(&self) -> Result<WindowSize, Error> {
                size(self)
            }

            /// Says how large the window is. If that is a change, the foreground process group gets SIGWINCH.
            ///
            /// # Errors
            /// The terminal was hung up.
            #[doc(alias = "TIOCSWINSZ")]
            pub fn set_window(&self, size: WindowSize) -> Result<(), Error> {
                set_size(self, size)
            }
        }
    };
}

window!(Terminal);
window!(PseudoTerminal);
