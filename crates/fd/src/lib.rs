//! The file descriptors that Linux has beyond POSIX, each a type of its own.
//!
//! | type | what it is for |
//! |---|---|
//! | [`Epoll`], [`Reactor`] | waiting for many descriptors, and a loop that owns them and calls who looks after each |
//! | [`EventFd`] | a counter to wake others with, or a semaphore |
//! | [`TimerFd`] | timers by every clock, relative, absolute, periodic |
//! | [`SignalFd`], [`BlockedSignals`] | signals as records that are read |
//! | [`PidFd`], [`Namespace`](namespace::Namespace) | processes and threads that no other is taken for, and their namespaces |
//! | [`Inotify`], [`InotifyTree`] | watching files, directories and whole trees |
//! | [`Fanotify`] | watching mounts and file systems, and permitting what is done there |
//! | [`FileHandle`], [`HandleMount`] | files by what their file system calls them, opened and found |
//! | [`MemFd`], [`SecretMemory`] | memory by descriptor, with seals, and memory that the kernel doesn't see |
//! | [`PipeReader`], [`PipeWriter`], [`make_fifo`] | pipes and FIFOs, packets in them, the standard streams |
//! | [`Splicer`], [`SpliceSender`], [`SpliceRecipient`], [`SendFile`] | bytes from one descriptor to another, past the program |
//! | [`MessageQueue`] | POSIX message queues |
//! | [`socket`] | sockets of each family, their options, and what goes along with messages |
//! | [`Terminal`], [`PseudoTerminal`], [`SerialPort`] | terminals, with and without hardware |
//! | [`directory`] | paths that stay beneath a directory, entries, links, attributes |
//! | [`mod@file`] | extents, space, many buffers at once, advice, bytes that files share |
//! | [`lock`] | locks on files and ranges, with their holders, and leases |
//! | [`block_device`], [`character_device`] | devices, checked by kind and number |
//! | [`user_fault`] | page faults handled by a program |
//! | [`namespace`], [`BpfDescriptor`], [`PerfEvent`] | what is held and passed on |
//!
//! A daemon's loop, with a timer and with SIGTERM:
//!
//! ```
//! use std::time::Duration;
//! use linux_support_base::Signal;
//! use linux_support_fd::{
//!     BlockedSignals, Clock, Interest, Next, Reactor, Schedule, SignalFd, TimerFd,
//! };
//!
//! // Before the first thread is started, so that all of them block it.
//! let _blocked = BlockedSignals::block(Signal::TERM)?;
//! let mut reactor = Reactor::new(0)?;
//! reactor.add(SignalFd::new(Signal::TERM)?, Interest::READABLE, |_, _, _| Next::Stop)?;
//!
//! let timer = TimerFd::new(Clock::Monotonic)?;
//! timer.arm(Schedule::after(Duration::from_millis(1)).every(Duration::from_millis(1)))?;
//! reactor.add(timer, Interest::READABLE, |timer, _, reactor| {
//!     if let Ok(Some(_)) = timer.try_read() {
//!         *reactor.state_mut() += 1;
//!     }
//!     if *reactor.state() == 3 { Next::Stop } else { Next::Keep }
//! })?;
//! reactor.run()?;
//! assert_eq!(reactor.into_state(), 3);
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! # What all of them have in common
//!
//! - Each owns its descriptor, which is closed when it is dropped and, from birth, by `execve`.
//! - [`AsFd`](std::os::fd::AsFd) and [`AsRawFd`](std::os::fd::AsRawFd) lend it: to std, to rustix, to tokio's
//!   `AsyncFd` and to mio's `SourceFd`. `Into<OwnedFd>` gives it away.
//! - `TryFrom<OwnedFd>` takes one that came from elsewhere (from a parent, over a socket, by number) and refuses it,
//!   with [`Reason::OtherDescriptor`](linux_support_base::Reason::OtherDescriptor), if it is of another kind: a
//!   number that was mistaken never becomes a timer. See [`DescriptorKind`].
//! - Those that are read are non-blocking from birth. What may say "not now" begins with `try_` and gives an
//!   `Option`; its counterpart without waits with `poll`.
//!
//! # Interrupted calls
//!
//! A call that a signal's handler interrupts is restarted, with what is left of its time-out. Where the signal is
//! what is waited for, the documentation says so, and the interruption is
//! [`Reason::System`](linux_support_base::Reason::System) with [`Errno::INTR`](linux_support_base::Errno::INTR).
//!
//! # Too many descriptors
//!
//! Where the process or the machine has no descriptor left, the error is
//! [`Reason::System`](linux_support_base::Reason::System) with [`Errno::MFILE`](linux_support_base::Errno::MFILE) or
//! [`Errno::NFILE`](linux_support_base::Errno::NFILE).
//!
//! # What was never seen to work
//!
//! Every kind is tried in tests, as root in virtual machines where that is needed. Left out is what no machine that can
//! be emulated has: blocks that are [discarded securely](block_device::BlockDevice::secure_discard), times that a
//! [network device takes](socket::option::TimestampingFlags), and bytes that a [sender without a copy](socket::ZeroCopy)
//! got to another machine.
//!
//! # Records
//!
//! What the kernel writes into these descriptors is decoded by pure functions over bytes, which keep what they don't
//! know and never panic.

pub mod block_device;
mod bpf;
pub mod character_device;
mod descriptor;
pub mod directory;
mod epoll;
mod event_fd;
mod fanotify;
pub mod file;
mod file_handle;
mod inotify;
pub mod lock;
mod memory_fd;
mod message_queue;
pub mod namespace;
mod perf_event;
mod pid_fd;
mod pipe;
mod reactor;
mod readiness;
mod record;
mod signal_fd;
mod signal_mask;
pub mod socket;
mod splice;
#[allow(unsafe_code)]
mod sys;
mod terminal;
mod timer_fd;
pub mod user_fault;

pub use bpf::{BpfDescriptor, BpfObject};
pub use descriptor::{Descriptor, DescriptorKind};
pub use epoll::{BusyPoll, Delivery, Epoll, Event, Events, Interest, Readiness, Token, Trigger, Watched};
pub use event_fd::EventFd;
pub use fanotify::{
    Answer, AuditRule, EventDetail, EventFile, EventProcess, Fanotify, FanotifyClass, FanotifyEvent,
    FanotifyInformation, FanotifyMark, FanotifyMask, FanotifyOptions, FanotifyRecord, FanotifyRecords,
    FanotifyReport, HandleRecord, Ignored, Information, MarkKind,
};
pub use file_handle::{FileHandle, HandleMount};
pub use inotify::{
    Cookie, ExistingWatch, Inotify, InotifyMask, InotifyRecord, InotifyRecords, InotifyTree, TreeEvent,
    Watch, WatchNumber, WatchOptions,
};
pub use linux_support_base::signal::{ChildEvent, SignalCause, SignalInformation};
pub use memory_fd::{Executability, HugePages, MemFd, MemFdOptions, Seals, SecretMemory};
pub use message_queue::{
    MessageNotification, MessagePriority, MessageQueue, MessageQueueAttributes, MessageQueueEntry,
    MessageQueueLimits, MessageQueueName, MessageQueueOptions, MessageQueueStatus, MessageReceiver,
    MessageSender, QueueAccess, QueueMessage, QueueNotification, ReceivesMessages, Receiving, Sending,
    SendingAndReceiving, SendsMessages,
};
pub use perf_event::PerfEvent;
pub use pid_fd::{
    CoreDump, PidFd, PidFdInformation, ProcessNamespace, ProcessUsers, ResourceUsage, SignalScope, WaitFor,
    Waited,
};
pub use pipe::{PipeLimits, PipeReader, PipeWriter, make_fifo, packet_pipe, pipe};
pub use reactor::{Key, Next, Reactor};
pub use signal_fd::SignalFd;
pub use signal_mask::BlockedSignals;
pub use splice::{
    CopyRange, GivenPages, SendFile, SpliceFlags, SpliceRecipient, SpliceRecipientAt, SpliceSender,
    SpliceSenderAt, Splicer, TransferEnd, TransferError, Transferred,
};
pub use terminal::{
    BackspaceDelay, CarriageReturnDelay, ChangedModes, ClosingWait, ControlCharacter, ControlModes, DataBits,
    ExclusiveTerminal, FormFeedDelay, InputModes, LineBreak, LineCounters, LineDiscipline, LineSpeed,
    LocalModes, ModemLines, NewLineDelay, OutputModes, PacketStatus, Parity, PseudoTerminal, Rs485,
    Rs485Flags, SerialFlags, SerialPort, SerialPortKind, StopBits, TabDelay, Terminal, TerminalBuffers,
    TerminalFlow, TerminalModes, TerminalPacket, VerticalTabDelay, WhenToChange, WindowSize,
};
pub use timer_fd::{Clock, ClockTime, Expiration, Remaining, Schedule, TimerFd};
