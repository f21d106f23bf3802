use core::{fmt, time::Duration};

use linux_support_base::{
    ByteString, Bytes, ParseError,
    text::{boolean, prefixed_hexadecimal},
};

use super::entries::Entries;
use crate::serialize::plain_number;

plain_number! {
    /// What a map of BPF is, by the kernel's number: see [`name`](Self::name).
    BpfMapType(u32), "The kernel's number of a type of BPF maps."
}

plain_number! {
    /// What a program of BPF is, by the kernel's number: see [`name`](Self::name).
    BpfProgramType(u32), "The kernel's number of a type of BPF programs."
}

plain_number! {
    /// The number by which the kernel knows an object of BPF; each kind has its own.
    BpfId(u32), "The number of an object of BPF."
}

const MAP_TYPES: [&str; 35] = [
    "unspecified",
    "hash",
    "array",
    "program-array",
    "perf-event-array",
    "per-cpu-hash",
    "per-cpu-array",
    "stack-trace",
    "cgroup-array",
    "lru-hash",
    "lru-per-cpu-hash",
    "longest-prefix-trie",
    "array-of-maps",
    "hash-of-maps",
    "device-map",
    "socket-map",
    "cpu-map",
    "xdp-socket-map",
    "socket-hash",
    "cgroup-storage-deprecated",
    "reuse-port-socket-array",
    "per-cpu-cgroup-storage-deprecated",
    "queue",
    "stack",
    "socket-storage",
    "device-map-hash",
    "structure-operations",
    "ring-buffer",
    "inode-storage",
    "task-storage",
    "bloom-filter",
    "user-ring-buffer",
    "cgroup-storage",
    "arena",
    "instruction-array",
];

const PROGRAM_TYPES: [&str; 33] = [
    "unspecified",
    "socket-filter",
    "kernel-probe",
    "traffic-classifier",
    "traffic-action",
    "trace-point",
    "express-data-path",
    "perf-event",
    "cgroup-packet",
    "cgroup-socket",
    "tunnel-in",
    "tunnel-out",
    "tunnel-transmit",
    "socket-operations",
    "stream-parser",
    "cgroup-device",
    "socket-message",
    "raw-trace-point",
    "cgroup-socket-address",
    "tunnel-segment-6-local",
    "infrared-mode-2",
    "reuse-port-selection",
    "flow-dissector",
    "cgroup-sysctl",
    "raw-trace-point-writable",
    "cgroup-socket-option",
    "tracing",
    "structure-operations",
    "extension",
    "security-module",
    "socket-lookup",
    "system-call",
    "netfilter",
];

macro_rules! names {
    ($($name:ident $names:ident $alias:literal)*) => {$(
        impl $name {
            /// Its name, spelled out; `None` for one that is not known here.
            #[doc(alias = $alias)]
            #[must_use]
            pub fn name(self) -> Option<&'static str> {
                $names.get(usize::try_from(self.get()).ok()?).copied()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => write!(f, "type-{}", self.get()),
                }
            }
        }
    )*};
}

names! {
    BpfMapType MAP_TYPES "bpf_map_type"
    BpfProgramType PROGRAM_TYPES "bpf_prog_type"
}

/// A map of BPF, as fdinfo shows it.
///
/// # Source
/// bpf(2); kernel/bpf/syscall.c, bpf_map_show_fdinfo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BpfMap {
    /// What it is.
    pub kind: BpfMapType,
    /// How long its keys are.
    pub key_size: Bytes,
    /// How long its values are.
    pub value_size: Bytes,
    /// How many entries it can have.
    pub entries_max: u32,
    /// The flags that it was made with.
    pub flags: u32,
    /// What it was made with beyond that, by its type. Since 5.16.
    pub extra: Option<u64>,
    /// The memory that it takes.
    #[doc(alias = "memlock")]
    pub memory: Bytes,
    /// Its number.
    pub id: Option<BpfId>,
    /// Whether programs of users can't change it any more.
    pub is_frozen: Option<bool>,
    /// The type of the programs in it, where it holds programs.
    pub owner: Option<BpfProgramType>,
    /// Whether those were compiled.
    pub is_owner_compiled: Option<bool>,
}

impl BpfMap {
    pub(super) fn take(entries: &mut Entries<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            kind: BpfMapType::new(entries.required("map_type")?),
            key_size: Bytes::new(entries.required("key_size")?),
            value_size: Bytes::new(entries.required("value_size")?),
            entries_max: entries.required("max_entries")?,
            flags: entries.required_with("map_flags", prefixed_hexadecimal)?,
            extra: entries.optional_with("map_extra", prefixed_hexadecimal)?,
            memory: Bytes::new(entries.required("memlock")?),
            id: entries.optional("map_id")?.map(BpfId::new),
            is_frozen: entries.optional_with("frozen", boolean)?,
            owner: entries.optional("owner_prog_type")?.map(BpfProgramType::new),
            is_owner_compiled: entries.optional_with("owner_jited", boolean)?,
        })
    }
}

/// A program of BPF, as fdinfo shows it.
///
/// # Source
/// bpf(2); kernel/bpf/syscall.c, bpf_prog_show_fdinfo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BpfProgram {
    /// What it is.
    pub kind: BpfProgramType,
    /// Whether it was compiled.
    pub is_compiled: bool,
    /// A digest of its instructions, in hexadecimal digits.
    pub tag: ByteString,
    /// The memory that it takes.
    #[doc(alias = "memlock")]
    pub memory: Bytes,
    /// Its number.
    pub id: BpfId,
    /// How long it ran, where `kernel.bpf_stats_enabled` is 1.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "run_time_seconds", serialize_with = "crate::serialize::seconds::optional")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub run_time: Option<Duration>,
    /// How often it ran, where `kernel.bpf_stats_enabled` is 1.
    pub runs: Option<u64>,
    /// How often it was not run because it was running.
    pub recursion_misses: Option<u64>,
    /// How many instructions the verifier went through. Since 5.16.
    pub verified_instructions: Option<u32>,
}

impl BpfProgram {
    pub(super) fn take(entries: &mut Entries<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            kind: BpfProgramType::new(entries.required("prog_type")?),
            is_compiled: entries.required_with("prog_jited", boolean)?,
            tag: entries.required_with("prog_tag", |tag| Ok(tag.into()))?,
            memory: Bytes::new(entries.required("memlock")?),
            id: BpfId::new(entries.required("prog_id")?),
            run_time: entries.optional("run_time_ns")?.map(Duration::from_nanos),
            runs: entries.optional("run_cnt")?,
            recursion_misses: entries.optional("recursion_misses")?,
            verified_instructions: entries.optional("verified_insns")?,
        })
    }
}

/// A link of BPF: a program in its place. What some kinds of links say beyond this is in
/// [`DescriptorInfo::other`](super::DescriptorInfo::other).
///
/// # Source
/// bpf(2); kernel/bpf/syscall.c, bpf_link_show_fdinfo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BpfLink {
    /// What it is: `tracing`, `xdp`, `netns`, `kprobe_multi` …
    pub kind: ByteString,
    /// Its number.
    pub id: BpfId,
    /// The digest of the program's instructions; `None` for a link without a program.
    pub program_tag: Option<ByteString>,
    /// The program's number; `None` for a link without a program.
    pub program: Option<BpfId>,
}

impl BpfLink {
    pub(super) fn take(entries: &mut Entries<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            kind: entries.required_with("link_type", |kind| Ok(kind.into()))?,
            id: BpfId::new(entries.required("link_id")?),
            program_tag: entries.take("prog_tag").map(ByteString::from),
            program: entries.optional("prog_id")?.map(BpfId::new),
        })
    }
}
