//! Where, when and how it was measured.

use maud::{Markup, html};

use super::scenario_group::Source;
use crate::findings::provenance::provenance;
use crate::findings::units::bytes;

/// A record in a line.
pub(crate) fn line(source: &Source<'_>) -> String {
    let record = source.record;
    format!(
        "{}: {}, {}",
        source.label,
        record.started,
        provenance(record)
    )
}

/// All that is known of each, with the command that makes it again.
pub(crate) fn section(sources: &[Source<'_>]) -> Markup {
    html! {
        section #setting {
            h2 { "How it was measured" }
            @for source in sources {
                h3 { (source.label) }
                p { "The command, and the seed that draws the same orders and plans again:" }
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
        // Where the program lies is no part of it.
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
        ("Begun", record.started.clone()),
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
            "Load in the minute before",
            known(machine.load_1m.map(|load| format!("{load:.2}"))),
        ),
        (
            "File descriptors",
            known(machine.limits.nofile.map(|most| most.to_string())),
        ),
        (
            "Longest backlog",
            known(machine.limits.somaxconn.map(|most| most.to_string())),
        ),
        (
            "rpcbench",
            format!("{}, commit {}", tool.version, known(tool.git.clone())),
        ),
        ("Compiler", format!("{}, {}", tool.rustc, tool.profile)),
        ("Seed", record.seed.to_string()),
    ];
    if let Some(quota) = machine.cpu_quota {
        facts.insert(4, ("Cores at a time", format!("{quota}")));
    }
    if !record.resumed.is_empty() {
        facts.push(("Taken up again", record.resumed.join(", ")));
    }
    for pilot in &record.pilots {
        facts.push((
            "Pilot",
            format!(
                "{}: {} of {} clients, {:.0}/s in a closed loop{}",
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
