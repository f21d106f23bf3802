//! `/proc/interrupts`.

use core::fmt;

use linux_support_base::{ByteString, Cpu, CpuSet, Error, Machine, ParseError, text};

use super::{InterruptTrigger, Table, description};

/// The interrupts of a machine, and how often each CPU took them since the machine was started.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cpu::Interrupts;
///
/// let interrupts = Interrupts::read(&Machine::live()?)?;
/// let busiest = interrupts.list.iter().max_by_key(|interrupt| interrupt.total());
/// println!("{:?}", busiest.map(|interrupt| &interrupt.label));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// proc_interrupts(5), Documentation/filesystems/proc.rst.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Interrupts {
    /// The CPUs that were online, in the order of the counts.
    pub cpus: CpuSet,
    /// The interrupts, in the kernel's order.
    pub list: Vec<Interrupt>,
}

/// An interrupt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Interrupt {
    /// Its number or name.
    pub label: InterruptLabel,
    /// How often each CPU took it, in the order of [`Interrupts::cpus`]; or how often it came, alone, where the
    /// kernel does not count it for each CPU (`ERR`, `MIS`).
    pub counts: Vec<u64>,
    /// The interrupt controller.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub chip: Option<ByteString>,
    /// The controller's own number of it.
    #[doc(alias = "hwirq")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub hardware_number: Option<u64>,
    /// How it is signalled.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub trigger: Option<InterruptTrigger>,
    /// Who handles it: names that drivers gave.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub actions: Vec<ByteString>,
    /// All that stands after the counts.
    pub description: ByteString,
}

/// What an interrupt is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(untagged))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum InterruptLabel {
    /// A number, as in `/proc/irq`.
    Number(u32),
    /// The name of one that the architecture has: `NMI`, `LOC`, `IPI0`.
    Name(ByteString),
}

impl Interrupts {
    /// Reads `/proc/interrupts`.
    ///
    /// # Errors
    /// The file is absent, can't be read or is malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse("/proc/interrupts", Self::parse)
    }

    /// Reads the text of `/proc/interrupts`.
    ///
    /// # Errors
    /// A first line that does not name CPUs in rising order, or a row without a colon.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let parse = || {
            let table = Table::parse(text)?;
            let cpus = columns(&table, text)?;
            let list = table
                .map(|row| {
                    let row = row?;
                    let label = InterruptLabel::parse(row.label);
                    let mut interrupt = Interrupt {
                        counts: row.counts().collect(),
                        chip: None,
                        hardware_number: None,
                        trigger: None,
                        actions: Vec::new(),
                        description: row.description.into(),
                        label,
                    };
                    if let InterruptLabel::Number(_) = interrupt.label {
                        let found = description::split(row.description);
                        interrupt.chip = found.chip;
                        interrupt.hardware_number = found.hardware_number;
                        interrupt.trigger = found.trigger;
                        interrupt.actions = found.actions;
                    }
                    Ok(interrupt)
                })
                .collect::<Result<_, ParseError>>()?;
            Ok(Self { cpus, list })
        };
        parse().map_err(|error: ParseError| error.within(text))
    }

    /// The interrupt of this number.
    #[must_use]
    pub fn number(&self, number: u32) -> Option<&Interrupt> {
        self.list.iter().find(|interrupt| interrupt.label == InterruptLabel::Number(number))
    }

    /// The interrupt of this name.
    #[must_use]
    pub fn named(&self, name: impl AsRef<[u8]>) -> Option<&Interrupt> {
        let name = name.as_ref();
        self.list.iter().find(
            |interrupt| matches!(&interrupt.label, InterruptLabel::Name(label) if label.as_bytes() == name),
        )
    }

    /// How often this CPU took this interrupt; `None` where it is not counted for each CPU, or the CPU was not
    /// online.
    #[must_use]
    pub fn count(&self, interrupt: &Interrupt, cpu: Cpu) -> Option<u64> {
        let column = self.cpus.iter().position(|column| column == cpu)?;
        (interrupt.is_per_cpu() && interrupt.counts.len() == self.cpus.len())
            .then(|| interrupt.counts[column])
    }
}

/// The CPUs of the columns, which must rise for the set to have their order.
pub(super) fn columns(table: &Table<'_>, text: &[u8]) -> Result<CpuSet, ParseError> {
    let mut cpus = CpuSet::new();
    for cpu in table.cpus() {
        let cpu = cpu?;
        if cpus.last().is_some_and(|last| last >= cpu) {
            let header = text::lines(text).next().unwrap_or_default();
            return Err(ParseError::expected("CPUs in rising order", header.trim_ascii()));
        }
        cpus.insert(cpu);
    }
    Ok(cpus)
}

impl Interrupt {
    /// How often it came, on all CPUs.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |total, count| total.saturating_add(*count))
    }

    /// Whether the counts are those of single CPUs.
    #[must_use]
    pub fn is_per_cpu(&self) -> bool {
        !matches!(&self.label, InterruptLabel::Name(name) if name == "ERR" || name == "MIS" || name == "BAD")
    }
}

impl InterruptLabel {
    fn parse(label: &[u8]) -> Self {
        match text::decimal(label) {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Name(label.into()),
        }
    }
}

impl fmt::Display for InterruptLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAMPLE: &[u8] = b"           CPU0       CPU2       \n \
        24:          1          0  IO-APIC   5-edge      ACPI:Ged\n\
        1000:       12          7 PCI-MSIX-0000:00:03.0   0-edge      a, b\n\
        NMI:          0          3   Non-maskable interrupts\n\
        ERR:          5\n";

    #[test]
    fn numbers_names_and_single_counts_are_read() {
        let interrupts = Interrupts::parse(SAMPLE).unwrap();
        assert_eq!(interrupts.cpus.to_string(), "0,2");
        let large = interrupts.number(1000).unwrap();
        assert_eq!((large.total(), large.actions.len()), (19, 2));
        let cpu = |number| Cpu::new(number).unwrap();
        let nmi = interrupts.named("NMI").unwrap();
        assert_eq!(interrupts.count(nmi, cpu(2)), Some(3));
        assert_eq!(interrupts.count(nmi, cpu(1)), None);
        assert_eq!(nmi.description, "Non-maskable interrupts");
        let errors = interrupts.named("ERR").unwrap();
        assert_eq!((errors.total(), interrupts.count(errors, cpu(0))), (5, None));
        assert_eq!(interrupts.number(24).unwrap().chip, Some("IO-APIC".into()));
    }

    #[test]
    fn a_last_newline_makes_no_row() {
        assert_eq!(Interrupts::parse(SAMPLE), Interrupts::parse(&SAMPLE[..SAMPLE.len() - 1]));
        assert_eq!(Interrupts::parse(b"").unwrap(), Interrupts::default());
    }

    #[test]
    fn columns_that_fall_are_refused_with_their_line() {
        let error = Interrupts::parse(b"  CPU1 CPU0\n").unwrap_err();
        assert_eq!(error.to_string(), r#"line 1: "CPU1 CPU0": expected CPUs in rising order at byte 2"#);
    }

    #[test]
    fn those_of_this_machine_are_read() {
        let interrupts = Interrupts::read(&Machine::live().unwrap()).unwrap();
        assert!(!interrupts.cpus.is_empty());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, cut in 0..SAMPLE.len()) {
            let _ = (Interrupts::parse(&bytes), Interrupts::parse(&SAMPLE[..cut]));
        }
    }
}
