//! The same on the kernels of the lab, as root without a container around.

mod any {
    use crate::{become_user, broadcast, exec, keyring, landlock};

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn keys_do_what_the_manual_says() {
        keyring::a_key_is_added_read_changed_and_revoked();
        keyring::keyrings_hold_keys_and_lead_to_them();
        keyring::a_key_expires();
        keyring::rights_that_were_taken_are_missing();
        keyring::what_is_invalidated_is_found_by_nobody();
        keyring::what_belongs_to_others_needs_the_capability();
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn nobody_in_the_process_can_go_back() {
        become_user::nobody_in_the_process_can_go_back();
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn what_is_kept_is_kept_and_handed_on() {
        become_user::what_is_kept_is_kept_and_handed_on();
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn all_threads_become_another_user() {
        broadcast::all_threads_become_another_user();
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn each_caller_gets_of_each_program_what_was_foretold() {
        exec::each_caller_gets_of_each_program_what_was_foretold();
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn all_threads_are_confined() {
        landlock::all_threads_are_confined();
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn all_threads_are_confined_as_one() {
        landlock::all_threads_are_confined_as_one();
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn what_is_quiet_is_forbidden_all_the_same() {
        landlock::what_is_quiet_is_forbidden_all_the_same();
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn the_log_is_set_without_confining_anything() {
        landlock::the_log_is_set_without_confining_anything();
    }
}
