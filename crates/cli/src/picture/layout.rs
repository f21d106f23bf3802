//! Sizes and places of boxes.

use super::Shape;

pub(super) const LINE: f64 = 16.0;
pub(super) const PADDING: f64 = 6.0;
const GAP: f64 = 6.0;
/// The mean width of a character of the font at its size.
const CHARACTER: f64 = 7.2;
/// The relation of width to height that grids come near to.
const RATIO: f64 = 1.6;

/// A box with its place, in pixels.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) shape: &'a Shape,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) inside: Vec<Placed<'a>>,
}

impl Placed<'_> {
    fn shift(&mut self, x: f64, y: f64) {
        self.x += x;
        self.y += y;
    }
}

/// Lays out `shape` and all in it, each place relative to the box around it.
pub(super) fn place(shape: &Shape) -> Placed<'_> {
    let characters = shape.text.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let mut width = characters as f64 * CHARACTER;
    let mut height = shape.text.len() as f64 * LINE;
    let mut inside = Vec::new();

    for group in &shape.groups {
        let (mut placed, group_width, group_height) = grid(group.iter().map(place).collect());
        for shape in &mut placed {
            shape.shift(PADDING, height + GAP + PADDING);
        }
        inside.append(&mut placed);
        width = width.max(group_width);
        height += GAP + group_height;
    }
    if !shape.beside.is_empty() {
        let column: Vec<_> = shape.beside.iter().map(place).collect();
        let left = width + 2.0 * GAP;
        let (mut bottom, mut right) = (shape.text.len() as f64 * LINE + GAP, 0.0f64);
        for mut placed in column {
            placed.shift(left + PADDING, bottom + PADDING);
            bottom += placed.height + GAP;
            right = right.max(placed.width);
            inside.push(placed);
        }
        width = left + right;
        height = height.max(bottom - GAP);
    }
    Placed { shape, x: 0.0, y: 0.0, width: width + 2.0 * PADDING, height: height + 2.0 * PADDING, inside }
}

/// Puts boxes into rows, as many in a row as come nearest to [`RATIO`]; columns and rows are of equal size.
fn grid(mut shapes: Vec<Placed<'_>>) -> (Vec<Placed<'_>>, f64, f64) {
    let (mut cell_width, mut cell_height) = (0.0f64, 0.0f64);
    for shape in &shapes {
        cell_width = cell_width.max(shape.width);
        cell_height = cell_height.max(shape.height);
    }
    let count = shapes.len();
    let extent = |columns: usize| {
        let rows = count.div_ceil(columns);
        let width = columns as f64 * (cell_width + GAP) - GAP;
        let height = rows as f64 * (cell_height + GAP) - GAP;
        (width, height)
    };
    let columns = (1..=count)
        .min_by(|&a, &b| {
            let distance = |columns: usize| {
                let (width, height) = extent(columns);
                // An incomplete last row looks worse than another shape of the whole.
                let empty = (columns - 1 - (count - 1) % columns) as f64 / count as f64;
                (width / height / RATIO).ln().abs() + empty
            };
            distance(a).total_cmp(&distance(b))
        })
        .unwrap_or(1);
    for (index, shape) in shapes.iter_mut().enumerate() {
        shape.shift(
            (index % columns) as f64 * (cell_width + GAP),
            (index / columns) as f64 * (cell_height + GAP),
        );
        (shape.width, shape.height) = (cell_width, cell_height);
    }
    let (width, height) = extent(columns);
    (shapes, width, height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Kind;

    fn overlap(a: &Placed<'_>, b: &Placed<'_>) -> bool {
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    }

    fn assert_nested(placed: &Placed<'_>) {
        for (index, inner) in placed.inside.iter().enumerate() {
            assert!(inner.x >= 0.0 && inner.x + inner.width <= placed.width, "{inner:?} in {placed:?}");
            assert!(inner.y >= LINE && inner.y + inner.height <= placed.height, "{inner:?} in {placed:?}");
            assert!(placed.inside[..index].iter().all(|other| !overlap(inner, other)));
            assert_nested(inner);
        }
    }

    #[test]
    fn boxes_lie_within_theirs_and_never_over_one_another() {
        for count in [1usize, 2, 3, 7, 16, 100, 256] {
            let mut package = Shape::new(Kind::Package, "Package 0");
            package.group(vec![Shape::new(Kind::Memory, "Node 0, a long name of a node that is long")]);
            package.group((0..count).map(|cpu| Shape::new(Kind::Cpu, cpu.to_string())).collect());
            package.beside = vec![Shape::new(Kind::Device, "PCI"); count.min(9)];
            let mut machine = Shape::new(Kind::Machine, "Machine");
            machine.group(vec![package.clone(), package]);
            assert_nested(&place(&machine));
        }
    }
}
