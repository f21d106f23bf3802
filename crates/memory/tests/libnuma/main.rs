//! What libnuma says and does, beside what this library says and does.
//!
//! Where libnuma is not installed, these tests are ignored, never passed. Those that need several nodes are for
//! `cargo xtask lab`.

#[allow(unsafe_code)]
#[path = "../dynamic_library/mod.rs"]
mod dynamic_library;
#[allow(unsafe_code)]
mod library;
mod placement;
mod questions;
mod ranges;
#[allow(unsafe_code)]
mod segment;
mod sets;
mod thread;

use library::Libnuma;
use libtest_mimic::{Arguments, Failed, Trial};
use linux_support_base::{Machine, NumaNode, NumaNodeSet};

type Test = fn(Libnuma) -> Result<(), Failed>;

/// What holds on any machine.
const ANYWHERE: &[(&str, Test)] = &[
    ("the_nodes_and_their_distances_are_the_same", questions::nodes),
    ("the_memory_of_each_node_is_the_same", questions::sizes),
    ("the_cpus_of_each_node_are_the_same", questions::cpus),
    ("the_nodes_that_are_allowed_are_the_same", questions::allowed),
    ("expressions_of_nodes_mean_the_same", questions::node_expressions),
    ("expressions_of_cpus_mean_the_same", questions::cpu_expressions),
    ("a_policy_that_we_set_is_the_one_that_libnuma_sees", thread::ours),
    ("a_policy_that_libnuma_sets_is_the_one_that_we_see", thread::theirs),
    ("a_thread_that_we_put_on_a_node_is_there_for_libnuma", thread::runs),
    ("what_there_is_is_counted_the_same", questions::counts),
    ("expressions_of_all_that_exists_mean_the_same", questions::all_expressions),
    ("sets_answer_as_bit_masks_do", sets::questions),
    ("sets_change_as_bit_masks_do", sets::changes),
    ("newer_policies_that_libnuma_sets_are_the_ones_that_we_see", thread::more_of_theirs),
    ("a_thread_that_libnuma_puts_on_cpus_is_there_for_us", thread::cpus),
    ("a_range_that_libnuma_sets_is_as_one_that_we_set", ranges::policies),
    ("local_memory_is_where_the_thread_runs", ranges::local),
    ("memory_that_was_policed_is_there", ranges::policed),
    ("memory_that_gets_longer_stays_where_it_was_bound", ranges::longer),
    ("the_system_calls_of_numaif_see_and_set_the_same", ranges::numaif),
    ("memory_on_each_node_is_found_there_by_both", placement::on_each_node),
    ("interleaved_memory_is_spread_the_same_way", placement::interleaved),
];

/// What needs several nodes, one of them without CPUs.
const SEVERAL: &[(&str, Test)] = &[
    ("there_are_four_nodes_and_one_of_memory_alone", questions::the_labs_machine),
    ("pages_move_to_the_nodes_that_they_are_told", placement::moved),
    ("pages_migrate_as_with_libnuma", placement::migrated),
    ("a_segment_of_shared_memory_has_one_policy_wherever_it_is_attached", ranges::segment),
    ("pages_that_libnuma_moves_are_there_for_us", ranges::moved),
    ("memory_over_some_nodes_is_spread_as_libnuma_spreads_it", ranges::subset),
    ("a_range_that_is_bound_strictly_moves_or_says_that_it_did_not", placement::bound),
    ("weights_that_are_set_are_how_pages_are_spread", placement::weighted),
    ("a_home_node_is_where_memory_is_taken_from_first", placement::home),
    ("a_thread_can_not_run_on_a_node_of_memory_alone", thread::memory_only),
    ("a_disk_near_a_node_is_found_there", questions::near),
];

fn main() {
    let library = Libnuma::load();
    let trial = |name: String, test: Test, ignored: bool| {
        let run = move || test(library.ok_or("libnuma.so.1 is not here: install libnuma1")?);
        Trial::test(name, run).with_ignored_flag(ignored)
    };
    let here = ANYWHERE.iter().map(|(name, test)| trial((*name).into(), *test, library.is_none()));
    let in_lab =
        ANYWHERE.iter().chain(SEVERAL).map(|(name, test)| trial(format!("lab::numa::{name}"), *test, true));
    libtest_mimic::run(&Arguments::from_args(), here.chain(in_lab).collect()).exit();
}

fn machine() -> Machine {
    Machine::live().unwrap()
}

/// The nodes that have memory which this process may use.
fn usable() -> NumaNodeSet {
    let sets = linux_support_memory::numa::NodeSets::read(&machine());
    sets.has_memory.value().unwrap() & &linux_support_memory::numa::allowed_nodes().unwrap()
}

fn node(number: u32) -> NumaNode {
    NumaNode::new(number).unwrap()
}
