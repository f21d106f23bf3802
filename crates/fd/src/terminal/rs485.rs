//! Several on one line: RS-485.

use core::time::Duration;

use bitflags::bitflags;
use linux_support_base::Error;

use super::{Terminal, failed};
use crate::sys::terminal::{Rs485Settings, rs485, set_rs485};

/// How a serial port shares its line with others.
///
/// ```
/// use core::time::Duration;
/// use linux_support_fd::{Rs485, Rs485Flags};
///
/// let mut sharing = Rs485::default();
/// sharing.flags = Rs485Flags::ENABLED | Rs485Flags::RTS_ON_SEND;
/// sharing.delay_before_send = Duration::from_millis(2);
/// // terminal.set_rs485(&sharing)?;
/// ```
///
/// # Source
/// The kernel's `Documentation/driver-api/serial/serial-rs485.rst`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "serial_rs485")]
pub struct Rs485 {
    /// What is done with the line.
    pub flags: Rs485Flags,
    /// How long to wait between taking the line and sending: milliseconds.
    #[doc(alias = "delay_rts_before_send")]
    pub delay_before_send: Duration,
    /// How long to wait between sending and giving up the line: milliseconds.
    #[doc(alias = "delay_rts_after_send")]
    pub delay_after_send: Duration,
    /// Only what is sent to this address is received: with the line's address mode.
    #[doc(alias = "SER_RS485_ADDR_RECV")]
    pub receive_address: Option<u8>,
    /// To whom is sent: with the line's address mode.
    #[doc(alias = "SER_RS485_ADDR_DEST")]
    pub destination_address: Option<u8>,
}

bitflags! {
    /// What is done with a shared line.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Rs485Flags: u32 {
        /// The line is shared at all.
        #[doc(alias = "SER_RS485_ENABLED")]
        const ENABLED = 1;
        /// RTS is on while sending.
        #[doc(alias = "SER_RS485_RTS_ON_SEND")]
        const RTS_ON_SEND = 1 << 1;
        /// RTS is on after sending.
        #[doc(alias = "SER_RS485_RTS_AFTER_SEND")]
        const RTS_AFTER_SEND = 1 << 2;
        /// One's own sending is received.
        #[doc(alias = "SER_RS485_RX_DURING_TX")]
        const RECEIVE_OWN = 1 << 4;
        /// The line is terminated here.
        #[doc(alias = "SER_RS485_TERMINATE_BUS")]
        const TERMINATE = 1 << 5;
        /// Bytes have a ninth bit that marks addresses.
        #[doc(alias = "SER_RS485_ADDRB")]
        const ADDRESS_MODE = 1 << 6;
        /// Two pairs of wires, one each way: RS-422.
        #[doc(alias = "SER_RS485_MODE_RS422")]
        const RS422 = 1 << 9;
        const _ = !ADDRESSES;
    }
}

const RECEIVE_ADDRESS: u32 = 1 << 7;
const DESTINATION_ADDRESS: u32 = 1 << 8;
/// The bits that [`Rs485`] has as options.
const ADDRESSES: u32 = RECEIVE_ADDRESS | DESTINATION_ADDRESS;

impl Rs485 {
    fn of(settings: &Rs485Settings) -> Self {
        let given = |bit, address| (settings.flags & bit != 0).then_some(address);
        Self {
            flags: Rs485Flags::from_bits_retain(settings.flags & !ADDRESSES),
            delay_before_send: Duration::from_millis(settings.delay_before.into()),
            delay_after_send: Duration::from_millis(settings.delay_after.into()),
            receive_address: given(RECEIVE_ADDRESS, settings.receive_address),
            destination_address: given(DESTINATION_ADDRESS, settings.destination_address),
        }
    }

    fn settings(&self) -> Result<Rs485Settings, Error> {
        let milliseconds = |delay: Duration| {
            u32::try_from(delay.as_nanos().div_ceil(1_000_000)).map_err(|_| {
                Error::invalid("set RS-485 of", super::OBJECT, "takes delays up to 2^32 - 1 milliseconds")
            })
        };
        let mut settings = Rs485Settings::default();
        settings.flags = self.flags.bits() & !ADDRESSES;
        settings.delay_before = milliseconds(self.delay_before_send)?;
        settings.delay_after = milliseconds(self.delay_after_send)?;
        if let Some(address) = self.receive_address {
            settings.flags |= RECEIVE_ADDRESS;
            settings.receive_address = address;
        }
        if let Some(address) = self.destination_address {
            settings.flags |= DESTINATION_ADDRESS;
            settings.destination_address = address;
        }
        Ok(settings)
    }
}

impl Terminal {
    /// How the port shares its line.
    ///
    /// # Errors
    /// Its driver knows nothing of that ([`Errno::NOTTY`](linux_support_base::Errno::NOTTY)).
    #[doc(alias = "TIOCGRS485")]
    pub fn rs485(&self) -> Result<Rs485, Error> {
        rs485(self).map(|settings| Rs485::of(&settings)).map_err(|errno| failed("read RS-485 of", errno))
    }

    /// Sets how the port shares its line, and gives what the driver made of it: it leaves aside what the hardware
    /// can't do.
    ///
    /// # Errors
    /// As for [`rs485`](Self::rs485); an address is given and [`Rs485Flags::ADDRESS_MODE`] is not, or the driver knows
    /// neither of them ([`Errno::INVAL`](linux_support_base::Errno::INVAL)); a delay is above 2^32 - 1 milliseconds.
    #[doc(alias = "TIOCSRS485")]
    pub fn set_rs485(&self, sharing: &Rs485) -> Result<Rs485, Error> {
        set_rs485(self, sharing.settings()?)
            .map(|settings| Rs485::of(&settings))
            .map_err(|errno| failed("set RS-485 of", errno))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were() {
        let sharing = Rs485 {
            flags: Rs485Flags::ENABLED | Rs485Flags::ADDRESS_MODE | Rs485Flags::from_bits_retain(1 << 20),
            delay_before_send: Duration::from_millis(3),
            delay_after_send: Duration::ZERO,
            receive_address: Some(0),
            destination_address: None,
        };
        let settings = sharing.settings().unwrap();
        assert_eq!(settings.flags, 1 << 20 | 1 << 7 | 1 << 6 | 1);
        assert_eq!((settings.delay_before, Rs485::of(&settings)), (3, sharing));
    }

    #[test]
    fn a_delay_is_rounded_up_and_one_too_long_refused() {
        let mut sharing = Rs485 { delay_after_send: Duration::from_micros(1), ..Rs485::default() };
        assert_eq!(sharing.settings().unwrap().delay_after, 1);
        sharing.delay_after_send = Duration::from_millis(1 << 32);
        assert!(sharing.settings().unwrap_err().to_string().contains("takes delays up to"));
    }
}
