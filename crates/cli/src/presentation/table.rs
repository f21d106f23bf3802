use std::{
    fmt::Display,
    io::{self, Write},
};

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, TableStyle};
use linux_support::base::Reading;

/// Where a column's text stands.
#[derive(Clone, Copy)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A table without lines: a header and rows, apart by two spaces. The last column is never wrapped.
pub(crate) struct Table {
    table: comfy_table::Table,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(columns: &[(&str, Align)]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(TableStyle::new());
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(columns.iter().map(|(name, _)| Cell::new(name).add_attribute(Attribute::Bold)));
        for (index, (_, align)) in columns.iter().enumerate() {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(match align {
                    Align::Left => CellAlignment::Left,
                    Align::Right => CellAlignment::Right,
                });
                column.set_padding((if index == 0 { 2 } else { 1 }, 1));
            }
        }
        Self { table }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.table.add_row(cells);
    }

    /// Adds a row of any length.
    pub(crate) fn row_of(&mut self, cells: Vec<Cell>) {
        self.table.add_row(cells);
    }

    pub(super) fn write(mut self, out: &mut dyn Write, colour: bool, _width: Option<u16>) -> io::Result<()> {
        self.table.force_no_tty();
        if colour {
            self.table.enforce_styling();
        }
        for line in self.table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A cell of a value.
pub(crate) fn cell(value: impl Display) -> Cell {
    Cell::new_owned(value.to_string())
}

/// A cell of a reading, dim where there is no value.
pub(crate) fn reading<T: Display>(reading: &Reading<T>) -> Cell {
    match reading {
        Reading::Value(value) => cell(value),
        absent if absent.is_absent() => cell("-").add_attribute(Attribute::Dim),
        unavailable => cell(unavailable).add_attribute(Attribute::Dim),
    }
}
