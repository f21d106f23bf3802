//! How much pipes may hold.

use linux_support_base::{Bytes, Error, Machine, Pages, text};

/// How much pipes may hold without `CAP_SYS_RESOURCE`.
///
/// # Source
/// pipe(7): `/proc/sys/fs/pipe-max-size` and its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PipeLimits {
    /// The most that one pipe may be given.
    #[doc(alias = "pipe-max-size")]
    pub maximum: Bytes,
    /// The pages of all pipes of a user above which a new pipe holds two pages only; 0 for no limit.
    #[doc(alias = "pipe-user-pages-soft")]
    pub user_pages_soft: Pages,
    /// The pages of all pipes of a user above which no pipe is made; 0 for no limit.
    #[doc(alias = "pipe-user-pages-hard")]
    pub user_pages_hard: Pages,
}

impl PipeLimits {
    pub(super) const MAXIMUM: &'static str = "/proc/sys/fs/pipe-max-size";
    pub(super) const USER_PAGES_SOFT: &'static str = "/proc/sys/fs/pipe-user-pages-soft";
    pub(super) const USER_PAGES_HARD: &'static str = "/proc/sys/fs/pipe-user-pages-hard";

    /// Reads them.
    ///
    /// # Errors
    /// One of the files is absent or holds no number.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let number = |path| machine.parse(path, |bytes| text::decimal(text::trim(bytes)));
        Ok(Self {
            maximum: Bytes::new(number(Self::MAXIMUM)?),
            user_pages_soft: Pages::new(number(Self::USER_PAGES_SOFT)?),
            user_pages_hard: Pages::new(number(Self::USER_PAGES_HARD)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_limits() {
        let limits = PipeLimits::read(&Machine::live().unwrap()).unwrap();
        assert!(limits.maximum >= Bytes::new(4096), "{limits:?}");
    }

    #[test]
    fn the_limits_are_told_apart_and_a_missing_one_is_named() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("proc/sys/fs");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("pipe-max-size"), "1048576\n").unwrap();
        std::fs::write(folder.join("pipe-user-pages-soft"), "16384").unwrap();
        let machine = Machine::captured(tree.path()).unwrap();
        let error = PipeLimits::read(&machine).unwrap_err();
        assert_eq!(error.to_string(), "read /proc/sys/fs/pipe-user-pages-hard: absent");
        std::fs::write(folder.join("pipe-user-pages-hard"), "0\n").unwrap();
        let limits = PipeLimits::read(&machine).unwrap();
        assert_eq!(limits.maximum, Bytes::new(1 << 20));
        assert_eq!((limits.user_pages_soft, limits.user_pages_hard), (Pages::new(16384), Pages::new(0)));
    }
}
