//! A load that several generators make by hand, and the sum of their records.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rpcbench::internal::cluster::merge::{Source, merge};
use rpcbench::internal::measure::Share;
use rpcbench::record::histogram::decode;
use rpcbench::record::{AssertVerdict, Record, ValidityFinding, Verdict};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{SHORT, Served, measured, rpcbench, undisturbed};

const RANKS: usize = 3;

/// The counts of each bucket of a histogram, added to those before.
fn add_buckets(counts: &mut BTreeMap<u64, u64>, text: &str) {
    let histogram = decode(text).expect("a record has its histograms");
    for bucket in histogram.iter_recorded() {
        *counts.entry(bucket.value_iterated_to()).or_default() += bucket.count_at_value();
    }
}

fn buckets<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    for text in texts {
        add_buckets(&mut counts, text);
    }
    counts
}

/// The records of a load that three generators made at the same time.
fn records(folder: &TempDir) -> Vec<Source> {
    let server = Served::start("async", &[]);
    let start = SystemTime::now() + Duration::from_secs(2);
    let start = start.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let file = |rank: usize| folder.path().join(format!("{rank}.json"));
    let ranks: Vec<_> = (0..RANKS)
        .map(|rank| {
            rpcbench()
                .args(["--rank", &format!("{rank}/{RANKS}")])
                .args(["--start-at", &start.as_secs().to_string()])
                .args(["--target", &server.address.to_string()])
                .args(["--clients", "31", "--rate", "3000", "--idle", "5"])
                .args(["--duration", "600ms", "--warmup", "200ms"])
                .args(["--assert", "throughput>2000", "--assert", "unserved=0"])
                .arg("--save")
                .arg(file(rank))
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut rank in ranks {
        // What a part has says nothing of the whole load.
        assert_eq!(rank.wait().unwrap().code(), Some(4));
    }
    server.stop();
    let read = |rank| (file(rank), Record::read(&file(rank)).unwrap());
    (0..RANKS).map(read).collect()
}

#[test]
fn the_sum_of_three_records_has_the_counts_of_all_in_each_bucket() {
    let folder = tempfile::tempdir().unwrap();
    // A stall of the machine marks the throughput.
    let is_disturbed = |sources: &Vec<Source>| {
        let sum = merge(sources, Vec::new()).unwrap().record;
        let mut findings = sum.cells[0].trials[0].validity.findings.iter();
        findings.any(|finding| ["littles-law", "trend"].contains(&finding.code()))
    };
    let mut sources = undisturbed(|| records(&folder), is_disturbed);
    let trials = |sources: &[Source]| -> Vec<_> {
        let of = |(_, record): &Source| record.cells[0].trials[0].clone();
        sources.iter().map(of).collect()
    };
    let parts = trials(&sources);
    for (rank, part) in parts.iter().enumerate() {
        assert_eq!(part.ranks.len(), 1);
        assert_eq!(part.ranks[0].rank, rank);
        let missing = part.validity.findings.iter().any(|finding| {
            matches!(finding, ValidityFinding::MissingRanks { missing, ranks: 3 } if missing.len() == 2)
        });
        assert!(missing && part.validity.verdict == Verdict::Invalid);
    }
    // In any order.
    sources.rotate_left(1);
    let record = merge(&sources, vec!["rpcbench".to_owned()]).unwrap().record;
    let sum = &record.cells[0].trials[0];
    type Of = fn(&rpcbench::record::Trial) -> &str;
    let histograms: [(&str, Of); 7] = [
        ("latency", |trial| &trial.histograms.latency),
        ("censored", |trial| &trial.histograms.censored),
        ("service", |trial| &trial.histograms.service),
        ("connect", |trial| &trial.histograms.connect),
        ("scheduling", |trial| {
            &trial.delays.as_ref().unwrap().scheduling.histogram
        }),
        ("read", |trial| {
            &trial.delays.as_ref().unwrap().read.histogram
        }),
        ("wire", |trial| {
            &trial.delays.as_ref().unwrap().wire_to_wire.histogram
        }),
    ];
    for (name, of) in histograms {
        assert_eq!(buckets([of(sum)]), buckets(parts.iter().map(of)), "{name}");
    }
    let rows = sum.ranks.iter().map(|row| row.histogram.as_str());
    assert_eq!(buckets([sum.histograms.latency.as_str()]), buckets(rows));
    let total = |of: fn(&rpcbench::record::Trial) -> u64| parts.iter().map(of).sum::<u64>();
    assert_eq!(sum.requests, total(|trial| trial.requests));
    assert_eq!(sum.samples, total(|trial| trial.samples));
    assert_eq!(sum.connects.made, 36);
    assert_eq!(sum.idle.open, 5);
    assert_eq!(sum.clients_served, 31);
    assert_eq!(sum.planned.unwrap(), total(|trial| trial.planned.unwrap()));
    for (at, interval) in sum.series.iter().enumerate() {
        let of = parts.iter().map(|part| part.series[at].requests);
        assert_eq!(interval.requests, of.sum::<u64>());
    }
    let rows: Vec<usize> = sum.ranks.iter().map(|row| row.rank).collect();
    assert_eq!(rows, [0, 1, 2]);
    assert!(sum.share.is_none());
    let codes = sum.validity.findings.iter().map(ValidityFinding::code);
    assert!(
        codes.clone().all(|code| code != "missing-ranks"),
        "{codes:?}"
    );
    refuses_what_is_no_part_of_the_plan(&sources, &folder);
}

fn refuses_what_is_no_part_of_the_plan(sources: &[Source], folder: &TempDir) {
    let refusal = |change: &dyn Fn(&mut Vec<Source>)| {
        let mut changed = sources.to_vec();
        change(&mut changed);
        merge(&changed, Vec::new()).unwrap_err().to_string()
    };
    let seed = refusal(&|sources| sources[0].1.seed += 1);
    assert!(seed.contains("its seed differs from that of"), "{seed}");
    let load = refusal(&|sources| sources[1].1.cells[0].load.clients += 1);
    assert!(load.contains("its load differs"), "{load}");
    let twice = refusal(&|sources| sources[1] = sources[0].clone());
    assert!(twice.contains("has rank 1 too"), "{twice}");
    let whole = refusal(&|sources| sources[2].1.cells[0].trials[0].share = None);
    assert!(whole.contains("not the record of one rank"), "{whole}");
    let damaged = refusal(&|sources| {
        let share = sources[2].1.cells[0].trials[0].share.as_mut().unwrap();
        share.truncate(share.len() / 2);
    });
    assert!(damaged.contains("cannot merge"), "{damaged}");
    // A rank that is missing is named, and the sum is marked.
    let some = merge(&sources[..2], Vec::new()).unwrap().record;
    let validity = &some.cells[0].trials[0].validity;
    assert_eq!(validity.verdict, Verdict::Invalid);
    assert!(
        validity
            .reasons
            .iter()
            .any(|reason| reason.contains("2 of 3 ranks: rank 0 is missing"))
    );
    a_window_that_ended_early_is_a_warning(sources);
    parts_of_another_server_are_a_warning(sources);
    a_sum_is_not_resumed(sources, folder.path());
    the_command_prints_and_saves(folder.path());
}

fn parts_of_another_server_are_a_warning(sources: &[Source]) {
    let mut sources = sources.to_vec();
    let part = sources.iter_mut().find(|(_, record)| {
        let trial = &record.cells[0].trials[0];
        trial.ranks[0].rank == 2
    });
    part.unwrap().1.cells[0].contestant.name = "elsewhere:80".to_owned();
    let warnings = merge(&sources, Vec::new()).unwrap().warnings;
    assert!(
        warnings
            .iter()
            .any(|text| text.contains("rank 2 measured elsewhere:80, and rank 0 127.0.0.1")),
        "{warnings:?}"
    );
}

fn a_sum_is_not_resumed(sources: &[Source], folder: &Path) {
    let mut sum = merge(sources, vec!["rpcbench".to_owned()]).unwrap().record;
    sum.interrupted = true;
    let file = folder.join("interrupted.json");
    sum.write(&file).unwrap();
    let output = rpcbench().arg("--resume").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("several generators"), "{stderr}");
}

fn a_window_that_ended_early_is_a_warning(sources: &[Source]) {
    let mut sources = sources.to_vec();
    let whole = merge(&sources, Vec::new()).unwrap();
    assert!(
        whole
            .warnings
            .iter()
            .all(|warning| !warning.contains(" s of "))
    );
    let trial = &mut sources[0].1.cells[0].trials[0];
    let mut share = Share::decode(trial.share.as_ref().unwrap()).unwrap();
    let window = share.measured.recorder.window();
    share
        .measured
        .recorder
        .end_window(window.from_ns + 200_000_000);
    trial.share = Some(share.encode().unwrap());
    let merged = merge(&sources, Vec::new()).unwrap();
    let rank = share.rank;
    let warning = format!("rank {rank} on {} measured 0.2 s of 0.6 s", share.host);
    assert!(
        merged.warnings.iter().any(|text| text.contains(&warning)),
        "{:?}",
        merged.warnings
    );
    let trial = &merged.record.cells[0].trials[0];
    assert_eq!(trial.measured_s, Some(0.6));
    assert!(trial.interrupted);
    let found = trial.validity.findings.iter();
    let differ = found.filter(|finding| finding.code() == "windows-differ");
    assert_eq!(differ.count(), 1);
    let text = crate::support::text(&merged.record);
    assert!(
        text.contains("send p99") && text.contains(" busy "),
        "{text}"
    );
}

fn the_command_prints_and_saves(folder: &Path) {
    let sum = folder.join("sum.json");
    let output = rpcbench()
        .arg("merge")
        .args((0..RANKS).map(|rank| folder.join(format!("{rank}.json"))))
        .arg("--save")
        .arg(&sum)
        .output()
        .unwrap();
    // The conditions of the parts hold of the sum.
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("3,000"));
    let record = Record::read(&sum).unwrap();
    let verdicts = record.asserts.iter().map(|info| info.verdict);
    assert_eq!(verdicts.collect::<Vec<_>>(), [AssertVerdict::Holds; 2]);
    assert_eq!(record.cells[0].trials[0].ranks.len(), RANKS);
}

#[test]
fn a_part_of_a_load_needs_a_server_that_runs_and_one_load() {
    let refusal = |arguments: &[&str]| {
        let output = rpcbench()
            .args(["--rank", "0/2", "--start-at", "1", "--no-save"])
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let model = refusal(&["--model", "async"]);
    assert!(model.contains("--rank needs a --target"), "{model}");
    let two = refusal(&["--target", "127.0.0.1:9", "--clients", "8,9"]);
    assert!(two.contains("this command has 2"), "{two}");
    let few = refusal(&["--target", "127.0.0.1:9", "--clients", "1"]);
    assert!(few.contains("1 clients for 2 ranks"), "{few}");
    let ahead = rpcbench()
        .args(["--rank", "0/2", "--start-at", "1795832287000"])
        .args(["--target", "127.0.0.1:9", "--no-save"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&ahead.stderr).contains("more than a day ahead"));
    let alone = rpcbench().args(["--rank", "0/2"]).output().unwrap();
    assert!(String::from_utf8_lossy(&alone.stderr).contains("--start-at"));
}

#[test]
fn a_start_in_the_past_is_refused() {
    let server = Served::start("async", &[]);
    let output = rpcbench()
        .args(["--rank", "0/2", "--start-at", "1000", "--no-save"])
        .args(["--target", &server.address.to_string()])
        .output()
        .unwrap();
    server.stop();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("the start has passed") && stderr.contains("later --start-at"),
        "{stderr}"
    );
}

#[test]
fn one_generator_has_no_ranks() {
    let load = ["--model", "async", "--clients", "2"];
    let record: Value = measured(&[&load[..], &SHORT].concat());
    let trial = &record["cells"][0]["trials"][0];
    assert_eq!(trial["ranks"], serde_json::json!([]));
    assert!(trial.get("share").is_none());
}
