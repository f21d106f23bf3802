//! Where the output goes, and in which form.

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
    path::Path,
};

use schemars::generate::SchemaSettings;
use serde::Serialize;

use crate::{Failure, inspect::Report, presentation::Page};

/// Standard output, or the file asked for.
pub(crate) struct Output {
    out: BufWriter<Box<dyn Write>>,
    colour: bool,
    width: Option<u16>,
}

impl Output {
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = file else {
            let stdout = io::stdout();
            let colour = anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
            let width = if stdout.is_terminal() { terminal_width() } else { None };
            return Ok(Self { out: BufWriter::new(Box::new(stdout)), colour, width });
        };
        let file = File::create(path)
            .map_err(|error| Failure::Failed(format!("create {}: {error}", path.display())))?;
        Ok(Self { out: BufWriter::new(Box::new(file)), colour: false, width: None })
    }

    /// Writes a page of text.
    pub(crate) fn page(mut self, write: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> Result<(), Failure> {
        write(&mut Page::new(&mut self.out, self.colour, self.width))?;
        Ok(self.out.flush()?)
    }

    /// Writes `value` as JSON, with a newline after it.
    pub(crate) fn json(mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.out, value)?;
        writeln!(self.out)?;
        Ok(self.out.flush()?)
    }

    /// Writes `text` as it is.
    pub(crate) fn text(mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes())?;
        Ok(self.out.flush()?)
    }
}

fn terminal_width() -> Option<u16> {
    rustix::termios::tcgetwinsize(rustix::stdio::stdout())
        .ok()
        .map(|size| size.ws_col)
        .filter(|&width| width > 0)
}

/// Prints the schema of the JSON output.
pub(crate) fn schema() -> Result<(), Failure> {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    Output::open(None)?.json(&settings.into_generator().into_root_schema_for::<Report>())
}
