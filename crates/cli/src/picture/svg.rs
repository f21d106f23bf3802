use std::fmt::Write;

use super::{
    Kind, Shape,
    layout::{LINE, PADDING, Placed, place},
};

/// The picture as an SVG document of its own, readable on light and on dark backgrounds.
pub(crate) fn draw(shape: &Shape, title: &str) -> String {
    let placed = place(shape);
    let (width, height) = (placed.width.ceil() + 2.0, placed.height.ceil() + 2.0);
    let mut svg = String::new();
    let out = &mut svg;
    begin(out, width, height, title);
    style(out);
    draw_shape(out, &placed, 0.0, 0.0);
    end(out);
    svg
}

/// Begins a document of this size.
pub(super) fn begin(out: &mut String, width: f64, height: f64, title: &str) {
    line(out, format_args!(r#"<?xml version="1.0" encoding="UTF-8"?>"#));
    line(
        out,
        format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="-1 -1 {width} {height}" role="img">"#
        ),
    );
    line(out, format_args!("<title>{}</title>", escaped(title)));
}

pub(super) fn end(out: &mut String) {
    line(out, format_args!("</svg>"));
}

pub(super) fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a String takes all text");
}

fn style(out: &mut String) {
    line(out, format_args!("<style>"));
    line(out, format_args!("text {{ font: 12px system-ui, sans-serif; fill: #000; }}"));
    line(out, format_args!(".title {{ font-weight: 600; }}"));
    line(out, format_args!("rect {{ stroke: #59636f; stroke-width: 1; }}"));
    for kind in Kind::ALL {
        line(out, format_args!(".{} {{ fill: {}; }}", kind.class(), kind.fills().0));
    }
    line(out, format_args!("@media (prefers-color-scheme: dark) {{"));
    line(out, format_args!("text {{ fill: #fff; }} rect {{ stroke: #8b96a3; }}"));
    for kind in Kind::ALL {
        line(out, format_args!(".{} {{ fill: {}; }}", kind.class(), kind.fills().1));
    }
    line(out, format_args!("}}\n</style>"));
}

fn draw_shape(out: &mut String, placed: &Placed<'_>, x: f64, y: f64) {
    let (x, y) = (x + placed.x, y + placed.y);
    let Placed { shape, width, height, .. } = placed;
    line(
        out,
        format_args!(
            r#"<rect class="{}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="2"/>"#,
            shape.kind.class()
        ),
    );
    for (index, text) in shape.text.iter().enumerate() {
        let class = if index == 0 && !shape.groups.is_empty() { r#" class="title""# } else { "" };
        let baseline = y + PADDING + LINE * (index as f64 + 0.75);
        line(
            out,
            format_args!(r#"<text x="{:.1}" y="{baseline:.1}"{class}>{}</text>"#, x + PADDING, escaped(text)),
        );
    }
    for inner in &placed.inside {
        draw_shape(out, inner, x, y);
    }
}

pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            character if character.is_control() => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_can_not_leave_its_place() {
        let svg = draw(&Shape::new(Kind::Machine, "</text><script>&\u{1}"), "a \"title\"");
        assert!(svg.contains("&lt;/text&gt;&lt;script&gt;&amp;\u{fffd}"));
        assert!(!svg.contains("<script>"));
    }
}
