//! Notes about times without a unit, which are taken as seconds.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::args::times::is_without_unit;

/// The value name of all options that take a time.
const TIME: &str = "TIME";

/// One note per time on the command line that has no unit.
pub(super) fn notes(command: &Command, matches: &ArgMatches) -> Vec<String> {
    if let Some((name, matches)) = matches.subcommand() {
        let subcommand = command.find_subcommand(name);
        return subcommand.map_or_else(Vec::new, |command| notes(command, matches));
    }
    let times = command.get_opts().filter(|option| {
        let mut names = option.get_value_names().unwrap_or_default().iter();
        names.any(|name| name == TIME)
    });
    let mut notes = Vec::new();
    for option in times {
        let id = option.get_id().as_str();
        if matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        for raw in matches.get_raw(id).unwrap_or_default() {
            let text = raw.to_string_lossy();
            if is_without_unit(&text) {
                let flag = option.get_long().unwrap_or(id);
                notes.push(format!("--{flag} {text} is taken as {text} s"));
            }
        }
    }
    notes
}
