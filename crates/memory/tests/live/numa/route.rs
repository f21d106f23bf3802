//! The node of the interface through which a host is reached.

mod lab {
    mod pci {
        use std::{fs, process::Command};

        use linux_support_base::Machine;
        use linux_support_memory::numa::NodeExpression;

        fn ip(arguments: &[&str]) {
            let status = Command::new("ip").args(arguments).status().unwrap();
            assert!(status.success(), "ip {arguments:?}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_host_is_as_near_as_the_interface_that_leads_to_it() {
            let machine = Machine::live().unwrap();
            let of_driver = |driver: &str| {
                let interfaces = fs::read_dir("/sys/class/net").unwrap();
                let names = interfaces.map(|entry| entry.unwrap().file_name().into_string().unwrap());
                let mut of_driver = names.filter(|name| {
                    let link = fs::read_link(format!("/sys/class/net/{name}/device/driver"));
                    link.is_ok_and(|link| link.ends_with(driver))
                });
                of_driver.next().unwrap_or_else(|| panic!("no interface of {driver}"))
            };
            let resolved = |text: String| text.parse::<NodeExpression>().unwrap().resolve(&machine);
            for (driver, network) in [("e1000e", "198.51.100"), ("virtio_net", "203.0.113")] {
                let name = of_driver(driver);
                ip(&["address", "add", &format!("{network}.1/24"), "dev", &name]);
                ip(&["link", "set", &name, "up"]);
                let by_host = resolved(format!("ip:{network}.77"));
                // Where the firmware tells no node, the error names the device.
                assert_eq!(by_host, resolved(format!("netdev:{name}")));
                if let Err(error) = &by_host {
                    assert!(error.object().to_string().ends_with(&format!("/{name}")), "{error}");
                }
                ip(&["address", "flush", "dev", &name]);
                ip(&["link", "set", &name, "down"]);
            }
            let nowhere = resolved("ip:192.0.2.1".into()).unwrap_err();
            assert_eq!(nowhere.operation(), "find the way to", "{nowhere}");
        }
    }
}
