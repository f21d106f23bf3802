//! Configuration spaces: of a virtio function, and made ones that are cut, looped or broken.

use linux_support_base::Bytes;
use linux_support_device::pci::{
    DeviceId, LinkSpeed, PowerState, VendorId,
    configuration::{
        BarKind, BarOffset, BarWidth, Command, Configuration, Content, ExtendedContent, Layout, ListEnd,
        MsiX, PortType, Status,
    },
};
use proptest::prelude::*;

/// The start of the registers of a virtio memory balloon.
const VIRTIO: [u8; 0xa8] = {
    let mut bytes = [0; 0xa8];
    let parts: [(usize, [u8; 16]); 10] = [
        (0x00, [0xf4, 0x1a, 0x45, 0x10, 0x06, 0x04, 0x10, 0, 1, 0, 0xff, 0xff, 0, 0, 0, 0]),
        (0x10, [0x04, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (0x20, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf4, 0x1a, 0x45, 0x10]),
        (0x30, [0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (0x40, [0x09, 0x50, 0x10, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0x38, 0, 0, 0]),
        (0x50, [0x09, 0x60, 0x10, 0x03, 0, 0, 0, 0, 0, 0x20, 0, 0, 1, 0, 0, 0]),
        (0x60, [0x09, 0x70, 0x10, 0x04, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0x10, 0, 0]),
        (0x70, [0x09, 0x84, 0x14, 0x02, 0, 0, 0, 0, 0, 0x60, 0, 0, 0, 0x10, 0, 0]),
        (0x80, [0x04, 0, 0, 0, 0x09, 0x98, 0x14, 0x05, 0, 0, 0, 0, 0, 0, 0, 0]),
        (0x90, [0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0, 0x04, 0x80, 0, 0x80, 0, 0]),
    ];
    let mut part = 0;
    while part < parts.len() {
        let mut at = 0;
        while at < 16 {
            bytes[parts[part].0 + at] = parts[part].1[at];
            at += 1;
        }
        part += 1;
    }
    bytes[0xa1] = 0x80;
    bytes[0xa2] = 0x04;
    bytes
};

fn virtio() -> Vec<u8> {
    let mut bytes = VIRTIO.to_vec();
    bytes.resize(256, 0);
    bytes
}

/// A PCI Express endpoint of 4,096 bytes whose extended capabilities are `parts`.
fn express(parts: &[(usize, &[u8])]) -> Configuration {
    let mut bytes = vec![0; 4096];
    bytes[6] = 0x10;
    bytes[0x34] = 0x40;
    bytes[0x40..0x44].copy_from_slice(&[0x10, 0x00, 0x02, 0x00]);
    for (offset, part) in parts {
        bytes[*offset..offset + part.len()].copy_from_slice(part);
    }
    Configuration::parse(&bytes).unwrap()
}

#[test]
fn a_header_is_read_whole() {
    let configuration = Configuration::parse(&virtio()).unwrap();
    let header = &configuration.header;
    assert_eq!((header.vendor, header.device), (VendorId::new(0x1af4), DeviceId::new(0x1045)));
    assert_eq!(header.command, Command::MEMORY | Command::BUS_MASTER | Command::INTERRUPT_DISABLE);
    assert_eq!(header.status, Status::CAPABILITIES);
    assert_eq!(header.class.code(), 0xffff);
    let [bar] = header.bars() else { panic!("{header:?}") };
    assert_eq!((bar.number, bar.address), (0, 0x40_0000_0000));
    assert_eq!(bar.kind, BarKind::Memory { width: BarWidth::Bits64, prefetchable: false });
    let Layout::Endpoint(endpoint) = &header.layout else { panic!("{header:?}") };
    assert_eq!(endpoint.subsystem.device, DeviceId::new(0x1045));
    assert_eq!(endpoint.rom, None);
}

#[test]
fn capabilities_are_listed_in_their_order() {
    let configuration = Configuration::parse(&virtio()).unwrap();
    let list: Vec<_> =
        configuration.capabilities.list.iter().map(|known| (known.offset, known.id.0, known.name)).collect();
    let vendor = Some("Vendor Specific");
    assert_eq!(
        list,
        [
            (0x40, 9, vendor),
            (0x50, 9, vendor),
            (0x60, 9, vendor),
            (0x70, 9, vendor),
            (0x84, 9, vendor),
            (0x98, 17, Some("MSI-X"))
        ]
    );
    assert_eq!(configuration.capabilities.end, ListEnd::Complete);
    assert_eq!(configuration.extended_capabilities.end, ListEnd::Complete);
    let table = BarOffset { bar: 0, offset: 0x8000 };
    let pending = BarOffset { bar: 0, offset: 0x4_8000 };
    assert_eq!(
        configuration.capabilities.list[5].content,
        Content::MsiX(MsiX { enabled: true, masked: false, vectors: 5, table, pending })
    );
    assert_eq!(configuration.bytes().len(), 256);
}

#[test]
fn without_privilege_the_header_is_there_and_the_lists_are_cut() {
    let configuration = Configuration::parse(&virtio()[..64]).unwrap();
    assert_eq!(configuration.header.vendor, VendorId::new(0x1af4));
    assert!(configuration.capabilities.list.is_empty());
    assert_eq!(configuration.capabilities.end, ListEnd::Cut);
    assert_eq!(configuration.extended_capabilities.end, ListEnd::Cut);
}

#[test]
fn a_capability_whose_registers_are_cut_is_listed() {
    let configuration = Configuration::parse(&virtio()[..0x9c]).unwrap();
    assert_eq!(configuration.capabilities.list[5].content, Content::Cut);
}

#[test]
fn fewer_bytes_than_a_header_are_an_error() {
    for length in [0, 1, 63] {
        assert!(Configuration::parse(&virtio()[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_list_that_loops_ends() {
    let mut bytes = virtio();
    bytes[0x71] = 0x50;
    let configuration = Configuration::parse(&bytes).unwrap();
    assert_eq!(configuration.capabilities.list.len(), 4);
    assert_eq!(configuration.capabilities.end, ListEnd::Loop(0x50));
}

#[test]
fn a_list_that_leads_astray_is_told() {
    let mut bytes = virtio();
    bytes[0x51] = 0x10;
    assert_eq!(Configuration::parse(&bytes).unwrap().capabilities.end, ListEnd::Broken(0x10));
    bytes[0x51] = 0xc0;
    bytes[0xc0] = 0xff;
    assert_eq!(Configuration::parse(&bytes).unwrap().capabilities.end, ListEnd::Broken(0xc0));
}

#[test]
fn an_unknown_capability_is_kept_with_its_number() {
    let mut bytes = virtio();
    bytes[0x40] = 0x7e;
    let configuration = Configuration::parse(&bytes).unwrap();
    let first = &configuration.capabilities.list[0];
    assert_eq!((first.id.0, first.name, &first.content), (0x7e, None, &Content::Other));
}

#[test]
fn without_the_flag_there_is_no_list() {
    let mut bytes = virtio();
    bytes[6] = 0;
    let configuration = Configuration::parse(&bytes).unwrap();
    assert!(configuration.capabilities.list.is_empty());
    assert_eq!(configuration.capabilities.end, ListEnd::Complete);
}

#[test]
fn an_unknown_header_keeps_what_is_common() {
    let mut bytes = virtio();
    bytes[0xe] = 0x85;
    let configuration = Configuration::parse(&bytes).unwrap();
    assert_eq!(configuration.header.layout, Layout::Unknown(5));
    assert!(configuration.header.is_multi_function);
}

#[test]
fn power_management_is_decoded() {
    let mut bytes = virtio();
    bytes[0x40..0x48].copy_from_slice(&[0x01, 0x00, 0xc3, 0xc9, 0x0b, 0x01, 0, 0]);
    let configuration = Configuration::parse(&bytes).unwrap();
    let Content::PowerManagement(power) = &configuration.capabilities.list[0].content else { panic!() };
    assert_eq!((power.version, power.auxiliary_milliamperes), (3, 375));
    assert_eq!(power.state, PowerState::D3Hot);
}

#[test]
fn extended_capabilities_are_listed_with_their_versions() {
    let configuration = express(&[
        (0x100, &[0x03, 0x00, 0x01, 0x14, 0x70, 0x3c, 0x4c, 0xfe, 0xff, 0x11, 0x1a, 0x00]),
        (0x140, &[0x18, 0x00, 0x01, 0x15, 0x03, 0x10, 0x03, 0x10]),
        (0x150, &[0x99, 0x00, 0x02, 0x00]),
    ]);
    assert_eq!(configuration.express().unwrap().port, PortType::Endpoint);
    let list = &configuration.extended_capabilities.list;
    assert_eq!(
        list.iter().map(|known| (known.offset, known.version)).collect::<Vec<_>>(),
        [(0x100, 1), (0x140, 1), (0x150, 2)]
    );
    let ExtendedContent::SerialNumber(serial) = list[0].content else { panic!() };
    assert_eq!(serial.to_string(), "00-1a-11-ff-fe-4c-3c-70");
    let ExtendedContent::LatencyTolerance(latency) = list[1].content else { panic!() };
    assert_eq!(latency.max_snoop_nanoseconds, 3_145_728);
    assert_eq!((list[2].id.0, list[2].name, &list[2].content), (0x99, None, &ExtendedContent::Other));
    assert_eq!(configuration.extended_capabilities.end, ListEnd::Complete);
}

#[test]
fn an_extended_list_may_be_empty_looped_or_broken() {
    assert_eq!(express(&[]).extended_capabilities.end, ListEnd::Complete);
    assert!(express(&[]).extended_capabilities.list.is_empty());
    let looped = express(&[(0x100, &[0x03, 0x00, 0x01, 0x10])]);
    assert_eq!(looped.extended_capabilities.end, ListEnd::Loop(0x100));
    let broken = express(&[(0x100, &[0xff, 0xff, 0xff, 0xff])]);
    assert_eq!(broken.extended_capabilities.end, ListEnd::Broken(0x100));
    let cut = express(&[(0x100, &[0x01, 0x00, 0xc1, 0xff]), (0xffc, &[0x01, 0x00, 0x01, 0x00])]);
    assert_eq!(cut.extended_capabilities.list[1].content, ExtendedContent::Cut);
}

#[test]
fn what_is_not_pci_express_has_no_extended_capabilities_whatever_it_answers() {
    let mut bytes = virtio();
    bytes.extend_from_within(..);
    let configuration = Configuration::parse(&bytes).unwrap();
    assert!(configuration.extended_capabilities.list.is_empty());
    assert_eq!(configuration.extended_capabilities.end, ListEnd::Complete);
}

#[test]
fn a_link_is_decoded() {
    let mut bytes = virtio();
    bytes[0x40] = 0x10;
    bytes[0x42] = 0x02;
    bytes[0x44] = 0x02;
    bytes[0x4c] = 0x43;
    bytes[0x52] = 0x11;
    let configuration = Configuration::parse(&bytes).unwrap();
    let express = configuration.express().unwrap();
    assert_eq!(express.device_capabilities.max_payload, Bytes::new(512));
    let link = express.link.unwrap();
    assert_eq!(
        (link.maximum_speed, link.current_speed),
        (LinkSpeed::from_encoding(3), LinkSpeed::from_encoding(1))
    );
    assert_eq!(link.maximum_width.unwrap().lanes(), 4);
}

#[cfg(feature = "serde")]
#[test]
fn flags_are_written_as_names_and_numbers() {
    let mut bytes = virtio();
    bytes[5] |= 0x80;
    let json = serde_json::to_value(Configuration::parse(&bytes).unwrap()).unwrap();
    assert_eq!(
        json["header"]["command"],
        serde_json::json!(["memory", "bus-master", "interrupt-disable", "0x8000"])
    );
    assert_eq!(json["capabilities"]["list"][5]["content"]["msi-x"]["vectors"], 5);
    assert_eq!(json["capabilities"]["end"], "complete");
    assert_eq!(json["extended_capabilities"]["list"], serde_json::json!([]));
}

proptest! {
    #[test]
    fn nothing_panics(
        mut bytes in prop::collection::vec(any::<u8>(), 0..600),
        kind in 0u8..4,
        ids in prop::collection::vec((0u8..0x15, 0usize..0x30, 0u8..0x30), 0..12),
        extended in prop::collection::vec((0u8..0x31, 0usize..0x3c0, 0u16..0x3c0), 0..12),
        long: bool,
    ) {
        let _ = Configuration::parse(&bytes);
        bytes.resize(if long { 4096 } else { 256 }, 0xa5);
        bytes[6] |= 0x10;
        bytes[0xe] = kind;
        bytes[0x34] = 0x40;
        bytes[0x14] = 0x40;
        for (id, at, next) in ids {
            let at = 0x40 + at * 4;
            bytes[at] = id;
            bytes[at + 1] = 0x40 + next * 4;
        }
        bytes[0x40] = 0x10;
        if long {
            for (id, at, next) in extended {
                let at = 0x100 + at * 4;
                let head = u32::from(id) | 1 << 16 | u32::from(0x100 + next * 4) << 20;
                bytes[at..at + 4].copy_from_slice(&head.to_le_bytes());
            }
        }
        let configuration = Configuration::parse(&bytes).unwrap();
        #[cfg(feature = "serde")]
        serde_json::to_string(&configuration).unwrap();
        let _ = format!("{configuration:?}");
    }
}
