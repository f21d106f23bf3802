//! The machines of the lab, as `lab/machines.toml` declares them.
//!
//! `cargo xtask lab` boots them; the tests that run inside compare what the library reads with what was declared:
//!
//! ```
//! let machines = lab::machines()?;
//! let numa = machines.get("numa").ok_or("no such machine")?;
//! assert_eq!(numa.cpus.count(), 8);
//! assert_eq!(numa.nodes[3].cpus.to_string(), "", "a node of memory only");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `lab/README.md` says how the lab works and how a machine is added.
#![forbid(unsafe_code)]

mod architecture;
mod check;
mod cpus;
mod device;
mod machine;
mod node;
mod size;

use std::{collections::BTreeMap, env, fmt, path::Path};

use serde::Deserialize;

pub use crate::{
    architecture::Architecture,
    cpus::{CpuList, Cpus},
    device::{Backing, PciDevice},
    machine::Machine,
    node::Node,
    size::Size,
};

/// The machines, by name.
pub type Machines = BTreeMap<String, Machine>;

/// Where the declarations are, from the root of the repository.
pub const FILE: &str = "lab/machines.toml";

/// What is wrong with a declaration, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    line: Option<usize>,
    what: String,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(FILE)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        write!(formatter, ": {}", self.what)
    }
}

impl std::error::Error for Error {}

/// All machines of `machines.toml`.
///
/// # Errors
/// The file declares what does not exist or can't be; the error names the line.
pub fn machines() -> Result<Machines, Error> {
    parse(include_str!("../machines.toml"))
}

/// The machines that `text` declares.
///
/// # Errors
/// As [`machines`].
pub fn parse(text: &str) -> Result<Machines, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        machine: BTreeMap<String, toml::Spanned<Machine>>,
    }
    let line = |place: usize| 1 + text.bytes().take(place).filter(|byte| *byte == b'\n').count();
    let file: File = toml::from_str(text).map_err(|error| Error {
        line: error.span().map(|span| line(span.start)),
        what: error.message().trim().replace('\n', " "),
    })?;
    file.machine
        .into_iter()
        .map(|(name, machine)| {
            let start = line(machine.span().start);
            let machine = machine.into_inner();
            match check::machine(&name, &machine) {
                Ok(()) => Ok((name, machine)),
                Err(what) => Err(Error { line: Some(start), what: format!("machine {name}: {what}") }),
            }
        })
        .collect()
}

/// The machine that a test runs in, with its name; none outside of the lab.
///
/// # Errors
/// The environment names a declaration that is not there or is none.
pub fn this_machine() -> Result<Option<(String, Machine)>, Box<dyn std::error::Error>> {
    let (Some(name), Some(file)) =
        (env::var_os("LINUX_SUPPORT_LAB_MACHINE"), env::var_os("LINUX_SUPPORT_LAB_DECLARATION"))
    else {
        return Ok(None);
    };
    let machine = serde_json::from_slice(&std::fs::read(Path::new(&file))?)?;
    Ok(Some((name.to_string_lossy().into_owned(), machine)))
}

#[cfg(test)]
mod tests;
