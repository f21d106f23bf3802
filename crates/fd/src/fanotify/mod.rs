//! Watching and permitting for whole file systems: fanotify(7).

mod event;
mod group;
mod mark;
mod mask;
mod record;

pub use event::{Answer, AuditRule, EventDetail, EventFile, EventProcess, FanotifyEvent};
pub use group::{Fanotify, FanotifyClass, FanotifyOptions, FanotifyReport};
pub use mark::{FanotifyMark, Ignored, MarkKind};
pub use mask::FanotifyMask;
pub(crate) use record::descriptor_numbers;
pub use record::{FanotifyInformation, FanotifyRecord, FanotifyRecords, HandleRecord, Information};
