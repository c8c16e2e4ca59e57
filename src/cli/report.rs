//! `rpcbench report`: writes records as files for readers and other tools.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::output::write_file;
use super::usage::UsageError;
use crate::record::Record;
use crate::report::chart::markup::CHART_MARK;
use crate::report::files::files;
use crate::report::html::page::page;
use crate::report::{Page, Source};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Record files of measurements
    #[arg(required = true, value_name = "RECORD")]
    records: Vec<PathBuf>,
    /// Folder for the files
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Folder for the pictures [default: plots in the folder of --out]
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
}

/// Writes one page for all records, its pictures, and the files of each record. With several
/// records, the files of each go to a separate folder.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // Read all records before writing anything, so that an unreadable one leaves no files.
    let mut records: Vec<(&Path, Record)> = Vec::new();
    for path in &args.records {
        records.push((path, Record::read(path)?));
    }
    let folders = folders(args)?;
    let mut out = io::stdout().lock();
    for ((_, record), folder) in records.iter().zip(&folders) {
        for (name, text) in files(record) {
            write_file(&folder.join(name), &text)?;
        }
    }
    let labels = labels(&args.records);
    let sources = records.iter().zip(labels);
    let sources: Vec<Source<'_>> = sources
        .map(|((_, record), label)| Source { label, record })
        .collect();
    let page = page(&sources);
    let plots = args.plots.clone().unwrap_or_else(|| args.out.join("plots"));
    for (name, picture) in &page.pictures {
        write_file(&plots.join(name), picture)?;
    }
    remove_old(&plots, &page)?;
    let file = args.out.join("report.html");
    write_file(&file, &page.html)?;
    writeln!(
        out,
        "{}: open it in a browser; {} in {}; for each record: report.md, trials.csv and hdr/",
        file.display(),
        match page.pictures.len() {
            1 => "1 picture".to_owned(),
            many => format!("{many} pictures"),
        },
        plots.display()
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Removes the pictures of earlier reports, which a reader could mistake for pictures of this one.
fn remove_old(folder: &Path, page: &Page) -> anyhow::Result<()> {
    let Ok(files) = fs::read_dir(folder) else {
        return Ok(());
    };
    for file in files {
        let path = file?.path();
        let is_svg = path.extension().is_some_and(|extension| extension == "svg");
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_new = page.pictures.iter().any(|(new, _)| *new == name);
        // Keeps pictures that rpcbench did not write.
        let is_own = || fs::read_to_string(&path).is_ok_and(|text| text.contains(CHART_MARK));
        if is_svg && !is_new && is_own() {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// The name of each record in the page: its file's name, with a number if several have that name.
fn labels(paths: &[PathBuf]) -> Vec<String> {
    let stem = |path: &PathBuf| {
        let stem = path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    };
    let stems: Vec<String> = paths.iter().map(stem).collect();
    let numbered = stems.iter().enumerate().map(|(at, stem)| {
        let same = stems.iter().filter(|other| *other == stem).count();
        if same > 1 {
            format!("{stem} ({})", at + 1)
        } else {
            stem.clone()
        }
    });
    numbered.collect()
}

/// The folder for the files of each record.
fn folders(args: &Args) -> Result<Vec<PathBuf>, UsageError> {
    let mut folders = Vec::new();
    for path in &args.records {
        let folder = match (args.records.len(), path.file_stem()) {
            (2.., Some(stem)) => args.out.join(stem),
            _ => args.out.clone(),
        };
        if folders.contains(&folder) {
            let (path, folder) = (path.display(), folder.display());
            return Err(UsageError(format!(
                "{path} would overwrite another record's files in {folder}: rename it, or report it with a different --out"
            )));
        }
        folders.push(folder);
    }
    Ok(folders)
}
