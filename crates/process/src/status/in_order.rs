//! The lines as the kernel mostly writes them: each in its place and in its usual form.
//!
//! They are taken one after the other, without looking for which line it is and where it ends. The first that is in
//! another place or form is left, with all that follow, to [`Status::set`](super::Status), which finds its errors too.

use linux_support_base::{
    Bytes, CpuSet, GroupId, NumaNodeSet, Pid,
    text::{self, Integer, fields, find_near, hexadecimal_digits, take_decimal, take_kibibytes},
};
use linux_support_security::{capability::CapabilitySet, identity::Credentials};

use super::{NamespacePids, SeccompMode, Speculation, Status, Umask, parse::Parts};
use crate::{
    name::ProcessName,
    signals::{SignalQueue, SignalSet},
    state::State,
};

/// What has not been taken yet.
struct Rest<'a>(&'a [u8]);

/// The lines of masks, which follow one another.
const MASKS: [[u8; 8]; 10] = [
    *b"SigPnd:\t",
    *b"ShdPnd:\t",
    *b"SigBlk:\t",
    *b"SigIgn:\t",
    *b"SigCgt:\t",
    *b"CapInh:\t",
    *b"CapPrm:\t",
    *b"CapEff:\t",
    *b"CapBnd:\t",
    *b"CapAmb:\t",
];
/// How long a line of a mask is: key, 16 digits, newline.
const MASK_LINE: usize = 25;

impl<'a> Rest<'a> {
    /// What follows `key`, if the next line has it.
    #[inline(always)]
    fn after<const N: usize>(&self, key: &[u8; N]) -> Option<&'a [u8]> {
        let (head, after) = self.0.split_first_chunk()?;
        (head == key).then_some(after)
    }

    /// The value in the line of this `key`.
    #[inline(always)]
    fn value<const N: usize>(&mut self, key: &[u8; N]) -> Option<&'a [u8]> {
        let after = self.after(key)?;
        let end = find_near(b'\n', after)?;
        self.0 = &after[end + 1..];
        Some(&after[..end])
    }

    /// As [`value`](Self::value), if `read` can read it.
    #[inline(always)]
    fn read<T, const N: usize>(
        &mut self,
        key: &[u8; N],
        read: impl FnOnce(&'a [u8]) -> Option<T>,
    ) -> Option<T> {
        let before = self.0;
        let value = read(self.value(key)?.trim_ascii());
        if value.is_none() {
            self.0 = before;
        }
        value
    }

    #[inline(always)]
    fn number<T: Integer, const N: usize>(&mut self, key: &[u8; N]) -> Option<T> {
        let mut after = self.after(key)?;
        let number = take_before(&mut after, b'\n')?;
        self.0 = after;
        Some(number)
    }

    /// A process number; `None` within for 0.
    #[inline(always)]
    fn pid<const N: usize>(&mut self, key: &[u8; N]) -> Option<Option<Pid>> {
        let mut after = self.after(key)?;
        let pid = take_pid(&mut after, b'\n')?;
        self.0 = after;
        Some(pid)
    }

    #[inline(always)]
    fn process<const N: usize>(&mut self, key: &[u8; N]) -> Option<Pid> {
        let before = self.0;
        let pid = self.pid(key)?;
        if pid.is_none() {
            self.0 = before;
        }
        pid
    }

    #[inline(always)]
    fn pids<const N: usize>(&mut self, key: &[u8; N], pids: &mut NamespacePids) {
        let Some(mut after) = self.after(key) else { return };
        let mut taken = NamespacePids::default();
        // The reader's own namespace is mostly the only one.
        while let Some(pid) = take_pid(&mut after, b'\t') {
            taken.push(pid);
        }
        if let Some(pid) = take_pid(&mut after, b'\n') {
            taken.push(pid);
            (*pids, self.0) = (taken, after);
        }
    }

    #[inline(always)]
    fn credentials<T: From<u32>, const N: usize>(&mut self, key: &[u8; N]) -> Option<Credentials<T>> {
        let mut after = self.after(key)?;
        let credentials = Credentials {
            real: take_before::<u32>(&mut after, b'\t')?.into(),
            effective: take_before::<u32>(&mut after, b'\t')?.into(),
            saved: take_before::<u32>(&mut after, b'\t')?.into(),
            filesystem: take_before::<u32>(&mut after, b'\n')?.into(),
        };
        self.0 = after;
        Some(credentials)
    }

    #[inline(always)]
    fn size<const N: usize>(&mut self, key: &[u8; N]) -> Option<Bytes> {
        let mut after = self.after(key)?;
        let bytes = Bytes::from_kib(take_kibibytes(&mut after)?)?;
        self.0 = after;
        Some(bytes)
    }

    #[inline(always)]
    fn boolean<const N: usize>(&mut self, key: &[u8; N]) -> Option<bool> {
        let (value, after) = match self.after(key)? {
            [b'0', b'\n', after @ ..] => (false, after),
            [b'1', b'\n', after @ ..] => (true, after),
            _ => return None,
        };
        self.0 = after;
        Some(value)
    }

    /// The lines of signals and capabilities, all or none.
    #[inline(always)]
    fn masks(&mut self) -> Option<[u64; MASKS.len()]> {
        let (text, after) = self.0.split_first_chunk::<{ MASK_LINE * MASKS.len() }>()?;
        let mut masks = [0; MASKS.len()];
        let mut regular = true;
        let lines = text.as_chunks::<{ 2 * MASK_LINE }>().0;
        for ((pair, keys), masks) in
            lines.iter().zip(MASKS.as_chunks::<2>().0).zip(masks.as_chunks_mut::<2>().0)
        {
            let mut digits = [0; 32];
            for ((line, key), digits) in
                pair.as_chunks::<MASK_LINE>().0.iter().zip(keys).zip(digits.as_chunks_mut::<16>().0)
            {
                regular &= line.starts_with(key) && line.ends_with(b"\n");
                digits.copy_from_slice(&line[8..24]);
            }
            let both = hexadecimal_digits(digits)?;
            *masks = [(both >> 64) as u64, both as u64];
        }
        regular.then(|| {
            self.0 = after;
            masks
        })
    }
}

/// Takes a number and the byte `end` after it.
#[inline(always)]
fn take_before<T: Integer>(rest: &mut &[u8], end: u8) -> Option<T> {
    let mut after = *rest;
    let number = take_decimal(&mut after).ok()?;
    if rest.get(rest.len() - after.len() - 1) != Some(&end) {
        return None;
    }
    *rest = after;
    Some(number)
}

/// Takes a process number, or 0 for none, and the byte `end` after it.
#[inline(always)]
fn take_pid(rest: &mut &[u8], end: u8) -> Option<Option<Pid>> {
    let mut after = *rest;
    let number: i32 = take_before(&mut after, end)?;
    if number < 0 {
        return None;
    }
    *rest = after;
    Some(Pid::new(number))
}

/// Takes lines from the start of `text`, and gives those that are left.
pub(super) fn take<'a>(text: &'a [u8], status: &mut Status, parts: &mut Parts<'a>) -> &'a [u8] {
    let mut rest = Rest(text);
    parts.name = rest.value(b"Name:\t").map(|name| ProcessName::new(&text::unescape_name(name)));
    status.umask = rest.read(b"Umask:\t", |bits| text::octal(bits).ok().map(Umask::new));
    parts.state = rest.read(b"State:\t", |words| words.first().map(|&letter| State::from_letter(letter)));
    parts.process = rest.process(b"Tgid:\t");
    status.numa_group = rest.pid(b"Ngid:\t").flatten();
    parts.pid = rest.process(b"Pid:\t");
    parts.parent = rest.pid(b"PPid:\t");
    parts.tracer = rest.pid(b"TracerPid:\t");
    parts.users = rest.credentials(b"Uid:\t");
    parts.groups = rest.credentials(b"Gid:\t");
    status.descriptor_slots = rest.number(b"FDSize:\t");
    if let Some(groups) =
        rest.read(b"Groups:\t", |groups| fields(groups).map(GroupId::parse).collect::<Result<_, _>>().ok())
    {
        status.supplementary_groups = groups;
    }
    rest.pids(b"NStgid:\t", &mut status.namespace_processes);
    rest.pids(b"NSpid:\t", &mut status.namespace_pids);
    rest.pids(b"NSpgid:\t", &mut status.namespace_process_groups);
    rest.pids(b"NSsid:\t", &mut status.namespace_sessions);
    status.kernel_thread = rest.boolean(b"Kthread:\t");
    let memory = &mut status.memory;
    memory.virtual_peak = rest.size(b"VmPeak:\t");
    memory.virtual_size = rest.size(b"VmSize:\t");
    memory.locked = rest.size(b"VmLck:\t");
    memory.pinned = rest.size(b"VmPin:\t");
    memory.resident_peak = rest.size(b"VmHWM:\t");
    memory.resident = rest.size(b"VmRSS:\t");
    memory.resident_anonymous = rest.size(b"RssAnon:\t");
    memory.resident_file = rest.size(b"RssFile:\t");
    memory.resident_shared = rest.size(b"RssShmem:\t");
    memory.data = rest.size(b"VmData:\t");
    memory.stack = rest.size(b"VmStk:\t");
    memory.code = rest.size(b"VmExe:\t");
    memory.libraries = rest.size(b"VmLib:\t");
    memory.page_tables = rest.size(b"VmPTE:\t");
    memory.swapped = rest.size(b"VmSwap:\t");
    memory.huge_pages = rest.size(b"HugetlbPages:\t");
    status.dumping_core = rest.boolean(b"CoreDumping:\t");
    status.transparent_huge_pages = rest.boolean(b"THP_enabled:\t");
    status.untag_mask = rest.read(b"untag_mask:\t", |mask| text::prefixed_hexadecimal(mask).ok());
    parts.threads = rest.number(b"Threads:\t");
    status.signal_queue = rest.read(b"SigQ:\t", |queue| SignalQueue::parse(queue).ok());
    if let Some([pending, pending_process, blocked, ignored, caught, capabilities @ ..]) = rest.masks() {
        status.signals_pending = Some(SignalSet::from_bits(pending));
        status.signals_pending_process = Some(SignalSet::from_bits(pending_process));
        status.signals_blocked = Some(SignalSet::from_bits(blocked));
        status.signals_ignored = Some(SignalSet::from_bits(ignored));
        status.signals_caught = Some(SignalSet::from_bits(caught));
        let [inheritable, permitted, effective, bounding, ambient] =
            capabilities.map(CapabilitySet::from_bits);
        status.capabilities_inheritable = Some(inheritable);
        status.capabilities_permitted = Some(permitted);
        status.capabilities_effective = Some(effective);
        status.capabilities_bounding = Some(bounding);
        status.capabilities_ambient = Some(ambient);
    }
    status.no_new_privileges = rest.boolean(b"NoNewPrivs:\t");
    status.seccomp = rest.number(b"Seccomp:\t").map(SeccompMode::from_number);
    status.seccomp_filters = rest.number(b"Seccomp_filters:\t");
    let speculation = |words| Some(Speculation::from(words));
    status.speculative_store_bypass = rest.read(b"Speculation_Store_Bypass:\t", speculation);
    status.speculative_indirect_branch = rest.read(b"SpeculationIndirectBranch:\t", speculation);
    parts.cpus_mask = rest.read(b"Cpus_allowed:\t", Some);
    status.cpus_allowed = rest.read(b"Cpus_allowed_list:\t", |list| CpuSet::parse_list(list).ok());
    parts.nodes_mask = rest.read(b"Mems_allowed:\t", Some);
    status.nodes_allowed = rest.read(b"Mems_allowed_list:\t", |list| NumaNodeSet::parse_list(list).ok());
    status.voluntary_switches = rest.number(b"voluntary_ctxt_switches:\t");
    status.involuntary_switches = rest.number(b"nonvoluntary_ctxt_switches:\t");
    rest.0
}
