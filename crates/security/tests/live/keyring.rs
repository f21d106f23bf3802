//! Keys and keyrings, in sessions that end with their threads; compared with keyctl(1).

use std::{process::Command, thread, time::Duration};

use linux_support_base::{Errno, GroupId, Machine, Reason, UserId};
use linux_support_security::{
    capability::{Capabilities, Capability, CapabilitySet},
    keyring::{
        Key, KeyExpiry, KeyList, KeyPermissions, KeyRights, KeyStates, KeyType, KeyUsers, Keyring,
        KeyringFeatures, RequestDestination, Restriction, join_session, persistent, request,
        set_request_destination, set_session_of_parent,
    },
};

use crate::{has, in_a_thread, in_child, run};

/// Runs `test` in a thread with a session keyring of its own, which goes with it.
fn in_a_session(test: impl FnOnce(Keyring) + Send + 'static) {
    in_a_thread(|| match join_session(None) {
        Ok(session) => test(session),
        // No keys in this kernel, or a filter that refuses them.
        Err(error) => println!("skipped: {error}"),
    });
}

const SESSION: Keyring = Keyring::SESSION;

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no keys")]
pub(crate) fn a_key_is_added_read_changed_and_revoked() {
    in_a_session(|_| {
        let key = SESSION.add(&KeyType::User, "one", b"content\0\n").unwrap();
        assert_eq!(key.read().unwrap(), b"content\0\n");
        let mut room = [7; 4];
        assert_eq!(key.read_into(&mut room).unwrap(), 9);
        key.update(b"other").unwrap();
        assert_eq!(SESSION.add(&KeyType::User, "one", b"third").unwrap(), key);
        assert_eq!(key.read().unwrap(), b"third");
        let described = key.describe().unwrap();
        assert_eq!((described.kind, described.description.as_bytes()), (KeyType::User, &b"one"[..]));
        assert_eq!(described.user, UserId::new(rustix::process::geteuid().as_raw()));
        let label = key.security_label().unwrap();
        assert!(!label.as_bytes().contains(&0), "{label}");
        let empty = SESSION.add(&KeyType::User, "empty", b"").unwrap_err();
        assert_eq!(*empty.reason(), Reason::System(Errno::INVAL), "{empty}");
        key.revoke().unwrap();
        let error = key.read().unwrap_err().to_string();
        assert_eq!(error, format!("read key {key}: the key was revoked"));
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no keys")]
pub(crate) fn keyrings_hold_keys_and_lead_to_them() {
    in_a_session(|session| {
        assert_eq!(SESSION.resolve(false).unwrap(), session);
        let (inner, other) = (SESSION.add_keyring("inner").unwrap(), SESSION.add_keyring("other").unwrap());
        let key = inner.add(&KeyType::User, "deep", b"x").unwrap();
        assert_eq!(SESSION.keys().unwrap(), [inner.key(), other.key()]);
        assert_eq!(SESSION.search(&KeyType::User, "deep", None).unwrap(), Some(key));
        assert_eq!(SESSION.search(&KeyType::User, "nothing", None).unwrap(), None);
        assert_eq!(request(&KeyType::User, "deep", None, None).unwrap(), key);
        let none = request(&KeyType::User, "nothing", None, None).unwrap_err();
        assert!(none.is_absent(), "{none}");
        // What is found is linked, moved, taken out.
        assert_eq!(inner.search(&KeyType::User, "deep", Some(other)).unwrap(), Some(key));
        assert_eq!(other.keys().unwrap(), [key]);
        let exists = inner.move_to(key, other, false).unwrap_err();
        assert_eq!(*exists.reason(), Reason::System(Errno::EXIST), "{exists}");
        other.unlink(key).unwrap();
        inner.move_to(key, other, false).unwrap();
        assert_eq!((inner.keys().unwrap(), other.keys().unwrap()), (vec![], vec![key]));
        assert!(inner.unlink(key).unwrap_err().is_absent());
        inner.link(other).unwrap();
        let cycle = other.link(inner).unwrap_err().to_string();
        assert!(cycle.ends_with("the keyring would hold itself"), "{cycle}");
        let no_ring = Keyring::new(key).link(inner).unwrap_err().to_string();
        assert!(no_ring.ends_with("this key is no keyring"), "{no_ring}");
        other.clear().unwrap();
        assert_eq!(other.keys().unwrap(), []);
        SESSION.link(key).unwrap_err();
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no keys")]
pub(crate) fn a_key_expires() {
    in_a_session(|_| {
        let machine = Machine::live().unwrap();
        let (short, long) = (
            SESSION.add(&KeyType::User, "short", b"x").unwrap(),
            SESSION.add(&KeyType::User, "long", b"x").unwrap(),
        );
        long.set_timeout(Some(Duration::from_secs(3 * 3600))).unwrap();
        short.set_timeout(Some(Duration::from_secs(1))).unwrap();
        let listed = |key: Key| KeyList::read(&machine).unwrap().get(key).cloned();
        let Some(shown) = listed(long) else { panic!("{long} is not listed") };
        let KeyExpiry::After(left) = shown.expiry else { panic!("{:?}", shown.expiry) };
        assert!(left <= Duration::from_secs(3 * 3600) && left >= Duration::from_secs(2 * 3600), "{left:?}");
        thread::sleep(Duration::from_millis(2100));
        let error = short.read().unwrap_err().to_string();
        assert!(error.ends_with("the key has expired"), "{error}");
        long.set_timeout(None).unwrap();
        assert_eq!(listed(long).unwrap().expiry, KeyExpiry::Never);
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no keys")]
pub(crate) fn rights_that_were_taken_are_missing() {
    in_a_session(|_| {
        let key = SESSION.add(&KeyType::User, "one", b"x").unwrap();
        let all = key.describe().unwrap().permissions;
        let less = KeyPermissions {
            possessor: KeyRights::VIEW | KeyRights::SEARCH | KeyRights::SET_ATTRIBUTES,
            user: KeyRights::VIEW | KeyRights::SET_ATTRIBUTES,
            ..KeyPermissions::default()
        };
        key.set_permissions(less).unwrap();
        assert_eq!(key.describe().unwrap().permissions, less);
        // What may be searched in one's own keyrings may be read.
        assert!(key.read().is_ok());
        assert!(matches!(key.update(b"y").unwrap_err().reason(), Reason::PermissionDenied { .. }));
        key.set_permissions(KeyPermissions { possessor: less.possessor - KeyRights::SEARCH, ..less })
            .unwrap();
        assert!(matches!(key.read().unwrap_err().reason(), Reason::PermissionDenied { .. }));
        key.set_permissions(all).unwrap();
        key.update(b"y").unwrap();
        let strange = KeyPermissions { other: KeyRights::from_bits_retain(0x40), ..all };
        assert_eq!(*key.set_permissions(strange).unwrap_err().reason(), Reason::System(Errno::INVAL));
        // What belongs to the kernel alone.
        let secret = SESSION.add(&KeyType::Logon, "service:one", b"x").unwrap();
        let error = secret.read().unwrap_err().to_string();
        assert!(error.contains("keys of this type can't do that"), "{error}");
        if KeyringFeatures::of_kernel().unwrap().contains(KeyringFeatures::BIG_KEYS) {
            let content = vec![7; 100_000];
            let big = SESSION.add(&KeyType::BigKey, "large", &content).unwrap();
            assert_eq!(big.read().unwrap(), content);
        }
        let unknown = KeyType::Unknown("no-such-type".into());
        let error = SESSION.add(&unknown, "one", b"x").unwrap_err().to_string();
        assert!(error.contains("no-such-type") && error.contains("no such type"), "{error}");
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no keys")]
pub(crate) fn what_is_invalidated_is_found_by_nobody() {
    in_a_session(|_| {
        let key = SESSION.add(&KeyType::User, "one", b"x").unwrap();
        key.invalidate().unwrap();
        // Until it is swept out, it is told as one that was revoked.
        let found = SESSION.search(&KeyType::User, "one", None);
        assert!(!matches!(found, Ok(Some(_))), "{found:?}");
        assert!(key.read().is_err() && key.describe().is_err());
        let ring = SESSION.add_keyring("closed").unwrap();
        ring.restrict(&Restriction::Nothing).unwrap();
        let error = ring.add(&KeyType::User, "one", b"x").unwrap_err();
        assert!(matches!(error.reason(), Reason::PermissionDenied { .. }), "{error}");
        let before = set_request_destination(RequestDestination::Thread).unwrap();
        assert_eq!(set_request_destination(before).unwrap(), RequestDestination::Thread);
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no keys")]
pub(crate) fn what_belongs_to_others_needs_the_capability() {
    if !has(CapabilitySet::of([Capability::SYS_ADMIN, Capability::SETUID])) {
        return;
    }
    in_a_session(|_| {
        let key = SESSION.add(&KeyType::User, "one", b"x").unwrap();
        match key.set_owner(Some(UserId::new(4711)), Some(GroupId::new(4712))) {
            // The capabilities are those of a user namespace.
            Err(error)
                if matches!(
                    error.reason(),
                    Reason::PermissionDenied { .. } | Reason::System(Errno::INVAL)
                ) =>
            {
                return println!("skipped: {error}");
            }
            done => done.unwrap(),
        }
        let described = key.describe().unwrap();
        assert_eq!((described.user.number(), described.group.number()), (4711, 4712));
        let listed = KeyUsers::read(&Machine::live().unwrap()).unwrap();
        // Keys of an earlier run may not be gone yet.
        assert!(listed.of(UserId::new(4711)).is_some_and(|user| user.keys >= 1), "{listed:?}");
        if KeyringFeatures::of_kernel().unwrap().contains(KeyringFeatures::PERSISTENT_KEYRINGS) {
            let ring = persistent(Some(UserId::new(4711)), SESSION).unwrap();
            assert!(SESSION.keys().unwrap().contains(&ring.key()));
        } else {
            let error = persistent(None, SESSION).unwrap_err().to_string();
            assert!(error.contains("CONFIG_PERSISTENT_KEYRINGS"), "{error}");
        }
        Capabilities::default().set(linux_support_security::Scope::Thread).unwrap();
        let error = key.set_owner(Some(UserId::new(4713)), None).unwrap_err().to_string();
        assert!(error.contains("permission denied: needs CAP_SYS_ADMIN"), "{error}");
        let denied = persistent(Some(UserId::new(4713)), SESSION).unwrap_err().to_string();
        assert!(denied.contains("CAP_SETUID") || denied.contains("CONFIG_PERSISTENT"), "{denied}");
    });
}

/// What keyctl prints; `None`, having said so, where there is none.
fn keyctl(arguments: &[&str]) -> Option<Vec<u8>> {
    let output = run("keyctl", arguments)?;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no keys")]
fn keyctl_sees_the_same() {
    in_a_session(|session| {
        let key = SESSION.add(&KeyType::User, "a: b;c", b"con\0tent").unwrap();
        let ring = SESSION.add_keyring("ring").unwrap();
        ring.add(&KeyType::Logon, "service:x", b"x").unwrap();
        let number = key.number().to_string();
        let Some(content) = keyctl(&["pipe", &number]) else { return };
        assert_eq!(content, key.read().unwrap());
        // Each of ours as keyctl describes it.
        for key in [key, session.key(), ring.key(), ring.keys().unwrap()[0]] {
            let theirs = keyctl(&["rdescribe", &key.number().to_string()]).unwrap();
            let ours = key.describe().unwrap();
            let text = format!(
                "{};{};{};{};{}\n",
                ours.kind, ours.user, ours.group, ours.permissions, ours.description
            );
            assert_eq!(String::from_utf8(theirs).unwrap(), text);
        }
        let theirs = keyctl(&["rlist", "@s"]).unwrap();
        let mut theirs: Vec<i32> =
            String::from_utf8(theirs).unwrap().split_whitespace().map(|n| n.parse().unwrap()).collect();
        theirs.sort_unstable();
        let mut ours: Vec<_> = SESSION.keys().unwrap().into_iter().map(Key::number).collect();
        ours.sort_unstable();
        assert_eq!(ours, theirs);
        // And each of theirs as we do.
        let made = keyctl(&["add", "user", "theirs", "hello", &ring.key().number().to_string()]).unwrap();
        let made = Key::new(String::from_utf8(made).unwrap().trim().parse().unwrap()).unwrap();
        assert_eq!(made.read().unwrap(), b"hello");
        keyctl(&["setperm", &made.number().to_string(), "0x3f1f0b01"]).unwrap();
        assert_eq!(made.describe().unwrap().permissions.to_string(), "3f1f0b01");
        keyctl(&["timeout", &made.number().to_string(), "100"]).unwrap();
        let list = KeyList::read(&Machine::live().unwrap()).unwrap();
        let listed = list.get(made).unwrap();
        let soon = KeyExpiry::After(Duration::from_secs(60))..=KeyExpiry::After(Duration::from_secs(100));
        assert!(soon.contains(&listed.expiry), "{:?}", listed.expiry);
        assert_eq!((listed.description(), listed.size()), (&b"theirs"[..], Some(5)));
        assert_eq!(listed.states, KeyStates::INSTANTIATED | KeyStates::COUNTED);
        assert_eq!(list.get(ring.key()).unwrap().size(), Some(2));
        // Keys of others may go meanwhile.
        for key in [key, session.key(), ring.key(), made] {
            let (listed, described) = (list.get(key).unwrap(), key.describe().unwrap());
            assert_eq!(described.permissions, listed.permissions);
            assert_eq!(
                (&described.kind, described.user, described.group),
                (&listed.kind, listed.user, listed.group)
            );
            assert_eq!(described.description, *listed.description());
        }
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator knows no keys")]
fn a_parent_gets_the_session() {
    if in_child("keyring::a_parent_gets_the_session") {
        // Under the shell below this runs once more.
        if std::env::var_os("LINUX_SUPPORT_SECURITY_SHELL").is_none() {
            if let Err(error) = in_a_thread(|| join_session(None)) {
                return println!("skipped: {error}");
            }
            let program = std::env::current_exe().unwrap();
            let script = "keyctl new_session >/dev/null && \"$0\" --exact keyring::a_parent_gets_the_session --nocapture \
                          && echo && keyctl rdescribe @s";
            let mut shell = Command::new("sh");
            shell.args(["-c", script]).arg(program).env("LINUX_SUPPORT_SECURITY_SHELL", "1");
            let Some(_) = run("keyctl", &["--version"]) else { return };
            let output = shell.output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            if said.contains("skipped: ") {
                return println!("{said}");
            }
            let last = said.lines().last().unwrap();
            assert!(last.starts_with("keyring;") && last.ends_with(";given-to-the-parent"), "{said}");
            return;
        }
        match join_session(Some("given-to-the-parent")) {
            Ok(_) => set_session_of_parent().unwrap(),
            Err(error) => println!("skipped: {error}"),
        }
    }
}
