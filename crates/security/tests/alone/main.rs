//! What only a process of one thread may do, which a test of the usual harness never is: each case is a process.

mod namespace;

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    process::{Command, ExitCode, Stdio},
};

/// Says which case runs here.
const CASE: &str = "LINUX_SUPPORT_SECURITY_CASE";

/// Says where a copy of this program is that any user can run.
const PROGRAM: &str = "LINUX_SUPPORT_SECURITY_PROGRAM";

const CASES: &[(&str, fn())] = &[
    ("namespace::a_caller_is_root_in_a_namespace_of_its_own", namespace::root_inside),
    ("namespace::clocks_go_ahead_for_children", namespace::clocks),
    ("namespace::every_kind_is_entered_whatever_the_order", namespace::enter_all_kinds),
    ("namespace::helpers_write_what_the_caller_may_not", namespace::helpers),
    ("namespace::maps_are_written_once_for_a_child", namespace::maps_for_child),
    ("namespace::names_keep_a_namespace", namespace::names),
    ("namespace::several_kinds_are_entered_in_one_step", namespace::enter_process_at_once),
    ("namespace::without_privileges_groups_are_denied", namespace::maps_without_privileges),
];

/// Processes that the cases start.
const PARTS: &[(&str, fn())] = &[("in-new-user-namespace", namespace::in_new_user_namespace)];

fn main() -> ExitCode {
    if let Some(case) = env::var_os(CASE) {
        let (_, run) =
            CASES.iter().chain(PARTS).find(|(name, _)| case == *name).expect("a case of this name");
        run();
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<_> = env::args().skip(1).collect();
    // Nothing here is ignored, and nothing is listed.
    let none = cfg!(user_emulation) || arguments.iter().any(|it| it == "--list" || it == "--ignored");
    let filters: Vec<_> = arguments.iter().filter(|it| !it.starts_with('-')).collect();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let folder = tempfile::tempdir_in("/var/tmp").expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a folder for all");
    let program = folder.path().join("program");
    fs::copy(env::current_exe().expect("this program has a path"), &program).expect("a copy");
    for (name, _) in CASES.iter().filter(|_| !none) {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(*filter)) {
            continue;
        }
        let output = Command::new(&program)
            .env(PROGRAM, &program)
            .env(CASE, name)
            .stdin(Stdio::null())
            .output()
            .expect("this program runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let outcome = if !output.status.success() {
            failed += 1;
            println!("{said}{}", String::from_utf8_lossy(&output.stderr));
            "FAILED"
        } else if said.contains("skipped: ") {
            skipped += 1;
            said.trim()
        } else {
            passed += 1;
            "ok"
        };
        println!("test {name} ... {outcome}");
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {result}. {passed} passed; {failed} failed; {skipped} ignored; 0 measured; 0 filtered out"
    );
    ExitCode::from(u8::from(failed != 0))
}

/// This program, to run the case or part.
fn part(name: &str) -> Command {
    let mut command = Command::new(env::var_os(PROGRAM).expect("the path of a copy of this program"));
    command.env(CASE, name);
    command
}
