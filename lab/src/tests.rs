//! The form of declarations.

use super::*;

const LEAST: &str = r#"
[machine.least]
about = "One CPU."
architecture = "x86_64"
kernel = "amd64"
page_size = "4 KiB"
cpus = {}
nodes = [{ memory = "256 MiB" }]
pci = [{ address = "0000:00:02.0", identity = "1af4:1003", device = "virtio-serial-pci", backing = "results" }]
"#;

fn fault(text: &str) -> String {
    parse(text).expect_err("a fault").to_string()
}

#[test]
fn the_file_of_this_repository_is_sound() {
    let machines = machines().unwrap_or_else(|error| panic!("{error}"));
    for name in ["small", "numa", "pci", "devices"] {
        assert!(machines.contains_key(name), "{name}");
    }
}

#[test]
fn what_is_not_said_is_the_least() {
    let machine = &parse(LEAST).unwrap()["least"];
    assert_eq!(machine.cpus, Cpus { packages: 1, dies: 1, cores: 1, threads: 1 });
    assert_eq!(machine.memory().bytes(), 256 << 20);
    assert_eq!(machine.processor, "max");
    assert!(machine.isolated.is_empty() && !machine.iommu && !machine.quick);
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    assert_eq!(
        fault(&LEAST.replace("page_size", "page_sise")),
        "lab/machines.toml:6: unknown field `page_sise`, expected one of `about`, `architecture`, `kernel`, \
         `page_size`, `processor`, `options`, `cpus`, `nodes`, `huge_page_sizes`, `isolated`, `nohz_full`, `boot`, \
         `modules`, `modules_at_hand`, `wired_serial_ports`, `pci`, `iommu`, `quick`"
    );
    assert!(
        fault(&LEAST.replace("{}", "{ sockets = 1 }"))
            .starts_with("lab/machines.toml:7: unknown field `sockets`")
    );
}

#[test]
fn a_missing_key_and_a_wrong_value_are_named_with_their_lines() {
    assert_eq!(fault(&LEAST.replace("kernel =", "#")), "lab/machines.toml:2: missing field `kernel`");
    assert!(fault(&LEAST.replace("x86_64", "vax")).starts_with("lab/machines.toml:4: unknown variant `vax`"));
    assert_eq!(
        fault(&LEAST.replace("256 MiB", "256 MB")),
        "lab/machines.toml:8: size \"256 MB\": expected a whole number with a unit, as in \"2 GiB\""
    );
}

#[test]
fn what_can_not_be_is_told_with_the_machine() {
    let one = "nodes = [{ memory = \"256 MiB\" }]";
    for (from, to, what) in [
        ("cpus = {}", "cpus = { cores = 0 }", "0 CPUs; a machine has 1 to 255"),
        (one, "nodes = []", "no node"),
        (
            one,
            "nodes = [{ cpus = \"0-1\", memory = \"1 GiB\" }]",
            "node 0 has CPU 1, and the machine has 0 to 0",
        ),
        (one, "nodes = [{ memory = \"1 GiB\" }, { memory = \"1 GiB\" }]", "CPU 0 is in no node"),
        (
            one,
            "nodes = [{ cpus = \"0\", memory = \"1 GiB\" }, { memory = \"1 GiB\" }]",
            "node 0: 0 numbers of distances with 2 nodes",
        ),
        (
            one,
            "nodes = [{ cpus = \"0\", memory = \"1 GiB\", huge_pages = { \"2 MiB\" = 1 } }]",
            "node 0: huge pages of 2 MiB, which huge_page_sizes does not list",
        ),
        ("0000:00:02.0", "00:02.0", "the PCI address \"00:02.0\" is not of the form 0000:00:00.0"),
        (
            "device = \"virtio-serial-pci\"",
            "device = \"virtio-serial-pci\", on = \"port\"",
            "0000:00:02.0 is on port, which no device before it is named",
        ),
        ("\"results\"", "\"network\"", "0 devices with backing = \"results\"; exactly one carries them"),
    ] {
        assert_eq!(fault(&LEAST.replace(from, to)), format!("lab/machines.toml:2: machine least: {what}"));
    }
    assert_eq!(
        fault(&LEAST.replace("[machine.least]", "[machine.any]")),
        "lab/machines.toml:2: machine any: this name has a meaning of its own in the paths of tests"
    );
}

#[test]
fn lists_of_cpus_are_read_and_printed_as_the_kernel_does() {
    let list = |text: &str| CpuList::try_from(text.to_owned());
    assert_eq!(list("0-3,6,5").unwrap().to_string(), "0-3,5-6");
    assert_eq!(list("0-3,6").unwrap().ranges(), [(0, 3), (6, 6)]);
    assert!(list("").unwrap().is_empty());
    for wrong in ["x", "0-", "-1", "0,,1", "0-99999999"] {
        assert!(list(wrong).unwrap_err().starts_with("CPUs "), "{wrong}");
    }
}

#[test]
fn sizes_are_printed_in_the_largest_whole_unit() {
    let size = |text: &str| Size::try_from(text.to_owned());
    assert_eq!(size("2048 MiB").unwrap().to_string(), "2 GiB");
    assert_eq!(size("64KiB").unwrap().bytes(), 65536);
    assert_eq!(size("3 B").unwrap().to_string(), "3 B");
    for wrong in ["", "2", "GiB", "-1 GiB", "1.5 GiB", "99999999999999 GiB"] {
        assert!(size(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_machine_goes_into_the_guest_as_json_and_comes_back() {
    for (name, machine) in machines().unwrap() {
        let text = serde_json::to_string(&machine).unwrap();
        assert_eq!(serde_json::from_str::<Machine>(&text).unwrap(), machine, "{name}");
    }
}
