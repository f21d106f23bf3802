//! Numbers in the records that the kernel writes.

/// The bytes of a record, from which numbers are taken by their place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a>(pub(crate) &'a [u8]);

macro_rules! take {
    ($($name:ident: $integer:ty;)*) => {
        impl Record<'_> {
            $(
                /// The number at byte `at`, in the machine's order; `None` where the record ends before.
                pub(crate) fn $name(self, at: usize) -> Option<$integer> {
                    let bytes = self.0.get(at..at.checked_add(size_of::<$integer>())?)?;
                    Some(<$integer>::from_ne_bytes(bytes.try_into().ok()?))
                }
            )*
        }
    };
}

take! { u16: u16; u32: u32; u64: u64; i32: i32; }
