//! The time series of a trial as a HdrHistogram interval log (`.hlog`), for tools that read
//! this format. Values are nanoseconds; the maxima in the third column are milliseconds.

use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::IntervalLogWriterBuilder;

use crate::record::histogram::decode;
use crate::record::{Cell, Record, Trial};

/// What every log says of its values.
pub(crate) const TITLE: &str =
    "latencies in ns of the correct replies in the window, two significant digits";

const NS_PER_MS: f64 = 1e6;

/// The intervals of the window that have replies; `None` if the record has no histograms for them.
pub(crate) fn hlog(record: &Record, cell: &Cell, trial: &Trial) -> Option<String> {
    let started = humantime::parse_rfc3339(&record.started).unwrap_or(SystemTime::UNIX_EPOCH);
    let title = format!(
        "{} with {} clients, trial {}: {TITLE}",
        cell.contestant.name, cell.load.clients, trial.order
    );
    let mut log = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut writer = IntervalLogWriterBuilder::new()
        .add_comment(&title.replace(['\n', '\r'], " "))
        .with_start_time(started)
        .with_base_time(started)
        .with_max_value_divisor(NS_PER_MS)
        .begin_log_with(&mut log, &mut serializer)
        .ok()?;
    let ends = trial.series.iter().skip(1).map(|interval| interval.t_s);
    let ends = ends.chain([trial.window_s(&cell.load)]);
    for (interval, end_s) in trial.series.iter().zip(ends) {
        if interval.requests == 0 {
            continue;
        }
        let histogram = decode(&interval.histogram)?;
        let start = Duration::try_from_secs_f64(interval.t_s).ok()?;
        let length = Duration::try_from_secs_f64(end_s - interval.t_s).ok()?;
        writer
            .write_histogram(&histogram, start, length, None)
            .ok()?;
    }
    String::from_utf8(log).ok()
}
