//! Pictures of nested boxes, and of rows of bars, as SVG.

mod bands;
mod layout;
mod svg;

pub(crate) use bands::{Bands, Bar, Colour, Entry, Legend, Part, Row, draw_bands};
pub(crate) use svg::draw;

/// A box: its text, the boxes in it, and those beside them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    /// What it is; decides its colour.
    pub(crate) kind: Kind,
    /// Its text, a line each.
    pub(crate) text: Vec<String>,
    /// Groups of boxes, one below the other; each group is laid out as a grid.
    pub(crate) groups: Vec<Vec<Shape>>,
    /// Boxes in a column at its right.
    pub(crate) beside: Vec<Shape>,
}

/// What a box stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The whole machine.
    #[default]
    Machine,
    /// A package, die or cluster.
    Package,
    /// A NUMA node's memory.
    Memory,
    /// A cache.
    Cache,
    /// A core.
    Core,
    /// A logical CPU.
    Cpu,
    /// A logical CPU that is offline.
    Offline,
    /// A PCI device or bridge.
    Device,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Machine,
        Self::Package,
        Self::Memory,
        Self::Cache,
        Self::Core,
        Self::Cpu,
        Self::Offline,
        Self::Device,
    ];

    fn class(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Package => "package",
            Self::Memory => "memory",
            Self::Cache => "cache",
            Self::Core => "core",
            Self::Cpu => "cpu",
            Self::Offline => "offline",
            Self::Device => "device",
        }
    }

    /// The fill on light and on dark backgrounds. Text on the first is black, on the second white: each pair
    /// has a contrast of at least 7.
    fn fills(self) -> (&'static str, &'static str) {
        match self {
            Self::Machine => ("#ffffff", "#15181c"),
            Self::Package => ("#eef0f3", "#23272e"),
            Self::Memory => ("#ecdcc0", "#4d3b1c"),
            Self::Cache => ("#dfe7ef", "#2c3a48"),
            Self::Core => ("#cfd8e3", "#35475a"),
            Self::Cpu => ("#ffffff", "#15181c"),
            Self::Offline => ("#f4d4d4", "#5a2a2a"),
            Self::Device => ("#d6ecd2", "#24452a"),
        }
    }
}

impl Shape {
    /// A box with this text and nothing in it.
    pub(crate) fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: vec![text.into()], ..Self::default() }
    }

    /// Adds a line of text.
    pub(crate) fn line(&mut self, text: impl Into<String>) {
        self.text.push(text.into());
    }

    /// Adds a group of boxes below those that are there; nothing for none.
    pub(crate) fn group(&mut self, shapes: Vec<Shape>) {
        if !shapes.is_empty() {
            self.groups.push(shapes);
        }
    }
}
