//! What a program asks about where it is: the CPU that it is on, the size of pages, how many CPUs there are.

use std::hint::black_box;

use linux_support_base::{Cpu, NumaNode, PageSize};
use linux_support_cpu::{logical_cpus, physical_cores, usable_cpus};

use crate::{
    pair::{self, Side},
    sys,
    table::{
        Row,
        Target::{self, Faster},
    },
};

/// The name of the group.
pub(crate) const NAME: &str = "here";

/// How often each is asked in one go: a single answer takes less than the call of a side.
const REPEATS: u32 = 1000;

/// What is asked, and how much faster than the peer it should be.
type Case = (&'static str, [Side<'static>; 2], &'static [Target]);

/// Asks `question` many times.
fn often<T>(mut question: impl FnMut() -> T + 'static) -> Side<'static> {
    Box::new(move || {
        // Written out, for the loop's own turn costs as much as an answer.
        for _ in 0..REPEATS / 8 {
            black_box(question());
            black_box(question());
            black_box(question());
            black_box(question());
            black_box(question());
            black_box(question());
            black_box(question());
            black_box(question());
        }
    })
}

/// Each question, asked by us and by the peer.
pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("current-cpu", [often(Cpu::current), often(sys::sched_getcpu)], &[Faster(4.0)]),
        ("current-node", [often(NumaNode::current), often(sys::getcpu_node)], &[]),
        ("page-size", [often(PageSize::base), often(sys::sysconf_page_size)], &[Faster(4.0)]),
        ("cpus", [often(logical_cpus), often(sys::sysconf_online)], &[Faster(100.0)]),
        ("usable-cpus", [often(usable_cpus), often(num_cpus::get)], &[Faster(100.0)]),
        ("cores", [often(physical_cores), often(num_cpus::get_physical)], &[Faster(1000.0)]),
    ]
}

/// Whether one of the questions has this name.
pub(crate) fn is_case(name: &str) -> bool {
    cases().iter().any(|case| case.0 == name)
}

/// The questions whose names `wanted` picks, measured.
pub(crate) fn rows(wanted: impl Fn(&str) -> bool, rounds: usize) -> Vec<Row> {
    cases()
        .into_iter()
        .filter(|(name, ..)| wanted(name))
        .map(|(name, mut sides, targets)| {
            let measured = pair::measure(&mut sides, rounds);
            Row {
                name: name.to_owned(),
                bytes: None,
                ours: measured.nanoseconds(0) / f64::from(REPEATS),
                peer: Some(measured.nanoseconds(1) / f64::from(REPEATS)),
                ratio: Some(measured.ratio(1, 0)),
                targets,
            }
        })
        .collect()
}
