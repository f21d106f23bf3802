use rustix::io::Errno;

/// Which step failed, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) step: u16,
    cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Errno(u16),
    /// What should have failed and did not.
    WayBack(u16),
}

impl Failure {
    pub(crate) fn of(step: usize, errno: Errno) -> Self {
        Self { step: step as u16, cause: Cause::Errno(errno.raw_os_error() as u16) }
    }

    pub(crate) fn back(step: usize, way: usize) -> Self {
        Self { step: step as u16, cause: Cause::WayBack(way as u16) }
    }

    /// As a number other than 0.
    pub(crate) fn pack(self) -> u64 {
        let (kind, value) = match self.cause {
            Cause::Errno(value) => (1, value),
            Cause::WayBack(value) => (2, value),
        };
        u64::from(self.step) << 32 | kind << 16 | u64::from(value)
    }

    /// What [`pack`](Self::pack) made; `None` of 0.
    pub(crate) fn unpack(packed: u64) -> Option<Self> {
        let value = packed as u16;
        let cause = match packed >> 16 & 0xffff {
            1 => Cause::Errno(value),
            2 => Cause::WayBack(value),
            _ => return None,
        };
        Some(Self { step: (packed >> 32) as u16, cause })
    }

    /// The error of the call; `PERM` where it was none.
    pub(crate) fn errno(self) -> Errno {
        match self.cause {
            Cause::Errno(value) => Errno::from_raw_os_error(i32::from(value)),
            Cause::WayBack(_) => Errno::PERM,
        }
    }

    /// The way back that was found.
    pub(crate) fn way_back(self) -> Option<&'static str> {
        match self.cause {
            Cause::Errno(_) => None,
            Cause::WayBack(way) => Some(super::step::WAYS.get(usize::from(way)).copied().unwrap_or("a call")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_comes_back_from_its_number() {
        for failure in [Failure::of(0, Errno::PERM), Failure::of(9, Errno::AGAIN), Failure::back(3, 0)] {
            assert_eq!(Failure::unpack(failure.pack()), Some(failure));
        }
        assert_eq!(Failure::unpack(0), None);
        assert_eq!(Failure::back(0, 0).way_back(), Some("setuid(0)"));
    }
}
