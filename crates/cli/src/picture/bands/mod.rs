//! Pictures of rows of bars, as SVG.

mod legend;

pub(crate) use self::legend::{Entry, Legend};
use super::svg::{begin, end, escaped, line};

/// A picture of rows, with an explanation of its colours.
#[derive(Debug, Default)]
pub(crate) struct Bands {
    /// What is pictured: the first line is the heading.
    pub(crate) heading: Vec<String>,
    /// The explanation: what there is of each colour altogether.
    pub(crate) legends: Vec<Legend>,
    /// How the rows are to be read, a line each.
    pub(crate) explanation: Vec<String>,
    /// What the lengths of bars mean: places, from 0 to 1 and rising, with their texts.
    pub(crate) scale: Vec<(f64, String)>,
    /// The rows, from the top.
    pub(crate) rows: Vec<Row>,
}

/// A row of the picture.
#[derive(Debug)]
pub(crate) enum Row {
    /// A bar.
    Bar(Bar),
    /// Something that is left out.
    Gap(String),
}

/// A bar with what stands beside it.
#[derive(Debug, Default)]
pub(crate) struct Bar {
    /// What stands before it: short, of equal width in all rows.
    pub(crate) start: String,
    /// How long it is, of the longest: from 0 to 1.
    pub(crate) length: f64,
    /// Its parts, from the left.
    pub(crate) parts: Vec<Part>,
    /// Two thin stripes under it, from the left: how much of it has which colour, from 0 to 1.
    pub(crate) stripes: [Vec<(f64, Colour)>; 2],
    /// What stands behind it.
    pub(crate) text: String,
    /// What stands at the end of the row.
    pub(crate) value: String,
    /// What is shown when it is pointed at.
    pub(crate) detail: String,
}

/// A part of a bar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// How much of the bar it is: from 0 to 1.
    pub(crate) share: f64,
    /// How much of it is filled, from the left; the rest is pale.
    pub(crate) filled: f64,
    pub(crate) colour: Colour,
}

/// A colour on light and on dark backgrounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Colour {
    pub(crate) light: &'static str,
    pub(crate) dark: &'static str,
}

impl Colour {
    pub(crate) const fn new(light: &'static str, dark: &'static str) -> Self {
        Self { light, dark }
    }
}

const WIDTH: f64 = 1120.0;
const MARGIN: f64 = 16.0;
const BAR_LEFT: f64 = 140.0;
const BAR_WIDTH: f64 = 440.0;
const TEXT_LEFT: f64 = BAR_LEFT + BAR_WIDTH + 16.0;
const LINE: f64 = 17.0;
const TITLE: f64 = 24.0;
const BAR_HEIGHT: f64 = 12.0;
const STRIPE_HEIGHT: f64 = 3.0;
/// A row with its distance to the next.
const ROW: f64 = BAR_HEIGHT + 2.0 * (STRIPE_HEIGHT + 1.0) + 7.0;
const GAP: f64 = 17.0;
const SCALE: f64 = 22.0;
/// What is there is seen, however small.
const LEAST: f64 = 2.0;

/// The picture as an SVG document of its own, readable on light and on dark backgrounds.
pub(crate) fn draw_bands(bands: &Bands, title: &str) -> String {
    let colours = colours(bands);
    let class = |colour: Colour| colours.iter().position(|&known| known == colour).unwrap_or(0);
    let rows: f64 = bands.rows.iter().map(|row| if matches!(row, Row::Bar(_)) { ROW } else { GAP }).sum();
    let legends: f64 = bands.legends.iter().map(Legend::height).sum();
    let lines = bands.heading.len().saturating_sub(1) + bands.explanation.len();
    let height = (2.0 * MARGIN + TITLE + lines as f64 * LINE + LINE + legends + SCALE + rows).ceil();

    let mut svg = String::new();
    let out = &mut svg;
    begin(out, WIDTH, height, title);
    style(out, &colours);
    line(out, format_args!(r#"<rect class="ground" x="-1" y="-1" width="{WIDTH}" height="{height}"/>"#));
    let mut y = MARGIN;
    for (index, text) in bands.heading.iter().enumerate() {
        let (class, height) = if index == 0 { ("title", TITLE) } else { ("plain", LINE) };
        draw_text(out, class, MARGIN, y + 0.75 * LINE, text);
        y += height;
    }
    y += 0.5 * LINE;
    for legend in &bands.legends {
        legend.draw(out, y, class);
        y += legend.height();
    }
    for text in &bands.explanation {
        draw_text(out, "small", MARGIN, y + 0.75 * LINE, text);
        y += LINE;
    }
    y += 0.5 * LINE;
    draw_scale(out, &bands.scale, y, height - MARGIN);
    y += SCALE;
    for row in &bands.rows {
        match row {
            Row::Gap(text) => {
                draw_text(out, "address", BAR_LEFT - 10.0, y + 11.0, "\u{22ee}");
                draw_text(out, "small", BAR_LEFT + 4.0, y + 11.0, text);
                y += GAP;
            }
            Row::Bar(bar) => {
                draw_bar(out, bar, y, class);
                y += ROW;
            }
        }
    }
    end(out);
    svg
}

fn draw_text(out: &mut String, class: &str, x: f64, y: f64, text: &str) {
    line(out, format_args!(r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{}</text>"#, escaped(text)));
}

fn draw_box(out: &mut String, class: &str, [x, y]: [f64; 2], [width, height]: [f64; 2]) {
    line(
        out,
        format_args!(
            r#"<rect class="{class}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}"/>"#
        ),
    );
}

/// The marks of the scale with their lines, which go down to `bottom`. A text that would touch the one before is left out.
fn draw_scale(out: &mut String, scale: &[(f64, String)], y: f64, bottom: f64) {
    /// How wide a letter is at most.
    const LETTER: f64 = 7.0;
    let mut free = f64::NEG_INFINITY;
    for (place, text) in scale {
        let x = BAR_LEFT + place.clamp(0.0, 1.0) * BAR_WIDTH;
        let half = text.chars().count() as f64 * LETTER / 2.0;
        line(out, format_args!(r#"<path class="mark" d="M{x:.1} {:.1}V{bottom:.1}"/>"#, y + SCALE - 6.0));
        if x - half >= free {
            draw_text(out, "small middle", x, y + 11.0, text);
            free = x + half + LETTER;
        }
    }
}

fn draw_bar(out: &mut String, bar: &Bar, y: f64, class: impl Fn(Colour) -> usize) {
    let width = (bar.length.clamp(0.0, 1.0) * BAR_WIDTH).max(LEAST * bar.parts.len() as f64);
    line(out, format_args!("<g><title>{}</title>", escaped(&bar.detail)));
    draw_text(out, "address", BAR_LEFT - 10.0, y + 10.0, &bar.start);
    // What is pale lets the marks of the scale through, unless the ground lies between.
    draw_box(out, "ground", [BAR_LEFT, y], [width, BAR_HEIGHT]);
    let mut x = BAR_LEFT;
    for (part, part_width) in bar.parts.iter().zip(widths(&bar.parts, width)) {
        let class = class(part.colour);
        draw_box(out, &format!("c{class} pale"), [x, y], [part_width, BAR_HEIGHT]);
        let filled =
            (part_width * part.filled.clamp(0.0, 1.0)).max(if part.filled > 0.0 { 1.0 } else { 0.0 });
        if filled > 0.0 {
            draw_box(out, &format!("c{class}"), [x, y], [filled, BAR_HEIGHT]);
        }
        x += part_width;
    }
    for (index, stripe) in bar.stripes.iter().enumerate() {
        let top = y + BAR_HEIGHT + 1.0 + index as f64 * (STRIPE_HEIGHT + 1.0);
        let mut x = BAR_LEFT;
        for (share, colour) in stripe {
            let part_width = (share.clamp(0.0, 1.0) * width).max(1.0);
            draw_box(out, &format!("c{}", class(*colour)), [x, top], [part_width, STRIPE_HEIGHT]);
            x += part_width;
        }
    }
    draw_text(out, "plain", TEXT_LEFT, y + 10.0, &bar.text);
    draw_text(out, "plain last", WIDTH - MARGIN, y + 10.0, &bar.value);
    line(out, format_args!("</g>"));
}

/// How wide each part is, together `width`: as its share says, but none so small that it can't be seen.
fn widths(parts: &[Part], width: f64) -> impl Iterator<Item = f64> {
    let rest = (width - LEAST * parts.len() as f64).max(0.0);
    let shares: f64 = parts.iter().map(|part| part.share).sum::<f64>().max(f64::MIN_POSITIVE);
    parts.iter().map(move |part| LEAST + rest * part.share / shares)
}

/// The colours that are used, each once.
fn colours(bands: &Bands) -> Vec<Colour> {
    let of_bar = |bar: &Bar| -> Vec<Colour> {
        let stripes = bar.stripes.iter().flatten().map(|(_, colour)| *colour);
        bar.parts.iter().map(|part| part.colour).chain(stripes).collect()
    };
    let of_rows = bands.rows.iter().filter_map(|row| match row {
        Row::Bar(bar) => Some(of_bar(bar)),
        Row::Gap(_) => None,
    });
    let of_legend = bands.legends.iter().flat_map(|legend| legend.entries.iter().map(|entry| entry.colour));
    let mut colours = Vec::new();
    for colour in of_legend.chain(of_rows.flatten()) {
        if !colours.contains(&colour) {
            colours.push(colour);
        }
    }
    colours
}

fn style(out: &mut String, colours: &[Colour]) {
    line(out, format_args!("<style>"));
    line(out, format_args!("text {{ font: 12px system-ui, sans-serif; fill: #000; }}"));
    line(out, format_args!(".title {{ font-size: 16px; font-weight: 600; }} .head {{ font-weight: 600; }}"));
    line(out, format_args!(".middle {{ text-anchor: middle; }} .last {{ text-anchor: end; }}"));
    line(out, format_args!(".address {{ font: 11px ui-monospace, monospace; text-anchor: end; }}"));
    line(out, format_args!(".small {{ font-size: 11px; fill: #4b5560; }}"));
    line(out, format_args!(".pale {{ opacity: 0.3; }}"));
    line(out, format_args!(".mark {{ stroke: #e1e5ea; }}"));
    line(out, format_args!(".ground {{ fill: #fff; }}"));
    for (index, colour) in colours.iter().enumerate() {
        line(out, format_args!(".c{index} {{ fill: {}; }}", colour.light));
    }
    line(out, format_args!("@media (prefers-color-scheme: dark) {{"));
    line(
        out,
        format_args!(
            "text {{ fill: #fff; }} .small {{ fill: #b6bfc9; }} .ground {{ fill: #15181c; }} .mark {{ stroke: #2d343c; }}"
        ),
    );
    for (index, colour) in colours.iter().enumerate() {
        line(out, format_args!(".c{index} {{ fill: {}; }}", colour.dark));
    }
    line(out, format_args!("}}\n</style>"));
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Colour = Colour::new("#a00", "#f88");

    #[test]
    fn parts_fill_their_bar_and_none_vanishes() {
        let part = |share| Part { share, filled: 1.0, colour: RED };
        let found: Vec<_> = widths(&[part(0.0), part(0.5), part(0.5)], 106.0).collect();
        assert_eq!(found, [2.0, 52.0, 52.0]);
        assert_eq!(widths(&[part(0.0), part(0.0)], 1.0).collect::<Vec<_>>(), [2.0, 2.0]);
    }

    #[test]
    fn every_colour_has_a_class_on_both_backgrounds() {
        let bar = Bar {
            length: 1.0,
            parts: vec![Part { share: 1.0, filled: 0.5, colour: RED }],
            text: "<a>".into(),
            ..Bar::default()
        };
        let bands = Bands { rows: vec![Row::Bar(bar), Row::Gap("nothing".into())], ..Bands::default() };
        let svg = draw_bands(&bands, "a & b");
        assert!(svg.contains(".c0 { fill: #a00; }") && svg.contains(".c0 { fill: #f88; }"));
        assert!(svg.contains("&lt;a&gt;") && svg.contains("a &amp; b") && svg.contains(">nothing<"));
        assert!(svg.contains(r#"class="c0 pale""#) && svg.ends_with("</svg>\n"));
    }
}
