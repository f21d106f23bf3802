use std::{
    fs::File,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use bstr::ByteSlice;
use linux_support_base::{Error, GroupId, Reason, UserId};
use rustix::fs::{StatVfsMountFlags, fstatvfs};

use super::{Capabilities, CapabilitySet, FileCapabilities, SecureBits};
use crate::{
    identity::Credentials,
    sys::credentials::{self as sys, Control},
};

/// What of a program's file counts when it is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The file: of a script, that of its interpreter, which is what the kernel looks at.
    pub file: PathBuf,
    /// Whom it is run as, if it is set-user-ID.
    pub set_user: Option<UserId>,
    /// As which group it is run, if it is set-group-ID.
    pub set_group: Option<GroupId>,
    /// The capabilities of the file.
    pub capabilities: Option<FileCapabilities>,
}

impl Program {
    /// Reads them. On a file system that is mounted `nosuid`, none of them counts.
    ///
    /// # Errors
    /// A file can't be read, which a program need not be to be run; interpreters of interpreters are more than four.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let mut path = path.as_ref().to_path_buf();
        for _ in 0..5 {
            let failed = |error: std::io::Error| {
                let errno = rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO);
                Error::system("read", path.to_string_lossy().as_bytes(), errno)
            };
            let file = File::open(&path).map_err(failed)?;
            let mut head = Vec::new();
            (&file).take(256).read_to_end(&mut head).map_err(failed)?;
            if let Some(interpreter) = interpreter(&head) {
                path = interpreter;
                continue;
            }
            let status = file.metadata().map_err(failed)?;
            let mount = fstatvfs(&file).map_err(|errno| failed(errno.into()))?;
            let counts = !mount.f_flag.contains(StatVfsMountFlags::NOSUID);
            let has = |bits: u32| counts && status.mode() & bits == bits;
            return Ok(Self {
                set_user: has(0o4000).then(|| UserId::new(status.uid())),
                // Without the group's execute bit, the bit once meant mandatory locking.
                set_group: has(0o2010).then(|| GroupId::new(status.gid())),
                capabilities: if counts { FileCapabilities::of(&file)? } else { None },
                file: path,
            });
        }
        let path = path.to_string_lossy();
        Err(Error::invalid("run", path.as_bytes(), "its interpreters are scripts, more than four deep"))
    }
}

fn interpreter(head: &[u8]) -> Option<PathBuf> {
    let line = head.strip_prefix(b"#!")?.lines().next()?;
    let name = line.trim_start_with(|byte| byte == ' ' || byte == '\t');
    let name = name.split(|byte| matches!(byte, b' ' | b'\t' | 0)).next().filter(|name| !name.is_empty())?;
    Some(PathBuf::from(name.to_os_str().ok()?))
}

/// All that decides what a thread may do, and what a program that it runs will be able to do.
///
/// ```
/// use linux_support_security::capability::{Privileges, Program};
///
/// let after = Privileges::of_caller()?.after_exec(&Program::read("/bin/sh")?)?;
/// println!("a shell would have {:?}", after.capabilities.effective);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// capabilities(7), "Transformation of capabilities during execve()" and "Capabilities and execution of programs by
/// root"; execve(2); Documentation/userspace-api/no_new_privs.rst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Privileges {
    /// The five sets.
    pub capabilities: Capabilities,
    /// The users that it acts for.
    pub users: Credentials<UserId>,
    /// The groups that it acts for.
    pub groups: Credentials<GroupId>,
    /// How user 0 is treated.
    pub secure_bits: SecureBits,
    /// Whether running a program can give it nothing.
    pub no_new_privileges: bool,
}

impl Privileges {
    /// Those of the calling thread.
    ///
    /// # Errors
    /// None that is known.
    pub fn of_caller() -> Result<Self, Error> {
        let failed = |errno| Error::system("read", "no_new_privs", errno);
        Ok(Self {
            capabilities: Capabilities::of_caller()?,
            users: Credentials::<UserId>::of_caller()?,
            groups: Credentials::<GroupId>::of_caller()?,
            secure_bits: SecureBits::of_caller()?,
            no_new_privileges: sys::control(Control::NoNewPrivileges).map_err(failed)? == 1,
        })
    }

    /// What there is after `program` was run.
    ///
    /// It holds for a thread that nobody traces and whose directory and umask no other process shares, in a user
    /// namespace where the owner of the file has a number and which the capabilities of the file are for. Security
    /// modules, and `no_file_caps` on the boot command line, may make it less.
    ///
    /// # Errors
    /// The kernel would refuse to run it (`EPERM`): its capabilities are to be effective at once, and the bounding set
    /// lacks some of them.
    pub fn after_exec(&self, program: &Program) -> Result<Self, Error> {
        let old = self.capabilities;
        let mut new = old;
        let (mut user, mut group) = (self.users.effective, self.groups.effective);
        if !self.no_new_privileges {
            user = program.set_user.unwrap_or(user);
            group = program.set_group.unwrap_or(group);
        }
        let mut at_once = false;
        new.permitted = CapabilitySet::EMPTY;
        if let Some(file) = &program.capabilities {
            at_once = file.effective;
            new.permitted = (old.bounding & file.permitted) | (old.inheritable & file.inheritable);
            let missing = file.permitted - new.permitted;
            if at_once && !missing.is_empty() {
                let why =
                    format!("the bounding set lacks {}", missing.names().collect::<Vec<_>>().join(", "));
                let object = program.file.to_string_lossy().into_owned();
                return Err(Error::new("run", object.as_bytes(), Reason::Invalid(why)));
            }
        }
        let is_root = |id: UserId| id == UserId::ROOT;
        let became_root = is_root(user) && !is_root(self.users.real);
        let file_rules = program.capabilities.is_some() && became_root;
        if !self.secure_bits.contains(SecureBits::NO_ROOT) && !file_rules {
            if is_root(user) || is_root(self.users.real) {
                new.permitted = old.bounding | old.inheritable;
            }
            at_once |= is_root(user);
        }
        let other_id = user != self.users.real || group != self.groups.real;
        let gains = !new.permitted.is_subset_of(old.permitted);
        if (other_id || gains) && self.no_new_privileges {
            user = self.users.real;
            group = self.groups.real;
            new.permitted &= old.permitted;
        }
        if program.capabilities.is_some() || other_id {
            new.ambient = CapabilitySet::EMPTY;
        }
        new.permitted |= new.ambient;
        new.effective = if at_once { new.permitted } else { new.ambient };
        Ok(Self {
            capabilities: new,
            users: Credentials { effective: user, saved: user, filesystem: user, ..self.users },
            groups: Credentials { effective: group, saved: group, filesystem: group, ..self.groups },
            secure_bits: self.secure_bits - SecureBits::KEEP_CAPABILITIES,
            no_new_privileges: self.no_new_privileges,
        })
    }
}
