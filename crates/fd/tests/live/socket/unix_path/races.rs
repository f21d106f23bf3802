//! What others do to a place meanwhile.

use super::*;

#[test]
fn what_took_the_place_meanwhile_is_left_there() {
    let _open = Open::watched();
    let (directory, path) = place();
    let listener = UnixListener::bind_path(&path, &PRIVATE).unwrap();
    fs::remove_file(&path).unwrap();
    let other = std_net::UnixListener::bind(&path).unwrap();
    assert!(!listener.file().is_in_place());
    drop(listener);
    assert_eq!(names(directory.path()), ["socket"]);
    drop(UnixStream::connect_path(&path).unwrap());
    drop(other);
    fs::remove_file(&path).unwrap();

    let listener = UnixListener::bind_path(&path, &PRIVATE).unwrap();
    fs::remove_file(&path).unwrap();
    drop(listener);
    assert!(names(directory.path()).is_empty());
}

#[test]
fn of_many_that_want_a_place_one_gets_it() {
    let _open = Open::watched();
    let (directory, path) = place();
    for _ in 0..20 {
        stale(&path);
        let results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..6).map(|_| scope.spawn(|| UnixListener::bind_path(&path, &PRIVATE))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winners: Vec<&Published<UnixListener>> = results.iter().flatten().collect();
        assert_eq!(winners.len(), 1, "{results:?}");
        assert!(winners[0].file().is_in_place());
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert!(matches!(system(error), Some(Errno::ADDRINUSE | Errno::EXIST)), "{error}");
        }
        drop(results);
        assert!(names(directory.path()).is_empty(), "{:?}", names(directory.path()));
    }
}

/// Somebody who plants links at a name, as fast as can be, while sockets are bound to it: what the links lead to is
/// never touched, and no socket ever appears there.
#[test]
fn links_that_are_planted_while_a_socket_is_bound_lead_nowhere() {
    let _open = Open::watched();
    let (directory, path) = place();
    let victim = directory.path().join("victim");
    fs::create_dir(&victim).unwrap();
    fs::write(victim.join("file"), "precious").unwrap();
    let planted = directory.path().join("planted");
    let over = AtomicBool::new(false);
    let bound = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let targets = ["victim/file", "victim/new", "victim", "socket"];
            for target in targets.iter().cycle() {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let _ = fs::remove_file(&planted);
                symlink(target, &planted).unwrap();
                // In the place of the socket, or of a link of before.
                let _ = fs::rename(&planted, &path);
                let _ = fs::remove_file(&path);
                // What was made is left for a moment now and then.
                thread::yield_now();
            }
        });
        for _ in 0..400 {
            if let Ok(listener) = UnixListener::bind_path(&path, &PRIVATE) {
                bound.fetch_add(1, Ordering::Relaxed);
                drop(listener);
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    assert!(bound.load(Ordering::Relaxed) > 0);
    assert_eq!(names(&victim), ["file"]);
    assert_eq!(fs::read(victim.join("file")).unwrap(), b"precious");
    let left = names(directory.path());
    assert!(left.iter().all(|name| ["planted", "socket", "victim"].contains(&&**name)), "{left:?}");
}

/// A live socket takes the place of a stale one just as others take that away: in the end, it is the one that is there.
#[test]
fn a_live_socket_that_takes_the_place_of_a_stale_one_meanwhile_keeps_it() {
    let _open = Open::watched();
    let (directory, path) = place();
    let aside = directory.path().join("aside");
    for round in 0..150 {
        stale(&path);
        // As the most careful of others do: it listens before it has its name.
        let live = std_net::UnixListener::bind(&aside).unwrap();
        let inode = fs::symlink_metadata(&aside).unwrap().ino();
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..10 {
                    let _ = UnixListener::bind_path(&path, &PRIVATE);
                    // It is stale at once, if nothing is there.
                    let _ = std_net::UnixListener::bind(&path);
                }
            });
            for _ in 0..round % 50 {
                std::hint::black_box(fs::symlink_metadata(&path).is_ok());
            }
            fs::rename(&aside, &path).unwrap();
        });
        assert_eq!(fs::symlink_metadata(&path).unwrap().ino(), inode, "round {round}");
        assert_eq!(names(directory.path()), ["socket"], "round {round}");
        assert_eq!(system(&UnixListener::bind_path(&path, &PRIVATE).unwrap_err()), Some(Errno::ADDRINUSE));
        drop(live);
        fs::remove_file(&path).unwrap();
    }
}
