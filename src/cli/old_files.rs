//! Removes what an earlier report left in its folder, which a reader could mistake for results of
//! this one. Files that rpcbench did not write are kept.

use std::fs;
use std::path::{Path, PathBuf};

use crate::report::changes::markdown;
use crate::report::chart::markup::CHART_MARK;
use crate::report::csv::is_own_csv;
use crate::report::files::{CSV_FILE, HDR_FOLDER, SUMMARIES, is_own_hdr_file};

/// Removes earlier pictures from their folder.
pub(crate) fn remove_old_pictures(folder: &Path, new: &[(String, String)]) -> anyhow::Result<()> {
    let is_new = |name: &str| new.iter().any(|(picture, _)| picture == name);
    remove(folder, &["svg"], is_new, |text| text.contains(CHART_MARK))
}

/// Removes earlier histogram files from the folder of a record. The names of the new ones begin
/// with the folder.
pub(crate) fn remove_old_hdr(folder: &Path, new: &[(String, String)]) -> anyhow::Result<()> {
    let is_new = |name: &str| {
        let name = format!("{HDR_FOLDER}/{name}");
        new.iter().any(|(file, _)| *file == name)
    };
    let folder = folder.join(HDR_FOLDER);
    remove(&folder, &["hgrm", "hlog"], is_new, is_own_hdr_file)?;
    // Fails if files are left, or if there is no such folder; both are in order.
    let _ = fs::remove_dir(&folder);
    Ok(())
}

/// Removes the changes that an earlier report of several records wrote.
pub(crate) fn remove_old_changes(folder: &Path) -> anyhow::Result<()> {
    let path = folder.join(markdown::FILE);
    if fs::read_to_string(&path).is_ok_and(|text| markdown::is_own(&text)) {
        fs::remove_file(&path)?;
    }
    Ok(())
}

/// Removes the summaries of records that an earlier report wrote to this folder and to the folders
/// in it, if they are not among `new`.
pub(crate) fn remove_old_summaries(folder: &Path, new: &[PathBuf]) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let inside = entries
        .iter()
        .map(fs::DirEntry::path)
        .filter(|path| path.is_dir());
    for old in inside
        .chain([folder.to_owned()])
        .filter(|path| !new.contains(path))
    {
        let is_own = fs::read_to_string(old.join(CSV_FILE)).is_ok_and(|text| is_own_csv(&text));
        if !is_own {
            continue;
        }
        remove_old_hdr(&old, &[])?;
        for (_, name) in SUMMARIES {
            // Fails if there is no such file.
            let _ = fs::remove_file(old.join(name));
        }
        // Fails if other files are left.
        let _ = fs::remove_dir(&old);
    }
    Ok(())
}

/// Removes files that end so, are not new and are own, as their text shows.
fn remove(
    folder: &Path,
    endings: &[&str],
    is_new: impl Fn(&str) -> bool,
    is_own: impl Fn(&str) -> bool,
) -> anyhow::Result<()> {
    let Ok(files) = fs::read_dir(folder) else {
        return Ok(());
    };
    for file in files {
        let path = file?.path();
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let may_go = endings.contains(&ending.as_ref()) && !is_new(&name);
        if may_go && fs::read_to_string(&path).is_ok_and(|text| is_own(&text)) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
