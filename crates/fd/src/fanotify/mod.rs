//! Watching and permitting for whole file systems: fanotify(7).

mod event;
mod group;
mod mask;
mod record;

pub use event::{Answer, AuditRule, EventDetail, EventFile, EventProcess, FanotifyEvent, FileHandle};
pub use group::{Fanotify, FanotifyClass, FanotifyMark, FanotifyOptions, FanotifyReport, Ignored, MarkKind};
pub use mask::FanotifyMask;
pub(crate) use record::descriptor_numbers;
pub use record::{FanotifyInformation, FanotifyRecord, FanotifyRecords, HandleRecord, Information};
