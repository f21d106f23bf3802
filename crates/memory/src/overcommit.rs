use linux_support_base::{Bytes, Machine, ParseError, Reading, text};

use crate::{MemoryInformation, Setting, setting::Form};

/// How much memory may be promised.
///
/// The constants are its settings, which can be set.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_memory::{MemoryInformation, Overcommit};
///
/// let machine = Machine::live()?;
/// let limit = Overcommit::read(&machine).limit(&MemoryInformation::read(&machine)?);
/// println!("{limit:?} may be promised where overcommitting is off");
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// Documentation/mm/overcommit-accounting.rst, Documentation/admin-guide/sysctl/vm.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "overcommit_memory")]
#[non_exhaustive]
pub struct Overcommit {
    /// Whether more may be promised than there is.
    pub mode: Reading<OvercommitMode>,
    /// Which part of the memory counts, in percent, where overcommitting is off.
    pub ratio_percent: Reading<u32>,
    /// How much memory counts in place of that part; 0 where the ratio decides.
    pub size: Reading<Bytes>,
    /// How much is kept for root.
    pub admin_reserve: Reading<Bytes>,
    /// How much is kept so that a user can stop what takes all, where overcommitting is off.
    pub user_reserve: Reading<Bytes>,
}

/// Whether more may be promised than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum OvercommitMode {
    /// Where a single promise is not obviously too large.
    #[doc(alias = "OVERCOMMIT_GUESS")]
    Guess,
    /// Always.
    #[doc(alias = "OVERCOMMIT_ALWAYS")]
    Always,
    /// Never.
    #[doc(alias = "OVERCOMMIT_NEVER")]
    Never,
}

impl Overcommit {
    /// Whether more may be promised than there is.
    pub const MODE: Setting<OvercommitMode> =
        Setting::new("/proc/sys/vm/overcommit_memory", "0, 1 or 2", MODE);
    /// Which part of the memory counts, in percent. To set it clears [`SIZE`](Self::SIZE).
    pub const RATIO: Setting<u32> =
        Setting::new("/proc/sys/vm/overcommit_ratio", "a number of percent", Form::<u32>::NUMBER);
    /// How much memory counts. To set it clears [`RATIO`](Self::RATIO).
    pub const SIZE: Setting<Bytes> =
        Setting::new("/proc/sys/vm/overcommit_kbytes", "a number of kB", Form::<Bytes>::KIBIBYTES);
    /// How much is kept for root.
    pub const ADMIN_RESERVE: Setting<Bytes> =
        Setting::new("/proc/sys/vm/admin_reserve_kbytes", "a number of kB", Form::<Bytes>::KIBIBYTES);
    /// How much is kept so that a user can stop what takes all.
    pub const USER_RESERVE: Setting<Bytes> =
        Setting::new("/proc/sys/vm/user_reserve_kbytes", "a number of kB", Form::<Bytes>::KIBIBYTES);

    /// Reads the settings.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        Self {
            mode: Self::MODE.read(machine).into(),
            ratio_percent: Self::RATIO.read(machine).into(),
            size: Self::SIZE.read(machine).into(),
            admin_reserve: Self::ADMIN_RESERVE.read(machine).into(),
            user_reserve: Self::USER_RESERVE.read(machine).into(),
        }
    }

    /// How much may be promised where overcommitting is off, by these settings and what there is: `CommitLimit`, but for
    /// what rounding to pages takes. `None` where a part is not known.
    #[must_use]
    pub fn limit(&self, memory: &MemoryInformation) -> Option<Bytes> {
        let size = self.size.value()?.get();
        let counted = match size {
            0 => {
                let pools = memory.hugetlb?.get();
                let usable = u128::from(memory.mem_total?.get().saturating_sub(pools));
                u64::try_from(usable * u128::from(*self.ratio_percent.value()?) / 100).ok()?
            }
            size => size,
        };
        counted.checked_add(memory.swap_total?.get()).map(Bytes::new)
    }
}

const MODE: Form<OvercommitMode> = Form {
    parse: |bytes| match text::decimal::<u32>(bytes)? {
        0 => Ok(OvercommitMode::Guess),
        1 => Ok(OvercommitMode::Always),
        2 => Ok(OvercommitMode::Never),
        _ => Err(ParseError::expected("0, 1 or 2", bytes)),
    },
    text: |mode| match mode {
        OvercommitMode::Guess => "0".to_owned(),
        OvercommitMode::Always => "1".to_owned(),
        OvercommitMode::Never => "2".to_owned(),
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_kernels() {
        let machine = Machine::live().unwrap();
        let memory = MemoryInformation::read(&machine).unwrap();
        let overcommit = Overcommit::read(&machine);
        let (ours, theirs) = (overcommit.limit(&memory).unwrap().get(), memory.commit_limit.unwrap().get());
        // The kernel counts in pages, and rounds down twice.
        assert!(ours.abs_diff(theirs) <= 2 * 65536, "{ours} {theirs}");
    }

    #[test]
    fn a_size_counts_in_place_of_the_ratio_and_what_is_unknown_gives_no_limit() {
        let memory =
            MemoryInformation::parse(b"MemTotal: 1000 kB\nSwapTotal: 50 kB\nHugetlb: 200 kB\n").unwrap();
        let of = |ratio, kib| Overcommit {
            mode: Reading::Value(OvercommitMode::Never),
            ratio_percent: Reading::Value(ratio),
            size: Reading::Value(Bytes::from_kib(kib).unwrap()),
            admin_reserve: Reading::Value(Bytes::new(0)),
            user_reserve: Reading::Value(Bytes::new(0)),
        };
        assert_eq!(of(50, 0).limit(&memory), Bytes::from_kib(450));
        assert_eq!(of(50, 7).limit(&memory), Bytes::from_kib(57));
        assert_eq!(of(50, 0).limit(&MemoryInformation::parse(b"MemTotal: 1000 kB\n").unwrap()), None);
        assert!((MODE.parse)(b"3").is_err());
        for mode in [OvercommitMode::Guess, OvercommitMode::Always, OvercommitMode::Never] {
            assert_eq!((MODE.parse)((MODE.text)(&mode).as_bytes()), Ok(mode));
        }
    }
}
