//! `inspect sockets` and the order of `inspect processes`, of what the test has opened and started.

mod common;

use std::{
    net::{TcpListener, TcpStream, UdpSocket},
    os::{fd::AsRawFd, unix::net::UnixListener},
    path::Path,
    process::{Command, Stdio},
};

use common::{capture, inspect, program, run};
use serde_json::Value;

fn own() -> String {
    std::process::id().to_string()
}

/// The sockets of all namespaces.
fn listed(section: &Value) -> Vec<&Value> {
    let namespaces = section["namespaces"].as_array().unwrap();
    namespaces.iter().flat_map(|of| of["sockets"].as_array().unwrap()).collect()
}

/// The sockets that this process holds as the descriptor `number`: one at most.
fn held(section: &Value, number: i32) -> Option<&Value> {
    let is_it = |holder: &Value| holder["pid"] == std::process::id() && holder["descriptor"] == number;
    let mut found =
        listed(section).into_iter().filter(|socket| socket["holders"].as_array().unwrap().iter().any(is_it));
    let first = found.next();
    assert!(found.next().is_none());
    first
}

/// A socket without the holders that are other processes: a child that another test just starts is one for a moment.
fn without_others(socket: &Value) -> Value {
    let mut socket = socket.clone();
    socket["holders"].as_array_mut().unwrap().retain(|holder| holder["pid"] == std::process::id());
    socket
}

fn from_tree(tree: &Path, arguments: &[&str]) -> Value {
    let output = program()
        .args(["inspect", "sockets"])
        .args(arguments)
        .args(["--format", "json", "--machine"])
        .arg(tree)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Value>(&output.stdout).unwrap()["sockets"].clone()
}

#[test]
#[cfg_attr(user_emulation, ignore = "what is compared belongs to the emulator too")]
fn sockets_are_the_same_live_and_captured() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let unix = UnixListener::bind(folder.path().join("a \u{1b}[31m socket\n")).unwrap();
    let live = inspect(&["sockets", &own()]);
    let tree = capture(folder.path(), &[]);
    let captured = from_tree(&tree, &[&own()]);
    for number in [listener.as_raw_fd(), client.as_raw_fd(), udp.as_raw_fd(), unix.as_raw_fd()] {
        let live = without_others(held(&live, number).expect("it is open"));
        assert_eq!(held(&captured, number).map(without_others), Some(live));
    }
    assert_eq!(from_tree(&tree, &[&own()]), captured, "a captured machine stands still");
}

#[test]
#[cfg_attr(user_emulation, ignore = "what is compared belongs to the emulator too")]
fn filters_are_those_of_ss() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let unix = UnixListener::bind(folder.path().join("socket")).unwrap();
    let all = [listener.as_raw_fd(), client.as_raw_fd(), udp.as_raw_fd(), unix.as_raw_fd()];
    for (arguments, expected) in [
        (&[][..], [true, true, true, true]),
        (&["--tcp"], [true, true, false, false]),
        (&["-t", "-l"], [true, false, false, false]),
        (&["--udp"], [false, false, true, false]),
        (&["-tux"], [true, true, true, true]),
        (&["--unix", "--listening"], [false, false, false, true]),
        (&["--state", "established"], [false, true, false, false]),
        (&["--state", "listening,unconnected"], [true, false, true, true]),
        (&["--state", "connected", "--tcp"], [false, true, false, false]),
        (&["-4"], [true, true, true, false]),
        (&["-6"], [false, false, false, false]),
        (&["--raw"], [false, false, false, false]),
    ] {
        for pid in [None, Some(own())] {
            let mut words = vec!["sockets"];
            words.extend(pid.as_deref());
            words.extend(arguments);
            let section = inspect(&words);
            assert_eq!(all.map(|number| held(&section, number).is_some()), expected, "{words:?}");
        }
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "what is compared belongs to the emulator too")]
fn sockets_are_shown_with_their_processes_where_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let shown = |arguments: &[&str]| {
        let output = run(&[&["inspect", "sockets"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find(|line| line.contains(&format!("127.0.0.1:{port} "))).unwrap_or_default();
        (text.contains("net:["), line.to_owned())
    };
    let holder = format!(" {}/{}", own(), listener.as_raw_fd());
    for arguments in [&["--tcp", "--process"][..], &["-tlp"], &[own().as_str()]] {
        let (says_namespace, line) = shown(arguments);
        assert!(
            says_namespace && line.contains("listening") && line.contains(&holder),
            "{arguments:?}: {line}"
        );
    }
    let (_, line) = shown(&["-tl"]);
    assert!(line.contains("listening") && !line.contains(&holder), "{line}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "what is compared belongs to the emulator too")]
fn a_socket_in_no_table_is_told_by_its_holder() {
    // The standard library binds or connects whatever it makes.
    let Ok(perl) = Command::new("perl")
        .args([
            "-MSocket",
            "-e",
            "socket(my $s, PF_INET, SOCK_STREAM, 0) or die; $| = 1; print \"ready\\n\"; <STDIN>",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    else {
        println!("skipped: there is no perl");
        return;
    };
    let mut perl = Ended(perl);
    let mut said = [0; 6];
    std::io::Read::read_exact(perl.0.stdout.as_mut().unwrap(), &mut said).unwrap();
    let pid = perl.0.id();
    let section = inspect(&["sockets", &pid.to_string()]);
    let unlisted = section["unlisted"].as_array().unwrap();
    assert_eq!((unlisted.len(), &unlisted[0]["holders"][0]["pid"]), (1, &Value::from(pid)), "{section}");
    assert!(inspect(&["sockets", &pid.to_string(), "--tcp"])["unlisted"].as_array().unwrap().is_empty());
}

#[test]
#[cfg_attr(user_emulation, ignore = "what is compared belongs to the emulator too")]
fn what_can_t_be_asked_is_an_error() {
    let failed = |arguments: &[&str]| {
        let output = run(&[&["inspect"], arguments].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, message) = failed(&["sockets", "--state", "nonsense"]);
    assert!(code == Some(2) && message.contains("nonsense") && message.contains("listening"), "{message}");
    assert_eq!(failed(&["sockets", "2147483647"]).0, Some(1));
    assert_eq!(failed(&["sockets", "0"]).0, Some(2));
    let (code, message) = failed(&["processes", "--sort", "nonsense"]);
    assert!(code == Some(2) && message.contains("nonsense") && message.contains("rss"), "{message}");
    let tree = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(tree.path().join("proc")).unwrap();
    let captured = tree.path().to_string_lossy();
    let (code, message) = failed(&["processes", "--seconds", "1", "--machine", &captured]);
    assert!(code == Some(2) && message.contains("--seconds"), "{message}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "what is compared belongs to the emulator too")]
fn processes_come_in_the_order_asked_for() {
    let numbers = |arguments: &[&str], key: &str| -> Vec<f64> {
        let section = inspect(&[&["processes"], arguments].concat());
        let all = section["processes"].as_array().unwrap();
        all.iter().map(|process| process[key].as_f64().unwrap_or_default()).collect()
    };
    assert!(numbers(&[], "pid").is_sorted());
    assert!(numbers(&["--sort", "rss"], "resident").is_sorted());
    assert!(numbers(&["--sort=-rss"], "resident").is_sorted_by(|one, next| one >= next));
    assert!(numbers(&["--sort", "-time"], "cpu_time_seconds").is_sorted_by(|one, next| one >= next));
    assert!(numbers(&["--sort", "start"], "start_seconds_after_boot").is_sorted());
    assert!(numbers(&["--sort", "-pid"], "pid").is_sorted_by(|one, next| one > next));
}

/// A process that ends with its guard.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "what is compared belongs to the emulator too")]
fn who_uses_the_cpus_is_told() {
    let start =
        |script: &str| Ended(Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).spawn().unwrap());
    let (busy, idle) = (start("while :; do :; done"), start("read end"));
    let section = inspect(&["processes", "--seconds", "1", "--sort", "-cpu"]);
    let all = section["processes"].as_array().unwrap();
    let place = |of: &Ended| all.iter().position(|process| process["pid"] == of.0.id()).unwrap();
    let used = |of: &Ended| {
        let used = &all[place(of)]["cpu_use"];
        let interval = used["interval_seconds"].as_f64().unwrap();
        assert!(interval >= 1.0, "{used}");
        (used["user_seconds"].as_f64().unwrap() + used["system_seconds"].as_f64().unwrap()) / interval
    };
    // How much the busy one gets depends on what else goes on.
    assert!(used(&busy) > 0.01 && used(&busy) < 1.5, "{}", used(&busy));
    assert!(used(&idle) < used(&busy) && place(&busy) < place(&idle));
    assert!(inspect(&["processes"])["processes"][0].get("cpu_use").is_none());
}
