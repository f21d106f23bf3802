//! Bytes that files share.

use std::{os::fd::AsFd, path::Path, process::Command};

use linux_support_fd::file::Deduplicated;

use super::*;

#[test]
fn what_the_file_system_cannot_share_is_an_error() {
    let _open = Open::watched();
    let (source, target) = (filled(1), filled(1));
    let proc = File::open("/proc/self/maps").unwrap();
    assert_eq!(reason(target.clone_file(&proc)), system(Errno::XDEV));
    let overflowing = target.clone_range(&source, blocks(0, 1), u64::MAX);
    assert!(matches!(reason(overflowing), Reason::Invalid(_)));
    assert_eq!(proc.deduplicate(blocks(0, 1), &[]).unwrap(), []);
    let answers = source.deduplicate(blocks(0, 1), &[(proc.as_fd(), 0)]);
    assert!(answers.is_err() || answers.unwrap().len() == 1);
}

/// A file system made in a file and mounted on a folder, until this is dropped.
struct Mounted(tempfile::TempDir);

impl Mounted {
    /// `None` says that there is no program or module for it here.
    fn new(kind: &str) -> Option<Self> {
        let module = Command::new("modprobe").arg(kind).status().is_ok_and(|status| status.success());
        let program = format!("mkfs.{kind}");
        if !module || Command::new(&program).arg("-V").output().is_err() {
            println!("skipped: {program} or the module {kind} is not here");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (image, place) = (folder.path().join("image"), folder.path().join("place"));
        File::create(&image).unwrap().set_len(512 << 20).unwrap();
        std::fs::create_dir(&place).unwrap();
        let run = |program: &str, arguments: &[&Path]| {
            let status = Command::new(program).args(arguments).status().unwrap();
            assert!(status.success(), "{program}");
        };
        run(&program, &[Path::new("-q"), &image]);
        run("mount", &[Path::new("-o"), Path::new("loop"), &image, &place]);
        Some(Self(folder))
    }

    fn file(&self, name: &str, parts: &[u8]) -> File {
        let path = self.0.path().join("place").join(name);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path).unwrap();
        for part in parts {
            file.write_all(&[*part; BLOCK as usize]).unwrap();
        }
        file.sync_all().unwrap();
        file
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path().join("place")).status();
    }
}

fn shares(kind: &str) {
    let Some(mounted) = Mounted::new(kind) else { return };
    let source = mounted.file("source", &[1, 2, 3]);
    let whole = mounted.file("whole", &[]);
    whole.clone_file(&source).unwrap();
    assert_eq!(firsts(&whole), [1, 2, 3]);
    let part = mounted.file("part", &[9, 9, 9]);
    part.clone_range(&source, blocks(1, 1), 2 * BLOCK).unwrap();
    assert_eq!(firsts(&part), [9, 9, 2]);
    let odd = ByteRange::new(1, BLOCK).unwrap();
    assert_eq!(reason(part.clone_range(&source, odd, 0)), system(Errno::INVAL));

    let (same, other) = (mounted.file("same", &[1, 2]), mounted.file("other", &[1, 7]));
    let reader = File::open("/proc/self/exe").unwrap();
    let answers = source
        .deduplicate(blocks(0, 2), &[(same.as_fd(), 0), (other.as_fd(), 0), (reader.as_fd(), 0)])
        .unwrap();
    assert_eq!(
        answers,
        [Deduplicated::Shared(2 * BLOCK), Deduplicated::Different, Deduplicated::Failed(Errno::XDEV)]
    );
    let many: Vec<_> = (0..70).map(|number| mounted.file(&number.to_string(), &[3])).collect();
    let targets: Vec<_> = many.iter().map(|file| (file.as_fd(), 0)).collect();
    let answers = source.deduplicate(blocks(2, 1), &targets).unwrap();
    assert_eq!(answers, [Deduplicated::Shared(BLOCK); 70]);
    whole
        .allocate(blocks(0, 3), Allocation::Unshare)
        .or_else(|error| {
            // btrfs knows no such thing.
            if error.reason() == &system(Errno::OPNOTSUPP) { Ok(()) } else { Err(error) }
        })
        .unwrap();
    assert_eq!(firsts(&whole), [1, 2, 3]);
}

mod lab {
    mod devices {
        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn files_on_xfs_share_their_bytes() {
            let _open = Open::watched();
            shares("xfs");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn files_on_btrfs_share_their_bytes() {
            let _open = Open::watched();
            shares("btrfs");
        }
    }
}
