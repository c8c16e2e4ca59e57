//! The data of a chart, independent of how it is drawn.

/// A chart, before it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Unique in a page, of `[a-z0-9-]`: the file name and the anchor.
    pub id: String,
    /// The heading above the chart.
    pub title: String,
    /// A description for screen readers.
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
    /// A row per series: its name at the left, its values along x. The y of points and the y axis are not used.
    Rows {
        /// A vertical line to compare with, such as the ratio 1.
        reference: Option<f64>,
    },
}

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it shows, with the unit if that is fixed.
    pub label: String,
    /// The position of values on it.
    pub scale: Scale,
    /// How values are written.
    pub unit: Unit,
    /// Whether a linear axis begins at zero.
    pub from_zero: bool,
}

/// The position of values on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Proportional to the value.
    Linear,
    /// Proportional to the logarithm; values of zero and below are left out.
    Log,
    /// Quantiles of `[0, 1)` at `log10(1 / (1 - q))`, so that each further nine takes the same space.
    Nines,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A count: `1,000`.
    Count,
    /// Requests per second: `12,300/s`.
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
    /// A number without a unit.
    Plain,
}

/// A line, or a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name; may contain any text, such as a command.
    pub name: String,
    /// Its colour, marker and dashes.
    pub look: Look,
    /// Its points. A point that is not finite, or has no position on an axis, is left out.
    pub points: Vec<Point>,
}

/// Indices into the palettes, which repeat after their last entry.
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
    /// Added to the hover text; may be empty.
    pub note: String,
}

/// How a point is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A filled marker.
    Full,
    /// An outline: a lower bound, or clients left unserved.
    Hollow,
    /// A small dot that the line does not join: one pair, one worker.
    Dot,
    /// No marker, only the line: for many points.
    None,
    /// No marker; from here to its end the line is pale and dashed: the censored part.
    Censored,
}
