//! Counting instructions under callgrind: what noise can't change.

use std::{
    env, fs, io,
    path::Path,
    process::{Command, Stdio},
};

use crate::{here, inputs::Inputs, pair::Side, parsers, ping_pong, wake};

/// The sides of a case, by the name that the counted process is given.
const SIDES: [&str; 2] = ["ours", "peer"];

/// What is counted: the parsers, each on its text of `inputs`, and what goes to and fro through descriptors.
fn cases(inputs: &Inputs) -> impl Iterator<Item = (&'static str, [Side<'_>; 2])> {
    let parsers = parsers::cases(inputs).into_iter().map(|case| (case.name, [case.ours, case.peer]));
    parsers
        // Valgrind gives a thread no area in which its CPU is, so what it would count is not what runs.
        .chain(
            here::cases()
                .into_iter()
                .filter(|(name, ..)| !name.starts_with("current"))
                .map(|(name, sides, _)| (name, sides as [Side<'_>; 2])),
        )
        .chain(std::iter::once_with(|| (wake::NAME, wake::sides() as [Side<'_>; 2])))
        .chain(std::iter::once_with(|| (ping_pong::NAME, ping_pong::sides() as [Side<'_>; 2])))
}

/// Prints, for each case that `wanted` picks, the instructions of ours and of the peer.
pub(crate) fn print(inputs: &Inputs, wanted: impl Fn(&str) -> bool) -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    inputs.save(folder.path())?;
    println!("\ninstructions to do it once\n{:20}  {:>12}  {:>12}  peer/ours", "", "ours", "peer");
    for (name, _) in cases(inputs).filter(|(name, _)| wanted(name)) {
        let [ours, peer] = SIDES.map(|side| count(folder.path(), name, side));
        let (ours, peer) = (ours?, peer?);
        println!("{name:20}  {ours:>12}  {peer:>12}  {:.2}", peer as f64 / ours as f64);
    }
    Ok(())
}

/// Runs this program once more, under valgrind, to do one side of one case.
fn count(inputs: &Path, name: &str, side: &str) -> io::Result<u64> {
    let counts = inputs.join("counts");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--toggle-collect=*instructions::counted*"])
        .arg(format!("--callgrind-out-file={}", counts.display()))
        .arg(env::current_exe()?)
        .args([name, "--once", side, "--inputs"])
        .arg(inputs)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("valgrind (to be installed): {error}")))?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let text = fs::read_to_string(counts)?;
    text.lines()
        .find_map(|line| line.strip_prefix("totals: ").or_else(|| line.strip_prefix("summary: ")))
        .and_then(|number| number.trim().parse().ok())
        .ok_or_else(|| io::Error::other("callgrind wrote no total"))
}

/// Does one side of the case `name`, in the process that is counted.
pub(crate) fn once(inputs: &Inputs, name: &str, side: &str) {
    for (_, [mut ours, mut peer]) in cases(inputs).filter(|case| case.0 == name) {
        let side = if side == SIDES[0] { &mut ours } else { &mut peer };
        // What is made ready at the first use is not counted.
        side();
        counted(side);
    }
}

#[inline(never)]
fn counted(side: &mut Side<'_>) {
    side();
}
