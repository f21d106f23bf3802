use std::io;

use linux_support::{
    base::Reading,
    memory::{MergingState, SamePageMerging},
};

use crate::presentation::Page;

/// Same-page merging (KSM).
pub(super) fn show(page: &mut Page<'_>, merging: &Reading<SamePageMerging>) -> io::Result<()> {
    page.heading("Same-page merging (KSM)")?;
    let Some(merging) = page.or_why(merging)? else { return Ok(()) };
    let state = match &merging.run {
        Reading::Value(MergingState::Stopped) => "stopped".to_owned(),
        Reading::Value(MergingState::Running) => "running".to_owned(),
        Reading::Value(MergingState::Unmerged) => "stopped, and all parted".to_owned(),
        Reading::Value(other) => format!("{other:?}"),
        Reading::Unavailable(error) => format!("({})", error.reason()),
    };
    page.values(&[
        ("state", state),
        ("pages looked at, then", merging.pages_to_scan.to_string()),
        ("sleeps, in ms", merging.sleep_milliseconds.to_string()),
        ("pages kept for several", merging.pages_shared.to_string()),
        ("pages saved by that", merging.pages_sharing.to_string()),
        ("pages that stay unique", merging.pages_unshared.to_string()),
        ("pages that change too fast", merging.pages_volatile.to_string()),
        ("times all was looked at", merging.full_scans.to_string()),
        ("merges across nodes", merging.merge_across_nodes.to_string()),
        ("bytes gained", merging.general_profit.to_string()),
    ])
}
