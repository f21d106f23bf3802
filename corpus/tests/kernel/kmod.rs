//! kmod's listings of loaded modules and of their options on the boot command line.

use std::{collections::BTreeSet, fs, path::Path};

use corpus::{Score, unpack_all};
use libtest_mimic::Failed;
use linux_support::{
    base::{ByteString, Machine},
    kernel::{CommandLine, Module, module::ModuleState},
};

pub(crate) fn compare(path: &Path, name: &str) -> Result<(), Failed> {
    let (_unpacked, trees) = unpack_all(path)?;
    let mut score = Score::default();
    for tree in trees {
        let machine = Machine::captured(&tree)?;
        let correct = fs::read_to_string(tree.join("correct.txt"))?;
        if correct.starts_with("Module ") {
            loaded(&machine, &tree, &correct, &mut score)?;
        } else {
            options(&machine, &correct, &mut score)?;
        }
    }
    score.finish(name)
}

/// What lsmod prints, and the module's own folder.
fn loaded(machine: &Machine, tree: &Path, correct: &str, score: &mut Score) -> Result<(), Failed> {
    let modules = Module::read_all(machine)?;
    let rows: Vec<Vec<&str>> =
        correct.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    score.check("loaded modules", modules.len(), rows.len());
    for (module, row) in modules.iter().zip(rows) {
        let users: Vec<_> = module.users.iter().map(ToString::to_string).collect();
        let mut ours = vec![
            module.name.to_string(),
            module.size.get().to_string(),
            module.uses.map_or_else(|| "-".into(), |uses| uses.to_string()),
        ];
        ours.extend((!users.is_empty()).then(|| users.join(",")));
        score.check(&module.name, ours.iter().map(String::as_str).collect::<Vec<_>>(), row);

        let folder = tree.join("sys/module").join(module.name.to_string());
        let file = |name: &str| fs::read_to_string(folder.join(name)).map(|text| text.trim().to_owned());
        score.check("refcnt", module.uses.map(|uses| uses.to_string()), file("refcnt").ok());
        score.check("initstate", (&module.state, file("initstate")?.as_str()), (&ModuleState::Live, "live"));
        let (version, source) = Module::versions(machine, &module.name);
        let text = |value: Option<&ByteString>| value.map(ToString::to_string);
        score.check("version", text(version.value()), file("version").ok());
        score.check("srcversion", text(source.value()), file("srcversion").ok());
        let parameters = Module::parameters(machine, &module.name)?;
        let names: BTreeSet<String> = parameters.iter().map(|one| one.name.to_string()).collect();
        let expected = corpus::files(&folder.join("parameters"), "");
        let expected: BTreeSet<String> = expected
            .iter()
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        score.check("names of parameters", &names, &expected);
        for parameter in &parameters {
            let expected = file(&format!("parameters/{}", parameter.name)).ok();
            score.check(&parameter.name, text(parameter.value.value()), expected);
        }
    }
    Ok(())
}

/// `options MODULE NAME[=VALUE]` lines, or the line `insmod MODULE.ko NAME[=VALUE] …`.
fn options(machine: &Machine, correct: &str, score: &mut Score) -> Result<(), Failed> {
    let mut expected = Vec::new();
    for line in correct.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["options", module, option] => expected.push(format!("{module} {option}")),
            ["insmod", path, options @ ..] => {
                let file = path.rsplit('/').next().unwrap_or_default();
                let module = file.trim_end_matches(".ko").replace('-', "_");
                expected.extend(options.iter().map(|option| format!("{module} {option}")));
            }
            _ => {}
        }
    }
    let line = CommandLine::read(machine)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ours: Vec<String> = line
        .parameters()
        .filter_map(|parameter| {
            let (module, name) = parameter.of_module()?;
            let value = parameter.value.map(|value| format!("={}", text(value))).unwrap_or_default();
            Some(format!("{} {}{value}", text(module), text(name)))
        })
        .collect();
    score.check("options", ours, expected);
    Ok(())
}
