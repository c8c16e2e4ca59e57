//! The figures of a chart as a table.

use super::data::{Chart, Kind, Mark, Point, Series};
use super::scale::place;

/// The most rows of a table; longer data are thinned.
const MAX_ROWS: usize = 30;
const NOTHING: &str = "–";

/// A table; every row has as many cells as the head. Its text is not escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns.
    pub head: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

pub(crate) fn of(chart: &Chart) -> Table {
    match chart.kind {
        Kind::Rows { .. } => values(chart),
        Kind::Lines if shares_x(chart) => columns(chart),
        Kind::Lines => points(chart),
    }
}

/// The points of a series that have a position: those that are not dots, or all if all are dots.
fn shown_points<'a>(chart: &Chart, series: &'a Series) -> Vec<&'a Point> {
    let needs_y = chart.kind == Kind::Lines;
    let has_place = |point: &&Point| {
        place(chart.x.scale, point.x).is_some()
            && (!needs_y || place(chart.y.scale, point.y).is_some())
    };
    let placed: Vec<&Point> = series.points.iter().filter(has_place).collect();
    let emphasised: Vec<&Point> = placed
        .iter()
        .copied()
        .filter(|point| point.mark != Mark::Dot)
        .collect();
    if emphasised.is_empty() {
        placed
    } else {
        emphasised
    }
}

/// The x values of all series, sorted.
fn all_x(chart: &Chart) -> Vec<f64> {
    let points = chart
        .series
        .iter()
        .flat_map(|series| shown_points(chart, series));
    let mut xs: Vec<f64> = points.map(|point| point.x).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    xs
}

/// Whether the series share enough x values for a table with a column per series.
fn shares_x(chart: &Chart) -> bool {
    let longest = chart
        .series
        .iter()
        .map(|series| shown_points(chart, series).len())
        .max();
    all_x(chart).len() <= 2 * longest.unwrap_or(0)
}

/// A row per x, a column per series.
fn columns(chart: &Chart) -> Table {
    let mut head = vec![chart.x.label.clone()];
    head.extend(chart.series.iter().map(|series| series.name.clone()));
    let shown: Vec<Vec<&Point>> = chart
        .series
        .iter()
        .map(|series| shown_points(chart, series))
        .collect();
    let row = |x: f64| {
        let cells = shown.iter().map(|points| {
            let point = points.iter().find(|point| point.x == x);
            point.map_or(NOTHING.to_owned(), |point| cell(chart, point))
        });
        std::iter::once(chart.x.text(x)).chain(cells).collect()
    };
    let rows = thinned(&all_x(chart), MAX_ROWS)
        .into_iter()
        .map(row)
        .collect();
    Table { head, rows }
}

/// A row per point, for series with different x values.
fn points(chart: &Chart) -> Table {
    let most = (2 * MAX_ROWS / chart.series.len().max(1)).clamp(4, MAX_ROWS);
    let rows = chart.series.iter().flat_map(|series| {
        let row = |point: &Point| {
            vec![
                series.name.clone(),
                chart.x.text(point.x),
                cell(chart, point),
            ]
        };
        let points = thinned(&shown_points(chart, series), most);
        points.into_iter().map(row).collect::<Vec<_>>()
    });
    Table {
        head: vec![String::new(), chart.x.label.clone(), chart.y.label.clone()],
        rows: rows.collect(),
    }
}

fn cell(chart: &Chart, point: &Point) -> String {
    let mut text = chart.y.text(point.y);
    if let Some(range) = chart.y.range(point) {
        text += &format!(" ({range})");
    }
    if matches!(point.mark, Mark::Hollow | Mark::Censored) && !point.note.is_empty() {
        text += &format!(" ({})", point.note);
    }
    text
}

/// A row per value.
fn values(chart: &Chart) -> Table {
    let rows = chart.series.iter().flat_map(|series| {
        let row = |point: &Point| {
            let range = chart.x.range(point).unwrap_or_else(|| NOTHING.to_owned());
            vec![
                series.name.clone(),
                chart.x.text(point.x),
                range,
                point.note.clone(),
            ]
        };
        let points = thinned(&shown_points(chart, series), MAX_ROWS);
        points.into_iter().map(row).collect::<Vec<_>>()
    });
    let head = ["", &chart.x.label, "range", "note"];
    Table {
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

/// At most `most` entries, evenly spaced, with the first and the last.
fn thinned<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    if all.len() <= most {
        return all.to_vec();
    }
    (0..most)
        .map(|at| all[at * (all.len() - 1) / (most - 1)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_both_ends() {
        let all: Vec<usize> = (0..1000).collect();
        let kept = thinned(&all, MAX_ROWS);
        assert_eq!((kept.len(), kept[0], kept[29]), (30, 0, 999));
        assert_eq!(thinned(&[1, 2], MAX_ROWS), [1, 2]);
    }
}
