//! The scenarios of this program, and the search for one by name or file.

use std::path::Path;

use crate::error::Error;

/// The scenarios of this program and their files, in display order.
pub static ALL: &[(&str, &str)] = &[
    ("echo", include_str!("../../bench/scenarios/echo.toml")),
    ("churn", include_str!("../../bench/scenarios/churn.toml")),
    ("cpu", include_str!("../../bench/scenarios/cpu.toml")),
    ("wait", include_str!("../../bench/scenarios/wait.toml")),
    ("ladder", include_str!("../../bench/scenarios/ladder.toml")),
    ("cost", include_str!("../../bench/scenarios/cost.toml")),
    ("mixed", include_str!("../../bench/scenarios/mixed.toml")),
    ("skew", include_str!("../../bench/scenarios/skew.toml")),
    ("bulk", include_str!("../../bench/scenarios/bulk.toml")),
    ("idle", include_str!("../../bench/scenarios/idle.toml")),
    ("storm", include_str!("../../bench/scenarios/storm.toml")),
    (
        "overload",
        include_str!("../../bench/scenarios/overload.toml"),
    ),
    (
        "delayed-ack",
        include_str!("../../bench/scenarios/delayed-ack.toml"),
    ),
];

/// The current name of a scenario. Scripts and older records may use an earlier name.
pub(crate) fn current_name(name: &str) -> &str {
    if name == "article" {
        "delayed-ack"
    } else {
        name
    }
}

/// Reads a file that the user named: its stem, its path and its text.
pub(crate) fn read(
    name: &str,
    what: &'static str,
    known: &[(&str, &str)],
) -> Result<(String, String, String), Error> {
    let path = Path::new(name);
    if path.extension().is_none_or(|extension| extension != "toml") {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        return Err(Error::UnknownScenario {
            what,
            name: name.to_owned(),
            known: names.join(", "),
        });
    }
    let text = std::fs::read_to_string(path).map_err(|error| Error::Scenario {
        what,
        path: name.to_owned(),
        reason: error.to_string(),
    })?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok((stem.into_owned(), name.to_owned(), text))
}
