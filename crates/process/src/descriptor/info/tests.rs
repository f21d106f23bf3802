use core::time::Duration;

use linux_support_base::{Bytes, DeviceNumber, Pid, Signal};
use linux_support_fd::{Clock, FanotifyMask, InotifyMask, lock::LockKind};
use proptest::prelude::*;

use super::*;
use crate::posix_timers::PosixClock;

/// The lines that come first.
const HEAD: &str = "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t1038\n";

fn detail(text: &str) -> DescriptorDetail {
    let text = format!("{HEAD}{text}");
    let info = DescriptorInfo::parse(text.as_bytes()).unwrap();
    assert_eq!(
        Ok(&info),
        DescriptorInfo::parse(text.trim_end().as_bytes()).as_ref(),
        "without the last newline"
    );
    assert_eq!(info.other, []);
    info.detail
}

#[test]
fn the_first_lines_are_of_all_descriptors() {
    let info =
        DescriptorInfo::parse(b"pos:\t-42\nflags:\t0100000\nmnt_id:\t-1\nino:\t26\nnew:\t7\n").unwrap();
    assert_eq!((info.position, info.mount, info.inode), (-42, None, Some(InodeNumber::new(26))));
    assert!(info.flags.is_readable() && !info.flags.is_writable());
    assert_eq!((info.other[0].key.as_bytes(), info.other[0].value.as_bytes()), (&b"new"[..], &b"7"[..]));
    assert_eq!(DescriptorInfo::parse(b"pos:\t0\n").unwrap_err().field(), Some("flags"));
    assert_eq!(DescriptorInfo::parse(b"").unwrap_err().field(), Some("pos"));
    assert_eq!(DescriptorInfo::parse(b"pos:\tx\n").unwrap_err().field(), Some("pos"));
}

#[test]
fn a_counter_is_hexadecimal() {
    let text = "eventfd-count:               1f\neventfd-id: 1\neventfd-semaphore: 1\n";
    let expected = EventCounter { count: 0x1f, id: Some(1), is_semaphore: Some(true) };
    assert_eq!(detail(text), DescriptorDetail::Event(expected));
}

#[test]
fn an_epoll_tells_what_it_watches() {
    let text = "tfd:        6 events:       19 data:     7fb900000006  pos:0 ino:19106e sdev:f\n\
        tfd:        5 events: 80000019 data:                5  pos:0 ino:40e sdev:10\n";
    let DescriptorDetail::Epoll(watched) = detail(text) else { panic!() };
    assert_eq!((watched[0].descriptor, watched[0].token), (6, 0x7fb9_0000_0006));
    assert_eq!((watched[1].inode, watched[1].device), (Some(0x40e), Some(DeviceNumber::new(0, 0x10))));
}

#[test]
fn what_watches_nothing_is_known_by_its_link() {
    let info = DescriptorInfo::parse(HEAD.as_bytes()).unwrap();
    assert_eq!(info.detail, DescriptorDetail::Plain);
    let of = |link: &[u8]| info.clone().with_target(&DescriptorTarget::of_link(link)).detail;
    assert_eq!(of(b"anon_inode:[eventpoll]"), DescriptorDetail::Epoll(Vec::new()));
    assert_eq!(of(b"anon_inode:inotify"), DescriptorDetail::Inotify(Vec::new()));
    assert_eq!(of(b"/dev/null"), DescriptorDetail::Plain);
}

#[test]
fn a_timer_tells_its_clock_and_times() {
    let text = "clockid: 1\nticks: 3\nsettime flags: 03\nit_value: (49, 406808511)\nit_interval: (1, 5)\n";
    let DescriptorDetail::Timer(timer) = detail(text) else { panic!() };
    assert_eq!((timer.clock, timer.ticks), (PosixClock::Machine(Clock::Monotonic), 3));
    assert!(timer.is_absolute && timer.cancels_on_set);
    assert_eq!(timer.remaining, Some(Duration::new(49, 406_808_511)));
    assert_eq!(timer.interval, Some(Duration::new(1, 5)));
    let text = "clockid: 11\nticks: 1\nsettime flags: 00\nit_value: (0, 0)\nit_interval: (0, 0)\n";
    let DescriptorDetail::Timer(timer) = detail(text) else { panic!() };
    assert_eq!((timer.clock, timer.remaining, timer.interval), (PosixClock::Atomic, None, None));
    let broken =
        format!("{HEAD}clockid: 1\nticks: 3\nsettime flags: 00\nit_value: (49; 4)\nit_interval: (1, 5)\n");
    assert_eq!(DescriptorInfo::parse(broken.as_bytes()).unwrap_err().field(), Some("it_value"));
}

#[test]
fn signals_are_a_set() {
    let DescriptorDetail::Signals(signals) = detail("sigmask:\t0000000000000201\n") else { panic!() };
    assert_eq!(signals.count(), 2);
    assert!(signals.contains(Signal::HUP) && signals.contains(Signal::USR1));
}

#[test]
fn watches_of_inotify_have_handles() {
    let text = "inotify wd:3 ino:191069 sdev:15 mask:100 ignored_mask:0 fhandle-bytes:c fhandle-type:81 f_handle:691019000000000000000000\n\
        inotify wd:2 ino:13 sdev:fe00000 mask:3ce ignored_mask:0\n";
    let DescriptorDetail::Inotify(watches) = detail(text) else { panic!() };
    assert_eq!((watches[0].number, watches[0].inode), (3, InodeNumber::new(0x19_1069)));
    assert_eq!(watches[0].mask, InotifyMask::from_bits_retain(0x100));
    let handle = HandleOfFile { kind: 0x81, bytes: vec![0x69, 0x10, 0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0] };
    assert_eq!((&watches[0].handle, &watches[1].handle), (&Some(handle), &None));
    assert_eq!(watches[1].device, DeviceNumber::new(254, 0));
    let odd = format!(
        "{HEAD}inotify wd:3 ino:1 sdev:15 mask:1 ignored_mask:0 fhandle-bytes:c fhandle-type:81 f_handle:691\n"
    );
    assert_eq!(DescriptorInfo::parse(odd.as_bytes()).unwrap_err().field(), Some("f_handle"));
}

#[test]
fn marks_of_fanotify_are_on_four_kinds_of_objects() {
    let text = "fanotify flags:10 event-flags:8002\n\
        fanotify mnt_id:12 mflags:40 mask:38 ignored_mask:40000003\n\
        fanotify ino:4f969 sdev:800013 mflags:0 mask:3b ignored_mask:40000000 fhandle-bytes:8 fhandle-type:1 f_handle:69f90400c275b5b4\n\
        fanotify sdev:800013 mflags:0 mask:1 ignored_mask:0\n\
        fanotify mnt_ns:4026531841 mflags:0 mask:1000000 ignored_mask:0\n\
        fanotify new:1 mflags:0 mask:1 ignored_mask:0\n";
    let DescriptorDetail::Fanotify(group) = detail(text) else { panic!() };
    assert_eq!((group.flags, group.event_flags), (0x10, 0x8002));
    assert_eq!(group.marks[0].object, MarkedObject::Mount(MountNumber::new(0x12)));
    assert_eq!((group.marks[0].flags, group.marks[0].mask.bits()), (0x40, 0x38));
    assert_eq!(group.marks[0].ignored, FanotifyMask::from_bits_retain(0x4000_0003));
    let MarkedObject::Inode { inode, device, handle } = &group.marks[1].object else { panic!() };
    assert_eq!((*inode, *device), (InodeNumber::new(0x4f969), DeviceNumber::new(8, 0x13)));
    assert_eq!(handle.as_ref().unwrap().bytes.len(), 8);
    assert_eq!(group.marks[2].object, MarkedObject::FileSystem(DeviceNumber::new(8, 0x13)));
    assert_eq!(group.marks[3].object, MarkedObject::MountNamespace(InodeNumber::new(4_026_531_841)));
    assert!(
        matches!(&group.marks[4].object, MarkedObject::Unknown(words) if words.as_bytes().ends_with(b"mask:0"))
    );
}

#[test]
fn a_process_may_have_ended_or_be_out_of_sight() {
    let of = |text: &str| match detail(text) {
        DescriptorDetail::Process(target) => target,
        other => panic!("{other:?}"),
    };
    let pid = |number| Pid::new(number).unwrap();
    let expected = PidTarget::Alive { pid: pid(711), namespace_pids: vec![pid(8), pid(1)] };
    assert_eq!(of("Pid:\t711\nNSpid:\t711\t8\t1\n"), expected);
    assert_eq!(of("Pid:\t-1\nNSpid:\t-1\n"), PidTarget::Ended);
    assert_eq!(of("Pid:\t0\nNSpid:\t0\n"), PidTarget::Elsewhere);
}

const RING: &str = "SqMask:\t0x7\nSqHead:\t1\nSqTail:\t2\nCachedSqHead:\t1\nCqMask:\t0xf\nCqHead:\t3\nCqTail:\t4\n\
    CachedCqTail:\t5\nSQEs:\t1\n    0: opcode:POLL_ADD, fd:-1, flags:2, off:0, addr:0x7f00, rw_flags:0x1, buf_index:0 user_data:18446744073709551615\n\
    CQEs:\t1\n    3: user_data:9, res:-11, flag:0\n\nSqThread:\t77\nSqThreadCpu:\t1\nSqTotalTime:\t40\nSqWorkTime:\t2\n\
    UserFiles:\t2\n    0: /tmp/a: b\n    1: <none>\nUserBufs:\t2\n    0: 0x7f10/4096\n    1: <none>\n\
    Personalities:\n    1\n\tUid:\t0\t\t0\t\t0\t\t0\n\tGid:\t0\t\t0\t\t0\t\t0\n\tGroups:\t0\n\tCapEff:\t000001ffffffffff\n\
    PollList:\n  op=6, task_works=1\nCqOverflowList:\n  user_data=8, res=1, flags=2\n";

#[test]
fn a_ring_tells_its_requests_and_completions() {
    let DescriptorDetail::Ring(ring) = detail(RING) else { panic!() };
    assert_eq!((ring.submission_slots, ring.completion_slots), (8, 16));
    assert_eq!((ring.submission_head, ring.submission_tail, ring.submission_head_cached), (1, 2, 1));
    assert_eq!((ring.completion_head, ring.completion_tail, ring.completion_tail_cached), (3, 4, 5));
    let request = &ring.submissions[0];
    assert_eq!((request.operation.as_bytes(), request.descriptor), (&b"POLL_ADD"[..], -1));
    assert_eq!((request.address, request.user_data), (0x7f00, u64::MAX));
    assert_eq!((ring.completions[0].index, ring.completions[0].result), (Some(3), -11));
    let thread = ring.thread.unwrap();
    assert_eq!((thread.tid.number(), thread.total_time), (77, Some(Duration::from_micros(40))));
    assert_eq!(ring.files[0].name.as_ref().unwrap(), &"/tmp/a: b");
    assert_eq!((ring.files.len(), &ring.files[1].name), (2, &None));
    assert_eq!(ring.buffers[0].region, Some((0x7f10, Bytes::new(4096))));
    assert_eq!((ring.buffers[1].region, &ring.personalities[..]), (None, &[1][..]));
    assert_eq!((ring.polls[0].operation, ring.polls[0].has_task_work), (6, true));
    assert_eq!((ring.overflow[0].index, ring.overflow[0].flags), (None, 2));
}

#[test]
fn a_ring_keeps_lines_that_are_new() {
    let text = format!("{HEAD}{RING}NAPI:\tdisabled\n");
    let info = DescriptorInfo::parse(text.as_bytes()).unwrap();
    assert_eq!(info.other[0].key, "NAPI");
    let no_thread = RING.replace("SqThread:\t77\nSqThreadCpu:\t1", "SqThread:\t-1\nSqThreadCpu:\t-1");
    let DescriptorDetail::Ring(ring) = detail(&no_thread) else { panic!() };
    assert_eq!(ring.thread, None);
}

#[test]
fn objects_of_bpf_have_their_types() {
    let text = "map_type:\t2\nkey_size:\t4\nvalue_size:\t8\nmax_entries:\t4\nmap_flags:\t0x0\nmap_extra:\t0x0\n\
        memlock:\t344\nmap_id:\t27\nfrozen:\t0\n";
    let DescriptorDetail::BpfMap(map) = detail(text) else { panic!() };
    assert_eq!((map.kind.to_string(), map.memory), ("array".into(), Bytes::new(344)));
    assert_eq!((map.id, map.is_frozen, map.owner), (Some(BpfId::new(27)), Some(false), None));
    let text = "prog_type:\t1\nprog_jited:\t1\nprog_tag:\t59f4a931744dcdc6\nmemlock:\t4096\nprog_id:\t97\n\
        run_time_ns:\t0\nrun_cnt:\t0\nrecursion_misses:\t0\nverified_insns:\t2\n";
    let DescriptorDetail::BpfProgram(program) = detail(text) else { panic!() };
    assert_eq!((program.kind.to_string(), program.id), ("socket-filter".into(), BpfId::new(97)));
    assert_eq!((program.tag.as_bytes(), program.verified_instructions), (&b"59f4a931744dcdc6"[..], Some(2)));
    let DescriptorDetail::BpfLink(link) =
        detail("link_type:\ttracing\nlink_id:\t3\nprog_tag:\tbd9\nprog_id:\t15\n")
    else {
        panic!()
    };
    assert_eq!((link.kind.as_bytes(), link.program), (&b"tracing"[..], Some(BpfId::new(15))));
    assert_eq!(BpfMapType::new(999).to_string(), "type-999");
}

#[test]
fn a_graphics_device_tells_engines_and_memory() {
    let text = "drm-driver:\ti915\ndrm-client-id:\t39\ndrm-pdev:\t0000:00:02.0\ndrm-total-system0:\t6044 KiB\n\
        drm-shared-system0:\t0\ndrm-resident-system0:\t6044 KiB\ndrm-total-stolen-system0:\t1 MiB\n\
        drm-engine-render:\t346249 ns\ndrm-engine-video:\t0 ns\ndrm-engine-capacity-video:\t2\n\
        drm-cycles-render:\t94\ndrm-maxfreq-render:\t1000000000 Hz\n";
    let DescriptorDetail::Graphics(client) = detail(text) else { panic!() };
    assert_eq!((client.driver.as_bytes(), client.client), (&b"i915"[..], Some(39)));
    assert_eq!(client.pci_device.as_ref().unwrap(), &"0000:00:02.0");
    let [system, stolen] = &client.memory[..] else { panic!() };
    assert_eq!((system.total, system.shared), (Some(Bytes::new(6044 << 10)), Some(Bytes::new(0))));
    assert_eq!((stolen.name.as_bytes(), stolen.total), (&b"stolen-system0"[..], Some(Bytes::new(1 << 20))));
    let [render, video] = &client.engines[..] else { panic!() };
    assert_eq!((render.busy, render.cycles), (Some(Duration::from_nanos(346_249)), Some(94)));
    assert_eq!((video.capacity, render.hertz_max), (Some(2), Some(1_000_000_000)));
    let broken = format!("{HEAD}drm-driver:\tx\ndrm-total-a:\t18446744073709551615 KiB\n");
    assert_eq!(DescriptorInfo::parse(broken.as_bytes()).unwrap_err().field(), Some("drm-total-"));
}

#[test]
fn smaller_kinds_are_told() {
    let DescriptorDetail::DmaBuffer(buffer) = detail("size:\t32768\ncount:\t2\nexp_name:\tsystem-heap\n")
    else {
        panic!()
    };
    assert_eq!((buffer.size, buffer.references, buffer.name), (Bytes::new(32768), 2, None));
    let DescriptorDetail::UserFault(state) = detail("pending:\t1\ntotal:\t2\nAPI:\taa:0:80000000000001ff\n")
    else {
        panic!()
    };
    assert_eq!((state.pending, state.total, state.version), (1, 2, 0xaa));
    assert_eq!(detail("scm_fds: 1\n"), DescriptorDetail::UnixSocket { descriptors_in_flight: 1 });
    assert_eq!(detail("iff:\ttapx0\n"), DescriptorDetail::Tunnel { interface: "tapx0".into() });
    assert_eq!(detail("tty-index:\t0\n"), DescriptorDetail::PseudoTerminal { index: 0 });
    let path = "/sys/devices/pci0000:e0/0000:e8:00.0";
    assert_eq!(
        detail(&format!("vfio-device-syspath: {path}\n")),
        DescriptorDetail::Vfio { path: path.into() }
    );
    assert_eq!(detail("fuse_connection:\t47\n"), DescriptorDetail::Fuse { connection: 47 });
}

#[test]
fn locks_are_those_of_proc_locks() {
    let text = format!(
        "{HEAD}lock:\t1: FLOCK  ADVISORY  READ 30669 fe:00:10011011 0 EOF\nlock:\t3: OFDLCK ADVISORY  READ -1 fe:00:10011011 100 EOF\n"
    );
    let info = DescriptorInfo::parse(text.as_bytes()).unwrap();
    assert_eq!((info.locks.len(), &info.locks[0].kind), (2, &LockKind::WholeFile));
    assert_eq!((&info.locks[1].kind, info.locks[1].process), (&LockKind::Records, None));
    assert_eq!(info.detail, DescriptorDetail::Plain);
}

proptest! {
    #[test]
    fn nothing_panics(
        bytes: Vec<u8>,
        lines in prop::collection::vec(
            "(tfd|inotify wd|fanotify ino|SqMask|clockid|API|pending|Pid|NSpid|map_type|drm-driver|drm-total-x|lock|SQEs|UserBufs| 0|iff)(:\t| )(0x[0-9a-f]{1,9}|[0-9a-f:/ ]{0,20}|\\(1, 2\\))",
            0..8,
        ),
    ) {
        let _ = DescriptorInfo::parse(&bytes);
        let _ = DescriptorInfo::parse(format!("{HEAD}{}", lines.join("\n")).as_bytes());
    }
}

#[cfg(feature = "serde")]
mod json {
    use serde_json::{json, to_value};

    use super::*;

    fn detail(text: &str) -> serde_json::Value {
        to_value(super::detail(text)).unwrap()
    }

    #[test]
    fn flags_are_names_and_what_stands_on_the_file_is_kept() {
        let text = format!("{HEAD}lock:\t1: POSIX  ADVISORY  WRITE 7189 00:2d:858746 1 3\n");
        let info = to_value(DescriptorInfo::parse(text.as_bytes()).unwrap()).unwrap();
        assert_eq!(info["flags"], json!(["read-and-write", "close-on-exec"]));
        assert_eq!((&info["mount"], &info["inode"]), (&17.into(), &1038.into()));
        let lock = json!({
            "number": 1, "depth": 0, "kind": "process-records", "state": "advisory", "mode": "WRITE",
            "process": 7189, "device": "0:45", "inode": 858_746, "start": 1, "last": 3
        });
        assert_eq!(info["locks"], json!([lock]));
        assert_eq!(info["detail"], json!({ "kind": "plain" }));
    }

    #[test]
    fn each_kind_has_its_name_and_its_state() {
        let counter = detail("eventfd-count: 1f\neventfd-id: 1\neventfd-semaphore: 0\n");
        assert_eq!(counter["kind"], "event");
        assert_eq!(counter["state"], json!({ "count": 31, "id": 1, "is_semaphore": false }));
        let epoll = detail("tfd:        5 events: 80000019 data:                5  pos:0 ino:40e sdev:10\n");
        assert_eq!((&epoll["kind"], &epoll["state"][0]["descriptor"]), (&"epoll".into(), &5.into()));
        assert_eq!(
            (&epoll["state"][0]["trigger"], &epoll["state"][0]["device"]),
            (&"edge".into(), &"0:16".into())
        );
        let inotify = detail("inotify wd:1 ino:9e7e sdev:800013 mask:800afce ignored_mask:0\n");
        assert!(inotify["state"][0]["mask"].as_array().unwrap().len() > 3, "{inotify}");
        let process = detail("Pid:\t7\nNSpid:\t7\t1\n");
        assert_eq!(process["state"], json!({ "state": "alive", "pid": 7, "namespace_pids": [1] }));
    }
}
