//! The form in which policies and priorities are written.

use core::time::Duration;

use super::{FairShare, IoClass, IoPriority, Nice, RealTimePriority, Scheduling, SchedulingPolicy};

fn seconds(time: Duration) -> Option<f64> {
    Some(time.as_secs_f64())
}

/// A policy with what belongs to it.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Scheduling"))]
pub(crate) struct SchedulingForm {
    /// The policy.
    policy: SchedulingPolicy,
    /// How much of the CPU it gets against others.
    #[serde(skip_serializing_if = "Option::is_none")]
    nice: Option<Nice>,
    /// How long it runs at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    slice_seconds: Option<f64>,
    /// The real-time priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    real_time_priority: Option<RealTimePriority>,
    /// The CPU time in every period.
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime_seconds: Option<f64>,
    /// By when after the period's begin it is to be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_seconds: Option<f64>,
    /// The period.
    #[serde(skip_serializing_if = "Option::is_none")]
    period_seconds: Option<f64>,
    /// What else is asked for a deadline: reclaim, signal-overrun.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deadline_flags: Vec<String>,
}

impl From<Scheduling> for SchedulingForm {
    fn from(scheduling: Scheduling) -> Self {
        let form = Self {
            policy: scheduling.policy(),
            nice: None,
            slice_seconds: None,
            real_time_priority: None,
            runtime_seconds: None,
            deadline_seconds: None,
            period_seconds: None,
            deadline_flags: Vec::new(),
        };
        match scheduling {
            Scheduling::Other(FairShare { nice, slice })
            | Scheduling::Batch(FairShare { nice, slice })
            | Scheduling::Extensible(FairShare { nice, slice }) => {
                Self { nice: Some(nice), slice_seconds: slice.and_then(seconds), ..form }
            }
            Scheduling::Fifo(priority) | Scheduling::RoundRobin(priority) => {
                Self { real_time_priority: Some(priority), ..form }
            }
            Scheduling::Deadline(deadline) => Self {
                runtime_seconds: seconds(deadline.runtime()),
                deadline_seconds: seconds(deadline.deadline()),
                period_seconds: seconds(deadline.period()),
                deadline_flags: crate::serialize::flag_names(deadline.flags),
                ..form
            },
            Scheduling::Idle | Scheduling::Unknown(_) => form,
        }
    }
}

/// The priority of input and output.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "IoPriority"))]
pub(crate) struct IoPriorityForm {
    /// The class: none, real-time, best-effort, idle, or the kernel's number of another.
    class: String,
    /// The level within the class, from 0 to 7.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<u8>,
    /// The hint for the device; missing for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<u16>,
}

impl From<IoPriority> for IoPriorityForm {
    fn from(priority: IoPriority) -> Self {
        let (class, level) = match priority.class {
            IoClass::None => ("none".into(), None),
            IoClass::RealTime(level) => ("real-time".into(), Some(level.get())),
            IoClass::BestEffort(level) => ("best-effort".into(), Some(level.get())),
            IoClass::Idle => ("idle".into(), None),
            IoClass::Unknown(class, level) => (class.to_string(), Some(level)),
        };
        let hint = Some(priority.hint.number()).filter(|&number| number != 0);
        Self { class, level, hint }
    }
}

crate::serialize::schema_of! { Scheduling SchedulingForm, IoPriority IoPriorityForm }

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;
    use crate::scheduling::{Deadline, IoLevel, SchedulingAttributes};

    #[test]
    fn each_policy_has_what_belongs_to_it() {
        let of = |scheduling| to_value(SchedulingAttributes::new(scheduling)).unwrap();
        let nice = FairShare::new(Nice::new(5).unwrap()).with_slice(Duration::from_millis(2));
        let rest = |mut value: serde_json::Value| {
            value["reset_on_fork"] = false.into();
            value["utilisation"] = json!({});
            value
        };
        let other = json!({ "policy": "other", "nice": 5, "slice_seconds": 0.002 });
        assert_eq!(of(Scheduling::Other(nice)), rest(other));
        let fifo = json!({ "policy": "fifo", "real_time_priority": 99 });
        assert_eq!(of(Scheduling::Fifo(RealTimePriority::MAX)), rest(fifo));
        let millis = Duration::from_millis;
        let deadline = Deadline::new(millis(2), millis(5), millis(10)).unwrap();
        let expected = json!({
            "policy": "deadline", "runtime_seconds": 0.002, "deadline_seconds": 0.005, "period_seconds": 0.01
        });
        assert_eq!(of(Scheduling::Deadline(deadline)), rest(expected));
        assert_eq!(of(Scheduling::Idle), rest(json!({ "policy": "idle" })));
    }

    #[test]
    fn the_level_stands_where_there_is_one() {
        let of = |priority: IoPriority| to_value(priority).unwrap();
        assert_eq!(
            of(IoPriority::best_effort(IoLevel::USUAL)),
            json!({ "class": "best-effort", "level": 4 })
        );
        assert_eq!(of(IoPriority::IDLE), json!({ "class": "idle" }));
    }
}
