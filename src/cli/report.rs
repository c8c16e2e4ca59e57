//! `rpcbench report`: records as files for people and other tools.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::Usage;
use crate::error::Error;
use crate::record::Record;
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Records, as a measurement has saved them
    #[arg(required = true, value_name = "RECORD")]
    records: Vec<PathBuf>,
    /// The folder that the files go to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes the files of each record; of several, each into a folder of its own.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // All are read before anything is written.
    let mut records: Vec<(&Path, Record)> = Vec::new();
    for path in &args.records {
        records.push((path, Record::read(path)?));
    }
    let mut folders = HashSet::new();
    for (path, record) in &records {
        let folder = match (records.len(), path.file_stem()) {
            (2.., Some(stem)) => args.out.join(stem),
            _ => args.out.clone(),
        };
        if !folders.insert(folder.clone()) {
            let (path, folder) = (path.display(), folder.display());
            return Err(Usage(format!(
                "{path} would overwrite another record's files in {folder}: rename it, or report it with another --out"
            ))
            .into());
        }
        let files = report::files(record);
        for (name, text) in &files {
            write(&folder.join(name), text)?;
        }
        let (count, folder) = (files.len(), folder.display());
        writeln!(io::stdout(), "{count} files in {folder}, report.md first")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file into a folder that is made if it is not there.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    written.map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
        remedy: "name another folder with --out",
    })
}
