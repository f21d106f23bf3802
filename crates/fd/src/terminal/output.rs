//! What happens to what goes out.

use bitflags::bitflags;
use linux_raw_sys::general as raw;

bitflags! {
    /// What happens to what goes out, but for the delays.
    ///
    /// # Source
    /// termios(3): `c_oflag`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct OutputModes: u32 {
        /// Anything happens at all.
        #[doc(alias = "OPOST")]
        const PROCESS = raw::OPOST;
        /// Lower case becomes upper case.
        #[doc(alias = "OLCUC")]
        const LOWER_TO_UPPER_CASE = raw::OLCUC;
        /// A new line becomes a carriage return and a new line.
        #[doc(alias = "ONLCR")]
        const NEW_LINE_TO_BOTH = raw::ONLCR;
        /// A carriage return becomes a new line.
        #[doc(alias = "OCRNL")]
        const CARRIAGE_RETURN_TO_NEW_LINE = raw::OCRNL;
        /// A carriage return in the first column is not sent.
        #[doc(alias = "ONOCR")]
        const NO_CARRIAGE_RETURN_IN_FIRST_COLUMN = raw::ONOCR;
        /// A new line goes to the first column, too.
        #[doc(alias = "ONLRET")]
        const NEW_LINE_RETURNS = raw::ONLRET;
        /// Delays are made of fill characters rather than of time.
        #[doc(alias = "OFILL")]
        const FILL = raw::OFILL;
        /// The fill character is DEL rather than NUL.
        #[doc(alias = "OFDEL")]
        const FILL_WITH_DELETE = raw::OFDEL;
        const _ = !DELAYS;
    }
}

/// The bits of the delays.
pub(super) const DELAYS: u32 = raw::NLDLY | raw::CRDLY | raw::TABDLY | raw::BSDLY | raw::VTDLY | raw::FFDLY;

macro_rules! delay {
    ($(#[$attribute:meta])* $name:ident, $mask:ident { $($(#[$doc:meta])* $variant:ident = $value:ident,)* }) => {
        $(#[$attribute])*
        ///
        /// Linux keeps it and, but for the expansion of tabs, does nothing with it.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            pub(super) const MASK: u32 = raw::$mask;

            pub(super) fn of(flags: u32) -> Self {
                match flags & raw::$mask {
                    $(raw::$value => Self::$variant,)*
                    _ => Self::default(),
                }
            }

            pub(super) const fn bits(self) -> u32 {
                match self {
                    $(Self::$variant => raw::$value,)*
                }
            }
        }
    };
}

delay! {
    /// The delay behind a new line.
    #[doc(alias = "NLDLY")]
    NewLineDelay, NLDLY {
        /// None.
        #[default]
        #[doc(alias = "NL0")]
        None = NL0,
        /// The one that there is.
        #[doc(alias = "NL1")]
        Some = NL1,
    }
}

delay! {
    /// The delay behind a carriage return.
    #[doc(alias = "CRDLY")]
    CarriageReturnDelay, CRDLY {
        /// None.
        #[default]
        #[doc(alias = "CR0")]
        None = CR0,
        /// The first.
        #[doc(alias = "CR1")]
        First = CR1,
        /// The second.
        #[doc(alias = "CR2")]
        Second = CR2,
        /// The third.
        #[doc(alias = "CR3")]
        Third = CR3,
    }
}

delay! {
    /// The delay behind a horizontal tab.
    #[doc(alias = "TABDLY")]
    TabDelay, TABDLY {
        /// None.
        #[default]
        #[doc(alias = "TAB0")]
        None = TAB0,
        /// The first.
        #[doc(alias = "TAB1")]
        First = TAB1,
        /// The second.
        #[doc(alias = "TAB2")]
        Second = TAB2,
        /// None, and tabs become spaces.
        #[doc(alias = "XTABS")]
        #[doc(alias = "TAB3")]
        Expand = TAB3,
    }
}

delay! {
    /// The delay behind a backspace.
    #[doc(alias = "BSDLY")]
    BackspaceDelay, BSDLY {
        /// None.
        #[default]
        #[doc(alias = "BS0")]
        None = BS0,
        /// The one that there is.
        #[doc(alias = "BS1")]
        Some = BS1,
    }
}

delay! {
    /// The delay behind a vertical tab.
    #[doc(alias = "VTDLY")]
    VerticalTabDelay, VTDLY {
        /// None.
        #[default]
        #[doc(alias = "VT0")]
        None = VT0,
        /// The one that there is.
        #[doc(alias = "VT1")]
        Some = VT1,
    }
}

delay! {
    /// The delay behind a form feed.
    #[doc(alias = "FFDLY")]
    FormFeedDelay, FFDLY {
        /// None.
        #[default]
        #[doc(alias = "FF0")]
        None = FF0,
        /// The one that there is.
        #[doc(alias = "FF1")]
        Some = FF1,
    }
}
