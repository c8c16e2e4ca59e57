//! Reading and writing records: whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Number, Value};

use super::document::Record;
use crate::error::Error;

/// What to do when a record cannot be written.
const SAVE_ELSEWHERE: &str = "name another file with --save, or give --no-save";

impl Record {
    /// The version of this form.
    pub const SCHEMA: &'static str = "rpcbench.record/1";

    /// Writes it to `path`, whole or not at all: a temporary file beside it, then a rename.
    ///
    /// # Errors
    /// When the file cannot be written there.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let write = |temporary: &Path| {
            let mut file = fs::File::create(temporary)?;
            serde_json::to_writer(&mut file, self)?;
            file.write_all(b"\n")?;
            fs::rename(temporary, path)
        };
        beside(path, write).map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
            remedy: SAVE_ELSEWHERE,
        })
    }

    /// Whether a record can be written to `path`, found out before anything is measured.
    ///
    /// # Errors
    /// When the file cannot be written there.
    pub fn check_writable(path: &Path) -> Result<(), Error> {
        let write =
            |temporary: &Path| fs::File::create(temporary).and_then(|_| fs::remove_file(temporary));
        beside(path, write).map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
            remedy: SAVE_ELSEWHERE,
        })
    }

    /// Reads the record at `path`.
    ///
    /// # Errors
    /// When there is none, it is damaged, or it is of another version: naming the file.
    pub fn read(path: &Path) -> Result<Record, Error> {
        let failed = |reason: String| Error::Read {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        Record::parse(&text).map_err(failed)
    }

    /// Reads the record that `text` is.
    ///
    /// # Errors
    /// When it is none, or of another version: why.
    pub fn parse(text: &str) -> Result<Record, String> {
        #[derive(Deserialize)]
        struct Version {
            schema: String,
        }
        let in_words = |error: serde_json::Error| error.to_string();
        let version: Version = serde_json::from_str(text).map_err(in_words)?;
        if version.schema != Record::SCHEMA {
            let (theirs, ours) = (version.schema, Record::SCHEMA);
            return Err(format!(
                "it is of version {theirs:?}, and this program reads {ours:?}"
            ));
        }
        let value: Value = serde_json::from_str(text).map_err(in_words)?;
        if let Some(number) = absurd(&value) {
            return Err(format!("{number} is more of anything than there can be"));
        }
        // Read from the text again: its errors tell the line.
        serde_json::from_str(text).map_err(in_words)
    }
}

/// A number that no count, size or time of a record can be, so that sums of them have room.
fn absurd(value: &Value) -> Option<&Number> {
    const MOST: f64 = (1_u64 << 50) as f64;
    match value {
        Value::Number(number) => {
            let absurd = number.as_f64().is_none_or(|number| number.abs() > MOST);
            absurd.then_some(number)
        }
        Value::Array(values) => values.iter().find_map(absurd),
        Value::Object(fields) => fields.values().find_map(absurd),
        _ => None,
    }
}

/// Does this with a temporary file beside `path`, of which nothing is left when it fails.
fn beside(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    fs::create_dir_all(folder)?;
    let temporary = folder.join(format!(
        ".{}.{}.tmp",
        name.to_string_lossy(),
        std::process::id()
    ));
    write(&temporary).inspect_err(|_| drop(fs::remove_file(&temporary)))
}
