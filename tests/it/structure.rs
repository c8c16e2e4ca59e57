//! The structure of the source: allowed dependencies between modules, no two files that import
//! each other, unsafe code in one module, short files.

use std::collections::{BTreeMap, BTreeSet};
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
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
                files.push((name.to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!files.is_empty(), "{folder}");
    files
}

/// The files of the library, without their unit tests and comments.
fn library() -> BTreeMap<String, String> {
    let files = rust_files("src").into_iter().chain(rust_files("models"));
    let code = |text: String| {
        let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
        let lines = text.lines();
        let code = lines.filter(|line| !line.trim_start().starts_with("//"));
        // `r#async` becomes `async`: a module has the name of its file.
        code.collect::<Vec<_>>().join("\n").replace("r#", "")
    };
    files.map(|(name, text)| (name, code(text))).collect()
}

/// The module path of a file: `load::clients::core`; the root is empty.
fn module(file: &str) -> Vec<String> {
    let file = file.strip_prefix("src/").unwrap_or(file);
    let file = file.strip_suffix(".rs").unwrap();
    let parts = file.split('/').filter(|part| *part != "mod");
    let parts: Vec<String> = parts.map(str::to_owned).collect();
    match parts.as_slice() {
        [root] if root == "lib" || root == "main" => Vec::new(),
        _ => parts,
    }
}

/// The paths in `use` statements and expressions of a file, from the crate root on.
fn paths(file: &str, code: &str) -> Vec<Vec<String>> {
    let own = module(file);
    let mut paths = Vec::new();
    for statement in code.split(';') {
        let Some(at) = statement.find("use ") else {
            continue;
        };
        let is_use = statement[..at]
            .trim_end()
            .rsplit('\n')
            .next()
            .is_some_and(|before| before.is_empty() || before.trim().starts_with("pub"))
            || statement.trim_start().starts_with("use ");
        if is_use {
            expand("", statement[at + 4..].trim(), &mut paths);
        }
    }
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let rest = &code[at..];
            let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
            paths.push(rest[..end].to_owned());
        }
    }
    let absolute = |path: &String| {
        let mut parts: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).collect();
        let mut base: Vec<String> = Vec::new();
        match parts.first() {
            Some(&"crate") => drop(parts.remove(0)),
            Some(&"super") => {
                base = own.clone();
                while parts.first() == Some(&"super") {
                    base.pop();
                    parts.remove(0);
                }
            }
            // A module declared in this file, such as in `pub use child::Item`.
            Some(_) => base.clone_from(&own),
            None => return None,
        }
        base.extend(parts.into_iter().map(str::to_owned));
        Some(base)
    };
    paths.iter().filter_map(absolute).collect()
}

/// `a::{b, c::{d}}` as `a::b` and `a::c::d`.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let mut depth = 0;
    let mut start = 0;
    for (at, c) in tree.char_indices().chain([(tree.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = tree[start..at].trim();
                start = (at + 1).min(tree.len());
                match part.split_once('{') {
                    Some((head, inside)) => {
                        let inside = inside.trim_end().trim_end_matches('}');
                        // Braces of outer levels are removed by their own call.
                        let opened = inside.matches('{').count();
                        let closed = inside.matches('}').count();
                        let inside =
                            format!("{inside}{}", "}".repeat(opened.saturating_sub(closed)));
                        expand(&format!("{prefix}{}", head.trim()), &inside, paths);
                    }
                    None if part.is_empty() => {}
                    None => paths.push(format!("{prefix}{part}")),
                }
            }
            _ => {}
        }
    }
}

/// The files that each file imports. A path is resolved to the longest module path it begins with.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let files = library();
    let by_module: BTreeMap<Vec<String>, String> = files
        .keys()
        .map(|file| (module(file), file.clone()))
        .collect();
    let target = |path: &[String]| {
        let lengths = (1..=path.len()).rev();
        lengths
            .filter_map(|length| by_module.get(&path[..length]))
            .next()
            .cloned()
    };
    let of = |(file, code): (&String, &String)| {
        let paths = paths(file, code);
        let targets = paths.iter().filter_map(|path| target(path));
        let targets = targets.filter(|target| target != file);
        (file.clone(), targets.collect())
    };
    files.iter().map(of).collect()
}

/// The top-level module of a file. The counters that server and harness share count as their own
/// module.
fn top_module(file: &str) -> &str {
    if file == "src/process/counters.rs" {
        return "counters";
    }
    let file = file.strip_prefix("src/").unwrap_or(file);
    file.split(['/', '.']).next().unwrap()
}

/// The modules that each module may import.
const ALLOWED_DEPENDENCIES: &[(&str, &[&str])] = &[
    ("sys", &[]),
    ("error", &[]),
    ("stats", &[]),
    ("protocol", &[]),
    ("counters", &["sys"]),
    ("record", &["error", "protocol", "sys"]),
    ("server", &["counters", "error", "protocol", "sys"]),
    ("models", &["server"]),
    ("process", &["counters", "error", "server", "sys"]),
    ("load", &["error", "protocol", "record", "sys"]),
    ("attack", &["error", "process", "record", "sys"]),
    (
        "scenario",
        &["error", "load", "protocol", "record", "stats"],
    ),
    ("check", &["record", "stats"]),
    ("findings", &["record", "stats"]),
    ("report", &["findings", "record", "stats"]),
    (
        "contract",
        &["error", "process", "protocol", "server", "sys"],
    ),
    ("cluster", &["error", "load", "measure", "record", "sys"]),
    (
        "selftest",
        &[
            "attack", "error", "load", "measure", "models", "process", "protocol", "record",
            "server", "stats",
        ],
    ),
    (
        "measure",
        &[
            "attack", "check", "error", "findings", "load", "process", "record", "scenario",
            "stats", "sys",
        ],
    ),
];

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for (file, targets) in imports() {
        let own = top_module(&file);
        let row = ALLOWED_DEPENDENCIES
            .iter()
            .find(|(module, _)| *module == own);
        for target in &targets {
            let used = top_module(target);
            let is_allowed = match row {
                Some((_, allowed)) => used == own || allowed.contains(&used),
                // The command line uses every module, and the root re-exports.
                None => own == "cli" || own == "lib" || own == "main",
            };
            if !is_allowed {
                wrong.push(format!("{file} imports {target}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "not an allowed dependency:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_two_files_import_each_other() {
    let imports = imports();
    let mut both = Vec::new();
    for (file, targets) in &imports {
        for target in targets {
            if file < target && imports[target].contains(file) {
                both.push(format!("{file} and {target}"));
            }
        }
    }
    assert!(both.is_empty(), "import each other:\n{}", both.join("\n"));
}

#[test]
fn unsafe_code_is_in_one_module() {
    for (name, code) in library().into_iter().chain(rust_files("examples")) {
        let is_unsafe = ["unsafe {", "unsafe fn", "unsafe impl"];
        let is_unsafe = is_unsafe.iter().any(|start| code.contains(start));
        assert!(name.starts_with("src/sys/") || !is_unsafe, "{name}");
    }
}

#[test]
fn files_are_short() {
    for folder in ["src", "models", "examples", "bench", "tests"] {
        for (name, code) in rust_files(folder) {
            let lines = code.lines().count();
            assert!(lines <= 400, "{name} has {lines} lines: divide it");
        }
    }
}

#[test]
fn every_module_has_a_text_at_its_top() {
    for (module, _) in ALLOWED_DEPENDENCIES {
        let path = root().join(format!("src/{module}/mod.rs"));
        if let Ok(text) = fs::read_to_string(path) {
            assert!(
                text.starts_with("//!"),
                "{module}/mod.rs has no text at its top"
            );
        }
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
            "{line} does not contain: {}",
            model.about()
        );
    }
}
