//! `capture`: `inspect` of this machine, with all that it reads saved.

use std::{
    ffi::OsStr,
    fs,
    io::IsTerminal,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use linux_support::base::{ByteString, Bytes, Machine};

use crate::{
    Failure,
    arguments::{Capture, Section},
    inspect::{self, Report},
    output::Output,
};

pub(crate) fn run(capture: &Capture) -> Result<(), Failure> {
    let withhold = if capture.with_processes { is_secret } else { is_secret_or_private };
    let (machine, recording) = Machine::recording(&capture.directory, withhold)?;
    let most = capture.process_memory;
    recording.limit(is_of_process_memory, Bytes::new(most.get() / 4), most);
    let bar = progress_bar(capture.quiet);
    let report = Report::read_with(&machine, Section::All, |done, total, name| {
        bar.set_length(total);
        bar.set_position(done);
        bar.set_message(name);
    })?;
    bar.set_message("each process");
    inspect::visit_processes(&machine, &report, most > Bytes::new(0));
    inspect::save_answers(&report, &recording);
    recording.finish(&inspect::facts(&machine, &report))?;
    bar.finish_and_clear();
    if !capture.quiet {
        let mut text = format!(
            "{} files in {}; look at them with: linux-support inspect --machine {}\n",
            recording.files(),
            capture.directory.display(),
            capture.directory.display(),
        );
        text.push_str(&left_out(&recording.left_out(), most).unwrap_or_default());
        Output::open(None)?.text(&text)?;
    }
    Ok(())
}

fn progress_bar(quiet: bool) -> ProgressBar {
    let hidden = quiet || !std::io::stderr().is_terminal();
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Whether it tells what a process has mapped.
fn is_of_process_memory(path: &[u8]) -> bool {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    path.starts_with(b"/proc/") && [&b"smaps"[..], b"smaps_rollup", b"numa_maps"].contains(&name)
}

/// What was too large to be saved, in a line.
fn left_out(files: &[ByteString], most: Bytes) -> Option<String> {
    const NAMED: usize = 10;
    if most == Bytes::new(0) {
        return Some("left out: what processes have mapped, as --process-memory is 0\n".to_owned());
    }
    let mut named: Vec<_> = files.iter().take(NAMED).map(ToString::to_string).collect();
    if files.len() > NAMED {
        named.push(format!("and {} more", files.len() - NAMED));
    }
    let more = most.get().saturating_mul(4) >> 20;
    let advice = format!("for more, give --process-memory {}M", more.max(1));
    (!files.is_empty()).then(|| format!("left out, as too large: {}; {advice}\n", named.join(", ")))
}

/// What is never saved, whoever asks.
fn is_secret(path: &[u8]) -> bool {
    const SECRET: [&[u8]; 6] =
        [b"/etc/shadow", b"/etc/shadow-", b"/etc/gshadow", b"/etc/gshadow-", b"/proc/kcore", b"/proc/keys"];
    SECRET.contains(&path)
        || path.ends_with(b"/environ")
        || path.ends_with(b"/auxv")
        || path.ends_with(b".key")
}

/// What is not saved unless it is asked for: besides secrets, the command lines of other users' processes.
fn is_secret_or_private(path: &[u8]) -> bool {
    if is_secret(path) {
        return true;
    }
    let Some(process) = path.strip_suffix(b"/cmdline").filter(|process| *process != b"/proc") else {
        return false;
    };
    let own = rustix::process::geteuid().as_raw();
    fs::metadata(OsStr::from_bytes(process)).map_or(true, |metadata| metadata.uid() != own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_told_with_a_remedy() {
        let most = Bytes::new(32 << 20);
        assert_eq!(left_out(&[], most), None);
        let files: Vec<_> =
            (1..=12).map(|pid| ByteString::from(format!("/proc/{pid}/smaps").as_str())).collect();
        assert!(files.iter().all(|file| is_of_process_memory(file.as_bytes())));
        assert!(!is_of_process_memory(b"/proc/1/maps") && !is_of_process_memory(b"/sys/smaps"));
        let text = left_out(&files, most).unwrap();
        assert!(
            text.contains("/proc/10/smaps, and 2 more; for more, give --process-memory 128M\n"),
            "{text}"
        );
        assert!(left_out(&[], Bytes::new(0)).unwrap().contains("is 0"));
    }

    #[test]
    fn secrets_are_withheld_and_the_boot_command_line_is_not() {
        for path in ["/etc/shadow", "/proc/kcore", "/proc/1/environ", "/etc/ssl/private/a.key"] {
            assert!(is_secret(path.as_bytes()), "{path}");
        }
        for path in ["/proc/cmdline", "/proc/self/cmdline", "/proc/meminfo", "/etc/passwd"] {
            assert!(!is_secret_or_private(path.as_bytes()), "{path}");
        }
        assert!(is_secret_or_private(b"/proc/no-such-process/cmdline"));
    }
}
