use bitflags::bitflags;
use linux_support_base::{Bytes, Errno, Error, LiveMachine, Machine, NumaNode, Reading, Reason, Requirement};

use super::{NEEDS, ROOT, online};
use crate::{
    Setting,
    setting::{Form, refused},
};

/// When the kernel reclaims memory of a node, and how much it keeps free.
///
/// The constants are its settings one by one, which can be set.
///
/// # Source
/// Documentation/admin-guide/sysctl/vm.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReclaimSettings {
    /// What is reclaimed on a node before memory is taken from others, in bits.
    pub zone_reclaim_mode: Reading<u32>,
    /// The share of a node's pages that unmapped file pages must exceed for that, in percent.
    pub min_unmapped_ratio: Reading<u32>,
    /// The share of a node's pages that reclaimable slab must exceed for that, in percent.
    pub min_slab_ratio: Reading<u32>,
    /// How far apart the watermarks are, in 10,000ths of the memory.
    pub watermark_scale_factor: Reading<u32>,
    /// By how much the high watermark rises where memory was fragmented, in 10,000ths of it.
    pub watermark_boost_factor: Reading<u32>,
    /// How much is kept free.
    pub min_free: Reading<Bytes>,
    /// Whether numastat counts.
    pub numa_statistics: Reading<bool>,
}

bitflags! {
    /// What is reclaimed on a node before memory is taken from others; nothing where it is off.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ZoneReclaim: u32 {
        /// Clean file pages that nobody maps.
        const ON = 1;
        /// Also pages that must be written first.
        const WRITE = 2;
        /// Also pages that are mapped.
        const UNMAP = 4;
        const _ = !0;
    }
}

impl ReclaimSettings {
    /// What is reclaimed on a node before memory is taken from others.
    #[doc(alias = "vm.zone_reclaim_mode")]
    pub const ZONE_RECLAIM_MODE: Setting<ZoneReclaim> = Setting::new(
        "/proc/sys/vm/zone_reclaim_mode",
        "0, or the sum of 1, 2 and 4",
        Form {
            parse: |bytes| linux_support_base::text::decimal(bytes).map(ZoneReclaim::from_bits_retain),
            text: |mode| mode.bits().to_string(),
        },
    )
    .needing(NEEDS);
    /// The share of a node's pages that unmapped file pages must exceed for that, in percent.
    #[doc(alias = "vm.min_unmapped_ratio")]
    pub const MIN_UNMAPPED_RATIO: Setting<u32> =
        Setting::new("/proc/sys/vm/min_unmapped_ratio", "0 to 100", Form::<u32>::NUMBER).needing(NEEDS);
    /// The share of a node's pages that reclaimable slab must exceed for that, in percent.
    #[doc(alias = "vm.min_slab_ratio")]
    pub const MIN_SLAB_RATIO: Setting<u32> =
        Setting::new("/proc/sys/vm/min_slab_ratio", "0 to 100", Form::<u32>::NUMBER).needing(NEEDS);
    /// How far apart the watermarks are, in 10,000ths of the memory: 1 to 3,000.
    #[doc(alias = "vm.watermark_scale_factor")]
    pub const WATERMARK_SCALE_FACTOR: Setting<u32> =
        Setting::new("/proc/sys/vm/watermark_scale_factor", "1 to 3000", Form::<u32>::NUMBER);
    /// By how much the high watermark rises where memory was fragmented, in 10,000ths of it; 0 not at all.
    #[doc(alias = "vm.watermark_boost_factor")]
    pub const WATERMARK_BOOST_FACTOR: Setting<u32> =
        Setting::new("/proc/sys/vm/watermark_boost_factor", "a number of 31 bits", Form::<u32>::NUMBER);
    /// How much is kept free, in whole KiB. Too little makes a machine hang, too much kills processes.
    #[doc(alias = "vm.min_free_kbytes")]
    pub const MIN_FREE: Setting<Bytes> =
        Setting::new("/proc/sys/vm/min_free_kbytes", "a number of KiB, as 31 bits hold it", Form::KIBIBYTES);
    /// Whether numastat counts; not to count makes allocations a little cheaper.
    #[doc(alias = "vm.numa_stat")]
    pub const NUMA_STATISTICS: Setting<bool> =
        Setting::new("/proc/sys/vm/numa_stat", "0 or 1", Form::TRUTH).needing(NEEDS);

    /// Reads the settings.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        Self {
            zone_reclaim_mode: Reading::from(Self::ZONE_RECLAIM_MODE.read(machine)).map(|mode| mode.bits()),
            min_unmapped_ratio: Self::MIN_UNMAPPED_RATIO.read(machine).into(),
            min_slab_ratio: Self::MIN_SLAB_RATIO.read(machine).into(),
            watermark_scale_factor: Self::WATERMARK_SCALE_FACTOR.read(machine).into(),
            watermark_boost_factor: Self::WATERMARK_BOOST_FACTOR.read(machine).into(),
            min_free: Self::MIN_FREE.read(machine).into(),
            numa_statistics: Self::NUMA_STATISTICS.read(machine).into(),
        }
    }
}

/// Has the kernel reclaim `amount` of a node's memory now, and says whether it could: all of it, or less.
///
/// # Errors
/// There is no such node; the kernel can't.
///
/// # Kernel
/// Since Linux 6.17.
///
/// # Capabilities
/// Root's, to write the file.
pub fn reclaim_from_node(machine: LiveMachine<'_>, node: NumaNode, amount: Bytes) -> Result<bool, Error> {
    const NEEDS: Requirement = super::NEEDS.since(6, 17);
    if amount.get() == 0 {
        return Err(Error::invalid("reclaim from", format!("node {node}"), "needs an amount above 0"));
    }
    match act(machine, node, "reclaim", &amount.get().to_string(), NEEDS) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.reason(), Reason::System(Errno::AGAIN)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Has the kernel move the pages of a node together, so that larger pieces are free.
///
/// # Errors
/// There is no such node; the kernel can't.
///
/// # Capabilities
/// Root's, to write the file.
pub fn compact_node(machine: LiveMachine<'_>, node: NumaNode) -> Result<(), Error> {
    act(machine, node, "compact", "1", NEEDS.configuration("CONFIG_COMPACTION"))
}

fn act(
    machine: LiveMachine<'_>,
    node: NumaNode,
    name: &str,
    text: &str,
    needs: Requirement,
) -> Result<(), Error> {
    machine.write(format!("{ROOT}/node{node}/{name}"), text).map_err(|error| match online(&machine) {
        Ok(online) if error.is_absent() && !online.contains(node) => {
            Error::invalid("write", error.object().clone(), format!("nodes {online} are online"))
        }
        _ => refused(error, text, "a number of bytes", |error| machine.explain(error, needs)),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_setting_is_read_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("proc/sys/vm");
        fs::create_dir_all(&root).unwrap();
        for (name, text) in [
            ("zone_reclaim_mode", "5\n"),
            ("min_unmapped_ratio", "1\n"),
            ("min_slab_ratio", "5"),
            ("watermark_scale_factor", "10\n"),
            ("min_free_kbytes", "67584\n"),
            ("numa_stat", "1\n"),
        ] {
            fs::write(root.join(name), text).unwrap();
        }
        let machine = Machine::captured(folder.path()).unwrap();
        let settings = ReclaimSettings::read(&machine);
        assert_eq!(
            ReclaimSettings::ZONE_RECLAIM_MODE.read(&machine),
            Ok(ZoneReclaim::ON | ZoneReclaim::UNMAP)
        );
        assert_eq!(settings.zone_reclaim_mode.value(), Some(&5));
        assert_eq!(settings.min_slab_ratio.value(), Some(&5));
        assert_eq!(settings.min_free.value(), Some(&Bytes::new(67584 << 10)));
        assert_eq!(settings.numa_statistics.value(), Some(&true));
        assert!(settings.watermark_boost_factor.is_absent());
    }

    #[test]
    fn nothing_is_no_amount() {
        let machine = Machine::live().unwrap();
        let node = NumaNode::new(0).unwrap();
        let error = reclaim_from_node(machine.as_live().unwrap(), node, Bytes::new(0)).unwrap_err();
        assert_eq!(error.to_string(), "reclaim from node 0: needs an amount above 0");
    }
}
