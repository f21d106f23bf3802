//! Calls that a signal's handler interrupts.

use std::{os::unix::thread::JoinHandleExt, thread, time::Duration};

use linux_support_fd::socket::{Socket, TcpListener, TcpStream, UnixAddress, UnixListener, UnixStream};

use super::{anywhere, connected};
use crate::open::Open;

extern "C" fn nothing(_: libc::c_int) {}

/// Runs `work` in another thread, which a signal without SA_RESTART interrupts many times.
#[expect(unsafe_code, reason = "a handler that interrupts calls is not set by anything safe")]
fn interrupted<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static, then: impl FnOnce()) -> T {
    // SAFETY: the action is whole, and its handler does nothing; zeros are an empty set and no flags.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as libc::sighandler_t;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()), 0);
    }
    let thread = thread::spawn(work);
    let mut interruptions = 0;
    while interruptions < 50 && !thread.is_finished() {
        thread::sleep(Duration::from_millis(1));
        // SAFETY: the thread wasn't joined yet, so its identity is its own.
        unsafe { libc::pthread_kill(thread.as_pthread_t() as _, libc::SIGUSR1) };
        interruptions += 1;
    }
    assert!(interruptions > 5, "interrupted {interruptions} times only");
    then();
    thread.join().unwrap()
}

#[test]
fn receiving_and_accepting_go_on() {
    let _open = Open::watched();
    let (here, there) = connected();
    let received = interrupted(move || there.receive(&mut [0; 8]).unwrap(), || here.send_all(b"ab").unwrap());
    assert_eq!(received, 2);

    let listener = TcpListener::bind(&anywhere()).unwrap();
    let address = listener.local_address().unwrap();
    let mut stream = None;
    let accepted = interrupted(
        move || listener.accept().unwrap().1,
        || stream = Some(TcpStream::connect(&address).unwrap()),
    );
    assert_eq!(accepted, Some(stream.unwrap().local_address().unwrap()));
}

#[test]
fn a_time_out_is_neither_lengthened_nor_cut_short() {
    let _open = Open::watched();
    let (_here, there) = connected();
    let elapsed = interrupted(
        move || {
            let before = std::time::Instant::now();
            let received = there.receive_within(&mut [0; 8], Duration::from_millis(300)).unwrap();
            assert_eq!(received, None);
            before.elapsed()
        },
        || {},
    );
    assert!((Duration::from_millis(300)..Duration::from_secs(20)).contains(&elapsed), "{elapsed:?}");
}

#[test]
fn connecting_to_a_full_listener_goes_on() {
    let _open = Open::watched();
    let listener = UnixListener::bind(&UnixAddress::UNNAMED).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let address = listener.local_address().unwrap();
    let _filling = UnixStream::connect(&address).unwrap();
    let connected = interrupted(
        move || UnixStream::connect(&address).is_ok(),
        || {
            listener.accept().unwrap();
        },
    );
    assert!(connected);
}
