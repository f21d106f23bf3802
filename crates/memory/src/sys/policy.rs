//! Where memory comes from: set_mempolicy(2) and its kin. All of these take numbers, and none changes a byte.

use core::ptr;

use libc::{c_int, c_uint, c_ulong, c_void};
use linux_raw_sys::general::{
    __NR_get_mempolicy, __NR_mbind, __NR_migrate_pages, __NR_move_pages, __NR_set_mempolicy,
    __NR_set_mempolicy_home_node,
};
use rustix::io::Errno;

use super::{number, result};

/// The words of node sets that the kernel fills in: for 1,024 nodes, the most that any kernel has.
const WORDS: usize = 16;

/// A set of nodes as these calls take it: a pointer, and how many bits there are and one more, of which the kernel reads
/// one less. Nothing for the empty set.
fn mask(words: &[u64]) -> (*const u64, c_ulong) {
    match words.len() {
        0 => (ptr::null(), 0),
        length => (words.as_ptr(), length as c_ulong * 64 + 1),
    }
}

/// Sets the policy of the calling thread.
pub(crate) fn set(mode: c_int, nodes: &[u64]) -> Result<(), Errno> {
    let (words, bits) = mask(nodes);
    // SAFETY: the kernel reads the words, as many as there are.
    result(unsafe { libc::syscall(number(__NR_set_mempolicy), mode, words, bits) })?;
    Ok(())
}

/// A number and a set of nodes: what they are depends on `flags`.
pub(crate) fn get(address: u64, flags: u32) -> Result<(c_int, [u64; WORDS]), Errno> {
    let (mut mode, mut words) = (0, [0; WORDS]);
    // The node of an address comes without a set, and a set of nodes that are allowed without a number.
    let wants_words = flags & linux_raw_sys::mempolicy::MPOL_F_NODE == 0;
    let wants_mode = flags & linux_raw_sys::mempolicy::MPOL_F_MEMS_ALLOWED == 0;
    let mode_pointer = if wants_mode { ptr::from_mut::<c_int>(&mut mode) } else { ptr::null_mut() };
    let (words_pointer, bits) = match wants_words {
        true => (words.as_mut_ptr(), WORDS as c_ulong * 64 + 1),
        false => (ptr::null_mut(), 0),
    };
    // SAFETY: the kernel writes one number, and as many bits as it is told, rounded to words, which are there.
    result(unsafe {
        libc::syscall(
            number(__NR_get_mempolicy),
            mode_pointer,
            words_pointer,
            bits,
            address as c_ulong,
            c_ulong::from(flags),
        )
    })?;
    Ok((mode, words))
}

/// Sets the policy of a range of addresses.
pub(crate) fn bind(start: u64, length: u64, mode: c_int, nodes: &[u64], flags: u32) -> Result<(), Errno> {
    let (words, bits) = mask(nodes);
    // SAFETY: the kernel reads the words. It may move the pages of the range to other frames, with what is in them.
    result(unsafe {
        libc::syscall(
            number(__NR_mbind),
            start as c_ulong,
            length as c_ulong,
            c_ulong::from(mode as c_uint),
            words,
            bits,
            c_ulong::from(flags),
        )
    })?;
    Ok(())
}

/// Sets the node near which a range's policy prefers the memory.
pub(crate) fn set_home_node(start: u64, length: u64, node: u32) -> Result<(), Errno> {
    // SAFETY: it takes numbers.
    result(unsafe {
        libc::syscall(
            number(__NR_set_mempolicy_home_node),
            start as c_ulong,
            length as c_ulong,
            c_ulong::from(node),
            0 as c_ulong,
        )
    })?;
    Ok(())
}

/// Moves all pages of a process (0 is this one) from some nodes to others, and gives the number of those left.
pub(crate) fn migrate(process: i32, from: &[u64], to: &[u64]) -> Result<u64, Errno> {
    // Both sets have the same number of bits.
    let length = from.len().max(to.len()).max(1);
    let filled = |words: &[u64]| {
        let mut words = words.to_vec();
        words.resize(length, 0);
        words
    };
    let (from, to) = (filled(from), filled(to));
    let bits = length as c_ulong * 64 + 1;
    // SAFETY: the kernel reads the words of both, and moves pages with what is in them.
    let left = result(unsafe {
        libc::syscall(number(__NR_migrate_pages), process, bits, from.as_ptr(), to.as_ptr())
    })?;
    Ok(left as u64)
}

/// Moves pages of a process (0 is this one) to nodes, or, without nodes, says where they are. Each status is of 32 bits;
/// those that the kernel did not come to are left as they are.
pub(crate) fn move_pages(
    process: i32,
    addresses: &[u64],
    nodes: Option<&[c_int]>,
    statuses: &mut [c_int],
    flags: u32,
) -> Result<(), Errno> {
    if statuses.len() != addresses.len() || nodes.is_some_and(|nodes| nodes.len() != addresses.len()) {
        return Err(Errno::INVAL);
    }
    let addresses_pointer = addresses.as_ptr().cast::<*const c_void>();
    // SAFETY: the kernel reads as many addresses (of 64 bits, as pointers are here) and nodes and writes as many
    // statuses as it is told, and they are there; it moves pages with what is in them.
    result(unsafe {
        libc::syscall(
            number(__NR_move_pages),
            process,
            addresses.len() as c_ulong,
            addresses_pointer,
            nodes.map_or(ptr::null(), <[c_int]>::as_ptr),
            statuses.as_mut_ptr(),
            flags as c_int,
        )
    })?;
    Ok(())
}

const _: () = assert!(size_of::<*const c_void>() == size_of::<u64>(), "Linux of 64 bits only");
