use linux_support_base::{
    Bytes, ClockTicks, Cpu, DeviceNumber, Limit, Pages, ParseError, Pid,
    text::{Integer, take_decimal},
};

use super::{Address, ProcessFlags, Stat};
use crate::{
    name::ProcessName,
    scheduling::{Nice, Priority, RealTimePriority, SchedulingPolicy},
    signals::{Signal, SignalSet},
    state::State,
};

/// The fields that have not been taken yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// Takes `text`, if that is what comes next.
    #[inline(always)]
    fn take<const N: usize>(&mut self, text: &[u8; N]) -> bool {
        match self.0.split_first_chunk() {
            Some((first, after)) if first == text => {
                self.0 = after;
                true
            }
            _ => false,
        }
    }

    #[inline(always)]
    fn number<T: Integer>(&mut self, field: &'static str) -> Result<T, ParseError> {
        take_decimal(&mut self.0).map_err(|error| error.in_field(field))
    }

    /// A field that older kernels do not write.
    #[inline(always)]
    fn later<T: Integer>(&mut self, field: &'static str) -> Result<Option<T>, ParseError> {
        if self.0.is_empty() { Ok(None) } else { self.number(field).map(Some) }
    }

    #[inline(always)]
    fn pid(&mut self, field: &'static str) -> Result<Option<Pid>, ParseError> {
        let seen = self.0;
        match self.number::<i32>(field)? {
            ..-1 => Err(ParseError::expected("a process number, 0 or -1", seen).in_field(field)),
            number => Ok(Pid::new(number)),
        }
    }

    #[inline(always)]
    fn ticks(&mut self, field: &'static str) -> Result<ClockTicks, ParseError> {
        self.number(field).map(ClockTicks::new)
    }

    #[inline(always)]
    fn address(&mut self, field: &'static str) -> Result<Address, ParseError> {
        self.number(field).map(Address::new)
    }

    #[inline(always)]
    fn signals(&mut self, field: &'static str) -> Result<SignalSet, ParseError> {
        self.number(field).map(SignalSet::from_bits)
    }
}

impl Stat {
    /// Reads the line.
    ///
    /// # Errors
    /// Fewer than 41 fields, or a malformed one: the error names it by proc(5)'s name.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        // The name may hold brackets, spaces and newlines; what follows it never does.
        let mut after = text;
        let pid = match take_decimal(&mut after).map(Pid::new) {
            Ok(Some(pid)) => pid,
            Ok(None) => return Err(ParseError::expected("a process number above 0", text).in_field("pid")),
            Err(error) => return Err(error.in_field("pid")),
        };
        let name = after.strip_prefix(b"(").and_then(|name| name.get(..memchr::memrchr(b')', name)?));
        let name = name.ok_or_else(|| ParseError::expected("a name in brackets", after).in_field("comm"))?;
        let close = text.len() - after.len() + 1 + name.len();
        let name = ProcessName::new(name);
        let (state, rest) = match &text[close + 1..] {
            [b' ', letter, b' ', rest @ ..] if letter.is_ascii_graphic() => {
                (State::from_letter(*letter), rest)
            }
            other => return Err(ParseError::expected("a letter", other).in_field("state")),
        };
        let mut rest = Rest(rest);
        // Pairs that are 0 for nearly all are taken at once.
        let mut pair;
        Ok(Self {
            pid,
            name,
            state,
            parent: rest.pid("ppid")?,
            process_group: rest.pid("pgrp")?,
            session: rest.pid("session")?,
            terminal: match rest.number::<i32>("tty_nr")? {
                0 => None,
                encoded => Some(DeviceNumber::from_encoded(encoded.cast_unsigned())),
            },
            // Daemons have none.
            terminal_process_group: if rest.take(b"-1 ") { None } else { rest.pid("tpgid")? },
            flags: ProcessFlags::from_bits(rest.number("flags")?),
            minor_faults: rest.number("minflt")?,
            children_minor_faults: rest.number("cminflt")?,
            major_faults: rest.number("majflt")?,
            children_major_faults: rest.number("cmajflt")?,
            user_time: rest.ticks("utime")?,
            system_time: rest.ticks("stime")?,
            children_user_time: rest.ticks("cutime")?,
            children_system_time: rest.ticks("cstime")?,
            priority: Priority::new(rest.number("priority")?),
            nice: {
                let seen = rest.0;
                Nice::checked(rest.number("nice")?, seen)?
            },
            threads: rest.number("num_threads")?,
            interval_timer: rest.number("itrealvalue")?,
            start: rest.ticks("starttime")?,
            virtual_memory: Bytes::new(rest.number("vsize")?),
            resident: Pages::new(rest.number("rss")?),
            // Most processes have none, and its 20 digits take the longest to read.
            resident_limit: if rest.take(b"18446744073709551615 ") {
                Limit::Max
            } else {
                match rest.number("rsslim")? {
                    u64::MAX => Limit::Max,
                    bytes => Limit::At(Bytes::new(bytes)),
                }
            },
            start_code: rest.address("startcode")?,
            end_code: rest.address("endcode")?,
            start_stack: rest.address("startstack")?,
            stack_pointer: {
                pair = rest.take(b"0 0 ");
                if pair { Address::new(0) } else { rest.address("kstkesp")? }
            },
            instruction_pointer: if pair { Address::new(0) } else { rest.address("kstkeip")? },
            signals_pending: rest.signals("signal")?,
            signals_blocked: rest.signals("blocked")?,
            signals_ignored: rest.signals("sigignore")?,
            signals_caught: rest.signals("sigcatch")?,
            wait_channel: rest.address("wchan")?,
            swapped: {
                pair = rest.take(b"0 0 ");
                if pair { 0 } else { rest.number("nswap")? }
            },
            children_swapped: if pair { 0 } else { rest.number("cnswap")? },
            exit_signal: {
                let seen = rest.0;
                match rest.number::<i32>("exit_signal")? {
                    -1 | 0 => None,
                    number => Some(u8::try_from(number).ok().and_then(Signal::new).ok_or_else(|| {
                        ParseError::expected("a signal from 1 to 128, 0 or -1", seen).in_field("exit_signal")
                    })?),
                }
            },
            cpu: {
                let seen = rest.0;
                let number = rest.number::<i32>("processor")?;
                match u32::try_from(number) {
                    Err(_) => None,
                    Ok(number) => Some(Cpu::new(number).ok_or_else(|| {
                        ParseError::expected("a CPU number below 65536", seen).in_field("processor")
                    })?),
                }
            },
            real_time_priority: {
                let seen = rest.0;
                RealTimePriority::checked(rest.number("rt_priority")?, seen)?
            },
            policy: SchedulingPolicy::from_number(rest.number("policy")?),
            block_input_output_delay: rest.later("delayacct_blkio_ticks")?.map(ClockTicks::new),
            guest_time: rest.later("guest_time")?.map(ClockTicks::new),
            children_guest_time: rest.later("cguest_time")?.map(ClockTicks::new),
            start_data: rest.later("start_data")?.map(Address::new),
            end_data: rest.later("end_data")?.map(Address::new),
            start_heap: rest.later("start_brk")?.map(Address::new),
            start_arguments: rest.later("arg_start")?.map(Address::new),
            end_arguments: rest.later("arg_end")?.map(Address::new),
            start_environment: rest.later("env_start")?.map(Address::new),
            end_environment: rest.later("env_end")?.map(Address::new),
            exit_code: rest.later("exit_code")?,
            other: match rest.0.trim_ascii() {
                [] => None,
                other => Some(other.into()),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINE: &[u8] = b"9623 (cat) R 9621 9621 7808 34817 -1 4194304 103 0 0 0 5 7 1 2 20 0 1 0 600101 3133440 \
        413 18446744073709551615 94072879415296 94072879435177 140734822039296 0 0 4 65536 6 16384 0 0 0 17 1 0 \
        0 3 2 1 94072879451184 94072879452800 94072995086336 140734822046397 140734822046453 140734822046453 \
        140734822047723 9\n";

    fn renamed(name: &[u8]) -> Vec<u8> {
        [b"9623 (", name, b")", &LINE[b"9623 (cat)".len()..]].concat()
    }

    #[test]
    fn every_field_is_read() {
        let stat = Stat::parse(LINE).unwrap();
        let expected = Stat {
            pid: Pid::new(9623).unwrap(),
            name: ProcessName::new(b"cat"),
            state: State::Running,
            parent: Pid::new(9621),
            process_group: Pid::new(9621),
            session: Pid::new(7808),
            terminal: Some(DeviceNumber::new(136, 1)),
            terminal_process_group: None,
            flags: ProcessFlags::from_bits(4_194_304),
            minor_faults: 103,
            children_minor_faults: 0,
            major_faults: 0,
            children_major_faults: 0,
            user_time: ClockTicks::new(5),
            system_time: ClockTicks::new(7),
            children_user_time: ClockTicks::new(1),
            children_system_time: ClockTicks::new(2),
            priority: Priority::new(20),
            nice: Nice::default(),
            threads: 1,
            interval_timer: 0,
            start: ClockTicks::new(600_101),
            virtual_memory: Bytes::new(3_133_440),
            resident: Pages::new(413),
            resident_limit: Limit::Max,
            start_code: Address::new(94_072_879_415_296),
            end_code: Address::new(94_072_879_435_177),
            start_stack: Address::new(140_734_822_039_296),
            stack_pointer: Address::new(0),
            instruction_pointer: Address::new(0),
            signals_pending: SignalSet::from_bits(4),
            signals_blocked: SignalSet::from_bits(65536),
            signals_ignored: SignalSet::from_bits(6),
            signals_caught: SignalSet::from_bits(16384),
            wait_channel: Address::new(0),
            swapped: 0,
            children_swapped: 0,
            exit_signal: Signal::new(17),
            cpu: Cpu::new(1),
            real_time_priority: None,
            policy: SchedulingPolicy::Other,
            block_input_output_delay: Some(ClockTicks::new(3)),
            guest_time: Some(ClockTicks::new(2)),
            children_guest_time: Some(ClockTicks::new(1)),
            start_data: Some(Address::new(94_072_879_451_184)),
            end_data: Some(Address::new(94_072_879_452_800)),
            start_heap: Some(Address::new(94_072_995_086_336)),
            start_arguments: Some(Address::new(140_734_822_046_397)),
            end_arguments: Some(Address::new(140_734_822_046_453)),
            start_environment: Some(Address::new(140_734_822_046_453)),
            end_environment: Some(Address::new(140_734_822_047_723)),
            exit_code: Some(9),
            other: None,
        };
        assert_eq!(stat, expected);
        assert_eq!(stat.code().unwrap().length(), 19881);
    }

    #[test]
    fn a_missing_last_newline_changes_nothing() {
        assert_eq!(Stat::parse(LINE.trim_ascii_end()), Stat::parse(LINE));
    }

    #[test]
    fn a_name_with_brackets_spaces_or_newlines_is_kept_whole() {
        for name in
            [&b") ("[..], b"", b")", b"(", b") R 1 2 3", b"a\nb", b"\xff\x1b[2J", b"(sd-pam)", b"a) S 1"]
        {
            let stat = Stat::parse(&renamed(name)).unwrap();
            assert_eq!(stat.name.as_bytes(), name);
            assert_eq!((stat.state, stat.parent), (State::Running, Pid::new(9621)));
        }
        let long = b"kworker/u257:13-events_freezable_power_and_more_of_it_than_expected";
        assert_eq!(Stat::parse(&renamed(long)).unwrap().name.as_bytes(), long);
    }

    #[test]
    fn the_ends_of_older_and_newer_kernels_are_read() {
        let fields: Vec<&[u8]> = LINE.trim_ascii_end().split(|&byte| byte == b' ').collect();
        let cut = |count| Stat::parse(&fields[..count].join(&b' '));
        let old = cut(44).unwrap();
        assert_eq!((old.children_guest_time, old.start_data), (Some(ClockTicks::new(1)), None));
        assert_eq!(cut(41).unwrap().block_input_output_delay, None);
        assert_eq!(cut(40).unwrap_err().field(), Some("policy"));
        assert_eq!(cut(4).unwrap_err().field(), Some("pgrp"));
        assert_eq!(cut(3).unwrap_err().field(), Some("state"));
        let newer = [LINE.trim_ascii_end(), b" 17 new\n"].concat();
        let newer = Stat::parse(&newer).unwrap();
        assert_eq!((newer.exit_code, newer.other), (Some(9), Some("17 new".into())));
    }

    #[test]
    fn a_malformed_field_is_named() {
        let text = String::from_utf8(LINE.to_vec()).unwrap().replace(" 600101 ", " 60x101 ");
        let error = Stat::parse(text.as_bytes()).unwrap_err().within(text.as_bytes());
        assert_eq!((error.field(), error.line()), (Some("starttime"), Some(1)));
        for text in [&b""[..], b"1", b"1 (", b"1 )(", b"(a) S 1", b"0 (a) S 1", b"1 (a)S 1 ", b"1 (a) \xff "]
        {
            assert!(Stat::parse(text).is_err());
        }
        let nice = String::from_utf8(LINE.to_vec()).unwrap().replace(" 20 0 1 ", " 20 50 1 ");
        assert_eq!(Stat::parse(nice.as_bytes()).unwrap_err().field(), Some("nice"));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, cut in 0..LINE.len(), at in 0..LINE.len(), byte: u8) {
            let _ = Stat::parse(&bytes);
            let _ = Stat::parse(&LINE[..cut]);
            let mut changed = LINE.to_vec();
            changed[at] = byte;
            let _ = Stat::parse(&changed);
        }

        #[test]
        fn every_name_is_found(name in prop::collection::vec(any::<u8>(), 0..80)) {
            let stat = Stat::parse(&renamed(&name)).unwrap();
            prop_assert_eq!(stat.name.as_bytes(), &name[..]);
        }
    }
}
