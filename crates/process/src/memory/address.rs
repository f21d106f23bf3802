use core::fmt;

use crate::Address;

impl Address {
    /// The number of an address of this process: for processes that have the same memory at the same place, such as one
    /// that was forked off.
    #[must_use]
    pub fn of<T: ?Sized>(pointer: *const T) -> Self {
        Self::new(pointer.addr() as u64)
    }

    /// The address so many bytes further; `None` beyond the last.
    #[must_use]
    pub const fn checked_add(self, bytes: u64) -> Option<Self> {
        match self.get().checked_add(bytes) {
            Some(address) => Some(Self::new(address)),
            None => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.get())
    }
}
