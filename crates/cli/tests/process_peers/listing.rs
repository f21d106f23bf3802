use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, process::CommandExt},
    process::Command,
};

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::{
    agree,
    common::{inspect, peer, run},
    started::Started,
};

/// Names that have broken readers of `/proc/PID/stat`, terminals, and makers of JSON.
const NAMES: [&[u8]; 6] = [
    b"a plain name",
    b") R 1 1 (",
    b"two\nlines",
    b"\x1b[31mred\x1b]0;x\x07",
    b"no \xff\xfe text",
    b"\xc2\x9bc1 \xe2\x82\xac",
];

fn named(folder: &std::path::Path, name: &[u8]) -> Result<Started, Failed> {
    let file = folder.join(OsStr::from_bytes(name));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let sleep = std::env::split_paths(&path).map(|folder| folder.join("sleep")).find(|file| file.exists());
    fs::copy(sleep.ok_or("no sleep")?, &file)?;
    Started::asleep(Command::new(&file).arg0(OsStr::from_bytes(name)).arg("77"))
}

/// A name in the form that JSON has.
fn in_json(name: &[u8]) -> Value {
    match std::str::from_utf8(name) {
        Ok(text) => json!(text),
        Err(_) => {
            let hexadecimal: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "lossy": String::from_utf8_lossy(name), "hexadecimal": hexadecimal })
        }
    }
}

fn listed(pid: u32) -> Result<Value, Failed> {
    let section = inspect(&["processes"]);
    let all = section["processes"].as_array().ok_or("processes")?;
    Ok(all.iter().find(|process| process["pid"] == pid).ok_or("it is not listed")?.clone())
}

pub(crate) fn of_ps() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    for name in NAMES {
        let started = named(folder.path(), name)?;
        let pid = started.pid().to_string();
        let ours = listed(started.pid())?;
        let columns = "pid=,ppid=,user:40=,s=,nlwp=,ni=,cls=,rss=,vsz=,cputimes=,tty=";
        let theirs = peer("ps", &["-o", columns, "-p", &pid]).ok_or("ps failed")?;
        let theirs: Vec<&str> = theirs.split_whitespace().collect();
        let kib = |value: &Value| value.as_u64().map(|bytes| (bytes / 1024).to_string()).unwrap_or_default();
        let plain = |value: &Value| value.to_string().trim_matches('"').to_owned();
        let expected = [
            plain(&ours["pid"]),
            plain(&ours["parent"]),
            plain(&ours["user"]["name"]),
            if ours["state"] == "sleeping" { "S".to_owned() } else { plain(&ours["state"]) },
            plain(&ours["threads"]),
            plain(&ours["nice"]),
            if ours["policy"] == "other" { "TS".to_owned() } else { plain(&ours["policy"]) },
            kib(&ours["resident"]),
            kib(&ours["virtual_memory"]),
            ours["cpu_time_seconds"].as_f64().map(|time| (time as u64).to_string()).unwrap_or_default(),
            ours.get("terminal").map_or_else(|| "?".to_owned(), plain),
        ];
        agree("columns", expected.as_slice(), &theirs.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        agree("name", &ours["name"], &in_json(&name[..name.len().min(15)]))?;
        agree("arguments", &ours["command_line"], &json!([in_json(name), "77"]))?;
        let last = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        agree("program", &ours["program"], &json!({ "from": "argument", "name": in_json(last) }))?;
        for section in ["process", "signals", "limits", "sockets"] {
            harmless(&["inspect", section, &pid])?;
        }
        for section in ["processes", "tree"] {
            harmless(&["inspect", section])?;
        }
    }
    Ok(())
}

/// Nothing but text and newlines goes out, whatever processes are called.
fn harmless(arguments: &[&str]) -> Result<(), Failed> {
    let output = run(arguments);
    if !output.status.success() || output.stdout.is_empty() {
        return Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let text = String::from_utf8(output.stdout)?;
    match text.chars().find(|letter| letter.is_control() && *letter != '\n') {
        Some(letter) => Err(format!("{arguments:?} prints {letter:?}").into()),
        None => Ok(()),
    }
}

pub(crate) fn starts_of_ps() -> Result<(), Failed> {
    let started = Started::asleep(Command::new("sleep").arg("77"))?;
    let pid = started.pid().to_string();
    let output = Command::new("ps")
        .args(["-o", "lstart=", "-p", &pid])
        .env("LC_ALL", "C")
        .env("TZ", "UTC0")
        .output()?;
    let theirs = String::from_utf8(output.stdout)?;
    let theirs = peer("date", &["-u", "-d", theirs.trim(), "+%s"]).ok_or("date failed")?;
    let theirs: i64 = theirs.trim().parse()?;
    let in_list = listed(started.pid())?["started_unix_seconds"].as_i64().ok_or("no start")?;
    let alone = inspect(&["process", &pid])["started_unix_seconds"].as_i64().ok_or("no start")?;
    for ours in [in_list, alone] {
        // Each rounds the machine's start to a second in its own way.
        if (ours - theirs).abs() > 1 {
            return Err(format!("ours {ours}, theirs {theirs}").into());
        }
    }
    Ok(())
}

pub(crate) fn terminal_of_ps() -> Result<(), Failed> {
    // script(1) gives what it runs a terminal.
    let started = Started::ready(Command::new("script").args([
        "--quiet",
        "--command",
        "echo $$; read end",
        "/dev/null",
    ]))?;
    let pid = started.said.trim();
    let theirs = peer("ps", &["-o", "tty=", "-p", pid]).ok_or("ps failed")?;
    let ours = inspect(&["process", pid]);
    agree("terminal", ours["terminal"].as_str(), Some(theirs.trim()))?;
    let listed = listed(pid.parse()?)?;
    agree("terminal", listed["terminal"].as_str(), Some(theirs.trim()))
}
