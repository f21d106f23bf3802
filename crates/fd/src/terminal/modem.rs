//! The lines beside the data of a serial port.

use bitflags::bitflags;
use linux_support_base::Error;

use super::{Terminal, failed};
use crate::sys::terminal::{self as sys, Order, Question, Setting, ask, order, set};

bitflags! {
    /// The lines beside the data of a serial port.
    ///
    /// # Source
    /// ioctl_tty(2): `TIOCMGET`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ModemLines: u32 {
        /// Line enable.
        #[doc(alias = "TIOCM_LE")]
        const LINE_ENABLE = 1;
        /// Data terminal ready: ours.
        #[doc(alias = "TIOCM_DTR")]
        const DATA_TERMINAL_READY = 2;
        /// Request to send: ours.
        #[doc(alias = "TIOCM_RTS")]
        const REQUEST_TO_SEND = 4;
        /// Secondary transmit.
        #[doc(alias = "TIOCM_ST")]
        const SECONDARY_TRANSMIT = SECONDARY_TRANSMIT;
        /// Secondary receive.
        #[doc(alias = "TIOCM_SR")]
        const SECONDARY_RECEIVE = SECONDARY_RECEIVE;
        /// Clear to send: the other side's.
        #[doc(alias = "TIOCM_CTS")]
        const CLEAR_TO_SEND = CLEAR_TO_SEND;
        /// Carrier detect: the other side's.
        #[doc(alias = "TIOCM_CAR")]
        #[doc(alias = "TIOCM_CD")]
        const CARRIER_DETECT = CARRIER_DETECT;
        /// Ring: the other side's.
        #[doc(alias = "TIOCM_RNG")]
        #[doc(alias = "TIOCM_RI")]
        const RING = RING;
        /// Data set ready: the other side's.
        #[doc(alias = "TIOCM_DSR")]
        const DATA_SET_READY = DATA_SET_READY;
        /// The first output of the chip's own.
        #[doc(alias = "TIOCM_OUT1")]
        const OUTPUT_1 = 0x2000;
        /// The second output of the chip's own.
        #[doc(alias = "TIOCM_OUT2")]
        const OUTPUT_2 = 0x4000;
        /// What is sent comes back.
        #[doc(alias = "TIOCM_LOOP")]
        const LOOP_BACK = 0x8000;
        const _ = !0;
    }
}

const MIPS: bool = cfg!(any(
    target_arch = "mips",
    target_arch = "mips32r6",
    target_arch = "mips64",
    target_arch = "mips64r6"
));

/// These five have other bits on MIPS.
const SECONDARY_TRANSMIT: u32 = if MIPS { 0x10 } else { 0x8 };
const SECONDARY_RECEIVE: u32 = if MIPS { 0x20 } else { 0x10 };
const CLEAR_TO_SEND: u32 = if MIPS { 0x40 } else { 0x20 };
const CARRIER_DETECT: u32 = if MIPS { 0x100 } else { 0x40 };
const RING: u32 = if MIPS { 0x200 } else { 0x80 };
const DATA_SET_READY: u32 = if MIPS { 0x400 } else { 0x100 };

impl ModemLines {
    /// Those of which changes can be waited for.
    pub const WAITABLE: Self =
        Self::RING.union(Self::DATA_SET_READY).union(Self::CARRIER_DETECT).union(Self::CLEAR_TO_SEND);
}

/// How often the lines of a serial port changed and its driver counted something, since it was made.
///
/// They wrap around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[doc(alias = "serial_icounter_struct")]
pub struct LineCounters {
    /// Changes of clear to send.
    pub clear_to_send: u32,
    /// Changes of data set ready.
    pub data_set_ready: u32,
    /// Rings: their ends.
    pub ring: u32,
    /// Changes of carrier detect.
    pub carrier_detect: u32,
    /// Bytes that came in.
    pub received: u32,
    /// Bytes that went out.
    pub sent: u32,
    /// Bytes with a wrong frame.
    pub frame_errors: u32,
    /// Bytes that the hardware lost, as nobody took the ones before.
    pub overruns: u32,
    /// Bytes with wrong parity.
    pub parity_errors: u32,
    /// Breaks.
    pub breaks: u32,
    /// Bytes that the driver lost, as nobody read the ones before.
    pub buffer_overruns: u32,
}

impl Terminal {
    /// The lines that are on.
    ///
    /// # Errors
    /// The terminal has none, as pseudo-terminals ([`Errno::NOTTY`](linux_support_base::Errno::NOTTY)).
    #[doc(alias = "TIOCMGET")]
    pub fn modem_lines(&self) -> Result<ModemLines, Error> {
        ask(self, Question::ModemLines)
            .map(|lines| ModemLines::from_bits_retain(lines.cast_unsigned()))
            .map_err(|errno| failed("read the modem lines of", errno))
    }

    /// Switches our lines on that are in `lines`, and all others off.
    ///
    /// # Errors
    /// As for [`modem_lines`](Self::modem_lines).
    #[doc(alias = "TIOCMSET")]
    pub fn set_modem_lines(&self, lines: ModemLines) -> Result<(), Error> {
        self.set_lines(Setting::ModemLines, lines)
    }

    /// Switches those of `lines` on, and leaves the others.
    ///
    /// # Errors
    /// As for [`modem_lines`](Self::modem_lines).
    #[doc(alias = "TIOCMBIS")]
    pub fn switch_modem_lines_on(&self, lines: ModemLines) -> Result<(), Error> {
        self.set_lines(Setting::ModemLinesOn, lines)
    }

    /// Switches those of `lines` off, and leaves the others.
    ///
    /// # Errors
    /// As for [`modem_lines`](Self::modem_lines).
    #[doc(alias = "TIOCMBIC")]
    pub fn switch_modem_lines_off(&self, lines: ModemLines) -> Result<(), Error> {
        self.set_lines(Setting::ModemLinesOff, lines)
    }

    fn set_lines(&self, setting: Setting, lines: ModemLines) -> Result<(), Error> {
        set(self, setting, lines.bits().cast_signed())
            .map_err(|errno| failed("set the modem lines of", errno))
    }

    /// Waits until one of `lines` changes: some of [`ModemLines::WAITABLE`].
    ///
    /// There is no time-out, and no poll for it: a signal's handler ends the wait
    /// ([`Errno::INTR`](linux_support_base::Errno::INTR)). Compare [`line_counters`](Self::line_counters) from before
    /// and after, so that no change between two waits is missed.
    ///
    /// # Errors
    /// As for [`modem_lines`](Self::modem_lines); one of `lines` can't be waited for; a signal came.
    #[doc(alias = "TIOCMIWAIT")]
    pub fn wait_for_modem_lines(&self, lines: ModemLines) -> Result<(), Error> {
        if lines.is_empty() || !ModemLines::WAITABLE.contains(lines) {
            let accepted = "takes ring, data set ready, carrier detect and clear to send";
            return Err(Error::invalid("wait for the modem lines of", super::OBJECT, accepted));
        }
        order(self, Order::ModemWait, lines.bits())
            .map_err(|errno| failed("wait for the modem lines of", errno))
    }

    /// How often lines changed and bytes came.
    ///
    /// # Errors
    /// As for [`modem_lines`](Self::modem_lines).
    #[doc(alias = "TIOCGICOUNT")]
    pub fn line_counters(&self) -> Result<LineCounters, Error> {
        let counters = sys::counters(self).map_err(|errno| failed("read the counters of", errno))?;
        Ok(LineCounters {
            clear_to_send: counters.cts.cast_unsigned(),
            data_set_ready: counters.dsr.cast_unsigned(),
            ring: counters.rng.cast_unsigned(),
            carrier_detect: counters.dcd.cast_unsigned(),
            received: counters.received.cast_unsigned(),
            sent: counters.sent.cast_unsigned(),
            frame_errors: counters.frame.cast_unsigned(),
            overruns: counters.overrun.cast_unsigned(),
            parity_errors: counters.parity.cast_unsigned(),
            breaks: counters.breaks.cast_unsigned(),
            buffer_overruns: counters.buffer_overrun.cast_unsigned(),
        })
    }
}
