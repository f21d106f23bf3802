//! Devices of the lab's machines.

mod pci {
    use std::{collections::BTreeMap, fs, process::Command};

    use linux_support_base::Machine;
    use linux_support_device::pci;

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn disks_and_network_cards_are_named_at_their_functions() {
        let devices = pci::devices(&Machine::live().unwrap()).unwrap();
        let names: BTreeMap<String, String> = devices
            .iter()
            .flat_map(|device| {
                let names = device.network_interfaces().chain(device.block_devices());
                names.map(|name| (device.address.to_string(), name.to_string()))
            })
            .collect();
        // Which disk and which card are the first is not the same at every start, and their serial numbers are.
        let kinds: Vec<_> = names
            .iter()
            .map(|(address, name)| {
                let serial = fs::read_to_string(format!("/sys/block/{name}/device/serial"));
                let kind = serial.map_or_else(
                    |_| name.trim_end_matches(|end: char| end.is_ascii_digit()).to_owned(),
                    |serial| serial.trim().to_owned(),
                );
                (address.as_str(), kind)
            })
            .collect();
        let expected = [
            ("0000:01:00.0", "eth"),
            ("0000:04:00.0", "first"),
            ("0000:05:00.0", "second"),
            ("0000:06:00.0", "eth"),
        ];
        assert_eq!(kinds, expected.map(|(address, kind)| (address, kind.to_owned())));
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn lspci_sees_the_same_functions() {
        let Ok(output) = Command::new("lspci").args(["-D", "-n"]).output() else {
            println!("skipped: no lspci");
            return;
        };
        // 0000:00:06.0 00ff: 1234:11e8 (rev 10)
        let shown: BTreeMap<String, String> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| {
                let mut words = line.split_whitespace();
                (words.next().unwrap().to_owned(), words.nth(1).unwrap().to_owned())
            })
            .collect();
        let devices = pci::devices(&Machine::live().unwrap()).unwrap();
        let ours: BTreeMap<String, String> = devices
            .iter()
            .map(|device| {
                let vendor = device.vendor.clone().into_result().unwrap().to_string();
                let number = device.device.clone().into_result().unwrap().to_string();
                let identity = format!("{vendor}:{number}").replace("0x", "");
                (device.address.to_string(), identity)
            })
            .collect();
        assert_eq!(ours, shown);
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn a_driver_that_is_taken_away_and_given_back_is_seen() {
        let machine = Machine::live().unwrap();
        let driver = || {
            let device = pci::Device::read(&machine, "0000:01:00.0".parse().unwrap()).unwrap();
            device.driver.into_result().ok().map(|driver| driver.name.to_string())
        };
        assert_eq!(driver().as_deref(), Some("e1000e"));
        fs::write("/sys/bus/pci/drivers/e1000e/unbind", "0000:01:00.0").unwrap();
        let without = driver();
        fs::write("/sys/bus/pci/drivers/e1000e/bind", "0000:01:00.0").unwrap();
        assert_eq!(without, None);
        assert_eq!(driver().as_deref(), Some("e1000e"));
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn functions_behind_the_switch_are_in_groups_that_the_kernel_lists() {
        let devices = pci::devices(&Machine::live().unwrap()).unwrap();
        for device in devices {
            let group = device.iommu_group.into_result().unwrap();
            let link = format!("/sys/kernel/iommu_groups/{group}/devices/{}", device.address);
            assert!(fs::exists(&link).unwrap(), "{link}");
        }
    }
}
