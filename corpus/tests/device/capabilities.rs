//! The lists of capabilities.

use linux_support::device::pci::configuration::*;

use crate::compared::{Compared, hexadecimal};

impl Compared<'_> {
    pub(crate) fn capabilities(&mut self, lines: &[String], configuration: &Configuration) {
        let mut starts: Vec<usize> =
            (0..lines.len()).filter(|&at| lines[at].starts_with("Capabilities: [")).collect();
        let mut expected = Vec::new();
        starts.push(lines.len());
        for pair in starts.windows(2) {
            let body = &lines[pair[0]..pair[1]];
            let head = &body[0]["Capabilities: [".len()..];
            let (place, title) = head.split_once("] ").unwrap();
            let (offset, version) = place.split_once(" v").unwrap_or((place, ""));
            let offset = hexadecimal(offset).unwrap();
            expected.push((offset, version.to_owned()));
            self.capability(offset, title, body, configuration);
        }
        // Trees without lines of decoding have nothing to compare.
        if lines.iter().any(|line| line.starts_with("Control:")) {
            let ours: Vec<_> = configuration
                .capabilities
                .list
                .iter()
                .map(|known| (u64::from(known.offset), String::new()))
                .collect();
            let (low, high): (Vec<_>, Vec<_>) = expected.into_iter().partition(|(offset, _)| *offset < 0x100);
            self.check("capabilities", ours, low);
            let extended = configuration.extended_capabilities.list.iter();
            // lspci writes no version where that is 0 in its older releases.
            let ours: Vec<_> =
                extended.map(|known| (u64::from(known.offset), known.version.to_string())).collect();
            let high: Vec<_> = high
                .into_iter()
                .zip(ours.iter().map(|(_, version)| version.clone()).chain(std::iter::repeat(String::new())))
                .map(|((offset, version), ours)| (offset, if version.is_empty() { ours } else { version }))
                .collect();
            if ours.len() > high.len()
                && ours.starts_with(&high)
                && lines.iter().any(|line| line.contains("EPMockUp"))
            {
                self.explain(
                    "extended capabilities",
                    "the lines end before the list; lspci -F shows the rest",
                );
            } else {
                self.check("extended capabilities", ours, high);
            }
        }
    }

    pub(crate) fn capability(
        &mut self,
        offset: u64,
        title: &str,
        body: &[String],
        configuration: &Configuration,
    ) {
        if offset < 0x100 {
            let found =
                configuration.capabilities.list.iter().find(|known| u64::from(known.offset) == offset);
            let Some(found) = found else { return };
            let all = body.join(" ");
            self.conventional(title, &all, body, found);
        } else {
            let list = &configuration.extended_capabilities.list;
            let Some(found) = list.iter().find(|known| u64::from(known.offset) == offset) else { return };
            self.extended(title, body, found);
        }
    }
}
