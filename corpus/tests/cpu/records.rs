//! Single files of `/proc` with the values that other programs found in them.

use std::{fs, path::Path};

use corpus::Score;
use libtest_mimic::Failed;
use linux_support::{
    base::Cpu,
    cpu::{CpuInfo, Interrupts, Softirqs, info::Identity, interrupt::InterruptLabel},
};

type Compare = fn(&Path, &str) -> Result<(), Failed>;

pub(crate) const FILES: &[(&str, Compare)] = &[
    ("elastic/cpuinfo-quad-socket", elastic),
    ("pcp/cpuinfo-1cpu-alpha", pcp_cpuinfo),
    ("pcp/cpuinfo-1cpu-powermac", pcp_cpuinfo),
    ("pcp/cpuinfo-2cpu-s390x-linux-2.6.32", pcp_cpuinfo),
    ("pcp/cpuinfo-32cpu-4830", pcp_cpuinfo),
    ("pcp/cpuinfo-8cpu-aarch64-linux-3.17.0", pcp_cpuinfo),
    ("pcp/interrupts-2cpu-s390x", pcp_interrupts),
    ("pcp/interrupts-8cpu-x86_64", pcp_interrupts),
    ("pcp/softirqs-8cpu-x86_64", pcp_softirqs),
];

fn expected(path: &Path) -> Result<String, Failed> {
    let mut name = path.as_os_str().to_owned();
    name.push(".expected");
    Ok(fs::read_to_string(name)?)
}

fn elastic(path: &Path, name: &str) -> Result<(), Failed> {
    let info = CpuInfo::parse(&fs::read(path)?).map_err(|error| error.to_string())?;
    let expected: serde_json::Value =
        serde_json::from_slice(&fs::read(path.with_extension("expected.json"))?)?;
    let mut score = Score::default();
    let list = expected.as_array().ok_or("a list was expected")?;
    score.check("processors", info.processors.len(), list.len());
    for (processor, expected) in info.processors.iter().zip(list) {
        let cpu = processor.cpu;
        let number = |key: &str| expected[key].as_u64().map(|number| number as u32);
        score.check(format!("package of {cpu}"), processor.package, Some(number("PhysicalID").unwrap_or(0)));
        score.check(format!("core of {cpu}"), processor.core, Some(number("CoreID").unwrap_or(0)));
        let frequency = processor.frequency.map(|found| found.kilohertz() as f64 / 1000.0);
        score.check(format!("frequency of {cpu}"), frequency, expected["Mhz"].as_f64());
        let model = info.model(cpu).ok_or("no model")?;
        let model_name = model.name.as_ref().map(ToString::to_string);
        score.check(format!("name of {cpu}"), model_name.as_deref(), expected["ModelName"].as_str());
        let Identity::X86(x86) = &model.identity else { return Err("not x86".into()) };
        score.check(
            format!("model of {cpu}"),
            x86.model.map(|model| model.to_string()).as_deref(),
            expected["ModelNumber"].as_str(),
        );
    }
    score.finish(name)
}

fn pcp_cpuinfo(path: &Path, name: &str) -> Result<(), Failed> {
    let info = CpuInfo::parse(&fs::read(path)?).map_err(|error| error.to_string())?;
    let mut score = Score::default();
    let mut metric = String::new();
    for line in expected(path)?.lines() {
        if line.starts_with("hinv.") {
            metric = line.trim_start_matches("hinv.cpu.").to_owned();
            continue;
        }
        let Some((head, value)) = line.split_once(" value ") else { continue };
        let cpu = head.trim().trim_start_matches("inst [").split(' ').next().unwrap_or_default();
        let cpu = Cpu::parse(cpu.as_bytes()).map_err(|error| error.to_string())?;
        let value = value.trim().trim_matches('"');
        let processor = info.processor(cpu).ok_or("a processor is missing")?;
        let model = info.model(cpu).ok_or("a model is missing")?;
        let what = format!("{metric} of {cpu}");
        if value == "unknown" {
            continue;
        }
        let close = |ours: Option<f64>| {
            let wanted: f64 = value.parse().unwrap_or(f64::NAN);
            ours.is_some_and(|ours| (ours - wanted).abs() <= wanted * 1e-6)
        };
        let text = |ours: Option<String>| ours.unwrap_or_default();
        match (metric.as_str(), &model.identity) {
            ("clock", Identity::Other) => {
                score
                    .explain(what, "alpha writes an estimate in Hz, which is kept as a field of the machine");
            }
            ("clock", _) => {
                let frequency = processor.frequency.map(|found| found.kilohertz() as f64 / 1000.0);
                score.check(what, close(frequency), true);
            }
            ("bogomips", Identity::S390(_)) => {
                let ours = info.machine.get("bogomips per cpu").map(String::from_utf8_lossy);
                score.check(what, close(ours.and_then(|ours| ours.parse().ok())), true);
            }
            ("bogomips", _) => {
                let ours = processor.bogomips.map(|found| found.hundredths() as f64 / 100.0);
                score.check(what, close(ours), true);
            }
            ("vendor", Identity::X86(x86)) => {
                score.check(what, text(x86.vendor.as_ref().map(ToString::to_string)), value.into());
            }
            ("vendor", Identity::S390(s390)) => {
                score.check(what, text(s390.vendor.as_ref().map(ToString::to_string)), value.into());
            }
            ("vendor", Identity::Arm(arm)) => {
                score.check(what, text(arm.implementer.map(|code| format!("{code:#x}"))), value.into());
            }
            ("model", Identity::X86(x86)) => {
                score.check(what, text(x86.model.map(|model| model.to_string())), value.into());
            }
            ("model", Identity::Arm(arm)) => {
                score.check(what, text(arm.variant.map(|variant| format!("{variant:#x}"))), value.into());
            }
            ("stepping", Identity::X86(x86)) => {
                score.check(what, text(x86.stepping.map(|stepping| stepping.to_string())), value.into());
            }
            ("stepping", Identity::Arm(arm)) => {
                score.check(what, text(arm.revision.map(|revision| revision.to_string())), value.into());
            }
            ("stepping", Identity::Power(power)) => {
                score.check(what, text(power.revision.as_ref().map(ToString::to_string)), value.into());
            }
            ("cache", Identity::X86(x86)) => {
                score.check(what, text(x86.cache_size.map(|size| size.kib().to_string())), value.into());
            }
            ("cache_alignment", Identity::X86(x86)) => {
                score.check(what, text(x86.cache_alignment.map(|size| size.get().to_string())), value.into());
            }
            ("flags", _) => score.check(what, model.features.to_string(), value.to_owned()),
            ("model_name", Identity::Arm(_)) => {
                score.explain(what, "PCP takes the board's name for the processor's")
            }
            ("model_name" | "model", _) => {
                let name = text(model.name.as_ref().map(ToString::to_string));
                score.check(what, name, value.to_owned());
            }
            ("stepping", _) => {
                let revision = info.machine.get("cpu revision").unwrap_or_default();
                score.check(what, String::from_utf8_lossy(revision).into_owned(), value.to_owned());
            }
            _ => score.explain(what, "not a field of this architecture"),
        }
    }
    score.finish(name)
}

/// The lines `… iname=<NAME> reverse lookup: inst=[…] value: N` of one metric.
fn instances(text: &str, metric: &str) -> Vec<(String, u64)> {
    let part = text.split_once(&format!("{metric}:\n")).map_or("", |(_, part)| part);
    let part = part.split("pmGetInDom").next().unwrap_or_default();
    part.lines()
        .filter_map(|line| {
            let name = line.split_once("iname=<")?.1.split('>').next()?;
            let value = line.rsplit_once("value:")?.1.trim().parse().ok()?;
            Some((name.to_owned(), value))
        })
        .collect()
}

fn cpu_named(name: &str) -> Option<Cpu> {
    Cpu::parse(name.strip_prefix("cpu")?.as_bytes()).ok()
}

fn pcp_interrupts(path: &Path, name: &str) -> Result<(), Failed> {
    let interrupts = Interrupts::parse(&fs::read(path)?).map_err(|error| error.to_string())?;
    let text = expected(path)?;
    let mut score = Score::default();
    for (instance, value) in instances(&text, "kernel.percpu.intr") {
        let cpu = cpu_named(&instance).ok_or("not a CPU")?;
        let ours: u64 = interrupts.list.iter().filter_map(|interrupt| interrupts.count(interrupt, cpu)).sum();
        score.check(format!("all interrupts of {cpu}"), ours, value);
    }
    for (instance, value) in instances(&text, "kernel.percpu.interrupts") {
        let (label, cpu) = instance.split_once("::").ok_or("not a name and a CPU")?;
        let cpu = cpu_named(cpu).ok_or("not a CPU")?;
        let interrupt = interrupts.list.iter().find(|interrupt| interrupt.label.to_string() == label);
        let ours = interrupt.and_then(|interrupt| interrupts.count(interrupt, cpu));
        score.check(&instance, ours, Some(value));
    }
    for interrupt in &interrupts.list {
        if let InterruptLabel::Number(number) = interrupt.label {
            score.check(format!("chip of {number}"), interrupt.chip.is_some(), true);
        }
    }
    score.finish(name)
}

fn pcp_softirqs(path: &Path, name: &str) -> Result<(), Failed> {
    let softirqs = Softirqs::parse(&fs::read(path)?).map_err(|error| error.to_string())?;
    let mut score = Score::default();
    for (instance, value) in instances(&expected(path)?, "kernel.percpu.softirqs") {
        let (label, cpu) = instance.split_once("::").ok_or("not a name and a CPU")?;
        let column = softirqs.cpus.iter().position(|column| Some(column) == cpu_named(cpu));
        let ours = softirqs.named(label).zip(column).map(|(softirq, column)| softirq.counts[column]);
        score.check(&instance, ours, Some(value));
    }
    score.finish(name)
}
