use linux_support_base::{
    Directory, Error, Machine, OpenFile, ParseError, Pid, Reading, Reason, text::decimal,
};

use crate::{command_line::CommandLine, stat::Stat, status::Status};

/// The processes of `machine`, one after the other, by number: what [`ProcessRecord`] says of each.
///
/// The numbers are taken at once; each process is read when it is asked for. One that has ended by then, or ends
/// while it is read, is left out, and one that begins after the call is not among them.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_process::processes;
///
/// let machine = Machine::live()?;
/// for process in processes(&machine)? {
///     let stat = process.stat.into_result()?;
///     println!("{} {}", process.pid, stat.name);
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Errors
/// `/proc` can't be listed. What can't be read of a process is told in its record.
pub fn processes(machine: &Machine) -> Result<Processes, Error> {
    let proc = machine.directory("/proc")?;
    let mut pids = Vec::with_capacity(512);
    proc.visit("", |name, _| pids.extend(decimal(name).ok().and_then(Pid::new)))?;
    pids.sort_unstable();
    Ok(Processes { live: machine.is_live(), proc, pids: pids.into_iter(), buffer: Vec::new() })
}

/// The iterator that [`processes`] gives. It reads through one buffer, so that nothing but the records needs
/// memory.
#[derive(Debug)]
pub struct Processes {
    live: bool,
    proc: Directory,
    pids: std::vec::IntoIter<Pid>,
    buffer: Vec<u8>,
}

/// What a listing of processes reads of each.
///
/// On a live machine, the three files are of one process: all were open before the first was read, and the
/// last reading, that of `stat`, proves that the process for which the first was opened was still there. A
/// command line is read before the state, so that a process that ends in between shows its end. It is empty too for
/// a process that is just starting a program, as `ps` sees it.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProcessRecord {
    /// Its number.
    pub pid: Pid,
    /// `/proc/PID/stat`.
    pub stat: Reading<Stat>,
    /// `/proc/PID/status`.
    pub status: Reading<Status>,
    /// `/proc/PID/cmdline`.
    pub command_line: Reading<CommandLine>,
}

impl Processes {
    /// How many numbers have not been looked at yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.pids.len()
    }

    /// Reads one process; [`Reason::Gone`] where it has ended.
    fn record(&mut self, pid: Pid) -> Result<ProcessRecord, Error> {
        let names =
            [FileName::new(pid, b"/stat"), FileName::new(pid, b"/status"), FileName::new(pid, b"/cmdline")];
        let [stat_name, status_name, command_line_name] = &names;
        let stat_file = match self.proc.open(stat_name) {
            Err(error) if self.live && matches!(error.reason(), Reason::Absent) => {
                return Err(Error::new("open", error.object().clone(), Reason::Gone));
            }
            file => file,
        };
        let status_file = self.proc.open(status_name);
        let command_line_file = self.proc.open(command_line_name);
        let buffer = &mut self.buffer;
        let command_line = read(command_line_file, buffer, CommandLine::parse);
        let status = read(status_file, buffer, Status::parse);
        let stat = read(stat_file, buffer, Stat::parse);
        for error in [stat.error(), status.error(), command_line.error()].into_iter().flatten() {
            if matches!(error.reason(), Reason::Gone) {
                return Err(error.clone());
            }
        }
        // Of a process that was waited for while it was read, there are no threads any more, and no true parent.
        let threads = [stat.value().map(|stat| stat.threads), status.value().map(|status| status.threads)];
        if self.live && threads.contains(&Some(0)) {
            return Err(Error::new(
                "read",
                [self.proc.path(), b"/", stat_name.as_ref()].concat(),
                Reason::Gone,
            ));
        }
        Ok(ProcessRecord { pid, stat, status, command_line })
    }
}

impl Iterator for Processes {
    type Item = ProcessRecord;

    fn next(&mut self) -> Option<ProcessRecord> {
        loop {
            let pid = self.pids.next()?;
            // The only error is that the process has ended.
            if let Ok(record) = self.record(pid) {
                return Some(record);
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.pids.len()))
    }
}

fn read<T>(
    file: Result<OpenFile<'_>, Error>,
    buffer: &mut Vec<u8>,
    parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
) -> Reading<T> {
    let read = || {
        let file = file?;
        file.read_full_into(buffer)?;
        parse(buffer).map_err(|error| Error::malformed(file.path(), error.within(buffer)))
    };
    read().into()
}

/// `PID/stat` and the like, without memory of its own.
struct FileName {
    bytes: [u8; 24],
    length: usize,
}

impl FileName {
    fn new(pid: Pid, file: &[u8]) -> Self {
        let mut bytes = [0; 24];
        let mut digits = [0; 10];
        let mut at = digits.len();
        let mut number = pid.number().cast_unsigned();
        while number != 0 {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        let digits = &digits[at..];
        let length = digits.len() + file.len();
        bytes[..digits.len()].copy_from_slice(digits);
        bytes[digits.len()..length].copy_from_slice(file);
        Self { bytes, length }
    }
}

impl AsRef<[u8]> for FileName {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_begin_with_the_number() {
        let name = |number, file: &[u8]| FileName::new(Pid::new(number).unwrap(), file).as_ref().to_vec();
        assert_eq!(name(1, b"/stat"), b"1/stat");
        assert_eq!(name(4_194_304, b"/status"), b"4194304/status");
        assert_eq!(name(i32::MAX, b"/cmdline"), b"2147483647/cmdline");
    }
}
