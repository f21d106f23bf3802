//! Each in a thread of its own, since most of it holds for one; what holds for the process is set back at once.

use std::time::Duration;

use linux_support_base::{Machine, Pid, Signal};
use linux_support_process::{
    Personality, Process,
    own::{
        self, CoreCookie, CoreScope, Dumpable, TemporaryPersonality, Tracer, dumpable, new_session,
        parent_death_signal, process_group_of, session_of, set_parent_death_signal, set_process_group,
        set_subreaper, set_timer_slack, timer_slack,
    },
};

use linux_support_security::{Scope, has_no_new_privileges, set_no_new_privileges};

use crate::Sleeper;

fn in_a_thread(test: impl FnOnce() + Send + 'static) {
    std::thread::spawn(test).join().unwrap();
}

fn own_thread() -> Pid {
    Pid::new(rustix::thread::gettid().as_raw_nonzero().get()).unwrap()
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has settings of its own")]
fn what_a_thread_sets_is_in_its_files() {
    in_a_thread(|| {
        let machine = Machine::live().unwrap();
        let process = Process::of_caller(&machine).unwrap();
        let thread = process.thread(own_thread()).unwrap();
        let usual = timer_slack().unwrap();
        set_timer_slack(Some(Duration::from_nanos(777))).unwrap();
        assert_eq!(timer_slack().unwrap(), Duration::from_nanos(777));
        set_timer_slack(None).unwrap();
        assert_eq!(timer_slack().unwrap(), usual);
        assert!(set_timer_slack(Some(Duration::ZERO)).unwrap_err().to_string().contains("expected 1 ns"));
        assert!(
            !has_no_new_privileges().unwrap() || thread.status().unwrap().no_new_privileges == Some(true)
        );
        set_no_new_privileges(Scope::Thread).unwrap();
        assert!(has_no_new_privileges().unwrap());
        assert_eq!(thread.status().unwrap().no_new_privileges, Some(true));
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has settings of its own")]
fn a_personality_ends_with_its_guard() {
    in_a_thread(|| {
        let before = own::personality().unwrap();
        let fixed = Personality::from_bits(before.bits() | 0x004_0000);
        let guard = TemporaryPersonality::set(fixed).unwrap();
        assert_eq!((guard.before(), own::personality().unwrap()), (before, fixed));
        assert!(own::personality().unwrap().has_fixed_addresses());
        drop(guard);
        assert_eq!(own::personality().unwrap(), before);
        let question = Personality::from_bits(u32::MAX);
        assert!(own::set_personality(question).unwrap_err().to_string().contains("for a question"));
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has settings of its own")]
fn a_parents_death_signal_and_the_sub_reaper_are_set_and_taken_back() {
    in_a_thread(|| {
        set_parent_death_signal(Some(Signal::TERM)).unwrap();
        assert_eq!(parent_death_signal().unwrap(), Some(Signal::TERM));
        set_parent_death_signal(None).unwrap();
        assert_eq!(parent_death_signal().unwrap(), None);
        set_subreaper(true).unwrap();
        assert!(own::is_subreaper().unwrap());
        set_subreaper(false).unwrap();
        assert!(!own::is_subreaper().unwrap());
        assert_eq!(dumpable().unwrap(), Dumpable::Yes);
        assert!(own::set_dumpable(Dumpable::RootOnly).is_err());
    });
}

#[test]
fn sessions_and_groups_are_those_of_stat() {
    let machine = Machine::live().unwrap();
    let sleeper = Sleeper::start();
    let stat = sleeper.open(&machine).stat().unwrap();
    assert_eq!(session_of(Some(sleeper.pid())).unwrap(), stat.session);
    assert_eq!(process_group_of(Some(sleeper.pid())).unwrap(), stat.process_group);
    let gone = Pid::new(i32::MAX).unwrap();
    assert_eq!(session_of(Some(gone)).unwrap_err().reason().name(), "gone");
    assert!(set_process_group(Some(gone), None).is_err());
    if process_group_of(None).unwrap() == Pid::new(std::process::id().cast_signed()) {
        assert!(new_session().unwrap_err().to_string().contains("fork first"));
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has settings of its own")]
fn what_this_machine_lacks_says_what_it_needs() {
    in_a_thread(|| {
        if let Err(error) = CoreCookie::create(CoreScope::Thread(own_thread())) {
            assert!(error.to_string().contains("needs CONFIG_SCHED_CORE"), "{error}");
        }
        if let Err(error) = own::set_tracer(Tracer::Nobody) {
            assert!(error.to_string().contains("needs CONFIG_SECURITY_YAMA"), "{error}");
        }
        if cfg!(target_arch = "x86_64") {
            assert!(own::time_stamp_counter_is_allowed().unwrap());
            assert!(own::cpuid_is_allowed().unwrap());
        }
    });
}

mod lab {
    mod any {
        use linux_support_process::own::{
            is_io_flusher, refuse_executable_changes, refuses_executable_changes, set_io_flusher,
        };

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_thread_flushes_io_with_the_capability() {
            set_io_flusher(true).unwrap();
            assert!(is_io_flusher().unwrap());
            set_io_flusher(false).unwrap();
            assert!(!is_io_flusher().unwrap());
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn memory_is_made_executable_no_longer_or_the_kernel_is_too_old() {
            match refuse_executable_changes(true) {
                Ok(()) => {
                    assert!(refuses_executable_changes().unwrap());
                    let error = refuse_executable_changes(false).unwrap_err();
                    assert!(error.to_string().contains("can't be changed"), "{error}");
                }
                Err(error) => assert_eq!(error.reason().name(), "not-configured", "{error}"),
            }
        }
    }
}
