use std::time::Duration;

use linux_support_base::{Bytes, Limit, Machine};
use linux_support_process::{
    LiveTask, ResourceLimit,
    resource::{self, Resource},
    scheduling::Nice,
};

use crate::{Sleeper, printed};

#[test]
#[cfg_attr(user_emulation, ignore = "the tools are those of another architecture's emulator")]
fn prlimit_sees_the_limits_that_were_set() {
    let machine = Machine::live().unwrap();
    let sleeper = Sleeper::start();
    let process = sleeper.open(&machine);
    let task = process.as_live().unwrap();
    let before = task.limit(resource::CPU_TIME).unwrap();
    let hour = ResourceLimit { soft: Limit::At(Duration::from_secs(3600)), hard: before.hard };
    assert_eq!(task.set_limit(resource::CPU_TIME, hour).unwrap(), before);
    let files = ResourceLimit { soft: Limit::At(77), hard: Limit::At(99) };
    task.set_limit(resource::OPEN_FILES, files).unwrap();
    let locked = ResourceLimit { soft: Limit::At(Bytes::new(4096)), hard: Limit::At(Bytes::new(8192)) };
    task.set_limit(resource::LOCKED_MEMORY, locked).unwrap();
    // By the other way.
    let all = process.limits().unwrap();
    assert_eq!((all.cpu_time, all.open_files, all.locked_memory), (Some(hour), Some(files), Some(locked)));
    let Some(text) = printed(
        "prlimit",
        &["--pid", &sleeper.pid().to_string(), "--noheadings", "--raw", "-o", "RESOURCE,SOFT,HARD"],
    ) else {
        return;
    };
    for line in ["NOFILE 77 99", "MEMLOCK 4096 8192"] {
        assert!(text.lines().any(|shown| shown == line), "{line} in {text}");
    }
    assert!(text.lines().any(|shown| shown.starts_with("CPU 3600 ")), "{text}");
}

#[test]
fn all_sixteen_are_those_of_the_table() {
    let machine = Machine::live().unwrap();
    let process = linux_support_process::Process::of_caller(&machine).unwrap();
    let all = process.limits().unwrap();
    let task = LiveTask::caller();
    fn has<T: PartialEq + std::fmt::Debug>(
        task: LiveTask<'_, '_>,
        resource: Resource<T>,
        expected: Option<ResourceLimit<T>>,
    ) {
        assert_eq!(task.limit(resource).ok(), expected, "{}", resource.name());
    }
    has(task, resource::CPU_TIME, all.cpu_time);
    has(task, resource::FILE_SIZE, all.file_size);
    has(task, resource::DATA_SIZE, all.data_size);
    has(task, resource::STACK_SIZE, all.stack_size);
    has(task, resource::CORE_FILE_SIZE, all.core_file_size);
    has(task, resource::RESIDENT_SET, all.resident_set);
    has(task, resource::PROCESSES, all.processes);
    has(task, resource::OPEN_FILES, all.open_files);
    has(task, resource::LOCKED_MEMORY, all.locked_memory);
    has(task, resource::ADDRESS_SPACE, all.address_space);
    has(task, resource::FILE_LOCKS, all.file_locks);
    has(task, resource::PENDING_SIGNALS, all.pending_signals);
    has(task, resource::MESSAGE_QUEUE_SIZE, all.message_queue_size);
    has(task, resource::REAL_TIME_TIMEOUT, all.real_time_timeout);
    let numbers = |limit: ResourceLimit<u64>| (limit.soft, limit.hard);
    let nice = task.limit(resource::NICE).unwrap();
    let plain = (nice.soft.map(|limit| limit.number()), nice.hard.map(|limit| limit.number()));
    assert_eq!(plain, numbers(all.nice_priority.unwrap()));
    let real_time = task.limit(resource::REAL_TIME_PRIORITY).unwrap();
    let plain = (real_time.soft.map(|limit| limit.number()), real_time.hard.map(|limit| limit.number()));
    assert_eq!(plain, numbers(all.real_time_priority.unwrap()));
}

mod lab {
    mod any {
        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_hard_limit_is_raised_with_the_capability_and_a_nice_ceiling_is_set() {
            let machine = Machine::live().unwrap();
            let sleeper = Sleeper::start();
            let process = sleeper.open(&machine);
            let task = process.as_live().unwrap();
            let low = ResourceLimit { soft: Limit::At(10), hard: Limit::At(10) };
            task.set_limit(resource::PENDING_SIGNALS, low).unwrap();
            let high = ResourceLimit { soft: Limit::At(20), hard: Limit::Max };
            assert_eq!(task.set_limit(resource::PENDING_SIGNALS, high).unwrap(), low);
            let ceiling = resource::NiceCeiling::down_to(Nice::new(-7).unwrap());
            let limit = ResourceLimit { soft: Limit::At(ceiling), hard: Limit::At(ceiling) };
            task.set_limit(resource::NICE, limit).unwrap();
            assert_eq!(task.limit(resource::NICE).unwrap(), limit);
            assert_eq!(process.limits().unwrap().nice_priority.unwrap().soft, Limit::At(27));
        }
    }
}
