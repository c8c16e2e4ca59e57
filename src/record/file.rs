//! Reading and writing record files. A write is atomic.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Number, Value};

use super::document::Record;
use crate::error::Error;

/// The remedy when a record cannot be written.
pub(super) const SAVE_ELSEWHERE: &str = "name another file with --save, or give --no-save";

impl Record {
    /// The version of the format.
    pub const SCHEMA: &'static str = "rpcbench.record/1";

    /// Writes the record to `path` atomically: first to a temporary file, which is then renamed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let write = |temporary: &Path| {
            let mut file = fs::File::create(temporary)?;
            serde_json::to_writer(&mut file, self)?;
            file.write_all(b"\n")?;
            fs::rename(temporary, path)
        };
        with_temporary_file(path, write).map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
            remedy: SAVE_ELSEWHERE,
        })
    }

    /// Checks that a record can be written to `path`, so that a run does not fail at its end.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn check_writable(path: &Path) -> Result<(), Error> {
        let write =
            |temporary: &Path| fs::File::create(temporary).and_then(|_| fs::remove_file(temporary));
        with_temporary_file(path, write).map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
            remedy: SAVE_ELSEWHERE,
        })
    }

    /// Reads the record at `path`.
    ///
    /// # Errors
    /// When there is no file, it is damaged, or it has another version. The error names the file.
    pub fn read(path: &Path) -> Result<Record, Error> {
        let failed = |reason: String| Error::Read {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        Record::parse(&text).map_err(failed)
    }

    /// Parses the text of a record.
    ///
    /// # Errors
    /// When `text` is not a record, or has another version: the reason.
    pub fn parse(text: &str) -> Result<Record, String> {
        #[derive(Deserialize)]
        struct Version {
            schema: String,
        }
        let to_text = |error: serde_json::Error| error.to_string();
        let version: Version = serde_json::from_str(text).map_err(to_text)?;
        if version.schema != Record::SCHEMA {
            let (found, expected) = (version.schema, Record::SCHEMA);
            return Err(format!(
                "it is of version {found:?}, and this program reads only {expected:?}"
            ));
        }
        let value: Value = serde_json::from_str(text).map_err(to_text)?;
        if let Some(number) = out_of_range(&value) {
            return Err(format!(
                "the number {number} is too large for any field of a record, so the file is damaged"
            ));
        }
        // Parsed again from the text, because errors then name the line.
        serde_json::from_str(text).map_err(to_text)
    }
}

/// The first number that is too large for any count, size or time. With this limit, sums cannot
/// overflow.
fn out_of_range(value: &Value) -> Option<&Number> {
    const MAX: f64 = (1_u64 << 50) as f64;
    match value {
        Value::Number(number) => {
            let is_too_large = number.as_f64().is_none_or(|number| number.abs() > MAX);
            is_too_large.then_some(number)
        }
        Value::Array(values) => values.iter().find_map(out_of_range),
        Value::Object(fields) => fields.values().find_map(out_of_range),
        _ => None,
    }
}

/// Calls `write` with a temporary file in the folder of `path`. Removes the file if `write` fails.
pub(super) fn with_temporary_file(
    path: &Path,
    write: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
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
