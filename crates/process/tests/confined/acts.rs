//! What a confined program must not be able to do. Each is done where nothing forbids it, so that its refusal says
//! something.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    net::{TcpListener, TcpStream},
    os::{
        fd::AsRawFd,
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixStream},
    },
    path::PathBuf,
    process::Command,
};

use linux_support_fd::namespace::Namespace;
use linux_support_security::{
    Scope,
    capability::{Capabilities, Capability, CapabilitySet, FileCapabilities},
    keyring::{KeyType, Keyring},
    namespace::{NamespaceKinds, enter, unshare},
};
use rustix::{
    fs::{CWD, FileType, MemfdFlags, Mode, XattrFlags, makedev, memfd_create, mknodat, setxattr},
    io::Errno,
    mount::{MountFlags, UnmountFlags, mount, unmount},
    net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with},
    process::{Gid, Pid, PidfdFlags, Resource, Rlimit, Uid},
    system::RebootCommand,
    time::ClockId,
};

/// What there is outside, to be tried.
pub(crate) struct Outside {
    /// A folder with files of root.
    pub(crate) folder: PathBuf,
    /// The program's own folder.
    pub(crate) work: PathBuf,
    /// A process of root.
    pub(crate) victim: i32,
    /// Where somebody listens.
    pub(crate) port: u16,
    /// The program's own control group, where there is one.
    pub(crate) cgroup: Option<PathBuf>,
}

/// What refuses an act.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Any,
    /// Only the user, on kernels without Landlock of version 9.
    User,
    /// The control group.
    Cgroup,
}

/// A forbidden act. That the kernel finds fault with it for another reason than that it is forbidden counts as done.
pub(crate) type Act = (&'static str, By, fn(&Outside) -> io::Result<()>);

/// It was done, too, if it failed only for one of these reasons.
fn or<T, E: Into<io::Error>>(done: Result<T, E>, reasons: &[Errno]) -> io::Result<()> {
    match done.map_err(Into::into) {
        Err(error) if !reasons.iter().any(|reason| error.raw_os_error() == Some(reason.raw_os_error())) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

fn succeeds(status: io::Result<std::process::ExitStatus>) -> io::Result<()> {
    if status?.success() { Ok(()) } else { Err(io::Error::other("it failed")) }
}

fn victim(outside: &Outside) -> io::Result<Pid> {
    Pid::from_raw(outside.victim).ok_or_else(|| io::Error::other("no such number"))
}

fn of_victim(outside: &Outside, file: &str) -> String {
    format!("/proc/{}/{file}", outside.victim)
}

/// Asks for a socket.
fn socket(
    family: AddressFamily,
    kind: SocketType,
    protocol: Option<rustix::net::Protocol>,
) -> io::Result<()> {
    or(socket_with(family, kind, SocketFlags::CLOEXEC, protocol), &[])
}

/// With a capability more.
fn raise(capability: Capability) -> io::Result<()> {
    let mut sets = Capabilities::of_caller()?;
    sets.permitted |= CapabilitySet::of([capability]);
    sets.effective = sets.permitted;
    or(sets.set(Scope::Thread), &[])
}

pub(crate) const ACTS: &[Act] = &[
    ("read a secret", By::Any, |o| or(fs::read(o.folder.join("secret")), &[])),
    ("write where anyone may", By::Any, |o| {
        or(OpenOptions::new().append(true).open(o.folder.join("open")), &[])
    }),
    ("cut off a file that anyone may write", By::Any, |o| {
        or(OpenOptions::new().write(true).truncate(true).open(o.folder.join("open")), &[])
    }),
    ("list a folder", By::Any, |o| or(fs::read_dir(o.folder.join("private")), &[])),
    ("list the root", By::Any, |_| or(fs::read_dir("/"), &[])),
    ("make a file where anyone may", By::Any, |o| or(File::create(o.folder.join("shared/file")), &[])),
    ("make a folder where anyone may", By::Any, |o| or(fs::create_dir(o.folder.join("shared/made")), &[])),
    ("make a link where anyone may", By::Any, |o| {
        or(std::os::unix::fs::symlink("/", o.folder.join("shared/link")), &[])
    }),
    ("link an own file elsewhere", By::Any, |o| {
        or(fs::hard_link(o.work.join("input"), o.folder.join("shared/linked")), &[])
    }),
    ("move an own file elsewhere", By::Any, |o| {
        or(fs::rename(o.work.join("moved"), o.folder.join("shared/moved")), &[])
    }),
    ("remove a file where anyone may", By::Any, |o| {
        or(fs::remove_file(o.folder.join("shared/removed")), &[])
    }),
    ("run a program", By::Any, |_| succeeds(Command::new("/bin/sh").args(["-c", "exit 0"]).status())),
    ("run what it wrote itself", By::Any, |o| succeeds(Command::new(o.work.join("script")).status())),
    ("run a program from memory", By::Any, |_| {
        let file = memfd_create("program", MemfdFlags::empty())?;
        (&File::from(file.try_clone()?)).write_all(b"#!/bin/sh\nexit 0\n")?;
        succeeds(Command::new(format!("/proc/self/fd/{}", file.as_raw_fd())).status())
    }),
    ("give a file to root", By::Any, |o| {
        or(rustix::fs::chown(o.work.join("input"), Some(Uid::ROOT), None), &[])
    }),
    ("give capabilities to a program", By::Any, |o| {
        let raw = FileCapabilities::permitted_and_effective(CapabilitySet::of([Capability::NET_RAW]));
        or(raw.write(o.work.join("script")), &[Errno::OPNOTSUPP])
    }),
    ("set a trusted attribute", By::Any, |o| {
        let set = setxattr(o.work.join("input"), "trusted.x", b"x", XattrFlags::empty());
        or(set, &[Errno::OPNOTSUPP])
    }),
    ("make a device", By::Any, |o| {
        let path = o.work.join("device");
        or(mknodat(CWD, path, FileType::CharacterDevice, Mode::RUSR, makedev(1, 3)), &[])
    }),
    ("open the machine's memory", By::Any, |_| or(File::open("/dev/mem"), &[])),
    ("read the kernel's log", By::Any, |_| or(File::open("/dev/kmsg"), &[])),
    ("write to the kernel's log", By::Any, |_| or(OpenOptions::new().write(true).open("/dev/kmsg"), &[])),
    ("change a setting of the kernel", By::Any, |_| {
        or(OpenOptions::new().write(true).open("/proc/sys/kernel/panic"), &[])
    }),
    ("be spared when memory runs out", By::Any, |_| or(fs::write("/proc/self/oom_score_adj", "-1000"), &[])),
    ("become root", By::Any, |_| or(rustix::thread::set_thread_uid(Uid::ROOT), &[])),
    ("become root's group", By::Any, |_| or(rustix::thread::set_thread_gid(Gid::ROOT), &[])),
    ("take a further group", By::Any, |_| or(rustix::thread::set_thread_groups(&[Gid::ROOT]), &[])),
    ("take a capability", By::Any, |_| raise(Capability::SYS_ADMIN)),
    ("take another capability", By::Any, |_| raise(Capability::DAC_OVERRIDE)),
    ("mount", By::Any, |o| {
        mount("none", o.work.join("mount"), "tmpfs", MountFlags::empty(), None)?;
        or(unmount(o.work.join("mount"), UnmountFlags::DETACH), &[])
    }),
    ("change the root", By::Any, |_| or(rustix::process::chroot("/"), &[])),
    ("exchange the root", By::Any, |_| {
        or(rustix::process::pivot_root("/", "/"), &[Errno::INVAL, Errno::BUSY])
    }),
    ("make a namespace of mounts", By::Any, |_| or(unshare(NamespaceKinds::MOUNT), &[])),
    ("make a namespace of users", By::Any, |_| {
        // Only a process of one thread may.
        match unshare(NamespaceKinds::USER) {
            Err(error) if !matches!(error.reason(), linux_support_base::Reason::PermissionDenied { .. }) => {
                Ok(())
            }
            made => or(made, &[]),
        }
    }),
    ("enter another's namespace", By::Any, |o| {
        let namespace = Namespace::open(of_victim(o, "ns/uts"))?;
        or(enter(&namespace), &[])
    }),
    ("read another's environment", By::User, |o| or(File::open(of_victim(o, "environ")), &[])),
    ("open another's memory", By::User, |o| {
        or(OpenOptions::new().write(true).open(of_victim(o, "mem")), &[])
    }),
    ("signal another", By::User, |o| or(rustix::process::test_kill_process(victim(o)?), &[])),
    ("take a descriptor from another", By::User, |o| {
        let process = rustix::process::pidfd_open(victim(o)?, PidfdFlags::empty())?;
        let flags = rustix::process::PidfdGetfdFlags::empty();
        or(rustix::process::pidfd_getfd(process, 0, flags), &[Errno::BADF])
    }),
    ("name the machine", By::Any, |_| {
        or(rustix::system::sethostname(rustix::system::uname().nodename().to_bytes()), &[])
    }),
    ("name the domain", By::Any, |_| {
        or(rustix::system::setdomainname(rustix::system::uname().domainname().to_bytes()), &[])
    }),
    ("set the clock", By::Any, |_| {
        let now = rustix::time::clock_gettime(ClockId::Realtime);
        or(rustix::time::clock_settime(ClockId::Realtime, now), &[])
    }),
    ("say what the keys for a restart do", By::Any, |_| {
        or(rustix::system::reboot(RebootCommand::CadOff), &[])
    }),
    ("load a module", By::Any, |_| {
        or(rustix::system::init_module(&[], c""), &[Errno::NOEXEC, Errno::INVAL, Errno::NOENT])
    }),
    ("unload a module", By::Any, |_| {
        or(rustix::system::delete_module(c"no_such_module", 0), &[Errno::NOENT])
    }),
    ("open a raw socket", By::Any, |_| socket(AddressFamily::INET, SocketType::RAW, Some(ipproto::ICMP))),
    ("open a packet socket", By::Any, |_| socket(AddressFamily::PACKET, SocketType::RAW, None)),
    ("bind a port below 1024", By::Any, |_| or(TcpListener::bind(("127.0.0.1", 80)), &[Errno::ADDRINUSE])),
    ("connect over the network", By::Any, |o| or(TcpStream::connect(("127.0.0.1", o.port)), &[])),
    ("connect to an abstract socket", By::Any, |o| {
        let name = format!("confined-{}", o.port);
        or(UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?), &[])
    }),
    ("connect to a socket of root", By::User, |o| {
        or(UnixStream::connect(o.folder.join("private/socket")), &[])
    }),
    ("be favoured by the scheduler", By::Any, |_| or(rustix::process::setpriority_process(None, -10), &[])),
    ("have more descriptors", By::Any, |_| {
        let hard = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(1024);
        let more = Rlimit { current: Some(hard), maximum: Some(hard + 1) };
        or(rustix::process::setrlimit(Resource::Nofile, more), &[])
    }),
    ("keep a key in the kernel", By::Any, |_| {
        let added = Keyring::PROCESS.add(&KeyType::User, "forbidden", b"x");
        match added {
            // A kernel without keys.
            Err(error) if error.is_absent() => Ok(()),
            added => or(added, &[]),
        }
    }),
    ("have more threads than its group may", By::Cgroup, |_| {
        let started: Vec<_> = (0..40)
            .map(|_| {
                std::thread::Builder::new().stack_size(16 << 10).spawn(|| {
                    std::thread::sleep(std::time::Duration::from_millis(300));
                })
            })
            .collect();
        started.into_iter().try_for_each(|thread| thread.map(drop))
    }),
    ("leave its group", By::Cgroup, |o| {
        let group = o.cgroup.as_ref().expect("there is a group");
        let root = group.parent().expect("a group below the root").join("cgroup.procs");
        or(OpenOptions::new().write(true).open(root).and_then(|mut file| file.write_all(b"0")), &[])
    }),
    ("raise the limit of its group", By::Cgroup, |o| {
        let limit = o.cgroup.as_ref().expect("there is a group").join("memory.max");
        or(OpenOptions::new().write(true).open(limit), &[])
    }),
];
