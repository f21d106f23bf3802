//! Mounts of the lab's machines.

mod any {
    use std::{fs, process::Command};

    use linux_support_filesystem::mount::mountinfo;

    fn run(program: &str, arguments: &[&str]) {
        assert!(Command::new(program).args(arguments).status().unwrap().success(), "{program} {arguments:?}");
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn a_mount_point_that_is_mounted_over_is_listed_twice_in_its_order() {
        let place = "/mnt/over and\tover";
        fs::create_dir_all(place).unwrap();
        run("mount", &["-t", "tmpfs", "lower", place]);
        run("mount", &["-t", "tmpfs", "upper", place]);
        let text = fs::read("/proc/self/mountinfo").unwrap();
        let sources: Vec<String> = mountinfo::entries(&text)
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.raw_mount_point == br"/mnt/over\040and\011over")
            .map(|entry| String::from_utf8_lossy(entry.raw_source).into_owned())
            .collect();
        run("umount", &[place]);
        run("umount", &[place]);
        assert_eq!(sources, ["lower", "upper"]);
    }
}
