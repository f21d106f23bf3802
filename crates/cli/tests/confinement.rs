//! `inspect capabilities`, `namespaces`, `cgroups`, `users` and `seccomp`, beside the programs that people trust.

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use common::{capture, is_root, peer, run};
use linux_support::security::{
    Scope,
    seccomp::{Action, AuditArchitecture, Enforcement, Policy},
    set_no_new_privileges,
};
use serde_json::Value;

/// A program that says `ready` and waits, ended with its guard.
struct Waiting(Child);

impl Waiting {
    /// `None` where it is refused what it asks for.
    fn start(program: &str, arguments: &[&str]) -> Option<Self> {
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut waiting = Self(child.ok()?);
        let mut line = String::new();
        BufReader::new(waiting.0.stdout.take()?).read_line(&mut line).ok()?;
        (line == "ready\n").then_some(waiting)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const WAIT: &str = "echo ready; read end";

/// What `inspect` prints of one section, as `key` of the report.
fn report(arguments: &[&str], key: &str) -> Value {
    let output = run(&[&["inspect"], arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report.as_object().unwrap().len(), 2, "the form and what was asked for");
    report[key].clone()
}

fn text(arguments: &[&str]) -> String {
    let output = run(&[&["inspect"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn strings(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_lowercase()).collect()
}

/// The effective, inheritable and permitted capabilities of libcap's text, such as `=ep cap_kill-e`.
fn sets_of(text: &str, all: &BTreeSet<String>) -> BTreeMap<char, BTreeSet<String>> {
    let mut sets: BTreeMap<char, BTreeSet<String>> =
        ['e', 'i', 'p'].map(|flag| (flag, BTreeSet::new())).into_iter().collect();
    for clause in text.split_whitespace() {
        let start = clause.find(['=', '+', '-']).expect("an operator");
        let names: BTreeSet<String> = match &clause[..start] {
            "" | "all" => all.clone(),
            names => names.split(',').map(str::to_owned).collect(),
        };
        let mut operator = '=';
        if clause[start..].starts_with('=') {
            sets.values_mut().for_each(|set| set.retain(|name| !names.contains(name)));
        }
        for letter in clause[start..].chars() {
            match (letter, operator) {
                ('=' | '+' | '-', _) => operator = letter,
                (flag, '-') => sets.get_mut(&flag).unwrap().retain(|name| !names.contains(name)),
                (flag, _) => sets.get_mut(&flag).unwrap().extend(names.iter().cloned()),
            }
        }
    }
    sets
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's /proc is the machine's")]
fn capabilities_are_those_of_getpcaps() {
    let dropping = Waiting::start("capsh", &["--drop=cap_kill,cap_chown", "--", "-c", WAIT]);
    let Some(waiting) = dropping.or_else(|| Waiting::start("sh", &["-c", WAIT])) else {
        return println!("skipped: no shell can be started");
    };
    let pid = waiting.pid().to_string();
    let ours = report(&["capabilities", &pid], "process_capabilities");
    assert_eq!(ours["pid"], waiting.pid());
    let all = strings(&ours["of_kernel"]);
    let output = Command::new("getpcaps").arg(&pid).output();
    let Ok(output) = output else { return println!("skipped: no getpcaps") };
    // Some versions write it as an error.
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let theirs = sets_of(said.trim().split_once(": ").unwrap().1.trim_matches('"'), &all);
    for (flag, key) in [('e', "effective"), ('i', "inheritable"), ('p', "permitted")] {
        assert_eq!(strings(&ours[key]), theirs[&flag], "{key}: {said}");
    }
    // What the shell itself is told by capsh.
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let bounding = status.lines().find_map(|line| line.strip_prefix("CapBnd:\t")).unwrap();
    if let Some(decoded) = peer("capsh", &[&format!("--decode={bounding}")]) {
        let names = decoded.trim().split_once('=').unwrap().1;
        let names: BTreeSet<String> =
            names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        assert_eq!(strings(&ours["bounding"]), names);
    }
    let text = text(&["capabilities", &pid]);
    assert!(text.contains("effective") && text.contains("ambient"), "{text}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's /proc is the machine's")]
fn those_who_have_capabilities_are_those_whose_status_says_so() {
    let ours = report(&["capabilities"], "capabilities");
    let holders = ours["holders"].as_array().unwrap();
    let own = std::process::id();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let has_some = ["CapInh:\t", "CapPrm:\t", "CapAmb:\t"].iter().any(|key| {
        let set = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        u64::from_str_radix(set, 16).unwrap() != 0
    });
    assert_eq!(holders.iter().any(|holder| holder["pid"] == own), has_some);
    text(&["capabilities"]);
}

/// Namespaces as `lsns` lists them: number, kind, processes, lowest process.
fn lsns(arguments: &[&str]) -> Option<BTreeMap<u64, (String, u64, u32)>> {
    let columns = ["-n", "-r", "-o", "NS,TYPE,NPROCS,PID"];
    let said = peer("lsns", &[&columns, arguments].concat())?;
    let line = |line: &str| {
        let [number, kind, count, pid] = line.split_whitespace().collect::<Vec<_>>()[..] else { return None };
        Some((number.parse().ok()?, (kind.to_owned(), count.parse().ok()?, pid.parse().ok()?)))
    };
    Some(said.lines().filter_map(line).collect())
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's /proc is the machine's")]
fn namespaces_are_those_of_lsns() {
    let Some(waiting) = Waiting::start("unshare", &["--net", "--uts", "--ipc", "sh", "-c", WAIT]) else {
        return println!("skipped: no new namespaces here");
    };
    let pid = waiting.pid().to_string();
    let ours = report(&["namespaces", &pid], "process_namespaces");
    let namespaces = ours["namespaces"].as_array().unwrap();
    let own = |kind: &str| {
        let found = namespaces.iter().find(|one| one["name"] == kind).unwrap();
        (found["inode"].as_u64().unwrap(), found["processes"].as_u64().unwrap())
    };
    let Some(theirs) = lsns(&["-p", &pid]) else { return println!("skipped: no lsns") };
    assert!(theirs.len() >= 7, "{theirs:?}");
    for (number, (kind, count, _)) in &theirs {
        assert_eq!(own(kind).0, *number, "{kind}");
        if ["net", "uts", "ipc"].contains(&kind.as_str()) {
            assert_eq!((own(kind).1, *count), (1, 1), "{kind}");
        }
    }
    // In the list of all, the same three are there with the same process.
    let list = report(&["namespaces"], "namespaces");
    let list = list["list"].as_array().unwrap();
    for kind in ["net", "uts", "ipc"] {
        let found = list.iter().find(|one| one["namespace"]["inode"] == own(kind).0).unwrap();
        assert_eq!(found["processes"], serde_json::json!([waiting.pid()]));
        assert_eq!(found["namespace"]["kind"], kind);
        let owner = &found["relations"]["owner"];
        if owner["inode"].is_u64() {
            assert_eq!(owner["inode"], own("user").0, "{kind}");
        }
    }
    let shown = text(&["namespaces"]);
    assert!(
        shown.lines().any(|line| line.contains(&own("net").0.to_string()) && line.contains(&pid)),
        "{shown}"
    );
    assert!(text(&["namespaces", &pid]).contains(&own("uts").0.to_string()));
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's /proc is the machine's")]
fn a_namespace_that_only_a_mount_or_a_descriptor_keeps_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("kept net");
    fs::write(&place, "").unwrap();
    let place = place.to_str().unwrap();
    // In mounts of its own: this machine's stay as they are.
    let script = format!(
        "unshare --net='{place}' true && unshare --uts sh -c 'sleep 1000 & echo $!' > '{0}/other' && \
         exec 7< /proc/$(cat '{0}/other')/ns/uts && kill $(cat '{0}/other') && {WAIT}",
        folder.path().display()
    );
    let arguments = ["--mount", "--propagation", "private", "sh", "-c", &script];
    let Some(waiting) = Waiting::start("unshare", &arguments) else {
        return println!("skipped: no new namespaces here");
    };
    let list = report(&["namespaces"], "namespaces");
    let list = list["list"].as_array().unwrap();
    let kept = list
        .iter()
        .find(|one| one["mounts"].as_array().unwrap().iter().any(|mount| mount["mount_point"] == place));
    let kept = kept.unwrap_or_else(|| panic!("{list:#?}"));
    assert_eq!((&kept["namespace"]["kind"], &kept["processes"]), (&"net".into(), &serde_json::json!([])));
    let open = list.iter().find(|one| {
        let descriptors = one["descriptors"].as_array().unwrap();
        descriptors.iter().any(|open| open["process"] == waiting.pid() && open["number"] == 7)
    });
    assert_eq!(open.unwrap()["namespace"]["kind"], "uts");
    assert!(text(&["namespaces"]).contains(place));
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's /proc is the machine's")]
fn the_groups_of_a_process_are_those_of_proc() {
    let waiting = Waiting::start("sh", &["-c", WAIT]).unwrap();
    let pid = waiting.pid().to_string();
    let ours = report(&["cgroups", &pid], "process_cgroups");
    let ours: BTreeSet<String> = ours["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| {
            let mut words: Vec<String> = group["controllers"]
                .as_array()
                .map(|words| words.iter().map(|word| word.as_str().unwrap().to_owned()).collect())
                .unwrap_or_default();
            words.extend(group["name"].as_str().map(|name| format!("name={name}")));
            format!("{}:{}:{}", group["hierarchy"], words.join(","), group["path"].as_str().unwrap())
        })
        .collect();
    let theirs = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    assert_eq!(ours, theirs.lines().map(str::to_owned).collect());
    assert!(text(&["cgroups", &pid]).contains("HIERARCHY"));
}

/// All directories below one, as paths from there.
fn directories(top: &Path, path: &str, all: &mut BTreeSet<String>) {
    all.insert(if path.is_empty() { "/".to_owned() } else { path.to_owned() });
    let Ok(entries) = fs::read_dir(format!("{}{path}", top.display())) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            directories(top, &format!("{path}/{}", entry.file_name().to_string_lossy()), all);
        }
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's /proc is the machine's")]
fn the_groups_of_a_hierarchy_are_its_directories() {
    let list = |top: &Path| {
        let mut all = BTreeSet::new();
        directories(top, "", &mut all);
        all
    };
    let tops = |cgroups: &Value| -> Vec<String> {
        let all = cgroups["hierarchies"].as_array().cloned().unwrap_or_default();
        all.iter().map(|one| one["mount_point"].as_str().unwrap().to_owned()).collect()
    };
    let before: BTreeMap<_, _> = tops(&report(&["cgroups"], "cgroups"))
        .into_iter()
        .map(|top| (top.clone(), list(Path::new(&top))))
        .collect();
    let cgroups = report(&["cgroups"], "cgroups");
    for hierarchy in cgroups["hierarchies"].as_array().into_iter().flatten() {
        // What a container sees as the uppermost group has the path that it has outside.
        let (Some(groups), "/") = (hierarchy["groups"].as_array(), hierarchy["root"].as_str().unwrap())
        else {
            continue;
        };
        let ours: BTreeSet<_> =
            groups.iter().map(|group| group["path"].as_str().unwrap().to_owned()).collect();
        let top = hierarchy["mount_point"].as_str().unwrap();
        let after = list(Path::new(top));
        let Some(before) = before.get(top) else { continue };
        // Others come and go.
        for path in before.intersection(&after) {
            assert!(ours.contains(path), "{top}: {path} is missing");
        }
        for path in &ours {
            assert!(before.contains(path) || after.contains(path), "{top}: {path} is no group");
        }
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's /proc is the machine's")]
fn users_are_those_of_id_and_getent() {
    let waiting = Waiting::start("sh", &["-c", WAIT]).unwrap();
    let pid = waiting.pid().to_string();
    let ours = report(&["users", &pid], "process_users");
    let number = |arguments: &[&str]| peer("id", arguments).unwrap().trim().to_owned();
    assert_eq!(ours["users"]["effective"].to_string(), number(&["-u"]));
    assert_eq!(ours["users"]["real"].to_string(), number(&["-ru"]));
    assert_eq!(ours["groups"]["effective"].to_string(), number(&["-g"]));
    let mut groups: BTreeSet<String> =
        ours["supplementary_groups"].as_array().unwrap().iter().map(ToString::to_string).collect();
    groups.insert(ours["groups"]["effective"].to_string());
    groups.insert(ours["groups"]["real"].to_string());
    assert_eq!(groups, number(&["-G"]).split(' ').map(str::to_owned).collect());
    if let Some(name) = ours["user_names"].as_array().unwrap().first() {
        assert_eq!(name["name"].as_str().unwrap(), number(&["-un"]));
    }

    let accounts = report(&["users"], "users");
    for (database, key) in [("passwd", "users"), ("group", "groups")] {
        let Some(theirs) = peer("getent", &["-s", "files", database]) else { continue };
        let theirs: BTreeSet<(String, String)> = theirs
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .map(|fields| (fields[0].to_owned(), fields[2].to_owned()))
            .collect();
        let ours: BTreeSet<(String, String)> = accounts[key]
            .as_array()
            .unwrap()
            .iter()
            .map(|account| (account["name"].as_str().unwrap().to_owned(), account["id"].to_string()))
            .collect();
        assert_eq!(ours, theirs, "{database}");
    }
    assert!(text(&["users"]).contains("Groups") && text(&["users", &pid]).contains("EFFECTIVE"));
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator filters nothing")]
fn a_thread_that_is_filtered_is_told_from_the_others() {
    let (say, hear) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let filtered = thread::spawn(move || {
        set_no_new_privileges(Scope::Thread).unwrap();
        let native = AuditArchitecture::NATIVE.expect("an architecture with names of calls");
        let program = Policy::new(Action::Allow).foreign(Action::Allow).compile(native).unwrap();
        let outcome = Enforcement::of_thread().enforce(&program);
        let tid = fs::read_link("/proc/thread-self").unwrap();
        let tid: u32 = tid.file_name().unwrap().to_str().unwrap().parse().unwrap();
        say.send((tid, outcome.map_err(|error| error.to_string()))).unwrap();
        let _ = ended.recv();
    });
    let (tid, outcome) = hear.recv().unwrap();
    if let Err(error) = outcome {
        return println!("skipped: {error}");
    }
    let pid = std::process::id().to_string();
    let ours = report(&["seccomp", &pid], "seccomp");
    for thread in ours["threads"].as_array().unwrap() {
        let path = format!("/proc/{pid}/task/{}/status", thread["tid"]);
        let Ok(status) = fs::read_to_string(path) else { continue };
        let value = |key: &str| {
            status.lines().find_map(|line| line.strip_prefix(key)).map(str::trim).map(str::to_owned)
        };
        let mode = match value("Seccomp:").unwrap().as_str() {
            "0" => "disabled",
            "1" => "strict",
            _ => "filter",
        };
        assert_eq!(thread["mode"], mode, "{thread}");
        assert_eq!(thread["filters"].to_string(), value("Seccomp_filters:").unwrap(), "{thread}");
        assert_eq!(thread["no_new_privileges"], value("NoNewPrivs:").unwrap() == "1", "{thread}");
        if thread["tid"] == tid {
            assert!(thread["mode"] == "filter" && thread["no_new_privileges"] == true, "{thread}");
        }
    }
    assert!(text(&["seccomp", &pid]).contains("filter"));
    end.send(()).unwrap();
    filtered.join().unwrap();
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's /proc is the machine's")]
fn a_capture_tells_the_same() {
    let waiting = Waiting::start("sh", &["-c", WAIT]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let tree = capture(folder.path(), &[]);
    let pid = waiting.pid().to_string();
    let from_tree = |arguments: &[&str], key: &str| {
        report(&[arguments, &["--machine", tree.to_str().unwrap()]].concat(), key)
    };
    for (section, key) in
        [("capabilities", "process_capabilities"), ("users", "process_users"), ("seccomp", "seccomp")]
    {
        let (mut live, mut kept) = (report(&[section, &pid], key), from_tree(&[section, &pid], key));
        for value in [&mut live, &mut kept] {
            // How a file is absent differs, and is said with its reason.
            value.as_object_mut().unwrap().retain(|_, value| value.get("unavailable").is_none());
        }
        assert_eq!(live, kept, "{section}");
    }
    let memberships = |groups: Value| -> Vec<Value> {
        groups["groups"].as_array().unwrap().iter().map(|group| group["path"].clone()).collect()
    };
    let live = memberships(report(&["cgroups", &pid], "process_cgroups"));
    assert_eq!(live, memberships(from_tree(&["cgroups", &pid], "process_cgroups")));
    let numbers = |namespaces: Value| -> Vec<Value> {
        let list = namespaces["namespaces"].as_array().unwrap();
        list.iter().map(|one| serde_json::json!([one["name"], one["inode"]])).collect()
    };
    let live = numbers(report(&["namespaces", &pid], "process_namespaces"));
    assert_eq!(live, numbers(from_tree(&["namespaces", &pid], "process_namespaces")));
    assert_eq!(report(&["users"], "users"), from_tree(&["users"], "users"));
    assert!(is_root() || !live.is_empty());
}

#[test]
fn all_of_it_conforms_to_the_schema() {
    let schema: Value = serde_json::from_slice(&run(&["schema"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let own = std::process::id().to_string();
    for section in ["capabilities", "namespaces", "cgroups", "users", "seccomp"] {
        for pid in [Some(own.as_str()), None] {
            if section == "seccomp" && pid.is_none() {
                continue;
            }
            let arguments = [&["inspect", section], pid.as_slice(), &["--format", "json"]].concat();
            let report: Value = serde_json::from_slice(&run(&arguments).stdout).unwrap();
            let errors: Vec<_> =
                validator.iter_errors(&report).take(5).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{arguments:?}: {errors:#?}");
        }
    }
}

#[test]
fn numbers_that_no_process_has_are_errors() {
    for section in ["capabilities", "namespaces", "cgroups", "users", "seccomp"] {
        let output = run(&["inspect", section, "2147483647"]);
        assert_eq!(output.status.code(), Some(1), "{section}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("2147483647"), "{section}");
        assert_eq!(run(&["inspect", section, "0"]).status.code(), Some(2), "{section}");
        assert_eq!(run(&["inspect", section, "one"]).status.code(), Some(2), "{section}");
    }
    assert_eq!(run(&["inspect", "seccomp"]).status.code(), Some(2));
}
