//! What is noted of calls while they wait: into memory that was taken before.

use linux_support_base::Pid;
use linux_support_security::seccomp::{AuditArchitecture, Call, SystemCall};

use super::{Learned, LearnedCall, selector::Selector};

/// Numbers below this are counted each: the kernels of today have no more than half as many.
const NUMBERS: usize = 1024;

/// How many values of arguments are noted, of all calls together.
const VALUES: usize = 4096;

/// How many values of a call a policy can name sensibly.
const VALUES_OF_A_CALL: usize = 32;

/// How many calls are noted that are not known by number, or are another architecture's.
const STRANGE: usize = 256;

/// What was noted.
#[derive(Debug)]
pub(super) struct Record {
    architecture: AuditArchitecture,
    /// The thread that starts the program. What it does is not the program's.
    pub(super) spawner: Option<i32>,
    /// The program's first thread, which does the steps of the start before it runs it.
    child: Option<Pid>,
    /// Whether it was about to run it.
    runs: bool,
    execveat: Option<u32>,
    counts: Vec<u64>,
    selectors: Vec<Option<Selector>>,
    values: Vec<(u32, [u64; 2])>,
    /// Of how many calls there were more values than can be named.
    many: Vec<bool>,
    strange: Vec<u32>,
    foreign: Vec<(AuditArchitecture, u32)>,
    is_full: bool,
}

impl Record {
    pub(super) fn new(architecture: AuditArchitecture) -> Self {
        let selector = |number| SystemCall::of(architecture, number).name().and_then(Selector::of);
        let execveat = SystemCall::from_name("execveat").ok();
        Self {
            architecture,
            spawner: None,
            child: None,
            runs: false,
            execveat: execveat.and_then(|call| call.number(architecture)),
            counts: vec![0; NUMBERS],
            selectors: (0..NUMBERS as u32).map(selector).collect(),
            values: Vec::with_capacity(VALUES),
            many: vec![false; NUMBERS],
            strange: Vec::with_capacity(STRANGE),
            foreign: Vec::with_capacity(STRANGE),
            is_full: false,
        }
    }

    /// Notes a call. It takes no memory.
    pub(super) fn note(&mut self, thread: Option<Pid>, call: &Call) {
        if !self.is_of_program(thread, call) {
            return;
        }
        if call.architecture != self.architecture {
            self.is_full |= !push(&mut self.foreign, (call.architecture, call.number));
            return;
        }
        let place = call.number as usize;
        let (Some(count), Some(many)) = (self.counts.get_mut(place), self.many.get_mut(place)) else {
            self.is_full |= !push(&mut self.strange, call.number);
            return;
        };
        *count += 1;
        if let Some(selector) = self.selectors.get(place).copied().flatten()
            && !*many
        {
            let value = (call.number, selector.values(&call.arguments));
            let of_call = self.values.iter().filter(|(number, _)| *number == call.number).count();
            *many = (of_call >= VALUES_OF_A_CALL && !self.values.contains(&value))
                || !push(&mut self.values, value);
        }
    }

    /// Whether the program makes the call, and not those who start it.
    fn is_of_program(&mut self, thread: Option<Pid>, call: &Call) -> bool {
        if self.runs {
            return thread.is_none() || thread.map(Pid::number) != self.spawner;
        }
        if thread.is_some() && thread.map(Pid::number) == self.spawner {
            return false;
        }
        let child = *self.child.get_or_insert(match thread {
            Some(thread) => thread,
            None => return false,
        });
        self.runs = thread == Some(child)
            && call.architecture == self.architecture
            && Some(call.number) == self.execveat;
        self.runs
    }

    /// What was learned of it.
    pub(super) fn learned(&self) -> Learned {
        let mut learned = Learned::new(self.architecture);
        for (number, &count) in (0..).zip(&self.counts).filter(|(_, count)| **count > 0) {
            let mut conditions = Vec::new();
            let place = number as usize;
            if let (Some(selector), false) = (self.selectors[place], self.many[place]) {
                let values = self.values.iter().filter(|(of, _)| *of == number);
                conditions = values.filter_map(|(_, values)| selector.conditions(*values).ok()).collect();
                conditions.sort_unstable();
            }
            learned.note(SystemCall::of(self.architecture, number), LearnedCall { count, conditions });
        }
        for &number in &self.strange {
            let call = LearnedCall { count: 1, conditions: Vec::new() };
            learned.note(SystemCall::of(self.architecture, number), call);
        }
        learned.foreign = self.foreign.clone();
        learned.is_cut = self.is_full;
        learned
    }
}

/// Adds what is not there yet, as long as no memory is needed for that; `false` if it was.
fn push<T: PartialEq>(list: &mut Vec<T>, item: T) -> bool {
    if list.contains(&item) {
        return true;
    }
    let fits = list.len() < list.capacity();
    if fits {
        list.push(item);
    }
    fits
}

#[cfg(test)]
mod tests {
    use linux_support_security::seccomp::Action;

    use super::*;

    const ARCHITECTURE: AuditArchitecture = AuditArchitecture::X86_64;
    const SPAWNER: i32 = 10;

    fn number(name: &str) -> u32 {
        SystemCall::from_name(name).unwrap().number(ARCHITECTURE).unwrap()
    }

    fn call(name: &str, arguments: [u64; 6]) -> Call {
        Call { arguments, ..Call::new(ARCHITECTURE, number(name)) }
    }

    fn running() -> Record {
        let mut record = Record::new(ARCHITECTURE);
        record.spawner = Some(SPAWNER);
        record.note(Pid::new(11), &call("execveat", [0; 6]));
        record
    }

    #[test]
    fn what_starts_the_program_is_not_the_programs() {
        let mut record = Record::new(ARCHITECTURE);
        record.spawner = Some(SPAWNER);
        record.note(Pid::new(SPAWNER), &call("clone3", [0; 6]));
        record.note(Pid::new(11), &call("dup3", [0; 6]));
        record.note(Pid::new(11), &call("execveat", [0; 6]));
        record.note(Pid::new(SPAWNER), &call("munmap", [0; 6]));
        record.note(Pid::new(11), &call("read", [0; 6]));
        record.note(Pid::new(12), &call("write", [0; 6]));
        record.note(None, &call("write", [0; 6]));
        let learned = record.learned();
        let names: Vec<_> = learned.calls().iter().map(|call| call.to_string()).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert_eq!(learned.get(SystemCall::from_name("write").unwrap()).unwrap().count, 2);
        assert!(learned.get(SystemCall::from_name("execveat").unwrap()).is_some());
    }

    #[test]
    fn values_that_choose_are_noted_while_they_are_few() {
        let mut record = running();
        for request in [0x5401, 0x5413, 0x5401] {
            record.note(Pid::new(11), &call("ioctl", [0, request, 0, 0, 0, 0]));
        }
        for option in 0..100 {
            record.note(Pid::new(11), &call("prctl", [option, 0, 0, 0, 0, 0]));
        }
        let learned = record.learned();
        let policy = learned.policy(Action::Errno(1)).unwrap();
        let ioctl = SystemCall::from_name("ioctl").unwrap();
        assert_eq!(policy.action(ioctl, &[7, 0x5401, 0, 0, 0, 0]), Action::Allow);
        assert_eq!(policy.action(ioctl, &[7, 0x5402, 0, 0, 0, 0]), Action::Errno(1));
        let prctl = SystemCall::from_name("prctl").unwrap();
        assert_eq!(policy.action(prctl, &[500, 0, 0, 0, 0, 0]), Action::Allow);
        let all = learned.policy_of_calls(Action::Errno(1)).unwrap();
        assert_eq!(all.action(ioctl, &[7, 0x5402, 0, 0, 0, 0]), Action::Allow);
    }

    #[test]
    fn no_memory_is_taken_however_many_calls_there_are() {
        let mut record = running();
        let capacities = |record: &Record| {
            (
                record.values.capacity(),
                record.strange.capacity(),
                record.foreign.capacity(),
                record.counts.capacity(),
            )
        };
        let before = capacities(&record);
        for number in 0..5000 {
            record.note(Pid::new(11), &Call::new(ARCHITECTURE, number));
            record.note(Pid::new(11), &Call::new(AuditArchitecture::AARCH64, number));
            for value in 0..3 {
                let arguments = [value * 7, value, value, u64::from(number), 0, 0];
                record.note(Pid::new(11), &Call { arguments, ..Call::new(ARCHITECTURE, number) });
            }
        }
        assert_eq!(capacities(&record), before);
        let learned = record.learned();
        assert!(!learned.is_whole() && learned.foreign().len() == STRANGE);
        let error = learned.policy(Action::Errno(1)).unwrap_err().to_string();
        assert!(error.contains("another architecture"), "{error}");
    }
}
