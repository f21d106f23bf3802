use linux_support_base::Machine;
use linux_support_memory::mapping::{MapOptions, ProtectionKey};

use super::{page, pages, smaps_of};

#[test]
fn a_processor_without_keys_says_so() {
    let machine = Machine::live().unwrap();
    let has = machine
        .read("/proc/cpuinfo")
        .unwrap()
        .split(|byte| byte.is_ascii_whitespace())
        .any(|word| word == b"ospke");
    match ProtectionKey::allocate() {
        Ok(key) => assert!(has && (1..16).contains(&key.number())),
        Err(error) => assert!(!has && error.reason().name() == "not-configured", "{error}"),
    }
}

/// Its processor is `max`, which has keys.
mod lab {
    mod numa {
        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn memory_with_a_key_is_reached_through_it_alone() {
            let key = ProtectionKey::allocate().unwrap();
            let mut memory = MapOptions::new().private(pages(1)).unwrap();
            memory.as_bytes_mut()[..6].copy_from_slice(b"secret");
            let mut keyed = memory.with_key(&key).unwrap();
            let address = keyed.range().start();
            assert_eq!(smaps_of(keyed.range(), |entry| entry.protection_key).unwrap(), Some(key.number()));
            let mut bytes = [0; 6];
            keyed.read_at(0, &mut bytes).unwrap();
            assert_eq!(&bytes, b"secret");
            keyed.write_at(page() - 1, b"!").unwrap();
            assert!(keyed.write_at(page(), b"!").is_err() && keyed.read_at(page() - 5, &mut bytes).is_err());
            assert!(!written_to_pipe(address));
            let memory = keyed.without_key().unwrap();
            assert!(written_to_pipe(address));
            assert_eq!((memory.as_bytes()[0], memory.as_bytes()[page() - 1]), (b's', b'!'));
        }

        /// Whether this thread can read the byte: the kernel heeds a thread's rights when it copies for it.
        fn written_to_pipe(address: u64) -> bool {
            crate::reach::is_readable_by_this_thread(address)
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn keys_run_out_and_come_back() {
            let mut keys = Vec::new();
            let error = loop {
                match ProtectionKey::allocate() {
                    Ok(key) => keys.push(key),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.reason(), &linux_support_base::Reason::System(linux_support_base::Errno::NOSPC));
            let memory = MapOptions::new().private(pages(1)).unwrap().with_key(&keys[0]).unwrap();
            let number = keys[0].number();
            keys.clear();
            let key = ProtectionKey::allocate().unwrap();
            assert_ne!(key.number(), number);
            drop(memory);
        }
    }
}
