//! Charts of lines, with the name of each line at its right end.

use super::data::{Chart, Mark, Point, Series};
use super::labels::Along;
use super::labels::{LINE_PX, room, shortened, spread, width};
use super::layers::{Canvas, Inset};
use super::markup::{Body, HEIGHT, Hit, WIDTH, axis_names, escaped, hits, series};
use super::palette::{dot, marks};
use super::scale::Ruler;

const NAME_COLUMNS: usize = 29;
const TOP_PX: u32 = 54;
const BOTTOM_PX: u32 = 50;
/// Widths: the gap from the plot to the sample of a line, the sample, the space before the name.
const SAMPLE_PX: (i32, i32, i32) = (10, 20, 5);
/// The most hover targets on a line with many points, and on all such lines together.
const HITS: (usize, usize) = (24, 72);
/// The most points that a line is drawn through; there are not many more pixels.
const MAX_DRAWN: usize = 120;

pub(crate) fn body(chart: &Chart) -> Option<Body> {
    let canvas = canvas(chart)?;
    let drawn: Vec<Drawn<'_>> = chart
        .series
        .iter()
        .map(|series| Drawn::new(&canvas, series))
        .filter(|drawn| !drawn.points.is_empty())
        .collect();
    let names = Names::new(&canvas, &drawn);
    let mut svg = canvas.frame();
    svg += &axis_names(&chart.x, Some(&chart.y), canvas.edges(), HEIGHT);
    for (at, drawn_series) in drawn.iter().enumerate() {
        let mut inside = drawn_series.line();
        inside += &drawn_series.ranges();
        inside += &drawn_series.marks();
        inside += &names.label(at, drawn_series);
        inside += &drawn_series.hits(chart, HITS.0.min(HITS.1 / drawn.len()).max(2));
        svg += &series(drawn_series.series, &inside);
    }
    svg += &names.left_out();
    Some(Body {
        height: HEIGHT,
        svg,
    })
}

/// The layout: the margins at the left and right fit their text.
fn canvas(chart: &Chart) -> Option<Canvas> {
    let points = || chart.series.iter().flat_map(|series| &series.points);
    // A point counts only if both of its values have a position.
    let placed = || {
        points().filter(|point| {
            super::scale::place(chart.x.scale, point.x).is_some()
                && super::scale::place(chart.y.scale, point.y).is_some()
        })
    };
    let ranges = placed().filter_map(|point| point.range);
    let ys = placed().map(|point| point.y);
    let ys = ys.chain(ranges.flat_map(|(low, high)| [low, high]));
    let y = Ruler::new(&chart.y, ys, Along::Y, HEIGHT - TOP_PX - BOTTOM_PX)?;
    let ticks = y.ticks.iter().map(|tick| width(&tick.label));
    let left = ticks.fold(24.0, f64::max) as u32 + 20;
    let names = chart
        .series
        .iter()
        .map(|series| width(&shortened(&series.name, NAME_COLUMNS)));
    let (gap, sample, space) = SAMPLE_PX;
    let right = names.fold(24.0, f64::max) as u32 + (gap + sample + space) as u32 + 4;
    let xs = placed().map(|point| point.x);
    let x = Ruler::new(&chart.x, xs, Along::X, WIDTH - left - right)?;
    let inset = Inset {
        left,
        right,
        top: TOP_PX,
        bottom: BOTTOM_PX,
    };
    Some(Canvas::new((WIDTH, HEIGHT), inset, x, y))
}

/// A series with the points that have a position.
struct Drawn<'a> {
    canvas: &'a Canvas,
    series: &'a Series,
    points: Vec<&'a Point>,
}

impl<'a> Drawn<'a> {
    fn new(canvas: &'a Canvas, series: &'a Series) -> Self {
        let has_place = |point: &&Point| canvas.x.holds(point.x) && canvas.y.holds(point.y);
        let points = series.points.iter().filter(has_place).collect();
        Drawn {
            canvas,
            series,
            points,
        }
    }

    fn at(&self, point: &Point) -> (i32, i32) {
        self.canvas.at(point.x, point.y)
    }

    /// The points that the line joins.
    fn joined(&self) -> Vec<&'a Point> {
        let joined = self.points.iter().copied();
        joined.filter(|point| point.mark != Mark::Dot).collect()
    }

    fn line(&self) -> String {
        let joined = self.joined();
        let censored = joined.iter().position(|point| point.mark == Mark::Censored);
        let censored = censored.unwrap_or(joined.len());
        let dashes = self.series.look.dashes();
        // Both parts include the first censored point.
        let mut out = self.part(&joined[..joined.len().min(censored + 1)], &dashes, 2);
        if censored < joined.len() {
            out += &self.part(
                &joined[censored..],
                " stroke-dasharray=\"1 4\" opacity=\"0.7\"",
                2,
            );
        }
        out
    }

    fn part(&self, points: &[&Point], attributes: &str, stroke_px: u32) -> String {
        if points.len() < 2 {
            return String::new();
        }
        let line = self.canvas.line(&self.thinned(points), stroke_px);
        format!("<g class=\"line\"{attributes}>\n{line}</g>\n")
    }

    /// A long line keeps both ends, and the lowest and highest point of each stretch, so that spikes stay.
    fn thinned(&self, points: &[&Point]) -> Vec<(f64, f64)> {
        let all: Vec<(f64, f64)> = points.iter().map(|point| (point.x, point.y)).collect();
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return all;
        };
        if all.len() <= MAX_DRAWN {
            return all;
        }
        let stretches = all.chunks(all.len().div_ceil(MAX_DRAWN / 2));
        let mut kept = vec![*first];
        kept.extend(stretches.flat_map(extremes));
        kept.push(*last);
        kept.dedup();
        kept
    }

    /// All bars as one path, a tenth of the text of plotters' lines.
    fn ranges(&self) -> String {
        let bars = self.points.iter().filter_map(|point| {
            let (low, high) = self.canvas.y.cut(point.range?)?;
            let ((x, from), (_, to)) =
                (self.canvas.at(point.x, low), self.canvas.at(point.x, high));
            Some(format!("M{x},{from}V{to}"))
        });
        let path: String = bars.collect();
        if path.is_empty() {
            return path;
        }
        format!("<path class=\"range\" d=\"{path}\" stroke=\"currentColor\"/>\n")
    }

    fn marks(&self) -> String {
        let is_alone = self.joined().len() == 1;
        let mark = |point: &&Point| match point.mark {
            Mark::Full => self.series.look.marker(self.at(point), false),
            Mark::Hollow => self.series.look.marker(self.at(point), true),
            Mark::Dot => dot(self.at(point)),
            // A single point has no visible line.
            Mark::None | Mark::Censored if is_alone => dot(self.at(point)),
            Mark::None | Mark::Censored => String::new(),
        };
        marks(self.points.iter().map(mark))
    }

    /// Hover targets: every marked point, and at most about `most` of the points without a marker.
    fn hits(&self, chart: &Chart, most: usize) -> String {
        let is_bare = |point: &&Point| matches!(point.mark, Mark::None | Mark::Censored);
        let bare = self.points.iter().filter(|point| is_bare(point)).count();
        let step = bare.div_ceil(most).max(1);
        let mut passed = 0;
        let kept = self.points.iter().filter(|point| {
            passed += usize::from(is_bare(point));
            // Counted from the end, so that the last is kept.
            !is_bare(point) || (bare - passed).is_multiple_of(step)
        });
        let hit = |point: &&'a Point| {
            let range = chart.y.range(point).map(|range| format!(" ({range})"));
            let (x, y) = (chart.x.text(point.x), chart.y.text(point.y));
            Hit {
                at: self.at(point),
                point,
                figures: format!("{x}, {y}{}", range.unwrap_or_default()),
            }
        };
        hits(&self.series.name, kept.map(hit))
    }
}

/// The lowest and the highest point, in their original order.
fn extremes(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let numbered = || points.iter().enumerate();
    let by_y = |a: &(usize, &(f64, f64)), b: &(usize, &(f64, f64))| a.1.1.total_cmp(&b.1.1);
    let mut both: Vec<_> = [numbered().min_by(by_y), numbered().max_by(by_y)]
        .into_iter()
        .flatten()
        .collect();
    both.sort_by_key(|(at, _)| *at);
    both.into_iter().map(|(_, point)| *point).collect()
}

/// The range of heights for names: above the labels of x, as the last one may extend beyond the plot.
fn heights() -> (f64, f64) {
    (f64::from(TOP_PX) - 4.0, f64::from(HEIGHT - BOTTOM_PX) + 2.0)
}

/// The names at the right, moved apart.
struct Names {
    left: i32,
    heights: Vec<f64>,
    more: usize,
}

impl Names {
    fn new(canvas: &Canvas, drawn: &[Drawn<'_>]) -> Self {
        let (low, high) = heights();
        let fit = room(low, high);
        // The last line shows how many names are left out.
        let shown = if drawn.len() > fit {
            fit - 1
        } else {
            drawn.len()
        };
        let ends = drawn
            .iter()
            .take(shown)
            .map(|drawn| f64::from(drawn.end().1));
        let more = drawn.len() - shown;
        let ends: Vec<f64> = ends.collect();
        let high = if more > 0 { high - LINE_PX } else { high };
        Names {
            left: canvas.edges().1 + SAMPLE_PX.0,
            heights: spread(&ends, low, high),
            more,
        }
    }

    /// A sample of the line with its marker, the name, and a thin line from the end of the line to them.
    fn label(&self, at: usize, drawn: &Drawn<'_>) -> String {
        let Some(height) = self.heights.get(at) else {
            return String::new();
        };
        let (gap, sample, space) = SAMPLE_PX;
        let (left, y) = (self.left, height.round() as i32);
        let (from_x, from_y) = drawn.end();
        let look = drawn.series.look;
        let dashes = look.dashes();
        let edge = left - gap;
        let mut out = format!(
            "<g class=\"label\">\n<path d=\"M{from_x},{from_y}H{edge}L{left},{y}\" fill=\"none\" \
             stroke=\"currentColor\" stroke-width=\"0.75\" opacity=\"0.5\"/>\n\
             <path d=\"M{left},{y}h{sample}\" stroke=\"currentColor\" stroke-width=\"2\"{dashes}/>\n"
        );
        let shown = drawn
            .points
            .iter()
            .find(|point| matches!(point.mark, Mark::Full | Mark::Hollow));
        if shown.is_some() {
            out += &marks(std::iter::once(look.marker((left + sample / 2, y), false)));
        }
        let name = escaped(&shortened(&drawn.series.name, NAME_COLUMNS));
        let (x, baseline) = (left + sample + space, y + 5);
        out + &format!("<text x=\"{x}\" y=\"{baseline}\">{name}</text>\n</g>\n")
    }

    fn left_out(&self) -> String {
        if self.more == 0 {
            return String::new();
        }
        let (x, y) = (
            self.left + SAMPLE_PX.1 + SAMPLE_PX.2,
            heights().1 as i32 + 5,
        );
        format!("<text x=\"{x}\" y=\"{y}\">and {} more</text>\n", self.more)
    }
}

impl Drawn<'_> {
    /// Where the line ends.
    fn end(&self) -> (i32, i32) {
        let joined = self.joined();
        let last = joined.last().or(self.points.last());
        last.map_or((0, 0), |point| self.at(point))
    }
}
