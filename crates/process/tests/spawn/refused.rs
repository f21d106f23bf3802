//! What can't be started, and which step it was.

use std::fs::File;

use linux_support_base::{Errno, Limit, Reason};
use linux_support_process::{
    DescriptorNumber, ResourceLimit, resource,
    spawn::{Program, Step},
};

fn refused(program: Program) -> linux_support_base::Error {
    program.spawn().unwrap_err()
}

#[test]
fn a_program_that_is_not_there_or_none_is_told_with_its_reason() {
    let error = refused(Program::new("/no/such/program"));
    assert_eq!(error.to_string(), "run /no/such/program: absent");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        // A child of another test could still hold what is open here to be written, and then the file can't be run.
        let script = format!("printf '%s\\n' \"$1\" > {}", path.display());
        let status = std::process::Command::new("sh").args(["-c", &script, "sh", text.trim_end()]).status();
        assert!(status.unwrap().success());
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        path
    };
    let error = refused(Program::new(path("plain", "#!/bin/sh\n", 0o644)));
    assert!(matches!(error.reason(), Reason::PermissionDenied { .. }), "{error}");
    let error = refused(Program::new(path("text", "hello", 0o755)));
    assert!(error.to_string().contains("is no program for this machine"), "{error}");
    let error = refused(Program::new(path("orphan", "#!/no/such/interpreter\n", 0o755)));
    assert!(error.to_string().contains("interpreter or loader"), "{error}");
    let script = File::open(path("script", "#!/bin/sh\n", 0o755)).unwrap();
    let error = refused(Program::of_descriptor(script));
    assert!(error.to_string().contains("is closed on exec"), "{error}");
    let error = refused(Program::new(folder.path()));
    assert!(matches!(error.reason(), Reason::PermissionDenied { .. }), "{error}");
}

#[test]
fn what_can_never_be_is_told_before_there_is_a_child() {
    let error = refused(Program::new("true"));
    assert!(error.to_string().contains("PATH is not searched"), "{error}");
    assert!(refused(Program::new("")).to_string().contains("expected the path"));
    for program in [
        Program::new("/bin/tr\0ue"),
        Program::new("/bin/true").argument("a\0b"),
        Program::new("/bin/true").directory("/t\0mp"),
        Program::new("/bin/true").environment([("A", "b\0c")]),
    ] {
        assert!(refused(program).to_string().contains("without the byte NUL"));
    }
    for name in ["", "A=B"] {
        let error = refused(Program::new("/bin/true").environment([(name, "secret")]));
        assert!(error.to_string().contains("without =") && !error.to_string().contains("secret"), "{error}");
    }
    let error = refused(Program::new("/bin/true").environment([("A", "1"), ("A", "2")]));
    assert!(error.to_string().contains("is set twice"), "{error}");
}

#[test]
fn numbers_of_descriptors_that_can_not_be_are_refused() {
    let null = || File::open("/dev/null").unwrap();
    let number = DescriptorNumber::new;
    let program = || Program::new("/bin/true");
    let error = refused(program().descriptor(number(2), null()));
    assert!(error.to_string().contains("expected 3 at least"), "{error}");
    let error = refused(program().descriptor(number(5), null()).descriptor(number(5), null()));
    assert!(error.to_string().contains("another has this number"), "{error}");
    let error = refused(program().descriptor(number(u32::MAX), null()));
    assert!(error.to_string().contains("expected 2147483647 at most"), "{error}");
    let error = refused(program().descriptor(number(i32::MAX.cast_unsigned()), null()));
    assert!(error.to_string().contains("RLIMIT_NOFILE"), "{error}");
}

#[test]
fn a_step_that_fails_is_named_and_leaves_no_child() {
    let error = refused(Program::new("/bin/true").directory("/no/such/directory"));
    assert_eq!(error.to_string(), "change directory to /no/such/directory for /bin/true: absent");
    assert_eq!(error.operation(), "change directory to");
    let error = refused(Program::new("/bin/true").cpus(&linux_support_base::CpuSet::new()));
    assert!(error.to_string().contains("none of them is online and allowed"), "{error}");
    let files = ResourceLimit { soft: Limit::At(9), hard: Limit::At(8) };
    let error = refused(Program::new("/bin/true").limit(resource::OPEN_FILES, files));
    assert_eq!(error.to_string(), "set RLIMIT_NOFILE for /bin/true: Invalid argument (os error 22)");
    let step = Step::write_file("/proc/self/oom_score_adj", "no number").unwrap();
    let error = refused(Program::new("/bin/true").last_step(step));
    assert_eq!(*error.reason(), Reason::System(Errno::INVAL), "{error}");
    let step = Step::write_file("/no/such/file", "").unwrap();
    let error = refused(Program::new("/bin/true").step(step));
    assert_eq!(error.to_string(), "write /no/such/file for /bin/true: absent");
    let error = refused(Program::new("/bin/true").session_on(File::open("/dev/null").unwrap()));
    assert_eq!(error.operation(), "take", "{error}");
    // None of these is left as a zombie of this thread.
    let machine = linux_support_base::Machine::live().unwrap();
    let tid = rustix::thread::gettid().as_raw_nonzero();
    match machine.read(format!("/proc/self/task/{tid}/children")) {
        Ok(children) => assert_eq!(String::from_utf8_lossy(&children), ""),
        Err(error) => println!("skipped: {error}"),
    }
}

#[test]
fn arguments_that_are_too_long_are_told() {
    let error = refused(Program::new("/bin/true").argument("x".repeat(1 << 20)));
    assert!(error.to_string().contains("longer than the kernel takes"), "{error}");
}

#[test]
fn a_program_with_a_pipe_or_a_birth_does_not_replace_its_caller() {
    let error = Program::new("/bin/true").output(linux_support_process::spawn::Stream::Pipe).replace_caller();
    assert!(error.to_string().contains("spawn it"), "{error}");
    let error = Program::new("/bin/true").numbers([linux_support_base::Pid::INIT]).replace_caller();
    assert!(error.to_string().contains("spawn it"), "{error}");
}
