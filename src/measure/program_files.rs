//! The files that the servers of a check are started from. A check may be resumed only as long as
//! they are the same.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::case::Case;
use super::server_spec::ServerSpec;
use crate::record::ProgramFile;

/// The files among the words of the commands, each once.
pub fn program_files<'a>(cases: impl Iterator<Item = &'a Case>) -> Vec<ProgramFile> {
    let mut files: Vec<ProgramFile> = Vec::new();
    for case in cases {
        let words: Vec<&OsStr> = match &case.server_spec {
            ServerSpec::Server(program) => program.command.iter().map(AsRef::as_ref).collect(),
            ServerSpec::Exec(exec) => exec.words.iter().map(AsRef::as_ref).collect(),
            ServerSpec::Target(_) => Vec::new(),
        };
        for file in words
            .into_iter()
            .filter_map(|word| file_at(Path::new(word)))
        {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    files
}

/// The first file that is not what it was.
pub fn changed(files: &[ProgramFile]) -> Option<&ProgramFile> {
    files
        .iter()
        .find(|file| file_at(&file.path).as_ref() != Some(*file))
}

/// `None` if there is no file.
fn file_at(path: &Path) -> Option<ProgramFile> {
    let path = fs::canonicalize(path).ok()?;
    let data = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
    let modified = data.modified().ok()?;
    Some(ProgramFile {
        path,
        bytes: data.len(),
        modified: humantime::format_rfc3339_nanos(modified).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_again_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.py");
        assert_eq!(file_at(&path), None);
        assert_eq!(file_at(folder.path()), None, "a folder is no program");
        fs::write(&path, "1").unwrap();
        let files = [file_at(&path).unwrap()];
        assert_eq!(changed(&files), None);
        fs::write(&path, "12").unwrap();
        assert_eq!(changed(&files), Some(&files[0]));
        fs::remove_file(&path).unwrap();
        assert!(changed(&files).is_some());
    }
}
