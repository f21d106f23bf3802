//! Who makes characters of bytes.

use core::fmt;

use linux_support_base::Error;

use super::{Terminal, failed};
use crate::sys::terminal::{Question, Setting, ask, set};

macro_rules! disciplines {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)*) => {
        /// A line discipline: what stands between a terminal's driver and who reads it.
        ///
        /// # Source
        /// ioctl_tty(2): `TIOCGETD`; the kernel's `include/uapi/linux/tty.h`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum LineDiscipline {
            $($(#[$doc])* #[doc(alias = $name)] $variant,)*
            /// One that this library does not know, by the kernel's number.
            Unknown(u32),
        }

        impl LineDiscipline {
            /// The discipline of the kernel's number.
            #[must_use]
            pub const fn from_number(number: u32) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    number => Self::Unknown(number),
                }
            }

            /// The kernel's number.
            #[must_use]
            pub const fn number(self) -> u32 {
                match self {
                    $(Self::$variant => $number,)*
                    Self::Unknown(number) => number,
                }
            }
        }

        impl fmt::Display for LineDiscipline {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.pad($name),)*
                    Self::Unknown(number) => number.fmt(f),
                }
            }
        }
    };
}

disciplines! {
    /// The usual one.
    Terminal = 0, "N_TTY";
    /// Internet over a serial line.
    Slip = 1, "N_SLIP";
    /// A mouse.
    Mouse = 2, "N_MOUSE";
    /// Point-to-point protocol.
    Ppp = 3, "N_PPP";
    /// AX.25.
    Ax25 = 5, "N_AX25";
    /// 6pack radio protocol.
    SixPack = 7, "N_6PACK";
    /// Synchronous HDLC.
    Hdlc = 13, "N_HDLC";
    /// Synchronous point-to-point protocol.
    SyncPpp = 14, "N_SYNC_PPP";
    /// Bluetooth.
    Bluetooth = 15, "N_HCI";
    /// Siemens' Gigaset.
    Gigaset = 16, "N_GIGASET_M101";
    /// CAN over a serial line.
    Slcan = 17, "N_SLCAN";
    /// Pulses per second.
    Pps = 18, "N_PPS";
    /// Codec over GSM.
    V253 = 19, "N_V253";
    /// CAIF of modems.
    Caif = 20, "N_CAIF";
    /// GSM 0710 multiplexing.
    Gsm = 21, "N_GSM0710";
    /// TI's shared transport.
    TiSharedTransport = 22, "N_TI_WL";
    /// Speakup's synthesizers.
    Speakup = 26, "N_SPEAKUP";
    /// Nothing: everything fails.
    Null = 27, "N_NULL";
    /// Modem Control Transport Protocol.
    Mctp = 28, "N_MCTP";
    /// CAN327.
    Can327 = 30, "N_CAN327";
}

impl Terminal {
    /// The line discipline.
    ///
    /// # Errors
    /// The terminal was hung up.
    #[doc(alias = "TIOCGETD")]
    pub fn discipline(&self) -> Result<LineDiscipline, Error> {
        let number =
            ask(self, Question::Discipline).map_err(|errno| failed("query the discipline of", errno))?;
        Ok(LineDiscipline::from_number(number.cast_unsigned()))
    }

    /// Gives it another line discipline. What was read by the one before is lost.
    ///
    /// # Errors
    /// The kernel doesn't have it ([`Errno::INVAL`](linux_support_base::Errno::INVAL)), and can't load it.
    ///
    /// # Capabilities
    /// `CAP_SYS_MODULE` where `dev.tty.ldisc_autoload` is off and it is not loaded; `CAP_NET_ADMIN` for those of
    /// networks.
    #[doc(alias = "TIOCSETD")]
    pub fn set_discipline(&self, discipline: LineDiscipline) -> Result<(), Error> {
        set(self, Setting::Discipline, discipline.number().cast_signed())
            .map_err(|errno| failed("set the discipline of", errno))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_known_or_not() {
        for number in 0..40 {
            assert_eq!(LineDiscipline::from_number(number).number(), number);
        }
        assert_eq!(LineDiscipline::from_number(0), LineDiscipline::Terminal);
        assert_eq!(LineDiscipline::from_number(99).to_string(), "99");
    }
}
