//! Where, when and how each record was measured.

use maud::{Markup, html};

use super::scenario_group::Source;
use crate::findings::cpu_accounting::in_words;
use crate::findings::provenance::{provenance, selftest_sentence};
use crate::findings::server_line::server_options;
use crate::findings::units::bytes;

/// One line per record.
pub(crate) fn line(source: &Source<'_>) -> String {
    let record = source.record;
    format!(
        "{}: {}, {}",
        source.label,
        record.started,
        provenance(record)
    )
}

/// All known settings of each record, with the command that repeats it.
pub(crate) fn section(sources: &[Source<'_>]) -> Markup {
    html! {
        section #setting {
            h2 { "How it was measured" }
            @for source in sources {
                h3 { (source.label) }
                p { "The command and its seed. The same seed gives the same order of trials and the same send plans:" }
                pre { (command(source)) }
                div.scroll { table {
                    tbody { @for (name, value) in facts(source) {
                        tr { th scope="row" { (name) } td.words { (value) } }
                    } }
                } }
            }
        }
    }
}

fn command(source: &Source<'_>) -> String {
    let record = source.record;
    let words = record.command.iter().enumerate().map(|(at, word)| {
        // The path of the program is left out.
        let word = if at == 0 { "rpcbench" } else { word };
        shlex::try_quote(word).map_or(word.to_owned(), |quoted| quoted.into_owned())
    });
    let words: Vec<String> = words.collect();
    let seeded = record.command.iter().any(|word| word.starts_with("--seed"));
    let seed = if seeded {
        String::new()
    } else {
        format!(" --seed {}", record.seed)
    };
    words.join(" ") + &seed
}

fn facts(source: &Source<'_>) -> Vec<(&'static str, String)> {
    let record = source.record;
    let (machine, tool) = (&record.environment, &record.tool);
    let known = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
    let trials: usize = record.cells.iter().map(|cell| cell.trials.len()).sum();
    let mut facts = vec![
        ("Started", record.started.clone()),
        ("Trials", trials.to_string()),
        ("Processor", known(machine.cpu_model.clone())),
        ("Cores", machine.cpus.to_string()),
        (
            "Virtual machine",
            if machine.virtualised { "yes" } else { "no" }.to_owned(),
        ),
        (
            "Memory",
            known(machine.memory_bytes.map(|size| bytes(size as f64))),
        ),
        (
            "Kernel",
            known(
                machine
                    .kernel
                    .clone()
                    .map(|kernel| format!("Linux {kernel}")),
            ),
        ),
        ("Frequency governor", known(machine.governor.clone())),
        (
            "Load average, 1 minute",
            known(machine.load_1m.map(|load| format!("{load:.2}"))),
        ),
        (
            "CPU accounting",
            known(machine.cpu_accounting.as_ref().map(in_words)),
        ),
        (
            "File descriptor limit",
            known(machine.limits.nofile.map(|most| most.to_string())),
        ),
        (
            "Maximum listen backlog",
            known(machine.limits.somaxconn.map(|most| most.to_string())),
        ),
        (
            "rpcbench",
            format!("{}, commit {}", tool.version, known(tool.git.clone())),
        ),
        ("Compiler", format!("{}, {}", tool.rustc, tool.profile)),
        ("Seed", record.seed.to_string()),
        (
            "Self-test of this build here",
            selftest_sentence(machine.selftest.as_ref()),
        ),
    ];
    if let Some(quota) = machine.cpu_quota {
        facts.insert(4, ("CPU quota (cores)", format!("{quota}")));
    }
    if !record.resumed.is_empty() {
        facts.push(("Resumed", record.resumed.join(", ")));
    }
    for cell in &record.cells {
        let server = &cell.contestant;
        let label = server
            .command
            .as_ref()
            .map(|command| ("Label", format!("{}: {command}", server.name)));
        let options = server_options(&server.options).join(", ");
        let options = (!options.is_empty())
            .then(|| ("Server options", format!("{}: {options}", server.name)));
        for fact in label.into_iter().chain(options) {
            if !facts.contains(&fact) {
                facts.push(fact);
            }
        }
    }
    for pilot in &record.pilots {
        facts.push((
            "Pilot",
            format!(
                "{}: {} with {} clients, {:.0}/s in a closed loop{}",
                pilot.scenario.as_deref().unwrap_or("load"),
                pilot.contestant,
                pilot.clients,
                pilot.throughput_rps,
                match pilot.clients_unserved {
                    0 => String::new(),
                    some => format!(", {some} clients unserved"),
                }
            ),
        ));
    }
    facts
}
