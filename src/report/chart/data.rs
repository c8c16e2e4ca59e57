//! Charts as data: drawn as SVG, and as the table of the same figures for those who do not see the picture.
//!
//! A page restyles a drawing by `svg.chart` (its `color` and `fill` are the ink of text, axes and
//! grid), `.paper` (whose `fill` is the background and the inside of hollow markers) and
//! `.series.c0` to `.c6` (whose `color` is that of the series). All of these are presentation
//! attributes, so any CSS rule wins over them.

/// A chart, before it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Unique in a page, of `[a-z0-9-]`: a file's name and an anchor.
    pub id: String,
    /// What stands above it.
    pub title: String,
    /// A sentence for those who do not see it.
    pub about: String,
    /// How its points are shown.
    pub kind: Kind,
    /// The axis at the bottom.
    pub x: Axis,
    /// The axis at the left.
    pub y: Axis,
    /// What is compared.
    pub series: Vec<Series>,
}

/// How points are shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Points joined by lines in the order given: throughput against clients, latency against rate, percentiles.
    Lines,
    /// A row for each series, its name at the left, its values along x. The y of points and the y axis play no part.
    Rows {
        /// A vertical line to compare with, such as the ratio 1.
        reference: Option<f64>,
    },
}

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it shows, with the unit where that is fixed.
    pub label: String,
    /// Where values stand on it.
    pub scale: Scale,
    /// How values are written.
    pub unit: Unit,
    /// Whether a linear axis begins at zero.
    pub from_zero: bool,
}

/// Where values stand on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// At equal distances.
    Linear,
    /// At their logarithm; values of zero and below are left out.
    Log,
    /// Quantiles of `[0, 1)` at `log10(1 / (1 - q))`, so that each further nine takes the same room.
    Nines,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things: `1,000`.
    Count,
    /// Requests a second: `12,300/s`.
    Rate,
    /// Nanoseconds: `950 ns`, `24.1 µs`, `5.93 ms`.
    TimeNs,
    /// Microseconds: `24.1 µs`.
    Micros,
    /// Bytes: `812 KiB`.
    Bytes,
    /// `1.25×`.
    Ratio,
    /// A share of one: `42.0 %`.
    Percent,
    /// Seconds: `1.5 s`.
    Seconds,
    /// A bare figure.
    Plain,
}

/// A line, or a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name; may hold anything, such as a command.
    pub name: String,
    /// How it is told from others.
    pub look: Look,
    /// Its points. Those that are not finite, or have no place on an axis, are left out.
    pub points: Vec<Point>,
}

/// Places in the palettes, which begin again after their last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The colour.
    pub colour: usize,
    /// The shape of markers.
    pub marker: usize,
    /// The dashes of the line.
    pub dash: usize,
}

/// A point.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its value along the x axis.
    pub x: f64,
    /// Its value along the y axis.
    pub y: f64,
    /// Low and high: of y for [`Kind::Lines`], of x for [`Kind::Rows`].
    pub range: Option<(f64, f64)>,
    /// How it is marked.
    pub mark: Mark,
    /// Added to what hovering shows; may be empty.
    pub note: String,
}

/// How a point is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A filled marker.
    Full,
    /// An outline: a lower bound, or starved.
    Hollow,
    /// A small dot without emphasis, beside the line and not on it: one pair, one worker.
    Dot,
    /// No marker, the line only: many points.
    None,
    /// No marker; the line goes on dashed and pale from here to the series' end: the censored part.
    Censored,
}
