//! The HTML report: its content, for all kinds of records.

use std::collections::HashSet;

use rpcbench::record::{DelayPart, Delays, NoReplyCause, Outcome, Record, ValidityFinding};
use serde_json::Value;

use crate::support::{checked, one, record, study, suspect, two_records, words};

#[test]
fn the_text_of_a_study() {
    let page = one(&study());
    insta::assert_snapshot!("words", words(&page.html));
}

#[test]
fn the_order_of_the_sections() {
    let html = one(&study()).html;
    let ids = [
        "answer",
        "orders",
        "throughput",
        "rates",
        "percentiles",
        "cpu",
        "memory",
        "fairness",
        "time",
        "setting",
        "data",
    ];
    let places: Vec<usize> = ids
        .iter()
        .map(|id| {
            html.find(&format!("id=\"{id}\""))
                .unwrap_or_else(|| panic!("no section {id}"))
        })
        .collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn every_chart_is_in_the_page_with_a_table_and_in_a_file() {
    let page = one(&study());
    assert!(page.pictures.len() >= 10, "{}", page.pictures.len());
    let figures: Vec<&str> = page.html.split("<figure ").skip(1).collect();
    assert_eq!(figures.len(), page.pictures.len());
    for figure in figures {
        let figure = figure.split("</figure>").next().unwrap();
        let series = figure.matches("data-series=").count();
        assert!(figure.contains("<svg") && series > 0, "{figure}");
        assert!(
            figure.contains("<table>") && figure.contains("<td>"),
            "{figure}"
        );
    }
    let names: HashSet<&String> = page.pictures.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), page.pictures.len(), "duplicate file name");
    for (name, svg) in &page.pictures {
        assert!(page.html.contains(svg.as_str()), "{name}");
    }
}

#[test]
fn the_page_loads_nothing_from_a_network_and_has_no_duplicate_ids() {
    let html = one(&study()).html;
    for (at, _) in html.match_indices("http") {
        let around = &html[at.saturating_sub(8)..at + 30];
        assert!(around.contains("xmlns"), "{around}");
    }
    for mark in [" src=", "@import", "url(", "<link rel=\"stylesheet"] {
        assert!(!html.contains(mark), "{mark}");
    }
    let mut seen = HashSet::new();
    for rest in html.split(" id=\"").skip(1) {
        let id = rest.split('"').next().unwrap();
        assert!(seen.insert(id), "duplicate id {id}");
    }
}

#[test]
fn the_embedded_data_are_the_record_without_histograms() {
    let mut study = study();
    let text = || "AAAA".to_owned();
    let part = || DelayPart {
        histogram: text(),
        ..DelayPart::default()
    };
    let trial = &mut study.cells[0].trials[0];
    trial.share = Some(text());
    trial.delays = Some(Delays {
        scheduling: part(),
        connection_wait: part(),
        wire_to_wire: part(),
        read: part(),
        ..Delays::default()
    });
    let html = one(&study).html;
    let json = html.split("id=\"json-0\">").nth(1).unwrap();
    let json = json.split("</script>").next().unwrap();
    assert!(!has_histogram(&serde_json::from_str(json).unwrap()));
    assert!(has_histogram(&serde_json::to_value(&study).unwrap()));
    let read = Record::parse(json).unwrap();
    assert_eq!(read.cells.len(), study.cells.len());
    assert_eq!(
        read.cells[0].trials[0].requests,
        study.cells[0].trials[0].requests
    );
    assert!(read.cells[0].trials[0].share.is_none());
    assert!(html.contains("id=\"csv-0\">scenario,contestant,"));
}

#[test]
fn many_parts_that_were_left_out_take_one_notice() {
    let mut study = study();
    study.left_out = vec!["idle at one rate: none serves".to_owned()];
    let html = one(&study).html;
    assert!(html.contains("<p class=\"notice\">Left out: idle at one rate: none serves.</p>"));
    for part in ["bulk", "wait"] {
        study
            .left_out
            .push(format!("{part} at one rate: few serve"));
    }
    let html = one(&study).html;
    assert!(!html.contains("Left out: "));
    let notice = html.split("<details class=\"notice\">").nth(1).unwrap();
    let notice = words(notice.split("</details>").next().unwrap());
    let expected = "3 parts were left out, for example: idle at one rate: none serves. \
                    idle at one rate: none serves. bulk at one rate: few serve. \
                    wait at one rate: few serve.";
    assert_eq!(
        notice.split_whitespace().collect::<Vec<_>>().join(" "),
        expected
    );
}

/// Whether there is a histogram anywhere: the text of a key `histogram`, or in `histograms`.
fn has_histogram(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            let texts: Vec<&Value> = match (name.as_str(), value) {
                ("histogram", text) => vec![text],
                ("histograms", Value::Object(texts)) => texts.values().collect(),
                _ => Vec::new(),
            };
            let is_text = |text: &&Value| text.as_str().is_some_and(|text| !text.is_empty());
            texts.iter().any(is_text) || has_histogram(value)
        }),
        Value::Array(values) => values.iter().any(has_histogram),
        _ => false,
    }
}

#[test]
fn names_with_markup_are_escaped() {
    let mut study = study();
    let name = "</script><script>alert(1)</script> & \"x\" 'y'";
    for cell in &mut study.cells {
        if cell.contestant.name == "async" {
            cell.contestant.name = name.to_owned();
        }
    }
    study.command.push(name.to_owned());
    let html = one(&study).html;
    assert!(!html.contains("<script>alert"), "escaped");
    // The page's own: two of data, one of code.
    assert_eq!(html.matches("</script>").count(), 3);
}

#[test]
fn warnings_are_shown_at_the_charts_they_apply_to() {
    let html = one(&study()).html;
    let figures: Vec<&str> = html.split("<figure ").skip(1).collect();
    for figure in figures {
        let figure = figure.split("</figure>").next().unwrap();
        // A warning about rates and times does not apply to sizes.
        let sizes = ["figure-memory", "figure-processes", "figure-threads"];
        let of_size = sizes.iter().any(|size| figure.contains(size));
        let of_echo = figure.contains("-echo\"") && !of_size;
        assert_eq!(
            figure.contains("the hypervisor took 12 %"),
            of_echo,
            "{figure}"
        );
    }
}

#[test]
fn compared_records_share_their_charts() {
    let (one, mut other) = (study(), study());
    other.cells.retain(|cell| cell.contestant.name != "single");
    let page = two_records([("before", &one), ("after", &other)]);
    let throughput = page
        .pictures
        .iter()
        .find(|(name, _)| name.starts_with("throughput-"));
    let (_, svg) = throughput.unwrap();
    for name in ["async · before", "async · after", "single · before"] {
        assert!(svg.contains(&format!("data-series=\"{name}\"")), "{name}");
    }
    assert!(!svg.contains("single · after"));
    assert!(page.html.contains("this page does not rank across records"));
}

#[test]
fn different_rates_of_compared_records_are_all_shown() {
    let (one, mut other) = (study(), study());
    for cell in &mut other.cells {
        cell.load.rate_rps = cell.load.rate_rps.map(|rate| 2.0 * rate);
    }
    other.cells[4].trials[0].validity = suspect(vec![ValidityFinding::Legacy {
        text: "it was a bad day".to_owned(),
    }]);
    let html = two_records([("before", &one), ("after", &other)]).html;
    let title = "ladder: response time by percentile, before: 64 clients, 9,000/s; after: 64 clients, 18,000/s";
    assert!(html.contains(title));
    // The warning names the record it belongs to.
    assert!(html.contains("after: Suspect in 1 of 36 trials (threaded): it was a bad day."));
    // Loads with different payloads are not compared.
    let mut large = study();
    large
        .cells
        .iter_mut()
        .for_each(|cell| cell.load.payload_bytes = 65_536);
    let page = two_records([("before", &one), ("large", &large)]);
    let throughput = page
        .pictures
        .iter()
        .filter(|(name, _)| name.starts_with("throughput-"));
    assert_eq!(throughput.count(), 2, "a chart per load");
}

/// Records without trials, valid trials, enough rounds or histograms.
#[test]
fn incomplete_records_have_a_page_that_states_what_is_missing() {
    let none = record(Vec::new());
    assert!(one(&none).html.contains("No trial was completed"));
    let mut no_trials = study();
    no_trials
        .cells
        .iter_mut()
        .for_each(|cell| cell.trials.clear());
    no_trials.interrupted = true;
    let page = one(&no_trials);
    assert!(page.html.contains("No trial was completed") && page.pictures.is_empty());
    assert!(page.html.contains("Ended early"));
    let mut invalid = study();
    for trial in invalid.cells.iter_mut().flat_map(|cell| &mut cell.trials) {
        trial.validity = suspect(vec![ValidityFinding::NoReplies {
            cause: NoReplyCause::Closed,
        }]);
    }
    let html = one(&invalid).html;
    assert!(html.contains("nothing to rank"), "no ranking is shown");
    assert!(html.contains("Invalid in ") && !html.contains("needs the least"));
    let mut few = study();
    few.cells
        .iter_mut()
        .for_each(|cell| cell.trials.truncate(2));
    assert!(one(&few).html.contains("too few to rank"));
    let mut without_histograms = study();
    for trial in without_histograms
        .cells
        .iter_mut()
        .flat_map(|cell| &mut cell.trials)
    {
        trial.histograms = Default::default();
        trial.series.clear();
    }
    let page = one(&without_histograms);
    assert!(
        page.pictures
            .iter()
            .all(|(name, _)| !name.starts_with("percentiles"))
    );
}

#[test]
fn a_check_has_its_verdict_a_forest_plot_and_a_dot_per_pair() {
    let page = one(&checked(Outcome::Regressed));
    let text = words(&page.html);
    assert!(
        text.contains("REGRESSED: CPU per request 20 % higher"),
        "{text}"
    );
    assert!(
        text.contains(
            "CPU per request | REGRESSED | 20 % higher | 20.0 µs | 24.0 µs | 14 % to 27 % higher"
        ),
        "{text}"
    );
    let names: Vec<&str> = page
        .pictures
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names[..2], ["check-0-forest.svg", "check-0-pairs.svg"]);
    // The page has no ranking of baseline and candidate: the check compares them.
    assert!(!page.html.contains("id=\"orders\"") && !page.html.contains("id=\"answer\""));
    let (_, throughput) = page
        .pictures
        .iter()
        .find(|(name, _)| name.starts_with("throughput"))
        .unwrap();
    for side in ["async baseline", "async candidate"] {
        assert!(
            throughput.contains(&format!("data-series=\"{side}\"")),
            "{side}"
        );
    }
    let (_, pairs) = &page.pictures[1];
    assert_eq!(
        pairs.matches("pair 7").count(),
        4,
        "a tooltip and a title for each of two metrics"
    );
}
