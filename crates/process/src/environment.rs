//! The environment that a program was started with: `/proc/PID/environ`.

use core::fmt;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use linux_support_base::{ByteString, ParseError, text::nul_separated};

/// The environment that a program was started with. What the program changed since is not in it, unless it did so
/// in place.
///
/// Values may be secrets: `Debug` shows names and lengths only, there is no `Display`, and nothing of it is
/// serialized.
///
/// ```
/// use linux_support_process::Environment;
///
/// let environment = Environment::parse(b"PATH=/bin\0TOKEN=secret\0TOKEN=other\0broken\0").unwrap();
/// assert_eq!(environment.value(b"PATH"), Some(&b"/bin"[..]));
/// assert_eq!(environment.duplicates().count(), 1);
/// assert_eq!(environment.malformed().count(), 1);
/// assert!(!format!("{environment:?}").contains("secret"));
/// ```
///
/// # Source
/// proc_pid_environ(5), environ(7).
#[derive(Clone, PartialEq, Eq)]
#[doc(alias = "environ")]
pub struct Environment {
    text: Box<[u8]>,
}

/// An entry of an environment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum EnvironmentEntry<'a> {
    /// A variable.
    Variable {
        /// Its name: not empty, and without `=`.
        name: &'a [u8],
        /// Its value.
        value: &'a [u8],
    },
    /// What is no variable: no `=`, or no name before it.
    Malformed(&'a [u8]),
}

impl fmt::Debug for EnvironmentEntry<'_> {
    /// The name and the length of the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable { name, value } => {
                write!(f, "{}=({} bytes)", ByteString::from(*name), value.len())
            }
            Self::Malformed(entry) => write!(f, "malformed ({} bytes)", entry.len()),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries()).finish()
    }
}

impl<'a> EnvironmentEntry<'a> {
    fn of(entry: &'a [u8]) -> Self {
        // As the C library has it, the first byte can't be the end of a name.
        match memchr::memchr(b'=', entry) {
            Some(end) if end > 0 => Self::Variable { name: &entry[..end], value: &entry[end + 1..] },
            _ => Self::Malformed(entry),
        }
    }
}

impl Environment {
    /// Reads the file. Kernel threads and processes that have ended have an empty one.
    ///
    /// # Errors
    /// None: what is no variable is [`malformed`](Self::malformed).
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Ok(Self { text: text.into() })
    }

    /// All entries, in their order.
    pub fn entries(&self) -> impl Iterator<Item = EnvironmentEntry<'_>> + Clone {
        nul_separated(&self.text).map(EnvironmentEntry::of)
    }

    /// Names and values, in their order; a name may come more than once.
    pub fn variables(&self) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
        self.entries().filter_map(|entry| match entry {
            EnvironmentEntry::Variable { name, value } => Some((name, value)),
            EnvironmentEntry::Malformed(_) => None,
        })
    }

    /// The first value of this name, which is the one that getenv(3) gives.
    #[must_use]
    pub fn value(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        self.variables().find(|(other, _)| *other == name.as_ref()).map(|(_, value)| value)
    }

    /// The names that come more than once, each once. Programs differ in which of the values they take, which has
    /// let through what a check had refused.
    pub fn duplicates(&self) -> impl Iterator<Item = &[u8]> {
        let mut names: Vec<_> = self.variables().map(|(name, _)| name).collect();
        names.sort_unstable();
        let mut duplicates: Vec<_> =
            names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        duplicates.dedup();
        duplicates.into_iter()
    }

    /// Entries that are no variables.
    pub fn malformed(&self) -> impl Iterator<Item = &[u8]> {
        self.entries().filter_map(|entry| match entry {
            EnvironmentEntry::Malformed(entry) => Some(entry),
            EnvironmentEntry::Variable { .. } => None,
        })
    }

    /// The variables that an allow-list names, for a program that is to be started: the first value of each, in the
    /// order of the environment.
    pub fn allowed<'a>(&'a self, names: &[&[u8]]) -> Vec<(&'a OsStr, OsString)> {
        let mut allowed: Vec<(&[u8], &[u8])> = Vec::new();
        for (name, value) in self.variables() {
            if names.contains(&name) && allowed.iter().all(|(other, _)| *other != name) {
                allowed.push((name, value));
            }
        }
        let owned =
            |(name, value): (&'a [u8], &[u8])| (OsStr::from_bytes(name), OsString::from_vec(value.to_vec()));
        allowed.into_iter().map(owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"PATH=/bin\0A==b\0TOKEN=secret\0\0=C:=x\0broken\0TOKEN=later\0EMPTY=\0";

    #[test]
    fn names_end_at_the_first_equals_sign() {
        let environment = Environment::parse(TEXT).unwrap();
        assert_eq!(environment.value("A"), Some(&b"=b"[..]));
        assert_eq!(environment.value("EMPTY"), Some(&b""[..]));
        assert_eq!(environment.value("TOKEN"), Some(&b"secret"[..]));
        assert_eq!(environment.value("broken"), None);
        assert_eq!(environment.malformed().collect::<Vec<_>>(), [&b""[..], b"=C:=x", b"broken"]);
        assert_eq!(environment.duplicates().collect::<Vec<_>>(), [b"TOKEN"]);
    }

    #[test]
    fn a_missing_last_nul_changes_nothing() {
        let cut = Environment::parse(&TEXT[..TEXT.len() - 1]).unwrap();
        assert!(cut.entries().eq(Environment::parse(TEXT).unwrap().entries()));
        assert_eq!(Environment::parse(b"").unwrap().entries().count(), 0);
    }

    #[test]
    fn only_what_is_allowed_goes_on() {
        let environment = Environment::parse(TEXT).unwrap();
        let allowed = environment.allowed(&[b"TOKEN", b"PATH", b"NONE", b"broken"]);
        let expected = [(OsStr::new("PATH"), "/bin".into()), (OsStr::new("TOKEN"), "secret".into())];
        assert_eq!(allowed, expected);
        assert_eq!(environment.allowed(&[]), []);
    }

    proptest! {
        #[test]
        fn no_value_is_ever_shown(name in "[A-Z]{1,9}", value in "x-[a-z]{8,40}-x") {
            let text = format!("{name}={value}\0{value}\0={value}");
            let environment = Environment::parse(text.as_bytes()).unwrap();
            let shown = format!("{environment:?} {:?} {environment:#?}", environment.entries().collect::<Vec<_>>());
            prop_assert!(!shown.contains(&value));
            prop_assert!(shown.contains(&name));
        }

        #[test]
        fn nothing_is_lost(bytes: Vec<u8>) {
            let environment = Environment::parse(&bytes).unwrap();
            let (variables, malformed) = (environment.variables().count(), environment.malformed().count());
            prop_assert_eq!(environment.entries().count(), variables + malformed);
        }
    }
}
