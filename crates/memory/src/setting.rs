//! Settings of the kernel that are a file each, changed until a guard goes.

use core::fmt;

use linux_support_base::{
    Bytes, Errno, Error, LiveMachine, Machine, ParseError, Reason, Requirement, TemporarySetting, text,
};

/// A setting of the kernel: a file that is read as a `T`, and written as one.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_memory::numa::ReclaimSettings;
///
/// let machine = Machine::live()?;
/// let factor = ReclaimSettings::WATERMARK_SCALE_FACTOR.read(&machine)?;
/// assert!((1..=3000).contains(&factor));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub struct Setting<T: 'static> {
    path: &'static str,
    accepted: &'static str,
    needs: Requirement,
    form: Form<T>,
}

/// How a value stands in its file.
pub(crate) struct Form<T: 'static> {
    pub(crate) parse: fn(&[u8]) -> Result<T, ParseError>,
    pub(crate) text: fn(&T) -> String,
}

impl<T> Setting<T> {
    /// `accepted` says which values the kernel takes.
    pub(crate) const fn new(path: &'static str, accepted: &'static str, form: Form<T>) -> Self {
        Self { path, accepted, needs: Requirement::none(), form }
    }

    pub(crate) const fn needing(mut self, needs: Requirement) -> Self {
        self.needs = needs;
        self
    }

    /// Its file.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The value in force.
    ///
    /// # Errors
    /// The kernel has no such setting, or it may not be read.
    pub fn read(&self, machine: &Machine) -> Result<T, Error> {
        machine.parse_needing(self.path, self.needs, |bytes| (self.form.parse)(text::trim(bytes)))
    }

    /// Sets it, until the guard is dropped.
    ///
    /// # Errors
    /// The kernel has no such setting, or does not take the value: then nothing is changed.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    pub fn set<'m>(&self, machine: LiveMachine<'m>, value: &T) -> Result<ChangedSetting<'m, T>, Error> {
        let before = self.read(&machine)?;
        let text = (self.form.text)(value);
        let setting = machine.write_for_now(self.path, &text).map_err(|error| {
            refused(error, &text, self.accepted, |error| machine.explain(error, self.needs))
        })?;
        Ok(ChangedSetting { before, setting })
    }
}

// Both are a few pointers, whatever `T` is.
impl<T> Clone for Setting<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Setting<T> {}

impl<T> Clone for Form<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Form<T> {}

impl<T> fmt::Debug for Setting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Setting({})", self.path)
    }
}

/// A [`Setting`] that was changed, until this is dropped: then it has its value from before.
#[derive(Debug)]
#[must_use = "the value from before comes back when this is dropped"]
pub struct ChangedSetting<'m, T> {
    before: T,
    setting: TemporarySetting<'m>,
}

impl<T> ChangedSetting<'_, T> {
    /// The value that is to come back.
    #[must_use]
    pub fn before(&self) -> &T {
        &self.before
    }

    /// Leaves the setting as it is.
    pub fn keep(self) {
        self.setting.keep();
    }

    /// Ends it, and says whether the value from before is back.
    ///
    /// # Errors
    /// The kernel does not take it any more.
    pub fn restore(self) -> Result<(), Error> {
        self.setting.restore()
    }
}

/// Why the kernel did not take `text`: where it is the text, the error says what is `accepted`.
#[cold]
pub(crate) fn refused(
    error: Error,
    text: &str,
    accepted: &str,
    explain: impl FnOnce(Error) -> Error,
) -> Error {
    match error.reason() {
        Reason::System(Errno::INVAL | Errno::RANGE | Errno::DOM) => Error::invalid(
            "write",
            error.object().clone(),
            format!("{text:?} is refused: it takes {accepted}"),
        ),
        _ => explain(error),
    }
}

impl Form<u32> {
    pub(crate) const NUMBER: Self = Self { parse: text::decimal, text: u32::to_string };
}

impl Form<bool> {
    /// `0` or `1`, and `false` or `true`.
    pub(crate) const TRUTH: Self = Self {
        parse: |bytes| match bytes {
            b"true" => Ok(true),
            b"false" => Ok(false),
            other => text::boolean(other),
        },
        text: |value| u8::from(*value).to_string(),
    };
}

impl Form<Bytes> {
    pub(crate) const KIBIBYTES: Self = Self {
        parse: |bytes| {
            let kib = text::decimal(bytes)?;
            Bytes::from_kib(kib).ok_or_else(|| ParseError::expected("a size of 64 bits in kB", bytes))
        },
        text: |size| size.kib().to_string(),
    };
    pub(crate) const MEBIBYTES: Self = Self {
        parse: |bytes| {
            let mib: u64 = text::decimal(bytes)?;
            let size = mib.checked_mul(1 << 20).map(Bytes::new);
            size.ok_or_else(|| ParseError::expected("a size of 64 bits in MB", bytes))
        },
        text: |size| (size.get() >> 20).to_string(),
    };
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const WORD: Setting<u32> = Setting::new("/proc/sys/vm/word", "numbers", Form::<u32>::NUMBER)
        .needing(Requirement::none().configuration("CONFIG_WORD"));

    #[test]
    fn values_are_read_with_and_without_a_last_newline_and_come_back_as_they_stand() {
        for text in ["7\n", "7"] {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join("proc/sys/vm")).unwrap();
            fs::write(folder.path().join("proc/sys/vm/word"), text).unwrap();
            let machine = Machine::captured(folder.path()).unwrap();
            assert_eq!(WORD.read(&machine), Ok(7));
        }
        for (text, value) in [("true", true), ("false", false), ("1", true), ("0", false)] {
            assert_eq!((Form::TRUTH.parse)(text.as_bytes()), Ok(value));
        }
        assert_eq!((Form::KIBIBYTES.parse)(b"4"), Ok(Bytes::new(4096)));
        assert_eq!((Form::MEBIBYTES.text)(&Bytes::new(3 << 20)), "3");
        for malformed in [&b""[..], b"x", b"-1", b"99999999999999999999", b"18446744073709551615"] {
            assert!((Form::KIBIBYTES.parse)(malformed).is_err());
            assert!((Form::MEBIBYTES.parse)(malformed).is_err());
        }
    }

    #[test]
    fn what_is_not_there_says_what_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("proc/sys/vm")).unwrap();
        let machine = Machine::captured(folder.path()).unwrap();
        let error = WORD.read(&machine).unwrap_err().to_string();
        assert_eq!(error, "read /proc/sys/vm/word: absent: needs CONFIG_WORD");
    }

    /// This process's own adjustment, which takes -1000 to 1000, stands for any setting.
    #[test]
    fn a_value_that_is_refused_is_named_with_what_would_be_taken() {
        const OWN: Setting<u32> =
            Setting::new("/proc/self/oom_score_adj", "-1000 to 1000", Form::<u32>::NUMBER);
        let machine = Machine::live().unwrap();
        let before = OWN.read(&machine).unwrap();
        let error = OWN.set(machine.as_live().unwrap(), &9999).unwrap_err();
        let said = "write /proc/self/oom_score_adj: \"9999\" is refused: it takes -1000 to 1000";
        assert_eq!(error.to_string(), said);
        assert_eq!(OWN.read(&machine), Ok(before));
    }
}
