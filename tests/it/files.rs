//! `rpcbench report`: the files written from a record.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use rpcbench::internal::report::files::{files, hdr_files};
use rpcbench::record::histogram::encode;
use rpcbench::record::{Cell, Censored, Histograms, Interval, Trial};

use crate::support::{SHORT, cell, record, rpcbench, run, trial};

fn histogram(values: impl IntoIterator<Item = u64>, digits: u8) -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000_000, digits).unwrap();
    values
        .into_iter()
        .for_each(|value| histogram.record(value).unwrap());
    histogram
}

/// A trial of three intervals; the second has no replies.
fn with_histograms() -> Trial {
    let interval = |t_s: f64, values: Vec<u64>| Interval {
        t_s,
        requests: values.len() as u64,
        p50: None,
        p99: None,
        max: None,
        planned: None,
        under_way: None,
        histogram: if values.is_empty() {
            String::new()
        } else {
            encode(&histogram(values, 2))
        },
    };
    Trial {
        histograms: Histograms {
            latency: encode(&histogram((1..=1000).map(|us| us * 1000), 3)),
            censored: encode(&histogram([5_000_000_000], 3)),
            service: encode(&histogram((1..=100).map(|us| us * 1000), 3)),
            connect: String::new(),
            lag: String::new(),
        },
        censored: Censored {
            count: 1,
            min_age_ns: 5_000_000_000,
        },
        exact_below: 0.999,
        series: vec![
            interval(0.0, (1..=500).map(|us| us * 1000).collect()),
            interval(0.25, Vec::new()),
            interval(0.5, (501..=1000).map(|us| us * 1000).collect()),
        ],
        ..trial(0, 1000.0, 10.0)
    }
}

fn file<'a>(files: &'a [(String, String)], end: &str) -> &'a str {
    let found = files.iter().find(|(name, _)| name.ends_with(end));
    &found.unwrap_or_else(|| panic!("no {end}")).1
}

#[test]
fn a_record_is_written_as_a_folder() {
    let record = record(vec![
        cell("async", vec![with_histograms()]),
        cell(
            "python3 'my server.py' {port} | tee",
            vec![trial(1, 1000.0, 10.0)],
        ),
    ]);
    let files = files(&record);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["report.md", "trials.csv", "junit.xml"]);
    let hdr = hdr_files(&record);
    let names: Vec<&str> = hdr.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "hdr/001-async-64-000.response.hgrm",
            "hdr/001-async-64-000.service.hgrm",
            "hdr/001-async-64-000.hlog",
            "hdr/002-python3--my-server-py---port----tee-64-001.hlog",
        ]
    );
    assert!(file(&files, "report.md").contains("| async |"));
    assert_eq!(file(&files, "trials.csv").lines().count(), 3);
}

#[test]
fn distributions_have_the_format_of_hdrhistogram() {
    let record = record(vec![cell("async", vec![with_histograms()])]);
    let files = hdr_files(&record);
    insta::assert_snapshot!("service_hgrm", file(&files, ".service.hgrm"));
    let response = file(&files, ".response.hgrm");
    // The unanswered request is the slowest, and the file says what its value means.
    assert!(
        response.contains(" 1.000000000000       1001\n"),
        "{response}"
    );
    assert!(
        response.contains("5001707.519") || response.contains("5003804.671"),
        "{response}"
    );
    assert!(
        response.contains("# 1 requests without a correct reply"),
        "{response}"
    );
    let levels = response
        .lines()
        .filter(|line| line.contains(" 1.000000000000 "));
    assert_eq!(levels.count(), 1, "the last row appears once");
}

#[test]
fn interval_logs_are_read_back() {
    let record = record(vec![cell("async", vec![with_histograms()])]);
    let files = hdr_files(&record);
    let log = file(&files, ".hlog");
    let entries: Vec<_> = IntervalLogIterator::new(log.as_bytes())
        .map(|entry| entry.expect("a valid line"))
        .collect();
    let intervals: Vec<_> = entries
        .iter()
        .filter_map(|entry| match entry {
            LogEntry::Interval(interval) => Some(interval),
            _ => None,
        })
        .collect();
    assert_eq!(intervals.len(), 2, "the empty interval is left out");
    assert_eq!(intervals[1].start_timestamp().as_millis(), 500);
    assert_eq!(intervals[1].duration().as_millis(), 500);
    let bytes = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        intervals[1].encoded_histogram(),
    );
    let read: Histogram<u64> = Deserializer::new()
        .deserialize(&mut bytes.unwrap().as_slice())
        .unwrap();
    assert_eq!(read, histogram((501..=1000).map(|us| us * 1000), 2));
}

#[test]
fn the_report_command_writes_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("one.json");
    let saved = saved.to_str().unwrap();
    let measured = run(&[
        &["--model", "async", "--clients", "3", "--save", saved][..],
        &SHORT,
    ]
    .concat());
    assert!(measured.status.success());
    let out = folder.path().join("out");
    let output = run(&["report", saved, "--out", out.to_str().unwrap()]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && stdout.contains("report.html: open it in a browser"),
        "{stdout}"
    );
    assert!(!out.join("hdr").exists(), "only with --hdr");
    // With several records, each has its own folder.
    let other = folder.path().join("two.json");
    fs::copy(saved, &other).unwrap();
    let output = run(&[
        "report",
        saved,
        other.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(output.status.success());
    assert!(out.join("one/report.md").exists() && out.join("two/trials.csv").exists());

    let same = folder.path().join("again");
    fs::create_dir(&same).unwrap();
    fs::copy(saved, same.join("one.json")).unwrap();
    let same = same.join("one.json");
    let twice = run(&[
        "report",
        saved,
        same.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(twice.status.success());
    assert!(out.join("one-1/report.md").exists() && out.join("one-2/trials.csv").exists());
    for old in ["one", "two", "report.md", "trials.csv"] {
        assert!(!out.join(old).exists(), "{old} is of an earlier report");
    }

    let missing = run(&["report", "no-such.json", "--out", out.to_str().unwrap()]);
    let stderr = String::from_utf8(missing.stderr).unwrap();
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        stderr.contains("cannot read no-such.json as a record"),
        "{stderr}"
    );
    let blocked = run(&["report", saved, "--out", saved]);
    let stderr = String::from_utf8(blocked.stderr).unwrap();
    assert_eq!(blocked.status.code(), Some(1));
    assert!(
        stderr.contains("name another folder with --out"),
        "{stderr}"
    );
}

/// Runs `report` in a folder, with these arguments.
fn report_in(folder: &Path, args: &[&str]) -> String {
    let output = rpcbench()
        .current_dir(folder)
        .arg("report")
        .args(args)
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_default_folder_is_named_and_holds_only_files_of_the_last_report() {
    let folder = tempfile::tempdir().unwrap();
    let saved = |name: &str, cells: Vec<Cell>| {
        let text = serde_json::to_string(&record(cells)).unwrap();
        fs::write(folder.path().join(name), text).unwrap();
    };
    saved("one.json", vec![cell("async", vec![with_histograms()])]);
    saved("two.json", vec![cell("single", vec![with_histograms()])]);
    let stdout = report_in(folder.path(), &["one.json", "--hdr"]);
    assert!(
        stdout.contains("results/report/report.html: open it")
            && stdout.contains("report.md, trials.csv, junit.xml and hdr/")
            && stdout.contains("replaces these files"),
        "{stdout}"
    );
    let hdr = folder.path().join("results/report/hdr");
    let foreign = hdr.join("mine.hlog");
    fs::write(&foreign, "#[of another program]\n").unwrap();
    let names = || {
        let files = fs::read_dir(&hdr).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.collect::<BTreeSet<_>>()
    };
    assert_eq!(names().len(), 4, "{:?}", names());

    report_in(folder.path(), &["two.json", "--hdr"]);
    let of_second = |name: &String| name.contains("single") || name == "mine.hlog";
    assert!(names().len() == 4 && names().iter().all(of_second));

    let stdout = report_in(folder.path(), &["two.json"]);
    assert!(!stdout.contains("hdr"), "{stdout}");
    assert_eq!(names(), BTreeSet::from(["mine.hlog".to_owned()]));

    fs::remove_file(foreign).unwrap();
    report_in(folder.path(), &["two.json"]);
    assert!(!hdr.exists(), "the empty folder goes");
}
