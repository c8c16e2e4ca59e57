//! Charts of rows, one per series: the name, the values with their range, and the value as text.

use super::data::{Chart, Mark, Point, Series};
use super::labels::Along;
use super::labels::{shortened, width};
use super::layers::{Canvas, Inset};
use super::markup::{Body, Hit, WIDTH, axis_names, escaped, hits, series};
use super::palette::{dot, marks};
use super::scale::{Ruler, place};

const NAME_COLUMNS: usize = 29;
const ROW_PX: u32 = 28;
const TOP_PX: u32 = 34;
const BOTTOM_PX: u32 = 50;
/// Dots of a row are spread over this many lines, this many pixels apart, so that equal dots are visible.
const DOT_LINES: (i32, i32) = (3, 4);

pub(crate) fn body(chart: &Chart, reference: Option<f64>) -> Option<Body> {
    let has_place = |point: &&Point| place(chart.x.scale, point.x).is_some();
    let placed = || {
        chart
            .series
            .iter()
            .flat_map(|series| &series.points)
            .filter(has_place)
    };
    // A chart with only a reference has no data.
    placed().next()?;
    let number = chart.series.len();
    let height = TOP_PX + BOTTOM_PX + ROW_PX * number as u32;
    let columns = |texts: &mut dyn Iterator<Item = String>| {
        texts.map(|text| width(&text)).fold(24.0, f64::max) as u32
    };
    let names = &mut chart
        .series
        .iter()
        .map(|series| shortened(&series.name, NAME_COLUMNS));
    let left = columns(names) + 20;
    let figures = &mut chart
        .series
        .iter()
        .filter_map(|series| figure(chart, series));
    let right = columns(figures) + 18;
    let ranges = placed().filter_map(|point| point.range);
    let xs = placed().map(|point| point.x);
    let xs = xs
        .chain(ranges.flat_map(|(low, high)| [low, high]))
        .chain(reference);
    let x = Ruler::new(&chart.x, xs, Along::X, WIDTH - left - right)?;
    let inset = Inset {
        left,
        right,
        top: TOP_PX,
        bottom: BOTTOM_PX,
    };
    let canvas = Canvas::new((WIDTH, height), inset, x, Ruler::rows(number));

    let mut svg = canvas.frame();
    svg += &axis_names(&chart.x, None, canvas.edges(), height);
    if let Some(reference) = reference.filter(|value| canvas.x.holds(*value)) {
        let line = canvas.line(&[(reference, 0.0), (reference, number as f64)], 1);
        svg += &format!("<g class=\"reference\" stroke-dasharray=\"4 3\">\n{line}</g>\n");
    }
    for (at, series_of_row) in chart.series.iter().enumerate() {
        let row = Row {
            chart,
            canvas: &canvas,
            series: series_of_row,
            // The first row is at the top.
            height: (number - at) as f64 - 0.5,
        };
        svg += &series(series_of_row, &row.inside());
    }
    Some(Body { height, svg })
}

/// The text for the row: the value of its first point that is not a dot, or of its only point.
fn figure(chart: &Chart, series: &Series) -> Option<String> {
    let mut placed = series
        .points
        .iter()
        .filter(|point| place(chart.x.scale, point.x).is_some());
    let only = if series.points.len() == 1 {
        series.points.first()
    } else {
        None
    };
    let first = placed.clone().find(|point| point.mark != Mark::Dot);
    let point = first.or(only.filter(|_| placed.next().is_some()))?;
    Some(chart.x.text(point.x))
}

struct Row<'a> {
    chart: &'a Chart,
    canvas: &'a Canvas,
    series: &'a Series,
    height: f64,
}

impl<'a> Row<'a> {
    fn inside(&self) -> String {
        let placed: Vec<((i32, i32), &Point)> = self.placed();
        let bars: String = placed
            .iter()
            .filter_map(|(_, point)| self.range(point))
            .collect();
        let marks = marks(placed.iter().map(|(at, point)| self.mark(*at, point)));
        let hit = |(at, point): &((i32, i32), &'a Point)| {
            let range = self.chart.x.range(point).map(|range| format!(" ({range})"));
            let figures = self.chart.x.text(point.x) + &range.unwrap_or_default();
            Hit {
                at: *at,
                point,
                figures,
            }
        };
        let hits = hits(&self.series.name, placed.iter().map(hit));
        format!(
            "<g class=\"range\">\n{bars}</g>\n{marks}{}{hits}",
            self.text()
        )
    }

    /// The points that have a position. Dots are moved off the middle of the row in turn.
    fn placed(&self) -> Vec<((i32, i32), &'a Point)> {
        let has_place = |point: &&Point| self.canvas.x.holds(point.x);
        let points = self.series.points.iter().filter(has_place).enumerate();
        points
            .map(|(turn, point)| {
                let (x, y) = self.canvas.at(point.x, self.height);
                let (lines, apart) = DOT_LINES;
                let aside = match point.mark {
                    Mark::Dot => (turn as i32 % lines - lines / 2) * apart,
                    _ => 0,
                };
                ((x, y + aside), point)
            })
            .collect()
    }

    fn range(&self, point: &Point) -> Option<String> {
        let (low, high) = self.canvas.x.cut(point.range?)?;
        Some(
            self.canvas
                .line(&[(low, self.height), (high, self.height)], 2),
        )
    }

    fn mark(&self, at: (i32, i32), point: &Point) -> String {
        match point.mark {
            Mark::Full | Mark::None => self.series.look.marker(at, false),
            Mark::Hollow | Mark::Censored => self.series.look.marker(at, true),
            Mark::Dot => dot(at),
        }
    }

    fn text(&self) -> String {
        let (left, right) = self.canvas.edges();
        let (_, y) = self.canvas.at(0.0, self.height);
        let (name_x, figure_x, baseline) = (left - 10, right + 10, y + 5);
        let name = escaped(&shortened(&self.series.name, NAME_COLUMNS));
        // A row of several dots has no single value.
        let none = if self.series.points.is_empty() {
            "–"
        } else {
            ""
        };
        let figure = figure(self.chart, self.series).unwrap_or_else(|| none.to_owned());
        format!(
            "<g class=\"label\">\n<text x=\"{name_x}\" y=\"{baseline}\" text-anchor=\"end\">{name}</text>\n\
             <text x=\"{figure_x}\" y=\"{baseline}\">{figure}</text>\n</g>\n"
        )
    }
}
