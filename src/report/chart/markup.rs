//! SVG that is written without plotters: the element around a drawing, and escaped text.

use super::data::{Axis, Chart, Point, Series};
use super::labels;

/// Native width of every chart, in pixels.
pub(crate) const WIDTH: u32 = 540;
/// Native height of a chart of lines.
pub(crate) const HEIGHT: u32 = 340;

/// The content of a chart and its height in pixels.
pub(crate) struct Body {
    pub(crate) height: u32,
    pub(crate) svg: String,
}

/// Text escaped for XML elements and attributes.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            // XML 1.0 cannot represent these.
            control if control.is_control() => out.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

/// The start of each chart file; identifies charts of this program.
pub const CHART_MARK: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\"";

/// The whole element.
pub(crate) fn document(chart: &Chart, body: &Body) -> String {
    let (id, height) = (escaped(&chart.id), body.height);
    let (title, about) = (escaped(&chart.title), escaped(&chart.about));
    let heading = escaped(&labels::shortened(&chart.title, 60));
    let svg = &body.svg;
    format!(
        "{CHART_MARK} viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" \
         font-family=\"system-ui, sans-serif\" font-size=\"14\" color=\"#222222\" fill=\"#222222\">\n\
         <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-desc\">{about}</desc>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\" fill=\"#FFFFFF\"/>\n\
         <text class=\"heading\" x=\"8\" y=\"20\" font-size=\"16\" font-weight=\"600\">{heading}</text>\n\
         {svg}</svg>\n"
    )
}

/// Replaces a chart without points.
pub(crate) fn no_data() -> Body {
    let (x, y) = (WIDTH / 2, 62);
    Body {
        height: 100,
        svg: format!(
            "<text class=\"empty\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">no data</text>\n"
        ),
    }
}

/// The names of the axes. That of y is above the axis, so that it is not rotated.
pub(crate) fn axis_names(
    x: &Axis,
    y: Option<&Axis>,
    (left, right): (i32, i32),
    height: u32,
) -> String {
    let mut out = String::from("<g class=\"axis\">\n");
    if let Some(y) = y {
        let label = escaped(&labels::shortened(&y.label, 64));
        out += &format!("<text x=\"8\" y=\"42\">{label}</text>\n");
    }
    let (middle, bottom) = ((left + right) / 2, height - 8);
    let label = escaped(&labels::shortened(&x.label, 50));
    out += &format!(
        "<text x=\"{middle}\" y=\"{bottom}\" text-anchor=\"middle\">{label}</text>\n</g>\n"
    );
    out
}

/// The group that contains everything drawn for a series.
pub(crate) fn series(series: &Series, inside: &str) -> String {
    let (attributes, name) = (series.look.attributes(), escaped(&series.name));
    format!("<g {attributes} data-series=\"{name}\">\n{inside}</g>\n")
}

/// A hover target: its position and text.
pub(crate) struct Hit<'a> {
    pub(crate) at: (i32, i32),
    pub(crate) point: &'a Point,
    /// The values as text.
    pub(crate) figures: String,
}

/// Invisible circles that are large enough to point at.
pub(crate) fn hits<'a>(name: &str, hits: impl Iterator<Item = Hit<'a>>) -> String {
    let mut out = String::from("<g fill=\"none\" pointer-events=\"all\">\n");
    for Hit {
        at: (x, y),
        point,
        figures,
    } in hits
    {
        let note = if point.note.is_empty() {
            String::new()
        } else {
            format!("; {}", point.note)
        };
        let tip = escaped(&format!("{name}: {figures}{note}"));
        out += &format!(
            "<circle class=\"hit\" cx=\"{x}\" cy=\"{y}\" r=\"9\" data-tip=\"{tip}\"><title>{tip}</title></circle>\n"
        );
    }
    out + "</g>\n"
}
