//! The figures of a chart as a table.

use super::data::{Chart, Kind, Mark, Point, Series};
use super::scale::place;

/// A longer table is thinned to so many rows.
const MOST_ROWS: usize = 30;
const NOTHING: &str = "–";

/// A table; every row has as many cells as the head. Its text is as it is, not escaped.
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

/// The points of a series that have a place: those with emphasis, or all where there is none.
fn told<'a>(chart: &Chart, series: &'a Series) -> Vec<&'a Point> {
    let needs_y = chart.kind == Kind::Lines;
    let has_place = |point: &&Point| {
        place(chart.x.scale, point.x).is_some()
            && (!needs_y || place(chart.y.scale, point.y).is_some())
    };
    let placed: Vec<&Point> = series.points.iter().filter(has_place).collect();
    let stand_out: Vec<&Point> = placed
        .iter()
        .copied()
        .filter(|point| point.mark != Mark::Dot)
        .collect();
    if stand_out.is_empty() {
        placed
    } else {
        stand_out
    }
}

/// Every x of any series, in order.
fn all_x(chart: &Chart) -> Vec<f64> {
    let told = chart.series.iter().flat_map(|series| told(chart, series));
    let mut xs: Vec<f64> = told.map(|point| point.x).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    xs
}

/// Whether most rows of a table with a column for each series would have more than one cell filled.
fn shares_x(chart: &Chart) -> bool {
    let longest = chart
        .series
        .iter()
        .map(|series| told(chart, series).len())
        .max();
    all_x(chart).len() <= 2 * longest.unwrap_or(0)
}

/// A row for each x, a column for each series.
fn columns(chart: &Chart) -> Table {
    let mut head = vec![chart.x.label.clone()];
    head.extend(chart.series.iter().map(|series| series.name.clone()));
    let told: Vec<Vec<&Point>> = chart
        .series
        .iter()
        .map(|series| told(chart, series))
        .collect();
    let row = |x: f64| {
        let cells = told.iter().map(|points| {
            let point = points.iter().find(|point| point.x == x);
            point.map_or(NOTHING.to_owned(), |point| cell(chart, point))
        });
        std::iter::once(chart.x.text(x)).chain(cells).collect()
    };
    let rows = thinned(&all_x(chart), MOST_ROWS)
        .into_iter()
        .map(row)
        .collect();
    Table { head, rows }
}

/// A row for each point, where each series has x of its own.
fn points(chart: &Chart) -> Table {
    let most = (2 * MOST_ROWS / chart.series.len().max(1)).clamp(4, MOST_ROWS);
    let rows = chart.series.iter().flat_map(|series| {
        let row = |point: &Point| {
            vec![
                series.name.clone(),
                chart.x.text(point.x),
                cell(chart, point),
            ]
        };
        let points = thinned(&told(chart, series), most);
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

/// A row for each value.
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
        let points = thinned(&told(chart, series), MOST_ROWS);
        points.into_iter().map(row).collect::<Vec<_>>()
    });
    let head = ["", &chart.x.label, "range", "note"];
    Table {
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

/// At most so many, evenly taken; the first and the last stay.
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
        let kept = thinned(&all, MOST_ROWS);
        assert_eq!((kept.len(), kept[0], kept[29]), (30, 0, 999));
        assert_eq!(thinned(&[1, 2], MOST_ROWS), [1, 2]);
    }
}
