//! The names and numbers of system calls, of all architectures that are known by name.

use std::{collections::BTreeMap, sync::OnceLock};

/// Where each of [`NAMED_ARCHITECTURES`](super::NAMED_ARCHITECTURES) has its column.
pub(super) const COLUMNS: usize = 3;

/// Numbers end well below this: the newest is under 500.
const END: usize = 4096;

pub(super) struct Table {
    /// Sorted by name.
    pub(super) rows: Vec<Row>,
    by_number: [Vec<Option<u16>>; COLUMNS],
}

#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) numbers: [Option<u32>; COLUMNS],
}

/// What the crate `syscalls` says: a name for a number of each column.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
fn name(column: usize, number: usize) -> Option<&'static str> {
    /// The calls with times of 64 bits, which architectures of 32 bits alone have; the crate has them for aarch64.
    const OF_32_BITS: core::ops::RangeInclusive<usize> = 403..=423;
    if OF_32_BITS.contains(&number) {
        return None;
    }
    let name = match column {
        0 => syscalls::x86_64::Sysno::new(number).map(|call| call.name()),
        1 => syscalls::aarch64::Sysno::new(number).map(|call| call.name()),
        _ => syscalls::riscv64::Sysno::new(number).map(|call| call.name()),
    };
    match name {
        // The kernel's name of what the C library calls so.
        Some("fstatat") => Some("newfstatat"),
        None => NEWER.iter().find(|newer| newer.0 == number).map(|newer| newer.1),
        name => name,
    }
}

/// What the crate does not have yet; new calls have the same number everywhere.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
const NEWER: [(usize, &str); 3] = [(470, "listns"), (471, "rseq_slice_yield"), (472, "fchroot")];

/// The crate `syscalls` is for nightly compilers elsewhere: there, calls have numbers only.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
fn name(_column: usize, _number: usize) -> Option<&'static str> {
    None
}

impl Table {
    pub(super) fn get() -> &'static Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(Self::build)
    }

    fn build() -> Self {
        let mut names = BTreeMap::<&'static str, [Option<u32>; COLUMNS]>::new();
        for column in 0..COLUMNS {
            for number in 0..END {
                if let Some(name) = name(column, number) {
                    names.entry(name).or_default()[column] = Some(number as u32);
                }
            }
        }
        let rows: Vec<Row> = names.into_iter().map(|(name, numbers)| Row { name, numbers }).collect();
        let by_number = core::array::from_fn(|column| {
            let mut indices = Vec::new();
            for (index, row) in rows.iter().enumerate() {
                if let Some(number) = row.numbers[column] {
                    let number = number as usize;
                    indices.resize(indices.len().max(number + 1), None);
                    indices[number] = Some(index as u16);
                }
            }
            indices
        });
        Self { rows, by_number }
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.rows.binary_search_by_key(&name, |row| row.name).ok()
    }

    pub(super) fn at(&self, column: usize, number: u32) -> Option<usize> {
        self.by_number[column].get(number as usize).copied().flatten().map(usize::from)
    }
}
