//! Dumps of functions: their bytes, and what lspci wrote of them.

use corpus::Score;
use libtest_mimic::Failed;
use linux_support::device::pci::{Address, configuration::Configuration};

use crate::compared::Compared;

/// A function of a dump: its address, the lines that decode it, and its bytes.
pub(crate) struct Function {
    pub(crate) address: Address,
    pub(crate) first: String,
    pub(crate) lines: Vec<String>,
    pub(crate) bytes: Vec<u8>,
}

fn functions(text: &str) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    for line in text.lines() {
        let first = line.split_whitespace().next().unwrap_or_default();
        let offset = first.strip_suffix(':').filter(|text| matches!(text.len(), 2 | 3));
        if let Some(offset) = offset.and_then(|text| usize::from_str_radix(text, 16).ok()) {
            let function = functions.last_mut().unwrap();
            assert_eq!(function.bytes.len(), offset);
            let bytes = line.split_whitespace().skip(1).map(|byte| u8::from_str_radix(byte, 16).unwrap());
            function.bytes.extend(bytes);
        } else if !line.starts_with([' ', '\t'])
            && let Ok(address) = first.parse()
        {
            functions.push(Function {
                address,
                first: line.to_owned(),
                lines: Vec::new(),
                bytes: Vec::new(),
            });
        } else if let Some(function) = functions.last_mut() {
            function.lines.push(line.trim().to_owned());
        }
    }
    functions
}

pub(crate) fn dump(bytes: &[u8], decoded: &[u8], name: &str) -> Result<(), Failed> {
    let mut score = Score::default();
    let bytes = functions(&String::from_utf8_lossy(bytes));
    let mut decoded = functions(&String::from_utf8_lossy(decoded));
    score.check("functions", bytes.len(), decoded.len());
    for function in &bytes {
        let at = decoded.iter().position(|other| other.address == function.address);
        let decoded = decoded.remove(at.ok_or("not decoded")?);
        let configuration = Configuration::parse(&function.bytes)
            .map_err(|error| format!("{}: {error}", function.address))?;
        let mut compared = Compared { score: &mut score, place: function.address.to_string() };
        compared.header(&decoded, &function.bytes, &configuration);
        compared.capabilities(&decoded.lines, &configuration);
    }
    score.finish(name)
}
