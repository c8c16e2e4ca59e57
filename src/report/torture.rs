//! Results of well-behaved clients during attacks, compared with a run without an attack.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::terminal::{BOLD, DIM, WARN, painted, wrapped};
use crate::findings::attack_results::{attack_result, p99_ns, unique};
use crate::findings::early_end::early_end;
use crate::findings::provenance::provenance;
use crate::findings::units::{count, digits, time};
use crate::findings::{CALM, headline, labelled, load_line, no_client_was_served};
use crate::record::Record;
use crate::stats::median;

/// Returns for the name of an attack its description and the resource that it uses up: `(about, takes)`.
pub type Explain<'a> = &'a dyn Fn(&str) -> Option<(&'static str, &'static str)>;

/// The record as a table with one row per attack and one column per server. For a single server
/// the columns are its figures.
pub fn torture(record: &Record, explain: Explain<'_>) -> String {
    let record = &*labelled(record);
    let names = unique(
        record
            .cells
            .iter()
            .map(|cell| cell.contestant.name.as_str()),
    );
    let scenarios = record
        .cells
        .iter()
        .filter_map(|cell| cell.scenario.as_deref());
    let attacks: Vec<&str> = unique(scenarios.filter(|name| *name != CALM));
    let Some(first) = record.cells.first() else {
        return String::new();
    };
    let mut lines = Vec::new();
    if let Some(sentence) = early_end(record) {
        let sentence = wrapped(&sentence, "");
        lines.extend(sentence.iter().map(|line| painted(WARN, line)));
        lines.push(String::new());
    }
    if no_client_was_served(record)
        && let Some(headline) = headline(record)
    {
        let sentence = wrapped(&headline.text, "");
        lines.extend(sentence.iter().map(|line| painted(WARN, line)));
        lines.push(String::new());
    }
    let load = wrapped(&load_line(first), "");
    lines.extend(load.iter().map(|line| painted(BOLD, line)));
    lines.push(String::new());
    lines.extend(match names[..] {
        [name] => details(record, name, &attacks),
        _ => overview(record, &names, &attacks),
    });
    lines.push(String::new());
    let suffers = |attack: &&&str| {
        names
            .iter()
            .filter_map(|name| attack_result(record, name, attack))
            .any(|attack_result| attack_result.suffers())
    };
    for attack in attacks.iter().filter(suffers) {
        if let Some((about, takes)) = explain(attack) {
            let sentence = format!("{attack}: {about}. It takes {takes}.");
            lines.extend(wrapped(&sentence, ""));
        }
    }
    lines.push(painted(DIM, &provenance(record)));
    lines.join("\n") + "\n"
}

/// Several servers: the ratio of p99 to the calm p99, or errors and unserved clients if there are any.
fn overview(record: &Record, names: &[&str], attacks: &[&str]) -> Vec<String> {
    let mut table = table([&["p99 vs calm"], names].concat());
    let calm = names.iter().map(|name| {
        let attack_result = attack_result(record, name, CALM);
        let p99 = attack_result.and_then(|attack_result| p99_ns(attack_result.cell));
        p99.map_or_else(|| "–".to_owned(), time)
    });
    table.add_row([CALM.to_owned()].into_iter().chain(calm));
    for attack in attacks {
        let outcomes = names.iter().map(|name| {
            attack_result(record, name, attack)
                .map_or_else(|| "–".to_owned(), |attack_result| attack_result.outcome())
        });
        table.add_row([(*attack).to_owned()].into_iter().chain(outcomes));
    }
    rows(&mut table)
}

/// The figures of a single server.
fn details(record: &Record, name: &str, attacks: &[&str]) -> Vec<String> {
    let head = [
        "", "hostile", "served", "errors", "p50", "p99", "vs calm", "faults", "retained",
    ];
    let mut table = table(head.to_vec());
    for scenario in [CALM].iter().chain(attacks) {
        let Some(attack_result) = attack_result(record, name, scenario) else {
            continue;
        };
        let p50 = attack_result
            .cell
            .counted_trials()
            .iter()
            .filter_map(|trial| trial.latency_ns.p50);
        let p50: Vec<f64> = p50.map(|ns| ns as f64).collect();
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
        table.add_row([
            attack_result.title(scenario),
            count(attack_result.sum(|trial| trial.hostile_connections.unwrap_or(0))),
            format!(
                "{}/{}",
                attack_result.asked() - attack_result.unserved(),
                attack_result.asked()
            ),
            count(attack_result.errors()),
            or_dash((!p50.is_empty()).then(|| time(median(&p50)))),
            or_dash(p99_ns(attack_result.cell).map(time)),
            or_dash(
                attack_result
                    .times()
                    .map(|times| format!("{}×", digits(times))),
            ),
            count(attack_result.sum(|trial| trial.server.faults.unwrap_or(0))),
            attack_result.left(),
        ]);
    }
    let mut lines = vec![painted(BOLD, name)];
    lines.extend(rows(&mut table));
    lines
}

fn table(head: Vec<&str>) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(head);
    table
}

fn rows(table: &mut Table) -> Vec<String> {
    let columns = table.column_iter_mut();
    columns.enumerate().for_each(|(at, column)| {
        column.set_padding((0, 1));
        if at > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    });
    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}
