//! A record as a folder of files.

use super::hgrm::hgrm;
use super::hlog::{self, hlog};
use crate::findings::labelled;
use crate::record::histogram::decode;
use crate::record::{DelayPart, Delays, Record, Trial};
use crate::report::{ALL, check};

/// The formats that are written to the folder, with their file names.
pub(crate) const SUMMARIES: [(&str, &str); 3] = [
    ("markdown", "report.md"),
    ("csv", CSV_FILE),
    ("junit", "junit.xml"),
];

/// The file with one line per trial.
pub(crate) const CSV_FILE: &str = "trials.csv";

/// The notes that the `.hgrm` files of a report have at their end.
const RESPONSE_NOTE: &str = "response times in µs, from the planned send";
const SERVICE_NOTE: &str = "service times in µs, from the actual send, answered requests only";
/// The parts of the response time that have a file, with their names and notes.
const PARTS: [Part; 4] = [
    (
        "scheduling",
        "scheduling delay of the generator in µs",
        |delays| &delays.scheduling,
    ),
    ("connection", "waits for the connection in µs", |delays| {
        &delays.connection_wait
    }),
    (
        "wire",
        "times from wire to wire in µs, of requests whose send was stamped",
        |delays| &delays.wire_to_wire,
    ),
    (
        "read",
        "read delay of the generator in µs, in no response time",
        |delays| &delays.read,
    ),
];

/// A part of the response time: the end of its file's name, its note, and its histogram.
type Part = (&'static str, &'static str, fn(&Delays) -> &DelayPart);

/// The folder of the histogram files.
pub(crate) const HDR_FOLDER: &str = "hdr";

/// Whether a report wrote this text of a histogram file.
pub(crate) fn is_own_hdr_file(text: &str) -> bool {
    let marks = [RESPONSE_NOTE, SERVICE_NOTE, hlog::TITLE];
    let parts = PARTS.iter().map(|(_, note, _)| *note);
    marks
        .into_iter()
        .chain(parts)
        .any(|mark| text.contains(mark))
}

/// The files of every report as pairs of name and content: Markdown, CSV and JUnit. Of a check,
/// Markdown and JUnit state its verdict.
pub fn files(record: &Record) -> Vec<(String, String)> {
    let render = |(name, file): &(&str, &str)| {
        if let Some(text) = verdict(record, name).filter(|_| *file != CSV_FILE) {
            return Some(((*file).to_owned(), text));
        }
        let format = ALL.iter().find(|format| format.name() == *name)?;
        Some(((*file).to_owned(), format.render(record)))
    };
    SUMMARIES.iter().filter_map(render).collect()
}

/// The verdict of a check in a format; `None` if there is no check, or no such format.
fn verdict(record: &Record, format: &str) -> Option<String> {
    let check = record.check.as_ref()?;
    let form = check::ALL.iter().find(|form| form.name() == format)?;
    Some(form.render(record, check))
}

/// The histogram files as pairs of name and content: for each trial its latencies as `.hgrm`
/// (response and service times, and the parts of an open loop's response times) and as `.hlog` (over time).
///
/// A trial's file name has the cell, the server, its clients and the trial's place in the record.
pub fn hdr_files(record: &Record) -> Vec<(String, String)> {
    let record = &*labelled(record);
    let mut files = Vec::new();
    for (at, cell) in record.cells.iter().enumerate() {
        for trial in &cell.trials {
            let name = format!(
                "{HDR_FOLDER}/{:03}-{}-{}-{:03}",
                at + 1,
                file_name(&cell.contestant.name),
                cell.load.clients,
                trial.order
            );
            files.extend(response(trial).map(|text| (format!("{name}.response.hgrm"), text)));
            files.extend(service(trial).map(|text| (format!("{name}.service.hgrm"), text)));
            files.extend(parts(trial).map(|(part, text)| (format!("{name}.{part}.hgrm"), text)));
            files.extend(hlog(record, cell, trial).map(|text| (format!("{name}.hlog"), text)));
        }
    }
    files
}

/// All requests of the sample. A request without a correct reply counts with its age.
fn response(trial: &Trial) -> Option<String> {
    let mut all = decode(&trial.histograms.latency)?;
    all.add(decode(&trial.histograms.censored)?).ok()?;
    let mut notes = vec![RESPONSE_NOTE.to_owned()];
    if trial.censored.count > 0 {
        notes.push(format!(
            "{} requests without a correct reply are counted at their ages: beyond quantile {} the values are lower bounds",
            trial.censored.count, trial.exact_below
        ));
    }
    Some(hgrm(&all, &notes))
}

fn service(trial: &Trial) -> Option<String> {
    let histogram = decode(&trial.histograms.service)?;
    Some(hgrm(&histogram, &[SERVICE_NOTE.to_owned()]))
}

/// The parts of the response time that were recorded.
fn parts(trial: &Trial) -> impl Iterator<Item = (&'static str, String)> {
    let delays = trial.delays.as_ref();
    let text = move |(name, note, of): &Part| {
        let histogram = decode(&of(delays?).histogram)?;
        let is_known = !histogram.is_empty();
        is_known.then(|| (*name, hgrm(&histogram, &[(*note).to_owned()])))
    };
    PARTS.iter().filter_map(text)
}

/// A name that is valid on any file system.
fn file_name(name: &str) -> String {
    const MAX_CHARS: usize = 40;
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(MAX_CHARS)
        .collect();
    name.trim_matches('-').to_owned()
}
