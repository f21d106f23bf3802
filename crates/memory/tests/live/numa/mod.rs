//! NUMA policies and placement.

mod bad_input;
mod hotplug;
mod one_node;
mod policy;
mod route;
mod settings;
mod tier;

use linux_support_base::{NumaNode, NumaNodeSet};

pub(crate) fn node(number: u32) -> NumaNode {
    NumaNode::new(number).unwrap()
}

pub(crate) fn nodes(list: &str) -> NumaNodeSet {
    list.parse().unwrap()
}
