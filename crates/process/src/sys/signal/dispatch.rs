//! The one function that the kernel calls, and the handlers that it finds for a signal.

use core::{
    ffi::c_void,
    mem,
    ptr::NonNull,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering},
};
use std::{
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use libc::{c_int, siginfo_t};
use linux_support_base::{Pid, Signal, SignalSet, signal::SignalInformation};
use rustix::io::Errno;

use super::{Action, Registers, Siginfo};
use crate::signals::Reaction;

/// A signal that has interrupted the thread, as long as its handler runs.
pub(crate) struct Interruption<'a> {
    pub(crate) siginfo: &'a Siginfo,
    context: *const c_void,
}

impl Interruption<'_> {
    /// The registers of the thread.
    pub(crate) fn registers(&self) -> Registers {
        // SAFETY: the context is that of the handler that runs: only `handle` makes this, for as long as it does.
        unsafe { Registers::of_context(self.context) }
    }
}

/// A handler that was installed, and what it replaced.
struct Installed {
    signal: Signal,
    reaction: Reaction,
    chained: bool,
    ends: bool,
    active: AtomicBool,
    before: Action,
    /// Where the action before was also `dispatch`.
    next: Option<NonNull<Installed>>,
}

// SAFETY: the pointer is to another value of this kind, which is freed only when nothing has its place any more, and
// which may itself be used by all threads at once: a reaction changes atomic numbers and writes to descriptors.
unsafe impl Sync for Installed {}
// SAFETY: as above.
unsafe impl Send for Installed {}

/// The handler of each signal that is installed last.
static HANDLERS: [AtomicPtr<Installed>; 129] = [const { AtomicPtr::new(core::ptr::null_mut()) }; 129];
/// How many threads are in `dispatch`: only those can know a handler.
static RUNNING: AtomicUsize = AtomicUsize::new(0);
/// Held while handlers are changed.
static CHANGES: Mutex<()> = Mutex::new(());

/// A handler's place, which whoever has it gives back.
#[derive(Debug)]
pub(crate) struct Place(NonNull<Installed>);

// SAFETY: it owns a value that may be sent.
unsafe impl Send for Place {}
// SAFETY: a shared one gives nothing.
unsafe impl Sync for Place {}

/// Installs `reaction` as the handler of `signal`.
pub(crate) fn install(
    signal: Signal,
    reaction: Reaction,
    flags: c_int,
    mask: SignalSet,
    chained: bool,
    ends: bool,
) -> Result<Place, Errno> {
    let mut action = Action::default_action();
    action.0.sa_sigaction = DISPATCH as *const () as usize;
    action.0.sa_flags = flags | libc::SA_SIGINFO;
    for blocked in mask.iter() {
        // SAFETY: the set is an empty one, to which a signal is added.
        unsafe { libc::sigaddset(&raw mut action.0.sa_mask, blocked.number().into()) };
    }
    let _held = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
    let slot = HANDLERS.get(usize::from(signal.number())).ok_or(Errno::INVAL)?;
    let before = Action::of(signal)?;
    let next = NonNull::new(slot.load(Ordering::SeqCst)).filter(|_| is_dispatch(&before));
    let active = AtomicBool::new(true);
    let installed = Box::new(Installed { signal, reaction, chained, ends, active, before, next });
    let place = NonNull::from(Box::leak(installed));
    let replaced = slot.swap(place.as_ptr(), Ordering::SeqCst);
    if let Err(errno) = action.set(signal) {
        slot.store(replaced, Ordering::SeqCst);
        free(place);
        return Err(errno);
    }
    Ok(Place(place))
}

impl Drop for Place {
    /// Restores what was before. A handler that was installed later stays, and goes past this one.
    fn drop(&mut self) {
        let _held = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: it was leaked by `install`, and is freed by this alone.
        let installed = unsafe { self.0.as_ref() };
        installed.active.store(false, Ordering::SeqCst);
        let slot = &HANDLERS[usize::from(installed.signal.number())];
        let is_last = slot.load(Ordering::SeqCst) == self.0.as_ptr();
        if !is_last || !Action::of(installed.signal).is_ok_and(|now| is_dispatch(&now)) {
            // Others, or whoever replaced the action, may come back to it: it stays for ever.
            return;
        }
        let (mut before, mut next) = (&installed.before, installed.next);
        // SAFETY: those that have gone before their turn stay for ever, and so do those that were not dropped.
        while let Some(gone) = next.map(|next| unsafe { next.as_ref() })
            && !gone.active.load(Ordering::SeqCst)
        {
            (before, next) = (&gone.before, gone.next);
        }
        // What was the signal's action can be again.
        let _ = before.set(installed.signal);
        slot.store(next.map_or(core::ptr::null_mut(), NonNull::as_ptr), Ordering::SeqCst);
        free(self.0);
    }
}

fn is_dispatch(action: &Action) -> bool {
    action.0.sa_sigaction == DISPATCH as *const () as usize
}

/// Frees a handler that is in no slot, unless a thread is in `dispatch` for too long.
fn free(place: NonNull<Installed>) {
    let end = Instant::now() + Duration::from_millis(200);
    while RUNNING.load(Ordering::SeqCst) != 0 {
        if Instant::now() > end {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    // SAFETY: it was leaked from a box by `install`. No slot has it any more, and no thread is in `dispatch` after the
    // slot was changed, so that none found it there; those that come later find another. Both orders are sequentially
    // consistent: a thread counts itself before it looks. Nor is it the `next` of another: it was the last installed.
    drop(unsafe { Box::from_raw(place.as_ptr()) });
}

const DISPATCH: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = dispatch;

/// What the kernel calls. Nothing in here allocates, locks, or can panic.
extern "C" fn dispatch(signal: c_int, siginfo: *mut siginfo_t, context: *mut c_void) {
    clear_alignment_check();
    // SAFETY: it gives the place of the thread's own `errno`, which the interrupted code may be about to read.
    let errno = unsafe { *libc::__errno_location() };
    RUNNING.fetch_add(1, Ordering::SeqCst);
    handle(signal, siginfo, context);
    RUNNING.fetch_sub(1, Ordering::SeqCst);
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Clears the flag that has the processor check the alignment of addresses, which a handler inherits from the code that
/// it interrupts; that code has it again afterwards.
#[cfg(target_arch = "x86_64")]
fn clear_alignment_check() {
    // SAFETY: the flag is none that compiled code knows of. The stack is balanced, and what lies below it untouched: no
    // red zone is used, since the block says nothing of `nostack`.
    unsafe {
        core::arch::asm!("pushfq", "and qword ptr [rsp], {keep}", "popfq", keep = const !(1_i32 << 18))
    };
}

#[cfg(not(target_arch = "x86_64"))]
fn clear_alignment_check() {}

fn handle(number: c_int, siginfo: *mut siginfo_t, context: *mut c_void) {
    let slot = usize::try_from(number).ok().and_then(|number| HANDLERS.get(number));
    let Some(mut place) = slot.and_then(|slot| NonNull::new(slot.load(Ordering::SeqCst))) else { return };
    // SAFETY: with SA_SIGINFO the kernel gives a whole record, which lives as long as the handler runs.
    let Some(siginfo_bytes) = (unsafe { siginfo.cast::<Siginfo>().as_ref() }) else { return };
    let interruption = Interruption { siginfo: siginfo_bytes, context };
    let (mut ends, mut handled) = (false, false);
    let signal = loop {
        // SAFETY: this thread is counted in RUNNING, and found it in a slot, or as the next of one that is found there:
        // see `free`.
        let installed = unsafe { place.as_ref() };
        let active = installed.active.load(Ordering::SeqCst);
        if active {
            installed.reaction.react(&interruption);
            ends |= installed.ends;
            handled |= installed.reaction.may_repair();
        }
        if active && !installed.chained {
            break installed.signal;
        }
        match installed.next {
            Some(next) => place = next,
            None => {
                handled |= call(&installed.before, number, siginfo, context);
                break installed.signal;
            }
        }
    };
    if ends || !handled && is_fault(signal, siginfo_bytes) {
        end_process(signal, siginfo_bytes);
    }
}

/// Calls a handler that was there before; `false` where there is none.
fn call(action: &Action, signal: c_int, siginfo: *mut siginfo_t, context: *mut c_void) -> bool {
    if action.is_default() || action.is_ignored() {
        return false;
    }
    if action.0.sa_flags & libc::SA_SIGINFO != 0 {
        // SAFETY: the action is neither of the two special ones, so that it holds the function that was this signal's
        // handler until now, which with this flag has this form. It is called as the kernel would have.
        let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) =
            unsafe { mem::transmute(action.0.sa_sigaction) };
        handler(signal, siginfo, context);
    } else {
        // SAFETY: as above; without the flag it has this form.
        let handler: extern "C" fn(c_int) = unsafe { mem::transmute(action.0.sa_sigaction) };
        handler(signal);
    }
    true
}

/// Whether the interrupted instruction would only meet the same again.
fn is_fault(signal: Signal, siginfo: &Siginfo) -> bool {
    /// Broken memory that nobody has used.
    const BUS_MCEERR_AO: i32 = 5;
    let faults = [Signal::SEGV, Signal::BUS, Signal::ILL, Signal::FPE];
    faults.contains(&signal)
        && SignalInformation::parse(siginfo).is_ok_and(|information| {
            information.code > 0 && !(signal == Signal::BUS && information.code == BUS_MCEERR_AO)
        })
}

/// Has the signal do what it does by default as soon as the handler has returned, with all that was told of it.
fn end_process(signal: Signal, siginfo: &Siginfo) {
    let pid = |pid: rustix::process::Pid| Pid::new(pid.as_raw_nonzero().get()).unwrap_or(Pid::INIT);
    let (process, thread) = (pid(rustix::process::getpid()), pid(rustix::thread::gettid()));
    // Where it fails, the fault comes once more.
    let _ = Action::default_action().set(signal);
    if super::queue(process, Some(thread), signal, siginfo).is_err() {
        let _ = super::kill_thread(process, thread, signal.number().into());
    }
}

impl Reaction {
    /// Calls `function` with what is told of the signal and the registers of the thread. Whatever it does to memory that
    /// a fault was about, the instruction is tried once more after it has returned.
    ///
    /// # Safety
    /// It interrupts its own thread at any instruction: `function` and all that it calls must be async-signal-safe. It
    /// must not allocate, lock, panic, print with the standard library, or use thread-local values that are made at
    /// their first use; and must leave alone what the interrupted code may be just changing.
    #[must_use]
    pub const unsafe fn call(function: fn(&SignalInformation, &Registers)) -> Self {
        Self::of_function(function)
    }
}
