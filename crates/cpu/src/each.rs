//! The directories `cpuN` of sysfs.

use linux_support_base::{Cpu, CpuSet, Error, Machine, text};

use crate::{CPU_DIRECTORY, CpuInfo};

/// The number in a name such as `cpu12` or `index3`.
pub(crate) fn numbered(name: &[u8], prefix: &[u8]) -> Option<u32> {
    text::decimal(name.strip_prefix(prefix)?).ok()
}

/// The CPUs that sysfs has a directory for, online or not.
pub(crate) fn listed(machine: &Machine) -> Result<CpuSet, Error> {
    let mut cpus = CpuSet::new();
    machine.directory(CPU_DIRECTORY)?.visit("", |name, _| {
        cpus.extend(numbered(name, b"cpu").and_then(Cpu::new));
    })?;
    Ok(cpus)
}

/// The CPUs that are online: by the list of that name, else the CPUs that have a directory and do not say that
/// they are offline, else the processors of `/proc/cpuinfo`.
pub(crate) fn online(machine: &Machine) -> Result<CpuSet, Error> {
    let error = match machine.parse(format!("{CPU_DIRECTORY}/online"), CpuSet::parse_list) {
        Ok(online) => return Ok(online),
        Err(error) => error,
    };
    if !error.is_absent() {
        return Err(error);
    }
    let Ok(mut cpus) = listed(machine) else {
        let info = CpuInfo::read(machine).map_err(|_| error)?;
        return Ok(info.processors.iter().map(|processor| processor.cpu).collect());
    };
    for cpu in &cpus.clone() {
        if machine.line(format!("{CPU_DIRECTORY}/cpu{cpu}/online")).is_ok_and(|line| line == "0") {
            cpus.remove(cpu);
        }
    }
    Ok(cpus)
}

/// The value; what is wrong, where there is a file, is noted.
pub(crate) fn noted<T>(result: Result<T, Error>, problems: &mut Vec<Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            if !error.is_absent() {
                problems.push(error);
            }
            None
        }
    }
}
