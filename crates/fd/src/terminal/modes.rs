//! All modes of a terminal together.

use core::{fmt, time::Duration};

use linux_raw_sys::general as raw;
use linux_support_base::Error;

use super::{
    BackspaceDelay, CarriageReturnDelay, ControlCharacter, ControlModes, DataBits, FormFeedDelay, InputModes,
    LineDiscipline, LineSpeed, LocalModes, NewLineDelay, OutputModes, Parity, StopBits, TabDelay, Terminal,
    VerticalTabDelay, control, failed, output,
};
use crate::sys::terminal::{When, modes, set_modes, termios2};

/// All modes of a terminal: read them, change some, and set them.
///
/// Bits that this library does not know stay as they were.
///
/// # Source
/// termios(3), ioctl_tty(2): `struct termios2`.
#[derive(Clone, Copy)]
#[doc(alias = "termios2")]
pub struct TerminalModes(termios2);

/// When new modes apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhenToChange {
    /// Now.
    #[doc(alias = "TCSANOW")]
    Now,
    /// When all that was written is out.
    #[doc(alias = "TCSADRAIN")]
    Drained,
    /// When all that was written is out; what came in and was not read is thrown away.
    #[doc(alias = "TCSAFLUSH")]
    Flushed,
}

/// What the kernel takes for "no such character".
const DISABLED: u8 = 0;

macro_rules! field {
    ($($(#[$doc:meta])* $get:ident, $set:ident: $type:ident in $word:ident;)*) => {
        $(
            $(#[$doc])*
            #[must_use]
            pub fn $get(&self) -> $type {
                $type::of(self.0.$word)
            }

            #[doc = concat!("Sets what [`", stringify!($get), "`](Self::", stringify!($get), ") gives.")]
            pub fn $set(&mut self, value: $type) {
                self.0.$word = self.0.$word & !$type::MASK | value.bits();
            }
        )*
    };
}

impl TerminalModes {
    /// What happens to what comes in.
    #[must_use]
    #[doc(alias = "c_iflag")]
    pub fn input(&self) -> InputModes {
        InputModes::from_bits_retain(self.0.c_iflag)
    }

    /// Sets what happens to what comes in.
    pub fn set_input(&mut self, modes: InputModes) {
        self.0.c_iflag = modes.bits();
    }

    /// What happens to what goes out.
    #[must_use]
    #[doc(alias = "c_oflag")]
    pub fn output(&self) -> OutputModes {
        OutputModes::from_bits_retain(self.0.c_oflag & !output::DELAYS)
    }

    /// Sets what happens to what goes out; the delays stay.
    pub fn set_output(&mut self, modes: OutputModes) {
        self.0.c_oflag = self.0.c_oflag & output::DELAYS | modes.bits() & !output::DELAYS;
    }

    /// What the line is like.
    #[must_use]
    #[doc(alias = "c_cflag")]
    pub fn control(&self) -> ControlModes {
        ControlModes::from_bits_retain(self.0.c_cflag & !control::FIELDS)
    }

    /// Sets what the line is like; speed, size, parity and stop bits stay.
    pub fn set_control(&mut self, modes: ControlModes) {
        self.0.c_cflag = self.0.c_cflag & control::FIELDS | modes.bits() & !control::FIELDS;
    }

    /// What the terminal does by itself.
    #[must_use]
    #[doc(alias = "c_lflag")]
    pub fn local(&self) -> LocalModes {
        LocalModes::from_bits_retain(self.0.c_lflag)
    }

    /// Sets what the terminal does by itself.
    pub fn set_local(&mut self, modes: LocalModes) {
        self.0.c_lflag = modes.bits();
    }

    field! {
        /// How many bits of data a character has.
        data_bits, set_data_bits: DataBits in c_cflag;
        /// The bit behind the data.
        parity, set_parity: Parity in c_cflag;
        /// How many bits end a character.
        stop_bits, set_stop_bits: StopBits in c_cflag;
        /// The delay behind a new line.
        new_line_delay, set_new_line_delay: NewLineDelay in c_oflag;
        /// The delay behind a carriage return.
        carriage_return_delay, set_carriage_return_delay: CarriageReturnDelay in c_oflag;
        /// The delay behind a horizontal tab.
        tab_delay, set_tab_delay: TabDelay in c_oflag;
        /// The delay behind a backspace.
        backspace_delay, set_backspace_delay: BackspaceDelay in c_oflag;
        /// The delay behind a vertical tab.
        vertical_tab_delay, set_vertical_tab_delay: VerticalTabDelay in c_oflag;
        /// The delay behind a form feed.
        form_feed_delay, set_form_feed_delay: FormFeedDelay in c_oflag;
    }

    /// How fast bytes go out.
    #[must_use]
    #[doc(alias = "c_ospeed")]
    pub fn output_speed(&self) -> LineSpeed {
        LineSpeed::new(self.0.c_ospeed)
    }

    /// How fast bytes come in.
    #[must_use]
    #[doc(alias = "c_ispeed")]
    pub fn input_speed(&self) -> LineSpeed {
        LineSpeed::new(self.0.c_ispeed)
    }

    /// Sets the speed both ways.
    #[doc(alias = "cfsetspeed")]
    pub fn set_speed(&mut self, speed: LineSpeed) {
        // Without a code of its own, the input goes as fast as the output.
        let code = self.0.c_cflag & !(raw::CBAUD | raw::CBAUDEX | raw::CIBAUD);
        self.0.c_cflag = code | speed.code();
        (self.0.c_ospeed, self.0.c_ispeed) = (speed.bits_per_second(), speed.bits_per_second());
    }

    /// Sets the speed of what comes in alone, where the hardware has two; a speed of 0 means that of what goes out.
    #[doc(alias = "cfsetispeed")]
    pub fn set_input_speed(&mut self, speed: LineSpeed) {
        self.0.c_cflag = self.0.c_cflag & !raw::CIBAUD | speed.code() << raw::IBSHIFT;
        self.0.c_ispeed = speed.bits_per_second();
    }

    /// The byte that has this meaning, if one does.
    #[must_use]
    #[doc(alias = "c_cc")]
    pub fn character(&self, character: ControlCharacter) -> Option<u8> {
        self.0.c_cc.get(character.index()).copied().filter(|byte| *byte != DISABLED)
    }

    /// Gives this meaning to a byte, or to none. The byte 0 can't have one: it stands for none.
    #[doc(alias = "_POSIX_VDISABLE")]
    pub fn set_character(&mut self, character: ControlCharacter, byte: Option<u8>) {
        if let Some(place) = self.0.c_cc.get_mut(character.index()) {
            *place = byte.unwrap_or(DISABLED);
        }
    }

    /// How many bytes end a reading that is not by lines.
    #[must_use]
    #[doc(alias = "VMIN")]
    pub fn minimum(&self) -> u8 {
        self.0.c_cc[raw::VMIN as usize]
    }

    /// Sets how many bytes end a reading that is not by lines.
    pub fn set_minimum(&mut self, bytes: u8) {
        self.0.c_cc[raw::VMIN as usize] = bytes;
    }

    /// How long a reading that is not by lines waits for the next byte: from the first one on or, if
    /// [`minimum`](Self::minimum) is 0, from its beginning.
    #[must_use]
    #[doc(alias = "VTIME")]
    pub fn time(&self) -> Duration {
        Duration::from_millis(u64::from(self.0.c_cc[raw::VTIME as usize]) * 100)
    }

    /// Sets how long a reading that is not by lines waits for the next byte: up to 25.5 seconds, rounded up to
    /// tenths.
    ///
    /// # Errors
    /// It is longer.
    pub fn set_time(&mut self, time: Duration) -> Result<(), Error> {
        let tenths = u8::try_from(time.as_nanos().div_ceil(100_000_000))
            .map_err(|_| Error::invalid("set the time of", super::OBJECT, "takes up to 25.5 seconds"))?;
        self.0.c_cc[raw::VTIME as usize] = tenths;
        Ok(())
    }

    /// Who makes characters of bytes.
    #[must_use]
    #[doc(alias = "c_line")]
    pub fn discipline(&self) -> LineDiscipline {
        LineDiscipline::from_number(self.0.c_line.into())
    }

    /// Makes bytes come and go as they are, one at a time, with eight bits and no parity: nothing is shown, no
    /// character has a meaning, and no signal is sent.
    #[doc(alias = "cfmakeraw")]
    pub fn make_raw(&mut self) {
        let input = InputModes::IGNORE_BREAK
            | InputModes::BREAK_INTERRUPTS
            | InputModes::MARK_PARITY_ERRORS
            | InputModes::STRIP_EIGHTH_BIT
            | InputModes::NEW_LINE_TO_CARRIAGE_RETURN
            | InputModes::IGNORE_CARRIAGE_RETURN
            | InputModes::CARRIAGE_RETURN_TO_NEW_LINE
            | InputModes::OUTPUT_FLOW_CONTROL;
        let local = LocalModes::ECHO
            | LocalModes::ECHO_NEW_LINE
            | LocalModes::CANONICAL
            | LocalModes::SIGNALS
            | LocalModes::EXTENDED;
        self.set_input(self.input() - input);
        self.set_output(self.output() - OutputModes::PROCESS);
        self.set_local(self.local() - local);
        self.set_data_bits(DataBits::Eight);
        self.set_parity(Parity::None);
        self.read_one_at_a_time();
    }

    /// Makes what is typed come at once and unseen; the signals' characters keep their meaning.
    pub fn make_cbreak(&mut self) {
        self.set_local(self.local() - LocalModes::CANONICAL - LocalModes::ECHO);
        self.read_one_at_a_time();
    }

    /// Hides what is typed, but for the new line at its end; lines can be edited and signals be sent.
    pub fn make_secret(&mut self) {
        let kept = LocalModes::CANONICAL | LocalModes::SIGNALS | LocalModes::ECHO_NEW_LINE;
        self.set_local((self.local() | kept) - LocalModes::ECHO);
    }

    fn read_one_at_a_time(&mut self) {
        self.0.c_cc[raw::VMIN as usize] = 1;
        self.0.c_cc[raw::VTIME as usize] = 0;
    }
}

impl Terminal {
    /// The modes that are in force.
    ///
    /// # Errors
    /// The terminal was hung up.
    #[doc(alias = "tcgetattr")]
    #[doc(alias = "TCGETS2")]
    pub fn modes(&self) -> Result<TerminalModes, Error> {
        modes(self).map(TerminalModes).map_err(|errno| failed("read modes of", errno))
    }

    /// Sets all modes, and gives those that are then in force: drivers leave aside what the hardware can't do.
    ///
    /// In the background this stops the process by SIGTTOU, unless the signal is blocked or ignored.
    /// [`WhenToChange::Drained`] and [`WhenToChange::Flushed`] wait as long as nobody takes what was written.
    ///
    /// # Errors
    /// The terminal was hung up.
    #[doc(alias = "tcsetattr")]
    #[doc(alias = "TCSETS2")]
    pub fn set_modes(&self, modes: &TerminalModes, when: WhenToChange) -> Result<TerminalModes, Error> {
        let when = match when {
            WhenToChange::Now => When::Now,
            WhenToChange::Drained => When::Drained,
            WhenToChange::Flushed => When::Flushed,
        };
        rustix::io::retry_on_intr(|| set_modes(self, when, &modes.0))
            .map_err(|errno| failed("set modes of", errno))?;
        self.modes()
    }
}

impl TerminalModes {
    /// What the kernel has.
    fn words(&self) -> ([u32; 6], u8, &[u8]) {
        let modes = &self.0;
        let words =
            [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag, modes.c_ispeed, modes.c_ospeed];
        (words, modes.c_line, &modes.c_cc)
    }
}

impl PartialEq for TerminalModes {
    fn eq(&self, other: &Self) -> bool {
        self.words() == other.words()
    }
}

impl Eq for TerminalModes {}

impl fmt::Debug for TerminalModes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminalModes")
            .field("input", &self.input())
            .field("output", &self.output())
            .field("control", &self.control())
            .field("local", &self.local())
            .field("data_bits", &self.data_bits())
            .field("parity", &self.parity())
            .field("stop_bits", &self.stop_bits())
            .field("input_speed", &self.input_speed())
            .field("output_speed", &self.output_speed())
            .field("characters", &self.0.c_cc)
            .finish_non_exhaustive()
    }
}
