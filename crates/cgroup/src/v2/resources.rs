//! The controllers of version 2 whose resources have names of their own: `rdma`, `misc`, `dmem`.

use linux_support_base::{Bytes, Limit, ParseError, text};

use crate::{
    Keyed,
    format::{bytes, count, interface_files, limit_bytes, limit_count},
};

interface_files! {
    /// Scalar resources of the platform in a group, by name: address space identifiers of encrypted virtual
    /// machines, for one.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, "Misc".
    pub struct MiscControl of "misc" {
        /// How much of each the machine has.
        capacity: Keyed<u64> = "misc.capacity" Root since 5 13 needs "CONFIG_CGROUP_MISC" by parse_counts;
        /// How much of each it and the groups below it use.
        current: Keyed<u64> = "misc.current" Everywhere since 5 13 needs "CONFIG_CGROUP_MISC" by parse_counts;
        /// The most that they used.
        peak: Keyed<u64> = "misc.peak" Everywhere needs "CONFIG_CGROUP_MISC" by parse_counts;
        /// How much of each they may use.
        max: Keyed<Limit<u64>> = "misc.max" BelowRoot since 5 13 needs "CONFIG_CGROUP_MISC" by parse_count_limits;
        /// How often each limit was met: the names end in `.max`.
        events: Keyed<u64> = "misc.events" BelowRoot since 5 16 needs "CONFIG_CGROUP_MISC" by parse_counts;
        /// How often each limit was met by it, without the groups below it.
        events_local: Keyed<u64> = "misc.events.local" BelowRoot needs "CONFIG_CGROUP_MISC" by parse_counts;
    }
}

interface_files! {
    /// Memory of devices in a group, by the name of the region: `drm/0000:03:00.0/vram0`.
    ///
    /// # Kernel
    /// Since Linux 6.14.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, "DMEM".
    pub struct DeviceMemoryControl of "dmem" {
        /// How much each region has.
        capacity: Keyed<Bytes> = "dmem.capacity" Root since 6 14 needs "CONFIG_CGROUP_DMEM" by parse_bytes;
        /// How much of each it and the groups below it use.
        current: Keyed<Bytes> = "dmem.current" Everywhere since 6 14 needs "CONFIG_CGROUP_DMEM" by parse_bytes;
        /// The most that they used.
        peak: Keyed<Bytes> = "dmem.peak" BelowRoot needs "CONFIG_CGROUP_DMEM" by parse_bytes;
        /// So much is never taken from it.
        min: Keyed<Limit<Bytes>> = "dmem.min" BelowRoot since 6 14 needs "CONFIG_CGROUP_DMEM" by parse_byte_limits;
        /// So much is taken from it only when nothing else can be taken.
        low: Keyed<Limit<Bytes>> = "dmem.low" BelowRoot since 6 14 needs "CONFIG_CGROUP_DMEM" by parse_byte_limits;
        /// It never has more than this.
        max: Keyed<Limit<Bytes>> = "dmem.max" BelowRoot since 6 14 needs "CONFIG_CGROUP_DMEM" by parse_byte_limits;
    }
}

interface_files! {
    /// Resources of RDMA adapters in a group, by the adapter's name and the resource's: `hca_handle`,
    /// `hca_object`.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, "RDMA".
    pub struct RdmaControl of "rdma" {
        /// How much it and the groups below it use.
        current: Keyed<Keyed<u64>> = "rdma.current" BelowRoot needs "CONFIG_CGROUP_RDMA" by parse_adapters;
        /// The most that they used.
        peak: Keyed<Keyed<u64>> = "rdma.peak" BelowRoot since 7 2 needs "CONFIG_CGROUP_RDMA" by parse_adapters;
        /// How often a limit of it or of a group below it was met (`hca_handle.max`), and how often one of them did not get
        /// what it asked for (`hca_handle.alloc_fail`).
        events: Keyed<Keyed<u64>> = "rdma.events" BelowRoot since 7 2 needs "CONFIG_CGROUP_RDMA" by parse_adapters;
        /// How often its own limit was met, and how often it did not get what it asked for itself.
        events_local: Keyed<Keyed<u64>> = "rdma.events.local" BelowRoot since 7 2 needs "CONFIG_CGROUP_RDMA" by parse_adapters;
        /// How much they may use.
        max: Keyed<Keyed<Limit<u64>>> = "rdma.max" BelowRoot needs "CONFIG_CGROUP_RDMA" by parse_adapter_limits;
    }
}

pub(crate) fn parse_counts(text: &[u8]) -> Result<Keyed<u64>, ParseError> {
    Keyed::parse(text, count)
}

fn parse_count_limits(text: &[u8]) -> Result<Keyed<Limit<u64>>, ParseError> {
    Keyed::parse(text, limit_count)
}

fn parse_bytes(text: &[u8]) -> Result<Keyed<Bytes>, ParseError> {
    Keyed::parse(text, bytes)
}

fn parse_byte_limits(text: &[u8]) -> Result<Keyed<Limit<Bytes>>, ParseError> {
    Keyed::parse(text, limit_bytes)
}

fn nested<T>(
    text: &[u8],
    value: impl Fn(&[u8]) -> Result<T, ParseError>,
) -> Result<Keyed<Keyed<T>>, ParseError> {
    let mut all = Keyed::default();
    for (key, pairs) in text::nested_keyed(text) {
        let mut resources = Keyed::default();
        for pair in pairs {
            let (name, text) = pair?;
            resources.0.insert(name.into(), value(text)?);
        }
        all.0.insert(key.into(), resources);
    }
    Ok(all)
}

fn parse_adapters(text: &[u8]) -> Result<Keyed<Keyed<u64>>, ParseError> {
    nested(text, count)
}

fn parse_adapter_limits(text: &[u8]) -> Result<Keyed<Keyed<Limit<u64>>>, ParseError> {
    nested(text, limit_count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_resource_has_its_limit() {
        let limits = parse_count_limits(b"res_a max\nres_b 4\n").unwrap();
        assert_eq!(limits.get(b"res_a"), Some(&Limit::Max));
        assert_eq!(limits.get(b"res_b"), Some(&Limit::At(4)));
        assert!(parse_counts(b"\n").is_err() && parse_counts(b"").unwrap().is_empty());
    }

    #[test]
    fn each_adapter_has_its_resources() {
        let limits = parse_adapter_limits(
            b"mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=3 hca_object=max\n",
        )
        .unwrap();
        assert_eq!(limits.get(b"mlx4_0").unwrap().get(b"hca_object"), Some(&Limit::At(2000)));
        assert_eq!(limits.get(b"ocrdma1").unwrap().get(b"hca_object"), Some(&Limit::Max));
    }

    #[test]
    fn events_of_adapters_are_counted_for_each_resource() {
        let events = parse_adapters(b"mlx4_0 hca_handle.max=1 hca_handle.alloc_fail=2\n").unwrap();
        let adapter = events.get(b"mlx4_0").unwrap();
        assert_eq!(
            (adapter.get(b"hca_handle.max"), adapter.get(b"hca_handle.alloc_fail")),
            (Some(&1), Some(&2))
        );
        assert!(parse_adapters(b"mlx4_0 hca_handle\n").is_err());
    }

    #[test]
    fn regions_may_have_colons_in_their_names() {
        let regions =
            parse_byte_limits(b"drm/0000:03:00.0/vram0 1073741824\ndrm/0000:03:00.0/stolen max\n").unwrap();
        assert_eq!(regions.get(b"drm/0000:03:00.0/vram0"), Some(&Limit::At(Bytes::new(1 << 30))));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (parse_counts(&text), parse_byte_limits(&text), parse_adapters(&text), parse_adapter_limits(&text));
        }
    }
}
