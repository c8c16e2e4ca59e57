//! Test: each option in the help of a command changes what that command does.

use clap::{Command, FromArgMatches};

use super::app::App;
use super::command::{HelpLength, command};
use super::{Cli, Command as Chosen, calibrate, check, serve, torture};
use crate::models::ALL;

/// Options that change the output or the exit code, not what is measured. The tests of the
/// command line run them.
const OF_OUTPUT: &[&str] = &[
    "anyway",
    "assert",
    "exit-code",
    "format",
    "help",
    "inconclusive",
    "no-save",
    "out",
    "plan",
    "resume",
    "save",
    "strict",
    "version",
];

/// A value of each option that is not its default, and what else it needs.
const VALUES: &[(&str, &[&str])] = &[
    ("accept", &["--accept", "reuseport"]),
    ("alpha", &["--alpha", "1%"]),
    ("arrivals", &["--arrivals", "constant", "--rate", "5"]),
    ("assign", &["--assign", "free", "--rate", "5"]),
    ("attack", &["--attack", "leave"]),
    ("backlog", &["--backlog", "9"]),
    ("baseline", &["--baseline", "/bin/true"]),
    (
        "baseline-exec",
        &["--baseline-exec", "old {port}", "--exec", "new {port}"],
    ),
    ("budget", &["--budget", "50s"]),
    ("build", &["--build", "/bin/sh"]),
    ("busy-poll", &["--busy-poll", "9us"]),
    ("busy-timeout", &["--busy-timeout", "9s"]),
    ("client-cpus", &["--client-cpus", "0"]),
    ("client-priority", &["--client-priority", "nice"]),
    ("client-spin", &["--client-spin", "off"]),
    ("client-threads", &["--client-threads", "9"]),
    ("clients", &["--clients", "9"]),
    ("close", &["--close", "reset"]),
    ("connect-timeout", &["--connect-timeout", "9s"]),
    ("delta", &["--delta", "1%"]),
    ("drain", &["--drain", "9s"]),
    ("duration", &["--duration", "9s"]),
    ("exec", &["--exec", "server {port}"]),
    ("gate", &["--gate", "p99"]),
    ("handler", &["--handler", "cpu=9us,reply=9"]),
    ("idle", &["--idle", "9"]),
    ("idle-timeout", &["--idle-timeout", "9s"]),
    ("label", &["--label", "mine", "--exec", "server {port}"]),
    ("labels", &["--labels", "v1,v2"]),
    ("listen", &["--listen", "127.0.0.1:9"]),
    ("listen-address", &["--listen-address", "127.0.0.9"]),
    ("margin", &["--margin", "9%"]),
    ("max-connections", &["--max-connections", "9"]),
    ("max-frame", &["--max-frame", "9KiB"]),
    ("method", &["--method", "blob", "--params", "9"]),
    ("model", &["--model", "preforking"]),
    ("pairs", &["--pairs", "19"]),
    ("params", &["--params", "\"0123456789abcdef\""]),
    ("payload", &["--payload", "99"]),
    ("pipeline", &["--pipeline", "9"]),
    ("rate", &["--rate", "9"]),
    (
        "rank",
        &[
            "--rank",
            "1/2",
            "--start-at",
            "1",
            "--target",
            "127.0.0.1:9",
        ],
    ),
    (
        "requests-per-connection",
        &["--requests-per-connection", "9"],
    ),
    ("scenario", &["--scenario", "churn"]),
    ("seed", &["--seed", "9"]),
    ("server-cpus", &["--server-cpus", "0"]),
    ("share", &["--share", "9%"]),
    ("slo", &["--slo", "p99=9ms"]),
    ("stamps", &["--stamps", "off"]),
    (
        "start-at",
        &[
            "--start-at",
            "1",
            "--rank",
            "1/2",
            "--target",
            "127.0.0.1:9",
        ],
    ),
    ("suite", &["--suite", "quick"]),
    ("target", &["--target", "127.0.0.1:9"]),
    ("think", &["--think", "9ms"]),
    ("timeout", &["--timeout", "9s"]),
    ("trials", &["--trials", "9"]),
    ("warmup", &["--warmup", "9ms"]),
    ("workers", &["--workers", "9"]),
    ("write-mode", &["--write-mode", "split"]),
];

/// What `rpcbench` with these arguments would do, as text.
fn described(arguments: &[&str]) -> String {
    let app = App {
        models: ALL,
        service: &crate::Builtin,
    };
    let mut whole = command(ALL, HelpLength::Full);
    let words = [&["rpcbench"][..], arguments].concat();
    let matches = whole.try_get_matches_from_mut(words);
    let cli =
        Cli::from_arg_matches(&matches.unwrap_or_else(|fault| panic!("{arguments:?}: {fault}")));
    let cli = cli.unwrap();
    let described = match cli.command {
        None => cli
            .measure
            .task(app)
            .map(|task| format!("{:?} {:?} {:?}", task.plan, task.search, task.scenarios)),
        Some(Chosen::Check(args)) => check::plan(app, &args).map(|plan| format!("{plan:?}")),
        Some(Chosen::Calibrate(args)) => {
            calibrate::plan(app, &args).map(|plan| format!("{plan:?}"))
        }
        Some(Chosen::Torture(args)) => torture::plan(app, &args).map(|plan| format!("{plan:?}")),
        Some(Chosen::Serve(args)) => {
            serve::program(app, &args).map(|program| format!("{program:?}"))
        }
        Some(other) => panic!("{other:?} measures nothing"),
    };
    described.unwrap_or_else(|fault| fault.to_string())
}

/// The long options in the help of a command.
fn options(command: &Command) -> Vec<String> {
    let options = command.get_arguments().filter_map(clap::Arg::get_long);
    options.map(str::to_owned).collect()
}

/// These arguments, with what the command needs besides.
fn complete(command: &Command, words: &[&str]) -> String {
    let has = |names: &[&str]| words.iter().any(|word| names.contains(word));
    let lists = |name: &str| options(command).iter().any(|option| option == name);
    let mut all = Vec::new();
    if command.get_name() != "rpcbench" {
        all.push(command.get_name());
    }
    if !has(&["--model", "--exec", "--rank"]) {
        all.extend(["--model", "preforking-async"]);
    }
    if lists("seed") && !has(&["--seed"]) {
        all.extend(["--seed", "1"]);
    }
    if lists("baseline") && !has(&["--baseline", "--baseline-exec"]) {
        let is_command = has(&["--exec"]);
        all.extend(if is_command {
            ["--baseline-exec", "base {port}"]
        } else {
            ["--baseline", "/bin/sh"]
        });
    }
    all.extend(words);
    described(&all)
}

/// Checks the options of a command.
fn each_option_counts(command: &Command) {
    let name = command.get_name();
    for option in options(command) {
        if OF_OUTPUT.contains(&option.as_str()) {
            continue;
        }
        let value = VALUES.iter().find(|(name, _)| *name == option);
        let (_, given) = value.unwrap_or_else(|| panic!("--{option} of {name} has no value here"));
        let (with, without) = (complete(command, given), complete(command, &given[2..]));
        assert_ne!(with, without, "--{option} of {name} changes nothing");
    }
}

#[test]
fn no_command_lists_an_option_that_it_ignores() {
    let whole = command(ALL, HelpLength::Full);
    each_option_counts(&whole);
    for name in ["check", "calibrate", "torture", "serve"] {
        each_option_counts(whole.find_subcommand(name).unwrap());
    }
}
