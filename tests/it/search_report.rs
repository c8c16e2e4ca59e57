//! Reports of searches for the highest rate within a target.

use rpcbench::internal::report;
use rpcbench::record::{Mode, RateEstimate, Record, SearchInfo, SearchRule, Slo, Step, Try};

use crate::support::{cell, one, record, six, text, trial};

fn searched() -> Record {
    let mut open = cell("async", vec![trial(1, 40_000.0, 9.0)]);
    open.load.mode = Mode::Poisson;
    open.load.rate_rps = Some(40_000.0);
    let after = |rate_rps: f64| RateEstimate {
        rate_rps,
        low_rps: 0.9 * rate_rps,
        high_rps: 1.1 * rate_rps,
    };
    let attempt = |order, rule, value_ns, why: Option<&str>, edge: Option<f64>| Try {
        order,
        value_ns: Some(value_ns),
        held: why.is_none() && value_ns < 10_000_000,
        why: why.map(str::to_owned),
        limited: why.is_some(),
        rule: Some(rule),
        edge_after: edge.map(after),
    };
    let step = |rate_rps, tries: Vec<Try>, held| Step {
        rate_rps,
        tries,
        held,
    };
    let holding = SearchInfo {
        contestant: "async".to_owned(),
        workers: None,
        clients: 64,
        slo: Slo {
            quantile: 0.99,
            limit_ns: 10_000_000,
        },
        pilot_rps: 80_000.0,
        steps: vec![
            step(
                56_000.0,
                vec![attempt(2, SearchRule::Start, 2_000_000, None, None)],
                true,
            ),
            step(
                87_500.0,
                vec![attempt(
                    4,
                    SearchRule::Raise,
                    90_000_000,
                    Some("over capacity"),
                    Some(71_000.0),
                )],
                false,
            ),
            step(
                70_000.0,
                vec![
                    attempt(5, SearchRule::Half, 12_000_000, None, Some(69_000.0)),
                    attempt(7, SearchRule::Breaks, 8_000_000, None, Some(71_230.0)),
                ],
                false,
            ),
        ],
        holds_rps: Some(68_120.4),
        breaks_rps: Some(74_000.0),
        edge: Some(after(71_230.0)),
        limited: true,
        server_cores: Some(2),
        holds_rps_per_core: Some(34_060.2),
        gave_up: None,
    };
    let starving = SearchInfo {
        contestant: "single".to_owned(),
        steps: Vec::new(),
        holds_rps: None,
        breaks_rps: None,
        edge: None,
        limited: false,
        server_cores: None,
        holds_rps_per_core: None,
        gave_up: Some("in the closed-loop pilot the server served only 1 of 64 clients".to_owned()),
        ..holding.clone()
    };
    let mut record = record(vec![cell("async", six(1.0)), open]);
    record.searches = vec![holding, starving];
    record
}

#[test]
fn a_search_has_an_answer_and_a_table_of_tries() {
    insta::assert_snapshot!("search", text(&searched()));
    let markdown = report::ALL
        .iter()
        .find(|format| format.name() == "markdown")
        .unwrap();
    insta::assert_snapshot!("search_markdown", markdown.render(&searched()));
    assert!(
        text(&searched())
            .lines()
            .all(|line| line.chars().count() <= 80)
    );
    let page = one(&searched());
    let section = page.html.split("id=\"searches\"").nth(1).unwrap();
    let section = section.split("</section>").next().unwrap();
    assert!(
        section.contains("in half of them at ≥ 71,200/s"),
        "{section}"
    );
    assert!(section.contains("8 of 10 break"), "{section}");
}
