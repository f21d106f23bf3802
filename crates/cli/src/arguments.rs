//! The command line.

mod processes;
mod sockets;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, builder::TypedValueParser};
use linux_support::base::{Bytes, Pid};

pub(crate) use self::{
    processes::{Key, Listing, Order},
    sockets::SocketQuery,
};

/// See a Linux machine: CPUs, topology, memory, NUMA, PCI, cgroups, mounts, processes, kernel.
///
/// Without a command: `inspect summary`.
#[derive(Debug, Parser)]
#[command(name = "linux-support", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a machine: this one, or one that was captured
    Inspect(Inspect),
    /// Save what `inspect` reads of this machine into a directory, to look at elsewhere
    ///
    /// The environment variables of processes, /etc/shadow, keys and /proc/kcore are never saved; the command
    /// lines of other users' processes only with --with-processes. What processes have mapped is saved, the
    /// largest first, as far as --process-memory allows, and what that leaves out is told.
    Capture(Capture),
    /// Print the JSON Schema of what `inspect --format json` prints
    Schema,
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the man pages into a directory
    #[command(hide = true)]
    ManPages {
        /// The directory; it must be there
        directory: PathBuf,
    },
}

#[derive(Debug, Default, Args)]
pub(crate) struct Inspect {
    /// What to show; the summary, if nothing is given (with --format json: all)
    #[command(subcommand)]
    pub(crate) section: Option<Section>,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Debug, Default, Args)]
pub(crate) struct Options {
    /// How to print it
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) format: Format,
    /// Read the machine that was captured into this directory
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) machine: Option<PathBuf>,
    /// Write into this file instead of standard output
    #[arg(short, long, value_name = "FILE", global = true)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: aligned, in colour on a terminal
    #[default]
    Text,
    /// For programs: complete and stable
    Json,
    /// A picture (of the topology, and of a process with --memory)
    Svg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Section {
    /// The machine at a glance
    Summary,
    /// Model, features, frequency, vulnerabilities, sets of CPUs
    Cpu,
    /// Packages, dies, clusters, cores, threads, caches and NUMA nodes
    Topology,
    /// Meminfo, overcommit, swap, pressure, shared segments, KSM, DAMON, zones, slabs, blocks; per node too
    Memory,
    /// NUMA nodes: distances, speed, tiers, policies, weights, statistics, settings
    Numa,
    /// Huge pages: pools, mounts, boot settings, transparent ones, and the processes on them
    #[command(alias = "huge-pages")]
    Hugepages,
    /// Interrupts: counts, names, affinity
    Interrupts,
    /// Which CPUs are really left alone by ticks, interrupts and kernel threads, and what to change
    Isolation {
        /// For how long to count what comes to them; 0 to count nothing
        #[arg(long, value_name = "SECONDS", default_value_t = 1, allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(..=3600))]
        seconds: u32,
    },
    /// PCI devices
    Pci,
    /// Mounts
    Mounts,
    /// File systems: the kinds that the kernel knows, and the use of those mounted
    Filesystems,
    /// Control groups: hierarchies, controllers, use; or those of one process
    Cgroups {
        /// The number of the process
        #[arg(value_name = "PID", value_parser = process_number())]
        pid: Option<Pid>,
    },
    /// Who has capabilities; or those of one process
    Capabilities {
        /// The number of the process
        #[arg(value_name = "PID", value_parser = process_number())]
        pid: Option<Pid>,
    },
    /// Namespaces: who is in them, and what else keeps them; or those of one process
    Namespaces {
        /// The number of the process
        #[arg(value_name = "PID", value_parser = process_number())]
        pid: Option<Pid>,
    },
    /// How the system calls of a process are filtered
    Seccomp {
        /// The number of the process
        #[arg(value_name = "PID", value_parser = process_number())]
        pid: Pid,
    },
    /// Users, groups and the numbers for their namespaces; or who a process is
    Users {
        /// The number of the process
        #[arg(value_name = "PID", value_parser = process_number())]
        pid: Option<Pid>,
    },
    /// All processes
    Processes(Listing),
    /// One process
    Process {
        /// The number of the process
        #[arg(value_name = "PID", allow_negative_numbers = true, value_parser = process_number())]
        pid: Pid,
        /// What it has mapped, in place of the rest; with --format svg, a picture of it
        #[arg(long)]
        memory: bool,
    },
    /// Who descends from whom among the processes
    Tree,
    /// What signals meet in a process: those it ignores, catches and blocks, and those that wait
    Signals {
        /// The number of the process
        #[arg(value_name = "PID", allow_negative_numbers = true, value_parser = process_number())]
        pid: Pid,
    },
    /// Sockets: their states, addresses, queues and owners, and who holds them
    ///
    /// Those of every network namespace that a process is in. How many connections a listening socket may have waiting is not
    /// told, nor are queues, peers and owners of sockets within the machine: /proc does not have them.
    Sockets(SocketQuery),
    /// Loaded modules
    Modules,
    /// The kernel: version, command line, configuration, taint, hardening
    Kernel,
    /// System-wide limits, and their use; or those of one process
    Limits {
        /// The number of the process
        #[arg(value_name = "PID", allow_negative_numbers = true, value_parser = process_number())]
        pid: Option<Pid>,
    },
    /// Everything but single processes and their tree; for isolation, nothing is counted
    /// Everything but single processes, their tree, sockets and isolation
    All,
}

/// Reads the number of a process.
fn process_number() -> impl TypedValueParser<Value = Pid> {
    let expected = "expected a number from 1 to 2147483647";
    clap::builder::NonEmptyStringValueParser::new()
        .try_map(move |text| text.parse().ok().and_then(Pid::new).ok_or(expected))
}

#[derive(Debug, Args)]
pub(crate) struct Capture {
    /// A new or an empty directory
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Save the command lines of other users' processes too
    #[arg(long)]
    pub(crate) with_processes: bool,
    /// How much to save of what processes have mapped, at most a quarter of it for one; 0 for nothing
    #[arg(long, value_name = "SIZE", default_value = "32M", allow_negative_numbers = true)]
    pub(crate) process_memory: Bytes,
    /// Print nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}
