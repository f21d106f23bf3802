//! Counters of perf_event_open(2), as descriptors that are held and passed on.

use std::os::fd::OwnedFd;

use crate::descriptor::descriptor;

/// A counter or sampler of perf_event_open(2).
///
/// It is made and read by a library for it; here it is only held and passed on.
///
/// ```
/// use std::{fs::File, os::fd::OwnedFd};
/// use linux_support_fd::PerfEvent;
///
/// let number_mistaken = OwnedFd::from(File::open("/dev/null").unwrap());
/// let error = PerfEvent::try_from(number_mistaken).unwrap_err();
/// assert!(error.to_string().ends_with("is no perf event, but character device 1:3"));
/// ```
#[derive(Debug)]
#[doc(alias = "perf_event_open")]
pub struct PerfEvent(OwnedFd);

descriptor!(PerfEvent, "perf event", crate::DescriptorKind::PerfEvent, nonblocking: false);
