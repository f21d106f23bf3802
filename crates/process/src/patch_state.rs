//! How a live patch stands for a task: `/proc/PID/patch_state`.

use linux_support_base::{ParseError, text::decimal};

/// Which version of the kernel's functions a task uses while a live patch is being made or undone.
///
/// # Kernel
/// With CONFIG_LIVEPATCH.
///
/// # Source
/// Documentation/livepatch/livepatch.rst, "Consistency model".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "patch_state")]
pub enum PatchState {
    /// No patch is being made or undone.
    Idle,
    /// The functions as they were.
    Unpatched,
    /// The functions of the patch.
    Patched,
}

impl PatchState {
    /// Reads the number of the file.
    ///
    /// # Errors
    /// Anything but -1, 0 and 1.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let text = text.trim_ascii();
        match decimal::<i32>(text)? {
            -1 => Ok(Self::Idle),
            0 => Ok(Self::Unpatched),
            1 => Ok(Self::Patched),
            _ => Err(ParseError::expected("-1, 0 or 1", text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_numbers_have_a_meaning() {
        assert_eq!(PatchState::parse(b"-1\n"), Ok(PatchState::Idle));
        assert_eq!(PatchState::parse(b"0\n"), Ok(PatchState::Unpatched));
        assert_eq!(PatchState::parse(b"1"), Ok(PatchState::Patched));
        assert!(PatchState::parse(b"2").is_err() && PatchState::parse(b"").is_err());
    }
}
