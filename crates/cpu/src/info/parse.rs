//! Reading the whole file at once.
//!
//! The records of one machine are nearly the same, line for line. So each line is first held against the one
//! at its place in the record before: what is the same word for word needs no look at its key, and a record
//! whose common lines are all the same is of the same model.

use std::collections::BTreeMap;

use linux_support_base::{
    Cpu, CpuSet, ParseError,
    text::{find_near, split_once},
};

use super::{
    CpuInfo, Processor, ProcessorModel,
    processor::Own,
    record::{Start, line_fields, number, start},
};

/// How many lines a record may have before room must be made for more.
const LINES: usize = 32;

/// With how many models a record is compared that differs from the one before it.
const MODELS_COMPARED: usize = 16;

/// A key and its value.
type Pair<'a> = (&'a [u8], &'a [u8]);

enum Line<'a> {
    /// A line that processors of one model have in common; and its field, unless it holds several.
    Common(&'a [u8], Option<Pair<'a>>),
    /// A field that each has for itself, up to and with the colon.
    Own(&'a [u8], Own),
}

#[derive(Default)]
struct Parser<'a> {
    info: CpuInfo,
    /// The lines of the record that is being read, and beyond `at` those of the one before.
    lines: Vec<Line<'a>>,
    at: usize,
    /// Whether a line in common was unlike that of the record before.
    changed: bool,
    /// The index of the processor that the record is of.
    current: Option<usize>,
    /// The first of the processors that this record describes: several where `processor` lines follow one
    /// another without anything between.
    first: usize,
    /// The model of the record before.
    model: usize,
    /// On s390: where each processor is, for its second record.
    places: Option<BTreeMap<Cpu, usize>>,
    /// Whether the record is the second one of its processor.
    again: bool,
}

pub(super) fn parse(text: &[u8]) -> Result<CpuInfo, ParseError> {
    let mut parser = Parser { lines: Vec::with_capacity(LINES), ..Parser::default() };
    let mut rest = text;
    let mut fresh = true;
    while !rest.is_empty() {
        if let Some(after) = parser.take_known(rest)? {
            rest = after;
            continue;
        }
        let line = match find_near(b'\n', rest) {
            Some(end) => {
                let line = &rest[..end];
                rest = &rest[end + 1..];
                line
            }
            None => std::mem::take(&mut rest),
        };
        if !line.first().is_some_and(u8::is_ascii_graphic) && line.trim_ascii().is_empty() {
            parser.end_record()?;
            fresh = true;
            continue;
        }
        parser.take_line(line, fresh)?;
        fresh = false;
    }
    parser.end_record()?;
    parser.finish()
}

impl<'a> Parser<'a> {
    /// Takes the line at the head of `rest` if it is as expected, and gives what is after it.
    #[inline]
    fn take_known(&mut self, rest: &'a [u8]) -> Result<Option<&'a [u8]>, ParseError> {
        let Some(current) = self.current.filter(|_| !self.again) else { return Ok(None) };
        match self.lines.get(self.at) {
            Some(Line::Common(line, _)) => {
                let Some(after) = rest.strip_prefix(*line) else { return Ok(None) };
                let after = match after {
                    [b'\n', after @ ..] => after,
                    [] => after,
                    _ => return Ok(None),
                };
                self.at += 1;
                Ok(Some(after))
            }
            Some(&Line::Own(prefix, own)) => {
                let Some(after) = rest.strip_prefix(prefix) else { return Ok(None) };
                let (value, after) = split_once(after, b'\n').unwrap_or((after, b""));
                self.at += 1;
                self.info.processors[current].set(own, key(prefix), value.trim_ascii())?;
                Ok(Some(after))
            }
            None => Ok(None),
        }
    }

    fn take_line(&mut self, line: &'a [u8], fresh: bool) -> Result<(), ParseError> {
        match start(line) {
            Some(Start::Processor(value)) => return self.begin(number(value)?),
            Some(Start::ProcessorLine(value)) => {
                self.end_record()?;
                self.begin(number(value)?)?;
                self.common(line, None);
                return self.end_record();
            }
            Some(Start::Again(value)) if fresh => return self.begin_again(number(value)?),
            Some(Start::Again(_)) | None => {}
        }
        let Some(current) = self.current else {
            for (key, value) in line_fields(line) {
                self.info.machine.push(key, value);
            }
            return Ok(());
        };
        let (raw_key, value) = split_once(line, b':').unwrap_or((line, b""));
        let (key, value) = (raw_key.trim_ascii(), value.trim_ascii());
        if let Some(own) = Own::of(key)
            && let Some(prefix) = line.get(..=raw_key.len())
        {
            self.put(Line::Own(prefix, own));
            return self.info.processors[current].set(own, key, value);
        }
        if self.again {
            for (key, value) in line_fields(line) {
                self.info.processors[current].other.push(key, value);
            }
        } else {
            self.common(line, Some((key, value)));
        }
        Ok(())
    }

    fn common(&mut self, line: &'a [u8], field: Option<Pair<'a>>) {
        self.changed = true;
        self.put(Line::Common(line, field));
    }

    fn put(&mut self, line: Line<'a>) {
        match self.lines.get_mut(self.at) {
            Some(place) => {
                self.changed |= matches!(place, Line::Common(..));
                *place = line;
            }
            None => self.lines.push(line),
        }
        self.at += 1;
    }

    fn begin(&mut self, cpu: Cpu) -> Result<(), ParseError> {
        let bare = self.current.is_some() && self.at == 0 && !self.again;
        if !bare {
            self.end_record()?;
            self.first = self.info.processors.len();
        }
        self.current = Some(self.info.processors.len());
        self.info.processors.push(Processor::new(cpu));
        Ok(())
    }

    fn begin_again(&mut self, cpu: Cpu) -> Result<(), ParseError> {
        self.end_record()?;
        let processors = &self.info.processors;
        let places = self.places.get_or_insert_with(|| {
            processors.iter().enumerate().map(|(index, processor)| (processor.cpu, index)).collect()
        });
        match places.get(&cpu) {
            Some(&index) => (self.current, self.again) = (Some(index), true),
            None => {
                places.insert(cpu, processors.len());
                self.begin(cpu)?;
            }
        }
        Ok(())
    }

    fn end_record(&mut self) -> Result<(), ParseError> {
        let Some(current) = self.current.take() else { return Ok(()) };
        if std::mem::take(&mut self.again) {
            self.lines.clear();
            self.at = 0;
            self.changed = true;
            return Ok(());
        }
        let dropped = self.lines.drain(self.at..).filter(|line| matches!(line, Line::Common(..))).count();
        if self.changed || dropped != 0 || self.info.models.is_empty() {
            let mut fields = Vec::with_capacity(self.lines.len());
            for line in &self.lines {
                match *line {
                    Line::Common(_, Some(field)) => fields.push(field),
                    Line::Common(line, None) => fields.extend(line_fields(line)),
                    Line::Own(..) => {}
                }
            }
            let model = ProcessorModel::of(&fields)?;
            let models = &mut self.info.models;
            let earlier = models.iter().rev().take(MODELS_COMPARED).position(|known| known.is_like(&model));
            self.model = match earlier {
                Some(back) => models.len() - 1 - back,
                None => {
                    models.push(model);
                    models.len() - 1
                }
            };
        }
        (self.at, self.changed) = (0, false);
        let processors = &self.info.processors[self.first..=current];
        self.info.models[self.model].cpus.extend(processors.iter().map(|processor| processor.cpu));
        Ok(())
    }

    fn finish(self) -> Result<CpuInfo, ParseError> {
        let mut info = self.info;
        if info.processors.is_empty() && !info.machine.is_empty() {
            let cpus = cpus_of_the_machine(&info)?;
            let model = ProcessorModel::of(&info.machine.iter().collect::<Vec<_>>())?;
            info.processors = cpus.iter().map(Processor::new).collect();
            for processor in &mut info.processors {
                for (key, value) in info.machine.iter() {
                    match Own::of(key) {
                        Some(Own::Other) | None => {}
                        Some(own) => processor.set(own, key, value)?,
                    }
                }
            }
            // The fields themselves stay where they are.
            info.models.push(ProcessorModel { cpus, other: Default::default(), ..model });
        } else if !info.machine.is_empty() {
            for model in &mut info.models {
                model.complete(&info.machine)?;
            }
        }
        Ok(info)
    }
}

/// The key in `key\t: `.
fn key(prefix: &[u8]) -> &[u8] {
    prefix.strip_suffix(b":").unwrap_or(prefix).trim_ascii()
}

/// The CPUs of a file without a record for each.
fn cpus_of_the_machine(info: &CpuInfo) -> Result<CpuSet, ParseError> {
    // sparc: "CPU6: online"; alpha: "cpu active mask: 0000000000000003".
    let state = |key: &[u8]| Cpu::parse(key.strip_prefix(b"CPU")?).ok();
    let online: CpuSet = info
        .machine
        .iter()
        .filter(|(_, value)| *value == b"online")
        .filter_map(|(key, _)| state(key))
        .collect();
    if !online.is_empty() {
        return Ok(online);
    }
    if let Some(mask) = info.machine.get("cpu active mask") {
        return CpuSet::parse_mask(mask).map_err(|error| error.in_field("cpu active mask"));
    }
    Ok(Cpu::new(0).into_iter().collect())
}
