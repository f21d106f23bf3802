//! Terminals: the requests of ioctl_tty(2).

use core::ptr;
use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
    os::unix::process::CommandExt,
    process::Command,
};

use libc::{c_int, c_ulong};
pub(crate) use linux_raw_sys::general::{termios2, winsize};
use linux_raw_sys::{general::__NR_ioctl, ioctl};
use rustix::{fs::OFlags, io::Errno};

use super::{number, result};

/// `struct serial_icounter_struct`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct LineCounters {
    pub(crate) cts: c_int,
    pub(crate) dsr: c_int,
    pub(crate) rng: c_int,
    pub(crate) dcd: c_int,
    pub(crate) received: c_int,
    pub(crate) sent: c_int,
    pub(crate) frame: c_int,
    pub(crate) overrun: c_int,
    pub(crate) parity: c_int,
    pub(crate) breaks: c_int,
    pub(crate) buffer_overrun: c_int,
    reserved: [c_int; 9],
}

/// `struct serial_struct`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct SerialPort {
    pub(crate) kind: c_int,
    pub(crate) line: c_int,
    pub(crate) port: u32,
    pub(crate) irq: c_int,
    pub(crate) flags: c_int,
    pub(crate) fifo_size: c_int,
    pub(crate) divisor: c_int,
    pub(crate) baud_base: c_int,
    pub(crate) close_delay: u16,
    pub(crate) io_type: u8,
    reserved: u8,
    hub6: c_int,
    pub(crate) closing_wait: u16,
    closing_wait2: u16,
    iomem_base: usize,
    iomem_shift: u16,
    pub(crate) port_high: u32,
    iomap_base: c_ulong,
}

/// `struct serial_rs485`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Rs485Settings {
    pub(crate) flags: u32,
    pub(crate) delay_before: u32,
    pub(crate) delay_after: u32,
    pub(crate) receive_address: u8,
    pub(crate) destination_address: u8,
    padding: [u8; 2],
    more_padding: [u32; 4],
}

/// Requests that give a number: an `int`, signed or not.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Question {
    Discipline = ioctl::TIOCGETD,
    Exclusive = ioctl::TIOCGEXCL,
    ForegroundGroup = ioctl::TIOCGPGRP,
    InputQueue = ioctl::TIOCINQ,
    ModemLines = ioctl::TIOCMGET,
    OutputQueue = ioctl::TIOCOUTQ,
    PacketMode = ioctl::TIOCGPKT,
    PseudoTerminalNumber = ioctl::TIOCGPTN,
    Session = ioctl::TIOCGSID,
}

/// Requests that take a number through a pointer.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Setting {
    Discipline = ioctl::TIOCSETD,
    ForegroundGroup = ioctl::TIOCSPGRP,
    Lock = ioctl::TIOCSPTLCK,
    ModemLines = ioctl::TIOCMSET,
    ModemLinesOn = ioctl::TIOCMBIS,
    ModemLinesOff = ioctl::TIOCMBIC,
    PacketMode = ioctl::TIOCPKT,
}

/// Requests that take a number itself, or nothing.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Order {
    BreakOff = ioctl::TIOCCBRK,
    BreakOn = ioctl::TIOCSBRK,
    DrainOrBreak = ioctl::TCSBRK,
    BreakFor = ioctl::TCSBRKP,
    Exclusive = ioctl::TIOCEXCL,
    NotExclusive = ioctl::TIOCNXCL,
    Flow = ioctl::TCXONC,
    Flush = ioctl::TCFLSH,
    Hangup = ioctl::TIOCVHANGUP,
    MakeControlling = ioctl::TIOCSCTTY,
    GiveUpControlling = ioctl::TIOCNOTTY,
    ModemWait = ioctl::TIOCMIWAIT,
    Signal = ioctl::TIOCSIG,
}

/// When new modes apply.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum When {
    Now = ioctl::TCSETS2,
    Drained = ioctl::TCSETSW2,
    Flushed = ioctl::TCSETSF2,
}

/// # Safety
/// `request` reads or writes no more than a `T` through its pointer, and a `T` holds any bytes.
unsafe fn exchange<T>(terminal: BorrowedFd<'_>, request: u32, value: &mut T) -> Result<(), Errno> {
    // SAFETY: the pointer is to a `T` that outlives the call, of which the caller says that the request fits it.
    result(unsafe {
        libc::syscall(number(__NR_ioctl), terminal.as_raw_fd(), c_ulong::from(request), ptr::from_mut(value))
    })
    .map(drop)
}

pub(crate) fn modes(terminal: impl AsFd) -> Result<termios2, Errno> {
    let mut modes = termios2 {
        c_iflag: 0,
        c_oflag: 0,
        c_cflag: 0,
        c_lflag: 0,
        c_line: 0,
        c_cc: [0; _],
        c_ispeed: 0,
        c_ospeed: 0,
    };
    // SAFETY: TCGETS2 writes a `termios2`, which consists of numbers.
    unsafe { exchange(terminal.as_fd(), ioctl::TCGETS2, &mut modes) }?;
    Ok(modes)
}

pub(crate) fn set_modes(terminal: impl AsFd, when: When, modes: &termios2) -> Result<(), Errno> {
    // SAFETY: the three requests read a `termios2`.
    unsafe { exchange(terminal.as_fd(), when as u32, &mut modes.clone()) }
}

pub(crate) fn window(terminal: impl AsFd) -> Result<winsize, Errno> {
    let mut window = winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ writes a `winsize`, which consists of numbers.
    unsafe { exchange(terminal.as_fd(), ioctl::TIOCGWINSZ, &mut window) }?;
    Ok(window)
}

pub(crate) fn set_window(terminal: impl AsFd, mut window: winsize) -> Result<(), Errno> {
    // SAFETY: TIOCSWINSZ reads a `winsize`.
    unsafe { exchange(terminal.as_fd(), ioctl::TIOCSWINSZ, &mut window) }
}

pub(crate) fn ask(terminal: impl AsFd, question: Question) -> Result<c_int, Errno> {
    let mut answer: c_int = 0;
    // SAFETY: each of these requests writes an `int` or an `unsigned int`.
    unsafe { exchange(terminal.as_fd(), question as u32, &mut answer) }?;
    Ok(answer)
}

pub(crate) fn set(terminal: impl AsFd, setting: Setting, mut value: c_int) -> Result<(), Errno> {
    // SAFETY: each of these requests reads an `int` or an `unsigned int`.
    unsafe { exchange(terminal.as_fd(), setting as u32, &mut value) }
}

pub(crate) fn order(terminal: impl AsFd, order: Order, value: u32) -> Result<(), Errno> {
    // SAFETY: none of these requests takes a pointer, and none touches the memory of the process.
    result(unsafe {
        libc::syscall(
            number(__NR_ioctl),
            terminal.as_fd().as_raw_fd(),
            c_ulong::from(order as u32),
            c_ulong::from(value),
        )
    })
    .map(drop)
}

/// Opens the terminal's side of a pseudo-terminal.
pub(crate) fn peer(controller: impl AsFd, flags: OFlags) -> Result<OwnedFd, Errno> {
    // SAFETY: TIOCGPTPEER takes flags, no pointer.
    let peer = result(unsafe {
        libc::syscall(
            number(__NR_ioctl),
            controller.as_fd().as_raw_fd(),
            c_ulong::from(ioctl::TIOCGPTPEER),
            c_ulong::from(flags.bits()),
        )
    })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(peer as RawFd) })
}

pub(crate) fn counters(terminal: impl AsFd) -> Result<LineCounters, Errno> {
    let mut counters = LineCounters::default();
    // SAFETY: TIOCGICOUNT writes a `serial_icounter_struct`, which consists of numbers.
    unsafe { exchange(terminal.as_fd(), ioctl::TIOCGICOUNT, &mut counters) }?;
    Ok(counters)
}

pub(crate) fn serial_port(terminal: impl AsFd) -> Result<SerialPort, Errno> {
    let mut port = SerialPort::default();
    // SAFETY: TIOCGSERIAL writes a `serial_struct`; its pointer is taken as a number and never followed.
    unsafe { exchange(terminal.as_fd(), ioctl::TIOCGSERIAL, &mut port) }?;
    Ok(port)
}

pub(crate) fn set_serial_port(terminal: impl AsFd, mut port: SerialPort) -> Result<(), Errno> {
    // SAFETY: TIOCSSERIAL reads a `serial_struct`, and what it says is checked by the kernel.
    unsafe { exchange(terminal.as_fd(), ioctl::TIOCSSERIAL, &mut port) }
}

pub(crate) fn rs485(terminal: impl AsFd) -> Result<Rs485Settings, Errno> {
    let mut settings = Rs485Settings::default();
    // SAFETY: TIOCGRS485 writes a `serial_rs485`, which consists of numbers.
    unsafe { exchange(terminal.as_fd(), ioctl::TIOCGRS485, &mut settings) }?;
    Ok(settings)
}

/// Sets them, and gives what the driver made of them.
pub(crate) fn set_rs485(terminal: impl AsFd, mut settings: Rs485Settings) -> Result<Rs485Settings, Errno> {
    // SAFETY: TIOCSRS485 reads a `serial_rs485` and writes it back.
    unsafe { exchange(terminal.as_fd(), ioctl::TIOCSRS485, &mut settings) }?;
    Ok(settings)
}

/// Makes a session of the calling process whose controlling terminal this is. Nothing is allocated and no lock is
/// taken, so a child may do it between `fork` and `execve`.
pub(crate) fn begin_session(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: setsid has no conditions.
    result(unsafe { libc::setsid() }.into())?;
    order(terminal, Order::MakeControlling, 0)
}

/// Puts `terminal` in the place of the descriptors 0, 1 and 2. Safe between `fork` and `execve`, too.
pub(crate) fn become_standard_streams(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    let terminal = terminal.as_raw_fd();
    for standard in 0..3 {
        if terminal == standard {
            // A duplicate onto itself would stay close-on-exec.
            // SAFETY: clearing the flag touches no memory.
            result(unsafe { libc::fcntl(standard, libc::F_SETFD, 0) }.into())?;
        } else {
            // SAFETY: the numbers 0, 1 and 2 are the standard streams', which nobody owns.
            result(unsafe { libc::dup2(terminal, standard) }.into())?;
        }
    }
    Ok(())
}

/// Has the child of `command` begin a session with `terminal`.
pub(crate) fn begin_session_in_child(command: &mut Command, terminal: OwnedFd) {
    // SAFETY: the closure makes two system calls through a descriptor that it owns; it allocates nothing, and its
    // error becomes an `io::Error` of a number, which allocates nothing either.
    unsafe { command.pre_exec(move || Ok(begin_session(terminal.as_fd())?)) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structures_have_the_kernels_sizes() {
        assert_eq!((size_of::<LineCounters>(), size_of::<Rs485Settings>()), (80, 32));
        #[cfg(target_pointer_width = "64")]
        assert_eq!((size_of::<SerialPort>(), size_of::<winsize>()), (72, 8));
    }
}
