//! What a program leaves behind that a fault ends.

use core::{
    sync::atomic::{AtomicI32, Ordering},
    time::Duration,
};
use std::{
    fmt,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use linux_support_base::{
    Error, Signal, SignalSet,
    signal::{SignalCause, SignalInformation},
};
use rustix::{
    fs::{Mode, OFlags, Timespec, open},
    io::{Errno, read, write},
    net::{AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, send, socket_with},
};

use super::{
    HandlerFlags, InstalledHandler, Reaction, SignalHandler,
    line::Line,
    mapping_line::{self, Found},
};
use crate::sys::signal::Registers;

/// What is written when a fault ends the process: the signal and its cause, the thread, the registers, and what is
/// mapped at the address at fault, at the instruction and at the end of the stack.
///
/// It is written to a descriptor, or sent to the system's log, by system calls alone: it needs no lock and no memory,
/// however broken the process is. Afterwards the signal does what it does by default, so that the exit status and the
/// core dump are what they would have been.
///
/// It runs on the thread's alternate stack. That which the standard library gives is as large as the processor's registers
/// at least, and on some leaves room for little else: a thread whose faults shall surely be reported installs an
/// [`AlternateStack`](super::AlternateStack).
///
/// ```no_run
/// use linux_support_process::signals::{AlternateStack, FatalReport};
///
/// // First in `main`.
/// let _stack = AlternateStack::install(AlternateStack::SIZE)?;
/// for handler in FatalReport::to_syslog("exampled", "/dev/log")?.with_text("exampled 1.2.3").install()? {
///     handler.keep();
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// A report looks so:
///
/// ```text
/// exampled[812]: exampled 1.2.3
/// exampled[812]: SIGSEGV: nothing is mapped there, code 1, address 0x10, thread 815 (worker)
/// exampled[812]: rax 0x0000000000000010 rbx 0x00007ffd4a8a2f50 …
/// exampled[812]: address 0x10: nothing is mapped there
/// exampled[812]: instruction 0x55d3c1a2b3c4: 55d3c1a20000-55d3c1b00000 r-xp 00020000 fe:01 1311 /usr/sbin/exampled
/// exampled[812]: stack 0x7f2a3c1ff9c0: 7f2a3c000000-7f2a3c200000 rw-p 00000000 00:00 0
/// ```
///
/// # Source
/// signal-safety(7), syslog(3).
pub struct FatalReport {
    target: Target,
    name: Box<[u8]>,
    text: Box<[u8]>,
}

enum Target {
    Descriptor(OwnedFd),
    Syslog { socket: OwnedFd, address: SocketAddrUnix },
}

/// The thread that reports; 0 for none. One at a time: the first fault is the one that counts.
static REPORTING: AtomicI32 = AtomicI32::new(0);

impl FatalReport {
    /// The signals that [`install`](Self::install) is for: the faults, and SIGABRT.
    pub const SIGNALS: SignalSet = SignalSet::FAULTS.with(Signal::ABRT);

    /// Writes lines to `descriptor`: a file that was opened to append, a pipe, a terminal. `program` begins each line.
    #[must_use]
    pub fn to_descriptor(program: &str, descriptor: impl Into<OwnedFd>) -> Self {
        Self::new(program, Target::Descriptor(descriptor.into()))
    }

    /// Sends lines to the socket of the system's log, mostly `/dev/log`, as critical messages of a daemon.
    ///
    /// # Errors
    /// There is no such socket, or none that takes messages.
    pub fn to_syslog(program: &str, socket: impl AsRef<Path>) -> Result<Self, Error> {
        let path = socket.as_ref();
        let connected = || -> Result<Target, Errno> {
            let address = SocketAddrUnix::new(path)?;
            let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
            connect(&socket, &address)?;
            Ok(Target::Syslog { socket, address })
        };
        connected()
            .map(|target| Self::new(program, target))
            .map_err(|errno| Error::system("connect to", path.as_os_str().as_encoded_bytes(), errno))
    }

    fn new(program: &str, target: Target) -> Self {
        Self { target, name: program.as_bytes().into(), text: Box::default() }
    }

    /// Begins the report with this line, such as the program's version.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        self.text = text.as_bytes().into();
        self
    }

    /// Has all [`SIGNALS`](Self::SIGNALS) reported.
    ///
    /// # Errors
    /// There is no descriptor left for each of them.
    pub fn install(self) -> Result<Vec<InstalledHandler>, Error> {
        Self::SIGNALS
            .iter()
            .map(|signal| {
                SignalHandler::new(Reaction::report(self.try_clone()?))
                    .flags(HandlerFlags::ALTERNATE_STACK)
                    .install(signal)
            })
            .collect()
    }

    /// Another that writes to the same place.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn try_clone(&self) -> Result<Self, Error> {
        let clone = |descriptor: &OwnedFd| {
            let failed = |error: std::io::Error| {
                let errno = error.raw_os_error().map_or(Errno::MFILE, Errno::from_raw_os_error);
                Error::system("duplicate", "descriptor of the report", errno)
            };
            descriptor.try_clone().map_err(failed)
        };
        let target = match &self.target {
            Target::Descriptor(descriptor) => Target::Descriptor(clone(descriptor)?),
            Target::Syslog { socket, address } => {
                Target::Syslog { socket: clone(socket)?, address: address.clone() }
            }
        };
        Ok(Self { target, name: self.name.clone(), text: self.text.clone() })
    }

    /// Writes it. Neither allocates nor locks.
    pub(super) fn write(&self, information: &SignalInformation, registers: &Registers) {
        let thread = rustix::thread::gettid().as_raw_nonzero().get();
        match REPORTING.compare_exchange(0, thread, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => {}
            // A fault in here.
            Err(reporting) if reporting == thread => return,
            // The process ends as soon as the other is done; this one must not end it before.
            Err(_) => return wait_for_the_other(),
        }
        if !self.text.is_empty() {
            self.emit(self.begun().text(&self.text));
        }
        self.emit(cause(&mut self.begun(), information, thread));
        self.write_registers(registers);
        for (what, address) in [
            (&b"address"[..], fault_address(information)),
            (b"instruction", registers.instruction_pointer()),
            (b"stack", registers.stack_pointer()),
        ] {
            let Some(address) = address else { continue };
            let mut line = self.begun();
            line.text(what).byte(b' ').hexadecimal(address, 1).text(b": ");
            match mapping_line::find(c"/proc/thread-self/maps", address) {
                Found::Line(mapping) => line.text(mapping.as_bytes()),
                Found::Nothing => line.text(b"nothing is mapped there"),
                Found::Unknown => line.text(b"what is mapped can't be read"),
            };
            self.emit(&mut line);
        }
        REPORTING.store(0, Ordering::SeqCst);
    }

    fn write_registers(&self, registers: &Registers) {
        let mut line = self.begun();
        let mut count = 0;
        for (name, value) in registers.iter() {
            if count > 0 {
                line.byte(b' ');
            }
            line.text(name.as_bytes()).byte(b' ').hexadecimal(value, 16);
            count += 1;
            if count == 4 {
                self.emit(&mut line);
                line = self.begun();
                count = 0;
            }
        }
        if count > 0 {
            self.emit(&mut line);
        }
    }

    /// A line with what each begins with.
    fn begun(&self) -> Line {
        /// A daemon's (3), critical (2).
        const PRIORITY: i64 = 3 * 8 + 2;
        let mut line = Line::new();
        if matches!(self.target, Target::Syslog { .. }) {
            line.byte(b'<').decimal(PRIORITY).byte(b'>');
        }
        let process = rustix::process::getpid().as_raw_nonzero().get();
        line.text(&self.name).byte(b'[').decimal(process.into()).text(b"]: ");
        line
    }

    fn emit(&self, line: &mut Line) {
        match &self.target {
            Target::Descriptor(descriptor) => {
                // In one piece, so that others who write there do not come between; also if it was cut.
                let mut bytes = [b'\n'; 257];
                let text = line.as_bytes();
                let (whole, _) = bytes.split_at_mut(text.len() + 1);
                if let Some((_, front)) = whole.split_last_mut() {
                    front.copy_from_slice(text);
                }
                write_all(descriptor.as_fd(), whole);
            }
            Target::Syslog { socket, address } => {
                // The log may have been started anew; one that is full must not hold up the end.
                let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
                if let Err(Errno::CONNREFUSED | Errno::NOTCONN | Errno::CONNRESET) =
                    send(socket, line.as_bytes(), flags)
                    && connect(socket, address).is_ok()
                {
                    let _ = send(socket, line.as_bytes(), flags);
                }
            }
        }
    }
}

fn write_all(descriptor: impl AsFd, mut bytes: &[u8]) {
    let mut patience = 100;
    while !bytes.is_empty() {
        match write(&descriptor, bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if patience > 0 => {
                patience -= 1;
                sleep(Duration::from_millis(1));
            }
            // There is nobody to tell.
            Err(_) => return,
        }
    }
}

/// The signal and why it came, in one line.
fn cause<'l>(line: &'l mut Line, information: &SignalInformation, thread: i32) -> &'l mut Line {
    match information.signal.name() {
        Some(name) => line.text(name.as_bytes()),
        None => line.text(b"signal ").decimal(information.signal.number().into()),
    };
    line.text(b": ").text(information.cause.description().as_bytes());
    line.text(b", code ").decimal(information.code.into());
    if let Some(address) = fault_address(information) {
        line.text(b", address ").hexadecimal(address, 1);
    }
    if let SignalCause::SystemCall { number, .. } = information.cause {
        line.text(b", call ").decimal(number.into());
    }
    if let Some(sender) = information.cause.sender() {
        line.text(b", process ").decimal(sender.process.map_or(0, |process| process.number()).into());
        line.text(b", user ").decimal(sender.user.number().into());
    }
    line.text(b", thread ").decimal(thread.into()).text(b" (");
    let mut name = [0; 16];
    let length = open(c"/proc/thread-self/comm", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .and_then(|file| read(&file, &mut name[..]))
        .unwrap_or(0);
    line.text(name.get(..length).unwrap_or_default().trim_ascii_end()).byte(b')')
}

fn fault_address(information: &SignalInformation) -> Option<u64> {
    information.cause.address()
}

fn wait_for_the_other() {
    for _ in 0..200 {
        if REPORTING.load(Ordering::SeqCst) == 0 {
            return;
        }
        sleep(Duration::from_millis(10));
    }
}

fn sleep(time: Duration) {
    let _ = rustix::thread::nanosleep(&Timespec { tv_sec: 0, tv_nsec: time.subsec_nanos().into() });
}

impl fmt::Debug for FatalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let target = match &self.target {
            Target::Descriptor(descriptor) => format!("{descriptor:?}"),
            Target::Syslog { address, .. } => format!("{address:?}"),
        };
        f.debug_struct("FatalReport").field("target", &target).finish_non_exhaustive()
    }
}
