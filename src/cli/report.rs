//! `rpcbench report`: writes records as files for readers and other tools.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::old_files::{
    remove_old_changes, remove_old_hdr, remove_old_pictures, remove_old_summaries,
};
use super::output::write_file;
use crate::findings::units::some;
use crate::record::Record;
use crate::report::Source;
use crate::report::changes::{changes, markdown, text};
use crate::report::files::{files, hdr_files};
use crate::report::html::page::page;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Record files of measurements; with several, also what changed from the first to each other
    #[arg(required = true, value_name = "RECORD")]
    records: Vec<PathBuf>,
    /// Folder for the files; those of an earlier report there are replaced
    #[arg(long, value_name = "DIR", default_value = "results/report")]
    out: PathBuf,
    /// Folder for the pictures [default: plots in the folder of --out]
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Also write each trial's latencies to hdr/ as HdrHistogram files: .hgrm and .hlog
    #[arg(long)]
    hdr: bool,
}

/// Writes one page for all records, its pictures, and the files of each record. With several
/// records, the files of each go to a separate folder.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // Read all records before writing anything, so that an unreadable one leaves no files.
    let mut records: Vec<(&Path, Record)> = Vec::new();
    for path in &args.records {
        records.push((path, Record::read(path)?));
    }
    let labels = labels(&args.records);
    let folders = folders(args, &labels);
    let mut out = anstream::stdout().lock();
    for ((_, record), folder) in records.iter().zip(&folders) {
        let hdr = if args.hdr {
            hdr_files(record)
        } else {
            Vec::new()
        };
        for (name, text) in files(record).iter().chain(&hdr) {
            write_file(&folder.join(name), text)?;
        }
        remove_old_hdr(folder, &hdr)?;
    }
    let sources = records.iter().zip(labels);
    let sources: Vec<Source<'_>> = sources
        .map(|((_, record), label)| Source { label, record })
        .collect();
    let named: Vec<_> = sources.iter().map(Source::labelled).collect();
    let named: Vec<Source<'_>> = sources
        .iter()
        .zip(&named)
        .map(|(source, record)| source.with(record))
        .collect();
    let changes = changes(&named);
    remove_old_changes(&args.out)?;
    remove_old_summaries(&args.out, &folders)?;
    if !changes.is_empty() {
        write_file(
            &args.out.join(markdown::FILE),
            &markdown::markdown(&changes),
        )?;
    }
    let page = page(&sources);
    let plots = args.plots.clone().unwrap_or_else(|| args.out.join("plots"));
    for (name, picture) in &page.pictures {
        write_file(&plots.join(name), picture)?;
    }
    remove_old_pictures(&plots, &page.pictures)?;
    let file = args.out.join("report.html");
    write_file(&file, &page.html)?;
    write!(out, "{}", text::text(&changes))?;
    let pictures = some(page.pictures.len() as u64, "picture");
    writeln!(
        out,
        "{}: open it in a browser; {pictures} in {}; for each record: {}",
        file.display(),
        plots.display(),
        if args.hdr {
            "report.md, trials.csv, junit.xml and hdr/"
        } else {
            "report.md, trials.csv and junit.xml"
        },
    )?;
    let and_changes = if changes.is_empty() {
        ""
    } else {
        "changes.md has all changes. "
    };
    writeln!(
        out,
        "{and_changes}A further report to {} replaces these files.",
        args.out.display()
    )?;
    Ok(ExitCode::SUCCESS)
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
            format!("{stem}-{}", at + 1)
        } else {
            stem.clone()
        }
    });
    numbered.collect()
}

/// The folder for the files of each record: with several records, one for each label.
fn folders(args: &Args, labels: &[String]) -> Vec<PathBuf> {
    let folder = |label: &String| match labels.len() {
        1 => args.out.clone(),
        _ => args.out.join(label),
    };
    labels.iter().map(folder).collect()
}
