//! Running cargo and other programs.

use std::{
    env,
    path::Path,
    process::{Command, ExitStatus},
};

use crate::Stop;

/// The cargo that runs this, in the repository's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository")
}

/// Runs `command`; whatever it exits with, if not 0, is what this program exits with.
pub(crate) fn run(command: &mut Command) -> Result<(), Stop> {
    let status = status(command)?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    // The program has said why; only the death by a signal is news.
    let message = code.is_none().then(|| format!("{} ended by {status}", command.get_program().display()));
    Err(Stop { code: code.unwrap_or(1), message })
}

/// How `command` ended.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus, Stop> {
    command.status().map_err(|error| {
        Stop::because(format!("{} can't be started: {error}", command.get_program().display()))
    })
}
