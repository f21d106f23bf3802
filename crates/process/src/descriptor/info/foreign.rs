//! The forms in which types of the crate of descriptors, which knows of no format, are written.

use linux_support_base::{ByteString, DeviceNumber, Pid};
use linux_support_fd::{
    Watched,
    lock::{HeldLock, LockKind, LockState},
};
use serde::{Serialize, Serializer};

/// A descriptor that an epoll watches.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WatchedDescriptor"))]
pub(super) struct WatchedForm {
    /// Its number when it was added.
    descriptor: i32,
    /// What it is watched for.
    readiness: Vec<String>,
    /// When it is told again: level, edge or once.
    trigger: String,
    /// Who is told: all or one.
    delivery: String,
    /// Whether the machine must not go to sleep between the event and the next wait.
    wake_up: bool,
    /// By what the program knows it.
    token: u64,
    /// The number of its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    inode: Option<u64>,
    /// The file system that its file is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<DeviceNumber>,
}

pub(super) fn watched<S: Serializer>(watched: &[Watched<u64>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(watched.iter().map(|one| WatchedForm {
        descriptor: one.descriptor,
        readiness: crate::serialize::flag_names(one.interest.readiness),
        trigger: format!("{:?}", one.interest.trigger).to_lowercase(),
        delivery: format!("{:?}", one.interest.delivery).to_lowercase(),
        wake_up: one.interest.wake_up,
        token: one.token,
        inode: one.inode,
        device: one.device,
    }))
}

/// A lock on a file.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "HeldLock"))]
pub(super) struct LockForm {
    /// The lock's number; those who wait for it have the same.
    number: u64,
    /// 0 for a lock that is held, more for those that wait.
    depth: u32,
    /// What it is: whole-file, records, process-records, access, lease, delegation.
    kind: ByteString,
    /// Whom it binds, or how far the breaking of a lease has come.
    state: ByteString,
    /// `READ` for a shared one, `WRITE` for an exclusive one.
    mode: String,
    /// Who asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<Pid>,
    /// The file system of its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<DeviceNumber>,
    /// The number of its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    inode: Option<u64>,
    /// The first byte that it is on.
    start: u64,
    /// The last byte that it is on; missing for one up to the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
}

pub(super) fn locks<S: Serializer>(locks: &[HeldLock], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(locks.iter().map(|lock| LockForm {
        number: lock.number,
        depth: lock.depth,
        kind: kind(&lock.kind),
        state: state(&lock.state),
        mode: lock.mode.to_string(),
        process: lock.process,
        device: lock.file.map(|file| file.device),
        inode: lock.file.map(|file| file.inode),
        start: lock.range.start(),
        last: lock.range.last(),
    }))
}

fn kind(kind: &LockKind) -> ByteString {
    match kind {
        LockKind::WholeFile => "whole-file".into(),
        LockKind::Records => "records".into(),
        LockKind::ProcessRecords => "process-records".into(),
        LockKind::Access => "access".into(),
        LockKind::Lease => "lease".into(),
        LockKind::Delegation => "delegation".into(),
        LockKind::Unknown(word) => word.clone(),
        _ => "unknown".into(),
    }
}

fn state(state: &LockState) -> ByteString {
    match state {
        LockState::Advisory => "advisory".into(),
        LockState::Mandatory => "mandatory".into(),
        LockState::NoFile => "no-file".into(),
        LockState::Active => "active".into(),
        LockState::Breaking => "breaking".into(),
        LockState::Breaker => "breaker".into(),
        LockState::Unknown(word) => word.clone(),
        _ => "unknown".into(),
    }
}
