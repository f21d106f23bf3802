use std::{
    fmt::Display,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};
use linux_support::base::{Reading, Reason};

use super::Table;

const HEADING: Style = AnsiColor::Cyan.on_default().bold();
const NAME: Style = Style::new().dimmed();

/// A page of text: headings, named values, tables.
pub(crate) struct Page<'w> {
    out: &'w mut dyn Write,
    colour: bool,
    width: Option<u16>,
    begun: bool,
}

impl<'w> Page<'w> {
    /// A page written to `out`; `width` is that of the terminal, if it is one.
    pub(crate) fn new(out: &'w mut dyn Write, colour: bool, width: Option<u16>) -> Self {
        Self { out, colour, width, begun: false }
    }

    /// Begins a part of the page.
    pub(crate) fn heading(&mut self, text: impl Display) -> io::Result<()> {
        if self.begun {
            writeln!(self.out)?;
        }
        self.begun = true;
        if self.colour {
            writeln!(self.out, "{HEADING}{text}{HEADING:#}")
        } else {
            writeln!(self.out, "{text}")
        }
    }

    /// Values with their names, the values aligned.
    pub(crate) fn values(&mut self, values: &[(&str, String)]) -> io::Result<()> {
        self.begun = true;
        let width = values.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in values {
            let gap = " ".repeat(width - name.chars().count());
            let mut lines = value.lines();
            let first = lines.next().unwrap_or_default();
            if self.colour {
                writeln!(self.out, "  {NAME}{name}{NAME:#}{gap}  {first}")?;
            } else {
                writeln!(self.out, "  {name}{gap}  {first}")?;
            }
            for line in lines {
                writeln!(self.out, "  {:width$}  {line}", "")?;
            }
        }
        Ok(())
    }

    /// A line as it is.
    pub(crate) fn line(&mut self, text: impl Display) -> io::Result<()> {
        self.begun = true;
        writeln!(self.out, "{text}")
    }

    /// The value of `reading`; where there is none, a line says why, and whether it is kept from this user.
    pub(crate) fn or_why<'r, T>(&mut self, reading: &'r Reading<T>) -> io::Result<Option<&'r T>> {
        match reading.as_result() {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                let style = if self.colour { NAME } else { Style::new() };
                let withheld = match error.reason() {
                    Reason::PermissionDenied { .. } => "withheld: ",
                    _ => "",
                };
                writeln!(self.out, "  {style}({withheld}{error}){style:#}")?;
                Ok(None)
            }
        }
    }

    /// A table.
    pub(crate) fn table(&mut self, table: Table) -> io::Result<()> {
        self.begun = true;
        table.write(self.out, self.colour, self.width)
    }
}
