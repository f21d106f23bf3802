//! Huge pages, and the controllers whose resources have names of their own.

use linux_support_base::{ByteString, Bytes, Limit, PageSize};

use super::Checked;

/// A limit of huge pages of one size, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HugePageSetting {
    /// Their size.
    pub size: PageSize,
    /// Whether it is about those that are reserved, and not about those that are used. Since 5.7.
    pub reserved: bool,
    /// How much.
    pub max: Limit<Bytes>,
}

/// The file of huge pages of a size.
pub(in crate::live) fn huge_page_file(size: PageSize, file: &str) -> String {
    let kib = size.bytes().get() >> 10;
    let size = match kib {
        0x10_0000.. => format!("{}GB", kib >> 20),
        0x400.. => format!("{}MB", kib >> 10),
        _ => format!("{kib}KB"),
    };
    format!("hugetlb.{size}.{file}")
}

impl HugePageSetting {
    pub(super) fn file(self) -> String {
        huge_page_file(self.size, if self.reserved { "rsvd.max" } else { "max" })
    }
}

/// The limits of an RDMA adapter; `None` leaves one as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RdmaSetting {
    /// The adapter: `mlx4_0`.
    pub adapter: ByteString,
    /// How many handles.
    #[doc(alias = "hca_handle")]
    pub handles: Option<Limit<u64>>,
    /// How many objects.
    #[doc(alias = "hca_object")]
    pub objects: Option<Limit<u64>>,
}

/// The limit of a scalar resource of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MiscSetting {
    /// The resource: `sev`.
    pub resource: ByteString,
    /// How much.
    pub max: Limit<u64>,
}

/// A limit of the memory of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceMemorySetting {
    /// The region: `drm/0000:03:00.0/vram0`.
    pub region: ByteString,
    /// Which.
    pub kind: DeviceMemoryLimit,
    /// How much.
    pub amount: Limit<Bytes>,
}

/// Which limit of the memory of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceMemoryLimit {
    /// What is never taken from the group.
    Min,
    /// What is taken from it only if groups without protection have no more to give.
    Low,
    /// What it may use.
    Max,
}

/// A name with a blank in it would be taken for a value.
fn check_name(name: &ByteString) -> Checked {
    if name.is_empty() || name.as_bytes().iter().any(u8::is_ascii_whitespace) {
        return Err("a name without blanks");
    }
    Ok(())
}

fn line(name: &ByteString, value: &str) -> Vec<u8> {
    [name.as_bytes(), b" ", value.as_bytes()].concat()
}

impl RdmaSetting {
    pub(super) fn text(&self) -> Vec<u8> {
        let limits = [("hca_handle", self.handles), ("hca_object", self.objects)];
        let limits = limits.iter().filter_map(|(name, limit)| Some(format!("{name}={}", (*limit)?)));
        line(&self.adapter, &limits.collect::<Vec<_>>().join(" "))
    }

    pub(super) fn check(&self) -> Checked {
        check_name(&self.adapter)?;
        if self.handles.or(self.objects).is_none() { Err("one limit at least") } else { Ok(()) }
    }
}

impl MiscSetting {
    pub(super) fn text(&self) -> Vec<u8> {
        line(&self.resource, &self.max.to_string())
    }

    pub(super) fn check(&self) -> Checked {
        check_name(&self.resource)
    }
}

impl DeviceMemorySetting {
    pub(super) fn file(&self) -> &'static str {
        match self.kind {
            DeviceMemoryLimit::Min => "dmem.min",
            DeviceMemoryLimit::Low => "dmem.low",
            DeviceMemoryLimit::Max => "dmem.max",
        }
    }

    pub(super) fn text(&self) -> Vec<u8> {
        line(&self.region, &self.amount.map(Bytes::get).to_string())
    }

    pub(super) fn check(&self) -> Checked {
        check_name(&self.region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_huge_pages_have_their_size_in_the_kernels_words() {
        let size = |bytes| PageSize::new(Bytes::new(bytes)).unwrap();
        for (bytes, file) in [(64 << 10, "64KB"), (2 << 20, "2MB"), (1 << 30, "1GB"), (16 << 30, "16GB")] {
            assert_eq!(huge_page_file(size(bytes), "max"), format!("hugetlb.{file}.max"));
        }
    }

    #[test]
    fn limits_that_are_not_given_are_left_out() {
        let setting = RdmaSetting { adapter: "mlx4_0".into(), handles: Some(Limit::At(2)), objects: None };
        assert_eq!(setting.text(), b"mlx4_0 hca_handle=2");
        let none = RdmaSetting { handles: None, ..setting.clone() };
        assert!(none.check().is_err() && setting.check().is_ok());
        let blank = RdmaSetting { adapter: "a b".into(), ..setting };
        assert!(blank.check().is_err());
        let misc = MiscSetting { resource: "sev".into(), max: Limit::Max };
        assert_eq!(misc.text(), b"sev max");
    }
}
