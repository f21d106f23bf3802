//! What interrupted a CPU in a while.

use core::time::Duration;
use std::time::Instant;

use linux_support_base::{ByteString, Cpu, Error, Machine};

use crate::{Interrupts, Softirqs, interrupt::InterruptLabel};

/// The counts of interrupts at one moment, to be compared with later ones.
#[derive(Clone, Debug)]
pub struct ActivitySnapshot {
    interrupts: Interrupts,
    softirqs: Softirqs,
    taken: Instant,
}

/// What interrupted the CPUs between two moments.
#[derive(Clone, Debug)]
pub struct Activity {
    before: ActivitySnapshot,
    after: ActivitySnapshot,
}

/// What interrupted one CPU in a while.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CpuActivity {
    /// How often its timer did: the tick, and timers that programs set.
    pub ticks: u64,
    /// The other interrupts, by number or name, each with how often it came.
    pub interrupts: Vec<Occurrence>,
    /// The softirqs, each with how often it ran.
    pub softirqs: Vec<Occurrence>,
}

/// How often something came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Occurrence {
    /// The number or name of an interrupt, or the name of a softirq.
    pub label: ByteString,
    /// How often.
    pub count: u64,
}

impl ActivitySnapshot {
    /// Reads the counts as they are now.
    ///
    /// # Errors
    /// `/proc/interrupts` or `/proc/softirqs` can't be read.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let taken = Instant::now();
        Ok(Self { interrupts: Interrupts::read(machine)?, softirqs: Softirqs::read(machine)?, taken })
    }
}

impl Activity {
    /// What came between two moments.
    #[must_use]
    pub fn between(before: ActivitySnapshot, after: ActivitySnapshot) -> Self {
        Self { before, after }
    }

    /// Waits for `duration`, and says what came meanwhile.
    ///
    /// # Errors
    /// As for [`ActivitySnapshot::read`].
    pub fn measure(machine: &Machine, duration: Duration) -> Result<Self, Error> {
        let before = ActivitySnapshot::read(machine)?;
        std::thread::sleep(duration);
        Ok(Self::between(before, ActivitySnapshot::read(machine)?))
    }

    /// How long it was.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.after.taken.saturating_duration_since(self.before.taken)
    }

    /// What came to `cpu`; `None` where it was not online all the time.
    #[must_use]
    pub fn of(&self, cpu: Cpu) -> Option<CpuActivity> {
        let (before, after) = (&self.before.interrupts, &self.after.interrupts);
        if !before.cpus.contains(cpu) || !after.cpus.contains(cpu) {
            return None;
        }
        let mut activity = CpuActivity::default();
        for interrupt in &after.list {
            let Some(now) = after.count(interrupt, cpu) else { continue };
            let earlier = before.list.iter().find(|earlier| earlier.label == interrupt.label);
            let earlier = earlier.and_then(|earlier| before.count(earlier, cpu)).unwrap_or(0);
            let count = now.saturating_sub(earlier);
            let is_timer = matches!(&interrupt.label, InterruptLabel::Name(name) if name == "LOC")
                || interrupt.actions.iter().any(|action| action == "arch_timer" || action == "riscv-timer");
            if is_timer {
                activity.ticks = activity.ticks.saturating_add(count);
            } else if count > 0 {
                let label = interrupt.label.to_string().into_bytes().into();
                activity.interrupts.push(Occurrence { label, count });
            }
        }
        let column = |softirqs: &Softirqs| softirqs.cpus.iter().position(|column| column == cpu);
        let (then, now) = (&self.before.softirqs, &self.after.softirqs);
        if let (Some(then_column), Some(now_column)) = (column(then), column(now)) {
            for softirq in &now.list {
                let earlier = then.named(softirq.name.as_bytes()).and_then(|row| row.counts.get(then_column));
                let later = softirq.counts.get(now_column);
                let count = later.unwrap_or(&0).saturating_sub(*earlier.unwrap_or(&0));
                if count > 0 {
                    activity.softirqs.push(Occurrence { label: softirq.name.clone(), count });
                }
            }
        }
        Some(activity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(interrupts: &str, softirqs: &str) -> ActivitySnapshot {
        ActivitySnapshot {
            interrupts: Interrupts::parse(interrupts.as_bytes()).unwrap(),
            softirqs: Softirqs::parse(softirqs.as_bytes()).unwrap(),
            taken: Instant::now(),
        }
    }

    #[test]
    fn what_came_in_between_is_told_for_each_cpu() {
        let before = snapshot(
            " CPU0 CPU1\n 24: 5 1 PCI-MSIX-0000:01:00.0 0-edge nvme0q0\nLOC: 100 50 Local timer\nERR: 3\n",
            " CPU0 CPU1\nTIMER: 7 9\nRCU: 1 1\n",
        );
        let after = snapshot(
            " CPU0 CPU1\n 24: 5 4 PCI-MSIX-0000:01:00.0 0-edge nvme0q0\nLOC: 350 50 Local timer\nRES: 2 0 Rescheduling\nERR: 9\n",
            " CPU0 CPU1\nTIMER: 8 9\nRCU: 1 6\n",
        );
        let activity = Activity::between(before, after);
        let of = |number| activity.of(Cpu::new(number).unwrap());
        let shown = |list: &[Occurrence]| -> Vec<String> {
            list.iter().map(|one| format!("{} {}", one.label, one.count)).collect()
        };
        let (first, second) = (of(0).unwrap(), of(1).unwrap());
        assert_eq!((first.ticks, shown(&first.interrupts)), (250, vec!["RES 2".to_owned()]));
        assert_eq!(shown(&first.softirqs), ["TIMER 1"]);
        assert_eq!((second.ticks, shown(&second.interrupts)), (0, vec!["24 3".to_owned()]));
        assert_eq!(shown(&second.softirqs), ["RCU 5"]);
        assert!(of(2).is_none());
    }
}
