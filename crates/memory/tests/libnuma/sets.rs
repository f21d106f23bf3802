//! Sets, beside libnuma's bit masks.

use libtest_mimic::Failed;
use linux_support_base::{CpuSet, NumaNodeSet};

use crate::{library::Libnuma, node};

const LISTS: [&str; 6] = ["", "0", "0-3", "1,3,5", "62-65", "0,127"];

pub(crate) fn questions(library: Libnuma) -> Result<(), Failed> {
    for list in LISTS {
        let set: NumaNodeSet = list.parse()?;
        assert_eq!(library.of_set(c"numa_bitmask_weight", &set), set.len() as i32, "{list}");
        for number in 0..130 {
            // libnuma's masks have as many bits as they were made with, and others are not in them.
            let theirs = library.of_member(c"numa_bitmask_isbitset", &set, node(number)) != 0;
            assert_eq!(set.contains(node(number)), theirs, "{number} of {list}");
        }
        let bytes = library.of_set(c"numa_bitmask_nbytes", &set);
        assert_eq!(set.as_words().len().max(1) * 8, bytes as usize, "{list}");
        assert_eq!(library.copied(&set), set, "{list}");
        for other in LISTS {
            let other: NumaNodeSet = other.parse()?;
            assert_eq!(library.equal(&set, &other), set == other, "{set} and {other}");
        }
    }
    Ok(())
}

pub(crate) fn changes(library: Libnuma) -> Result<(), Failed> {
    for list in LISTS {
        let set: NumaNodeSet = list.parse()?;
        let mut ours = set.clone();
        ours.insert(node(3));
        assert_eq!(library.with_bit(c"numa_bitmask_setbit", &set, node(3)), ours, "{list}");
        ours.remove(node(3));
        assert_eq!(library.with_bit(c"numa_bitmask_clearbit", &set, node(3)), ours, "{list}");
        ours.clear();
        assert_eq!(library.changed(c"numa_bitmask_clearall", &set), ours, "{list}");
        let all = NumaNodeSet::range(node(0), node(set.as_words().len().max(1) as u32 * 64 - 1));
        assert_eq!(library.changed(c"numa_bitmask_setall", &set), all, "{list}");
    }
    for name in [c"numa_allocate_cpumask", c"numa_allocate_nodemask"] {
        assert_eq!(library.set::<linux_support_base::Cpu>(name), CpuSet::new());
    }
    Ok(())
}
