use core::{fmt, str::FromStr};

use linux_support_base::Error;

use super::{AuditArchitecture, table::Table};

/// The architectures whose calls are known by name.
pub const NAMED_ARCHITECTURES: [AuditArchitecture; 3] =
    [AuditArchitecture::X86_64, AuditArchitecture::AARCH64, AuditArchitecture::RISCV64];

/// The bit that the numbers of x32's calls have: they are made by the architecture of x86_64.
#[doc(alias = "__X32_SYSCALL_BIT")]
pub const X32_BIT: u32 = 0x4000_0000;

/// A system call, by its name; or, of one that is too new for this library, by its number.
///
/// A name stands for the call on every architecture; some have none of it, as aarch64 has no `open`.
///
/// ```
/// use linux_support_security::seccomp::{AuditArchitecture, SystemCall};
///
/// let read = SystemCall::from_name("read")?;
/// assert_eq!(read.number(AuditArchitecture::X86_64), Some(0));
/// assert_eq!(read.number(AuditArchitecture::AARCH64), Some(63));
/// assert_eq!(SystemCall::of(AuditArchitecture::RISCV64, 63), read);
/// let error = SystemCall::from_name("raed").unwrap_err();
/// assert!(error.to_string().contains("read"));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// syscalls(2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SystemCall(Identity);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Identity {
    /// A row of the table.
    Named(u16),
    Numbered(u32),
}

fn column(architecture: AuditArchitecture) -> Option<usize> {
    NAMED_ARCHITECTURES.iter().position(|&named| named == architecture)
}

impl SystemCall {
    /// The call of this name, as the kernel spells it; or `#` and a number, for a call that has no name here.
    ///
    /// # Errors
    /// No architecture has such a call; the error says which name is nearest.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        if let Some(number) = name.strip_prefix('#') {
            return number
                .parse()
                .map(|number| Self(Identity::Numbered(number)))
                .map_err(|_| Error::invalid("name", format!("system call {name}"), "takes # and a number"));
        }
        match Table::get().find(name) {
            Some(row) => Ok(Self(Identity::Named(row as u16))),
            None => Err(unknown(name)),
        }
    }

    /// The call that `architecture` has at this number: without a name if none is known.
    #[must_use]
    pub fn of(architecture: AuditArchitecture, number: u32) -> Self {
        let row = column(architecture).and_then(|column| Table::get().at(column, number));
        Self(row.map_or(Identity::Numbered(number), |row| Identity::Named(row as u16)))
    }

    /// All that have a name, by their names.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Table::get().rows.len()).map(|row| Self(Identity::Named(row as u16)))
    }

    /// Its name, if it has one here.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self.0 {
            Identity::Named(row) => Some(Table::get().rows[usize::from(row)].name),
            Identity::Numbered(_) => None,
        }
    }

    /// Its number on `architecture`; `None` if that has no such call. One without a name has the same everywhere.
    #[must_use]
    pub fn number(self, architecture: AuditArchitecture) -> Option<u32> {
        match self.0 {
            Identity::Named(row) => Table::get().rows[usize::from(row)].numbers[column(architecture)?],
            Identity::Numbered(number) => Some(number),
        }
    }
}

/// Names are shorter than this.
pub(super) const LONGEST_NAME: usize = 64;

#[cold]
fn unknown(name: &str) -> Error {
    let rows = Table::get().rows.iter();
    // What is much longer than any name is near none, and comparing it takes long.
    let nearest = rows
        .filter(|_| name.len() <= LONGEST_NAME)
        .map(|row| (strsim::osa_distance(name, row.name), row.name))
        .filter(|(distance, _)| *distance <= 1 + name.len() / 3)
        .min();
    let accepted = match nearest {
        Some((_, nearest)) => format!("there is none of that name; the nearest is {nearest}"),
        None => "there is none of that name".into(),
    };
    Error::invalid("name", format!("system call {name}"), accepted)
}

impl FromStr for SystemCall {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::from_name(name)
    }
}

impl fmt::Display for SystemCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self.0) {
            (None, Identity::Numbered(number)) => f.pad(&format!("#{number}")),
            (name, _) => f.pad(name.unwrap_or_default()),
        }
    }
}

impl fmt::Debug for SystemCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_leads_back_to_its_name() {
        let mut counts = [0; 3];
        for call in SystemCall::all() {
            for (count, architecture) in counts.iter_mut().zip(NAMED_ARCHITECTURES) {
                if let Some(number) = call.number(architecture) {
                    *count += 1;
                    assert_eq!(SystemCall::of(architecture, number), call, "{architecture} {number}");
                }
            }
            assert_eq!(SystemCall::from_name(call.name().unwrap()).unwrap(), call);
        }
        assert!(counts.iter().all(|&count| count > 300), "{counts:?}");
    }

    #[test]
    fn numbers_are_those_of_this_programs_headers() {
        let Some(native) = AuditArchitecture::NATIVE else { return };
        for (name, number) in [
            ("read", libc::SYS_read),
            ("clone3", libc::SYS_clone3),
            ("process_mrelease", libc::SYS_process_mrelease),
            ("seccomp", libc::SYS_seccomp),
            ("fstat", libc::SYS_fstat),
        ] {
            let call = SystemCall::from_name(name).unwrap();
            assert_eq!(call.number(native).map(i64::from), Some(number), "{name}");
        }
    }

    #[test]
    fn names_that_are_not_known_say_which_is_near() {
        let error = SystemCall::from_name("opennat").unwrap_err().to_string();
        assert!(error.contains("opennat") && error.contains("openat"), "{error}");
        let error = SystemCall::from_name("an entirely different thing").unwrap_err().to_string();
        assert!(!error.contains("nearest"), "{error}");
        assert!(SystemCall::from_name("#x").is_err());
        assert!(SystemCall::from_name("").is_err());
        let long = "read".repeat(1_000_000);
        assert!(!SystemCall::from_name(&long).unwrap_err().to_string().contains("nearest"));
        assert!(SystemCall::all().all(|call| call.name().unwrap_or_default().len() < LONGEST_NAME));
    }

    #[test]
    fn calls_without_a_name_are_kept_by_number() {
        let future = SystemCall::of(AuditArchitecture::X86_64, 1999);
        assert_eq!((future.name(), future.to_string()), (None, "#1999".to_owned()));
        assert_eq!("#1999".parse::<SystemCall>().unwrap(), future);
        assert_eq!(future.number(AuditArchitecture::AARCH64), Some(1999));
    }
}
