use linux_support_base::{
    ByteString, Bytes, CpuSet, GroupId, NumaNodeSet, ParseError, Pid, UserId,
    text::{self, decimal, fields, kibibytes, lines, split_once, take_decimal},
};
use linux_support_security::{capability::CapabilitySet, identity::Credentials};

use super::{NamespacePids, OtherLine, SeccompMode, Status, Umask, in_order};
use crate::{
    name::ProcessName,
    signals::{SignalQueue, SignalSet},
    state::State,
};

macro_rules! keys {
    ($($key:ident $text:literal,)*) => {
        /// The lines that are known, in the kernel's order.
        #[derive(Clone, Copy, PartialEq, Eq)]
        enum Key { $($key,)* }
        const KEYS: &[Known] = &[$(Known::new(concat!($text, ":").as_bytes(), $text, Key::$key),)*];
    };
}

keys! {
    Name "Name",
    Umask "Umask",
    State "State",
    Tgid "Tgid",
    Ngid "Ngid",
    Pid "Pid",
    PPid "PPid",
    TracerPid "TracerPid",
    Uid "Uid",
    Gid "Gid",
    FdSize "FDSize",
    Groups "Groups",
    NsTgid "NStgid",
    NsPid "NSpid",
    NsPgid "NSpgid",
    NsSid "NSsid",
    Kthread "Kthread",
    VmPeak "VmPeak",
    VmSize "VmSize",
    VmLck "VmLck",
    VmPin "VmPin",
    VmHwm "VmHWM",
    VmRss "VmRSS",
    RssAnon "RssAnon",
    RssFile "RssFile",
    RssShmem "RssShmem",
    VmData "VmData",
    VmStk "VmStk",
    VmExe "VmExe",
    VmLib "VmLib",
    VmPte "VmPTE",
    VmPmd "VmPMD",
    VmSwap "VmSwap",
    HugetlbPages "HugetlbPages",
    CoreDumping "CoreDumping",
    ThpEnabled "THP_enabled",
    UntagMask "untag_mask",
    Threads "Threads",
    SigQ "SigQ",
    SigPnd "SigPnd",
    ShdPnd "ShdPnd",
    SigBlk "SigBlk",
    SigIgn "SigIgn",
    SigCgt "SigCgt",
    CapInh "CapInh",
    CapPrm "CapPrm",
    CapEff "CapEff",
    CapBnd "CapBnd",
    CapAmb "CapAmb",
    NoNewPrivs "NoNewPrivs",
    Seccomp "Seccomp",
    SeccompFilters "Seccomp_filters",
    StoreBypass "Speculation_Store_Bypass",
    IndirectBranch "SpeculationIndirectBranch",
    CpusAllowed "Cpus_allowed",
    CpusAllowedList "Cpus_allowed_list",
    MemsAllowed "Mems_allowed",
    MemsAllowedList "Mems_allowed_list",
    Voluntary "voluntary_ctxt_switches",
    Nonvoluntary "nonvoluntary_ctxt_switches",
    ThreadFeatures "x86_Thread_features",
    ThreadFeaturesLocked "x86_Thread_features_locked",
}

/// A line that is known, by its key with its colon, so that one comparison tells both.
struct Known {
    text: &'static [u8],
    name: &'static str,
    key: Key,
    /// The first eight bytes, and which of them count: most keys are told by one comparison of integers.
    start: u64,
    mask: u64,
}

impl Known {
    const fn new(text: &'static [u8], name: &'static str, key: Key) -> Self {
        let (mut start, mut mask, mut at) = (0, 0, 0);
        while at < 8 && at < text.len() {
            start |= (text[at] as u64) << (8 * at);
            mask |= 0xff << (8 * at);
            at += 1;
        }
        Self { text, name, key, start, mask }
    }

    #[inline]
    fn value<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let Some(first) = line.first_chunk() else {
            return line.strip_prefix(self.text);
        };
        if u64::from_le_bytes(*first) & self.mask != self.start {
            return None;
        }
        let (text, line_rest) = match self.text.get(8..) {
            None => return Some(&line[self.text.len()..]),
            Some(text) => (text, &line[8..]),
        };
        line_rest.strip_prefix(text)
    }
}

/// The known line that `line` is, looked for from the one that the kernel's order makes likely; and its value.
#[inline]
fn find(line: &[u8], likely: usize) -> Option<(usize, &[u8])> {
    if let Some(known) = KEYS.get(likely)
        && let Some(value) = known.value(line)
    {
        return Some((likely, value));
    }
    (likely + 1..KEYS.len())
        .chain(0..likely.min(KEYS.len()))
        .find_map(|index| Some((index, KEYS[index].value(line)?)))
}

/// What must be there, and the masks that stand in for lists.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub(super) name: Option<ProcessName>,
    pub(super) state: Option<State>,
    pub(super) process: Option<Pid>,
    pub(super) pid: Option<Pid>,
    pub(super) parent: Option<Option<Pid>>,
    pub(super) tracer: Option<Option<Pid>>,
    pub(super) users: Option<Credentials<UserId>>,
    pub(super) groups: Option<Credentials<GroupId>>,
    pub(super) threads: Option<u32>,
    pub(super) cpus_mask: Option<&'a [u8]>,
    pub(super) nodes_mask: Option<&'a [u8]>,
}

impl Status {
    /// Reads the file.
    ///
    /// # Errors
    /// A malformed value of a known line, or one of the lines missing that every kernel writes: Name, State,
    /// Tgid, Pid, PPid, TracerPid, Uid, Gid, Threads.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut parts = Parts::default();
        let mut status = Self::empty();
        let rest = in_order::take(text, &mut status, &mut parts);
        status.take_lines(rest, &mut parts)?;
        status.finish(parts, &text[text.len()..])?;
        Ok(status)
    }

    /// Takes all lines of `text`, whatever their order and form.
    fn take_lines<'a>(&mut self, text: &'a [u8], parts: &mut Parts<'a>) -> Result<(), ParseError> {
        let mut likely = 0;
        for line in lines(text) {
            let Some((index, value)) = find(line, likely) else {
                self.keep(line);
                continue;
            };
            likely = index + 1;
            let Known { name, key, .. } = KEYS[index];
            let value = match key {
                // A name may begin or end with spaces.
                Key::Name => value.strip_prefix(b"\t").unwrap_or(value),
                _ => value.trim_ascii(),
            };
            self.set(parts, key, value).map_err(|error| error.in_field(name))?;
        }
        Ok(())
    }

    /// Puts in what was waited for until the `end` of the text.
    fn finish(&mut self, parts: Parts<'_>, end: &[u8]) -> Result<(), ParseError> {
        if let (None, Some(mask)) = (&self.cpus_allowed, parts.cpus_mask) {
            let set = CpuSet::parse_mask(mask).map_err(|error| error.in_field("Cpus_allowed"))?;
            self.cpus_allowed = Some(set);
        }
        if let (None, Some(mask)) = (&self.nodes_allowed, parts.nodes_mask) {
            let set = NumaNodeSet::parse_mask(mask).map_err(|error| error.in_field("Mems_allowed"))?;
            self.nodes_allowed = Some(set);
        }
        let missing = |name| ParseError::expected("one more line", end).in_field(name);
        self.name = parts.name.ok_or_else(|| missing("Name"))?;
        self.state = parts.state.ok_or_else(|| missing("State"))?;
        self.process = parts.process.ok_or_else(|| missing("Tgid"))?;
        self.pid = parts.pid.ok_or_else(|| missing("Pid"))?;
        self.parent = parts.parent.ok_or_else(|| missing("PPid"))?;
        self.tracer = parts.tracer.ok_or_else(|| missing("TracerPid"))?;
        self.users = parts.users.ok_or_else(|| missing("Uid"))?;
        self.groups = parts.groups.ok_or_else(|| missing("Gid"))?;
        self.threads = parts.threads.ok_or_else(|| missing("Threads"))?;
        Ok(())
    }

    fn set<'a>(&mut self, parts: &mut Parts<'a>, key: Key, value: &'a [u8]) -> Result<(), ParseError> {
        let memory = &mut self.memory;
        match key {
            Key::Name => parts.name = Some(ProcessName::new(&text::unescape_name(value))),
            Key::Umask => self.umask = Some(Umask::new(text::octal(value)?)),
            Key::State => {
                let letter = value.first().ok_or_else(|| ParseError::expected("a letter", value))?;
                parts.state = Some(State::from_letter(*letter));
            }
            Key::Tgid => parts.process = Some(Pid::parse(value)?),
            Key::Ngid => self.numa_group = Pid::parse_optional(value)?,
            Key::Pid => parts.pid = Some(Pid::parse(value)?),
            Key::PPid => parts.parent = Some(Pid::parse_optional(value)?),
            Key::TracerPid => parts.tracer = Some(Pid::parse_optional(value)?),
            Key::Uid => parts.users = Some(credentials(value)?),
            Key::Gid => parts.groups = Some(credentials(value)?),
            Key::FdSize => self.descriptor_slots = Some(decimal(value)?),
            Key::Groups => {
                self.supplementary_groups = fields(value).map(GroupId::parse).collect::<Result<_, _>>()?;
            }
            Key::NsTgid => self.namespace_processes = pids(value)?,
            Key::NsPid => self.namespace_pids = pids(value)?,
            Key::NsPgid => self.namespace_process_groups = pids(value)?,
            Key::NsSid => self.namespace_sessions = pids(value)?,
            Key::Kthread => self.kernel_thread = Some(text::boolean(value)?),
            Key::VmPeak => memory.virtual_peak = size(value)?,
            Key::VmSize => memory.virtual_size = size(value)?,
            Key::VmLck => memory.locked = size(value)?,
            Key::VmPin => memory.pinned = size(value)?,
            Key::VmHwm => memory.resident_peak = size(value)?,
            Key::VmRss => memory.resident = size(value)?,
            Key::RssAnon => memory.resident_anonymous = size(value)?,
            Key::RssFile => memory.resident_file = size(value)?,
            Key::RssShmem => memory.resident_shared = size(value)?,
            Key::VmData => memory.data = size(value)?,
            Key::VmStk => memory.stack = size(value)?,
            Key::VmExe => memory.code = size(value)?,
            Key::VmLib => memory.libraries = size(value)?,
            Key::VmPte => memory.page_tables = size(value)?,
            Key::VmPmd => memory.page_tables_second_level = size(value)?,
            Key::VmSwap => memory.swapped = size(value)?,
            Key::HugetlbPages => memory.huge_pages = size(value)?,
            Key::CoreDumping => self.dumping_core = Some(text::boolean(value)?),
            Key::ThpEnabled => self.transparent_huge_pages = Some(text::boolean(value)?),
            Key::UntagMask => self.untag_mask = Some(text::prefixed_hexadecimal(value)?),
            Key::Threads => parts.threads = Some(decimal(value)?),
            Key::SigQ => self.signal_queue = Some(SignalQueue::parse(value)?),
            Key::SigPnd => self.signals_pending = Some(SignalSet::parse(value)?),
            Key::ShdPnd => self.signals_pending_process = Some(SignalSet::parse(value)?),
            Key::SigBlk => self.signals_blocked = Some(SignalSet::parse(value)?),
            Key::SigIgn => self.signals_ignored = Some(SignalSet::parse(value)?),
            Key::SigCgt => self.signals_caught = Some(SignalSet::parse(value)?),
            Key::CapInh => self.capabilities_inheritable = Some(CapabilitySet::parse(value)?),
            Key::CapPrm => self.capabilities_permitted = Some(CapabilitySet::parse(value)?),
            Key::CapEff => self.capabilities_effective = Some(CapabilitySet::parse(value)?),
            Key::CapBnd => self.capabilities_bounding = Some(CapabilitySet::parse(value)?),
            Key::CapAmb => self.capabilities_ambient = Some(CapabilitySet::parse(value)?),
            Key::NoNewPrivs => self.no_new_privileges = Some(text::boolean(value)?),
            Key::Seccomp => self.seccomp = Some(SeccompMode::from_number(decimal(value)?)),
            Key::SeccompFilters => self.seccomp_filters = Some(decimal(value)?),
            Key::StoreBypass => self.speculative_store_bypass = Some(value.into()),
            Key::IndirectBranch => self.speculative_indirect_branch = Some(value.into()),
            Key::CpusAllowed => parts.cpus_mask = Some(value),
            Key::CpusAllowedList => self.cpus_allowed = Some(CpuSet::parse_list(value)?),
            Key::MemsAllowed => parts.nodes_mask = Some(value),
            Key::MemsAllowedList => self.nodes_allowed = Some(NumaNodeSet::parse_list(value)?),
            Key::Voluntary => self.voluntary_switches = Some(decimal(value)?),
            Key::Nonvoluntary => self.involuntary_switches = Some(decimal(value)?),
            Key::ThreadFeatures => self.thread_features = Some(words(value)),
            Key::ThreadFeaturesLocked => self.thread_features_locked = Some(words(value)),
        }
        Ok(())
    }

    #[cold]
    fn keep(&mut self, line: &[u8]) {
        let (key, value) = split_once(line, b':').unwrap_or((line, b""));
        if !line.trim_ascii().is_empty() {
            let (key, value) = (key.trim_ascii().into(), value.trim_ascii().into());
            self.other.push(OtherLine { key, value });
        }
    }
}

#[inline]
fn size(value: &[u8]) -> Result<Option<Bytes>, ParseError> {
    kibibytes(value).map(Some)
}

#[inline]
fn credentials<T: From<u32>>(mut value: &[u8]) -> Result<Credentials<T>, ParseError> {
    let mut next = || take_decimal::<u32>(&mut value).map(T::from);
    Ok(Credentials { real: next()?, effective: next()?, saved: next()?, filesystem: next()? })
}

fn pids(value: &[u8]) -> Result<NamespacePids, ParseError> {
    let mut pids = NamespacePids::default();
    for field in fields(value) {
        pids.push(Pid::parse_optional(field)?);
    }
    Ok(pids)
}

fn words(value: &[u8]) -> Vec<ByteString> {
    fields(value).map(ByteString::from).collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
