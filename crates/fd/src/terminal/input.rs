//! What happens to what comes in.

use bitflags::bitflags;
use linux_raw_sys::general as raw;

bitflags! {
    /// What happens to what comes in.
    ///
    /// # Source
    /// termios(3): `c_iflag`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct InputModes: u32 {
        /// A break is ignored.
        #[doc(alias = "IGNBRK")]
        const IGNORE_BREAK = raw::IGNBRK;
        /// A break flushes the queues and sends SIGINT to the foreground; without this it reads as a 0 byte.
        #[doc(alias = "BRKINT")]
        const BREAK_INTERRUPTS = raw::BRKINT;
        /// Bytes with wrong parity or frame are ignored.
        #[doc(alias = "IGNPAR")]
        const IGNORE_PARITY_ERRORS = raw::IGNPAR;
        /// Bytes with wrong parity or frame come behind the bytes 0xff and 0; 0xff itself comes twice.
        #[doc(alias = "PARMRK")]
        const MARK_PARITY_ERRORS = raw::PARMRK;
        /// Parity is checked.
        #[doc(alias = "INPCK")]
        const CHECK_PARITY = raw::INPCK;
        /// The eighth bit is taken off.
        #[doc(alias = "ISTRIP")]
        const STRIP_EIGHTH_BIT = raw::ISTRIP;
        /// A new line becomes a carriage return.
        #[doc(alias = "INLCR")]
        const NEW_LINE_TO_CARRIAGE_RETURN = raw::INLCR;
        /// A carriage return is ignored.
        #[doc(alias = "IGNCR")]
        const IGNORE_CARRIAGE_RETURN = raw::IGNCR;
        /// A carriage return becomes a new line.
        #[doc(alias = "ICRNL")]
        const CARRIAGE_RETURN_TO_NEW_LINE = raw::ICRNL;
        /// Upper case becomes lower case.
        #[doc(alias = "IUCLC")]
        const UPPER_TO_LOWER_CASE = raw::IUCLC;
        /// The characters stop and start hold and resume what goes out.
        #[doc(alias = "IXON")]
        const OUTPUT_FLOW_CONTROL = raw::IXON;
        /// Any character resumes what goes out.
        #[doc(alias = "IXANY")]
        const ANY_RESTARTS = raw::IXANY;
        /// The characters stop and start are sent as the input queue fills and empties.
        #[doc(alias = "IXOFF")]
        const INPUT_FLOW_CONTROL = raw::IXOFF;
        /// A full input queue rings the bell: always so in Linux.
        #[doc(alias = "IMAXBEL")]
        const BELL_WHEN_FULL = raw::IMAXBEL;
        /// Input is UTF-8, so that erasing takes whole characters.
        #[doc(alias = "IUTF8")]
        const UTF8 = raw::IUTF8;
        const _ = !0;
    }
}
