//! The size of this machine's base pages.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{Bytes, PageSize};

impl PageSize {
    /// The size of base pages, where the architecture has but one: 4 KiB on x86_64, riscv64 and s390x. `None` where the
    /// kernel is built for one of several, as on aarch64, powerpc64 and loongarch64.
    pub const OF_ARCHITECTURE: Option<Self> =
        if cfg!(any(target_arch = "x86_64", target_arch = "riscv64", target_arch = "s390x")) {
            Self::new(Bytes::new(4096))
        } else {
            None
        };

    /// The size of base pages on this machine: a constant where the architecture has but one, else one load after the
    /// first call.
    ///
    /// Of a machine that was captured, [`Machine::page_size`](crate::Machine::page_size) tells.
    ///
    /// ```
    /// use linux_support_base::PageSize;
    ///
    /// assert!(PageSize::base().bytes().get() >= 4096);
    /// ```
    #[inline]
    #[must_use]
    #[doc(alias = "getpagesize")]
    #[doc(alias = "_SC_PAGESIZE")]
    pub fn base() -> Self {
        match Self::OF_ARCHITECTURE {
            Some(size) => size,
            None => read_once(),
        }
    }
}

#[inline]
fn read_once() -> PageSize {
    static SIZE: AtomicU64 = AtomicU64::new(0);
    PageSize::new(Bytes::new(SIZE.load(Relaxed))).unwrap_or_else(|| {
        let size = told();
        SIZE.store(size.bytes().get(), Relaxed);
        size
    })
}

/// What the kernel told this program when it started.
#[cold]
fn told() -> PageSize {
    const LEAST: PageSize = PageSize::new(Bytes::new(4096)).unwrap();
    // The kernel's is always a power of two.
    PageSize::new(Bytes::new(rustix::param::page_size() as u64)).unwrap_or(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_page_is_the_one_that_the_kernel_told() {
        let told = told();
        assert_eq!((PageSize::base(), PageSize::base()), (told, told));
        assert_eq!((read_once(), read_once()), (told, told));
    }

    mod lab {
        /// What QEMU's machines were declared with, by the kernel's own word in `/proc/self/smaps`.
        fn kernel_page_size_in_kib() -> u64 {
            let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
            let line = smaps.lines().find(|line| line.starts_with("KernelPageSize:")).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        }

        mod arm_16k {
            #[test]
            #[ignore = "runs in the lab: cargo xtask lab"]
            fn the_base_page_is_of_16_kib() {
                use crate::PageSize;
                assert_eq!(PageSize::OF_ARCHITECTURE, None);
                for _ in 0..2 {
                    assert_eq!(PageSize::base().bytes().kib(), 16);
                }
                assert_eq!(super::kernel_page_size_in_kib(), 16);
            }
        }

        mod arm {
            #[test]
            #[ignore = "runs in the lab: cargo xtask lab"]
            fn the_base_page_is_of_4_kib() {
                assert_eq!(crate::PageSize::base().bytes().kib(), super::kernel_page_size_in_kib());
                assert_eq!(super::kernel_page_size_in_kib(), 4);
            }
        }
    }
}
