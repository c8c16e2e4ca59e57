//! Writing results to stdout, notes to stderr, and files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;

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

/// A line on stderr. A closed stderr must not change the exit code.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a result on stdout. That its reader left, as `head` does, is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write the results to stdout")
        }
        _ => Ok(()),
    }
}
