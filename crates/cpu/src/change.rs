//! Several settings that are changed together.

use linux_support_base::{Error, LiveMachine, TemporarySetting};

/// Settings that were changed together, until this is dropped: then they are as before, the last one first.
#[derive(Debug, Default)]
#[must_use = "the settings end when this is dropped"]
pub struct Changed<'m>(Vec<TemporarySetting<'m>>);

impl<'m> Changed<'m> {
    /// Writes each text to its file, in this order; where one is refused, those before are put back.
    pub(crate) fn write(machine: LiveMachine<'m>, writes: &[(String, String)]) -> Result<Self, Error> {
        let mut changed = Self::default();
        for (path, text) in writes {
            changed.0.push(machine.write_for_now(path, text)?);
        }
        Ok(changed)
    }

    /// The files that were written, in this order.
    pub fn files(&self) -> impl Iterator<Item = &linux_support_base::ByteString> {
        self.0.iter().map(TemporarySetting::path)
    }

    /// Leaves the settings as they are now, for good.
    pub fn keep(mut self) {
        self.0.drain(..).for_each(TemporarySetting::keep);
    }

    /// Ends it, and says whether all are as before.
    ///
    /// # Errors
    /// The kernel refuses one; the others are put back.
    pub fn restore(mut self) -> Result<(), Error> {
        let settings = core::mem::take(&mut self.0);
        settings.into_iter().rev().map(TemporarySetting::restore).fold(Ok(()), Result::and)
    }
}

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        while let Some(setting) = self.0.pop() {
            drop(setting);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use linux_support_base::Machine;

    use super::*;

    #[test]
    fn all_are_changed_or_none_and_all_come_back() {
        let machine = Machine::live().unwrap();
        let live = machine.as_live().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let read = || ["a", "b"].map(|name| fs::read_to_string(path(name)).unwrap());
        for name in ["a", "b"] {
            fs::write(path(name), "1\n").unwrap();
        }
        let writes =
            |names: &[&str]| -> Vec<_> { names.iter().map(|name| (path(name), "2".to_owned())).collect() };
        let changed = Changed::write(live, &writes(&["a", "b"])).unwrap();
        assert_eq!((read(), changed.files().count()), (["2\n".into(), "2\n".into()], 2));
        changed.restore().unwrap();
        let back = read().map(|text| text.trim().to_owned());
        assert_eq!(back, ["1", "1"]);
        assert!(Changed::write(live, &writes(&["a", "none"])).unwrap_err().is_absent());
        assert_eq!(read()[0].trim_end(), "1");
        Changed::write(live, &writes(&["b"])).unwrap().keep();
        assert_eq!(read()[1].trim_end(), "2");
    }
}
