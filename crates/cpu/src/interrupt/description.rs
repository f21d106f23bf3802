//! What stands after the counts of a numbered interrupt: its controller, line, trigger and handlers.

use linux_support_base::{ByteString, text};

linux_support_base::named! {
    /// How an interrupt is signalled, or how the kernel handles its flow.
    InterruptTrigger {
        /// By a change.
        Edge = "edge",
        /// By a state that lasts.
        Level = "level",
        /// By a state, on a controller that takes one end of interrupt.
        FastEndOfInterrupt = "fasteoi",
        /// By the CPU itself.
        PerCpu = "percpu",
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    pub(super) chip: Option<ByteString>,
    pub(super) hardware_number: Option<u64>,
    pub(super) trigger: Option<InterruptTrigger>,
    pub(super) actions: Vec<ByteString>,
}

/// How many words the name of an interrupt chip has at most.
const CHIP_WORDS: usize = 4;

/// Splits the forms that kernels write:
/// `IO-APIC   5-edge      ACPI:Ged`, `GICv3  27 Level     arch_timer`, and until 3.x
/// `IO-APIC-edge      timer`.
pub(super) fn split(text: &[u8]) -> Description {
    let mut words = text::fields(text);
    let Some(first) = words.next() else { return Description::default() };
    let older = first.iter().rposition(|byte| *byte == b'-').and_then(|dash| {
        let trigger = trigger(&first[dash + 1..])?;
        Some((&first[..dash], trigger))
    });
    if let Some((chip, trigger)) = older {
        return Description {
            chip: Some(chip.into()),
            hardware_number: None,
            trigger: Some(trigger),
            actions: actions(words.rest()),
        };
    }
    for _ in 1..=CHIP_WORDS {
        let before = words.rest();
        let Some(word) = words.next() else { break };
        let Some((number, flow)) = hardware_number(word) else { continue };
        let chip = text[..text.len() - before.len()].trim_ascii();
        let mut rest = words.rest();
        let mut trigger = flow.map(InterruptTrigger::parse);
        if trigger.is_none() {
            let mut after = words.clone();
            if let Some(word @ (b"Level" | b"Edge")) = after.next() {
                trigger = self::trigger(word);
                rest = after.rest();
            }
        }
        return Description {
            chip: Some(chip.into()),
            hardware_number: Some(number),
            trigger,
            actions: actions(rest),
        };
    }
    let mut words = text::fields(text);
    let chip = words.next().map(ByteString::from);
    Description { chip, hardware_number: None, trigger: None, actions: actions(words.rest()) }
}

/// Reads `27` or `5-edge`.
fn hardware_number(word: &[u8]) -> Option<(u64, Option<&[u8]>)> {
    match text::split_once(word, b'-') {
        Some((number, flow)) if !flow.is_empty() => Some((text::decimal(number).ok()?, Some(flow))),
        Some(_) => None,
        None => Some((text::decimal(word).ok()?, None)),
    }
}

fn trigger(word: &[u8]) -> Option<InterruptTrigger> {
    match InterruptTrigger::parse(&word.to_ascii_lowercase()) {
        InterruptTrigger::Unknown(_) => None,
        known => Some(known),
    }
}

fn actions(text: &[u8]) -> Vec<ByteString> {
    let names = text.split(|byte| *byte == b',').map(|name| name.trim_ascii());
    names.filter(|name| !name.is_empty()).map(ByteString::from).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        let found = split(text.as_bytes());
        let or = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        format!(
            "{}|{}|{}|{}",
            or(found.chip.map(|chip| chip.to_string())),
            or(found.hardware_number.map(|number| number.to_string())),
            or(found.trigger.map(|trigger| trigger.to_string())),
            found.actions.iter().map(ToString::to_string).collect::<Vec<_>>().join("+"),
        )
    }

    #[test]
    fn every_form_is_split() {
        assert_eq!(shown("IO-APIC   5-edge      ACPI:Ged"), "IO-APIC|5|edge|ACPI:Ged");
        assert_eq!(
            shown("PCI-MSIX-0000:00:01.0   3-edge      virtio0-stats"),
            "PCI-MSIX-0000:00:01.0|3|edge|virtio0-stats"
        );
        assert_eq!(
            shown("IO-APIC  16-fasteoi   ehci_hcd:usb1, i801 smbus"),
            "IO-APIC|16|fasteoi|ehci_hcd:usb1+i801 smbus"
        );
        assert_eq!(shown("GICv3  27 Level     arch_timer"), "GICv3|27|level|arch_timer");
        assert_eq!(shown("pinctrl bcm2835 gpio  12 Edge  button"), "pinctrl bcm2835 gpio|12|edge|button");
        assert_eq!(shown("IO-APIC-edge      timer"), "IO-APIC|-|edge|timer");
        assert_eq!(shown("XT-PIC      cascade"), "XT-PIC|-|-|cascade");
        assert_eq!(shown("IO-APIC   9-edge"), "IO-APIC|9|edge|");
        assert_eq!(shown(""), "-|-|-|");
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "([0-9]|-|edge|Level| |,|a){0,20}", bytes: Vec<u8>) {
            let _ = (split(text.as_bytes()), split(&bytes));
        }
    }
}
