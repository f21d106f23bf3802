//! What Landlock forbids, tried.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    sync::{atomic::Ordering::SeqCst, mpsc},
    thread,
};

use linux_support_security::{
    Scope, has_no_new_privileges,
    landlock::{FileRights, Mended, PortRights, Rules, Scopes, log_no_later_rules, mended, version},
};

use crate::{broadcast::busy_threads, in_a_thread, in_child};

/// The kernel's version; `None`, having said so, where it is older than `needed`.
fn at_least(needed: u32) -> Option<u32> {
    match version() {
        Ok(version) if version >= needed => Some(version),
        Ok(version) => {
            println!("skipped: Landlock is of version {version}, and this needs {needed}");
            None
        }
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator reads files of its own")]
fn files_are_reached_only_where_a_rule_allows_it() {
    let Some(version) = at_least(3) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("inside"), folder.path().join("outside"));
    for path in [&inside, &outside] {
        fs::create_dir(path).unwrap();
        fs::write(path.join("file"), "text").unwrap();
    }
    let single = outside.join("single");
    fs::write(&single, "text").unwrap();
    in_a_thread(move || {
        let files = FileRights::of_version(version);
        let enforced = Rules::new()
            .handle(files, PortRights::empty(), Scopes::empty())
            .allow_path(&inside, files - FileRights::REMOVE_FILE)
            .allow_path(&single, files)
            .enforce(Scope::Thread)
            .unwrap();
        let allowed = [
            (inside.clone(), files - FileRights::REMOVE_FILE),
            (single.clone(), files & FileRights::OF_A_FILE),
        ];
        assert_eq!(enforced.allowed_paths, allowed);
        assert!(enforced.is_whole() && enforced.version == version && enforced.files == files);
        let denied = std::io::ErrorKind::PermissionDenied;
        assert_eq!(fs::read_to_string(inside.join("file")).unwrap(), "text");
        fs::write(inside.join("new"), "text").unwrap();
        assert_eq!(fs::remove_file(inside.join("file")).unwrap_err().kind(), denied);
        assert_eq!(fs::read(outside.join("file")).unwrap_err().kind(), denied);
        assert_eq!(fs::read_dir(&outside).unwrap_err().kind(), denied);
        assert_eq!(fs::write(outside.join("new"), "").unwrap_err().kind(), denied);
        assert_eq!(fs::create_dir(outside.join("new")).unwrap_err().kind(), denied);
        assert_eq!(fs::read_to_string(&single).unwrap(), "text");
        fs::write(&single, "other").unwrap();
        // More rules only take away, and allowing all changes nothing.
        let again = Rules::new().handle(files, PortRights::empty(), Scopes::empty()).allow_path("/", files);
        again.enforce(Scope::Thread).unwrap();
        assert_eq!(fs::read(outside.join("file")).unwrap_err().kind(), denied);
        fs::write(inside.join("kept"), "").unwrap();
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has sockets of its own")]
fn ports_are_reached_only_where_a_rule_allows_it() {
    if at_least(4).is_none() {
        return;
    }
    let (one, other) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    in_a_thread(move || {
        let ports = PortRights::BIND_TCP | PortRights::CONNECT_TCP;
        let allowed = one.local_addr().unwrap();
        Rules::new()
            .handle(FileRights::empty(), ports, Scopes::empty())
            .allow_port(allowed.port(), PortRights::CONNECT_TCP)
            .enforce(Scope::Thread)
            .unwrap();
        let denied = std::io::ErrorKind::PermissionDenied;
        TcpStream::connect(allowed).unwrap();
        assert_eq!(TcpStream::connect(other.local_addr().unwrap()).unwrap_err().kind(), denied);
        assert_eq!(TcpListener::bind("127.0.0.1:0").unwrap_err().kind(), denied);
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's own threads are among those of /proc")]
pub(crate) fn all_threads_are_confined() {
    if !in_child("landlock::all_threads_are_confined") {
        return;
    }
    let Some(version) = at_least(1) else { return };
    let (end, _) = busy_threads();
    let (to_thread, go) = mpsc::channel::<()>();
    let (to_know, known) = mpsc::channel();
    let thread = thread::spawn(move || {
        to_know.send(fs::read("/proc/version").is_ok()).unwrap();
        go.recv().unwrap();
        (fs::read("/proc/version").map_err(|error| error.kind()), fs::read_dir("/sys").is_ok())
    });
    assert!(known.recv().unwrap());
    let files = FileRights::of_version(version);
    Rules::new()
        .handle(files, PortRights::empty(), Scopes::empty())
        .allow_path("/sys", FileRights::READING)
        .enforce(Scope::Process)
        .unwrap();
    to_thread.send(()).unwrap();
    let (after, elsewhere) = thread.join().unwrap();
    assert_eq!((after, elsewhere), (Err(std::io::ErrorKind::PermissionDenied), true));
    end.store(true, SeqCst);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator sends signals itself")]
fn signals_do_not_lead_out() {
    if at_least(6).is_none() {
        return;
    }
    let mut sleeper = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&sleeper);
    in_a_thread(move || {
        assert!(rustix::process::test_kill_process(pid).is_ok());
        Rules::new()
            .handle(FileRights::empty(), PortRights::empty(), Scopes::SIGNALS)
            .enforce(Scope::Thread)
            .unwrap();
        assert_eq!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::PERM));
    });
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn a_path_that_is_not_there_is_told_and_nothing_is_enforced() {
    if at_least(1).is_none() {
        return;
    }
    in_a_thread(|| {
        let reading = Rules::new().handle(FileRights::READING, PortRights::empty(), Scopes::empty());
        let error =
            reading.allow_path("/no/such/path", FileRights::READING).enforce(Scope::Thread).unwrap_err();
        assert!(error.is_absent() && error.to_string().contains("/no/such/path"), "{error}");
        assert!(fs::read("/etc/group").is_ok());
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator reads files of its own")]
pub(crate) fn all_threads_are_confined_as_one() {
    let Some(version) = at_least(8) else { return };
    if !in_child_or_lab("landlock::all_threads_are_confined_as_one") {
        return;
    }
    let (go, wait) = mpsc::channel::<()>();
    let other = thread::spawn(move || {
        wait.recv().unwrap();
        (fs::read("/proc/version").map_err(|error| error.kind()), has_no_new_privileges().unwrap())
    });
    let enforced = Rules::new()
        .handle(FileRights::of_version(version), PortRights::empty(), Scopes::of_version(version))
        .allow_path("/sys", FileRights::READING)
        .as_one_domain()
        .enforce(Scope::Process)
        .unwrap();
    assert!(enforced.one_domain && enforced.is_whole(), "{enforced}");
    go.send(()).unwrap();
    assert_eq!(other.join().unwrap(), (Err(std::io::ErrorKind::PermissionDenied), true));
}

/// Each test of the lab is a process of its own already.
fn in_child_or_lab(name: &str) -> bool {
    std::env::var_os("LINUX_SUPPORT_LAB_MACHINE").is_some() || in_child(name)
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator reads files of its own")]
pub(crate) fn what_is_quiet_is_forbidden_all_the_same() {
    if at_least(10).is_none() {
        return;
    }
    in_a_thread(|| {
        let (files, ports) = (FileRights::READING | FileRights::WRITE_FILE, PortRights::all());
        let enforced = Rules::new()
            .handle(files, ports, Scopes::all())
            .allow_path("/proc", FileRights::READING)
            .quiet(FileRights::WRITE_FILE, PortRights::BIND_TCP, Scopes::SIGNALS)
            .quiet_path("/proc")
            .quiet_path("/etc/passwd")
            .quiet_port(80)
            .enforce(Scope::Thread)
            .unwrap();
        assert!(enforced.is_whole() && enforced.quiet_paths.len() == 2, "{enforced}");
        assert!(fs::read("/proc/version").is_ok());
        for path in ["/etc/passwd", "/etc/group"] {
            assert_eq!(fs::read(path).unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
        }
        let error = TcpListener::bind("127.0.0.1:80").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator reads files of its own")]
pub(crate) fn the_log_is_set_without_confining_anything() {
    if at_least(1).is_none() {
        return;
    }
    in_a_thread(|| match log_no_later_rules(Scope::Thread) {
        Ok(()) => {
            assert!(version().unwrap() >= 7 && has_no_new_privileges().unwrap());
            assert!(fs::read("/etc/group").is_ok());
        }
        Err(error) => {
            assert!(version().unwrap() < 7);
            assert!(
                error.to_string().contains("needs version 7 of Landlock, which Linux 6.15 has"),
                "{error}"
            );
        }
    });
    // What scopes brought was wrong at first, and was mended by the time that kernels began to tell.
    if let Some(mended) = mended().unwrap()
        && version().unwrap() >= 6
    {
        assert!(mended.contains(Mended::SIGNALS_BETWEEN_THREADS), "{mended:?}");
    }
}
