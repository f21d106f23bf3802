//! libnuma, found at run time: the functions that have a counterpart here.

use core::ffi::{CStr, c_char, c_int, c_long, c_uint, c_ulong, c_void};

use linux_support_base::{Number, NumberSet};

use crate::dynamic_library::{DynamicLibrary, call};

/// The library, which stays loaded.
#[derive(Clone, Copy)]
pub(crate) struct Libnuma(DynamicLibrary);

/// A set of nodes or CPUs, as libnuma lays it out.
#[repr(C)]
struct Bitmask {
    bits: c_ulong,
    words: *mut c_ulong,
}

/// Memory that libnuma allocated.
pub(crate) struct Allocated {
    library: Libnuma,
    start: *mut u8,
    length: usize,
}

impl Libnuma {
    /// The library; `None` where it is not installed (Debian's package libnuma1).
    pub(crate) fn load() -> Option<Self> {
        // SAFETY: the library's initialization reads files and sets its own variables.
        let library = unsafe { DynamicLibrary::load(c"libnuma.so.1") };
        let library = Self(library?);
        (call!(library, c"numa_available", fn() -> c_int,) == 0).then_some(library)
    }

    pub(crate) fn number(self, name: &'static CStr) -> i32 {
        call!(self, name, fn() -> c_int,)
    }

    pub(crate) fn of_number(self, name: &'static CStr, number: u32) -> i32 {
        call!(self, name, fn(c_int) -> c_int, number as c_int)
    }

    pub(crate) fn of_number_long(self, name: &'static CStr, number: u32) -> i64 {
        call!(self, name, fn(c_int, *mut c_long) -> c_long, number as c_int, core::ptr::null_mut())
    }

    pub(crate) fn distance(self, from: u32, to: u32) -> i32 {
        call!(self, c"numa_distance", fn(c_int, c_int) -> c_int, from as c_int, to as c_int)
    }

    pub(crate) fn node_size(self, node: u32) -> i64 {
        let mut free = 0i64;
        call!(self, c"numa_node_size64", fn(c_int, *mut i64) -> i64, node as c_int, &raw mut free)
    }

    /// The set that a function without arguments gives, which is the caller's.
    pub(crate) fn set<T: Number>(self, name: &'static CStr) -> NumberSet<T> {
        let mask = call!(self, name, fn() -> *mut Bitmask,);
        self.take(mask).expect("libnuma gives a set")
    }

    /// The set that a text stands for; `None` where it is refused.
    pub(crate) fn parse<T: Number>(self, name: &'static CStr, text: &CStr) -> Option<NumberSet<T>> {
        let mask = call!(self, name, fn(*const c_char) -> *mut Bitmask, text.as_ptr());
        self.take(mask)
    }

    pub(crate) fn cpus_of_node<T: Number>(self, node: u32) -> NumberSet<T> {
        let mask = call!(self, c"numa_allocate_cpumask", fn() -> *mut Bitmask,);
        let done = call!(self, c"numa_node_to_cpus", fn(c_int, *mut Bitmask) -> c_int, node as c_int, mask);
        assert_eq!(done, 0);
        self.take(mask).expect("libnuma gives a set")
    }

    /// Calls a function that takes a set.
    pub(crate) fn give<T: Number>(self, name: &'static CStr, set: &NumberSet<T>) {
        let mask = self.mask(set);
        call!(self, name, fn(*mut Bitmask), mask);
        self.take::<T>(mask);
    }

    pub(crate) fn migrate<T: Number>(self, from: &NumberSet<T>, to: &NumberSet<T>) -> i32 {
        let (from, to) = (self.mask(from), self.mask(to));
        let left =
            call!(self, c"numa_migrate_pages", fn(c_int, *mut Bitmask, *mut Bitmask) -> c_int, 0, from, to);
        self.take::<T>(from);
        self.take::<T>(to);
        left
    }

    pub(crate) fn nothing(self, name: &'static CStr) {
        call!(self, name, fn(),);
    }

    pub(crate) fn with_number(self, name: &'static CStr, number: u32) {
        call!(self, name, fn(c_int), number as c_int);
    }

    pub(crate) fn allocate_on(self, length: usize, node: u32) -> Allocated {
        let start = call!(self, c"numa_alloc_onnode", fn(usize, c_int) -> *mut c_void, length, node as c_int);
        Allocated::new(self, start, length)
    }

    pub(crate) fn allocate(self, name: &'static CStr, length: usize) -> Allocated {
        let start = call!(self, name, fn(usize) -> *mut c_void, length);
        Allocated::new(self, start, length)
    }

    /// The statuses of pages of this process.
    pub(crate) fn statuses(self, addresses: &[u64]) -> Vec<i32> {
        let mut statuses = vec![i32::MIN; addresses.len()];
        let done = call!(
            self,
            c"numa_move_pages",
            fn(c_int, c_ulong, *const u64, *const c_int, *mut c_int, c_int) -> c_long,
            0,
            addresses.len() as c_ulong,
            addresses.as_ptr(),
            core::ptr::null(),
            statuses.as_mut_ptr(),
            0
        );
        assert_eq!(done, 0);
        statuses
    }

    /// What a function says of a set.
    pub(crate) fn of_set<T: Number>(self, name: &'static CStr, set: &NumberSet<T>) -> i32 {
        let mask = self.mask(set);
        let number = call!(self, name, fn(*mut Bitmask) -> c_int, mask);
        self.take::<T>(mask);
        number
    }

    /// What a function says of a member of a set.
    pub(crate) fn of_member<T: Number>(self, name: &'static CStr, set: &NumberSet<T>, member: T) -> i32 {
        let mask = self.mask(set);
        let number = call!(self, name, fn(*const Bitmask, c_uint) -> c_int, mask, member.index());
        self.take::<T>(mask);
        number
    }

    /// What a function makes of a set.
    pub(crate) fn changed<T: Number>(self, name: &'static CStr, set: &NumberSet<T>) -> NumberSet<T> {
        let mask = self.mask(set);
        let changed = call!(self, name, fn(*mut Bitmask) -> *mut Bitmask, mask);
        self.take(changed).expect("libnuma gives the set back")
    }

    /// A set less one member, or with it.
    pub(crate) fn with_bit<T: Number>(
        self,
        name: &'static CStr,
        set: &NumberSet<T>,
        member: T,
    ) -> NumberSet<T> {
        let mask = self.mask(set);
        let changed = call!(self, name, fn(*mut Bitmask, c_uint) -> *mut Bitmask, mask, member.index());
        self.take(changed).expect("libnuma gives the set back")
    }

    pub(crate) fn equal<T: Number>(self, one: &NumberSet<T>, other: &NumberSet<T>) -> bool {
        let (one, other) = (self.mask(one), self.mask(other));
        let equal =
            call!(self, c"numa_bitmask_equal", fn(*const Bitmask, *const Bitmask) -> c_int, one, other);
        self.take::<T>(one);
        self.take::<T>(other);
        equal != 0
    }

    pub(crate) fn copied<T: Number>(self, set: &NumberSet<T>) -> NumberSet<T> {
        let from = self.mask(set);
        // What does not fit into the copy would be cut.
        let bits = set.as_words().len().max(1) as c_uint * 64;
        let to = call!(self, c"numa_bitmask_alloc", fn(c_uint) -> *mut Bitmask, bits);
        call!(self, c"copy_bitmask_to_bitmask", fn(*mut Bitmask, *mut Bitmask), from, to);
        self.take::<T>(from);
        self.take(to).expect("the copy")
    }

    /// The CPUs of a task.
    pub(crate) fn affinity<T: Number>(self, process: i32) -> NumberSet<T> {
        let mask = call!(self, c"numa_allocate_cpumask", fn() -> *mut Bitmask,);
        let done = call!(self, c"numa_sched_getaffinity", fn(c_int, *mut Bitmask) -> c_int, process, mask);
        assert!(done >= 0);
        self.take(mask).expect("libnuma gives a set")
    }

    pub(crate) fn set_affinity<T: Number>(self, process: i32, cpus: &NumberSet<T>) -> i32 {
        let mask = self.mask(cpus);
        let done = call!(self, c"numa_sched_setaffinity", fn(c_int, *mut Bitmask) -> c_int, process, mask);
        self.take::<T>(mask);
        done
    }

    pub(crate) fn allocate_interleaved<T: Number>(self, length: usize, nodes: &NumberSet<T>) -> Allocated {
        let mask = self.mask(nodes);
        let start = call!(
            self,
            c"numa_alloc_interleaved_subset",
            fn(usize, *mut Bitmask) -> *mut c_void,
            length,
            mask
        );
        self.take::<T>(mask);
        Allocated::new(self, start, length)
    }

    /// Sets the policy of a range of addresses: `set` is what the function takes after it.
    pub(crate) fn range_with_set<T: Number>(
        self,
        name: &'static CStr,
        start: u64,
        length: usize,
        set: &NumberSet<T>,
    ) {
        let mask = self.mask(set);
        call!(self, name, fn(u64, usize, *mut Bitmask), start, length, mask);
        self.take::<T>(mask);
    }

    pub(crate) fn range_with_node(self, name: &'static CStr, start: u64, length: usize, node: u32) {
        call!(self, name, fn(u64, usize, c_int), start, length, node as c_int);
    }

    pub(crate) fn range(self, name: &'static CStr, start: u64, length: usize) {
        call!(self, name, fn(u64, usize), start, length);
    }

    /// Moves pages of this process, and gives a status for each.
    pub(crate) fn move_to(self, addresses: &[u64], node: u32) -> Vec<i32> {
        let mut statuses = vec![i32::MIN; addresses.len()];
        let nodes = vec![node as c_int; addresses.len()];
        let done = call!(
            self,
            c"numa_move_pages",
            fn(c_int, c_ulong, *const u64, *const c_int, *mut c_int, c_int) -> c_long,
            0,
            addresses.len() as c_ulong,
            addresses.as_ptr(),
            nodes.as_ptr(),
            statuses.as_mut_ptr(),
            2
        );
        assert!(done >= 0);
        statuses
    }

    /// get_mempolicy(2) of an address (0 of the thread), as numaif.h has it: the mode and the nodes.
    pub(crate) fn policy<T: Number>(self, address: u64, flags: u32) -> (i32, NumberSet<T>) {
        let (mut mode, mut words) = (0, [0u64; 16]);
        let done = call!(
            self,
            c"get_mempolicy",
            fn(*mut c_int, *mut u64, c_ulong, u64, c_uint) -> c_long,
            &raw mut mode,
            words.as_mut_ptr(),
            1024,
            address,
            flags
        );
        assert_eq!(done, 0);
        (mode, NumberSet::from_words(&words))
    }

    /// set_mempolicy(2), as numaif.h has it.
    pub(crate) fn set_policy<T: Number>(self, mode: i32, nodes: &NumberSet<T>) -> bool {
        let words = padded(nodes);
        call!(
            self,
            c"set_mempolicy",
            fn(c_int, *const u64, c_ulong) -> c_long,
            mode,
            words.as_ptr(),
            words.len() as c_ulong * 64 + 1
        ) == 0
    }

    /// mbind(2), as numaif.h has it.
    pub(crate) fn bind<T: Number>(
        self,
        start: u64,
        length: usize,
        mode: i32,
        nodes: &NumberSet<T>,
        flags: u32,
    ) -> bool {
        let words = padded(nodes);
        call!(
            self,
            c"mbind",
            fn(u64, c_ulong, c_int, *const u64, c_ulong, c_uint) -> c_long,
            start,
            length as c_ulong,
            mode,
            words.as_ptr(),
            words.len() as c_ulong * 64 + 1,
            flags
        ) == 0
    }

    fn mask<T: Number>(self, set: &NumberSet<T>) -> *mut Bitmask {
        let bits = set.as_words().len().max(1) as c_uint * 64;
        let mask = call!(self, c"numa_bitmask_alloc", fn(c_uint) -> *mut Bitmask, bits);
        for member in set {
            let set = fn_set(self);
            // SAFETY: the bit is in the mask, which was allocated for as many.
            unsafe { set(mask, member.index()) };
        }
        mask
    }

    fn take<T: Number>(self, mask: *mut Bitmask) -> Option<NumberSet<T>> {
        if mask.is_null() {
            return None;
        }
        // SAFETY: libnuma gave it, with as many words as it has bits for.
        let set = unsafe {
            let length = (*mask).bits.div_ceil(64) as usize;
            NumberSet::from_words(core::slice::from_raw_parts((*mask).words.cast_const(), length))
        };
        call!(self, c"numa_bitmask_free", fn(*mut Bitmask), mask);
        Some(set)
    }
}

fn fn_set(library: Libnuma) -> unsafe extern "C" fn(*mut Bitmask, c_uint) -> *mut Bitmask {
    // SAFETY: numa(3) declares the function so.
    unsafe { core::mem::transmute(library.0.symbol(c"numa_bitmask_setbit")) }
}

fn padded<T: Number>(set: &NumberSet<T>) -> Vec<u64> {
    let mut words = set.as_words().to_vec();
    words.resize(words.len().max(1), 0);
    words
}

impl Allocated {
    /// The same memory with another length, its bytes kept.
    pub(crate) fn with_length(self, length: usize) -> Self {
        let this = core::mem::ManuallyDrop::new(self);
        let start = call!(
            this.library,
            c"numa_realloc",
            fn(*mut c_void, usize, usize) -> *mut c_void,
            this.start.cast(),
            this.length,
            length
        );
        assert!(!start.is_null(), "libnuma has no memory");
        Self { library: this.library, start: start.cast(), length }
    }

    fn new(library: Libnuma, start: *mut c_void, length: usize) -> Self {
        assert!(!start.is_null(), "libnuma has no memory");
        let start = start.cast::<u8>();
        // SAFETY: libnuma allocated as many bytes, readable and writable.
        unsafe { start.write_bytes(1, length) };
        Self { library, start, length }
    }

    pub(crate) fn pages(&self) -> Vec<u64> {
        let start = self.start.addr() as u64;
        (start..start + self.length as u64).step_by(rustix::param::page_size()).collect()
    }
}

impl Drop for Allocated {
    fn drop(&mut self) {
        call!(self.library, c"numa_free", fn(*mut c_void, usize), self.start.cast(), self.length);
    }
}
