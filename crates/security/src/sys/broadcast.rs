//! Stopping all other threads in a signal handler, and what is done there.
//!
//! A thread is stopped when its handler has counted it. From then on nothing may be done that a stopped thread could
//! have been in the middle of: no memory is taken or given back until the threads are let go.

use core::{
    ffi::c_void,
    mem::MaybeUninit,
    ptr,
    sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering::SeqCst},
    time::Duration,
};

use libc::{c_int, siginfo_t};
use linux_support_base::syscall::result;
use rustix::{
    io::Errno,
    thread::futex::{self, Flags},
};

use crate::broadcast::{Failure, Step, perform};

/// Its upper half is the number of the broadcast, bit 31 says that threads may come in, and below that they are
/// counted.
static GATE: AtomicU64 = AtomicU64::new(0);
/// What the stopped threads wait for.
static PHASE: AtomicU32 = AtomicU32::new(WAIT);
/// How many have left the handler's work behind.
static LEFT: AtomicU32 = AtomicU32::new(0);
/// The first failure, packed; 0 for none.
static FAILURE: AtomicU64 = AtomicU64::new(0);
/// What is to be done: valid from before `PHASE` is `GO` until all have left.
static STEPS: AtomicPtr<&[Step<'_>]> = AtomicPtr::new(ptr::null_mut());
/// The process whose thread is broadcasting; of another number after a fork, when that thread is not there.
static OWNER: AtomicU32 = AtomicU32::new(0);

const OPEN: u64 = 1 << 31;
const WAIT: u32 = 0;
const GO: u32 = 1;
const ABORT: u32 = 2;

/// `siginfo_t` of what rt_tgsigqueueinfo(2) sends.
#[repr(C)]
struct Info {
    signal: c_int,
    errno: c_int,
    code: c_int,
    padding: c_int,
    sender: c_int,
    user: u32,
    value: usize,
    rest: [u64; 12],
}

const _: () = assert!(size_of::<Info>() == size_of::<siginfo_t>());

/// The only one who may broadcast now.
pub(crate) struct Turn(());

impl Turn {
    /// Waits until no other thread broadcasts. The caller must not block all signals meanwhile: the other one waits
    /// for it.
    pub(crate) fn wait() -> Self {
        let own = std::process::id();
        loop {
            let owner = OWNER.load(SeqCst);
            if owner != own && OWNER.compare_exchange(owner, own, SeqCst, SeqCst).is_ok() {
                return Self(());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        OWNER.store(0, SeqCst);
    }
}

/// Threads that come to a halt until this is dropped.
pub(crate) struct Halt<'t> {
    _turn: &'t Turn,
    signal: c_int,
    before: libc::sigaction,
    mask: libc::sigset_t,
    number: u32,
    closed: bool,
}

impl<'t> Halt<'t> {
    /// Takes the signal, whose action is the default one, for stopping threads; `None` if it has another action.
    pub(crate) fn begin(turn: &'t Turn, signal: c_int) -> Result<Option<Self>, Errno> {
        let mut mask = MaybeUninit::uninit();
        let mut all = MaybeUninit::uninit();
        // SAFETY: both sets are written whole: one by sigfillset, the other by pthread_sigmask where it succeeds,
        // which it does for every valid first argument.
        let mask = unsafe {
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), mask.as_mut_ptr());
            mask.assume_init()
        };
        let mut halt = Self { _turn: turn, signal, before: default_action(), mask, number: 0, closed: true };
        halt.number = ((GATE.load(SeqCst) >> 32) as u32).wrapping_add(1);
        PHASE.store(WAIT, SeqCst);
        LEFT.store(0, SeqCst);
        FAILURE.store(0, SeqCst);
        let mut action = default_action();
        action.sa_sigaction = arrive as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
        // SAFETY: the mask is a whole set.
        unsafe { libc::sigfillset(&raw mut action.sa_mask) };
        let mut before = default_action();
        // SAFETY: the handler is a function of the form that SA_SIGINFO needs, which does only what is allowed in a
        // handler; both actions outlive the call.
        let installed = result(i64::from(unsafe { libc::sigaction(signal, &action, &mut before) }));
        if let Err(errno) = installed {
            halt.restore_mask();
            core::mem::forget(halt);
            return Err(errno);
        }
        halt.before = before;
        halt.closed = false;
        GATE.store(u64::from(halt.number) << 32 | OPEN, SeqCst);
        // Dropping it gives the action back.
        Ok((before.sa_sigaction == libc::SIG_DFL).then_some(halt))
    }

    /// How many threads are stopped.
    pub(crate) fn stopped(&self) -> usize {
        (GATE.load(SeqCst) & (OPEN - 1)) as usize
    }

    /// Asks the thread to stop. One that ended meanwhile is passed over.
    pub(crate) fn ask(&self, thread: i32) -> Result<(), Errno> {
        let process = rustix::process::getpid().as_raw_nonzero().get();
        let info = Info {
            signal: self.signal,
            errno: 0,
            code: libc::SI_QUEUE,
            padding: 0,
            sender: process,
            user: 0,
            value: self.number as usize,
            rest: [0; 12],
        };
        // SAFETY: the kernel reads one siginfo, which outlives the call.
        let sent = result(unsafe {
            libc::syscall(
                libc::SYS_rt_tgsigqueueinfo,
                process,
                thread,
                self.signal,
                std::ptr::from_ref(&info),
            )
        });
        match sent {
            Err(Errno::SRCH) => Ok(()),
            sent => sent.map(drop),
        }
    }

    /// Takes the steps here, and if that goes well, in every stopped thread.
    ///
    /// The first failure, and whether it was in another thread than this.
    pub(crate) fn perform(mut self, steps: &[Step<'_>]) -> Result<(), (Failure, bool)> {
        let here = perform(steps);
        if here.is_ok() {
            let mut shared: &[Step<'_>] = steps;
            STEPS.store(ptr::from_mut(&mut shared).cast(), SeqCst);
            self.release(GO);
            STEPS.store(ptr::null_mut(), SeqCst);
        }
        drop(self);
        here.map_err(|failure| (failure, false))?;
        match Failure::unpack(FAILURE.load(SeqCst)) {
            Some(failure) => Err((failure, true)),
            None => Ok(()),
        }
    }

    /// Lets nobody in any more, and waits until those who are in have left.
    fn release(&mut self, phase: u32) {
        self.closed = true;
        let stopped = (GATE.fetch_and(!OPEN, SeqCst) & (OPEN - 1)) as u32;
        PHASE.store(phase, SeqCst);
        let _ = futex::wake(&PHASE, Flags::PRIVATE, i32::MAX as u32);
        loop {
            let left = LEFT.load(SeqCst);
            if left == stopped {
                return;
            }
            let _ = futex::wait(&LEFT, Flags::PRIVATE, left, None);
        }
    }

    fn restore_mask(&self) {
        // SAFETY: it is a whole set, which outlives the call.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.mask, ptr::null_mut()) };
    }
}

impl Drop for Halt<'_> {
    fn drop(&mut self) {
        if !self.closed {
            self.release(ABORT);
        }
        let mut ignore = default_action();
        ignore.sa_sigaction = libc::SIG_IGN;
        // SAFETY: both actions are whole and outlive the calls. Ignoring a signal takes it out of every queue, so that
        // one that came too late does not end the program when its action is the default again.
        unsafe {
            libc::sigaction(self.signal, &ignore, ptr::null_mut());
            libc::sigaction(self.signal, &self.before, ptr::null_mut());
        }
        self.restore_mask();
    }
}

fn default_action() -> libc::sigaction {
    // SAFETY: all zeros are the default action, without flags and with an empty mask.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// Whether nobody uses the signal.
pub(crate) fn has_default_action(signal: c_int) -> bool {
    let mut action = default_action();
    // SAFETY: the action is written, and outlives the call.
    let asked = unsafe { libc::sigaction(signal, ptr::null(), &mut action) };
    asked == 0 && action.sa_sigaction == libc::SIG_DFL
}

/// The handler.
extern "C" fn arrive(_: c_int, info: *mut siginfo_t, _: *mut c_void) {
    // SAFETY: the kernel gives a whole siginfo, which `Info` lays out for what was queued; any bytes make one.
    let (code, number) = unsafe { ((*info.cast::<Info>()).code, (*info.cast::<Info>()).value) };
    if code != libc::SI_QUEUE || !enter(number as u32) {
        return;
    }
    // SAFETY: the C library's place for this thread's error, which what was interrupted may still have to read.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { *errno };
    while PHASE.load(SeqCst) == WAIT {
        let _ = futex::wait(&PHASE, Flags::PRIVATE, WAIT, None);
    }
    if PHASE.load(SeqCst) == GO {
        // SAFETY: it was stored before the phase, and what it points to lives until this thread has been counted as
        // left.
        let steps = unsafe { &**STEPS.load(SeqCst) };
        if let Err(failure) = perform(steps) {
            let _ = FAILURE.compare_exchange(0, failure.pack(), SeqCst, SeqCst);
        }
    }
    // SAFETY: as above.
    unsafe { *errno = before };
    LEFT.fetch_add(1, SeqCst);
    let _ = futex::wake(&LEFT, Flags::PRIVATE, 1);
}

/// Counts the thread, if its broadcast still goes on.
fn enter(number: u32) -> bool {
    let mut gate = GATE.load(SeqCst);
    loop {
        if (gate >> 32) as u32 != number || gate & OPEN == 0 {
            return false;
        }
        match GATE.compare_exchange(gate, gate + 1, SeqCst, SeqCst) {
            Ok(_) => return true,
            Err(now) => gate = now,
        }
    }
}
