use linux_support_base::{ByteString, Cpu, Error, Machine, NumaNode, Pages, ParseError, text};

use super::{Counters, blocks::heading};

/// A zone of a node: how many pages it has, when it is short of them, what they are used for.
///
/// # Source
/// `/proc/zoneinfo`, `proc_zoneinfo(5)`, Documentation/admin-guide/sysctl/vm.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "zoneinfo")]
#[non_exhaustive]
pub struct ZoneInformation {
    /// The node.
    pub node: NumaNode,
    /// The zone: `DMA`, `DMA32`, `Normal`, `Movable`, `Device` …
    pub zone: ByteString,
    /// The counters of the whole node, which stand in its first zone that has pages.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Counters::is_empty"))]
    pub node_counters: Counters,
    /// How many pages are free.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub free: Option<Pages>,
    /// When it counts as short of pages.
    pub watermarks: Watermarks,
    /// How many pages it reaches over, with holes.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub spanned: Option<Pages>,
    /// How many pages are there, without holes.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub present: Option<Pages>,
    /// How many pages the allocator has to give.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub managed: Option<Pages>,
    /// How many of them are the contiguous memory allocator's.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cma: Option<Pages>,
    /// How many pages are kept back from allocations that could have come from each higher zone.
    pub protection: Vec<Pages>,
    /// Its counters, by the kernel's names, in its order.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Counters::is_empty"))]
    pub counters: Counters,
    /// The pages that each CPU keeps for itself.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub per_cpu: Vec<PerCpuPages>,
    /// Whether the kernel has given up taking pages from the node.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub unreclaimable: Option<bool>,
    /// The number of its first page frame.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub start_frame: Option<u64>,
}

/// When a zone counts as short of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Watermarks {
    /// By how much they are raised for now, because memory is in pieces. Since Linux 5.0.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub boost: Option<Pages>,
    /// Below this, only the kernel's most urgent wants are met.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub min: Option<Pages>,
    /// Below this, `kswapd` begins to take pages back.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub low: Option<Pages>,
    /// Above this, it stops.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub high: Option<Pages>,
    /// Above this, with memory tiers, pages are promoted to it. Since Linux 6.1.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub promo: Option<Pages>,
}

/// The pages that a CPU keeps for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PerCpuPages {
    /// The CPU.
    pub cpu: Cpu,
    /// How many it has.
    pub count: Pages,
    /// Above this, it gives some back.
    pub high: Pages,
    /// How many go at once.
    pub batch: Pages,
    /// The least that `high` may become. Since Linux 6.7.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub high_min: Option<Pages>,
    /// The most that `high` may become. Since Linux 6.7.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub high_max: Option<Pages>,
    /// How far its own counters may be from what the zone's counters say.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub statistics_threshold: Option<u64>,
    /// Lines that this library does not know.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Counters::is_empty"))]
    pub other: Counters,
}

/// Which part of a zone's text the lines belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    NodeCounters,
    Pages,
    PerCpu,
}

impl ZoneInformation {
    /// Reads the zones of a text of zoneinfo.
    ///
    /// # Errors
    /// No zone, a line before the first one, or a malformed number in a line that is known.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, ParseError> {
        let mut zones: Vec<Self> = Vec::new();
        let mut part = Part::Pages;
        let mut cpu = None;
        for line in text::lines(bytes) {
            if line.starts_with(b"Node ") {
                let (node, zone, _) = heading(line)?;
                zones.push(Self::new(node, zone));
                part = Part::Pages;
                continue;
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let zone = zones.last_mut().ok_or_else(|| ParseError::expected("Node N, zone NAME", line))?;
            match line.trim_ascii() {
                b"per-node stats" => part = Part::NodeCounters,
                b"pagesets" => part = Part::PerCpu,
                _ => zone.line(line, &mut part, &mut cpu)?,
            }
        }
        if zones.is_empty() {
            return Err(ParseError::expected("Node N, zone NAME", bytes));
        }
        Ok(zones)
    }

    fn new(node: NumaNode, zone: ByteString) -> Self {
        Self {
            node,
            zone,
            node_counters: Counters::default(),
            free: None,
            watermarks: Watermarks::default(),
            spanned: None,
            present: None,
            managed: None,
            cma: None,
            protection: Vec::new(),
            counters: Counters::default(),
            per_cpu: Vec::new(),
            unreclaimable: None,
            start_frame: None,
        }
    }

    fn line(&mut self, line: &[u8], part: &mut Part, cpu: &mut Option<Cpu>) -> Result<(), ParseError> {
        let mut fields = text::fields(line);
        let name = fields.required("name")?;
        // `pages free     2816` begins the zone's own pages.
        if name == b"pages" {
            *part = Part::Pages;
            fields.required("free")?;
            self.free = Some(number(fields.required("free")?, "free")?);
            return Ok(());
        }
        let bare = name.strip_suffix(b":").unwrap_or(name);
        match bare {
            b"protection" | b"protection:" => {
                self.protection = protection(fields.rest())?;
                return Ok(());
            }
            b"node_unreclaimable" | b"all_unreclaimable" => {
                self.unreclaimable = Some(text::boolean(fields.required("node_unreclaimable")?)?);
                return Ok(());
            }
            b"start_pfn" => {
                self.start_frame = Some(text::decimal(fields.required("start_pfn")?)?);
                return Ok(());
            }
            _ => {}
        }
        if *part == Part::PerCpu {
            return self.per_cpu_line(bare, fields, cpu);
        }
        let Some(value) = fields.next() else { return Ok(()) };
        let place = match bare {
            _ if *part == Part::NodeCounters => None,
            b"boost" => Some(&mut self.watermarks.boost),
            b"min" => Some(&mut self.watermarks.min),
            b"low" => Some(&mut self.watermarks.low),
            b"high" => Some(&mut self.watermarks.high),
            b"promo" => Some(&mut self.watermarks.promo),
            b"spanned" => Some(&mut self.spanned),
            b"present" => Some(&mut self.present),
            b"managed" => Some(&mut self.managed),
            b"cma" => Some(&mut self.cma),
            _ => None,
        };
        match place {
            Some(place) => *place = Some(number(value, "pages")?),
            None => {
                let counters =
                    if *part == Part::NodeCounters { &mut self.node_counters } else { &mut self.counters };
                // Some lines of old kernels are no numbers: `scanned 0 (a: 16 i: 0)`.
                if let Ok(value) = text::decimal(value) {
                    counters.push(bare, value);
                }
            }
        }
        Ok(())
    }

    fn per_cpu_line(
        &mut self,
        name: &[u8],
        mut fields: text::Fields<'_>,
        cpu: &mut Option<Cpu>,
    ) -> Result<(), ParseError> {
        let Some(value) = fields.next() else { return Ok(()) };
        if name == b"cpu" {
            *cpu = Some(Cpu::parse(value)?);
            return Ok(());
        }
        let Some(cpu) = *cpu else { return Ok(()) };
        if name == b"count" {
            self.per_cpu.push(PerCpuPages {
                cpu,
                count: number(value, "count")?,
                high: Pages::new(0),
                batch: Pages::new(0),
                high_min: None,
                high_max: None,
                statistics_threshold: None,
                other: Counters::default(),
            });
            return Ok(());
        }
        let Some(last) = self.per_cpu.last_mut() else { return Ok(()) };
        match name {
            b"high" => last.high = number(value, "high")?,
            b"batch" => last.batch = number(value, "batch")?,
            b"high_min" => last.high_min = Some(number(value, "high_min")?),
            b"high_max" => last.high_max = Some(number(value, "high_max")?),
            // `vm stats threshold: 6`
            b"vm" if value == b"stats" => {
                fields.required("threshold")?;
                let threshold = text::decimal(fields.required("threshold")?);
                last.statistics_threshold = Some(threshold.map_err(|error| error.in_field("threshold"))?);
            }
            name => {
                if let Ok(value) = text::decimal(value) {
                    last.other.push(name, value);
                }
            }
        }
        Ok(())
    }
}

/// The zones of the machine, in the kernel's order.
///
/// # Errors
/// `/proc/zoneinfo` is absent or malformed.
pub fn zones(machine: &Machine) -> Result<Vec<ZoneInformation>, Error> {
    machine.parse("/proc/zoneinfo", ZoneInformation::parse_all)
}

fn number(text: &[u8], field: &'static str) -> Result<Pages, ParseError> {
    text::decimal(text).map(Pages::new).map_err(|error| error.in_field(field))
}

/// Numbers in brackets, apart by commas: `(0, 1842, 23919)`.
fn protection(text: &[u8]) -> Result<Vec<Pages>, ParseError> {
    let inside = text
        .trim_ascii()
        .strip_prefix(b"(")
        .and_then(|text| text.strip_suffix(b")"))
        .ok_or_else(|| ParseError::expected("numbers in brackets", text).in_field("protection"))?;
    inside.split(|&byte| byte == b',').map(|part| number(part.trim_ascii(), "protection")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"Node 0, zone      DMA\n  per-node stats\n      nr_inactive_anon 183643\n      nr_dirty     14008\n\
  pages free     2816\n        boost    0\n        min      6\n        low      9\n        high     12\n        promo    15\n\
        spanned  4095\n        present  3998\n        managed  3840\n        cma      0\n        protection: (0, 1842, 23919, 23919)\n\
      nr_free_pages 2816\n      nr_of_tomorrow 7\n  pagesets\n    cpu: 0\n              count:    5\n              high:     14\n              batch:    1\n\
              high_min: 13\n              lent: 3\n  vm stats threshold: 6\n    cpu: 1\n              count:    0\n              high:     14\n              batch:    1\n\
  node_unreclaimable:  0\n  start_pfn:           1\nNode 1, zone  Movable\n  pages free     0\n        protection: (0)\n";

    #[test]
    fn every_part_of_a_zone_is_read() {
        let zones = ZoneInformation::parse_all(TEXT).unwrap();
        assert_eq!(zones.len(), 2);
        let dma = &zones[0];
        assert_eq!(dma.node_counters.get("nr_dirty"), Some(14008));
        assert_eq!((dma.free, dma.watermarks.promo), (Some(Pages::new(2816)), Some(Pages::new(15))));
        assert_eq!((dma.spanned, dma.managed), (Some(Pages::new(4095)), Some(Pages::new(3840))));
        assert_eq!(dma.protection.len(), 4);
        assert_eq!(dma.counters.get("nr_of_tomorrow"), Some(7));
        assert_eq!(
            (dma.per_cpu.len(), dma.per_cpu[0].count, dma.per_cpu[1].high),
            (2, Pages::new(5), Pages::new(14))
        );
        assert_eq!((dma.per_cpu[0].high_min, dma.per_cpu[0].high_max), (Some(Pages::new(13)), None));
        assert_eq!(
            (dma.per_cpu[0].statistics_threshold, dma.per_cpu[1].statistics_threshold),
            (Some(6), None)
        );
        assert_eq!(dma.per_cpu[0].other.get("lent"), Some(3));
        assert_eq!((dma.unreclaimable, dma.start_frame), (Some(false), Some(1)));
        assert_eq!((zones[1].node.number(), zones[1].free), (1, Some(Pages::new(0))));
        assert_eq!(ZoneInformation::parse_all(TEXT.trim_ascii_end()), Ok(zones));
    }

    #[test]
    fn malformed_lines_are_named() {
        let error = ZoneInformation::parse_all(b"Node 0, zone DMA\n  pages free x\n").unwrap_err();
        assert_eq!(error.field(), Some("free"));
        assert!(ZoneInformation::parse_all(b"pages free 1\n").is_err());
        assert!(ZoneInformation::parse_all(b"").is_err());
        assert!(ZoneInformation::parse_all(b"Node 0, zone DMA\n protection: 0\n").is_err());
    }

    #[test]
    fn this_machine_has_zones_with_pages() {
        let zones = zones(&Machine::live().unwrap()).unwrap();
        assert!(zones.iter().any(|zone| zone.managed.is_some_and(|pages| pages > Pages::new(0))));
        assert!(zones.iter().any(|zone| !zone.node_counters.is_empty()));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, at in 0..TEXT.len(), byte: u8) {
            let _ = ZoneInformation::parse_all(&bytes);
            let mut damaged = TEXT.to_vec();
            damaged[at] = byte;
            let _ = ZoneInformation::parse_all(&damaged);
        }
    }
}
