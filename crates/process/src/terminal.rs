use std::collections::BTreeMap;

use linux_support_base::{ByteString, DeviceNumber, Machine};

/// The names of terminals, by their device numbers; each is looked for once.
#[derive(Debug)]
pub(crate) struct TerminalNames<'m> {
    machine: &'m Machine,
    known: BTreeMap<DeviceNumber, Option<ByteString>>,
}

impl<'m> TerminalNames<'m> {
    pub(crate) fn new(machine: &'m Machine) -> Self {
        Self { machine, known: BTreeMap::new() }
    }

    /// `pts/0`, `tty1`, `ttyS0`: the name below `/dev`, where it is known.
    pub(crate) fn name(&mut self, device: DeviceNumber) -> Option<ByteString> {
        let machine = self.machine;
        self.known
            .entry(device)
            .or_insert_with(|| {
                pseudo_terminal(device).or_else(|| {
                    let link = machine.link(format!("/sys/dev/char/{device}")).ok()?;
                    let name = link.as_bytes().rsplit(|&byte| byte == b'/').next()?;
                    Some(name.into())
                })
            })
            .clone()
    }
}

/// The name of one terminal below `/dev`, or the device's number where no name is known.
pub(crate) fn terminal_name(machine: &Machine, device: DeviceNumber) -> ByteString {
    TerminalNames::new(machine).name(device).unwrap_or_else(|| device.to_string().into())
}

/// The kernel gives pseudo-terminals the majors 136 to 143, of 2²⁰ minors each, all counted from the first one's.
///
/// # Source
/// Documentation/admin-guide/devices.txt.
fn pseudo_terminal(device: DeviceNumber) -> Option<ByteString> {
    let major = device.major().checked_sub(136).filter(|&major| major < 8)?;
    Some(format!("pts/{}", u64::from(major) << 20 | u64::from(device.minor())).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudo_terminals_need_no_file() {
        let name =
            |major, minor| pseudo_terminal(DeviceNumber::new(major, minor)).map(|name| name.to_string());
        assert_eq!(name(136, 3), Some("pts/3".to_owned()));
        assert_eq!(name(137, 1), Some("pts/1048577".to_owned()));
        assert_eq!((name(4, 1), name(144, 0)), (None, None));
    }
}
