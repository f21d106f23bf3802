use std::os::unix::{ffi::OsStrExt, fs::FileTypeExt};

use linux_support_base::{
    CpuSet, DeviceNumber, Error, Machine, NumaNode, NumaNodeSet, Number, NumberSet, Reason, text,
};

use super::{CpuExpression, DeviceReference, NodeExpression, SetExpression, route::interface_to};
use crate::numa::{online, run::node_of_device};

impl<T: Number> SetExpression<T> {
    /// The members that are meant, where those of `exist` are there, and this task may use those of `allowed`: `all` is
    /// what is allowed, `+` counts places in that, and `!` is what exists without the rest. As with numactl, the last may
    /// have members that are not allowed, such as CPUs that are isolated: the kernel passes over those that it must.
    ///
    /// # Errors
    /// It names what does not exist, what is not allowed, or nothing at all.
    pub fn resolve(&self, exist: &NumberSet<T>, allowed: &NumberSet<T>) -> Result<NumberSet<T>, Error> {
        let refused = |accepted: String| Error::invalid("use", self.to_string().as_bytes(), accepted);
        let named = match &self.members {
            None => allowed.clone(),
            Some(places) if self.relative => {
                let members: Vec<_> = allowed.iter().collect();
                let at = |place: T| {
                    members.get(place.index() as usize).copied().ok_or_else(|| {
                        refused(format!(
                            "there is no place {}: {} are allowed ({allowed})",
                            place.index(),
                            members.len()
                        ))
                    })
                };
                places.iter().map(at).collect::<Result<_, _>>()?
            }
            Some(members) => members.clone(),
        };
        if !named.is_subset(exist) {
            return Err(refused(format!("{} are not there: there are {exist}", &named - exist)));
        }
        let meant = if self.inverse { exist - &named } else { named };
        if !self.inverse && !meant.is_subset(allowed) {
            return Err(refused(format!(
                "{} are not allowed for this task: {allowed} are",
                &meant - allowed
            )));
        }
        if meant.is_empty() {
            return Err(refused(format!("nothing is left of {exist}")));
        }
        Ok(meant)
    }
}

impl CpuExpression {
    /// The CPUs that are meant, for this process on `machine`.
    ///
    /// # Errors
    /// As for [`resolve`](SetExpression::resolve).
    pub fn resolve_on(&self, machine: &Machine) -> Result<CpuSet, Error> {
        let exist = machine.parse("/sys/devices/system/cpu/online", CpuSet::parse_list)?;
        let allowed = allowed(machine, b"Cpus_allowed_list", CpuSet::parse_list)?;
        self.resolve(&exist, &allowed.map_or_else(|| exist.clone(), |allowed| &allowed & &exist))
    }
}

impl NodeExpression {
    /// The nodes that are meant, for this process on `machine`.
    ///
    /// # Errors
    /// As for [`SetExpression::resolve`]; there is no such device, or the firmware does not tell its node; the file or
    /// the host can't be found, or `machine` is not the one that runs. To look up the name of a host may take long.
    pub fn resolve(&self, machine: &Machine) -> Result<NumaNodeSet, Error> {
        match self {
            Self::Nodes(nodes) => {
                let exist = online(machine)?;
                let allowed = allowed(machine, b"Mems_allowed_list", NumaNodeSet::parse_list)?;
                nodes.resolve(&exist, &allowed.map_or_else(|| exist.clone(), |allowed| &allowed & &exist))
            }
            Self::Near(device) => device.node(machine).map(NumaNodeSet::from),
        }
    }
}

impl DeviceReference {
    /// The node that is nearest to the device.
    ///
    /// # Errors
    /// As for [`NodeExpression::resolve`].
    pub fn node(&self, machine: &Machine) -> Result<NumaNode, Error> {
        let linked = |path: String| -> Result<NumaNode, Error> {
            let target = machine.link(&path)?;
            let place = joined(&path, target.as_bytes());
            node_of_device(machine, &place)
        };
        match self {
            Self::Network(name) => linked(format!("/sys/class/net/{name}")),
            Self::Block(name) => linked(format!("/sys/class/block/{name}")),
            Self::Pci { domain, bus, device, function } => {
                linked(format!("/sys/bus/pci/devices/{domain:04x}:{bus:02x}:{device:02x}.{function}"))
            }
            Self::File(path) => {
                let (kind, number) = device_of_file(machine, path.as_bytes())?;
                linked(format!("/sys/dev/{kind}/{number}"))
            }
            Self::Host(host) if machine.is_live() => {
                linked(format!("/sys/class/net/{}", interface_to(host)?))
            }
            Self::Host(host) => {
                let accepted = "needs the machine that runs, and this was captured";
                Err(Error::invalid("find the way to", host.clone(), accepted))
            }
        }
    }
}

fn device_of_file(machine: &Machine, path: &[u8]) -> Result<(&'static str, DeviceNumber), Error> {
    const OPERATION: &str = "find the device of";
    if !machine.is_live() {
        return Err(Error::invalid(OPERATION, path, "needs the machine that runs, and this was captured"));
    }
    let status = rustix::fs::stat(std::ffi::OsStr::from_bytes(path))
        .map_err(|errno| Error::system(OPERATION, path, errno))?;
    let number = |raw: u64| DeviceNumber::new(rustix::fs::major(raw), rustix::fs::minor(raw));
    let mode = std::fs::metadata(std::ffi::OsStr::from_bytes(path)).map(|metadata| metadata.file_type());
    Ok(match mode {
        Ok(kind) if kind.is_block_device() => ("block", number(status.st_rdev)),
        Ok(kind) if kind.is_char_device() => ("char", number(status.st_rdev)),
        _ if rustix::fs::major(status.st_dev) == 0 => {
            return Err(Error::invalid(OPERATION, path, "its file system is on no block device of its own"));
        }
        _ => ("block", number(status.st_dev)),
    })
}

/// Where a link leads that stands at `path`, without looking.
fn joined(path: &str, target: &[u8]) -> String {
    let target = String::from_utf8_lossy(target);
    if target.starts_with('/') {
        return target.into_owned();
    }
    let mut parts: Vec<_> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.len() > 1 => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A set of the file `/proc/self/status`; `None` where it has none.
fn allowed<T>(
    machine: &Machine,
    key: &[u8],
    parse: impl Fn(&[u8]) -> Result<T, text::ParseError>,
) -> Result<Option<T>, Error> {
    let found = machine.parse("/proc/self/status", |bytes| {
        let line = text::colon_keyed(bytes).find(|(name, _)| *name == key);
        line.and_then(|(_, value)| value).map(&parse).transpose()
    });
    match found {
        Err(error) if matches!(error.reason(), Reason::Absent) => Ok(None),
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn meant(text: &str, exist: &str, allowed: &str) -> Result<String, String> {
        let expression: SetExpression<NumaNode> = text.parse().unwrap();
        let resolved = expression.resolve(&exist.parse().unwrap(), &allowed.parse().unwrap());
        resolved.map(|set| set.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn all_is_what_is_allowed_and_plus_counts_within_it() {
        assert_eq!(meant("all", "0-3", "1-2"), Ok("1-2".into()));
        assert_eq!(meant("+0-1", "0-3", "1,3"), Ok("1,3".into()));
        assert_eq!(meant("+1", "0-3", "1,3"), Ok("3".into()));
        assert_eq!(meant("!0", "0-3", "0-3"), Ok("1-3".into()));
        assert_eq!(meant("!0", "0-3", "0-1"), Ok("1-3".into()));
        assert_eq!(meant("!+0", "0-3", "1,3"), Ok("0,2-3".into()));
        assert_eq!(meant("0,2", "0-3", "0-3"), Ok("0,2".into()));
    }

    #[test]
    fn what_is_not_there_not_allowed_or_nothing_is_refused_with_what_is() {
        for (text, exist, allowed, said) in [
            ("4", "0-3", "0-3", "4 are not there: there are 0-3"),
            ("!4", "0-3", "0-3", "4 are not there"),
            ("3", "0-3", "0-1", "3 are not allowed for this task: 0-1 are"),
            ("+2", "0-3", "1,3", "no place 2: 2 are allowed (1,3)"),
            ("!all", "0-1", "0-1", "nothing is left of 0-1"),
        ] {
            let error = meant(text, exist, allowed).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn the_node_of_a_device_is_that_of_what_it_hangs_on() {
        let folder = tempfile::tempdir().unwrap();
        let sys = folder.path().join("sys");
        let place = "devices/pci0000:40/0000:40:00.0/0000:41:00.0";
        fs::create_dir_all(sys.join(place).join("nvme/nvme0/nvme0n1")).unwrap();
        fs::create_dir_all(sys.join("class/block")).unwrap();
        fs::create_dir_all(sys.join("bus/pci/devices")).unwrap();
        fs::write(sys.join(place).join("numa_node"), "1\n").unwrap();
        // The namespace itself does not know.
        fs::write(sys.join(place).join("nvme/nvme0/nvme0n1/numa_node"), "-1\n").unwrap();
        let link = |target: String, path: &str| std::os::unix::fs::symlink(target, sys.join(path)).unwrap();
        link(format!("../../{place}/nvme/nvme0/nvme0n1"), "class/block/nvme0n1");
        link(format!("../../../{place}"), "bus/pci/devices/0000:41:00.0");
        fs::create_dir_all(sys.join("devices/virtual/block/loop0")).unwrap();
        link("../../devices/virtual/block/loop0".into(), "class/block/loop0");
        let machine = Machine::captured(folder.path()).unwrap();
        let node = |text: &str| text.parse::<NodeExpression>().unwrap().resolve(&machine);
        assert_eq!(node("block:nvme0n1").unwrap().to_string(), "1");
        assert_eq!(node("pci:41:00").unwrap().to_string(), "1");
        assert!(node("block:loop0").unwrap_err().to_string().contains("the firmware tells none"));
        assert!(node("netdev:eth0").unwrap_err().is_absent());
        assert!(node("file:/etc").unwrap_err().to_string().contains("captured"));
        assert!(node("ip:localhost").unwrap_err().to_string().contains("needs the machine that runs"));
    }
}
