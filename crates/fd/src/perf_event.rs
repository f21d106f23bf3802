//! Counters of perf_event_open(2), as descriptors that are held and passed on.

use std::os::fd::OwnedFd;

use crate::descriptor::descriptor;

/// A counter or sampler of perf_event_open(2).
///
/// It is made and read by a library for it; here it is only held and passed on.
#[derive(Debug)]
#[doc(alias = "perf_event_open")]
pub struct PerfEvent(OwnedFd);

descriptor!(PerfEvent, "perf event", crate::DescriptorKind::PerfEvent, nonblocking: false);
