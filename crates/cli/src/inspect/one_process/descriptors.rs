use std::io;

use linux_support::{
    base::Reading,
    process::{
        Descriptor, DescriptorDetail, DescriptorInfo, DescriptorReport, DescriptorTarget, PidTarget, Socket,
    },
};

use super::OneProcess;
use crate::presentation::{Align, Page, Table, cell, reading};

impl OneProcess {
    pub(super) fn show_descriptors(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Descriptors")?;
        let Some(descriptors) = page.or_why(&self.detail.descriptors)? else { return Ok(()) };
        let mut table = Table::new(&[
            ("NUMBER", Align::Right),
            ("KIND", Align::Left),
            ("OPENED", Align::Left),
            ("POSITION", Align::Right),
            ("LOCKS", Align::Right),
            ("TARGET", Align::Left),
            ("", Align::Left),
        ]);
        for DescriptorReport { descriptor, info, .. } in descriptors {
            let of = |what: fn(&DescriptorInfo) -> String| match info {
                Reading::Value(info) => what(info),
                Reading::Unavailable(_) => "-".to_owned(),
            };
            table.row([
                cell(descriptor.number),
                cell(kind(descriptor.target.value(), info.value())),
                cell(of(|info| info.flags.names().collect::<Vec<_>>().join(" "))),
                cell(of(|info| info.position.to_string())),
                cell(of(|info| info.locks.len().to_string())),
                reading(&descriptor.target),
                cell(match (self.socket(descriptor), info) {
                    (Some(socket), _) => told_of_socket(socket),
                    (None, Reading::Value(info)) => told(&info.detail),
                    (None, Reading::Unavailable(error)) => format!("({})", error.reason()),
                }),
            ]);
        }
        page.table(table)
    }

    /// The socket that a descriptor refers to, where a table lists it.
    fn socket(&self, descriptor: &Descriptor) -> Option<&Socket> {
        let Some(DescriptorTarget::Socket { inode }) = descriptor.target.value() else { return None };
        self.sockets.value()?.iter().find(|socket| socket.inode == Some(*inode))
    }
}

/// `tcp established 127.0.0.1:22 to 127.0.0.1:40124`.
fn told_of_socket(socket: &Socket) -> String {
    let local = socket.local.as_ref().map(|local| format!(" {local}")).unwrap_or_default();
    let peer = socket.peer.as_ref().map(|peer| format!(" to {peer}")).unwrap_or_default();
    format!("{} {}{local}{peer}", socket.table, socket.state)
}

/// What a descriptor is, in a word.
fn kind(target: Option<&DescriptorTarget>, info: Option<&DescriptorInfo>) -> String {
    let by_info = info.map(|info| match info.detail {
        DescriptorDetail::Graphics(_) => "graphics",
        DescriptorDetail::Tunnel { .. } => "tunnel",
        DescriptorDetail::PseudoTerminal { .. } => "pseudo-terminal",
        DescriptorDetail::Vfio { .. } => "vfio",
        DescriptorDetail::Fuse { .. } => "fuse",
        _ => "",
    });
    if let Some(word) = by_info.filter(|word| !word.is_empty()) {
        return word.into();
    }
    match target {
        Some(DescriptorTarget::Path { path, .. }) if path.as_bytes().starts_with(b"/dev/") => "device".into(),
        Some(DescriptorTarget::Path { .. }) => "file".into(),
        Some(DescriptorTarget::Socket { .. }) => "socket".into(),
        Some(DescriptorTarget::Pipe { .. }) => "pipe".into(),
        Some(DescriptorTarget::Namespace { .. }) => "namespace".into(),
        Some(DescriptorTarget::MemoryFile { .. }) => "memory".into(),
        Some(DescriptorTarget::Anonymous { what }) => what.to_string(),
        _ => "-".into(),
    }
}

/// What there is to say of a descriptor of its kind, in a line.
fn told(detail: &DescriptorDetail) -> String {
    let optional = |time: Option<std::time::Duration>| time.map(|time| format!("{time:?}"));
    match detail {
        DescriptorDetail::Plain => String::new(),
        DescriptorDetail::Event(counter) => format!("count {}", counter.count),
        DescriptorDetail::Epoll(watched) => {
            let numbers: Vec<_> = watched.iter().map(|watched| watched.descriptor.to_string()).collect();
            if numbers.is_empty() {
                "watches nothing".into()
            } else {
                format!("watches {}", numbers.join(" "))
            }
        }
        DescriptorDetail::Timer(timer) => {
            let remaining =
                optional(timer.remaining).map_or_else(|| "not set".to_owned(), |time| format!("in {time}"));
            let interval = optional(timer.interval).map(|time| format!(", every {time}")).unwrap_or_default();
            format!("{remaining}{interval}, {} times expired", timer.ticks)
        }
        DescriptorDetail::Signals(signals) => {
            let names: Vec<_> = signals.iter().map(|signal| signal.to_string()).collect();
            format!("takes {}", names.join(" "))
        }
        DescriptorDetail::Inotify(watches) => format!("{} watches", watches.len()),
        DescriptorDetail::Fanotify(group) => format!("{} marks", group.marks.len()),
        DescriptorDetail::Process(PidTarget::Alive { pid, .. }) => format!("of process {pid}"),
        DescriptorDetail::Process(PidTarget::Ended) => "of a process that has ended".into(),
        DescriptorDetail::Process(_) => "of a process of another namespace".into(),
        DescriptorDetail::Ring(ring) => {
            format!(
                "{} slots, {} files, {} buffers",
                ring.submission_slots,
                ring.files.len(),
                ring.buffers.len()
            )
        }
        DescriptorDetail::BpfMap(map) => format!("BPF map, {} entries at most", map.entries_max),
        DescriptorDetail::BpfProgram(program) => format!("BPF program {}", program.tag),
        DescriptorDetail::BpfLink(link) => format!("BPF link {}", link.kind),
        DescriptorDetail::Graphics(client) => format!("of the driver {}", client.driver),
        DescriptorDetail::DmaBuffer(buffer) => format!("{} of {}", buffer.size, buffer.exporter),
        DescriptorDetail::UserFault(state) => format!("{} faults wait", state.total),
        DescriptorDetail::UnixSocket { descriptors_in_flight } => {
            format!("{descriptors_in_flight} descriptors under way")
        }
        DescriptorDetail::Tunnel { interface } => format!("of the interface {interface}"),
        DescriptorDetail::PseudoTerminal { index } => format!("of pts/{index}"),
        DescriptorDetail::Vfio { path } => path.to_string(),
        DescriptorDetail::Fuse { connection } => format!("of the connection {connection}"),
        _ => String::new(),
    }
}
