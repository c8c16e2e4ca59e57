//! The layers of a chart, drawn by plotters.
//!
//! Plotters writes whole documents and has no groups, classes, dashes or filled outlines. So each
//! layer (the grid, the axes, the line of each series) is drawn as a separate document with the
//! same layout. Its content is put into a group of this crate. Everything is drawn in black, which
//! becomes `currentColor`: the group sets the colour, and a page's CSS can change it.

use plotters::chart::ChartContext;
use plotters::coord::CoordTranslate;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;

use super::scale::Ruler;

type Plot<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Ruler, Ruler>>;

type DrawResult = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// For plotters' layout only; text gets its size from the element around it, see [`stripped`].
const FONT_SIZE: f64 = 14.0;
/// Opacity of the grid, so that it is pale on light and dark pages.
const GRID: f64 = 0.15;

/// Pixels around the plot on each side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inset {
    pub(crate) left: u32,
    pub(crate) right: u32,
    pub(crate) top: u32,
    pub(crate) bottom: u32,
}

/// The layout that all layers share.
pub(crate) struct Canvas {
    size: (u32, u32),
    inset: Inset,
    pub(crate) x: Ruler,
    pub(crate) y: Ruler,
    coordinates: Cartesian2d<Ruler, Ruler>,
}

impl Canvas {
    pub(crate) fn new(size: (u32, u32), inset: Inset, x: Ruler, y: Ruler) -> Self {
        let (right, bottom) = (size.0 - inset.right, size.1 - inset.bottom);
        let (left, top) = (inset.left as i32, inset.top as i32);
        let across = left..right as i32 - 1;
        // From bottom to top, because y grows upwards. Plotters includes the last pixel.
        let down = bottom as i32 - 1..top;
        let coordinates = Cartesian2d::new(x.clone(), y.clone(), (across, down));
        Canvas {
            size,
            inset,
            x,
            y,
            coordinates,
        }
    }

    /// The position of a point in the picture, in pixels from the top left.
    pub(crate) fn at(&self, x: f64, y: f64) -> (i32, i32) {
        self.coordinates.translate(&(x, y))
    }

    /// The left and the right edge of the plot.
    pub(crate) fn edges(&self) -> (i32, i32) {
        (
            self.inset.left as i32,
            (self.size.0 - self.inset.right) as i32,
        )
    }

    /// Grid and axes, one group each.
    pub(crate) fn frame(&self) -> String {
        let grid = self.layer(|plot| {
            plot.configure_mesh()
                .bold_line_style(BLACK.mix(GRID))
                .axis_style(TRANSPARENT)
                .label_style(("system-ui, sans-serif", FONT_SIZE, &TRANSPARENT))
                .draw()
        });
        let axes = self.layer(|plot| {
            plot.configure_mesh()
                .disable_mesh()
                .axis_style(BLACK)
                .label_style(("system-ui, sans-serif", FONT_SIZE, &BLACK))
                .draw()
        });
        format!("<g class=\"grid\">\n{grid}</g>\n<g class=\"axis\">\n{axes}</g>\n")
    }

    /// A line through points.
    pub(crate) fn line(&self, points: &[(f64, f64)], stroke_px: u32) -> String {
        self.layer(|plot| {
            let line = LineSeries::new(points.iter().copied(), BLACK.stroke_width(stroke_px));
            plot.draw_series(line).map(drop)
        })
    }

    fn layer(&self, draw: impl FnOnce(&mut Plot<'_>) -> DrawResult) -> String {
        let mut document = String::new();
        let drawn = self.draw(&mut document, draw);
        drawn.expect("writing to a string does not fail");
        stripped(&document)
    }

    fn draw(
        &self,
        document: &mut String,
        draw: impl FnOnce(&mut Plot<'_>) -> DrawResult,
    ) -> DrawResult {
        let root = SVGBackend::with_string(document, self.size).into_drawing_area();
        let mut plot = ChartBuilder::on(&root)
            .margin_right(self.inset.right)
            .margin_top(self.inset.top)
            .x_label_area_size(self.inset.bottom)
            .y_label_area_size(self.inset.left)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        draw(&mut plot)?;
        root.present()
    }
}

/// The content of the `<svg>` element, with black replaced by `currentColor`.
fn stripped(document: &str) -> String {
    let inside = document.split_once('>').map_or("", |(_, inside)| inside);
    let inside = inside
        .rsplit_once("</svg>")
        .map_or(inside, |(inside, _)| inside);
    let inside = without(inside.trim_start(), "font-size");
    without(&inside, "font-family")
        .replace("\"#000000\"", "\"currentColor\"")
        .replace(" opacity=\"1\"", "")
}

/// Removes an attribute. A layer has no text from outside, so its name occurs only in tags.
fn without(svg: &str, attribute: &str) -> String {
    let key = format!(" {attribute}=\"");
    let mut pieces = svg.split(key.as_str());
    let first = pieces.next().unwrap_or_default();
    let others = pieces.filter_map(|piece| Some(piece.split_once('"')?.1));
    std::iter::once(first).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_equal_those_of_plotters() {
        let inset = Inset {
            left: 60,
            right: 120,
            top: 50,
            bottom: 46,
        };
        let canvas = Canvas::new((540, 340), inset, Ruler::rows(7), Ruler::rows(5));
        for (x, y) in [(0.0, 0.0), (7.0, 5.0), (3.3, 1.7)] {
            let position = canvas.at(x, y);
            canvas.layer(|plot| {
                assert_eq!(plot.backend_coord(&(x, y)), position);
                Ok(())
            });
        }
        assert_eq!(canvas.at(0.0, 0.0), (60, 293));
        assert_eq!(canvas.at(7.0, 5.0), (419, 50));
    }

    #[test]
    fn the_wrapper_is_removed_and_black_becomes_current_color() {
        let document =
            "<svg width=\"1\" xmlns=\"x\">\n<line opacity=\"1\" stroke=\"#000000\"/>\n</svg>\n";
        assert_eq!(stripped(document), "<line stroke=\"currentColor\"/>\n");
        assert_eq!(stripped("<svg>\n</svg>\n"), "");
        assert_eq!(
            without("<a x=\"1\" b=\"2\"/><a x=\"3\"/>", "x"),
            "<a b=\"2\"/><a/>"
        );
    }
}
