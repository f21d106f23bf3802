use proptest::prelude::*;

use super::*;
use linux_support_security::capability::Capability;

use crate::status::Speculation;

const PROGRAM: &[u8] = b"Name:\tcat\nUmask:\t0022\nState:\tR (running)\nTgid:\t9623\nNgid:\t0\nPid:\t9624\nPPid:\t9621\n\
    TracerPid:\t0\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nFDSize:\t256\nGroups:\t4 27 \nNStgid:\t9623\t7\n\
    NSpid:\t9624\t8\nNSpgid:\t9621\t0\nNSsid:\t7808\t0\nKthread:\t0\nVmPeak:\t    3060 kB\nVmSize:\t    3061 kB\n\
    VmLck:\t       1 kB\nVmPin:\t       2 kB\nVmHWM:\t    1768 kB\nVmRSS:\t    1769 kB\nRssAnon:\t     116 kB\n\
    RssFile:\t    1652 kB\nRssShmem:\t       3 kB\nVmData:\t     360 kB\nVmStk:\t     132 kB\n\
    VmExe:\t      20 kB\nVmLib:\t    1528 kB\nVmPTE:\t      44 kB\nVmSwap:\t       5 kB\n\
    HugetlbPages:\t    2048 kB\nCoreDumping:\t0\nTHP_enabled:\t1\nuntag_mask:\t0xffffffffffffffff\nThreads:\t2\n\
    SigQ:\t0/96364\nSigPnd:\t0000000000000001\nShdPnd:\t0000000000000002\nSigBlk:\t0000000000000004\n\
    SigIgn:\t0000000000000008\nSigCgt:\t0000000000000010\nCapInh:\t0000000000000000\nCapPrm:\t000001fffeffffff\n\
    CapEff:\t0000000000200000\nCapBnd:\t000001fffeffffff\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n\
    Seccomp_filters:\t3\nSpeculation_Store_Bypass:\tvulnerable\nSpeculationIndirectBranch:\tconditional disabled\n\
    Cpus_allowed:\tf\nCpus_allowed_list:\t0-1\nMems_allowed:\t00000000,00000003\nMems_allowed_list:\t0\n\
    voluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t34\nx86_Thread_features:\tshstk \n\
    x86_Thread_features_locked:\tshstk wrss \n";

const KERNEL_THREAD: &[u8] =
    b"Name:\tkthreadd\nState:\tS (sleeping)\nTgid:\t2\nPid:\t2\nPPid:\t0\nTracerPid:\t0\n\
    Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nThreads:\t1\nCpus_allowed:\tff\nMems_allowed:\t5\n";

fn with(text: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = str::from_utf8(text).unwrap();
    assert!(text.contains(from));
    text.replace(from, to).into_bytes()
}

fn kib(kib: u64) -> Option<Bytes> {
    Bytes::from_kib(kib)
}

#[test]
fn every_line_is_read() {
    let status = Status::parse(PROGRAM).unwrap();
    assert_eq!((status.name.as_str(), status.state), (Some("cat"), State::Running));
    assert_eq!((status.process.number(), status.pid.number()), (9623, 9624));
    assert_eq!((status.parent, status.tracer, status.numa_group), (Pid::new(9621), None, None));
    let users = status.users;
    assert_eq!((users.real.number(), users.effective.number()), (1, 2));
    assert_eq!((users.saved.number(), users.filesystem.number()), (3, 4));
    assert_eq!((status.groups.real.number(), status.groups.filesystem.number()), (5, 8));
    assert_eq!(status.umask.unwrap().to_string(), "0022");
    assert_eq!(status.descriptor_slots, Some(256));
    assert_eq!(status.supplementary_groups, [GroupId::new(4), GroupId::new(27)]);
    assert_eq!(*status.namespace_processes, [Pid::new(9623), Pid::new(7)]);
    assert_eq!(*status.namespace_pids, [Pid::new(9624), Pid::new(8)]);
    assert_eq!(*status.namespace_process_groups, [Pid::new(9621), None]);
    assert_eq!(*status.namespace_sessions, [Pid::new(7808), None]);
    assert_eq!(status.kernel_thread, Some(false));
    let memory = &status.memory;
    assert_eq!((memory.virtual_peak, memory.virtual_size), (kib(3060), kib(3061)));
    assert_eq!((memory.locked, memory.pinned), (kib(1), kib(2)));
    assert_eq!((memory.resident_peak, memory.resident), (kib(1768), kib(1769)));
    assert_eq!((memory.resident_anonymous, memory.resident_file), (kib(116), kib(1652)));
    assert_eq!((memory.resident_shared, memory.data, memory.stack), (kib(3), kib(360), kib(132)));
    assert_eq!((memory.code, memory.libraries, memory.page_tables), (kib(20), kib(1528), kib(44)));
    assert_eq!((memory.swapped, memory.huge_pages), (kib(5), kib(2048)));
    assert_eq!(memory.page_tables_second_level, None);
    assert_eq!((status.dumping_core, status.transparent_huge_pages), (Some(false), Some(true)));
    assert_eq!((status.untag_mask, status.threads), (Some(u64::MAX), 2));
    assert_eq!(status.signal_queue, Some(SignalQueue { queued: 0, limit: 96364 }));
    assert_eq!(status.signals_pending.unwrap().bits(), 1);
    assert_eq!(status.signals_pending_process.unwrap().bits(), 2);
    assert_eq!(status.signals_blocked.unwrap().bits(), 4);
    assert_eq!(status.signals_ignored.unwrap().bits(), 8);
    assert_eq!(status.signals_caught.unwrap().bits(), 16);
    assert!(status.capabilities_inheritable.unwrap().is_empty());
    let admin = Capability::from_name("CAP_SYS_ADMIN").unwrap();
    assert!(status.capabilities_effective.unwrap().contains(admin));
    assert_eq!(status.capabilities_permitted, status.capabilities_bounding);
    assert!(status.capabilities_ambient.unwrap().is_empty());
    assert_eq!((status.no_new_privileges, status.seccomp), (Some(true), Some(SeccompMode::Filter)));
    assert_eq!(status.seccomp_filters, Some(3));
    assert_eq!(status.speculative_store_bypass, Some(Speculation::Enabled));
    assert_eq!(status.speculative_indirect_branch, Some(Speculation::ThreadDisabled));
    assert_eq!(status.cpus_allowed.unwrap().to_string(), "0-1");
    assert_eq!(status.nodes_allowed.unwrap().to_string(), "0");
    assert_eq!((status.voluntary_switches, status.involuntary_switches), (Some(12), Some(34)));
    assert_eq!(status.thread_features.unwrap(), ["shstk"]);
    assert_eq!(status.thread_features_locked.unwrap(), ["shstk", "wrss"]);
    assert!(status.other.is_empty());
}

#[test]
fn masks_stand_in_for_missing_lists() {
    let status = Status::parse(KERNEL_THREAD).unwrap();
    assert_eq!(status.cpus_allowed.unwrap().to_string(), "0-7");
    assert_eq!(status.nodes_allowed.unwrap().to_string(), "0,2");
    assert_eq!((status.parent, status.memory), (None, super::super::MemoryUse::default()));
}

#[test]
fn a_missing_last_newline_changes_nothing() {
    assert_eq!(Status::parse(PROGRAM.trim_ascii_end()), Status::parse(PROGRAM));
}

#[test]
fn the_order_of_the_lines_does_not_matter() {
    let mut reversed: Vec<&[u8]> = lines(PROGRAM).collect();
    reversed.reverse();
    assert_eq!(Status::parse(&reversed.join(&b'\n')), Status::parse(PROGRAM));
}

#[test]
fn a_key_not_known_here_is_kept_and_hides_nothing() {
    let text = with(PROGRAM, "Threads:\t2\n", "Utrace:\t0\nNewKey:\ta: b \nno colon\n\nThreads:\t2\n");
    let mut status = Status::parse(&text).unwrap();
    let other: Vec<_> =
        status.other.iter().map(|line| (line.key.to_string(), line.value.to_string())).collect();
    let expected = [("Utrace", "0"), ("NewKey", "a: b"), ("no colon", "")];
    assert_eq!(other, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    status.other.clear();
    assert_eq!(Ok(status), Status::parse(PROGRAM));
}

#[test]
fn the_escapes_of_a_name_are_undone() {
    let named = |name| Status::parse(&with(PROGRAM, "Name:\tcat", name)).unwrap().name;
    assert_eq!(named(r"Name:	a\nb\\n").as_bytes(), b"a\nb\\n");
    assert_eq!(named("Name:\t) (").as_bytes(), b") (");
    assert_eq!(named("Name:\tPid:\t1").as_bytes(), b"Pid:\t1");
    assert_eq!(named("Name:\t").as_bytes(), b"");
}

#[test]
fn malformed_lines_are_named() {
    for (from, to, field, line) in [
        ("VmRSS:\t    1769 kB", "VmRSS:\t 17", "VmRSS", 23),
        ("Pid:\t9624\nPPid", "Pid:\t0\nPPid", "Pid", 6),
        ("Uid:\t1\t2\t3\t4", "Uid:\t1\t2\t3", "Uid", 9),
        ("Seccomp:\t2", "Seccomp:\tx", "Seccomp", 50),
        ("Cpus_allowed_list:\t0-1", "Cpus_allowed_list:\t1-0", "CPU list", 55),
    ] {
        let text = with(PROGRAM, from, to);
        let error = Status::parse(&text).unwrap_err().within(&text);
        assert_eq!((error.field(), error.line()), (Some(field), Some(line)), "{error}");
    }
}

#[test]
fn a_line_that_every_kernel_writes_is_missed_by_name() {
    for key in ["Name", "State", "Tgid", "Pid", "PPid", "TracerPid", "Uid", "Gid", "Threads"] {
        let text: Vec<&[u8]> =
            lines(KERNEL_THREAD).filter(|line| !line.starts_with(format!("{key}:").as_bytes())).collect();
        assert_eq!(Status::parse(&text.join(&b'\n')).unwrap_err().field(), Some(key));
    }
    assert_eq!(Status::parse(b"").unwrap_err().field(), Some("Name"));
}

#[test]
fn words_for_speculation_that_are_not_known_are_kept() {
    let text = with(PROGRAM, "\tvulnerable", "\tthread doomed");
    let status = Status::parse(&text).unwrap();
    assert_eq!(status.speculative_store_bypass, Some(Speculation::Other("thread doomed".into())));
}

/// What the lines give without the help of their order.
fn in_any_order(text: &[u8]) -> Result<Status, ParseError> {
    let (mut status, mut parts) = (Status::empty(), Parts::default());
    status.take_lines(text, &mut parts)?;
    status.finish(parts, &text[text.len()..])?;
    Ok(status)
}

#[test]
fn the_usual_lines_are_all_taken_in_order() {
    let (mut status, mut parts) = (Status::empty(), Parts::default());
    let rest = in_order::take(PROGRAM, &mut status, &mut parts);
    assert!(rest.starts_with(b"x86_Thread_features:"), "{}", rest.escape_ascii());
    status.take_lines(rest, &mut parts).unwrap();
    status.finish(parts, b"").unwrap();
    assert_eq!(Ok(status), in_any_order(PROGRAM));
}

#[test]
fn a_process_with_more_address_space_than_the_column_is_wide_is_read() {
    let text = with(PROGRAM, "VmPeak:\t    3060 kB", "VmPeak:\t1234567890123 kB");
    assert_eq!(Status::parse(&text).unwrap().memory.virtual_peak, kib(1_234_567_890_123));
    assert_eq!(Status::parse(&text), in_any_order(&text));
}

proptest! {
    #[test]
    fn the_order_of_the_lines_changes_nothing(
        changes in prop::collection::vec((0..PROGRAM.len(), prop::sample::select(b" \t\n:-019aX\\\0".to_vec())), 1..4),
        gone in prop::collection::vec(0..60usize, 0..3),
        cut in 0..PROGRAM.len() * 8,
    ) {
        let kept = PROGRAM.split_inclusive(|&byte| byte == b'\n').enumerate();
        let mut text: Vec<u8> =
            kept.filter(|(index, _)| !gone.contains(index)).flat_map(|(_, line)| line).copied().collect();
        prop_assert_eq!(Status::parse(&text), in_any_order(&text));
        for (at, byte) in changes {
            if let Some(place) = text.get_mut(at) {
                *place = byte;
            }
        }
        text.truncate(cut);
        prop_assert_eq!(Status::parse(&text), in_any_order(&text));
    }

    #[test]
    fn nothing_panics(bytes: Vec<u8>, cut in 0..PROGRAM.len(), at in 0..PROGRAM.len(), byte: u8) {
        let _ = Status::parse(&bytes);
        let _ = Status::parse(&PROGRAM[..cut]);
        let mut changed = PROGRAM.to_vec();
        changed[at] = byte;
        let _ = Status::parse(&changed);
    }

    #[test]
    fn every_name_comes_back(name in prop::collection::vec(1u8.., 0..16)) {
        let text = [b"Name:\t", &*text::escape_name(&name), &PROGRAM[b"Name:\tcat".len()..]].concat();
        let status = Status::parse(&text).unwrap();
        prop_assert_eq!(status.name.as_bytes(), &name[..]);
    }
}
