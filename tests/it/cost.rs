//! The scenario `cost`, and the charts of what a request costs at each rate.

use serde_json::Value;

use crate::support::{at_rate, cell, measured, of_scenario, one, record, trial, undisturbed};

#[test]
fn the_scenario_counts_context_switches_from_near_idle_on() {
    let scenario = [
        "--scenario",
        "cost",
        "--model",
        "async,forking",
        "--seed",
        "5",
    ];
    let trials = ["--trials", "1", "--duration", "100ms", "--warmup", "50ms"];
    let arguments = [&scenario[..], &trials].concat();
    let switches = |cell: &Value, kind: &str| {
        let server = &cell["trials"][0]["server"];
        server[format!("{kind}_switches_per_request")].as_f64()
    };
    // Without a reply in a window there is no figure per request.
    let is_disturbed = |record: &Value| {
        let mut cells = record["cells"].as_array().unwrap().iter();
        cells.any(|cell| cell["trials"][0]["requests"] == 0)
    };
    let record = undisturbed(|| measured(&arguments), is_disturbed);
    let cells = record["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 12);
    let rates: Vec<f64> = cells
        .iter()
        .filter(|cell| cell["contestant"]["name"] == "async")
        .map(|cell| cell["load"]["rate_rps"].as_f64().unwrap())
        .collect();
    assert!(rates.is_sorted() && rates[5] / rates[0] > 80.0, "{rates:?}");
    for cell in cells {
        // Each of the 64 processes of forking sleeps between its requests.
        assert!(switches(cell, "voluntary").unwrap() > 0.0, "{cell}");
        assert!(switches(cell, "involuntary").unwrap() >= 0.0, "{cell}");
    }
}

#[test]
fn the_page_draws_the_cost_of_a_request_against_the_rate() {
    let cells = [400.0, 4000.0, 34_000.0].map(|rate_rps| {
        let mut trial = trial(0, rate_rps, 9.0 + 4000.0 / rate_rps);
        trial.server.voluntary_switches_per_request = Some(400.0 / rate_rps);
        trial.server.involuntary_switches_per_request = Some(0.01);
        let cell = at_rate(cell("async", vec![trial]), rate_rps);
        of_scenario(cell, "cost", 64, 100)
    });
    let page = one(&record(cells.to_vec()));
    let pictures: Vec<&str> = page
        .pictures
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    for chart in ["cpu", "switches", "preemptions", "rate-p50"] {
        let name = format!("{chart}-cost.svg");
        assert!(pictures.contains(&name.as_str()), "{name}: {pictures:?}");
    }
    // From 400 to 34,000 per second the axis is logarithmic: the middle of both is at 3,700.
    let (_, svg) = page
        .pictures
        .iter()
        .find(|(name, _)| name == "cpu-cost.svg")
        .unwrap();
    assert!(svg.contains("1,000/s") || svg.contains("1000/s"), "{svg}");
    let table = page.html.split("id=\"switches\"").nth(1).unwrap();
    assert!(table.contains("400/s"), "the table beside the chart");
}
