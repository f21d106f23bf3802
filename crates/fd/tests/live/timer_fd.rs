//! timerfd_create(2).

use std::{
    os::fd::OwnedFd,
    thread,
    time::{Duration, Instant, SystemTime},
};

use linux_support_base::Reason;
use linux_support_fd::{Clock, ClockTime, Descriptor, EventFd, Expiration, Schedule, TimerFd};

use crate::{
    open::Open,
    runtime::{async_fd, block_on, mio_finds_readable, readable},
    signals::interrupted,
};

const SHORT: Duration = Duration::from_millis(5);

fn count(expiration: Expiration) -> u64 {
    match expiration {
        Expiration::Expired(count) => count.get(),
        Expiration::ClockWasSet => panic!("the clock was set"),
    }
}

#[test]
fn every_clock_has_timers_relative_and_absolute() {
    let _open = Open::watched();
    let clocks =
        [Clock::RealTime, Clock::Monotonic, Clock::BootTime, Clock::RealTimeAlarm, Clock::BootTimeAlarm];
    for clock in clocks {
        let timer = match TimerFd::new(clock) {
            Ok(timer) => timer,
            Err(error) => {
                let capability = Some("CAP_WAKE_ALARM");
                assert_eq!(error.reason(), &Reason::PermissionDenied { capability }, "{clock:?}");
                continue;
            }
        };
        assert!(timer.is_close_on_exec().unwrap());
        for absolute in [false, true] {
            let start = Instant::now();
            let schedule = if absolute { Schedule::at(clock.now() + SHORT) } else { Schedule::after(SHORT) };
            timer.arm(schedule).unwrap();
            assert_eq!(count(timer.read().unwrap()), 1, "{clock:?}");
            assert!(start.elapsed() >= SHORT - Duration::from_millis(1), "{clock:?}");
            assert_eq!(timer.try_read().unwrap(), None);
        }
    }
}

#[test]
fn a_periodic_timer_counts_what_was_not_read() {
    let _open = Open::watched();
    let timer = TimerFd::new(Clock::Monotonic).unwrap();
    timer.arm(Schedule::after(SHORT).every(SHORT)).unwrap();
    thread::sleep(5 * SHORT);
    assert!(count(timer.read().unwrap()) >= 4);
    let before = timer.disarm().unwrap();
    assert_eq!(before.every, Some(SHORT));
    assert!(before.until.unwrap() <= SHORT);
    let off = timer.remaining().unwrap();
    assert_eq!((off.until, off.every), (None, None));
}

#[test]
fn a_moment_that_has_passed_expires_at_once() {
    let _open = Open::watched();
    let timer = TimerFd::new(Clock::RealTime).unwrap();
    timer.arm(Schedule::at(SystemTime::UNIX_EPOCH.into())).unwrap();
    assert_eq!(count(timer.read().unwrap()), 1);
    timer.arm(Schedule::after(Duration::ZERO)).unwrap();
    assert_eq!(count(timer.read().unwrap()), 1);
    let hour = ClockTime::from(SystemTime::now()) + Duration::from_secs(3600);
    timer.arm(Schedule::at(hour).cancelled_when_clock_is_set()).unwrap();
    assert_eq!(timer.try_read().unwrap(), None);
    let until = timer.remaining().unwrap().until.unwrap();
    assert!(until > Duration::from_secs(3590) && until <= Duration::from_secs(3600), "{until:?}");
}

#[test]
fn reading_goes_on_after_an_interruption() {
    let _open = Open::watched();
    let timer = TimerFd::new(Clock::Monotonic).unwrap();
    timer.arm(Schedule::after(Duration::from_millis(50))).unwrap();
    interrupted(|| assert_eq!(count(timer.read().unwrap()), 1));
}

#[test]
fn tokio_and_mio_wait_for_it() {
    let _open = Open::watched();
    let timer = TimerFd::new(Clock::BootTime).unwrap();
    timer.arm(Schedule::after(SHORT)).unwrap();
    let expiration = block_on(async {
        let timer = async_fd(timer);
        readable(&timer, |timer| timer.try_read().unwrap()).await
    });
    assert_eq!(count(expiration), 1);
    let timer = TimerFd::new(Clock::BootTime).unwrap();
    timer.arm(Schedule::after(SHORT)).unwrap();
    assert!(mio_finds_readable(&timer));
}

#[test]
fn an_eventfd_is_no_timer() {
    let _open = Open::watched();
    let error = TimerFd::try_from(OwnedFd::from(EventFd::counter(0).unwrap())).unwrap_err();
    assert!(error.to_string().ends_with("is no timerfd, but eventfd"), "{error}");
    let timer = TimerFd::try_from(OwnedFd::from(TimerFd::new(Clock::Monotonic).unwrap())).unwrap();
    assert!(timer.is_nonblocking().unwrap());
}

mod lab {
    mod any {
        use rustix::time::{ClockId, clock_gettime, clock_settime};

        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn setting_the_clock_is_told_to_who_asked() {
            let _open = Open::watched();
            let hour = ClockTime::from(SystemTime::now()) + Duration::from_secs(3600);
            let [asked, silent] = [(); 2].map(|()| TimerFd::new(Clock::RealTime).unwrap());
            asked.arm(Schedule::at(hour).cancelled_when_clock_is_set()).unwrap();
            silent.arm(Schedule::at(hour)).unwrap();
            clock_settime(ClockId::Realtime, clock_gettime(ClockId::Realtime)).unwrap();
            assert_eq!(asked.read().unwrap(), Expiration::ClockWasSet);
            assert_eq!(asked.try_read().unwrap(), None);
            assert_eq!(silent.try_read().unwrap(), None);
            assert!(asked.remaining().unwrap().until.is_some());
        }
    }
}
