//! Pictures of rows of bars, as SVG.

use super::svg::{begin, end, escaped, line};

/// A picture of rows, with an explanation of its colours.
#[derive(Debug, Default)]
pub(crate) struct Bands {
    /// What is pictured: the first line is the heading.
    pub(crate) heading: Vec<String>,
    /// The rows, from the top.
    pub(crate) rows: Vec<Row>,
    /// The explanation: groups of colours, each with its title and its colours with their texts.
    pub(crate) legend: Vec<(String, Vec<(Colour, String)>)>,
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
const MARGIN: f64 = 12.0;
const BAR_LEFT: f64 = 130.0;
const BAR_WIDTH: f64 = 420.0;
const TEXT_LEFT: f64 = BAR_LEFT + BAR_WIDTH + 12.0;
const LINE: f64 = 16.0;
const BAR_HEIGHT: f64 = 12.0;
const STRIPE_HEIGHT: f64 = 3.0;
/// A row with its distance to the next.
const ROW: f64 = BAR_HEIGHT + 2.0 * (STRIPE_HEIGHT + 1.0) + 6.0;
const GAP: f64 = 24.0;
/// What is there is seen, however small.
const LEAST: f64 = 2.0;
const LEGEND_COLUMN: f64 = (WIDTH - 2.0 * MARGIN) / 4.0;

/// The picture as an SVG document of its own, readable on light and on dark backgrounds.
pub(crate) fn draw_bands(bands: &Bands, title: &str) -> String {
    let colours = colours(bands);
    let class = |colour: Colour| colours.iter().position(|&known| known == colour).unwrap_or(0);
    let rows: f64 = bands.rows.iter().map(|row| if matches!(row, Row::Bar(_)) { ROW } else { GAP }).sum();
    let legend: f64 =
        bands.legend.iter().map(|(_, entries)| (entries.len().div_ceil(4) + 2) as f64 * LINE).sum();
    let height = MARGIN + (bands.heading.len() as f64 + 0.5) * LINE + legend + rows + MARGIN;

    let mut svg = String::new();
    let out = &mut svg;
    begin(out, WIDTH, height.ceil(), title);
    style(out, &colours);
    line(
        out,
        format_args!(r#"<rect class="ground" x="-1" y="-1" width="{WIDTH}" height="{:.0}"/>"#, height.ceil()),
    );
    let mut y = MARGIN;
    for (index, text) in bands.heading.iter().enumerate() {
        let class = if index == 0 { r#" class="title""# } else { "" };
        line(
            out,
            format_args!(r#"<text x="{MARGIN}" y="{:.1}"{class}>{}</text>"#, y + 0.75 * LINE, escaped(text)),
        );
        y += LINE;
    }
    y += 0.5 * LINE;
    for (title, entries) in &bands.legend {
        line(
            out,
            format_args!(
                r#"<text x="{MARGIN}" y="{:.1}" class="title">{}</text>"#,
                y + 0.75 * LINE,
                escaped(title)
            ),
        );
        y += LINE;
        for (index, (colour, text)) in entries.iter().enumerate() {
            let x = MARGIN + (index % 4) as f64 * LEGEND_COLUMN;
            let y = y + (index / 4) as f64 * LINE;
            line(
                out,
                format_args!(
                    r#"<rect class="c{}" x="{x:.1}" y="{:.1}" width="12" height="10"/><text x="{:.1}" y="{:.1}">{}</text>"#,
                    class(*colour),
                    y + 3.0,
                    x + 18.0,
                    y + 0.75 * LINE,
                    escaped(text)
                ),
            );
        }
        y += (entries.len().div_ceil(4) + 1) as f64 * LINE;
    }
    for row in &bands.rows {
        match row {
            Row::Gap(text) => {
                let middle = y + GAP / 2.0 - 4.0;
                line(
                    out,
                    format_args!(
                        r#"<path class="gap" d="M{BAR_LEFT} {middle:.1}h{BAR_WIDTH}"/><text class="small" x="{TEXT_LEFT}" y="{:.1}">{}</text>"#,
                        middle + 4.0,
                        escaped(text)
                    ),
                );
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

fn draw_bar(out: &mut String, bar: &Bar, y: f64, class: impl Fn(Colour) -> usize) {
    let width = (bar.length.clamp(0.0, 1.0) * BAR_WIDTH).max(LEAST * bar.parts.len() as f64);
    line(out, format_args!("<g><title>{}</title>", escaped(&bar.detail)));
    line(
        out,
        format_args!(
            r#"<text class="address" x="{:.1}" y="{:.1}">{}</text>"#,
            BAR_LEFT - 10.0,
            y + 10.0,
            escaped(&bar.start)
        ),
    );
    let mut x = BAR_LEFT;
    for (part, part_width) in bar.parts.iter().zip(widths(&bar.parts, width)) {
        let class = class(part.colour);
        line(
            out,
            format_args!(
                r#"<rect class="c{class} pale" x="{x:.1}" y="{y:.1}" width="{part_width:.1}" height="{BAR_HEIGHT}"/>"#
            ),
        );
        let filled =
            (part_width * part.filled.clamp(0.0, 1.0)).max(if part.filled > 0.0 { 1.0 } else { 0.0 });
        if filled > 0.0 {
            line(
                out,
                format_args!(
                    r#"<rect class="c{class}" x="{x:.1}" y="{y:.1}" width="{filled:.1}" height="{BAR_HEIGHT}"/>"#
                ),
            );
        }
        x += part_width;
    }
    for (index, stripe) in bar.stripes.iter().enumerate() {
        let top = y + BAR_HEIGHT + 1.0 + index as f64 * (STRIPE_HEIGHT + 1.0);
        let mut x = BAR_LEFT;
        for (share, colour) in stripe {
            let part_width = (share.clamp(0.0, 1.0) * width).max(1.0);
            line(
                out,
                format_args!(
                    r#"<rect class="c{}" x="{x:.1}" y="{top:.1}" width="{part_width:.1}" height="{STRIPE_HEIGHT}"/>"#,
                    class(*colour)
                ),
            );
            x += part_width;
        }
    }
    line(out, format_args!(r#"<text x="{TEXT_LEFT}" y="{:.1}">{}</text></g>"#, y + 10.0, escaped(&bar.text)));
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
    let of_legend = bands.legend.iter().flat_map(|(_, entries)| entries.iter().map(|(colour, _)| *colour));
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
    line(out, format_args!(".title {{ font-weight: 600; }}"));
    line(out, format_args!(".address {{ font: 11px ui-monospace, monospace; text-anchor: end; }}"));
    line(out, format_args!(".small {{ font-size: 11px; fill: #4b5560; }}"));
    line(out, format_args!(".pale {{ opacity: 0.3; }}"));
    line(out, format_args!(".gap {{ stroke: #8b96a3; stroke-dasharray: 2 4; }}"));
    line(out, format_args!(".ground {{ fill: #fff; }}"));
    for (index, colour) in colours.iter().enumerate() {
        line(out, format_args!(".c{index} {{ fill: {}; }}", colour.light));
    }
    line(out, format_args!("@media (prefers-color-scheme: dark) {{"));
    line(
        out,
        format_args!("text {{ fill: #fff; }} .small {{ fill: #b6bfc9; }} .ground {{ fill: #15181c; }}"),
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
