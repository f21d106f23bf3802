//! Memory that a program allocates from.

use core::{
    alloc::Layout,
    fmt,
    ptr::{self, NonNull},
};
use std::sync::Mutex;

use allocator_api2::alloc::{AllocError, Allocator};
use linux_support_base::{Bytes, PageSize};
use rlsf::Tlsf;

use super::{
    kind::{Private, ReadWrite},
    mapping::Mapping,
};

/// An allocator over a mapping: on huge pages, locked, on a node, as the mapping is.
///
/// What is allocated lives in the mapping alone; when it is full, allocating fails. Each allocation and each release takes
/// the same short time (TLSF), under one lock.
///
/// ```
/// use allocator_api2::vec::Vec;
/// use linux_support_base::Bytes;
/// use linux_support_memory::huge_page::{Arena, LargestPages};
///
/// let memory = LargestPages::new().or_transparent().or_base().private(Bytes::new(8 << 20))?;
/// let arena = Arena::new(memory.memory);
/// let mut numbers = Vec::new_in(&arena);
/// numbers.extend(0..1000_u64);
/// assert_eq!(numbers.iter().sum::<u64>(), 499_500);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// It outlives what is allocated from it:
///
/// ```compile_fail
/// # use allocator_api2::vec::Vec;
/// # use linux_support_base::Bytes;
/// # use linux_support_memory::{huge_page::Arena, mapping::MapOptions};
/// let arena = Arena::new(MapOptions::new().private(Bytes::new(1 << 20))?);
/// let numbers: Vec<u64, _> = Vec::new_in(&arena);
/// drop(arena);
/// drop(numbers);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub struct Arena {
    /// Before the memory, so that it is dropped first.
    free: Mutex<Free>,
    memory: Mapping<Private, ReadWrite>,
}

/// The lists of free blocks: for blocks below 128 GiB, as many as there are.
type Free = Tlsf<'static, u32, u32, 32, 32>;

impl Arena {
    /// Allocates from `memory`, whose bytes are no longer to be reached otherwise.
    #[must_use]
    pub fn new(memory: Mapping<Private, ReadWrite>) -> Self {
        let mut free = Free::new();
        let block = NonNull::slice_from_raw_parts(memory.as_ptr(), memory.len());
        // SAFETY: the bytes are readable and writable, nobody borrows them, and whoever could do so needs the mapping, which
        // is here and never lent. It is dropped after the lists; moving it leaves the bytes where they are.
        let _ = unsafe { free.insert_free_block_ptr(block) };
        Self { free: Mutex::new(free), memory }
    }

    /// How many bytes its memory has, of which some are needed to keep the rest in order.
    #[must_use]
    pub fn capacity(&self) -> Bytes {
        Bytes::new(self.memory.len() as u64)
    }

    /// The size of its memory's pages: the base size, or that of the pool that they are from.
    #[must_use]
    pub fn page_size(&self) -> PageSize {
        self.memory.page_size()
    }

    /// Whether `pointer` is into its memory.
    #[must_use]
    pub fn contains<T>(&self, pointer: *const T) -> bool {
        self.memory.range().contains(pointer.addr() as u64)
    }
}

// SAFETY: what is allocated is in the mapping, which is there as long as the arena, wherever that is moved; it is in use by
// nobody else until it is given back, as the lists of free blocks see to.
unsafe impl Allocator for Arena {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            let nowhere = NonNull::new(ptr::without_provenance_mut(layout.align())).ok_or(AllocError)?;
            return Ok(NonNull::slice_from_raw_parts(nowhere, 0));
        }
        // After a panic, the lists can't be relied on.
        let mut free = self.free.lock().map_err(|_| AllocError)?;
        let start = free.allocate(layout).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(start, layout.size()))
    }

    unsafe fn deallocate(&self, start: NonNull<u8>, layout: Layout) {
        if layout.size() == 0 {
            return;
        }
        if let Ok(mut free) = self.free.lock() {
            // SAFETY: it was allocated here with this alignment and is not used any more, as the caller promises.
            unsafe { free.deallocate(start, layout.align()) };
        }
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena").field("memory", &self.memory.range()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use allocator_api2::{boxed::Box, vec::Vec};

    use super::*;
    use crate::mapping::MapOptions;

    fn arena(bytes: u64) -> Arena {
        Arena::new(MapOptions::new().private(Bytes::new(bytes)).unwrap())
    }

    #[test]
    fn what_is_allocated_is_in_the_mapping_and_apart() {
        let arena = arena(1 << 20);
        let boxes: std::vec::Vec<_> = (0..1000_u64).map(|number| Box::new_in(number, &arena)).collect();
        assert!(boxes.iter().enumerate().all(|(index, number)| **number == index as u64));
        assert!(boxes.iter().all(|number| arena.contains(&raw const **number)));
        assert!(!arena.contains(&raw const boxes));
    }

    #[test]
    fn a_full_arena_fails_and_what_is_given_back_is_used_again() {
        let arena = arena(1 << 20);
        for _ in 0..100 {
            let mut bytes: Vec<u8, _> = Vec::new_in(&arena);
            bytes.try_reserve_exact(900_000).unwrap();
            let mut more: Vec<u8, _> = Vec::new_in(&arena);
            assert!(more.try_reserve_exact(900_000).is_err());
            assert!(more.try_reserve_exact(usize::MAX / 2).is_err());
        }
    }

    #[test]
    fn alignments_are_kept_and_nothing_takes_no_room() {
        let arena = arena(1 << 20);
        for power in 0..16 {
            let layout = Layout::from_size_align(3, 1 << power).unwrap();
            let block = arena.allocate(layout).unwrap().cast::<u8>();
            assert!(block.as_ptr().addr().is_multiple_of(1 << power));
            // SAFETY: it was allocated just now.
            unsafe { arena.deallocate(block, layout) };
            let empty = Layout::from_size_align(0, 1 << power).unwrap();
            let nowhere = arena.allocate(empty).unwrap();
            assert_eq!((nowhere.len(), nowhere.cast::<u8>().as_ptr().addr()), (0, 1 << power));
            // SAFETY: as above.
            unsafe { arena.deallocate(nowhere.cast(), empty) };
        }
    }

    #[test]
    fn threads_share_it_and_it_may_be_moved() {
        let arena = std::boxed::Box::new(arena(4 << 20));
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let arena = &*arena;
                scope.spawn(move || {
                    for round in 0..200 {
                        let mut numbers = Vec::new_in(arena);
                        numbers.extend((0..round).map(|number| number * 4 + thread));
                        assert!(numbers.iter().all(|number| number % 4 == thread));
                    }
                });
            }
        });
        let mut owned = Vec::new_in(*arena);
        owned.extend(0..1000_u32);
        assert_eq!(owned[999], 999);
    }
}
