use std::io;

use linux_support::{
    base::{Error, Machine, Pid},
    process::{NamespaceSockets, Process, Socket, SocketHolder, SocketList},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    arguments::SocketQuery,
    presentation::{Align, Page, Table, cell},
};

/// The sockets that were asked for, and who holds them.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Sockets {
    /// The process whose sockets these are, if they are one's only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<Pid>,
    #[serde(flatten)]
    list: SocketList,
    #[serde(skip)]
    shows_holders: bool,
}

impl Sockets {
    pub(crate) fn read(machine: &Machine, query: SocketQuery) -> Result<Self, Error> {
        // What is not known of the process must not look as if it held nothing.
        if let Some(pid) = query.pid {
            Process::open(machine, pid)?.descriptors()?;
        }
        let mut list = SocketList::read(machine)?;
        if let Some(pid) = query.pid {
            list.unreadable.clear();
            list.retain_held_by(pid);
        }
        list.retain(|socket| query.wants(socket));
        if !query.wants_unlisted() {
            list.unlisted.clear();
        }
        Ok(Self { pid: query.pid, list, shows_holders: query.process || query.pid.is_some() })
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        match self.pid {
            Some(pid) => page.heading(format_args!("Sockets of process {pid}"))?,
            None => page.heading("Sockets")?,
        }
        if self.list.namespaces.is_empty() && self.list.unlisted.is_empty() {
            page.line("  (none)")?;
        }
        for of_namespace in &self.list.namespaces {
            let NamespaceSockets { namespace, processes, missing, .. } = of_namespace;
            page.heading(format_args!("In {namespace}, with {}", counted(processes.len())))?;
            page.table(self.table(&of_namespace.sockets))?;
            for missing in missing.iter().filter(|missing| !missing.error.is_absent()) {
                page.line(format_args!("  {}: ({})", missing.table, missing.error))?;
            }
        }
        if !self.list.unlisted.is_empty() {
            page.heading("In no table")?;
            let mut table = Table::new(&[("INODE", Align::Right), ("PROCESSES", Align::Left)]);
            for socket in &self.list.unlisted {
                table.row([cell(socket.inode), cell(holders(&socket.holders))]);
            }
            page.table(table)?;
        }
        match self.list.unreadable.len() {
            0 => Ok(()),
            count => page.line(format_args!("\n  ({} may not be looked into)", counted(count))),
        }
    }

    fn table(&self, sockets: &[Socket]) -> Table {
        let mut columns = vec![
            ("TABLE", Align::Left),
            ("STATE", Align::Left),
            ("RECEIVED", Align::Right),
            ("UNSENT", Align::Right),
            ("LOCAL", Align::Left),
            ("PEER", Align::Left),
            ("USER", Align::Left),
            ("INODE", Align::Right),
        ];
        if self.shows_holders {
            columns.push(("PROCESSES", Align::Left));
        }
        let mut table = Table::new(&columns);
        for socket in sockets {
            let received = socket.receive_queue.map(|bytes| bytes.get()).or(socket.connections_waiting);
            let user = socket.user.as_ref().map(|user| match &user.name {
                Some(name) => name.to_string(),
                None => user.id.to_string(),
            });
            let mut cells = vec![
                cell(socket.table),
                cell(socket.state),
                cell(shown(received)),
                cell(shown(socket.send_queue.map(|bytes| bytes.get()))),
                cell(shown(socket.local.as_ref())),
                cell(shown(socket.peer.as_ref())),
                cell(shown(user)),
                cell(shown(socket.inode)),
            ];
            if self.shows_holders {
                cells.push(cell(holders(&socket.holders)));
            }
            table.row_of(cells);
        }
        table
    }
}

fn counted(processes: usize) -> String {
    if processes == 1 { "1 process".into() } else { format!("{processes} processes") }
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// `sshd 812/3, sshd 911/3`: the program, the process and its descriptor.
fn holders(holders: &[SocketHolder]) -> String {
    let each = |holder: &SocketHolder| format!("{} {}/{}", holder.program, holder.pid, holder.descriptor);
    if holders.is_empty() { "-".into() } else { holders.iter().map(each).collect::<Vec<_>>().join(", ") }
}
