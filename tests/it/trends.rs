//! What causes a trend over the window of a trial, and what to do about it.

use rpcbench::internal::findings::validity_sentences::sentence;
use rpcbench::internal::measure::trend_causes;
use rpcbench::record::{Cell, Trend, TrendCause, TrendMetric, ValidityFinding, Verdict};

use crate::support::{cell, six, suspect};

/// A round of servers whose throughput changes by these shares; the first one's check found it.
fn round(changes: &[f64]) -> Vec<Cell> {
    let trend = |change_share| Trend {
        metric: TrendMetric::Throughput,
        change_share,
        t: 9.0,
        slices: 50,
    };
    let mut cells: Vec<Cell> = ["threaded", "async", "forking"]
        .iter()
        .zip(changes)
        .map(|(name, change)| {
            let mut trials = six(1.0);
            trials[2].trend = Some(trend(*change));
            cell(name, trials)
        })
        .collect();
    let finding = ValidityFinding::Trend {
        metric: TrendMetric::Throughput,
        change_share: changes[0],
        cause: Some(TrendCause::Unknown),
    };
    cells[0].trials[2].validity = suspect(vec![finding]);
    cells
}

#[test]
fn what_all_servers_of_a_round_show_is_the_machines() {
    let caused = |changes: &[f64]| {
        let mut cells = round(changes);
        trend_causes::set(&mut cells);
        let validity = cells[0].trials[2].validity.clone();
        trend_causes::set(&mut cells);
        assert_eq!(cells[0].trials[2].validity, validity, "it may be set again");
        assert_eq!(validity.reasons, [sentence(&validity.findings[0])]);
        let ValidityFinding::Trend { cause, .. } = validity.findings[0] else {
            panic!("{validity:?}");
        };
        (cause.unwrap(), validity.verdict)
    };
    let machine = TrendCause::Machine { others: 2 };
    assert_eq!(caused(&[-0.4, -0.3, -0.2]), (machine, Verdict::Valid));
    let server = |alike| TrendCause::Server { alike, others: 2 };
    assert_eq!(caused(&[-0.4, -0.3, -0.1]), (server(1), Verdict::Suspect));
    assert_eq!(caused(&[-0.4, 0.4, 0.0]), (server(0), Verdict::Suspect));
    assert_eq!(caused(&[-0.4]), (TrendCause::Unknown, Verdict::Suspect));
    // This server's other rounds show it, or do not.
    for (of_others, cause) in [
        ([-0.3, -0.2, 0.1], server(0)),
        (
            [-0.3, -0.1, 0.1],
            TrendCause::Disturbance {
                alike: 1,
                rounds: 3,
            },
        ),
    ] {
        let mut cells = round(&[-0.4, 0.4, 0.0]);
        let own = cells[0].trials[2].trend;
        for (round, change_share) in [0, 1, 4].into_iter().zip(of_others) {
            let trend = own.map(|own| Trend {
                change_share,
                ..own
            });
            cells[0].trials[round].trend = trend;
        }
        trend_causes::set(&mut cells);
        let found = &cells[0].trials[2].validity.findings[0];
        let has_cause =
            matches!(found, ValidityFinding::Trend { cause: Some(own), .. } if *own == cause);
        assert!(has_cause, "{found:?}");
    }
    // Another finding keeps the trial suspect.
    let mut cells = round(&[-0.4, -0.3, -0.2]);
    let mut findings = cells[0].trials[2].validity.findings.clone();
    findings.push(ValidityFinding::UncleanStop {});
    cells[0].trials[2].validity = suspect(findings);
    trend_causes::set(&mut cells);
    assert_eq!(cells[0].trials[2].validity.verdict, Verdict::Suspect);
    // An older record has no cause, and keeps its words and its verdict.
    let mut older = round(&[-0.4, -0.3, -0.2]);
    older[0].trials[2].validity = suspect(vec![ValidityFinding::Trend {
        metric: TrendMetric::Throughput,
        change_share: -0.4,
        cause: None,
    }]);
    let before = older.clone();
    trend_causes::set(&mut older);
    assert_eq!(older, before);
}

#[test]
fn what_returns_in_most_rounds_is_no_event_of_the_machine() {
    let mut cells = round(&[0.4, 0.3]);
    for cell in &mut cells {
        let trend = cell.trials[2].trend;
        cell.trials.iter_mut().for_each(|trial| trial.trend = trend);
    }
    trend_causes::set(&mut cells);
    let validity = &cells[0].trials[2].validity;
    assert!(
        matches!(
            validity.findings[..],
            [ValidityFinding::Trend {
                cause: Some(TrendCause::Unknown),
                ..
            }]
        ),
        "{validity:?}"
    );
    assert!(validity.reasons[0].contains("--warmup"), "{validity:?}");
}

#[test]
fn the_advice_on_a_trend_fits_its_cause() {
    let metrics = [TrendMetric::Throughput, TrendMetric::Latency];
    let causes = [
        TrendCause::Unknown,
        TrendCause::Machine { others: 5 },
        TrendCause::Disturbance {
            alike: 0,
            rounds: 5,
        },
        TrendCause::Server {
            alike: 0,
            others: 1,
        },
        TrendCause::Server {
            alike: 3,
            others: 5,
        },
    ];
    let mut sentences = Vec::new();
    for metric in metrics {
        for change_share in [0.8, -0.4] {
            for cause in causes {
                let words = sentence(&ValidityFinding::Trend {
                    metric,
                    change_share,
                    cause: Some(cause),
                });
                let is_servers = matches!(cause, TrendCause::Unknown | TrendCause::Server { .. });
                let is_faster = metric.is_faster(change_share);
                assert_eq!(
                    words.contains("--warmup"),
                    is_faster && is_servers,
                    "{words}"
                );
                assert_eq!(words.contains("quiet machine"), !is_faster || !is_servers);
                sentences.push(words);
            }
        }
    }
    insta::assert_snapshot!("trend_sentences", sentences.join("\n"));
}
