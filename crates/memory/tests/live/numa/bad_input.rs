use linux_support_base::{AddressRange, Machine, NumaNodeSet, Pid, Reason};
use linux_support_memory::{
    mapping::MapOptions,
    numa::{self, MemoryPolicy, MoveScope, Moving, RunOn, ThreadPolicy},
};

use super::{node, nodes};
use crate::mapping::{page, pages};

fn said(error: linux_support_base::Error) -> String {
    assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
    error.to_string()
}

/// The kernel reads one bit less than it is told, so that a set of 64 nodes is easily cut.
#[test]
fn the_last_node_of_a_word_reaches_the_kernel() {
    let before = numa::thread_policy().unwrap();
    for number in [63, 127, 1023] {
        // Were the bit lost, this would be the empty set, which for "preferred" is no error.
        let error = ThreadPolicy::set(&MemoryPolicy::preferred(node(number))).unwrap_err();
        assert!(said(error).contains("this task may use"));
        assert_eq!(numa::thread_policy().unwrap(), before);
    }
}

#[test]
fn nodes_that_are_not_there_are_refused_with_those_that_are() {
    let allowed = numa::allowed_nodes().unwrap();
    let memory = MapOptions::new().populate().private(pages(1)).unwrap();
    let before = numa::policy_of_address(memory.range().start()).unwrap();
    for number in [1000, 65535] {
        let policy = MemoryPolicy::bind(node(number));
        assert!(
            said(memory.set_policy(&policy, Moving::OwnStrictly).unwrap_err()).contains(&allowed.to_string())
        );
        assert!(
            said(MapOptions::new().policy(policy).private(pages(1)).unwrap_err())
                .contains("nodes with memory")
        );
        assert!(said(memory.move_to(node(number)).unwrap_err()).contains(&format!("may use {allowed}")));
        let far = NumaNodeSet::from(node(number));
        assert!(said(numa::migrate_pages(None, &nodes("0"), &far).unwrap_err()).contains("may use"));
        assert!(said(RunOn::nodes(&Machine::live().unwrap(), &far).unwrap_err()).contains("are online"));
    }
    assert_eq!(numa::policy_of_address(memory.range().start()).unwrap(), before);
}

#[test]
fn addresses_that_are_not_mapped_or_cut_pages_are_refused() {
    assert!(said(numa::policy_of_address(0).unwrap_err()).contains("nothing is mapped"));
    assert!(said(numa::node_of_address(0).unwrap_err()).contains("nothing is mapped"));
    let memory = MapOptions::new().private(pages(2)).unwrap();
    let start = memory.range().start();
    for (start, end) in [(start, start), (start + 1, start + 2), (start, start + 1)] {
        let range = AddressRange::new(start, end).unwrap();
        let error = numa::set_policy(range, &MemoryPolicy::local(), Moving::Nothing).unwrap_err();
        assert!(said(error).contains("whole pages"));
        assert!(said(numa::set_home_node(range, node(0)).unwrap_err()).contains("whole pages"));
    }
    let unmapped = AddressRange::new(page() as u64, 2 * page() as u64).unwrap();
    let error = numa::set_policy(unmapped, &MemoryPolicy::local(), Moving::Nothing).unwrap_err();
    assert!(said(error).contains("not all of it is mapped"));
}

#[test]
fn a_process_that_is_gone_is_said_to_be() {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let gone = Pid::new(child.id() as i32);
    child.wait().unwrap();
    for error in [
        numa::placement(gone, &[0]).unwrap_err(),
        numa::move_pages(gone, &[(0, node(0))], MoveScope::Own).unwrap_err(),
        numa::migrate_pages(gone, &nodes("0"), &nodes("0")).unwrap_err(),
    ] {
        assert_eq!(error.reason(), &Reason::Gone, "{error}");
        assert!(error.to_string().contains(&format!("process {}", gone.unwrap())), "{error}");
    }
}

#[test]
fn empty_sets_are_refused_before_the_kernel_is_asked() {
    said(numa::migrate_pages(None, &nodes(""), &nodes("0")).unwrap_err());
    said(numa::migrate_pages(None, &nodes("0"), &nodes("")).unwrap_err());
    said(ThreadPolicy::set(&MemoryPolicy::bind(nodes(""))).unwrap_err());
    said(RunOn::nodes(&Machine::live().unwrap(), &nodes("")).unwrap_err());
}
