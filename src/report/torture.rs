//! What well-behaved clients saw while others attacked, beside a calm run.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::text::{BOLD, DIM, load_line, painted, provenance, wrapped};
use super::units::{bytes, count, digits, time};
use crate::record::{Cell, Record, Trial};
use crate::stats::median;

/// The scenario of a run without an attack.
pub const CALM: &str = "calm";
/// A p99 of more than so many times the calm one is suffering.
const SUFFERS: f64 = 10.0;

/// What an attack does and takes, by its name: `(about, takes)`.
pub type Explain<'a> = &'a dyn Fn(&str) -> Option<(&'static str, &'static str)>;

/// One contestant under one attack.
struct Case<'a> {
    cell: &'a Cell,
    /// p99 of the calm run.
    calm_p99_ns: Option<f64>,
}

/// The record as a table: attacks down, contestants across; of a single one, figure by figure.
pub fn torture(record: &Record, explain: Explain<'_>) -> String {
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
    let mut lines = wrapped(&load_line(first), "")
        .iter()
        .map(|line| painted(BOLD, line))
        .collect::<Vec<_>>();
    lines.push(String::new());
    lines.extend(match names[..] {
        [name] => details(record, name, &attacks),
        _ => overview(record, &names, &attacks),
    });
    lines.push(String::new());
    let suffers = |attack: &&&str| {
        names
            .iter()
            .filter_map(|name| case(record, name, attack))
            .any(|case| case.suffers())
    };
    for attack in attacks.iter().filter(suffers) {
        if let Some((about, takes)) = explain(attack) {
            let told = format!("{attack}: {about}. It takes {takes}.");
            lines.extend(wrapped(&told, ""));
        }
    }
    lines.push(painted(DIM, &provenance(record)));
    lines.join("\n") + "\n"
}

/// Whether any well-behaved client had an error or was left unserved under an attack.
pub fn any_suffered(record: &Record) -> bool {
    let attacked = record
        .cells
        .iter()
        .filter(|cell| cell.scenario.as_deref() != Some(CALM));
    attacked
        .flat_map(|cell| &cell.trials)
        .any(|trial| trial.clients_unserved > 0 || trial.errors.total() > 0)
}

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut unique = Vec::new();
    names.for_each(|name| {
        if !unique.contains(&name) {
            unique.push(name);
        }
    });
    unique
}

fn case<'a>(record: &'a Record, name: &str, scenario: &str) -> Option<Case<'a>> {
    let of = |scenario: &str| {
        record.cells.iter().find(|cell| {
            cell.contestant.name == name
                && cell.scenario.as_deref() == Some(scenario)
                && !cell.trials.is_empty()
        })
    };
    Some(Case {
        cell: of(scenario)?,
        calm_p99_ns: of(CALM).and_then(p99_ns),
    })
}

fn p99_ns(cell: &Cell) -> Option<f64> {
    let values = cell.trials.iter().filter_map(|trial| trial.latency_ns.p99);
    let values: Vec<f64> = values.map(|ns| ns as f64).collect();
    (!values.is_empty()).then(|| median(&values))
}

impl Case<'_> {
    fn sum(&self, of: impl Fn(&Trial) -> u64) -> u64 {
        self.cell.trials.iter().map(of).sum()
    }

    fn errors(&self) -> u64 {
        self.sum(|trial| trial.errors.total())
    }

    fn unserved(&self) -> u64 {
        self.sum(|trial| trial.clients_unserved as u64)
    }

    fn asked(&self) -> u64 {
        self.sum(|trial| trial.clients_asked.unwrap_or(0) as u64)
    }

    /// How many times the calm p99 it is.
    fn times(&self) -> Option<f64> {
        Some(p99_ns(self.cell)? / self.calm_p99_ns?)
    }

    fn suffers(&self) -> bool {
        let slow = self.times().is_some_and(|times| times > SUFFERS);
        self.errors() > 0 || self.unserved() > 0 || slow
    }

    /// In a word.
    fn outcome(&self) -> String {
        if self.unserved() > 0 {
            format!("{}/{} served", self.asked() - self.unserved(), self.asked())
        } else if self.errors() > 0 {
            format!("{} errors", count(self.errors()))
        } else {
            self.times()
                .map_or_else(|| "–".to_owned(), |times| format!("{}×", digits(times)))
        }
    }

    /// What the server has not given back.
    fn left(&self) -> String {
        let residues = self.cell.trials.iter().filter_map(|trial| trial.residue);
        let mut residues = residues.rev();
        let Some(residue) = residues.next() else {
            return "not seen".to_owned();
        };
        let more = |[before, after]: [u64; 2]| after.saturating_sub(before);
        let kept = [
            (more(residue.descriptors), "fds"),
            (more(residue.processes), "processes"),
            (more(residue.threads), "threads"),
        ];
        let kept: Vec<String> = kept
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| format!("{number} {what}"))
            .collect();
        let memory = format!("+{}", bytes(more(residue.pss_bytes) as f64));
        if kept.is_empty() {
            memory
        } else {
            format!("{}, {memory}", kept.join(", "))
        }
    }
}

/// Several contestants: p99 against calm, or what was worse.
fn overview(record: &Record, names: &[&str], attacks: &[&str]) -> Vec<String> {
    let mut table = table([&["p99 against calm"], names].concat());
    let calm = names.iter().map(|name| {
        let case = case(record, name, CALM);
        let p99 = case.and_then(|case| p99_ns(case.cell));
        p99.map_or_else(|| "–".to_owned(), time)
    });
    table.add_row([CALM.to_owned()].into_iter().chain(calm));
    for attack in attacks {
        let outcomes = names.iter().map(|name| {
            case(record, name, attack).map_or_else(|| "–".to_owned(), |case| case.outcome())
        });
        table.add_row([(*attack).to_owned()].into_iter().chain(outcomes));
    }
    rows(&mut table)
}

/// One contestant in figures.
fn details(record: &Record, name: &str, attacks: &[&str]) -> Vec<String> {
    let head = [
        "", "hostile", "served", "errors", "p50", "p99", "calm", "faults", "left",
    ];
    let mut table = table(head.to_vec());
    for scenario in [CALM].iter().chain(attacks) {
        let Some(case) = case(record, name, scenario) else {
            continue;
        };
        let p50 = case
            .cell
            .trials
            .iter()
            .filter_map(|trial| trial.latency_ns.p50);
        let p50: Vec<f64> = p50.map(|ns| ns as f64).collect();
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
        table.add_row([
            (*scenario).to_owned(),
            count(case.sum(|trial| trial.hostile_connections.unwrap_or(0))),
            format!("{}/{}", case.asked() - case.unserved(), case.asked()),
            count(case.errors()),
            or_dash((!p50.is_empty()).then(|| time(median(&p50)))),
            or_dash(p99_ns(case.cell).map(time)),
            or_dash(case.times().map(|times| format!("{}×", digits(times)))),
            count(case.sum(|trial| trial.server.faults.unwrap_or(0))),
            case.left(),
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
