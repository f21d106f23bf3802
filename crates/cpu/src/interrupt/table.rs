//! Tables of counts with a column for each online CPU.

use linux_support_base::{
    Cpu, ParseError,
    text::{self, split_once},
};

/// The rows of `/proc/interrupts` or `/proc/softirqs`, borrowed.
///
/// ```
/// use linux_support_cpu::interrupt::Table;
///
/// let text = b"     CPU0  CPU2\n 24:  7  0  IO-APIC  5-edge  ACPI:Ged\nERR:  3\n";
/// let mut table = Table::parse(text)?;
/// let row = table.next().unwrap()?;
/// assert_eq!((row.label, row.counts().sum::<u64>()), (&b"24"[..], 7));
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Table<'a> {
    header: &'a [u8],
    columns: usize,
    lines: text::Lines<'a>,
}

/// A row of a [`Table`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// What stands before the colon: an interrupt's number or name.
    pub label: &'a [u8],
    counts: &'a [u8],
    /// How many counts there are: as many as columns, or fewer where they are not of single CPUs.
    pub columns: usize,
    /// What stands after the counts.
    pub description: &'a [u8],
}

impl<'a> Table<'a> {
    /// Reads the head of the table. Text that is empty has no columns and no rows.
    ///
    /// # Errors
    /// The first line is not `CPU0 CPU1 …`.
    pub fn parse(text: &'a [u8]) -> Result<Self, ParseError> {
        let mut lines = text::lines(text);
        let header = lines.next().unwrap_or_default();
        let mut table = Self { header, columns: 0, lines };
        for cpu in table.cpus() {
            cpu?;
            table.columns += 1;
        }
        Ok(table)
    }

    /// The CPUs that the columns are of: those that were online.
    pub fn cpus(&self) -> impl Iterator<Item = Result<Cpu, ParseError>> + use<'a> {
        text::fields(self.header).map(|name| {
            let number =
                name.strip_prefix(b"CPU").ok_or_else(|| ParseError::expected("CPU and a number", name))?;
            Cpu::parse(number)
        })
    }

    /// How many columns there are.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }
}

impl<'a> Iterator for Table<'a> {
    type Item = Result<Row<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = self.lines.next()?;
            if !line.trim_ascii().is_empty() {
                return Some(row(line, self.columns));
            }
        }
    }
}

fn row(line: &[u8], most: usize) -> Result<Row<'_>, ParseError> {
    let (label, rest) =
        split_once(line, b':').ok_or_else(|| ParseError::expected("a name and a colon", line))?;
    let mut fields = text::fields(rest);
    let mut columns = 0;
    let mut description = fields.rest();
    while columns < most {
        match fields.next() {
            Some(field) if field.iter().all(u8::is_ascii_digit) => {
                if field.len() > 19 {
                    text::decimal::<u64>(field)?;
                }
                columns += 1;
            }
            _ => break,
        }
        description = fields.rest();
    }
    let counts = &rest[..rest.len() - description.len()];
    Ok(Row { label: label.trim_ascii(), counts, columns, description: description.trim_ascii_end() })
}

impl<'a> Row<'a> {
    /// The counts, by column.
    pub fn counts(&self) -> impl Iterator<Item = u64> + use<'a> {
        // They were found to be numbers when the row was split.
        text::fields(self.counts).map(|field| text::decimal(field).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_columns_are_those_of_the_header_and_the_rest_describes() {
        let text = b"      CPU0  CPU3\n  8:  1  2  3 things\nERR:   4\nNMI: 5 6\n";
        let table = Table::parse(text).unwrap();
        assert!(table.cpus().map(|cpu| cpu.unwrap().number()).eq([0, 3]));
        let rows: Vec<_> = table
            .map(|row| {
                let row = row.unwrap();
                (row.label.to_vec(), row.counts().collect::<Vec<_>>(), row.description.to_vec())
            })
            .collect();
        assert_eq!(
            rows,
            [
                (b"8".to_vec(), vec![1, 2], b"3 things".to_vec()),
                (b"ERR".to_vec(), vec![4], Vec::new()),
                (b"NMI".to_vec(), vec![5, 6], Vec::new()),
            ]
        );
        assert_eq!(Table::parse(b"").unwrap().count(), 0);
    }

    #[test]
    fn a_header_of_other_words_is_refused() {
        assert!(Table::parse(b"  8: 1\n").is_err());
        assert!(Table::parse(b" CPU0 CPUx\n").is_err());
    }

    #[test]
    fn a_row_without_a_colon_is_an_error_and_the_next_is_read() {
        let rows: Vec<_> = Table::parse(b"CPU0\nx\ny: 1\n").unwrap().collect();
        assert!(rows[0].is_err() && rows[1].is_ok());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "( CPU[0-9]){0,3}\n(( |[0-9]|:|a|\n){0,40})", bytes: Vec<u8>) {
            for text in [text.as_bytes(), &bytes] {
                if let Ok(table) = Table::parse(text) {
                    for row in table.flatten() {
                        prop_assert_eq!(row.counts().count(), row.columns);
                    }
                }
            }
        }
    }
}
