//! What kernel this is, and on which host.

use linux_support_base::{ByteString, Error, KernelRelease, Machine, ParseError, Reading, text};

/// What kernel runs, and what its machine is called.
///
/// # Source
/// `uname(2)`, Documentation/admin-guide/sysctl/kernel.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Identity {
    /// The host name, in the reader's UTS namespace.
    pub host_name: Reading<ByteString>,
    /// The NIS domain name; `(none)` where it is not set.
    pub domain_name: Reading<ByteString>,
    /// The release: `6.1.0-40-amd64`.
    pub release: Reading<KernelRelease>,
    /// The number and the time of the build: `#1 SMP PREEMPT_DYNAMIC …`.
    pub build: Reading<ByteString>,
    /// The architecture as `uname -m` gives it, since Linux 6.1; of a captured tree, else from its facts.
    pub architecture: Reading<ByteString>,
    /// Who built it, and with which tools.
    pub banner: Reading<Banner>,
}

/// The line that the kernel prints first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Banner {
    /// The whole line.
    pub text: ByteString,
    /// The account and host that built it, as `user@host`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub builder: Option<ByteString>,
    /// The compiler and linker that built it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub compiler: Option<ByteString>,
    /// The number and the time of the build.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub build: Option<ByteString>,
}

impl Banner {
    /// Reads `Linux version RELEASE (BUILDER) (COMPILER) BUILD`; parts that are not there in that form are
    /// absent.
    ///
    /// # Errors
    /// A text that does not begin with `Linux version`.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let text = text.trim_ascii();
        let rest = text
            .strip_prefix(b"Linux version ")
            .ok_or_else(|| ParseError::expected("Linux version", text))?;
        let rest = text::split_once(rest, b' ').map_or(&b""[..], |(_, rest)| rest);
        let (builder, rest) = bracketed(rest).map_or((None, rest), |(inside, rest)| (Some(inside), rest));
        let (compiler, rest) = bracketed(rest).map_or((None, rest), |(inside, rest)| (Some(inside), rest));
        let build = rest.trim_ascii_start();
        Ok(Self {
            text: text.into(),
            builder: builder.map(ByteString::from),
            compiler: compiler.map(ByteString::from),
            build: build.starts_with(b"#").then(|| build.into()),
        })
    }
}

/// What the brackets at the start of `text` hold, with brackets within, and what follows them.
fn bracketed(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    let mut depth = 0usize;
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some((&text[1..index], &text[index + 1..]));
                }
            }
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

impl Identity {
    /// Reads `/proc/sys/kernel` and `/proc/version`.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        let line = |name: &str| machine.line(format!("/proc/sys/kernel/{name}"));
        let architecture = line("arch").or_else(|error: Error| match &machine.facts().architecture {
            Some(architecture) => Ok(architecture.clone()),
            None => Err(error),
        });
        let banner = machine.parse("/proc/version", Banner::parse);
        let build = line("version").or_else(|error| {
            let build = banner.as_ref().ok().and_then(|banner| banner.build.clone());
            build.filter(|_| error.is_absent()).ok_or(error)
        });
        Self {
            host_name: line("hostname").into(),
            domain_name: line("domainname").into(),
            release: machine.kernel_release().into(),
            build: build.into(),
            architecture: architecture.into(),
            banner: banner.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_builder_and_the_compiler_are_found() {
        let banner = Banner::parse(
            b"Linux version 6.1.0-40-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.153-1 (2025-09-20)\n",
        )
        .unwrap();
        let build = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.153-1 (2025-09-20)";
        assert_eq!(banner.build.unwrap(), build);
        assert_eq!(banner.builder.unwrap(), "debian-kernel@lists.debian.org");
        assert_eq!(
            banner.compiler.unwrap(),
            "gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40"
        );
    }

    #[test]
    fn a_banner_without_brackets_is_kept_whole() {
        let banner = Banner::parse(b"Linux version 2.6.9 #1").unwrap();
        assert_eq!((banner.builder, banner.compiler), (None, None));
        assert_eq!(banner.build.unwrap(), "#1");
        assert_eq!(banner.text, "Linux version 2.6.9 #1");
        assert!(Banner::parse(b"FreeBSD").is_err());
    }

    #[test]
    fn this_machine_has_a_name_and_a_release() {
        let identity = Identity::read(&Machine::live().unwrap());
        assert!(identity.host_name.value().is_some() && identity.release.value().is_some());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[()a ]{0,30}", bytes: Vec<u8>) {
            let _ = Banner::parse(format!("Linux version {text}").as_bytes());
            let _ = Banner::parse(&bytes);
        }
    }
}
