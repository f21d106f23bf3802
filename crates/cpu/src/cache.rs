//! The processor's caches.

use linux_support_base::{
    Bytes, Cpu, CpuSet, Directory, Error, Machine, ParseError,
    text::{self, split_once},
};

use crate::{
    CPU_DIRECTORY, CpuInfo,
    each::{self, noted},
    info::field,
};

linux_support_base::named! {
    /// What a cache holds.
    CacheKind {
        /// Data.
        Data = "Data",
        /// Instructions.
        Instruction = "Instruction",
        /// Both.
        Unified = "Unified",
    }
}

/// The caches of a machine, each once, from the first level to the last.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cpu::Caches;
///
/// for cache in &Caches::read(&Machine::live()?)?.list {
///     println!("L{} {}: {:?} for the CPUs {}", cache.level, cache.kind, cache.size, cache.cpus);
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// Documentation/ABI/testing/sysfs-devices-system-cpu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Caches {
    /// The caches, sorted by level, kind and first CPU.
    pub list: Vec<Cache>,
    /// Files that should have helped and could not be read.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub problems: Vec<Error>,
}

/// A cache.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Cache {
    /// 1 for the one nearest to the core.
    pub level: u32,
    /// What it holds.
    pub kind: CacheKind,
    /// The kernel's number of it, unlike that of all others of its level and kind.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub id: Option<u32>,
    /// Its size.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub size: Option<Bytes>,
    /// The size of a line.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub line_size: Option<Bytes>,
    /// In how many places a line may be.
    #[doc(alias = "associativity")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub ways: Option<u32>,
    /// How many sets it has.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub sets: Option<u32>,
    /// How many lines share a tag.
    #[doc(alias = "physical_line_partition")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub partitions: Option<u32>,
    /// The online CPUs that use it; empty where the kernel says that it is shared, and not by whom (s390).
    pub cpus: CpuSet,
}

/// Of each level and kind, the CPUs whose cache is in the list.
type Covered = Vec<(u32, CacheKind, CpuSet)>;

impl Caches {
    /// Reads `/sys/devices/system/cpu/cpuN/cache`; where that is missing, the attributes that sparc has
    /// (`l1_dcache_size` …). On s390 the lines `cacheN` of `/proc/cpuinfo` fill in what sysfs lacks. None where there are none of
    /// these either.
    ///
    /// # Errors
    /// It can't be found out which CPUs are online. Single files that are missing or malformed are no errors:
    /// see [`problems`](Self::problems).
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let online = each::online(machine)?;
        let mut caches = Self::default();
        let mut covered = Covered::new();
        for cpu in &online {
            let Ok(directory) = machine.directory(format!("{CPU_DIRECTORY}/cpu{cpu}")) else { continue };
            caches.read_cpu(&directory, cpu, &online, &mut covered);
        }
        // On s390 sysfs has no word of the caches that several cores share. Reading cpuinfo is slow on large
        // machines, so it is read only where it helps.
        if (caches.list.is_empty() || machine.exists("/proc/sysinfo"))
            && let Ok(info) = CpuInfo::read(machine)
        {
            let known: Vec<_> = caches.list.iter().map(|cache| (cache.level, cache.kind.clone())).collect();
            for (key, value) in info.machine.iter().filter(|(key, _)| each::numbered(key, b"cache").is_some())
            {
                match s390_line(value, &online) {
                    Ok(list) => {
                        let new = |cache: &Cache| !known.contains(&(cache.level, cache.kind.clone()));
                        caches.list.extend(list.into_iter().filter(new));
                    }
                    Err(error) => {
                        let error = error.in_field("cache").quoting(value);
                        let file = [b"/proc/cpuinfo ", key].concat();
                        caches.problems.push(Error::malformed(file, error));
                    }
                }
            }
        }
        caches.list.sort_by(|a, b| {
            let key = |cache: &Cache| (cache.level, cache.kind.clone(), cache.cpus.first());
            key(a).cmp(&key(b))
        });
        Ok(caches)
    }

    fn read_cpu(&mut self, cpu: &Directory, number: Cpu, online: &CpuSet, covered: &mut Covered) {
        let mut any = false;
        for index in 0.. {
            let Ok(directory) = cpu.directory(format!("cache/index{index}")) else { break };
            any = true;
            match self.read_index(&directory, number, online, covered) {
                Ok(Some(cache)) => self.list.push(cache),
                Ok(None) => {}
                Err(error) => self.problems.push(error),
            }
        }
        if any {
            return;
        }
        for (name, level, kind) in SPARC {
            let size = |what: &str| {
                let result = cpu.parse(format!("{name}_{what}"), |bytes| text::decimal(text::trim(bytes)));
                result.ok().filter(|&size| size != 0).map(Bytes::new)
            };
            if let Some(bytes) = size("size") {
                let mut cache = Cache::new(level, kind, number.into());
                (cache.size, cache.line_size) = (Some(bytes), size("line_size"));
                self.list.push(cache);
            }
        }
    }

    /// The cache, unless it is in the list.
    fn read_index(
        &mut self,
        directory: &Directory,
        cpu: Cpu,
        online: &CpuSet,
        covered: &mut Covered,
    ) -> Result<Option<Cache>, Error> {
        let level: u32 = directory.parse("level", |bytes| text::decimal(text::trim(bytes)))?;
        let kind = directory.parse("type", |bytes| Ok(CacheKind::parse(bytes)))?;
        let place =
            covered.iter().position(|known| known.0 == level && known.1 == kind).unwrap_or_else(|| {
                covered.push((level, kind.clone(), CpuSet::new()));
                covered.len() - 1
            });
        let covered = &mut covered[place].2;
        if covered.contains(cpu) {
            return Ok(None);
        }
        let problems = &mut self.problems;
        let shared = directory
            .parse("shared_cpu_map", CpuSet::parse_mask)
            .or_else(|_| directory.parse("shared_cpu_list", CpuSet::parse_list));
        let mut cpus = noted(shared, problems).map(|shared| &shared & online).unwrap_or_default();
        cpus.insert(cpu);
        covered.extend(&cpus);
        let mut cache = Cache::new(level, kind, cpus);
        let mut number = |name| noted(directory.parse(name, field::identity), problems).flatten();
        cache.id = number("id");
        // The kernel writes 0, or on some machines −1, for what it does not know.
        let mut count = |name| number(name).filter(|&count| count != 0);
        cache.line_size = count("coherency_line_size").map(|size| Bytes::new(size.into()));
        cache.ways = count("ways_of_associativity");
        cache.sets = count("number_of_sets");
        cache.partitions = count("physical_line_partition");
        let size = directory.parse("size", |bytes| text::bytes_with_suffix(text::trim(bytes)));
        cache.size = noted(size, problems).filter(|size| size.get() != 0);
        Ok(Some(cache))
    }

    /// The caches that this CPU uses, from the first level to the last.
    pub fn of(&self, cpu: Cpu) -> impl Iterator<Item = &Cache> {
        self.list.iter().filter(move |cache| cache.cpus.contains(cpu))
    }
}

impl Cache {
    fn new(level: u32, kind: CacheKind, cpus: CpuSet) -> Self {
        Self {
            level,
            kind,
            id: None,
            size: None,
            line_size: None,
            ways: None,
            sets: None,
            partitions: None,
            cpus,
        }
    }

    /// The short name: `L1d`, `L1i`, `L2`.
    #[must_use]
    pub fn name(&self) -> String {
        let kind = match &self.kind {
            CacheKind::Data => "d",
            CacheKind::Instruction => "i",
            _ => "",
        };
        format!("L{}{kind}", self.level)
    }
}

const SPARC: [(&str, u32, CacheKind); 3] = [
    ("l1_dcache", 1, CacheKind::Data),
    ("l1_icache", 1, CacheKind::Instruction),
    ("l2_cache", 2, CacheKind::Unified),
];

/// Reads `level=1 type=Data scope=Private size=128K line_size=256 associativity=8`.
fn s390_line(line: &[u8], online: &CpuSet) -> Result<Vec<Cache>, ParseError> {
    let mut cache = Cache::new(0, CacheKind::Unified, CpuSet::new());
    let mut private = false;
    for word in text::fields(line) {
        let (key, value) = split_once(word, b'=').unwrap_or((word, b""));
        match key {
            b"level" => cache.level = text::decimal(value)?,
            b"type" => cache.kind = CacheKind::parse(value),
            b"scope" => private = value == b"Private",
            b"size" => cache.size = Some(text::bytes_with_suffix(value)?),
            b"line_size" => cache.line_size = Some(Bytes::new(text::decimal(value)?)),
            b"associativity" => cache.ways = Some(text::decimal(value)?),
            _ => {}
        }
    }
    Ok(if private {
        online.iter().map(|cpu| Cache { cpus: cpu.into(), ..cache.clone() }).collect()
    } else {
        vec![cache]
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn caches(files: &[(&str, &str)]) -> Caches {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = match name.strip_prefix('/') {
                Some(path) => tree.path().join(path),
                None => tree.path().join("sys/devices/system/cpu").join(name),
            };
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Caches::read(&Machine::captured(tree.path()).unwrap()).unwrap()
    }

    fn listed(caches: &Caches) -> Vec<String> {
        let size = |cache: &Cache| cache.size.map_or("?".into(), |size| size.to_string());
        caches.list.iter().map(|cache| format!("{} {} {}", cache.name(), size(cache), cache.cpus)).collect()
    }

    #[test]
    fn a_shared_cache_is_there_once() {
        let mut files = vec![("online".to_string(), "0-1\n".to_string())];
        for cpu in 0..2 {
            let folder = format!("cpu{cpu}/cache/index");
            files.extend([
                (format!("{folder}0/level"), "1\n".to_string()),
                (format!("{folder}0/type"), "Data\n".into()),
                (format!("{folder}0/size"), "48K\n".into()),
                (format!("{folder}0/shared_cpu_map"), format!("{}\n", 1 << cpu)),
                (format!("{folder}1/level"), "3\n".into()),
                (format!("{folder}1/type"), "Unified\n".into()),
                (format!("{folder}1/size"), "491520K\n".into()),
                (format!("{folder}1/shared_cpu_list"), "0-1\n".into()),
                (format!("{folder}1/ways_of_associativity"), "0\n".into()),
            ]);
        }
        let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let caches = caches(&files);
        assert_eq!(listed(&caches), ["L1d 48 KiB 0", "L1d 48 KiB 1", "L3 480 MiB 0-1"]);
        assert_eq!(caches.list[2].ways, None);
        assert_eq!(caches.of(Cpu::new(1).unwrap()).count(), 2);
    }

    #[test]
    fn the_attributes_of_sparc_and_the_lines_of_s390_stand_in() {
        let sparc = caches(&[
            ("online", "6\n"),
            ("cpu6/l1_dcache_size", "16384\n"),
            ("cpu6/l1_dcache_line_size", "32\n"),
        ]);
        assert_eq!(listed(&sparc), ["L1d 16 KiB 6"]);
        let line = "cache0 : level=1 type=Data scope=Private size=96K line_size=256 associativity=6\n\
                    cache4 : level=3 type=Unified scope=Shared size=262144K line_size=256 associativity=32\n";
        let s390 = caches(&[("online", "0-1\n"), ("/proc/cpuinfo", line)]);
        assert_eq!(listed(&s390), ["L1d 96 KiB 0", "L1d 96 KiB 1", "L3 256 MiB "]);
    }

    #[test]
    fn a_broken_file_is_told_and_the_rest_is_read() {
        let caches = caches(&[
            ("online", "0\n"),
            ("cpu0/cache/index0/level", "1\n"),
            ("cpu0/cache/index0/type", "Trace\n"),
            ("cpu0/cache/index0/size", "huge\n"),
            ("cpu0/cache/index1/level", "x\n"),
        ]);
        assert_eq!(listed(&caches), ["L1 ? 0"]);
        assert_eq!(caches.list[0].kind.to_string(), "Trace");
        assert_eq!(caches.problems.len(), 2);
    }

    proptest! {
        #[test]
        fn nothing_panics(line in "(level=|type=|size=|scope=Private|associativity=|[0-9]|K| ){0,12}") {
            let _ = s390_line(line.as_bytes(), &CpuSet::new());
        }
    }
}
