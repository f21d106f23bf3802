//! The namespaces of this machine, beside what lsns says.

use std::{collections::BTreeSet, process::Command};

use linux_support_base::Machine;
use linux_support_process::{NamespaceList, Process};

fn listed() -> BTreeSet<(String, String)> {
    let list = NamespaceList::read(&Machine::live().unwrap()).unwrap();
    let used = list.entries().iter().filter(|entry| !entry.processes.is_empty());
    used.map(|entry| (entry.namespace.inode.to_string(), entry.namespace.kind.to_string())).collect()
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's /proc is the machine's")]
fn lsns_lists_the_same() {
    let before = listed();
    let output = match Command::new("lsns").args(["-n", "-r", "-o", "NS,TYPE"]).output() {
        Ok(output) => output,
        Err(error) => return println!("skipped: lsns: {error}"),
    };
    let after = listed();
    let said: BTreeSet<_> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(number, kind)| (number.to_owned(), kind.to_owned()))
        .collect();
    // Others come and go meanwhile.
    let missing: Vec<_> = before.intersection(&after).filter(|it| !said.contains(*it)).collect();
    assert!(missing.is_empty(), "not in lsns: {missing:?}");
    let more: Vec<_> = said.iter().filter(|it| !before.contains(*it) && !after.contains(*it)).collect();
    // Those that came and went between, or that the tool itself made.
    assert!(more.len() < said.len().div_ceil(2), "only in lsns: {more:?}");
    assert!(said.len() >= 7, "{said:?}");
}

#[test]
fn a_process_is_in_its_own_namespaces() {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let list = NamespaceList::read(&machine).unwrap();
    for link in process.namespaces().unwrap() {
        if !link.name.as_bytes().ends_with(b"_for_children") {
            assert!(list.entry(&link.namespace).unwrap().processes.contains(&process.pid()), "{link:?}");
        }
    }
    assert!(list.unreadable().iter().all(|(pid, _)| *pid != process.pid()));
}
