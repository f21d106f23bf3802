//! Huge pages: pools that are set aside (hugetlb), and transparent ones.

mod pool;
mod transparent;

pub use pool::{HugePagePool, NodePool, pools};
pub use transparent::{Khugepaged, MultiSize, TransparentHugePages};
