//! Whether and where a record is saved: the same options for all commands that measure.

use std::path::{Path, PathBuf};

use crate::cli::output::say;
use crate::record::Record;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct SaveArgs {
    /// Write the record to this file [default: a new file in results/runs]
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "no_save",
        hide_short_help = true
    )]
    save: Option<PathBuf>,
    /// Write no record
    #[arg(long, hide_short_help = true)]
    no_save: bool,
}

impl SaveArgs {
    /// The file that the record of a run is written to, if any; `resumed` is the record that it
    /// completes. If no file is named and the default folder cannot be written, it warns: a run
    /// must not fail for a record that was not asked for.
    pub(crate) fn file(&self, started: &str, resumed: Option<&Path>) -> Option<PathBuf> {
        if self.no_save {
            return None;
        }
        if let Some(named) = self.save.as_deref().or(resumed) {
            return Some(named.to_owned());
        }
        let path = default_path(started);
        match Record::check_writable(&path) {
            Ok(()) => Some(path),
            Err(error) => {
                say(&format!(
                    "rpcbench: warning: {error}; this run is not saved"
                ));
                None
            }
        }
    }
}

fn default_path(started: &str) -> PathBuf {
    let name: String = started
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    PathBuf::from(format!("results/runs/{name}-{}.json", std::process::id()))
}
