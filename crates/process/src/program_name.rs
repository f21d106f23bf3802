//! What a program is called, from the places where Linux keeps names.

use core::fmt;

use linux_support_base::{ByteString, Error};

use crate::{command_line::CommandLine, descriptor::PathLink, name::ProcessName, task::Task};

/// The name of the program that a process runs, and where it is from.
///
/// Linux keeps no such name, but several that are near to it; the first of these that is there is taken:
///
/// 1. of a kernel thread, its own;
/// 2. the last part of the first argument, without the `-` before that of a login shell; unless the program has
///    [written over](CommandLine::title) its arguments;
/// 3. the name of its first thread (`comm`), of which the kernel keeps 15 bytes, and which it may have changed;
/// 4. the last part of the path of its executable.
///
/// A program can change all but the last of them: this is to be shown, and no proof of anything.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_process::Process;
///
/// let machine = Machine::live()?;
/// println!("I am {}", Process::of_caller(&machine)?.program_name()?);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(tag = "from", content = "name"))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "program_invocation_short_name")]
pub enum ProgramName {
    /// Of a kernel thread.
    KernelThread(ByteString),
    /// From the first argument.
    #[doc(alias = "argv0")]
    Argument(ByteString),
    /// From the name of the first thread.
    #[doc(alias = "comm")]
    Thread(ByteString),
    /// From the path of the executable.
    #[doc(alias = "exe")]
    Executable(ByteString),
}

impl ProgramName {
    /// The name by what is known of a process; `None` where all of it is empty.
    #[must_use]
    pub fn of(
        kernel_thread: bool,
        command_line: Option<&CommandLine>,
        name: Option<&ProcessName>,
        executable: Option<&PathLink>,
    ) -> Option<Self> {
        let thread = name.map(ProcessName::as_bytes).filter(|name| !name.is_empty());
        if kernel_thread {
            return thread.map(|name| Self::KernelThread(name.into()));
        }
        let argument = command_line.filter(|line| line.title().is_none()).and_then(|line| {
            let first = line.arguments().next()?;
            last_part(first.strip_prefix(b"-").unwrap_or(first))
        });
        if let Some(argument) = argument {
            return Some(Self::Argument(argument.into()));
        }
        match thread {
            Some(name) => Some(Self::Thread(name.into())),
            None => Some(Self::Executable(last_part(executable?.path.as_bytes())?.into())),
        }
    }

    /// The name alone.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::KernelThread(name) | Self::Argument(name) | Self::Thread(name) | Self::Executable(name) => {
                name.as_bytes()
            }
        }
    }
}

/// What is after the last slash, unless nothing is.
fn last_part(path: &[u8]) -> Option<&[u8]> {
    path.rsplit(|&byte| byte == b'/').next().filter(|part| !part.is_empty())
}

impl fmt::Display for ProgramName {
    /// The name; that of a kernel thread in square brackets, as `ps` has it. Control characters are shown as escapes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KernelThread(name) => write!(f, "[{name}]"),
            Self::Argument(name) | Self::Thread(name) | Self::Executable(name) => name.fmt(f),
        }
    }
}

impl Task<'_> {
    /// What the program that it runs is called.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    pub fn program_name(&self) -> Result<ProgramName, Error> {
        let stat = self.stat()?;
        let kernel_thread = stat.flags.is_kernel_thread();
        let command_line = if kernel_thread { None } else { Some(self.command_line()?) };
        match ProgramName::of(kernel_thread, command_line.as_ref(), Some(&stat.name), None) {
            Some(name) => Ok(name),
            // A process whose first thread has given itself no name.
            None => Ok(ProgramName::of(false, None, None, Some(&self.executable()?))
                .unwrap_or(ProgramName::Thread(ByteString::default()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &[u8], name: &[u8], executable: &[u8]) -> Option<ProgramName> {
        ProgramName::of(
            false,
            Some(&CommandLine::parse(arguments).unwrap()),
            Some(&ProcessName::new(name)),
            Some(&PathLink::of_link(executable)),
        )
    }

    #[test]
    fn the_first_argument_has_the_whole_name_where_the_kernel_cut_it() {
        assert_eq!(
            of(b"/usr/libexec/gnome-terminal-server\0--wait\0", b"gnome-terminal-", b"/usr/x"),
            Some(ProgramName::Argument("gnome-terminal-server".into()))
        );
    }

    #[test]
    fn a_login_shell_is_called_without_the_dash() {
        assert_eq!(of(b"-bash\0", b"bash", b"/usr/bin/bash").unwrap().to_string(), "bash");
        assert_eq!(of(b"-\0", b"sh", b"/bin/dash"), Some(ProgramName::Thread("sh".into())));
    }

    #[test]
    fn a_title_in_place_of_arguments_is_no_name() {
        let title = b"nginx: master process /usr/sbin/nginx\0\0\0";
        assert_eq!(of(title, b"nginx", b"/usr/sbin/nginx"), Some(ProgramName::Thread("nginx".into())));
    }

    #[test]
    fn without_other_names_it_is_that_of_the_executable() {
        assert_eq!(of(b"", b"", b"/opt/a b (deleted)"), Some(ProgramName::Executable("a b".into())));
        assert_eq!(of(b"\0", b"", b"/"), None);
        assert_eq!(ProgramName::of(false, None, None, None), None);
    }

    #[test]
    fn a_kernel_thread_is_in_brackets_whatever_its_name_looks_like() {
        let name = ProgramName::of(true, None, Some(&ProcessName::new(b"kworker/0:1-ev\n")), None);
        assert_eq!(name.unwrap().to_string(), "[kworker/0:1-ev\\n]");
    }
}
