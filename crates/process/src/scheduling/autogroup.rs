use linux_support_base::{
    Error, ParseError, Requirement,
    text::{decimal, fields},
};

use super::Nice;
use crate::live_task::LiveTask;

/// `/proc/PID/autogroup`: the group of a session, which gets one share of the CPU against the other groups.
///
/// # Source
/// sched(7), "The autogroup feature".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Autogroup {
    /// The group's number.
    pub id: u64,
    /// The group's nice value.
    pub nice: Nice,
}

impl Autogroup {
    /// Reads `/autogroup-N nice M`; `None` where the file is empty, because the process is in no such group.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Option<Self>, ParseError> {
        let mut fields = fields(text.trim_ascii());
        let Some(group) = fields.next() else {
            return Ok(None);
        };
        let id = group
            .strip_prefix(b"/autogroup-")
            .ok_or_else(|| ParseError::expected("/autogroup- and a number", group))?;
        let id = decimal(id)?;
        match fields.next() {
            Some(b"nice") => {}
            other => return Err(ParseError::expected("the word nice", other.unwrap_or(text))),
        }
        let nice = fields.required("nice")?;
        Ok(Some(Self { id, nice: Nice::checked(decimal(nice)?, nice)? }))
    }
}

impl LiveTask<'_, '_> {
    /// Sets the nice value of the group of its session, which all its processes share.
    ///
    /// # Errors
    /// It has ended; the value is lower than it may be; unprivileged callers may try only ten times a second
    /// (`EAGAIN`).
    ///
    /// # Capabilities
    /// CAP_SYS_NICE for values below what the limit [`NICE`](crate::resource::NICE) allows; CAP_SYS_ADMIN to try
    /// often.
    ///
    /// # Kernel
    /// With CONFIG_SCHED_AUTOGROUP.
    pub fn set_autogroup_nice(self, nice: Nice) -> Result<(), Error> {
        let needs = Requirement::none().configuration("CONFIG_SCHED_AUTOGROUP").capability("CAP_SYS_NICE");
        self.write("self", "autogroup", nice.to_string().as_bytes(), needs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_a_number_and_a_nice_value() {
        let group = Autogroup::parse(b"/autogroup-14 nice -5\n").unwrap().unwrap();
        assert_eq!((group.id, group.nice.get()), (14, -5));
        assert_eq!(Autogroup::parse(b""), Ok(None));
        for text in ["x", "/autogroup-", "/autogroup-1", "/autogroup-1 nice", "/autogroup-1 nice 20"] {
            assert!(Autogroup::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
