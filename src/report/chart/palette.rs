//! Series differ in colour, marker and dashes. In grey print, and for colour-blind readers, marker
//! and dashes remain.

use super::data::Look;

/// The colours of Okabe and Ito (jfly.uni-koeln.de/color), which stay distinct with common colour
/// blindness. Yellow is left out, as it is invisible on white. Black is the page's text colour (`None`).
/// After them come four of Paul Tol's muted scheme (sronpersonalpages.nl/~pault), for more models;
/// marker and dashes tell what is of a similar hue.
const COLOURS: [Option<&str>; 11] = [
    Some("#0072B2"),
    Some("#E69F00"),
    Some("#009E73"),
    Some("#D55E00"),
    Some("#CC79A7"),
    Some("#56B4E9"),
    None,
    Some("#882255"),
    Some("#999933"),
    Some("#332288"),
    Some("#88837A"),
];

/// Outlines around the origin, in relative steps of SVG path data.
const MARKERS: [&str; 11] = [
    // Circle, square, triangle, diamond, triangle upside down, plus, cross, triangles to the right
    // and to the left, hourglass, bar.
    "m-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",
    "m-3.5,-3.5h7v7h-7z",
    "m0,-4.5l4.5,8h-9z",
    "m0,-5l5,5l-5,5l-5,-5z",
    "m0,4.5l4.5,-8h-9z",
    "m-1.5,-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
    "m0,-2l3,-3l2,2l-3,3l3,3l-2,2l-3,-3l-3,3l-2,-2l3,-3l-3,-3l2,-2z",
    "m4.5,0l-8,-4.5v9z",
    "m-4.5,0l8,-4.5v9z",
    "m-4,-4.5h8l-8,9h8z",
    "m-5,-1.5h10v3h-10z",
];

const DASHES: [Option<&str>; 11] = [
    None,
    Some("6 3"),
    Some("2 2"),
    Some("8 3 2 3"),
    Some("10 4"),
    Some("4 2 1 2 1 2"),
    Some("1 3"),
    Some("12 3 4 3"),
    Some("6 2 2 2 2 2"),
    Some("3 5"),
    Some("14 2"),
];

impl Look {
    /// The attributes of the group of a series: its class, and the `color` of its content.
    pub(crate) fn attributes(self) -> String {
        let at = self.colour % COLOURS.len();
        let colour = COLOURS[at].map(|colour| format!(" color=\"{colour}\""));
        format!("class=\"series c{at}\"{}", colour.unwrap_or_default())
    }

    /// A marker on a short line, for legends.
    pub fn swatch(self) -> String {
        let (attributes, marker) = (self.attributes(), self.marker((8, 7), false));
        // Another class, so that it is not hidden together with the series.
        let attributes = attributes.replace("series", "key");
        format!(
            "<svg width=\"16\" height=\"14\" viewBox=\"0 0 16 14\" aria-hidden=\"true\"><g {attributes} fill=\"currentColor\" stroke=\"currentColor\"><path d=\"M0,7h16\" stroke-width=\"1.5\"{}/>{marker}</g></svg>",
            self.dashes()
        )
    }

    /// The attribute for dashes; empty for a solid line.
    pub(crate) fn dashes(self) -> String {
        let dashes = DASHES[self.dash % DASHES.len()];
        dashes.map_or(String::new(), |dashes| {
            format!(" stroke-dasharray=\"{dashes}\"")
        })
    }

    /// A marker, filled or hollow.
    pub(crate) fn marker(self, (x, y): (i32, i32), hollow: bool) -> String {
        let shape = MARKERS[self.marker % MARKERS.len()];
        let fill = if hollow {
            " class=\"paper\" fill=\"#FFFFFF\" stroke-width=\"1.5\""
        } else {
            ""
        };
        format!("<path d=\"M{x},{y}{shape}\"{fill}/>\n")
    }
}

/// A point without emphasis.
pub(crate) fn dot((x, y): (i32, i32)) -> String {
    format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" stroke=\"none\" opacity=\"0.6\"/>\n")
}

/// The group that sets the colour of markers and dots.
pub(crate) fn marks(each: impl Iterator<Item = String>) -> String {
    let inside: String = each.collect();
    if inside.is_empty() {
        return inside;
    }
    format!("<g class=\"marks\" fill=\"currentColor\" stroke=\"currentColor\">\n{inside}</g>\n")
}
