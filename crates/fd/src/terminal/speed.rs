//! How fast the line is.

use core::fmt;

use linux_raw_sys::general as raw;

/// The speed of a line, in bits a second: any number.
///
/// ```
/// use linux_support_fd::{LineSpeed, PseudoTerminal, WhenToChange};
///
/// let controller = PseudoTerminal::open()?;
/// let terminal = controller.peer()?;
/// let mut modes = terminal.modes()?;
/// modes.set_speed(LineSpeed::new(250_000));
/// let modes = terminal.set_modes(&modes, WhenToChange::Now)?;
/// assert_eq!(modes.output_speed().to_string(), "250000");
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "speed_t")]
#[doc(alias = "BOTHER")]
pub struct LineSpeed(u32);

impl LineSpeed {
    /// 0, which lowers the modem lines: the line hangs up.
    #[doc(alias = "B0")]
    pub const HANG_UP: Self = Self(0);

    /// So many bits a second.
    #[must_use]
    pub const fn new(bits_per_second: u32) -> Self {
        Self(bits_per_second)
    }

    /// The bits a second.
    #[must_use]
    pub const fn bits_per_second(self) -> u32 {
        self.0
    }

    /// The kernel's code: programs that know the old speeds only see those by it.
    pub(super) fn code(self) -> u32 {
        CODES.iter().find(|(speed, _)| *speed == self.0).map_or(raw::BOTHER, |(_, code)| *code)
    }
}

impl fmt::Display for LineSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

const CODES: [(u32, u32); 31] = [
    (0, raw::B0),
    (50, raw::B50),
    (75, raw::B75),
    (110, raw::B110),
    (134, raw::B134),
    (150, raw::B150),
    (200, raw::B200),
    (300, raw::B300),
    (600, raw::B600),
    (1200, raw::B1200),
    (1800, raw::B1800),
    (2400, raw::B2400),
    (4800, raw::B4800),
    (9600, raw::B9600),
    (19_200, raw::B19200),
    (38_400, raw::B38400),
    (57_600, raw::B57600),
    (115_200, raw::B115200),
    (230_400, raw::B230400),
    (460_800, raw::B460800),
    (500_000, raw::B500000),
    (576_000, raw::B576000),
    (921_600, raw::B921600),
    (1_000_000, raw::B1000000),
    (1_152_000, raw::B1152000),
    (1_500_000, raw::B1500000),
    (2_000_000, raw::B2000000),
    (2_500_000, raw::B2500000),
    (3_000_000, raw::B3000000),
    (3_500_000, raw::B3500000),
    (4_000_000, raw::B4000000),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_speeds_without_a_code_are_others() {
        assert_eq!(LineSpeed::new(115_200).code(), raw::B115200);
        assert_eq!((LineSpeed::HANG_UP.code(), LineSpeed::new(31_250).code()), (raw::B0, raw::BOTHER));
    }
}
