//! What the checks on a trial found: codes and values in a record, words in a report.

use std::fs;

use rpcbench::internal::findings::validity_sentences::sentence;
use rpcbench::internal::report;
use rpcbench::record::{
    Cell, ErrorCounts, NoReplyCause, Priority, RankName, Record, TrendCause, TrendMetric, Validity,
    ValidityFinding, Verdict,
};
use serde_json::{Value, json};

use crate::support::{cell, record, six, suspect, text};

/// One finding of each code, in the order of the checks.
fn every_finding() -> Vec<ValidityFinding> {
    vec![
        ValidityFinding::NoReplies {
            cause: NoReplyCause::Closed,
        },
        ValidityFinding::EndedEarly {
            planned_s: 5.0,
            measured_s: 3.5,
        },
        ValidityFinding::GeneratorLimited {
            busy_share: 0.6,
            waited_share: 0.35,
            threads: 1,
            cores: 2,
        },
        ValidityFinding::OverCapacity {
            offered_rps: 43_000.0,
            achieved_rps: 6_726.5,
        },
        ValidityFinding::StillConnecting { ramp_s: 1.283 },
        ValidityFinding::SchedulingDelay {
            lag_p50_ns: 80_000,
            latency_p50_ns: 120_000,
            undelayed_p50_ns: Some(70_000),
        },
        ValidityFinding::Failures {
            errors: ErrorCounts {
                reset: 3,
                reply: 2,
                ..ErrorCounts::default()
            },
            samples: 100,
            first_wrong: Some("\"pang\"".to_owned()),
        },
        ValidityFinding::LittlesLaw {
            under_way_mean: 10.0,
            throughput_times_latency: 12.5,
        },
        ValidityFinding::Trend {
            metric: TrendMetric::Throughput,
            change_share: -0.56,
            cause: Some(TrendCause::Unknown),
        },
        ValidityFinding::HypervisorSteal { stolen_share: 0.12 },
        ValidityFinding::UncleanStop {},
        ValidityFinding::DebugBuild {},
        ValidityFinding::HistogramOverflow { times: 7 },
        ValidityFinding::NoStamps {
            unstamped: 900,
            replies: 1000,
        },
        ValidityFinding::ClientPriority {
            asked: Priority::Realtime,
            got: Priority::Normal,
        },
        ValidityFinding::MissingRanks {
            missing: vec![2, 3],
            ranks: 4,
        },
        ValidityFinding::WindowsDiffer {
            shortest_s: 0.2,
            longest_s: 0.6,
        },
        ValidityFinding::RanksApart {
            apart_ns: 84_000_000,
        },
        ValidityFinding::SaturatedRanks {
            ranks: vec![RankName {
                rank: 1,
                host: "b".to_owned(),
            }],
            busy_share: 0.97,
        },
        ValidityFinding::Stragglers {
            ranks: (0..7)
                .map(|rank| RankName {
                    rank,
                    host: format!("host{rank}"),
                })
                .collect(),
            p50_ns: 20_300_000,
            usual_p50_ns: 240_000,
        },
        ValidityFinding::Legacy {
            text: "it was a bad day".to_owned(),
        },
        ValidityFinding::Unknown {
            code: "too-hot".to_owned(),
            values: json!({"temperature_celsius": 98.5}),
        },
    ]
}

#[test]
fn each_finding_survives_json_and_has_a_sentence() {
    for finding in every_finding() {
        let stored = serde_json::to_value(&finding).unwrap();
        assert_eq!(stored["code"], finding.code(), "the code is the one stored");
        assert!(stored["values"].is_object(), "{stored}");
        assert_eq!(stored.as_object().unwrap().len(), 2, "{stored}");
        let read: ValidityFinding = serde_json::from_value(stored).unwrap();
        assert_eq!(read, finding);
        let words = sentence(&finding);
        assert!(!words.is_empty() && !words.ends_with('.'), "{words}");
    }
}

#[test]
fn sentences_have_the_figures_and_the_remedy() {
    let all: Vec<String> = every_finding().iter().map(sentence).collect();
    insta::assert_snapshot!("validity_sentences", all.join("\n"));
    // More threads help only where cores are free.
    let limited = |waited_share, cores| {
        sentence(&ValidityFinding::GeneratorLimited {
            busy_share: 0.97,
            waited_share,
            threads: 1,
            cores,
        })
    };
    for cores in [3, 8] {
        assert!(limited(0.0, cores).ends_with("give a higher --client-threads"));
    }
    assert!(!limited(0.0, 2).contains("--client-threads"));
    assert!(!limited(0.2, 8).contains("--client-threads"));
}

#[test]
fn the_documented_table_has_each_code_with_its_values() {
    let documented = include_str!("../../results/README.md");
    for finding in every_finding() {
        let stored = serde_json::to_value(&finding).unwrap();
        let code = match finding {
            ValidityFinding::Unknown { .. } => continue,
            _ => finding.code(),
        };
        let row = format!("| `{code}` |");
        let row = documented.lines().find(|line| line.starts_with(&row));
        let row = row.unwrap_or_else(|| panic!("results/README.md has no row for {code}"));
        for name in stored["values"].as_object().unwrap().keys() {
            assert!(row.contains(&format!("`{name}`")), "{row} lacks {name}");
        }
    }
}

fn markdown(record: &Record) -> String {
    let formats = report::ALL.iter();
    let format = formats.clone().find(|format| format.name() == "markdown");
    format.unwrap().render(record)
}

fn warning_lines(markdown: &str) -> Vec<&str> {
    let lines = markdown.lines();
    let is_warning = |line: &&str| line.starts_with("- Suspect") || line.starts_with("- Invalid");
    lines.filter(is_warning).collect()
}

/// A threaded server whose trials have these findings, in this order.
fn with_findings(findings: &[ValidityFinding]) -> Vec<Cell> {
    let mut trials = six(1.0);
    for (trial, finding) in trials.iter_mut().zip(findings) {
        trial.validity = suspect(vec![finding.clone()]);
    }
    vec![cell("threaded", trials), cell("async", six(2.0))]
}

#[test]
fn a_check_with_two_outcomes_is_one_warning() {
    let trend = |change_share| ValidityFinding::Trend {
        metric: TrendMetric::Throughput,
        change_share,
        cause: None,
    };
    let record = record(with_findings(&[trend(0.29), trend(-0.58), trend(0.41)]));
    let rendered = markdown(&record);
    let warnings = warning_lines(&rendered);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].starts_with(
            "- Suspect in 3 of 12 trials (threaded), for example: throughput rose by 29 %"
        ),
        "{warnings:?}"
    );
}

/// A table marks such servers and sentences name them, so the text does not say it again.
#[test]
fn the_text_leaves_out_by_code_what_it_says_elsewhere() {
    // The first line has each finding in a few words.
    let rendered = |finding| {
        let text = text(&record(with_findings(&[finding])));
        text.split_once("\n\n").unwrap().1.to_owned()
    };
    for finding in every_finding() {
        let is_left_out = matches!(finding.code(), "generator-limited" | "over-capacity");
        let rendered = rendered(finding.clone());
        let words = ["Suspect in 1", "Invalid in 1", "Note in 1"];
        let has_warning = words.iter().any(|word| rendered.contains(word));
        assert_eq!(!has_warning, is_left_out, "{finding:?}: {rendered}");
    }
}

#[test]
fn a_record_without_findings_reads_and_shows_its_reasons() {
    let old: Validity = serde_json::from_value(json!({
        "verdict": "suspect",
        "reasons": ["throughput rose by 29 %", "it was a bad day"],
    }))
    .unwrap();
    let codes: Vec<&str> = old.findings.iter().map(ValidityFinding::code).collect();
    assert_eq!(codes, ["legacy", "legacy"]);
    // It stays the same when it is written and read again.
    let again: Validity = serde_json::from_value(serde_json::to_value(&old).unwrap()).unwrap();
    assert_eq!(again, old);
}

/// The reference results name their warnings as they did when the report was made.
#[test]
fn the_reference_record_shows_the_same_warnings_as_its_report() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/results/reference");
    let record = Record::read(format!("{folder}/full.json").as_ref()).unwrap();
    let report = fs::read_to_string(format!("{folder}/report.md")).unwrap();
    let rendered = markdown(&record);
    let warnings = warning_lines(&rendered);
    assert!(!warnings.is_empty());
    assert_eq!(warnings, warning_lines(&report));
}

#[test]
fn a_finding_of_a_newer_version_reads_and_shows_the_text_of_the_record() {
    let mut newer = record(with_findings(&[ValidityFinding::UncleanStop {}]));
    let mut stored = serde_json::to_value(&newer).unwrap();
    let of_trial = |stored: &mut Value, validity: Value| {
        stored["cells"][0]["trials"][0]["validity"] = validity;
    };
    of_trial(
        &mut stored,
        json!({
            "verdict": "invalid",
            "findings": [
                {"code": "too-hot", "values": {"temperature_celsius": 98.5}},
                {"code": "too-loud"},
                // A known code whose values changed is as unknown.
                {"code": "trend", "values": {"figure": "memory"}},
            ],
            "reasons": ["the machine was at 98 °C; cool it", "the fans were loud", "memory rose"],
        }),
    );
    newer = Record::parse(&stored.to_string()).unwrap();
    let validity = &newer.cells[0].trials[0].validity;
    assert_eq!(validity.verdict, Verdict::Invalid);
    let codes: Vec<&str> = validity.findings.iter().map(|one| one.code()).collect();
    assert_eq!(codes, ["too-hot", "too-loud", "trend"]);
    let rendered = markdown(&newer);
    assert_eq!(
        warning_lines(&rendered),
        [
            "- Invalid in 1 of 12 trials (threaded): the machine was at 98 °C; cool it.",
            "- Suspect in 1 of 12 trials (threaded): the fans were loud.",
            "- Suspect in 1 of 12 trials (threaded): memory rose.",
        ]
    );
    let again = Record::parse(&serde_json::to_string(&newer).unwrap()).unwrap();
    assert_eq!(again, newer, "nothing is lost");
}
