use std::io;

use linux_support::{
    base::{Error, Machine, Pid, Reading, Reason, UserId},
    process::{Process, ProcessName, Status, processes},
    security::capability::{Capabilities, CapabilitySet},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell};

/// Who has capabilities.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CapabilityHolders {
    /// Those that the kernel has.
    of_kernel: Reading<CapabilitySet>,
    /// The processes that have some, by number.
    holders: Reading<Vec<Holder>>,
}

/// A process that has capabilities.
#[derive(Debug, Serialize, JsonSchema)]
struct Holder {
    /// Its number.
    pid: Pid,
    /// Its name.
    name: ProcessName,
    /// Its effective user.
    user: UserId,
    #[serde(flatten)]
    capabilities: Capabilities,
}

impl CapabilityHolders {
    pub(crate) fn read(machine: &Machine) -> Self {
        Self { of_kernel: CapabilitySet::of_kernel(machine).into(), holders: holders(machine).into() }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Processes with capabilities")?;
        let all = all(&self.of_kernel);
        let Some(holders) = page.or_why(&self.holders)? else { return Ok(()) };
        let mut table = Table::new(&[
            ("PID", Align::Right),
            ("USER", Align::Right),
            ("NAME", Align::Left),
            ("PERMITTED", Align::Left),
            ("EFFECTIVE", Align::Left),
            ("INHERITABLE", Align::Left),
            ("AMBIENT", Align::Left),
        ]);
        for Holder { pid, name, user, capabilities: own } in holders {
            let sets = [own.permitted, own.effective, own.inheritable, own.ambient];
            let [permitted, effective, inheritable, ambient] = sets.map(|set| cell(words(set, all)));
            table.row([cell(pid), cell(user), cell(name), permitted, effective, inheritable, ambient]);
        }
        page.table(table)
    }
}

fn holders(machine: &Machine) -> Result<Vec<Holder>, Error> {
    let mut holders = Vec::new();
    // Those without a `stat` are in no list of processes.
    for record in processes(machine)?.filter(|record| record.stat.value().is_some()) {
        let status = match record.status.into_result() {
            Ok(status) => status,
            Err(error) if matches!(error.reason(), Reason::Absent | Reason::Gone) => continue,
            Err(error) => return Err(error),
        };
        if let Some(capabilities) = of(&status) {
            let Capabilities { permitted, inheritable, ambient, .. } = capabilities;
            if !(permitted | inheritable | ambient).is_empty() {
                let user = status.users.effective;
                holders.push(Holder { pid: record.pid, name: status.name, user, capabilities });
            }
        }
    }
    Ok(holders)
}

/// Those of a task; `None` where the file is not whole.
fn of(status: &Status) -> Option<Capabilities> {
    let mut own = Capabilities::default();
    own.effective = status.capabilities_effective?;
    own.permitted = status.capabilities_permitted?;
    own.inheritable = status.capabilities_inheritable?;
    own.bounding = status.capabilities_bounding?;
    own.ambient = status.capabilities_ambient?;
    Some(own)
}

fn all(of_kernel: &Reading<CapabilitySet>) -> CapabilitySet {
    of_kernel.value().copied().unwrap_or(CapabilitySet::KNOWN)
}

/// The names without the prefix that all have, or whichever is shorter of those that it has and those that it lacks.
fn words(set: CapabilitySet, all: CapabilitySet) -> String {
    let names = |set: CapabilitySet| {
        let names = set.names().map(|name| name.strip_prefix("CAP_").unwrap_or(&name).to_lowercase());
        names.collect::<Vec<_>>().join(" ")
    };
    let lacks = all - set;
    match (set.is_empty(), lacks.is_empty()) {
        (true, _) => "none".to_owned(),
        (false, true) => "all".to_owned(),
        _ if lacks.len() < set.len() => format!("all but {}", names(lacks)),
        _ => names(set),
    }
}

/// The capabilities of a process.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProcessCapabilities {
    /// The number of the process.
    pid: Pid,
    /// Those that the kernel has.
    of_kernel: Reading<CapabilitySet>,
    #[serde(flatten)]
    capabilities: Capabilities,
    /// Whether programs that it runs get none of their own.
    no_new_privileges: Option<bool>,
    /// Those of its threads that have others than its first one.
    threads: Vec<ThreadCapabilities>,
}

/// The capabilities of a thread.
#[derive(Debug, Serialize, JsonSchema)]
struct ThreadCapabilities {
    /// The number of the thread.
    tid: Pid,
    #[serde(flatten)]
    capabilities: Capabilities,
}

impl ProcessCapabilities {
    pub(crate) fn read(machine: &Machine, pid: Pid) -> Result<Self, Error> {
        let process = Process::open(machine, pid)?;
        let capabilities = Capabilities::of(machine, pid)?;
        let mut threads = Vec::new();
        for tid in process.thread_ids().unwrap_or_default() {
            let status = process.thread(tid).and_then(|thread| thread.status());
            // One that has ended meanwhile is not missed.
            if let Some(own) = status.ok().as_ref().and_then(of)
                && own != capabilities
            {
                threads.push(ThreadCapabilities { tid, capabilities: own });
            }
        }
        let no_new_privileges = process.status()?.no_new_privileges;
        process.ensure_alive()?;
        let of_kernel = CapabilitySet::of_kernel(machine).into();
        Ok(Self { pid, of_kernel, capabilities, no_new_privileges, threads })
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let all = all(&self.of_kernel);
        page.heading(format_args!("Capabilities of process {}", self.pid))?;
        let mut values = sets(self.capabilities, all).to_vec();
        let no_new =
            self.no_new_privileges.map_or("-", |none| if none { "none" } else { "by programs' files" });
        values.push(("new privileges", no_new.to_owned()));
        page.values(&values)?;
        for thread in &self.threads {
            page.heading(format_args!("Thread {}", thread.tid))?;
            page.values(&sets(thread.capabilities, all))?;
        }
        Ok(())
    }
}

fn sets(own: Capabilities, all: CapabilitySet) -> [(&'static str, String); 5] {
    [
        ("effective", words(own.effective, all)),
        ("permitted", words(own.permitted, all)),
        ("inheritable", words(own.inheritable, all)),
        ("bounding", words(own.bounding, all)),
        ("ambient", words(own.ambient, all)),
    ]
}

#[cfg(test)]
mod tests {
    use linux_support::security::capability::Capability;

    use super::*;

    #[test]
    fn sets_are_told_by_what_they_have_or_lack() {
        let all = CapabilitySet::KNOWN;
        assert_eq!(words(CapabilitySet::EMPTY, all), "none");
        assert_eq!(words(all, all), "all");
        assert_eq!(words(all.without(Capability::SYS_ADMIN), all), "all but sys_admin");
        assert_eq!(words(CapabilitySet::of([Capability::KILL, Capability::CHOWN]), all), "chown kill");
    }
}
