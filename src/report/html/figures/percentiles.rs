//! Response time by percentile, on an axis with equal space per nine (90 %, 99 %, 99.9 %).

use hdrhistogram::Histogram;

use super::figure::{Figure, axis};
use crate::findings::{BEYOND, Summary};
use crate::record::histogram::decode;
use crate::record::{Mode, Trial};
use crate::report::chart::data::{Chart, Kind, Mark, Point, Scale, Series, Unit};
use crate::report::html::scenario_group::{LoadGroup, PageData, ScenarioGroup};
use crate::stats::median;

/// Points from one nine to the next.
const POINTS_PER_NINE: u32 = 10;
/// The last percentile drawn is 99.999 %.
const NINES: u32 = 5;

pub(crate) fn figures(page: &PageData<'_>) -> Vec<Figure> {
    let scenarios = page.scenarios.iter();
    scenarios
        .filter_map(|scenario| figure(page, scenario))
        .collect()
}

/// `None` for an overload: its quantiles only show how long it lasted.
fn figure(page: &PageData<'_>, scenario: &ScenarioGroup<'_>) -> Option<Figure> {
    let groups = scenario.middle();
    let first: &LoadGroup<'_> = groups.first().copied()?;
    if first.load.then.is_some() {
        return None;
    }
    let (mut series, mut unserved, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for group in &groups {
        for summary in &group.summaries {
            let (name, look) = page.series_of(group.source, summary);
            let points = points(summary);
            if summary.unserved() {
                unserved.push(name);
            } else if points.is_empty() {
                unknown.push(name);
            } else {
                series.push(Series { name, look, points });
            }
        }
    }
    let not_drawn = |why: &str, names: &[String]| {
        if names.is_empty() {
            return String::new();
        }
        format!("Not drawn, because {why}: {}. ", names.join(", "))
    };
    let note = [
        match first.load.mode {
            Mode::Closed => {
                "Measured at saturation: response time follows from throughput and does not rank servers. ".to_owned()
            }
            _ => String::new(),
        },
        not_drawn("clients were left unserved", &unserved),
        not_drawn("there are too few samples, or no histograms", &unknown),
    ]
    .concat();
    let chart = Chart {
        id: format!("percentiles-{}", scenario.id),
        title: format!(
            "{}: response time by percentile, {}",
            scenario.title,
            page.label(&groups)
        ),
        about: "response time at each percentile, of each server".to_owned(),
        kind: Kind::Lines,
        x: axis("percentile of requests", Scale::Nines, Unit::Percent),
        y: axis("response time", Scale::Log, Unit::TimeNs),
        series,
    };
    (!chart.series.is_empty()).then(|| Figure {
        chart,
        note: (!note.is_empty()).then(|| note.trim().to_owned()),
        warnings: page.warnings(groups.iter().copied()),
    })
}

/// The median over trials, at each percentile with enough samples beyond it in every trial.
fn points(summary: &Summary<'_>) -> Vec<Point> {
    let trials: Vec<(&Trial, Histogram<u64>)> = summary
        .trials()
        .iter()
        .filter_map(|trial| Some((trial, all_requests(trial)?)))
        .collect();
    if trials.len() < summary.trials().len() {
        return Vec::new();
    }
    let enough = |q: f64| {
        let mut counts = trials.iter().map(|(_, histogram)| histogram.len() as f64);
        counts.all(|count| count * (1.0 - q) >= BEYOND)
    };
    let is_bound = |q: f64| {
        let mut trials = trials.iter();
        trials.any(|(trial, _)| trial.censored.count > 0 && q > trial.exact_below)
    };
    let quantiles = (0..=NINES * POINTS_PER_NINE)
        .map(|at| 1.0 - 10_f64.powf(-f64::from(at) / f64::from(POINTS_PER_NINE)));
    let point = |q: f64| {
        let values: Vec<f64> = trials
            .iter()
            .map(|(_, histogram)| histogram.value_at_quantile(q) as f64)
            .collect();
        Point {
            x: q,
            y: median(&values),
            range: None,
            mark: if is_bound(q) {
                Mark::Censored
            } else {
                Mark::None
            },
            note: String::new(),
        }
    };
    quantiles.take_while(|q| enough(*q)).map(point).collect()
}

/// All requests of the sample; a request without a reply counts with its age.
fn all_requests(trial: &Trial) -> Option<Histogram<u64>> {
    let mut all = decode(&trial.histograms.latency)?;
    all.add(decode(&trial.histograms.censored)?).ok()?;
    Some(all)
}
