use std::process::Command;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::{
    agree,
    common::{inspect, peer, run},
    started::Started,
};

/// `sleep 77`, started by another program that changes how it is scheduled; `None` where that may not be done here.
fn changed(program: &str, arguments: &[&str]) -> Result<Option<Started>, Failed> {
    let mut probe = Command::new(program);
    let probe = probe.args(arguments).arg("true").stderr(std::process::Stdio::null());
    if !probe.status()?.success() {
        println!("skipped: {program} {arguments:?} is refused here");
        return Ok(None);
    }
    Started::asleep(Command::new(program).args(arguments).args(["sleep", "77"])).map(Some)
}

/// What stands after the colon on the line of `text` that has `words`.
fn after<'t>(text: &'t str, words: &str) -> Option<&'t str> {
    text.lines().find(|line| line.contains(words))?.rsplit_once(": ").map(|(_, value)| value.trim())
}

pub(crate) fn of_chrt() -> Result<(), Failed> {
    let policies = [
        (["--other", "0"], "SCHED_OTHER", "other"),
        (["--batch", "0"], "SCHED_BATCH", "batch"),
        (["--idle", "0"], "SCHED_IDLE", "idle"),
        (["--fifo", "7"], "SCHED_FIFO", "fifo"),
        (["--rr", "9"], "SCHED_RR", "round-robin"),
    ];
    let mut compared = 0;
    for (arguments, their_name, our_name) in policies {
        let Some(started) = changed("chrt", &arguments)? else { continue };
        let pid = started.pid().to_string();
        let theirs = peer("chrt", &["--pid", &pid]).ok_or("chrt failed")?;
        agree("what was asked for", after(&theirs, "policy"), Some(their_name))?;
        let ours = inspect(&["process", &pid]);
        agree("policy", ours["scheduling"]["policy"].as_str(), Some(our_name))?;
        agree("policy in stat", ours["stat"]["policy"].as_str(), Some(our_name))?;
        let priority = ours["scheduling"]["real_time_priority"].as_u64().unwrap_or(0).to_string();
        agree("priority", Some(priority.as_str()), after(&theirs, "priority"))?;
        let text = String::from_utf8(run(&["inspect", "process", &pid]).stdout)?;
        let line = text.lines().find(|line| line.trim_start().starts_with("policy")).ok_or("no policy")?;
        agree("shown", line.trim_end().ends_with(our_name), true)?;
        compared += 1;
    }
    if compared < 2 { Err("nothing could be compared".into()) } else { Ok(()) }
}

pub(crate) fn deadline_of_chrt() -> Result<(), Failed> {
    let times = ["1000000", "10000000", "20000000"];
    let arguments =
        ["-d", "--sched-runtime", times[0], "--sched-deadline", times[1], "--sched-period", times[2], "0"];
    let Some(started) = changed("chrt", &arguments)? else { return Ok(()) };
    let pid = started.pid().to_string();
    let theirs = peer("chrt", &["--pid", &pid]).ok_or("chrt failed")?;
    let ours = &inspect(&["process", &pid])["scheduling"];
    agree("policy", ours["policy"].as_str(), Some("deadline"))?;
    let nanoseconds = ["runtime_seconds", "deadline_seconds", "period_seconds"]
        .map(|key| ours[key].as_f64().map(|seconds| format!("{:.0}", seconds * 1e9)).unwrap_or_default());
    agree("times", Some(nanoseconds.join("/").as_str()), after(&theirs, "runtime/deadline/period"))
}

pub(crate) fn of_ionice() -> Result<(), Failed> {
    for arguments in [
        &["-c", "best-effort", "-n", "3"][..],
        &["-c", "best-effort", "-n", "7"],
        &["-c", "idle"],
        &["-c", "realtime", "-n", "1"],
    ] {
        let Some(started) = changed("ionice", arguments)? else { continue };
        let pid = started.pid().to_string();
        let theirs = peer("ionice", &["-p", &pid]).ok_or("ionice failed")?;
        let text = String::from_utf8(run(&["inspect", "process", &pid]).stdout)?;
        let line = text.lines().find_map(|line| line.trim().strip_prefix("I/O priority"));
        agree("as it is shown", line.map(str::trim), Some(theirs.trim()))?;
        let ours = &inspect(&["process", &pid])["io_priority"];
        let class = ours["class"].as_str().ok_or("no class")?.replace("real-time", "realtime");
        agree("class", class.as_str(), arguments[1])?;
        let level = arguments.get(3).map(|level| level.parse::<u64>()).transpose()?;
        agree("level", ours["level"].as_u64(), level)?;
    }
    Ok(())
}

pub(crate) fn nice_of_ps() -> Result<(), Failed> {
    for nice in ["5", "19"] {
        let started = Started::asleep(Command::new("nice").args(["-n", nice, "sleep", "77"]))?;
        let pid = started.pid().to_string();
        let theirs = peer("ps", &["-o", "ni=,pri=,sid=,pgid=", "-p", &pid]).ok_or("ps failed")?;
        let theirs: Vec<i64> = theirs.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let ours = inspect(&["process", &pid]);
        let number = |value: &Value| value.as_i64().unwrap_or(0);
        let stat = &ours["stat"];
        // ps counts priorities from the other end: 19 for nice 0.
        let expected = [
            number(&stat["nice"]),
            39 - number(&stat["priority"]),
            number(&stat["session"]),
            number(&stat["process_group"]),
        ];
        agree("nice, priority, session and group", expected.as_slice(), theirs.as_slice())?;
    }
    Ok(())
}
