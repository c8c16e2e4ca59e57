//! The result of a self-test, and where the last one of a machine and build is kept.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::environment::{Environment, SelftestSummary, Tool};
use super::file::{SAVE_ELSEWHERE, with_temporary_file};
use crate::error::Error;

/// The folder of the results, one file per build.
pub const SELFTEST_FOLDER: &str = "results/runs/selftest";

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelftestCheck {
    /// Its name.
    pub name: String,
    /// What the server does, and which figure is compared.
    pub about: String,
    /// What cannot be trusted if it failed.
    pub concerns: String,
    /// The unit of the figures; empty for a ratio.
    pub unit: String,
    /// What a generator without error measures.
    pub truth: f64,
    /// What was measured: the first try, or the median of all; null if there is no such figure.
    pub measured: Option<f64>,
    /// The largest difference that counts as right.
    pub tolerance: f64,
    /// Whether the difference is within the tolerance.
    pub ok: bool,
    /// What each try measured.
    pub tries: Vec<Option<f64>>,
}

/// The result of a self-test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelftestResult {
    /// [`SelftestResult::SCHEMA`].
    pub schema: String,
    /// Start, in UTC (RFC 3339).
    pub time: String,
    /// Whether its windows were the short ones.
    pub quick: bool,
    /// The build of the program.
    pub tool: Tool,
    /// The machine.
    pub environment: Environment,
    /// The checks.
    pub checks: Vec<SelftestCheck>,
}

impl SelftestResult {
    /// The version of the format.
    pub const SCHEMA: &'static str = "rpcbench.selftest/1";

    /// What records name of it.
    pub fn summary(&self) -> SelftestSummary {
        let failed = self.checks.iter().filter(|check| !check.ok);
        let failed: Vec<String> = failed.map(|check| check.name.clone()).collect();
        SelftestSummary {
            time: self.time.clone(),
            quick: self.quick,
            passed: self.checks.len() - failed.len(),
            failed,
        }
    }

    /// Keeps it as the last result of its build, atomically. Returns the file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<PathBuf, Error> {
        let path = folder.join(file_name(&self.tool));
        let write = |temporary: &Path| {
            let mut file = fs::File::create(temporary)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            fs::rename(temporary, &path)
        };
        let written = with_temporary_file(&path, write);
        written.map_err(|source| Error::Write {
            path: path.clone(),
            source,
            remedy: SAVE_ELSEWHERE,
        })?;
        Ok(path)
    }

    /// The last result of this machine and build in `folder`. A file that cannot be read, is of
    /// another version, or of another machine or build counts as none.
    pub fn last(folder: &Path, tool: &Tool, machine: &Environment) -> Option<SelftestResult> {
        /// A result has a few kilobytes.
        const MOST_BYTES: u64 = 1 << 20;
        let path = folder.join(file_name(tool));
        let is_file = fs::metadata(&path).is_ok_and(|file| file.is_file());
        let file = fs::File::open(path).ok().filter(|_| is_file)?;
        let mut text = String::new();
        file.take(MOST_BYTES).read_to_string(&mut text).ok()?;
        let result: SelftestResult = serde_json::from_str(&text).ok()?;
        let is_same = result.schema == SelftestResult::SCHEMA
            && result.tool == *tool
            && result.environment.is_same_machine(machine);
        is_same.then_some(result)
    }
}

/// One file per build, so that two builds that are used in turn both keep their results.
fn file_name(tool: &Tool) -> String {
    let build = tool.git.as_deref().unwrap_or(&tool.version);
    let name = format!("{build}-{}", tool.profile);
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let name: String = name.chars().filter(|c| allowed(*c)).collect();
    format!("{name}.json")
}
