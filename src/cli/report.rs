//! `rpcbench report`: records as files for people and other tools.

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
    /// Records, as a measurement has saved them
    #[arg(required = true, value_name = "RECORD")]
    records: Vec<PathBuf>,
    /// The folder that the files go to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The folder that the pictures go to [default: plots in that folder]
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
}

/// Writes one page of all records, its pictures, and the files of each; of several records, each
/// into a folder of its own.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // All are read before anything is written.
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
        "{}: open it in a browser; {} in {}, and of each record report.md, trials.csv and hdr/",
        file.display(),
        match page.pictures.len() {
            1 => "1 picture".to_owned(),
            many => format!("{many} pictures"),
        },
        plots.display()
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Removes pictures of earlier reports, which would be taken for some of this one.
fn remove_old(folder: &Path, page: &Page) -> anyhow::Result<()> {
    let Ok(files) = fs::read_dir(folder) else {
        return Ok(());
    };
    for file in files {
        let path = file?.path();
        let is_svg = path.extension().is_some_and(|extension| extension == "svg");
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_new = page.pictures.iter().any(|(new, _)| *new == name);
        // Those of others are none of ours.
        let is_ours = || fs::read_to_string(&path).is_ok_and(|text| text.contains(CHART_MARK));
        if is_svg && !is_new && is_ours() {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// What each record goes by in the page: its file's name, as far as that tells them apart.
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

/// Where the files of each record go.
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
                "{path} would overwrite another record's files in {folder}: rename it, or report it with another --out"
            )));
        }
        folders.push(folder);
    }
    Ok(folders)
}
