//! Measurements of the parsers and readers, each beside its peer in the same run.

mod bare_socket;
mod copy;
mod crowd;
mod fault;
mod floor;
mod here;
mod inputs;
mod instructions;
mod page_map;
mod pair;
mod parsers;
mod ping_pong;
mod program;
mod scan;
mod sys;
mod table;
mod wake;

use std::{io, path::PathBuf, process::ExitCode};

use clap::Parser;
use linux_support_base::Machine;

use crate::inputs::Inputs;

/// Measures the parsers and readers beside their peers.
#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure: `parse`, `read`, `processes`, `scan`, `copy`, `inspect`, `wake`, `ping-pong`, `page-map`, `here`, `fault`,
    /// or single names of the tables.
    names: Vec<String>,
    /// How often the sides take turns.
    #[arg(long, default_value_t = 101)]
    rounds: usize,
    /// Parses the files in this folder, named as in the table, in place of this machine's.
    #[arg(long)]
    inputs: Option<PathBuf>,
    /// Writes the files that are parsed into this folder.
    #[arg(long)]
    save: Option<PathBuf>,
    /// How many children are started to be listed.
    #[arg(long, default_value_t = 1000)]
    children: usize,
    /// Counts the instructions of the parsers, through callgrind, in place of measuring times.
    #[arg(long)]
    instructions: bool,
    /// Does one side of what is named, once: what is run to be counted.
    #[arg(long, hide = true, requires = "inputs")]
    once: Option<String>,
    /// Exits with 1 if a target is missed.
    #[arg(long)]
    check: bool,
}

impl Arguments {
    fn wants(&self, group: &str, name: &str) -> bool {
        let name = name.split(',').next().unwrap_or(name);
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == group || wanted == name)
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("benches: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all went as it should.
fn run(arguments: &Arguments) -> io::Result<bool> {
    let machine = Machine::live().map_err(io::Error::other)?;
    let mut missed = 0;
    let mut show = |title: &str, rows: Vec<table::Row>| {
        table::print(title, &rows);
        missed += rows.iter().filter(|row| !row.is_met()).count();
    };

    if let (Some(side), Some(folder)) = (&arguments.once, &arguments.inputs) {
        let inputs = Inputs::load(folder)?;
        arguments.names.iter().for_each(|name| instructions::once(&inputs, name, side));
        return Ok(true);
    }
    // The program and the children are small, so they come before this process grows.
    if !arguments.instructions && arguments.wants("inspect", "inspect") {
        match program::built() {
            Some(program) => show("CPU time of the program", vec![program::row(&program, arguments.rounds)?]),
            None => println!("\nno program to measure: cargo build --release --package linux-support-cli"),
        }
    }
    if !arguments.instructions && arguments.wants("processes", "processes") {
        let rows = crowd::rows(&machine, arguments.children, arguments.rounds.min(31))?;
        show(&format!("listing all processes, {} more than usual", arguments.children), rows);
    }
    if !arguments.instructions && arguments.wants(scan::NAME, scan::NAME) {
        let rows = scan::rows(&machine, arguments.children, arguments.rounds.min(31))?;
        show(&format!("five files of every process, {} more than usual", arguments.children), rows);
    }
    if !arguments.instructions && arguments.wants(copy::NAME, copy::NAME) {
        let rows = copy::rows(&machine, arguments.rounds).map_err(io::Error::other)?;
        show("copying the memory of another process, beside bare process_vm_readv", rows);
    }
    if !arguments.instructions && arguments.wants(wake::NAME, wake::NAME) {
        show("waking through eventfd and epoll, beside the bare calls", vec![wake::row(arguments.rounds)]);
    }
    if !arguments.instructions && arguments.wants(ping_pong::NAME, ping_pong::NAME) {
        let title = "64 bytes to and fro over a Unix socket, beside the bare calls";
        show(title, vec![ping_pong::row(arguments.rounds)]);
    }
    if !arguments.instructions && arguments.wants(page_map::NAME, page_map::NAME) {
        let rows = page_map::rows(&machine, arguments.rounds.min(31)).map_err(io::Error::other)?;
        show("physical addresses of 1 GiB", rows);
    }
    if !arguments.instructions {
        let rows = here::rows(|name| arguments.wants(here::NAME, name), arguments.rounds);
        show("the CPU, the page size and the number of CPUs, beside the C library and num_cpus", rows);
    }
    if !arguments.instructions && arguments.wants(fault::NAME, fault::NAME) {
        match fault::row(arguments.rounds) {
            Ok(row) => show("1 GiB touched for the first time on huge pages, beside base pages", vec![row]),
            Err(error) => println!("\nno huge pages to measure: {error}"),
        }
    }
    inputs::grow()?;
    let inputs = match &arguments.inputs {
        Some(folder) => Inputs::load(folder)?,
        None => Inputs::read()?,
    };
    if let Some(folder) = &arguments.save {
        inputs.save(folder)?;
    }
    if arguments.instructions {
        instructions::print(&inputs, |name| {
            let is_single = [wake::NAME, ping_pong::NAME].contains(&name);
            let group = if here::is_case(name) { here::NAME } else { "parse" };
            arguments.wants(if is_single { name } else { group }, name)
        })?;
        return Ok(true);
    }
    let mut cases = parsers::cases(&inputs);
    cases.retain(|case| arguments.wants("parse", case.name));
    show("parsing from memory, beside the crate procfs", parsers::rows(cases, arguments.rounds));
    let rows = floor::rows(&machine, |name| arguments.wants("read", name), arguments.rounds);
    show("reading and parsing, beside bare open, read and close", rows);
    if missed > 0 {
        println!("\n{missed} missed");
    }
    Ok(missed == 0 || !arguments.check)
}
