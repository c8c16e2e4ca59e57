//! What is wrong with the arguments, in one line: what was asked, what is wrong, what to do.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::asked::Asked;
use super::suggestions;

/// The fault that clap found in these arguments, in one line.
pub(crate) fn explained(error: &clap::Error, asked: &Asked<'_>) -> String {
    let path = asked.path();
    let help = format!("see {} --help", path.join(" "));
    let text = |kind| error.get(kind).map(context_text).unwrap_or_default();
    let option = text(ContextKind::InvalidArg);
    let value = text(ContextKind::InvalidValue);
    // A positional argument has no flag; it follows the command.
    let flag = match flag_of(&option) {
        "" => path.join(" "),
        flag => flag.to_owned(),
    };
    match error.kind() {
        ErrorKind::ValueValidation => {
            let fault = error.source().map(ToString::to_string);
            let value = asked.list_with(&value).unwrap_or(value);
            format!("{flag} {value}: {}", fault.unwrap_or_default())
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("{flag} needs a value: {option}; {help}")
        }
        ErrorKind::InvalidValue => {
            let valid = text(ContextKind::ValidValue);
            format!("{flag} {value}: choose one of {valid}")
        }
        ErrorKind::UnknownArgument if option.starts_with('-') => {
            let near = error.get(ContextKind::SuggestedArg).map(context_text);
            let advice = suggestions::unknown_option(asked, &option, near);
            let command = path.get(1).map(|name| format!("{name} has "));
            format!(
                "{}no option {option}: {}",
                command.unwrap_or_default(),
                advice.unwrap_or(help)
            )
        }
        ErrorKind::MissingRequiredArgument if option.starts_with("<-") => {
            format!("an option for open loops needs one of {option}; {help}")
        }
        ErrorKind::MissingRequiredArgument => {
            format!("{} needs {option}; {help}", path.join(" "))
        }
        ErrorKind::ArgumentConflict => conflict(asked, &flag, &text(ContextKind::PriorArg)),
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand => stray_word(asked, &help),
        _ => format!("{}; {help}", first_line(error)),
    }
}

/// Two options that exclude each other, or a word among the options of `rpcbench` without a command.
fn conflict(asked: &Asked<'_>, flag: &str, prior: &str) -> String {
    let help = format!("see {} --help", asked.path().join(" "));
    let prior = flag_of(prior);
    if asked.path().len() == 1 && asked.stray_word().is_some() {
        return stray_word(asked, &help);
    }
    if prior == flag {
        return format!("{flag} is given twice: give it once");
    }
    format!("{flag} cannot be used with {prior}: remove one of the two; {help}")
}

/// A word that is no option, no value and no command.
fn stray_word(asked: &Asked<'_>, help: &str) -> String {
    let word = asked.stray_word().unwrap_or_default();
    let advice = suggestions::stray_word(asked, word);
    format!(
        "{word:?} is not expected here: {}",
        advice.unwrap_or(help.to_owned())
    )
}

fn context_text(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::StyledStrs(texts) => {
            let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
            texts.join(", ")
        }
        ContextValue::Bool(value) => value.to_string(),
        ContextValue::Number(value) => value.to_string(),
        _ => String::new(),
    }
}

/// `--clients` of `--clients <N,…>`.
fn flag_of(option: &str) -> &str {
    option.split([' ', '<']).next().unwrap_or(option)
}

fn first_line(error: &clap::Error) -> String {
    let message = error.render().to_string();
    let line = message.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}
