use core::{fmt, str::FromStr};

use linux_support_base::{ByteString, Error, ParseError, as_text};

use super::{Capabilities, Capability, CapabilitySet, FileCapabilities, FileCapabilityVersion};

/// The three sets that programs are given by name: what libcap calls a capability state.
///
/// Its text is libcap's: clauses of names, operators and flags, as setcap(8), getpcaps(8) and unit files have them.
///
/// ```
/// use linux_support_security::capability::{Capability, CapabilitySet, CapabilityState};
///
/// let state: CapabilityState = "cap_net_raw,cap_net_admin=ep cap_net_raw+i".parse()?;
/// assert_eq!(state.inheritable, CapabilitySet::of([Capability::NET_RAW]));
/// assert_eq!(state.to_string(), "cap_net_raw=eip cap_net_admin+ep");
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Source
/// cap_from_text(3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[doc(alias = "cap_t")]
pub struct CapabilityState {
    /// Those in force.
    pub effective: CapabilitySet,
    /// Those that may be in force.
    pub permitted: CapabilitySet,
    /// Those that a program may hand on.
    pub inheritable: CapabilitySet,
}

const EFFECTIVE: u8 = 1;
const PERMITTED: u8 = 2;
const INHERITABLE: u8 = 4;

impl CapabilityState {
    /// Reads libcap's text, in which `all` and nothing before `=` stand for all that are known by name.
    ///
    /// # Errors
    /// A clause that begins with neither names nor `=`, has no operator, an unknown name or flag, or `+` or `-` without
    /// flags.
    #[doc(alias = "cap_from_text")]
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Self::parse_of(text, CapabilitySet::KNOWN)
    }

    /// Reads libcap's text, in which `all` stands for these: for instance [those of the kernel](CapabilitySet::of_kernel).
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn parse_of(text: &[u8], all: CapabilitySet) -> Result<Self, ParseError> {
        let mut state = Self::default();
        let clauses = text.split(|byte| byte.is_ascii_whitespace() || *byte == 0x0b);
        for clause in clauses.filter(|clause| !clause.is_empty()) {
            state.apply(clause, all)?;
        }
        Ok(state)
    }

    fn apply(&mut self, clause: &[u8], all: CapabilitySet) -> Result<(), ParseError> {
        let is_operator = |byte: &u8| b"=+-".contains(byte);
        let at = clause.iter().position(is_operator);
        let at = at.ok_or_else(|| ParseError::expected("=, + or - after the names", clause))?;
        let (names, mut rest) = clause.split_at(at);
        let listed = match names {
            b"" if rest[0] == b'=' => all,
            b"" => return Err(ParseError::expected("names before + or -", clause)),
            names => names
                .split(|&byte| byte == b',')
                .try_fold(CapabilitySet::EMPTY, |set, name| Ok::<_, ParseError>(set | named(name, all)?))?,
        };
        let mut is_first = true;
        while let Some((&operator, after)) = rest.split_first() {
            let end = after.iter().position(is_operator).unwrap_or(after.len());
            let (letters, next) = after.split_at(end);
            let mut flags = 0;
            for letter in letters.chunks(1) {
                flags |= match letter {
                    b"e" => EFFECTIVE,
                    b"p" => PERMITTED,
                    b"i" => INHERITABLE,
                    _ => return Err(ParseError::expected("the flag e, i or p", letter)),
                };
            }
            match operator {
                b'=' if !is_first => {
                    return Err(ParseError::expected("+ or -: only the first may be =", rest));
                }
                b'=' => {
                    self.change(listed, EFFECTIVE | PERMITTED | INHERITABLE, false);
                    self.change(listed, flags, true);
                }
                _ if flags == 0 => return Err(ParseError::expected("flags after + or -", rest)),
                _ if names.is_empty() => {
                    return Err(ParseError::expected("names before + or -", rest));
                }
                operator => self.change(listed, flags, operator == b'+'),
            }
            (rest, is_first) = (next, false);
        }
        Ok(())
    }

    fn change(&mut self, listed: CapabilitySet, flags: u8, raise: bool) {
        let sets = [
            (EFFECTIVE, &mut self.effective),
            (PERMITTED, &mut self.permitted),
            (INHERITABLE, &mut self.inheritable),
        ];
        for (_, set) in sets.into_iter().filter(|(flag, _)| flags & flag != 0) {
            *set = if raise { *set | listed } else { *set - listed };
        }
    }

    /// The flags of a capability.
    fn flags(&self, capability: Capability) -> u8 {
        let flag = |set: CapabilitySet, flag| if set.contains(capability) { flag } else { 0 };
        flag(self.effective, EFFECTIVE)
            | flag(self.permitted, PERMITTED)
            | flag(self.inheritable, INHERITABLE)
    }
}

/// The capability of a name, or of a number as the C library reads it: with `0x` or `0` before, it is hexadecimal or octal.
fn named(name: &[u8], all: CapabilitySet) -> Result<CapabilitySet, ParseError> {
    let error = || ParseError::expected("the name or number of a capability, or all", name);
    let text = core::str::from_utf8(name).map_err(|_| error())?;
    if text.eq_ignore_ascii_case("all") {
        return Ok(all);
    }
    let upper = text.to_ascii_uppercase();
    let known = Capability::from_name(&upper).filter(|capability| capability.name() == Some(&*upper));
    let number = || {
        let (digits, radix) = match upper.strip_prefix("0X") {
            Some(digits) => (digits, 16),
            None if upper.len() > 1 && upper.starts_with('0') => (&upper[1..], 8),
            None => (&*upper, 10),
        };
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u8::from_str_radix(digits, radix).ok().filter(|_| is_plain).and_then(Capability::new)
    };
    known.or_else(number).map(|capability| CapabilitySet::of([capability])).ok_or_else(error)
}

impl FromStr for CapabilityState {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text.as_bytes())
    }
}

impl fmt::Display for CapabilityState {
    /// As libcap writes it: the flags that most have first, and then those who have others. Capabilities without a name
    /// come last, by number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = [0; 8];
        for capability in CapabilitySet::KNOWN.iter() {
            counts[usize::from(self.flags(capability))] += 1;
        }
        // Of those that as many have, the fewest flags.
        let most = (0..8u8).rev().max_by_key(|&flags| counts[usize::from(flags)]).unwrap_or(0);
        let letters = |flags: u8| {
            let letter = |flag, letter| if flags & flag != 0 { letter } else { "" };
            [letter(EFFECTIVE, "e"), letter(INHERITABLE, "i"), letter(PERMITTED, "p")].concat()
        };
        let others = (0..8u8).rev().filter(|&flags| flags != most && counts[usize::from(flags)] > 0);
        let mut others = others.peekable();
        let begins_with_names = most == 0 && others.peek().is_some();
        if !begins_with_names {
            write!(f, "={}", letters(most))?;
        }
        for (place, flags) in others.enumerate() {
            let of = CapabilitySet::KNOWN.iter().filter(|&capability| self.flags(capability) == flags);
            let names: Vec<_> = of.map(|capability| capability.to_string().to_ascii_lowercase()).collect();
            let is_begin = begins_with_names && place == 0;
            write!(f, "{}{}", if is_begin { "" } else { " " }, names.join(","))?;
            let (more, less) = (letters(flags & !most), letters(most & !flags));
            if !more.is_empty() {
                write!(f, "{}{more}", if is_begin { '=' } else { '+' })?;
            }
            if !less.is_empty() {
                write!(f, "-{less}")?;
            }
        }
        let unnamed = (self.effective | self.permitted | self.inheritable) - CapabilitySet::KNOWN;
        for flags in (1..8u8).rev() {
            let of = unnamed.iter().filter(|&capability| self.flags(capability) == flags);
            let numbers: Vec<_> = of.map(|capability| capability.number().to_string()).collect();
            if !numbers.is_empty() {
                write!(f, " {}+{}", numbers.join(","), letters(flags))?;
            }
        }
        Ok(())
    }
}

as_text!(CapabilityState, "CapabilityState", "Capabilities as libcap writes them: cap_net_raw=ep.");

impl From<&Capabilities> for CapabilityState {
    fn from(sets: &Capabilities) -> Self {
        Self { effective: sets.effective, permitted: sets.permitted, inheritable: sets.inheritable }
    }
}

impl From<&FileCapabilities> for CapabilityState {
    /// What getcap(8) shows: of a file's, all are effective, or none.
    fn from(file: &FileCapabilities) -> Self {
        let effective = if file.effective { file.permitted | file.inheritable } else { CapabilitySet::EMPTY };
        Self { effective, permitted: file.permitted, inheritable: file.inheritable }
    }
}

impl TryFrom<&CapabilityState> for FileCapabilities {
    type Error = Error;

    /// What setcap(8) writes.
    ///
    /// # Errors
    /// Some are effective and others are not, which files can't have.
    fn try_from(state: &CapabilityState) -> Result<Self, Error> {
        let all = state.permitted | state.inheritable;
        if !state.effective.is_empty() && state.effective != all {
            let accepted = "a file's are effective all or none: give e to each name, or to no one";
            return Err(Error::invalid("give to a file", ByteString::from(state.to_string()), accepted));
        }
        Ok(Self {
            version: FileCapabilityVersion::Two,
            permitted: state.permitted,
            inheritable: state.inheritable,
            effective: !state.effective.is_empty(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state(text: &str) -> CapabilityState {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn clauses_are_done_in_turn() {
        let raw = CapabilitySet::of([Capability::NET_RAW]);
        let kill = CapabilitySet::of([Capability::KILL]);
        assert_eq!(state(""), CapabilityState::default());
        assert_eq!(state("=ep =p").effective, CapabilitySet::EMPTY);
        assert_eq!(state("all=p cap_kill-p").permitted, CapabilitySet::KNOWN - kill);
        let both = state("\tCAP_NET_RAW,5=eip-e+i  cap_kill-p\n");
        assert_eq!(
            (both.effective, both.permitted, both.inheritable),
            (CapabilitySet::EMPTY, raw, raw | kill)
        );
        assert_eq!(state("0x5,010,63=p").permitted.bits(), 1 << 5 | 1 << 8 | 1 << 63);
    }

    #[test]
    fn what_is_no_clause_is_told() {
        for text in [
            "cap_chown",
            "cap_chown+",
            "+p",
            "-p",
            "cap_chown=p=e",
            "cap_chown==p",
            "cap_chown, cap_kill=ep",
            "cap_41=p",
            "64=p",
            "=p,",
            ",=p",
            "cap_chown,=p",
            "cap_chown=q",
            "cap_chown=pE",
            "cap_chown =p",
            "-1=p",
            "chown=p",
            "=p-e",
            "=+p",
            "08=p",
            "0x=p",
            "0x+5=p",
            "+5=p",
            "all",
            "cap_chown+-p",
        ] {
            assert!(text.parse::<CapabilityState>().is_err(), "{text}");
        }
        let error = "cap_kill=ep cap_kil=p".parse::<CapabilityState>().unwrap_err();
        assert!(error.within(b"cap_kill=ep cap_kil=p").to_string().contains("cap_kil"));
    }

    #[test]
    fn texts_are_as_libcap_writes_them() {
        for text in [
            "=",
            "=ep",
            "=eip",
            "cap_chown=p",
            "cap_chown=p cap_kill+e",
            "=ep cap_kill-e",
            "cap_setgid=eip cap_setuid+i cap_chown+p cap_kill+e",
            "= 41+p",
            "=p 41+e",
            "cap_chown=p 41,42+ep 43+e",
            "=ep cap_setgid+i cap_setuid+i-ep cap_kill-p cap_chown-ep",
            "=eip cap_chown-ei 41+i",
        ] {
            assert_eq!(state(text).to_string(), text);
        }
    }

    #[test]
    fn files_have_all_effective_or_none() {
        let file = FileCapabilities::try_from(&state("cap_net_raw=ep cap_kill+ei")).unwrap();
        assert!(file.effective && file.permitted == CapabilitySet::of([Capability::NET_RAW]));
        assert_eq!(CapabilityState::from(&file), state("cap_net_raw=ep cap_kill+ei"));
        let error = FileCapabilities::try_from(&state("cap_net_raw=ep cap_kill+p")).unwrap_err().to_string();
        assert!(error.contains("effective all or none"), "{error}");
    }

    proptest! {
        #[test]
        fn every_state_comes_back(effective: u64, permitted: u64, inheritable: u64) {
            let state = CapabilityState {
                effective: CapabilitySet::from_bits(effective),
                permitted: CapabilitySet::from_bits(permitted),
                inheritable: CapabilitySet::from_bits(inheritable),
            };
            prop_assert_eq!(state.to_string().parse(), Ok(state));
        }

        #[test]
        fn nothing_panics(text in "(cap_[a-z]{1,4}|all|0x|[0-9]{1,3}|,|=|\\+|-|e|i|p| |.){0,20}", bytes: Vec<u8>) {
            let _ = (CapabilityState::parse(text.as_bytes()), CapabilityState::parse(&bytes));
        }
    }
}
