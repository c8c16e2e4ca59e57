//! What the user probably meant by an option or a word that is not expected.

use std::path::Path;

use clap::Command;

use super::asked::Asked;
use super::near::near;
use crate::protocol::METHODS;
use crate::scenario::catalogue::ALL;
use crate::scenario::suite::SUITES;

/// Options of other load generators, and those of rpcbench for the same purpose.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("--connections", "use --clients"),
    ("--concurrency", "use --clients"),
    (
        "--threads",
        "use --client-threads for the load generator, --workers for the server",
    ),
    ("--qps", "use --rate"),
    ("--rps", "use --rate"),
    ("--requests", "rpcbench measures for a time: use --duration"),
    ("--runs", "use --trials"),
    ("--rounds", "use --trials"),
    ("--time", "use --duration"),
    ("--url", "use --target HOST:PORT"),
    ("--host", "use --target HOST:PORT"),
    (
        "--port",
        "use --target HOST:PORT, or serve --listen HOST:PORT",
    ),
    ("--output", "use --save for the record, or report --out"),
    ("--label", "use -n LABEL"),
    ("--name", "use -n LABEL"),
    ("--json", "use --format json"),
];

/// Options that a command does not have, since it works in another way.
const NOT_IN: &[(&str, &str, &str)] = &[
    ("check", "--trials", "it measures in pairs: use --pairs"),
    (
        "check",
        "--target",
        "it starts its servers itself: use --model or --exec",
    ),
    ("calibrate", "--trials", "it measures in pairs: use --pairs"),
    (
        "calibrate",
        "--target",
        "it starts its servers itself: use --model or --exec",
    ),
];

/// What to do instead of an option that the command at `path` does not have.
pub(super) fn unknown_option(
    asked: &Asked<'_>,
    option: &str,
    near: Option<String>,
) -> Option<String> {
    let path = asked.path();
    let command = path.get(1).copied().unwrap_or_default();
    let not_in = NOT_IN
        .iter()
        .find(|(other, name, _)| (*other, *name) == (command, option));
    if let Some((_, _, advice)) = not_in {
        return Some((*advice).to_owned());
    }
    if let Some((_, advice)) = OTHER_NAMES.iter().find(|(name, _)| *name == option) {
        return Some((*advice).to_owned());
    }
    let others = commands_with(asked.whole, option.trim_start_matches('-'));
    if !others.is_empty() {
        return Some(format!("it is an option of {}", others.join(", ")));
    }
    near.map(|near| format!("did you mean {near}?"))
}

/// The commands that have this option.
fn commands_with(whole: &Command, long: &str) -> Vec<String> {
    let has = |command: &Command| {
        let mut options = command.get_opts();
        options.any(|option| option.get_long() == Some(long))
    };
    let bare = has(whole).then(|| whole.get_name().to_owned());
    let subcommands = whole.get_subcommands().filter(|command| has(command));
    let named = subcommands.map(|command| format!("{} {}", whole.get_name(), command.get_name()));
    bare.into_iter().chain(named).collect()
}

/// What to do instead of a word that is no option, no value and no command.
pub(super) fn stray_word(asked: &Asked<'_>, word: &str) -> Option<String> {
    let path = asked.path();
    let command = path.join(" ");
    if asked.whole.find_subcommand(word).is_some() {
        return Some(format!("the command comes first: {command} {word} OPTIONS"));
    }
    let is_named = |names: &[(&str, &str)]| names.iter().any(|(name, _)| *name == word);
    let has_model = asked
        .arguments
        .iter()
        .any(|word| word == "--model" || word == "-m");
    let is_address = || {
        let port = word.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        matches!(port, Some(Ok(_)))
    };
    let has = |option: &str| {
        let named = path
            .get(1)
            .and_then(|name| asked.whole.find_subcommand(name));
        let mut options = named.unwrap_or(asked.whole).get_opts();
        options.any(|known| known.get_long() == Some(option))
    };
    let use_option = |what: &str, option: &str, value: &str| {
        let advice = format!("for {what} use {command} --{option} {value}");
        has(option).then_some(advice)
    };
    if asked.models.contains(&word) || word == "all" {
        return if has_model {
            Some("separate several models by commas, without spaces: --model A,B".to_owned())
        } else {
            use_option("this model", "model", word)
        };
    }
    if is_named(ALL) {
        return use_option("this scenario", "scenario", word);
    }
    if is_named(SUITES) {
        return use_option("this suite", "suite", word);
    }
    if METHODS.iter().any(|method| method.name == word) {
        return use_option("this method", "method", word);
    }
    if is_address() {
        return use_option("a running server", "target", word);
    }
    if word.ends_with(".json") && Path::new(word).exists() {
        return Some(format!(
            "for a report of this record use {} report {word}",
            path.first().copied().unwrap_or_default()
        ));
    }
    let names = asked.whole.get_subcommands().map(Command::get_name);
    if let Some(near) = near(word, names).filter(|_| path.len() == 1) {
        return Some(format!("did you mean {command} {near}?"));
    }
    let model = near(word, asked.models.iter().copied())?;
    use_option("a model", "model", model)
}
