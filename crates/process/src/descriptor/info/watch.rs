use linux_support_base::{
    ByteString, DeviceNumber, ParseError,
    text::{decimal, hexadecimal},
};
use linux_support_fd::{FanotifyMask, InotifyMask};

use super::{
    MountNumber,
    entries::{Entries, Labels},
};
use crate::descriptor::InodeNumber;

/// A watch of an inotify, as fdinfo shows it.
///
/// # Source
/// proc_pid_fdinfo(5); fs/notify/fdinfo.c.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct InotifyWatch {
    /// Its number.
    #[doc(alias = "wd")]
    pub number: i32,
    /// The file that is watched.
    pub inode: InodeNumber,
    /// The file system that it is on.
    pub device: DeviceNumber,
    /// What is told of it.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::flags"))]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub mask: InotifyMask,
    /// A handle of the file, where its file system has such.
    pub handle: Option<HandleOfFile>,
}

/// A handle of a file, for `open_by_handle_at(2)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HandleOfFile {
    /// The file system's kind of handle.
    pub kind: i32,
    /// The handle.
    pub bytes: Vec<u8>,
}

/// A group of fanotify, as fdinfo shows it.
///
/// # Source
/// proc_pid_fdinfo(5); fs/notify/fdinfo.c.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FanotifyGroup {
    /// The flags of `fanotify_init(2)`.
    pub flags: u32,
    /// The flags with which the descriptors of its events are opened.
    pub event_flags: u32,
    /// Its marks.
    pub marks: Vec<ObjectMark>,
}

/// A mark of a group of fanotify.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ObjectMark {
    /// What it is on.
    pub object: MarkedObject,
    /// The flags of `fanotify_mark(2)`.
    pub flags: u32,
    /// What is told of it.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::flags"))]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub mask: FanotifyMask,
    /// What is not told of it.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::flags"))]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub ignored: FanotifyMask,
}

/// What a mark of fanotify is on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum MarkedObject {
    /// A file or directory.
    Inode {
        /// Its number.
        inode: InodeNumber,
        /// The file system that it is on.
        device: DeviceNumber,
        /// A handle of it, where its file system has such.
        handle: Option<HandleOfFile>,
    },
    /// A mount.
    Mount(MountNumber),
    /// A file system.
    FileSystem(DeviceNumber),
    /// A mount namespace. Since 6.15.
    MountNamespace(InodeNumber),
    /// Something that is not known here: the kernel's words.
    Unknown(ByteString),
}

fn hexadecimal_32(text: &[u8]) -> Result<u32, ParseError> {
    hexadecimal(text)
}

fn handle(labels: &Labels<'_>) -> Result<Option<HandleOfFile>, ParseError> {
    let Some(text) = labels.value("f_handle") else { return Ok(None) };
    let kind = labels.required("fhandle-type", hexadecimal_32)?.cast_signed();
    let digits = |pair: &[u8; 2]| hexadecimal(&pair[..]);
    let (pairs, odd) = text.as_chunks();
    if !odd.is_empty() {
        return Err(ParseError::expected("an even number of digits", text).in_field("f_handle"));
    }
    let bytes = pairs.iter().map(digits).collect::<Result<_, _>>();
    Ok(Some(HandleOfFile { kind, bytes: bytes.map_err(|error| error.in_field("f_handle"))? }))
}

/// Reads the kernel's own form of a device's number: 12 bits of major, 20 of minor.
fn device(text: &[u8]) -> Result<DeviceNumber, ParseError> {
    let number: u32 = hexadecimal(text)?;
    Ok(DeviceNumber::new(number >> 20, number & 0xf_ffff))
}

fn inode(text: &[u8]) -> Result<InodeNumber, ParseError> {
    hexadecimal(text).map(InodeNumber::new)
}

impl InotifyWatch {
    pub(super) fn take_all(entries: &mut Entries<'_>) -> Result<Vec<Self>, ParseError> {
        let watches = entries.take_all(|entry| entry.line.starts_with(b"inotify "));
        watches.iter().map(|entry| Self::parse(&entry.line[b"inotify ".len()..])).collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let labels = Labels::of(line);
        Ok(Self {
            number: labels.required("wd", hexadecimal_32)?.cast_signed(),
            inode: labels.required("ino", inode)?,
            device: labels.required("sdev", device)?,
            mask: InotifyMask::from_bits_retain(labels.required("mask", hexadecimal)?),
            handle: handle(&labels)?,
        })
    }
}

impl FanotifyGroup {
    pub(super) fn take(entries: &mut Entries<'_>) -> Result<Self, ParseError> {
        const HEAD: &[u8] = b"fanotify ";
        let (mut flags, mut event_flags, mut marks) = (0, 0, Vec::new());
        for entry in entries.take_all(|entry| entry.line.starts_with(HEAD)) {
            let labels = Labels::of(&entry.line[HEAD.len()..]);
            if labels.value("event-flags").is_some() {
                flags = labels.required("flags", hexadecimal)?;
                event_flags = labels.required("event-flags", hexadecimal)?;
            } else {
                marks.push(ObjectMark::parse(entry.line, &labels)?);
            }
        }
        Ok(Self { flags, event_flags, marks })
    }
}

impl ObjectMark {
    fn parse(line: &[u8], labels: &Labels<'_>) -> Result<Self, ParseError> {
        let object = if labels.value("ino").is_some() {
            MarkedObject::Inode {
                inode: labels.required("ino", inode)?,
                device: labels.required("sdev", device)?,
                handle: handle(labels)?,
            }
        } else if labels.value("mnt_id").is_some() {
            MarkedObject::Mount(labels.required("mnt_id", hexadecimal_32).map(MountNumber::new)?)
        } else if labels.value("mnt_ns").is_some() {
            MarkedObject::MountNamespace(labels.required("mnt_ns", decimal).map(InodeNumber::new)?)
        } else if labels.value("sdev").is_some() {
            MarkedObject::FileSystem(labels.required("sdev", device)?)
        } else {
            MarkedObject::Unknown(line.into())
        };
        Ok(Self {
            object,
            flags: labels.required("mflags", hexadecimal)?,
            mask: FanotifyMask::from_bits_retain(labels.required("mask", hexadecimal)?),
            ignored: FanotifyMask::from_bits_retain(labels.required("ignored_mask", hexadecimal)?),
        })
    }
}
