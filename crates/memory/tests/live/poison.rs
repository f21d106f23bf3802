//! Memory that is poisoned, in the lab: what the signal says.

mod lab {
    mod numa {
        use std::{
            fs::File,
            io::Write,
            os::fd::{AsFd, AsRawFd, FromRawFd},
            process::{Command, Stdio},
            sync::atomic::{AtomicBool, AtomicI32, Ordering},
        };

        use linux_support_base::{
            Bytes, Machine, NumaNode, PageSize, Reason, Signal,
            signal::{BusError, SignalCause, SignalInformation},
        };
        use linux_support_fd::{BlockedSignals, SignalFd};
        use linux_support_memory::{
            huge_page::{PoolPart, PoolWish},
            mapping::{MapOptions, ReadWrite},
            numa::MemoryPolicy,
            page_map::{PageLocation, PageMap},
            poison::{self, FailurePolicy, FailureUrgency, MemoryFailure},
        };
        use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};

        use crate::mapping::{page, pages};

        const CHILD: &str = "LINUX_SUPPORT_POISON";

        /// Where the handler writes what it was told.
        static RECORDS: AtomicI32 = AtomicI32::new(-1);
        static USES: AtomicBool = AtomicBool::new(false);

        extern "C" fn on_bus_error(_: i32, information: *mut libc::siginfo_t, _: *mut libc::c_void) {
            let length = size_of::<libc::siginfo_t>();
            // SAFETY: the kernel gives a handler with SA_SIGINFO a whole record; write is safe in a handler.
            unsafe { libc::write(RECORDS.load(Ordering::Relaxed), information.cast(), length) };
            if USES.load(Ordering::Relaxed) {
                // SAFETY: it ends the process, and is safe in a handler.
                unsafe { libc::_exit(0) };
            }
        }

        /// The memory that a SIGBUS tells of.
        fn broken(information: &SignalInformation) -> MemoryFailure {
            assert_eq!(information.signal, Signal::BUS);
            let SignalCause::BusError { error: BusError::Broken(failure), .. } = information.cause else {
                panic!("{information:?}")
            };
            failure
        }

        /// This test once more, as another process.
        fn child(test: &str, value: &str) -> Command {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command
                .args(["--exact", test, "--include-ignored", "--nocapture", "--test-threads=1"])
                .env(CHILD, value);
            command
        }

        /// Has the records of SIGBUS written to standard error, and gives that for what comes before them.
        fn tell_bus_errors() -> File {
            // SAFETY: standard error is open, and nobody else writes to it.
            let records = unsafe { File::from_raw_fd(2) };
            RECORDS.store(records.as_raw_fd(), Ordering::Relaxed);
            // SAFETY: an action of zeros is valid; the handler has the form that SA_SIGINFO asks for, and does only
            // what is allowed in one.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = on_bus_error as *const () as usize;
                action.sa_flags = libc::SA_SIGINFO;
                assert_eq!(libc::sigaction(libc::SIGBUS, &raw const action, std::ptr::null_mut()), 0);
            }
            records
        }

        /// Poisons a page of its own and uses it. The records and the page's address go to standard error.
        fn poison_own_page() -> ! {
            let mut records = tell_bus_errors();
            let mut memory = MapOptions::new().populate().private(pages(3)).unwrap();
            let start = memory.range().start() + page() as u64;
            records.write_all(&start.to_ne_bytes()).unwrap();
            // SAFETY: nobody has borrowed the bytes; the one that is read below is there to see what happens.
            if unsafe { memory.poison(page(), page()) }.is_ok() {
                USES.store(true, Ordering::Relaxed);
                // SAFETY: the place is in the mapping; what comes is a signal.
                unsafe { memory.as_ptr().as_ptr().add(page() + 5).read_volatile() };
            }
            std::process::exit(3)
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_use_of_a_broken_page_is_told_with_its_address() {
            if std::env::var_os(CHILD).is_some() {
                poison_own_page();
            }
            let test = "poison::lab::numa::a_use_of_a_broken_page_is_told_with_its_address";
            let output = child(test, "own").stdout(Stdio::null()).output().unwrap();
            let told = output.stderr;
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&told));
            let (start, records) = told.split_first_chunk().unwrap();
            let start = u64::from_ne_bytes(*start);
            let records: Vec<&[u8]> = records.chunks_exact(size_of::<libc::siginfo_t>()).collect();
            assert!(!records.is_empty());
            for record in records {
                let failure = broken(&SignalInformation::parse(record).unwrap());
                assert_eq!(failure.urgency, FailureUrgency::ActionRequired);
                assert_eq!((failure.range.start(), failure.range.length()), (start, page() as u64));
            }
        }

        /// Poisons a base page of a huge page of its own, and uses another.
        fn poison_own_huge_page() -> ! {
            let mut records = tell_bus_errors();
            let policy = MemoryPolicy::bind(node(2));
            let options = MapOptions::new().huge_pages(huge()).policy(policy).populate();
            let mut memory = options.private(huge().bytes()).unwrap();
            records.write_all(&memory.range().start().to_ne_bytes()).unwrap();
            // SAFETY: nobody has borrowed the bytes; the one that is read below is there to see what happens.
            match unsafe { memory.poison(3 * page(), page()) } {
                Ok(()) => {
                    USES.store(true, Ordering::Relaxed);
                    // SAFETY: the place is in the mapping; what comes is a signal.
                    unsafe { memory.as_ptr().as_ptr().add(memory.len() / 2 + 5).read_volatile() };
                }
                Err(error) => println!("{error}"),
            }
            std::process::exit(3)
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_huge_page_is_lost_as_a_whole() {
            if std::env::var_os(CHILD).is_some() {
                poison_own_huge_page();
            }
            let machine = Machine::live().unwrap();
            let wish = PoolWish::new(huge(), 1).of(PoolPart::Node(node(2)));
            let (_, held) = wish.set_for_now(machine.as_live().unwrap()).unwrap();
            let test = "poison::lab::numa::a_huge_page_is_lost_as_a_whole";
            let told = child(test, "own").stdout(Stdio::null()).output().unwrap();
            held.restore().unwrap();
            assert_eq!(told.status.code(), Some(0), "{}", String::from_utf8_lossy(&told.stderr));
            let (start, records) = told.stderr.split_first_chunk().unwrap();
            let start = u64::from_ne_bytes(*start);
            let used =
                SignalInformation::parse(records.rchunks(SignalInformation::SIZE).next().unwrap()).unwrap();
            assert_eq!(used.cause.address(), Some(start + huge().bytes().get() / 2 + 5));
            let failure = broken(&used);
            assert_eq!(failure.urgency, FailureUrgency::ActionRequired);
            assert_eq!((failure.range.start(), failure.range.length()), (start, huge().bytes().get()));
        }

        fn huge() -> PageSize {
            PageSize::new(Bytes::new(2 << 20)).unwrap()
        }

        fn node(number: u32) -> NumaNode {
            NumaNode::new(number).unwrap()
        }

        /// Poisons the page of the file that another process has.
        fn poison_shared_page(path: &str) -> ! {
            let file = File::options().read(true).write(true).open(path).unwrap();
            let mut memory =
                MapOptions::new().populate().shared_file::<ReadWrite>(&file, 0, pages(1)).unwrap();
            // SAFETY: this process has not borrowed the bytes, and ends at once; the other one is there to see what happens.
            let done = unsafe { memory.poison(0, page()) };
            std::process::exit(if done.is_ok() { 0 } else { 3 })
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_page_that_others_break_is_told_early_to_those_who_want_it_so() {
            if let Some(path) = std::env::var_os(CHILD) {
                poison_shared_page(path.to_str().unwrap());
            }
            let file = memfd_create("broken", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
            ftruncate(&file, page() as u64).unwrap();
            fcntl_add_seals(&file, SealFlags::SHRINK).unwrap();
            let memory = MapOptions::new().populate().shared_file::<ReadWrite>(&file, 0, pages(1)).unwrap();
            memory.as_atomics()[0].store(1, Ordering::Relaxed);
            let machine = Machine::live().unwrap();
            let entry = PageMap::of_this_process(&machine).unwrap().entries(memory.range()).unwrap()[0];
            let PageLocation::Frame(frame) = entry.location() else { panic!("{entry:?}") };

            poison::set_failure_policy(FailurePolicy::Early).unwrap();
            let _blocked = BlockedSignals::block(Signal::BUS).unwrap();
            let signals = SignalFd::new(Signal::BUS).unwrap();
            let test = "poison::lab::numa::a_page_that_others_break_is_told_early_to_those_who_want_it_so";
            let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_fd().as_raw_fd());
            let status = child(test, &path).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
            // The child itself may have been told first.
            assert!(status.code() == Some(0) || !status.success(), "{status}");
            let record = signals.try_read().unwrap().expect("this thread was told");
            let failure = broken(&record);
            assert_eq!(failure.urgency, FailureUrgency::ActionOptional);
            assert_eq!(failure.range, memory.range());

            // The kernel copies nothing out of it.
            let mut byte = [0];
            assert_eq!(memory.read_at(0, &mut byte).unwrap_err().reason(), &Reason::Gone);
            let live = machine.as_live().unwrap();
            assert_eq!(poison::unpoison(live, frame).unwrap_err().reason().name(), "not-configured");
            assert!(Command::new("modprobe").arg("hwpoison-inject").status().unwrap().success());
            assert!(poison::unpoison(live, frame).is_err(), "it is in use");
            drop((memory, file));
            poison::unpoison(live, frame).unwrap();
        }
    }
}
