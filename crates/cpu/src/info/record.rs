//! The records of `/proc/cpuinfo`, borrowed.

use linux_support_base::{
    Cpu, ParseError,
    text::{self, split_once},
};

/// The records of `/proc/cpuinfo`, without allocating: one for each processor, and one for each run of lines
/// that is about no single processor.
///
/// ```
/// use linux_support_cpu::info::records;
///
/// let text = b"processor\t: 0\ncpu MHz\t\t: 1200.000\n\nprocessor\t: 1\ncpu MHz\t\t: 800.000\n\n";
/// let frequencies: Vec<_> = records(text).map(|record| record.unwrap().get("cpu MHz")).collect();
/// assert_eq!(frequencies, [Some(&b"1200.000"[..]), Some(b"800.000")]);
/// ```
#[must_use]
pub fn records(text: &[u8]) -> Records<'_> {
    Records { rest: text }
}

/// The iterator that [`records`] gives.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
}

/// One record of `/proc/cpuinfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The processor; `None` where the lines are about the machine, or about all processors, as at the head or
    /// the end of the file on several architectures.
    pub cpu: Option<Cpu>,
    /// Its lines, without blank ones.
    pub text: &'a [u8],
}

impl<'a> Record<'a> {
    /// The keys and values, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        text::lines(self.text).flat_map(line_fields)
    }

    /// The value of the first field with this key.
    #[must_use]
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<&'a [u8]> {
        let key = key.as_ref();
        self.fields().find(|(name, _)| *name == key).map(|(_, value)| value)
    }
}

/// The fields of one line: mostly one; on s390 all of a processor.
pub(super) fn line_fields<'a>(
    line: &'a [u8],
) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone + use<'a> {
    let (parts, separator) = match split_once(line, b':') {
        Some((head, values)) if s390_number(head).is_some() => (values, Some(b'=')),
        _ => (line, None),
    };
    let mut rest = Some(parts);
    core::iter::from_fn(move || {
        let text = rest.take()?;
        let Some(separator) = separator else {
            return Some(split_once(text, b':').unwrap_or((text, b"")));
        };
        let (part, after) = match split_once(text, b',') {
            Some((part, after)) => (part, Some(after)),
            None => (text, None),
        };
        rest = after;
        Some(split_once(part, separator).unwrap_or((part, b"")))
    })
    .map(|(key, value)| (key.trim_ascii(), value.trim_ascii()))
    .filter(|(key, value)| !key.is_empty() || !value.is_empty())
}

/// The number in the head of the line `processor 0: version = 00, …`.
fn s390_number(head: &[u8]) -> Option<&[u8]> {
    let number = head.strip_prefix(b"processor ")?.trim_ascii();
    number.first().is_some_and(u8::is_ascii_digit).then_some(number)
}

/// What a line begins.
pub(super) enum Start<'a> {
    /// A record of the processor of this number.
    Processor(&'a [u8]),
    /// The same, all in this line.
    ProcessorLine(&'a [u8]),
    /// On s390, a further record of a processor. On ia64 it is a field like others.
    Again(&'a [u8]),
}

#[inline]
pub(super) fn start(line: &[u8]) -> Option<Start<'_>> {
    // Of the keys that begin a record, "processor" and "cpu number", the tenth byte tells.
    match line {
        [b'p', b'r', b'o', b'c', ..] => {
            let (head, value) = split_once(line, b':')?;
            if head.trim_ascii_end() == b"processor" {
                return Some(Start::Processor(value.trim_ascii()));
            }
            s390_number(head).map(Start::ProcessorLine)
        }
        [b'c', b'p', b'u', b' ', b'n', b'u', ..] => {
            let (head, value) = split_once(line, b':')?;
            (head.trim_ascii_end() == b"cpu number").then(|| Start::Again(value.trim_ascii()))
        }
        _ => None,
    }
}

pub(super) fn number(value: &[u8]) -> Result<Cpu, ParseError> {
    Cpu::parse(value).map_err(|error| error.in_field("processor"))
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut lines = text::lines(self.rest);
        let mut whole = self.rest;
        let mut cpu = None;
        let mut length = 0;
        loop {
            let before = lines.rest();
            let Some(line) = lines.next() else { break };
            if line.trim_ascii().is_empty() {
                self.rest = lines.rest();
                if length != 0 {
                    return Some(Ok(Record { cpu, text: &whole[..length] }));
                }
                whole = self.rest;
                continue;
            }
            let begun = match start(line) {
                Some(Start::Again(_)) if length != 0 => None,
                begun => begun,
            };
            if begun.is_some() && length != 0 {
                self.rest = before;
                return Some(Ok(Record { cpu, text: &whole[..length] }));
            }
            let end = whole.len() - lines.rest().len();
            match begun {
                Some(Start::Processor(value) | Start::ProcessorLine(value) | Start::Again(value)) => {
                    match number(value) {
                        Ok(number) => cpu = Some(number),
                        Err(error) => {
                            self.rest = lines.rest();
                            return Some(Err(error));
                        }
                    }
                    if matches!(begun, Some(Start::ProcessorLine(_))) {
                        self.rest = lines.rest();
                        return Some(Ok(Record { cpu, text: &whole[..end] }));
                    }
                }
                None => {}
            }
            length = end;
        }
        self.rest = b"";
        (length != 0).then(|| Ok(Record { cpu, text: &whole[..length] }))
    }
}

impl core::iter::FusedIterator for Records<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape(text: &[u8]) -> Vec<(Option<u32>, usize)> {
        records(text)
            .map(|record| {
                let record = record.unwrap();
                (record.cpu.map(Cpu::number), record.fields().count())
            })
            .collect()
    }

    #[test]
    fn blank_lines_and_processor_lines_end_a_record() {
        let text = b"Processor\t: ARMv7\nprocessor\t: 0\nprocessor\t: 1\nBogoMIPS\t: 1\n\n\nHardware\t: x\n";
        assert_eq!(shape(text), [(None, 1), (Some(0), 1), (Some(1), 2), (None, 1)]);
        assert_eq!(shape(&text[..text.len() - 1]), shape(text));
        assert_eq!(shape(b""), []);
        assert_eq!(shape(b"\n\n"), []);
    }

    #[test]
    fn the_lines_of_s390_are_records_by_themselves() {
        let text =
            b"features\t: esan3 \nprocessor 0: version = 00,  identification = 012345,  machine = 8561\n\
                     \ncpu number      : 0\ncpu MHz static  : 5200\n";
        assert_eq!(shape(text), [(None, 1), (Some(0), 3), (Some(0), 2)]);
        let processor = records(text).nth(1).unwrap().unwrap();
        assert_eq!(processor.get("identification"), Some(&b"012345"[..]));
    }

    #[test]
    fn the_cpu_number_of_ia64_begins_no_record() {
        assert_eq!(shape(b"processor  : 3\nvendor     : GenuineIntel\ncpu number : 0\n\n"), [(Some(3), 3)]);
    }

    #[test]
    fn a_number_that_is_none_is_an_error_and_the_rest_is_read() {
        let items: Vec<_> = records(b"processor : x\nprocessor : 1\n").collect();
        assert_eq!(items[0].as_ref().unwrap_err().to_string(), r#"processor "x": expected a number"#);
        assert_eq!(items[1].as_ref().unwrap().cpu, Cpu::new(1));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_no_line_is_lost(text in "(processor\t: [0-9]\n|processor [0-9]: a = b, c\n|cpu number: 1\n|a:b\n|\n|z|:\n){0,12}", bytes: Vec<u8>) {
            for text in [text.as_bytes(), &bytes] {
                let given: usize = records(text).flatten().map(|record| text::lines(record.text).count()).sum();
                let failed = records(text).filter(Result::is_err).count();
                let lines = text::lines(text).filter(|line| !line.trim_ascii().is_empty()).count();
                prop_assert_eq!(given + failed, lines);
                records(text).flatten().for_each(|record| { record.fields().count(); });
            }
        }
    }
}
