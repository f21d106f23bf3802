use core::{fmt, str::FromStr};

use crate::{
    cpu::number,
    set::{Number, NumberSet},
    text::{self, ParseError},
};

/// A NUMA node, by the kernel's number for it: a part of the machine's memory, with the CPUs nearest to it (or
/// none).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "memory node")]
pub struct NumaNode(u32);

/// A set of NUMA nodes: a memory policy's nodes, those that are online.
#[doc(alias = "nodemask")]
pub type NumaNodeSet = NumberSet<NumaNode>;

number!(NumaNode, 65536, "node", "node list", "a node number below 65536");
