use super::{Colour, LEAST, LINE, MARGIN, WIDTH, draw_box, draw_text};

/// What there is of each colour: a bar of all, with its parts explained below.
#[derive(Debug)]
pub(crate) struct Legend {
    /// What the colours tell.
    pub(crate) title: String,
    /// The colours.
    pub(crate) entries: Vec<Entry>,
}

/// A colour with its meaning.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) colour: Colour,
    pub(crate) text: String,
    /// How much of the bar it is: any number, of which the sum of all is the whole bar.
    pub(crate) share: f64,
}

const COLUMNS: usize = 4;
const COLUMN: f64 = (WIDTH - 2.0 * MARGIN) / COLUMNS as f64;
const HEIGHT: f64 = 14.0;

impl Legend {
    /// How high it is, with its distance to what follows.
    pub(super) fn height(&self) -> f64 {
        LINE + HEIGHT + 4.0 + (self.entries.len().div_ceil(COLUMNS) as f64 + 0.5) * LINE
    }

    pub(super) fn draw(&self, out: &mut String, y: f64, class: impl Fn(Colour) -> usize) {
        draw_text(out, "head", MARGIN, y + 0.75 * LINE, &self.title);
        let top = y + LINE;
        let mut x = MARGIN;
        for (entry, width) in self.entries.iter().zip(self.widths()) {
            if width > 0.0 {
                draw_box(out, &format!("c{}", class(entry.colour)), [x, top], [width, HEIGHT]);
                x += width;
            }
        }
        let top = top + HEIGHT + 4.0;
        for (index, entry) in self.entries.iter().enumerate() {
            let x = MARGIN + (index % COLUMNS) as f64 * COLUMN;
            let y = top + (index / COLUMNS) as f64 * LINE;
            draw_box(out, &format!("c{}", class(entry.colour)), [x, y + 3.0], [11.0, 11.0]);
            draw_text(out, "plain", x + 18.0, y + 0.75 * LINE, &entry.text);
        }
    }

    /// How wide the part of each entry is: nothing for what there is nothing of, and else enough to be seen.
    fn widths(&self) -> Vec<f64> {
        let there = self.entries.iter().filter(|entry| entry.share > 0.0);
        let (count, sum) = (there.clone().count(), there.map(|entry| entry.share).sum::<f64>());
        let rest = WIDTH - 2.0 * MARGIN - LEAST * count as f64;
        let width = |entry: &Entry| if entry.share > 0.0 { LEAST + rest * entry.share / sum } else { 0.0 };
        self.entries.iter().map(width).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_wide_as_the_picture_and_what_is_not_there_has_no_part_of_it() {
        let colour = Colour::new("#000", "#fff");
        let entry = |share| Entry { colour, text: String::new(), share };
        let legend = |shares: &[f64]| Legend {
            title: String::new(),
            entries: shares.iter().copied().map(entry).collect(),
        };
        let widths = legend(&[1e-9, 0.0, 5e12, 5e12]).widths();
        assert!((widths.iter().sum::<f64>() - (WIDTH - 2.0 * MARGIN)).abs() < 1e-6, "{widths:?}");
        assert!(widths[0] >= LEAST && widths[1] == 0.0 && widths[2] == widths[3]);
        assert_eq!(legend(&[0.0]).widths(), [0.0]);
        assert!(legend(&[]).widths().is_empty());
    }
}
