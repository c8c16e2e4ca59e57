//! The table of the generators of a load that several made, in text, Markdown and page.

use rpcbench::internal::report;
use rpcbench::record::{Lag, RankClock, RankName, RankSide, Record, ValidityFinding, Verdict};

use crate::support::{cell, one, plain, record, suspect, trial};

fn rank(rank: usize, host: &str) -> RankSide {
    RankSide {
        rank,
        host: host.to_owned(),
        clients: 32,
        clients_served: 32,
        requests: 25_000 + rank as u64,
        throughput_rps: 25_000.0,
        planned: None,
        latency_ns: Default::default(),
        histogram: String::new(),
        censored: 0,
        errors: Default::default(),
        unanswered: 0,
        busy_fraction: 0.25,
        limited: false,
        lag_ns: Lag {
            p50: Some(4_000),
            p99: Some(120_000),
            max: Some(900_000),
        },
        begun_late_ns: 0,
        clock: (rank > 0).then(|| RankClock {
            offset_s: Some(-0.000_25),
            ..RankClock::default()
        }),
        verdict: Verdict::Valid,
    }
}

fn of_ranks(count: usize) -> Record {
    let mut sum = trial(0, 100_000.0, 10.0);
    sum.ranks = (0..count)
        .map(|number| rank(number, "a-host-with-a-long-name"))
        .collect();
    sum.validity = suspect(vec![ValidityFinding::Stragglers {
        ranks: vec![RankName {
            rank: count - 1,
            host: "a-host-with-a-long-name".to_owned(),
        }],
        p50_ns: 900_000,
        usual_p50_ns: 100_000,
    }]);
    record(vec![cell("async", vec![sum])])
}

fn rendered(format: &str, record: &Record) -> String {
    let format = report::ALL.iter().find(|one| one.name() == format);
    plain_or_not(&format.unwrap().render(record))
}

fn plain_or_not(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn the_text_has_a_row_per_rank_and_names_a_straggler_first() {
    let record = of_ranks(3);
    let text = plain(&report::ALL[0].render(&record));
    let rows = text.lines().skip_while(|line| !line.contains("send p99"));
    let rows: Vec<&str> = rows.take(6).collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn all_formats_have_the_table() {
    let record = of_ranks(3);
    let markdown = rendered("markdown", &record);
    assert!(
        markdown.contains("| 2 | a-host-with-a-long-name | 25,002 | 25,000 | 25 % | 120 µs | −250 µs | straggler |"),
        "{markdown}"
    );
    let html = one(&record).html;
    assert!(html.contains("Load generators") && html.contains("straggler"));
}

#[test]
fn a_long_table_says_how_many_ranks_it_leaves_out() {
    let text = rendered("text", &of_ranks(40));
    assert!(text.contains("The record has 8 more"), "{text}");
    // The marked rank is the last one, and shown.
    assert!(text.contains("straggler"), "{text}");
}

#[test]
fn one_generator_has_no_table() {
    let record = record(vec![cell("async", vec![trial(0, 1000.0, 10.0)])]);
    for format in ["text", "markdown"] {
        assert!(!rendered(format, &record).contains("send p99"));
    }
}
