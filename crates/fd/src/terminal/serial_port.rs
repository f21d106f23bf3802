//! What a serial port is made of.

use core::{fmt, time::Duration};

use bitflags::bitflags;
use linux_support_base::Error;

use super::{Terminal, failed};
use crate::sys::terminal::{self as sys, serial_port, set_serial_port};

/// What a serial port is made of.
///
/// A port is a [`Terminal`] whose lines lead out of the machine. This program isn't run where its documentation is
/// tested, since who knows what is at the other end; it is in the lab, where two ports are wired to one another.
///
/// ```no_run
#[doc = include_str!("../../examples/serial_port.rs")]
/// ```
///
/// # Source
/// ioctl_tty(2): `TIOCGSERIAL`; setserial(8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[doc(alias = "serial_struct")]
pub struct SerialPort {
    /// The chip.
    pub kind: SerialPortKind,
    /// The number among the ports of its driver.
    pub line: u32,
    /// The first I/O port; 0 if it is in memory.
    pub io_port: u64,
    /// The interrupt; 0 if there is none.
    pub irq: u32,
    /// How it is driven.
    pub flags: SerialFlags,
    /// How many bytes its queue for sending holds.
    pub fifo_size: u32,
    /// The speed that a divisor of 1 gives, in bits a second.
    pub baud_base: u32,
    /// How long the last close keeps the modem lines low.
    pub close_delay: Duration,
    /// How long the last close waits for what was written.
    pub closing_wait: ClosingWait,
}

/// How long the last close of a serial port waits for what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosingWait {
    /// Until it is out.
    #[doc(alias = "ASYNC_CLOSING_WAIT_INF")]
    Forever,
    /// Not at all.
    #[doc(alias = "ASYNC_CLOSING_WAIT_NONE")]
    Never,
    /// At most so long.
    Time(Duration),
}

/// The chip of a serial port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SerialPortKind {
    /// None was found.
    #[doc(alias = "PORT_UNKNOWN")]
    None,
    /// 8250.
    Ns8250,
    /// 16450.
    Ns16450,
    /// 16550, whose queues don't work.
    Ns16550,
    /// 16550A.
    #[doc(alias = "PORT_16550A")]
    Ns16550A,
    /// 16650.
    St16650,
    /// 16650, second version.
    St16650V2,
    /// 16750.
    Ti16750,
    /// 16C950.
    Ox16C950,
    /// 16654.
    St16654,
    /// 16850.
    Xr16850,
    /// Another, by the kernel's number.
    Other(u32),
}

impl SerialPortKind {
    const fn new(number: u32) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Ns8250,
            2 => Self::Ns16450,
            3 => Self::Ns16550,
            4 => Self::Ns16550A,
            6 => Self::St16650,
            7 => Self::St16650V2,
            8 => Self::Ti16750,
            10 => Self::Ox16C950,
            11 => Self::St16654,
            12 => Self::Xr16850,
            number => Self::Other(number),
        }
    }
}

impl fmt::Display for SerialPortKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Ns8250 => "8250",
            Self::Ns16450 => "16450",
            Self::Ns16550 => "16550",
            Self::Ns16550A => "16550A",
            Self::St16650 => "16650",
            Self::St16650V2 => "16650V2",
            Self::Ti16750 => "16750",
            Self::Ox16C950 => "16C950",
            Self::St16654 => "16654",
            Self::Xr16850 => "16850",
            Self::Other(number) => return number.fmt(f),
        })
    }
}

bitflags! {
    /// How a serial port is driven.
    ///
    /// # Source
    /// The kernel's `include/uapi/linux/tty_flags.h`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct SerialFlags: u32 {
        /// Hang-ups are told to the session.
        #[doc(alias = "ASYNC_HUP_NOTIFY")]
        const NOTIFY_HANG_UP = 1;
        /// It is of a card with four ports.
        #[doc(alias = "ASYNC_FOURPORT")]
        const FOUR_PORTS = 1 << 1;
        /// A break is the secure attention key.
        #[doc(alias = "ASYNC_SAK")]
        const SECURE_ATTENTION = 1 << 2;
        /// A speed of 38400 means 57600, or another together with the next.
        #[doc(alias = "ASYNC_SPD_HI")]
        const SPEED_HIGH = 1 << 4;
        /// A speed of 38400 means 115200, or another together with the one before.
        #[doc(alias = "ASYNC_SPD_VHI")]
        const SPEED_VERY_HIGH = 1 << 5;
        /// The chip is not tested.
        #[doc(alias = "ASYNC_SKIP_TEST")]
        const SKIP_TEST = 1 << 6;
        /// The interrupt is found out.
        #[doc(alias = "ASYNC_AUTO_IRQ")]
        const AUTOMATIC_IRQ = 1 << 7;
        /// A change of carrier detect is a pulse per second.
        #[doc(alias = "ASYNC_HARDPPS_CD")]
        const PULSE_PER_SECOND = 1 << 11;
        /// A speed of 38400 means 230400, or another together with one before.
        #[doc(alias = "ASYNC_SPD_SHI")]
        const SPEED_SUPER_HIGH = 1 << 12;
        /// What comes in is handed on at once.
        #[doc(alias = "ASYNC_LOW_LATENCY")]
        const LOW_LATENCY = 1 << 13;
        /// The chip has faults.
        #[doc(alias = "ASYNC_BUGGY_UART")]
        const FAULTY = 1 << 14;
        const _ = !0;
    }
}

const FOREVER: u16 = 0;
const NEVER: u16 = u16::MAX;

impl SerialPort {
    fn of(port: &sys::SerialPort) -> Self {
        let hundredths = |time: u16| Duration::from_millis(u64::from(time) * 10);
        Self {
            kind: SerialPortKind::new(port.kind.cast_unsigned()),
            line: port.line.cast_unsigned(),
            io_port: u64::from(port.port_high) << 32 | u64::from(port.port),
            irq: port.irq.cast_unsigned(),
            flags: SerialFlags::from_bits_retain(port.flags.cast_unsigned()),
            fifo_size: port.fifo_size.cast_unsigned(),
            baud_base: port.baud_base.cast_unsigned(),
            close_delay: hundredths(port.close_delay),
            closing_wait: match port.closing_wait {
                FOREVER => ClosingWait::Forever,
                NEVER => ClosingWait::Never,
                time => ClosingWait::Time(hundredths(time)),
            },
        }
    }
}

impl Terminal {
    /// What the port is made of.
    ///
    /// # Errors
    /// It is no serial port ([`Errno::NOTTY`](linux_support_base::Errno::NOTTY)).
    #[doc(alias = "TIOCGSERIAL")]
    pub fn serial_port(&self) -> Result<SerialPort, Error> {
        serial_port(self)
            .map(|port| SerialPort::of(&port))
            .map_err(|errno| failed("query the serial port of", errno))
    }

    /// Says whether what comes in is handed on at once, at the price of more interrupts.
    ///
    /// # Errors
    /// It is no serial port ([`Errno::NOTTY`](linux_support_base::Errno::NOTTY)), or its driver lets nobody change
    /// that.
    #[doc(alias = "ASYNC_LOW_LATENCY")]
    #[doc(alias = "TIOCSSERIAL")]
    pub fn set_low_latency(&self, low: bool) -> Result<(), Error> {
        let mut port = serial_port(self).map_err(|errno| failed("query the serial port of", errno))?;
        let mut flags = SerialFlags::from_bits_retain(port.flags.cast_unsigned());
        flags.set(SerialFlags::LOW_LATENCY, low);
        port.flags = flags.bits().cast_signed();
        set_serial_port(self, port).map_err(|errno| failed("set the latency of", errno))
    }

    /// Divides the speed that the port has by a number of one's own, or no longer.
    ///
    /// Any [`LineSpeed`](super::LineSpeed) can be set without it; what it is good for is old programs that ask for
    /// 38400.
    ///
    /// # Errors
    /// As for [`set_low_latency`](Self::set_low_latency); the divisor is above 2^31 - 1.
    #[doc(alias = "ASYNC_SPD_CUST")]
    pub fn set_custom_divisor(&self, divisor: Option<u32>) -> Result<(), Error> {
        let mut port = serial_port(self).map_err(|errno| failed("query the serial port of", errno))?;
        let custom = SerialFlags::SPEED_HIGH | SerialFlags::SPEED_VERY_HIGH;
        let mut flags = SerialFlags::from_bits_retain(port.flags.cast_unsigned());
        flags.remove(custom | SerialFlags::SPEED_SUPER_HIGH);
        if divisor.is_some() {
            flags.insert(custom);
        }
        port.flags = flags.bits().cast_signed();
        port.divisor = i32::try_from(divisor.unwrap_or(0))
            .map_err(|_| Error::invalid("set the divisor of", super::OBJECT, "takes up to 2^31 - 1"))?;
        set_serial_port(self, port).map_err(|errno| failed("set the divisor of", errno))
    }
}
