//! Shared memory of System V, which this library does not map itself.

use core::ffi::c_void;

/// A segment of System V's shared memory, attached at two places, that goes with the last of them.
pub(crate) struct Segment {
    places: [*mut c_void; 2],
}

impl Segment {
    pub(crate) fn new(length: usize) -> Self {
        // SAFETY: it takes numbers, and both attachments get places of their own.
        let places = unsafe {
            let number = libc::shmget(libc::IPC_PRIVATE, length, 0o600);
            assert!(number >= 0, "no segment");
            let places = [(); 2].map(|()| libc::shmat(number, core::ptr::null(), 0));
            libc::shmctl(number, libc::IPC_RMID, core::ptr::null_mut());
            places
        };
        assert!(places.iter().all(|place| place.addr() != usize::MAX), "not attached");
        Self { places }
    }

    /// Where it is attached.
    pub(crate) fn addresses(&self) -> [u64; 2] {
        self.places.map(|place| place.addr() as u64)
    }

    pub(crate) fn fill(&self, length: usize) {
        // SAFETY: the first attachment is writable and that long.
        unsafe { self.places[0].cast::<u8>().write_bytes(1, length) };
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        for place in self.places {
            // SAFETY: it is attached there, and nothing refers to it any more.
            unsafe { libc::shmdt(place) };
        }
    }
}
