//! The program `linux-support`: see a machine, and save it to look at elsewhere.
//!
//! All that it knows comes from the library; here are only its command line and its presentation.

mod arguments;
mod capture;
mod inspect;
mod output;
mod picture;
mod presentation;

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

use clap::{CommandFactory, Parser, error::ErrorKind as UsageKind};

use crate::arguments::{Arguments, Command, Inspect};

/// Why the program ends without having done what it was asked.
#[derive(Debug)]
enum Failure {
    /// The command line is wrong: exit code 2.
    Usage(String),
    /// It could not be done: exit code 1.
    Failed(String),
    /// Nobody reads the output any more: no failure.
    NobodyReads,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::Failed(format!("write: {error}")),
        }
    }
}

impl From<linux_support::base::Error> for Failure {
    fn from(error: linux_support::base::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let outcome = match arguments.command {
        None => inspect::run(&Inspect::default()),
        Some(Command::Inspect(inspect)) => inspect::run(&inspect),
        Some(Command::Capture(capture)) => capture::run(&capture),
        Some(Command::Schema) => output::schema(),
        Some(Command::Completions { shell }) => completions(shell),
        Some(Command::ManPages { directory }) => {
            clap_mangen::generate_to(Arguments::command(), directory).map_err(Failure::from)
        }
    };
    match outcome {
        Ok(()) | Err(Failure::NobodyReads) => ExitCode::SUCCESS,
        Err(Failure::Failed(message)) => complain(message, 1),
        Err(Failure::Usage(message)) => complain(message, 2),
    }
}

fn complain(message: impl fmt::Display, code: u8) -> ExitCode {
    // Arguments and paths are told as they were given: no control character of theirs is to reach the terminal.
    let mut line = String::new();
    for letter in message.to_string().chars() {
        if letter.is_control() { line.extend(letter.escape_default()) } else { line.push(letter) }
    }
    // Where even this can't be written, the exit code still tells.
    let _ = writeln!(anstream::stderr(), "linux-support: {line}");
    ExitCode::from(code)
}

/// Help and version as clap prints them; everything else as one line.
fn usage(error: &clap::Error) -> ExitCode {
    match error.kind() {
        UsageKind::DisplayHelp
        | UsageKind::DisplayVersion
        | UsageKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(u8::from(error.use_stderr()) * 2)
        }
        _ => {
            let text = error.to_string();
            let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let first = lines.next().unwrap_or("wrong arguments");
            let first = first.strip_prefix("error: ").unwrap_or(first);
            // Missing arguments stand on the line after.
            let more = if first.ends_with(':') { lines.next().unwrap_or_default() } else { "" };
            let values = text.lines().map(str::trim).find(|line| line.starts_with("[possible values: "));
            let values = values.map(|values| format!(" {values}")).unwrap_or_default();
            let tip = text.lines().map(str::trim).find_map(|line| line.strip_prefix("tip: "));
            let tip = tip.map(|tip| format!("; {tip}")).unwrap_or_default();
            let gap = if more.is_empty() { "" } else { " " };
            complain(format_args!("{first}{gap}{more}{values}{tip} (see linux-support --help)"), 2)
        }
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "linux-support", &mut script);
    Ok(io::stdout().write_all(&script)?)
}
