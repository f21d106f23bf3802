//! What a process uses of what it may.

use linux_support_base::{ByteString, Bytes, Error, Limit, UserId};

use crate::{
    limits::{Limits, ResourceLimit},
    process::Process,
    scan::processes,
    stat::Stat,
    status::Status,
};

/// A limit of a process, beside what it uses of it.
///
/// Of some resources nobody keeps count: the size of a file or a core dump is looked at only when it is written, and what
/// message queues and the time of real-time threads come to is told nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LimitUse {
    /// The resource, in the kernel's words: `open files`.
    pub name: ByteString,
    /// Its unit, in the kernel's words; empty where it has none.
    pub unit: ByteString,
    /// The limits.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub limit: ResourceLimit<u64>,
    /// How much of it is used, where that is known.
    pub used: Option<u64>,
}

impl LimitUse {
    /// All limits of a process, in the order of `/proc/PID/limits`.
    ///
    /// What is counted for a user (threads, signals that wait) is that of the user's other processes too.
    ///
    /// # Errors
    /// The process has ended, or its limits may not be seen. What can't be had beside them is not told as used.
    pub fn read_all(process: &Process<'_>) -> Result<Vec<Self>, Error> {
        let limits = process.limits()?;
        let stat = process.stat().ok();
        let status = process.status().ok();
        let ticks = process.machine().facts().clock_ticks_per_second;
        let used = Used {
            descriptors: process.descriptors().ok().map(|descriptors| descriptors.len() as u64),
            threads: status.as_ref().and_then(|status| threads_of(process, status.users.real)),
            stat,
            status,
            ticks,
        };
        process.ensure_alive()?;
        Ok(used.beside(limits))
    }

    /// The part of the soft limit that is used: 1 for all of it.
    #[must_use]
    pub fn fraction(&self) -> Option<f64> {
        match (self.used, self.limit.soft) {
            (Some(used), Limit::At(limit)) if limit > 0 => Some(used as f64 / limit as f64),
            _ => None,
        }
    }
}

/// How many threads all processes of a user have.
fn threads_of(process: &Process<'_>, user: UserId) -> Option<u64> {
    let records = processes(process.machine()).ok()?;
    let statuses = records.filter_map(|record| record.status.into_result().ok());
    Some(statuses.filter(|status| status.users.real == user).map(|status| u64::from(status.threads)).sum())
}

struct Used {
    stat: Option<Stat>,
    status: Option<Status>,
    descriptors: Option<u64>,
    threads: Option<u64>,
    ticks: Option<u32>,
}

impl Used {
    fn cpu_seconds(&self) -> Option<u64> {
        let stat = self.stat.as_ref()?;
        Some(stat.user_time.saturating_add(stat.system_time).duration(self.ticks?).as_secs())
    }

    fn memory(&self, of: fn(&Status) -> Option<Bytes>) -> Option<u64> {
        self.status.as_ref().and_then(of).map(Bytes::get)
    }

    fn beside(&self, limits: Limits) -> Vec<LimitUse> {
        let bytes = |limit: Option<ResourceLimit<Bytes>>| {
            limit.map(|limit| ResourceLimit {
                soft: limit.soft.map(Bytes::get),
                hard: limit.hard.map(Bytes::get),
            })
        };
        let stat = self.stat.as_ref();
        let seconds = limits.cpu_time.map(|limit| ResourceLimit {
            soft: limit.soft.map(|time| time.as_secs()),
            hard: limit.hard.map(|time| time.as_secs()),
        });
        let microseconds = limits.real_time_timeout.map(|limit| ResourceLimit {
            soft: limit.soft.map(|time| time.as_micros() as u64),
            hard: limit.hard.map(|time| time.as_micros() as u64),
        });
        let queued = self.status.as_ref().and_then(|status| status.signal_queue).map(|queue| queue.queued);
        let nice = stat.map(|stat| (20 - i64::from(stat.nice.get())).unsigned_abs());
        let real_time =
            stat.map(|stat| stat.real_time_priority.map_or(0, |priority| u64::from(priority.get())));
        let rows = [
            ("cpu time", "seconds", seconds, self.cpu_seconds()),
            ("file size", "bytes", bytes(limits.file_size), None),
            ("data size", "bytes", bytes(limits.data_size), self.memory(|status| status.memory.data)),
            ("stack size", "bytes", bytes(limits.stack_size), self.memory(|status| status.memory.stack)),
            ("core file size", "bytes", bytes(limits.core_file_size), None),
            (
                "resident set",
                "bytes",
                bytes(limits.resident_set),
                self.memory(|status| status.memory.resident),
            ),
            ("processes", "processes", limits.processes, self.threads),
            ("open files", "files", limits.open_files, self.descriptors),
            (
                "locked memory",
                "bytes",
                bytes(limits.locked_memory),
                self.memory(|status| status.memory.locked),
            ),
            (
                "address space",
                "bytes",
                bytes(limits.address_space),
                self.memory(|status| status.memory.virtual_size),
            ),
            ("file locks", "locks", limits.file_locks, None),
            ("pending signals", "signals", limits.pending_signals, queued),
            ("msgqueue size", "bytes", bytes(limits.message_queue_size), None),
            ("nice priority", "", limits.nice_priority, nice),
            ("realtime priority", "", limits.real_time_priority, real_time),
            ("realtime timeout", "us", microseconds, None),
        ];
        let known = rows.into_iter().filter_map(|(name, unit, limit, used)| {
            Some(LimitUse { name: name.into(), unit: unit.into(), limit: limit?, used })
        });
        let other = limits.other.into_iter().map(|other| LimitUse {
            name: other.name,
            unit: other.unit,
            limit: other.limit,
            used: None,
        });
        known.chain(other).collect()
    }
}

#[cfg(test)]
mod tests {
    use linux_support_base::Machine;

    use super::*;

    fn named<'l>(limits: &'l [LimitUse], name: &str) -> &'l LimitUse {
        limits.iter().find(|limit| limit.name == *name).unwrap()
    }

    #[test]
    fn all_sixteen_are_there_with_what_is_used() {
        let machine = Machine::live().unwrap();
        let process = Process::of_caller(&machine).unwrap();
        let limits = LimitUse::read_all(&process).unwrap();
        assert!(limits.len() >= 16, "{limits:?}");
        let files = named(&limits, "open files");
        assert!(files.used.unwrap() >= 3 && files.fraction().unwrap() < 1.0, "{files:?}");
        assert!(named(&limits, "address space").used.unwrap() > 0);
        assert!(named(&limits, "processes").used.unwrap() >= 1);
        assert_eq!(named(&limits, "file size").used, None);
    }

    #[test]
    fn what_is_known_stands_beside_its_limit() {
        let limits =
            Limits::parse(b"Max cpu time  60  unlimited  seconds\nMax new thing  5  7  things\n").unwrap();
        let used = Used { stat: None, status: None, descriptors: Some(3), threads: None, ticks: Some(100) };
        let rows = used.beside(limits);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].limit.soft, rows[0].used), (Limit::At(60), None));
        assert_eq!((rows[1].name.to_string(), rows[1].limit.hard), ("Max new thing".into(), Limit::At(7)));
    }
}
