//! Writing files.

use std::fs;
use std::path::Path;

use crate::error::Error;

/// Writes a file; creates its folder if it does not exist.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    written.map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
        remedy: "name another folder with --out",
    })
}
