use core::fmt;

use crate::{
    ByteString, Bytes, PageSize,
    text::{self, ParseError},
};

/// What a machine knows that no file of `/proc` or `/sys` says.
///
/// A captured tree has them in the file [`Facts::PATH`]; in one that lacks it, each is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The size of base pages.
    pub page_size: Option<PageSize>,
    /// How many of the clock ticks in which `/proc` counts CPU time make a second: mostly 100.
    #[doc(alias = "USER_HZ")]
    pub clock_ticks_per_second: Option<u32>,
    /// The kernel's name of the architecture (`x86_64`), as `uname -m` prints it.
    pub architecture: Option<ByteString>,
    /// The hypervisor by its own name, as the processor told it where a tree was captured.
    pub hypervisor: Option<ByteString>,
    /// The user whose eyes the machine was seen with.
    pub effective_user: Option<u32>,
}

impl Facts {
    /// Where a captured tree has its facts.
    pub const PATH: &str = "/linux-support/facts";

    pub(super) fn live() -> Self {
        let uname = rustix::system::uname();
        Self {
            page_size: Some(PageSize::base()),
            clock_ticks_per_second: u32::try_from(rustix::param::clock_ticks_per_second()).ok(),
            architecture: Some(uname.machine().to_bytes().into()),
            hypervisor: None,
            effective_user: Some(rustix::process::geteuid().as_raw()),
        }
    }

    /// Reads the lines `name: value` of the file at [`PATH`](Self::PATH); unknown names are passed over.
    ///
    /// # Errors
    /// A known name with a malformed value.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut facts = Self::default();
        for (name, value) in text::colon_keyed(text) {
            let value = value.unwrap_or_default();
            match name {
                b"page_size" => {
                    let size = PageSize::new(Bytes::new(text::decimal(value)?));
                    facts.page_size = Some(size.ok_or_else(|| {
                        ParseError::expected("a power of two", value).in_field("page_size")
                    })?);
                }
                b"clock_ticks_per_second" => {
                    let ticks = Some(text::decimal(value)?).filter(|&ticks: &u32| ticks != 0);
                    facts.clock_ticks_per_second = Some(ticks.ok_or_else(|| {
                        ParseError::expected("a number above 0", value).in_field("clock_ticks_per_second")
                    })?);
                }
                b"architecture" => facts.architecture = Some(value.into()),
                b"hypervisor" => facts.hypervisor = Some(value.into()),
                b"effective_user" => facts.effective_user = Some(text::decimal(value)?),
                _ => {}
            }
        }
        Ok(facts)
    }
}

impl fmt::Display for Facts {
    /// The lines that [`parse`](Facts::parse) reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(size) = self.page_size {
            writeln!(f, "page_size: {:#}", size.bytes())?;
        }
        if let Some(ticks) = self.clock_ticks_per_second {
            writeln!(f, "clock_ticks_per_second: {ticks}")?;
        }
        if let Some(architecture) = &self.architecture {
            writeln!(f, "architecture: {architecture}")?;
        }
        if let Some(hypervisor) = &self.hypervisor {
            writeln!(f, "hypervisor: {hypervisor}")?;
        }
        if let Some(user) = self.effective_user {
            writeln!(f, "effective_user: {user}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_of_this_machine_come_back() {
        let facts = Facts::live();
        assert!(facts.page_size.is_some());
        assert_eq!(Facts::parse(facts.to_string().as_bytes()), Ok(facts));
    }

    #[test]
    fn impossible_facts_are_refused() {
        for text in ["page_size: 5000", "page_size: x", "clock_ticks_per_second: 0"] {
            assert!(Facts::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
