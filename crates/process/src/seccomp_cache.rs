//! Which system calls a task's seccomp filters always allow: `/proc/PID/seccomp_cache`.

use linux_support_base::{
    ByteString, ParseError,
    text::{decimal, fields, lines},
};

use crate::system_call::SystemCallNumber;

/// A system call, and whether a task's filters are asked about it.
///
/// # Kernel
/// Since 5.11, with CONFIG_SECCOMP_CACHE_DEBUG.
///
/// # Source
/// kernel/seccomp.c, proc_pid_seccomp_cache.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SeccompCacheEntry {
    /// The architecture: `x86_64`, `ia32` …
    pub architecture: ByteString,
    /// The system call.
    pub call: SystemCallNumber,
    /// Whether all filters always allow it, so that they are not run.
    pub is_always_allowed: bool,
}

impl SeccompCacheEntry {
    /// Reads the file, of one line for each system call. It is empty for a task without filters.
    ///
    /// # Errors
    /// A line that is not an architecture, a number and `ALLOW` or `FILTER`.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        lines(text)
            .map(|line| {
                let mut fields = fields(line);
                let architecture = fields.required("architecture")?.into();
                let call = decimal(fields.required("call")?).map_err(|error| error.in_field("call"))?;
                let is_always_allowed = match fields.required("status")? {
                    b"ALLOW" => true,
                    b"FILTER" => false,
                    other => return Err(ParseError::expected("ALLOW or FILTER", other).in_field("status")),
                };
                Ok(Self { architecture, call: SystemCallNumber::new(call), is_always_allowed })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_has_a_line() {
        let entries = SeccompCacheEntry::parse_all(b"x86_64 0 ALLOW\nia32 59 FILTER\n").unwrap();
        assert_eq!(
            (entries[0].architecture.as_bytes(), entries[0].is_always_allowed),
            (&b"x86_64"[..], true)
        );
        assert_eq!((entries[1].call.get(), entries[1].is_always_allowed), (59, false));
        assert_eq!(SeccompCacheEntry::parse_all(b""), Ok(Vec::new()));
        assert_eq!(SeccompCacheEntry::parse_all(b"x86_64 0\n").unwrap_err().field(), Some("status"));
        assert_eq!(SeccompCacheEntry::parse_all(b"x86_64 x ALLOW\n").unwrap_err().field(), Some("call"));
    }
}
