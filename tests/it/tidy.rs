//! The rules of the house, held as tests.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!files.is_empty(), "{folder}");
    files
}

/// The modules of this crate that a file names in its code.
fn uses(code: &str) -> Vec<&str> {
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let names = lines.flat_map(|line| line.split("crate::").skip(1));
    names
        .map(|rest| {
            rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap()
        })
        .collect()
}

/// Which room may use which; what stands in no row may use everything.
const ARROWS: &[(&[&str], &[&str])] = &[
    (&["src/sys.rs"], &[]),
    (
        &[
            "src/protocol.rs",
            "src/stats/",
            "src/histogram.rs",
            "src/ready.rs",
            "src/error.rs",
        ],
        &[],
    ),
    (&["src/record/"], &["error"]),
    (&["src/environment.rs"], &["record"]),
    (&["src/meter.rs"], &["sys"]),
    (&["src/service.rs"], &["protocol"]),
    (&["src/cpus.rs"], &[]),
    (&["src/wiring.rs"], &["protocol"]),
    (&["src/conversation.rs"], &["protocol", "service", "wiring"]),
    (
        &["src/server/"],
        &["conversation", "error", "meter", "service", "sys", "wiring"],
    ),
    (&["src/model.rs"], &["server"]),
    (&["models/"], &["model", "server"]),
    (&["src/hostile/"], &[]),
    (
        &["src/harness/"],
        &["cpus", "error", "meter", "ready", "sys"],
    ),
    (
        &["src/load/"],
        &["cpus", "error", "protocol", "record", "wiring"],
    ),
    (
        &["src/scenario/"],
        &["error", "load", "run", "service", "wiring"],
    ),
    (&["src/check.rs", "src/noise.rs"], &["record", "stats"]),
    (&["src/report/"], &["histogram", "record", "stats"]),
    (
        &["src/run/"],
        &[
            "check",
            "cpus",
            "environment",
            "error",
            "harness",
            "histogram",
            "hostile",
            "load",
            "meter",
            "record",
            "stats",
        ],
    ),
];

#[test]
fn dependencies_point_one_way() {
    for (name, code) in rust_files("src").into_iter().chain(rust_files("models")) {
        let code = code.split("#[cfg(test)]").next().unwrap();
        for (_, allowed) in ARROWS
            .iter()
            .filter(|(rooms, _)| rooms.iter().any(|room| name.starts_with(room)))
        {
            for used in uses(code) {
                let itself = name.starts_with(&format!("src/{used}/"));
                assert!(
                    itself || allowed.contains(&used),
                    "{name} must not use crate::{used}"
                );
            }
        }
        let is_cli = name.starts_with("src/cli/");
        assert!(
            is_cli || !uses(code).contains(&"cli"),
            "{name}: nothing imports cli"
        );
    }
}

#[test]
fn unsafe_code_lives_in_one_file() {
    for (name, code) in rust_files("src").into_iter().chain(rust_files("models")) {
        let code = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let is_unsafe = code.into_iter().any(|line| {
            line.contains("unsafe {") || line.contains("unsafe fn") || line.contains("unsafe impl")
        });
        assert!(name == "src/sys.rs" || !is_unsafe, "{name}");
    }
}

#[test]
fn rooms_stay_small() {
    for folder in ["src", "models", "examples", "bench"] {
        for (name, code) in rust_files(folder) {
            let lines = code.lines().count();
            assert!(lines <= 400, "{name} has {lines} lines: divide it");
        }
    }
}

#[test]
fn nothing_is_left_open() {
    // Spelt apart, so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("#[ig", "nore"),
    ];
    for folder in ["src", "models", "tests", "examples", "bench"] {
        for (name, code) in rust_files(folder) {
            for mark in marks {
                assert!(!code.contains(mark), "{name} has a {mark}");
            }
        }
    }
}

#[test]
fn every_model_says_where_it_breaks() {
    for (name, code) in rust_files("models")
        .iter()
        .filter(|(name, _)| !name.ends_with("mod.rs"))
    {
        let text: String = code
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        assert!(
            text.contains("It breaks") || text.contains("//! breaks"),
            "{name}: {text}"
        );
        assert!(
            code.lines().count() <= 260,
            "{name}: one model, one short file"
        );
    }
}

#[test]
fn the_readme_lists_the_models() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for model in rpcbench::models::ALL {
        let row = format!("| `{}` |", model.name());
        let line = readme.lines().find(|line| line.starts_with(&row));
        let line = line.unwrap_or_else(|| panic!("the README has no row {row}"));
        assert!(
            line.contains(model.about()),
            "{line} does not say: {}",
            model.about()
        );
    }
}
