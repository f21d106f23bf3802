//! What is mounted where.
//!
//! ```
//! use linux_support_base::Machine;
//! use linux_support_filesystem::Mount;
//!
//! for mount in Mount::read_all(&Machine::live()?)? {
//!     println!("{} on {} ({})", mount.kind, mount.mount_point, mount.options);
//! }
//! # Ok::<(), linux_support_base::Error>(())
//! ```

pub mod mountinfo;
mod options;
mod propagation;
mod super_options;
pub mod table;
mod tree;

use std::borrow::Cow;

use linux_support_base::{ByteString, DeviceNumber, Error, Machine, ParseError, Pid, SharedText, text};

pub use options::{MountFlags, MountOptions};
pub use propagation::{PeerGroup, Propagation};
pub use super_options::{SuperOption, SuperOptions, super_options};
pub use tree::{MountTree, Node};

use crate::FileSystemKind;

/// A mount: a file system, or a part of it, made visible at a directory or file.
///
/// # Source
/// `proc_pid_mountinfo(5)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Mount {
    /// Its number; it may be given to another once this one is gone.
    pub id: u32,
    /// The number of the mount on which it is, or its own where it is the first of all.
    pub parent: u32,
    /// The device number of the file system, as `st_dev` has it (btrfs gives its files others).
    pub device: DeviceNumber,
    /// The directory of the file system that is seen at the mount point: `/`, but for bind mounts and
    /// subvolumes. It is not always a path: namespaces have `net:[4026531840]` here, and one that was removed
    /// meanwhile ends in `//deleted`.
    pub root: ByteString,
    /// Where it is mounted, from the root of the process that was read.
    pub mount_point: ByteString,
    /// The options of this mount.
    pub options: MountOptions,
    /// How mounts and unmounts below it spread.
    pub propagation: Propagation,
    /// The type of the file system.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: FileSystemKind,
    /// What is mounted: a device, a remote place, or any word (`none`, `tmpfs`, nothing at all).
    pub source: ByteString,
    /// The options of the file system, as the kernel writes them: see [`super_options`](Self::super_options).
    pub super_options: ByteString,
}

/// How many bytes a line of mountinfo has, or more.
const USUAL_LINE: usize = 64;

impl Mount {
    /// Reads all lines of a mountinfo file, in their order. Their long names share one copy of `text`.
    ///
    /// # Errors
    /// A malformed line. [`mountinfo::entries`] gives the lines around it too.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        let text = SharedText::from(text);
        let mut mounts = Vec::with_capacity(text.as_bytes().len() / USUAL_LINE + 1);
        // Escapes are rare: that there are none is found once for all names.
        let escaped = memchr::memchr(b'\\', text.as_bytes()).is_some();
        // Mounts mostly have the options of the one before.
        let mut options = (&b""[..], MountOptions::default());
        for entry in mountinfo::entries(text.as_bytes()) {
            let entry = entry?;
            if entry.options != options.0 {
                options = (entry.options, MountOptions::parse(entry.options));
            }
            let propagation = entry.propagation()?;
            mounts.push(entry.mount_with(options.1.clone(), propagation, escaped, |part| text.part(part)));
        }
        Ok(mounts)
    }

    /// The mounts that this process sees; on a captured machine, those that the capturing process saw.
    ///
    /// # Errors
    /// `/proc/self/mountinfo` can't be read or is malformed.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        machine.parse("/proc/self/mountinfo", Self::parse_all)
    }

    /// The mounts that the process `pid` sees.
    ///
    /// # Errors
    /// There is no such process, it may not be looked at, or its file is malformed.
    ///
    /// # Capabilities
    /// `CAP_SYS_PTRACE` for processes of others.
    pub fn read_all_of(machine: &Machine, pid: Pid) -> Result<Vec<Self>, Error> {
        machine.parse(format!("/proc/{pid}/mountinfo"), Self::parse_all)
    }

    /// The options of the file system, one by one.
    #[must_use]
    pub fn super_options(&self) -> SuperOptions<'_> {
        super_options(self.super_options.as_bytes())
    }

    /// The value of the option `key` of the file system: `None` where it is not there or a bare word.
    #[must_use]
    pub fn super_option(&self, key: &[u8]) -> Option<ByteString> {
        let option = self.super_options().find(|option| option.key == key)?;
        option.value().map(ByteString::from)
    }

    /// Whether the file system takes no change at all: not through this mount, nor through another.
    #[must_use]
    pub fn is_file_system_read_only(&self) -> bool {
        self.super_options().next().is_some_and(|option| option.key == b"ro")
    }

    /// Whether nothing can be changed through this mount, because of the mount or of the file system.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.options.is_read_only() || self.is_file_system_read_only()
    }

    /// Whether the directory that is mounted was removed meanwhile.
    #[must_use]
    pub fn is_root_deleted(&self) -> bool {
        self.root.as_bytes().ends_with(b"//deleted")
    }
}

impl mountinfo::Entry<'_> {
    /// The owned model of this line.
    ///
    /// # Errors
    /// A malformed group of the propagation.
    #[inline]
    pub fn to_mount(&self) -> Result<Mount, ParseError> {
        let options = MountOptions::parse(self.options);
        Ok(self.mount_with(options, self.propagation()?, true, |part| part.into()))
    }

    /// The mount of these `options`, whose names `own` makes of parts of the line; they hold no escapes unless
    /// `escaped`.
    #[inline(always)]
    fn mount_with(
        &self,
        options: MountOptions,
        propagation: Propagation,
        escaped: bool,
        own: impl Fn(&[u8]) -> ByteString,
    ) -> Mount {
        let name = |raw: &[u8]| {
            if !escaped {
                return own(raw);
            }
            match text::unescape_octal(raw) {
                Cow::Borrowed(plain) => own(plain),
                Cow::Owned(plain) => plain.into(),
            }
        };
        Mount {
            id: self.id,
            parent: self.parent,
            device: self.device,
            root: name(self.raw_root),
            mount_point: name(self.raw_mount_point),
            options,
            propagation,
            kind: FileSystemKind::named(name(self.kind)),
            source: name(self.raw_source),
            super_options: own(self.super_options),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_a_mount() {
        let text = br#"46 27 0:40 /a /mnt/a\040b ro,nosuid,weird shared:7 - tmpfs none rw,context="u:o:t:s0:c1,c2",size=4k"#;
        let mount = &Mount::parse_all(text).unwrap()[0];
        assert_eq!((mount.id, mount.parent), (46, 27));
        assert_eq!(
            (&*mount.root, &*mount.mount_point),
            (b"/a".as_slice().into(), b"/mnt/a b".as_slice().into())
        );
        assert_eq!(mount.options.flags, MountFlags::READ_ONLY | MountFlags::NO_SET_USER_ID);
        assert_eq!(mount.options.other, [ByteString::from("weird")]);
        assert_eq!(mount.propagation.shared, Some(PeerGroup(7)));
        assert_eq!(mount.super_option(b"context"), Some("u:o:t:s0:c1,c2".into()));
        assert_eq!(mount.super_option(b"size"), Some("4k".into()));
        assert!(mount.is_read_only() && !mount.is_file_system_read_only());
    }

    #[test]
    fn a_mount_is_the_same_alone_and_among_others() {
        let plain = b"1 1 0:2 / / rw - rootfs  rw\n2 1 0:3 / /a rw,nosuid,weird - tmpfs none rw,size=4k\n\
            3 1 0:4 / /b rw,nosuid,weird shared:7 - tmpfs none rw\n12345678 1 0:5 / /c ro - ext4 /dev/a rw\n";
        let escaped = [&plain[..], br"5 1 0:6 /\134 /a\040b ro - fuse.a\040b x\040y rw"].concat();
        for (text, count) in [(&plain[..], 4), (&escaped[..], 5)] {
            let alone = mountinfo::entries(text).map(|entry| entry.unwrap().to_mount().unwrap());
            let mounts = Mount::parse_all(text).unwrap();
            assert_eq!(mounts.len(), count);
            assert!(alone.eq(mounts));
        }
        assert_eq!(Mount::parse_all(&escaped).unwrap()[4].kind.name(), b"fuse");
    }

    proptest::proptest! {
        #[test]
        fn what_is_owned_is_what_is_borrowed(
            names in proptest::collection::vec((r"/[a-z]{0,40}(\\040|\\134)?", "[a-z:0-9]{0,9}", "[a-z=,]{0,60}"), 0..9),
        ) {
            let mut text = String::new();
            for (id, (name, other, options)) in names.iter().enumerate() {
                text += &format!("{id} 1 0:{id} / {name} rw,{other} - ext4 {name} {options}\n");
            }
            let mounts = Mount::parse_all(text.as_bytes()).unwrap();
            proptest::prop_assert_eq!(mounts.len(), names.len());
            for (mount, entry) in mounts.iter().zip(mountinfo::entries(text.as_bytes())) {
                let entry = entry.unwrap();
                proptest::prop_assert_eq!((mount.id, mount.parent, mount.device), (entry.id, entry.parent, entry.device));
                proptest::prop_assert_eq!(mount.root.as_bytes(), &*entry.root());
                proptest::prop_assert_eq!(mount.mount_point.as_bytes(), &*entry.mount_point());
                proptest::prop_assert_eq!(mount.source.as_bytes(), &*entry.source());
                proptest::prop_assert_eq!(mount.super_options.as_bytes(), entry.super_options);
                proptest::prop_assert_eq!(mount.options.flags, entry.flags());
                proptest::prop_assert_eq!(mount, &entry.to_mount().unwrap());
            }
        }
    }

    #[test]
    fn the_mounts_of_this_process_are_read() {
        let mounts = Mount::read_all(&Machine::live().unwrap()).unwrap();
        assert!(mounts.iter().any(|mount| mount.mount_point == "/proc"));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn the_json_has_the_words_of_the_kernel() {
        let mounts = Mount::parse_all(b"25 24 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=4k").unwrap();
        assert_eq!(
            serde_json::to_string(&mounts[0]).unwrap(),
            r#"{"id":25,"parent":24,"device":"0:23","root":"/","mount_point":"/dev/shm","options":["rw","relatime"],"propagation":{"unbindable":false},"type":"tmpfs","source":"tmpfs","super_options":"rw,size=4k"}"#
        );
    }
}
