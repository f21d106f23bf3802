//! Descriptors on the machine that runs: of each kind, with std, tokio and mio, and none left open.
//!
//! What needs root or a part of the kernel is in modules `lab::any`, for `cargo xtask lab`.

mod child;
mod device;
mod directory;
mod disk;
mod epoll;
mod event_fd;
mod exhaustion;
mod fanotify;
mod file;
mod file_handle;
mod inotify;
mod interruption;
mod kinds;
mod lock;
mod memory_fd;
mod message_queue;
mod namespace;
mod no_descriptor_left;
mod open;
mod page_size;
mod pid_fd;
mod pipe;
mod reactor;
mod runtime;
mod signal_fd;
mod signals;
mod socket;
mod splice;
mod terminal;
mod timer_fd;
mod user_fault;
