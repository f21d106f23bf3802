//! What can be asked of the list of processes.

use std::str::FromStr;

use clap::Args;

/// How processes are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct Listing {
    /// By what to sort, a - before it for the largest first: pid, ppid, user, state, threads, nice, cpu, time, rss, vsz,
    /// start, terminal or program
    #[arg(long, value_name = "[-]KEY", default_value = "pid", allow_hyphen_values = true)]
    pub(crate) sort: Order,
    /// For how long to watch how much of the CPUs each uses; 0 to show none of it
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=3600))]
    pub(crate) seconds: u32,
}

/// By what processes are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Key {
    #[default]
    Pid,
    Parent,
    User,
    State,
    Threads,
    Nice,
    CpuUse,
    Time,
    Resident,
    Virtual,
    Start,
    Terminal,
    Program,
}

/// Each key by its names, the first of which is told to those who got it wrong: the others are those of `ps`.
const KEYS: [(Key, &[&str]); 13] = [
    (Key::Pid, &["pid"]),
    (Key::Parent, &["ppid", "parent"]),
    (Key::User, &["user", "euser"]),
    (Key::State, &["state", "s", "stat"]),
    (Key::Threads, &["threads", "nlwp", "thcount"]),
    (Key::Nice, &["nice", "ni"]),
    (Key::CpuUse, &["cpu", "pcpu", "%cpu"]),
    (Key::Time, &["time", "cputime"]),
    (Key::Resident, &["rss", "resident", "rssize"]),
    (Key::Virtual, &["vsz", "vsize"]),
    (Key::Start, &["start", "start_time", "lstart"]),
    (Key::Terminal, &["terminal", "tty", "tt"]),
    (Key::Program, &["program", "comm", "cmd", "ucmd"]),
];

/// A key, and which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) key: Key,
    pub(crate) descending: bool,
}

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let descending = text.starts_with('-');
        let name = text.strip_prefix(['-', '+']).unwrap_or(text);
        match KEYS.iter().find(|(_, names)| names.contains(&name)) {
            Some(&(key, _)) => Ok(Self { key, descending }),
            None => {
                let names: Vec<_> = KEYS.iter().map(|(_, names)| names[0]).collect();
                Err(format!("{name:?} is no key: expected one of {}", names.join(", ")))
            }
        }
    }
}
