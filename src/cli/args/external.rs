//! Servers of other programs: commands that start one (`--exec`), addresses of running ones
//! (`--target`), and their labels (`-n`), in the order of the command line.

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, ValueHint};

use crate::cli::usage::UsageError;

const EXEC: &str = "exec";
const TARGET: &str = "target";
const LABEL: &str = "label";

/// The options `--exec` and `-n`, and `--target` where `TARGETS` is true.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExternalArgs<const TARGETS: bool> {
    servers: Vec<(ExternalServer, String)>,
    labels: Vec<String>,
}

/// A server of another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExternalServer {
    /// A command starts it.
    Exec,
    /// It runs at an address.
    Target,
}

/// A server of another program, as the command line names it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    pub(crate) kind: ExternalServer,
    /// The command or the address.
    pub(crate) text: &'a str,
    pub(crate) label: Option<&'a str>,
}

impl<const TARGETS: bool> ExternalArgs<TARGETS> {
    pub(crate) fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    /// Whether a command starts one of them.
    pub(crate) fn has_commands(&self) -> bool {
        let mut kinds = self.servers.iter().map(|(kind, _)| *kind);
        kinds.any(|kind| kind == ExternalServer::Exec)
    }

    /// The servers in the order of the command line. The first label is the first server's, and
    /// so on.
    ///
    /// # Errors
    /// When there are more labels than servers.
    pub(crate) fn named(&self) -> Result<Vec<Named<'_>>, UsageError> {
        if self.labels.len() > self.servers.len() {
            let (labels, servers) = (self.labels.len(), self.servers.len());
            return Err(UsageError(format!(
                "{labels} labels (-n) for {servers} servers: each -n names one --exec{}, in their order",
                if TARGETS { " or --target" } else { "" }
            )));
        }
        if self.labels.iter().any(String::is_empty) {
            return Err(UsageError("-n: a label must not be empty".to_owned()));
        }
        let named = self.servers.iter().enumerate();
        Ok(named
            .map(|(at, (kind, text))| Named {
                kind: *kind,
                text,
                label: self.labels.get(at).map(String::as_str),
            })
            .collect())
    }

    fn arguments() -> Vec<Arg> {
        let list = |id: &'static str| {
            Arg::new(id)
                .long(id)
                .action(ArgAction::Append)
                .value_name("HOST:PORT")
        };
        let exec = list(EXEC)
            .value_name("CMD")
            .value_hint(ValueHint::CommandString)
            .help("Command that starts a server on port {port}");
        let target = list(TARGET)
            .value_delimiter(',')
            .value_hint(ValueHint::Hostname)
            .help("Address of a server that already runs");
        let what = if TARGETS {
            "--exec or --target"
        } else {
            "--exec"
        };
        let label = list(LABEL)
            .short('n')
            .hide_short_help(true)
            .value_name("LABEL")
            .help(format!(
                "Name of an {what} in all outputs; several in their order"
            ));
        let mut arguments = vec![exec, label];
        if TARGETS {
            arguments.insert(1, target);
        }
        arguments
    }
}

impl<const TARGETS: bool> clap::Args for ExternalArgs<TARGETS> {
    fn augment_args(command: Command) -> Command {
        command.args(Self::arguments())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const TARGETS: bool> FromArgMatches for ExternalArgs<TARGETS> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut servers = placed(matches, EXEC, ExternalServer::Exec);
        if TARGETS {
            servers.extend(placed(matches, TARGET, ExternalServer::Target));
        }
        servers.sort_by_key(|(place, ..)| *place);
        let labels = matches.get_many(LABEL).unwrap_or_default();
        Ok(ExternalArgs {
            servers: servers
                .into_iter()
                .map(|(_, kind, text)| (kind, text))
                .collect(),
            labels: labels.cloned().collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The values of an option with their places on the command line.
fn placed(
    matches: &ArgMatches,
    id: &str,
    kind: ExternalServer,
) -> Vec<(usize, ExternalServer, String)> {
    let texts = matches.get_many::<String>(id).unwrap_or_default();
    let places = matches.indices_of(id).unwrap_or_default();
    let placed = places.zip(texts);
    placed
        .map(|(place, text)| (place, kind, text.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;

    fn parsed(arguments: &[&str]) -> ExternalArgs<true> {
        let command = ExternalArgs::<true>::augment_args(Command::new("rpcbench"));
        let matches = command.try_get_matches_from(arguments).unwrap();
        ExternalArgs::from_arg_matches(&matches).unwrap()
    }

    #[test]
    fn labels_belong_to_servers_in_the_order_of_the_command_line() {
        let arguments = [
            "rpcbench", "--target", "a:1", "-n", "first", "-n", "second", "--exec", "b {port}",
            "--target", "c:3",
        ];
        let external = parsed(&arguments);
        let named = external.named().unwrap();
        let named: Vec<_> = named
            .iter()
            .map(|one| (one.kind, one.text, one.label))
            .collect();
        use ExternalServer::{Exec, Target};
        assert_eq!(
            named,
            [
                (Target, "a:1", Some("first")),
                (Exec, "b {port}", Some("second")),
                (Target, "c:3", None)
            ]
        );
    }

    #[test]
    fn a_label_without_a_server_is_refused() {
        let fault = parsed(&["rpcbench", "-n", "x"]).named().unwrap_err();
        assert!(fault.to_string().contains("1 labels (-n) for 0 servers"));
    }
}
