use super::{NUMBERING, Numbering, Signal};

/// What a signal does that is neither caught nor ignored.
///
/// # Source
/// signal(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DefaultAction {
    /// The process ends.
    End,
    /// The process ends, and its memory is dumped.
    DumpCore,
    /// Nothing.
    Ignore,
    /// The process stops.
    Stop,
    /// The process goes on, if it was stopped.
    Continue,
}

impl DefaultAction {
    /// Whether the process ends.
    #[must_use]
    pub const fn ends_process(self) -> bool {
        matches!(self, Self::End | Self::DumpCore)
    }
}

impl Signal {
    /// What happens to a process that neither catches nor ignores it.
    #[must_use]
    pub const fn default_action(self) -> DefaultAction {
        // A match needs constants, of which some have the same number elsewhere.
        const fn is_one_of(signal: Signal, signals: &[Signal]) -> bool {
            let mut at = 0;
            while at < signals.len() {
                if signals[at].0 == signal.0 {
                    return true;
                }
                at += 1;
            }
            false
        }
        const CORE: [Signal; 10] = [
            Signal::QUIT,
            Signal::ILL,
            Signal::TRAP,
            Signal::ABRT,
            Signal::BUS,
            Signal::FPE,
            Signal::SEGV,
            Signal::XCPU,
            Signal::XFSZ,
            Signal::SYS,
        ];
        const STOP: [Signal; 4] = [Signal::STOP, Signal::TSTP, Signal::TTIN, Signal::TTOU];
        if self.0 == Self::CONT.0 {
            DefaultAction::Continue
        } else if is_one_of(self, &[Self::CHLD, Self::URG, Self::WINCH]) {
            DefaultAction::Ignore
        } else if is_one_of(self, &STOP) {
            DefaultAction::Stop
        } else if is_one_of(self, &CORE)
            || matches!(NUMBERING, Numbering::Mips | Numbering::Sparc) && self.0 == 7
        {
            DefaultAction::DumpCore
        } else {
            DefaultAction::End
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_signal_does_by_default_is_as_signal_7_has_it() {
        let of = |action| {
            let all = (1..=31).map(|number| Signal::new(number).unwrap());
            all.filter(|signal| signal.default_action() == action)
                .map(|signal| signal.to_string())
                .collect::<Vec<_>>()
        };
        if NUMBERING == Numbering::Usual {
            let ends = [
                "HUP", "INT", "KILL", "USR1", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "VTALRM", "PROF",
                "IO", "PWR",
            ];
            assert_eq!(of(DefaultAction::End), ends.map(|name| format!("SIG{name}")));
            let core = ["QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "SEGV", "XCPU", "XFSZ", "SYS"];
            assert_eq!(of(DefaultAction::DumpCore), core.map(|name| format!("SIG{name}")));
        }
        assert_eq!(of(DefaultAction::Ignore).len(), 3);
        assert_eq!(of(DefaultAction::Continue), ["SIGCONT"]);
        assert!(Signal::real_time(0).unwrap().default_action().ends_process());
    }
}
