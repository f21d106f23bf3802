use core::fmt;

use linux_support_base::{ByteString, ParseError, text::nul_separated};

/// `/proc/PID/cmdline`: the arguments that a program was started with, or what it has written over them.
///
/// Empty for kernel threads and for processes that have ended.
///
/// ```
/// # use linux_support_process::CommandLine;
/// let command = CommandLine::parse(b"ls\0-l\0\0").unwrap();
/// assert_eq!(command.arguments().collect::<Vec<_>>(), [&b"ls"[..], b"-l", b""]);
/// ```
///
/// # Source
/// proc(5), "/proc/PID/cmdline".
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "argv")]
pub struct CommandLine(Box<[u8]>);

impl CommandLine {
    /// Takes the file's bytes as they are.
    ///
    /// # Errors
    /// None: every text is a command line.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Ok(Self(text.into()))
    }

    /// The file's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The arguments, the program's name first. A program that has [written over them](Self::title) gives one.
    pub fn arguments(&self) -> impl Iterator<Item = &[u8]> {
        let text = if self.title().is_some() { self.trimmed() } else { &self.0 };
        nul_separated(text)
    }

    /// What the program has written in place of its arguments (as `setproctitle(3)` does): one text with spaces,
    /// and nothing but NULs after it.
    ///
    /// Whether a program did so can only be guessed: a program called by a single name with a space in it looks the
    /// same.
    #[doc(alias = "setproctitle")]
    #[must_use]
    pub fn title(&self) -> Option<&[u8]> {
        let text = self.trimmed();
        let rewritten = memchr::memchr(b' ', text).is_some() && memchr::memchr(0, text).is_none();
        rewritten.then(|| text.trim_ascii_end())
    }

    fn trimmed(&self) -> &[u8] {
        let end = self.0.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        &self.0[..end]
    }

    /// The arguments with spaces between them, as `ps` shows them.
    #[must_use]
    pub fn joined(&self) -> ByteString {
        let joined: Vec<u8> =
            self.trimmed().iter().map(|&byte| if byte == 0 { b' ' } else { byte }).collect();
        joined.into()
    }
}

impl fmt::Display for CommandLine {
    /// The arguments with spaces between them; control characters as escapes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.joined().fmt(f)
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.arguments().map(bstr::BStr::new)).finish()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for CommandLine {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.arguments().map(ByteString::from))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for CommandLine {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CommandLine".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "array",
            "items": generator.subschema_for::<ByteString>(),
            "description": "The arguments, the program's name first; empty for kernel threads."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &[u8]) -> Vec<Vec<u8>> {
        CommandLine::parse(text).unwrap().arguments().map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn arguments_are_apart_and_may_be_empty_or_hold_anything() {
        assert_eq!(arguments(b"sh\0-c\0a b\nc\0"), [&b"sh"[..], b"-c", b"a b\nc"]);
        assert_eq!(arguments(b"ls\0\0"), [&b"ls"[..], b""]);
        assert_eq!(arguments(b"ls"), [b"ls"]);
        assert_eq!(arguments(b""), Vec::<Vec<u8>>::new());
        assert_eq!(CommandLine::parse(b"sh\0-c\0a b\0").unwrap().title(), None);
    }

    #[test]
    fn a_title_written_over_the_arguments_is_one() {
        let command = CommandLine::parse(b"nginx: master process /usr/sbin/nginx  \0\0\0\0").unwrap();
        assert_eq!(command.title(), Some(&b"nginx: master process /usr/sbin/nginx"[..]));
        assert_eq!(command.arguments().count(), 1);
    }

    #[test]
    fn it_is_shown_as_ps_does_and_harmlessly() {
        assert_eq!(CommandLine::parse(b"ls\0-l\0\x1b[2J\0").unwrap().to_string(), "ls -l \\u{1b}[2J");
        assert_eq!(CommandLine::parse(b"\0\0").unwrap().to_string(), "");
    }
}
