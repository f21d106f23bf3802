use linux_support_base::{ByteString, Error};

use super::ProcessMemory;
use crate::Address;

/// The smallest page: a copy up to its end touches no other page.
const PAGE: u64 = 4096;

impl ProcessMemory<'_, '_> {
    /// The bytes from `address` to before the next NUL, of which there are `longest` at most.
    ///
    /// # Errors
    /// There is no NUL so near; part of it can't be read, or as for [`read`](Self::read).
    pub fn read_string(&self, address: Address, longest: usize) -> Result<ByteString, Error> {
        let mut text = Vec::new();
        let mut next = address;
        let mut room = [0; PAGE as usize];
        // One more than the longest, for the NUL.
        while text.len() <= longest {
            let to_page_end = (PAGE - next.get() % PAGE) as usize;
            let part = &mut room[..to_page_end.min(longest + 1 - text.len())];
            let transfer = self.read(next, part)?;
            let part = &part[..transfer.copied];
            if let Some(length) = memchr::memchr(0, part) {
                text.extend_from_slice(&part[..length]);
                return Ok(text.into());
            }
            text.extend_from_slice(part);
            if let Some(end) = transfer.ended_at {
                return Err(self.unreadable(end));
            }
            next = next.checked_add(part.len() as u64).ok_or_else(|| self.unreadable(next))?;
        }
        let object = format!("the text at {address} of {}", self.name());
        Err(Error::invalid("read", object, format!("expected a NUL after {longest} bytes at most")))
    }
}
