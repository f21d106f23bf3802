//! What the line is like.

use bitflags::bitflags;
use linux_raw_sys::general as raw;

bitflags! {
    /// What the line is like, but for speed, size, parity and stop bits.
    ///
    /// # Source
    /// termios(3): `c_cflag`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ControlModes: u32 {
        /// The receiver is on.
        #[doc(alias = "CREAD")]
        const RECEIVE = raw::CREAD;
        /// The last close lowers the modem lines: it hangs up.
        #[doc(alias = "HUPCL")]
        const HANG_UP_ON_CLOSE = raw::HUPCL;
        /// The modem lines are left aside.
        #[doc(alias = "CLOCAL")]
        const LOCAL = raw::CLOCAL;
        /// RTS and CTS control the flow.
        #[doc(alias = "CRTSCTS")]
        const HARDWARE_FLOW_CONTROL = raw::CRTSCTS;
        /// The ninth bit says that the other eight are an address: for RS-485.
        #[doc(alias = "ADDRB")]
        const ADDRESS_BIT = raw::ADDRB;
        const _ = !FIELDS;
    }
}

const PARITY: u32 = raw::PARENB | raw::PARODD | raw::CMSPAR;

/// The bits of speed, size, parity and stop bits.
pub(super) const FIELDS: u32 = raw::CBAUD | raw::CBAUDEX | raw::CIBAUD | raw::CSIZE | raw::CSTOPB | PARITY;

/// How many bits of data a character has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "CSIZE")]
pub enum DataBits {
    /// Five.
    #[doc(alias = "CS5")]
    Five,
    /// Six.
    #[doc(alias = "CS6")]
    Six,
    /// Seven.
    #[doc(alias = "CS7")]
    Seven,
    /// Eight.
    #[doc(alias = "CS8")]
    Eight,
}

impl DataBits {
    pub(super) const MASK: u32 = raw::CSIZE;

    pub(super) fn of(flags: u32) -> Self {
        match flags & raw::CSIZE {
            raw::CS5 => Self::Five,
            raw::CS6 => Self::Six,
            raw::CS7 => Self::Seven,
            _ => Self::Eight,
        }
    }

    pub(super) const fn bits(self) -> u32 {
        match self {
            Self::Five => raw::CS5,
            Self::Six => raw::CS6,
            Self::Seven => raw::CS7,
            Self::Eight => raw::CS8,
        }
    }
}

/// The bit behind the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "PARENB")]
pub enum Parity {
    /// There is none.
    None,
    /// It makes the number of ones even.
    Even,
    /// It makes the number of ones odd.
    #[doc(alias = "PARODD")]
    Odd,
    /// It is 0.
    #[doc(alias = "CMSPAR")]
    Space,
    /// It is 1.
    #[doc(alias = "CMSPAR")]
    Mark,
}

impl Parity {
    pub(super) const MASK: u32 = PARITY;

    pub(super) fn of(flags: u32) -> Self {
        let has = |bit| flags & bit != 0;
        match (has(raw::PARENB), has(raw::CMSPAR), has(raw::PARODD)) {
            (false, ..) => Self::None,
            (true, false, false) => Self::Even,
            (true, false, true) => Self::Odd,
            (true, true, false) => Self::Space,
            (true, true, true) => Self::Mark,
        }
    }

    pub(super) const fn bits(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Even => raw::PARENB,
            Self::Odd => raw::PARENB | raw::PARODD,
            Self::Space => raw::PARENB | raw::CMSPAR,
            Self::Mark => raw::PARENB | raw::CMSPAR | raw::PARODD,
        }
    }
}

/// How many bits end a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "CSTOPB")]
pub enum StopBits {
    /// One.
    One,
    /// Two; one and a half behind five bits of data.
    Two,
}

impl StopBits {
    pub(super) const MASK: u32 = raw::CSTOPB;

    pub(super) fn of(flags: u32) -> Self {
        if flags & raw::CSTOPB == 0 { Self::One } else { Self::Two }
    }

    pub(super) const fn bits(self) -> u32 {
        match self {
            Self::One => 0,
            Self::Two => raw::CSTOPB,
        }
    }
}
