use std::process::{Command, Stdio};

use linux_support_base::{Machine, Reason};
use linux_support_process::{Address, Process, State, memory::ReadFrom};

use crate::Sleeper;

/// A process that has run its program's first steps, with one variable.
fn with_a_variable(variable: &str, value: &str) -> Sleeper {
    let mut command = Command::new("/bin/sleep");
    command.arg("60").env_clear().env(variable, value).stdout(Stdio::null());
    let sleeper = Sleeper(command.spawn().unwrap());
    let machine = Machine::live().unwrap();
    let process = sleeper.open(&machine);
    // While a program is being started, its environment has no place yet.
    loop {
        let stat = process.stat().unwrap();
        if stat.state == State::Sleeping && stat.start_environment.is_some_and(|address| address.get() != 0) {
            return sleeper;
        }
        std::thread::yield_now();
    }
}

fn environment(process: &Process<'_>) -> Address {
    process.stat().unwrap().start_environment.unwrap()
}

#[test]
#[cfg_attr(user_emulation, ignore = "the memory of an emulated process is not where the kernel says")]
fn a_text_of_another_process_is_read() {
    let machine = Machine::live().unwrap();
    let sleeper = with_a_variable("COLOUR", "green");
    let process = sleeper.open(&machine);
    let memory = process.memory().unwrap();
    let address = environment(&process);
    assert_eq!(memory.read_string(address, 12).unwrap(), "COLOUR=green");
    let error = memory.read_string(address, 11).unwrap_err();
    assert!(error.to_string().ends_with("expected a NUL after 11 bytes at most"), "{error}");
    let first: [u8; 4] = memory.read_value(address).unwrap();
    assert_eq!(&first, b"COLO");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the memory of an emulated process is not where the kernel says")]
fn a_copy_that_meets_the_end_of_a_mapping_tells_how_far_it_came() {
    let machine = Machine::live().unwrap();
    let sleeper = with_a_variable("A", "b");
    let process = sleeper.open(&machine);
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", sleeper.pid())).unwrap();
    let stack = maps.lines().find(|line| line.ends_with("[stack]")).unwrap();
    let end = u64::from_str_radix(stack.split(['-', ' ']).nth(1).unwrap(), 16).unwrap();
    let (mut first, mut second) = ([0; 8], [1; 100]);
    let memory = process.memory().unwrap();
    let transfer = memory
        .read_all(&mut [
            ReadFrom { address: environment(&process), into: &mut first },
            ReadFrom { address: Address::new(end - 8), into: &mut second },
        ])
        .unwrap();
    assert_eq!((transfer.copied, transfer.ended_at), (16, Some(Address::new(end))));
    assert_eq!(&first[..3], b"A=b");
    // The kernel leaves the last word of the stack empty.
    assert_eq!((&second[..8], &second[8..]), (&[0; 8][..], &[1; 92][..]));
    let mut same = [0; 100];
    let file = process.memory_file().unwrap();
    let transfer = file.read(Address::new(end - 8), &mut same).unwrap();
    assert_eq!((transfer.copied, transfer.ended_at), (8, Some(Address::new(end))));
    for error in [
        memory.read(Address::new(end), &mut same).unwrap_err(),
        file.read(Address::new(end), &mut same).unwrap_err(),
        memory.read_value::<u64>(Address::new(8)).unwrap_err(),
    ] {
        assert!(matches!(error.reason(), Reason::System(_)), "{error}");
        assert!(error.to_string().starts_with("read address 0x"), "{error}");
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has no process_vm_readv")]
fn more_pieces_than_one_call_takes_are_all_read() {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let source: Vec<u32> = (0..3000).collect();
    let mut copies = vec![[0u8; 4]; 3000];
    let mut pieces: Vec<_> = source
        .iter()
        .zip(&mut copies)
        .map(|(number, copy)| ReadFrom { address: Address::of(number), into: copy })
        .collect();
    let transfer = process.memory().unwrap().read_all(&mut pieces).unwrap();
    assert_eq!((transfer.copied, transfer.ended_at), (12_000, None));
    assert!(copies.iter().zip(source).all(|(copy, number)| u32::from_ne_bytes(*copy) == number));
    assert_eq!(process.memory().unwrap().read_all(&mut []).unwrap().copied, 0);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the memory of an emulated process is not where the kernel says")]
fn what_is_written_is_there() {
    let machine = Machine::live().unwrap();
    let sleeper = with_a_variable("COLOUR", "green");
    let process = sleeper.open(&machine);
    let address = environment(&process);
    let memory = process.writable_memory().unwrap();
    let after = address.checked_add(7).unwrap();
    let transfer = memory.write_all(&[(address, b"c"), (after, b"brown")]).unwrap();
    assert_eq!((transfer.copied, transfer.ended_at), (6, None));
    assert_eq!(std::fs::read(format!("/proc/{}/environ", sleeper.pid())).unwrap(), b"cOLOUR=brown\0");
}

#[test]
fn the_callers_own_memory_is_not_written() {
    let machine = Machine::live().unwrap();
    let error = Process::of_caller(&machine).unwrap().writable_memory().unwrap_err();
    assert!(error.to_string().contains("may not change its own like this"), "{error}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the memory of an emulated process is not where the kernel says")]
fn the_memory_of_a_process_that_has_ended_is_gone() {
    let machine = Machine::live().unwrap();
    let mut sleeper = with_a_variable("A", "b");
    let process = sleeper.open(&machine);
    let (address, file) = (environment(&process), process.writable_memory().unwrap());
    sleeper.end();
    let mut byte = [0];
    for error in [
        process.memory().unwrap().read(address, &mut byte).unwrap_err(),
        file.read(address, &mut byte).unwrap_err(),
        file.write(address, &byte).unwrap_err(),
        process.memory_file().unwrap_err(),
    ] {
        assert_eq!(error.reason(), &Reason::Gone, "{error}");
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the memory of an emulated process is not where the kernel says")]
fn a_piece_of_more_than_the_kernel_copies_at_once_is_copied_whole() {
    const LENGTH: usize = (2 << 30) + 4096;
    let machine = Machine::live().unwrap();
    let available = std::fs::read_to_string("/proc/meminfo").unwrap();
    let available = available.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let available = available.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    if available.is_none_or(|available| available < LENGTH >> 9) {
        return println!("skipped: needs 4 GiB of memory");
    }
    // It takes no memory, since nothing is written to it but its end.
    let mut from = vec![0u8; LENGTH];
    from[LENGTH - 1] = 7;
    let mut into = vec![0u8; LENGTH];
    let process = Process::of_caller(&machine).unwrap();
    let address = Address::new(from.as_ptr().expose_provenance() as u64);
    let transfer = process.memory().unwrap().read(address, &mut into).unwrap();
    assert_eq!((transfer.copied, transfer.ended_at, into[LENGTH - 1]), (LENGTH, None, 7));
}
