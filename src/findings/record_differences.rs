//! What differs between two records apart from the results: machine, build, options, loads.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::units::bytes;
use crate::record::{Cell, Record};

/// A setting that differs: its name, its value in the old and in the new record.
pub(crate) type Difference = (String, String, String);

/// A property of a record: its name, and its value.
type Property = (&'static str, fn(&Record) -> String);

static PROPERTIES: &[Property] = &[
    ("processor", |record| {
        known(record.environment.cpu_model.as_ref())
    }),
    ("cores", |record| record.environment.cpus.to_string()),
    ("CPU quota in cores", |record| {
        known_or(record.environment.cpu_quota, "none")
    }),
    ("memory of the machine", |record| {
        let size = record.environment.memory_bytes;
        known(size.map(|size| bytes(size as f64)))
    }),
    ("virtual machine", |record| {
        match record.environment.virtualised {
            true => "yes".to_owned(),
            false => "no".to_owned(),
        }
    }),
    ("kernel", |record| known(record.environment.kernel.as_ref())),
    ("frequency governor", |record| {
        known(record.environment.governor.as_ref())
    }),
    ("file descriptor limit", |record| {
        known(record.environment.limits.nofile)
    }),
    ("maximum listen backlog", |record| {
        known(record.environment.limits.somaxconn)
    }),
    ("rpcbench version", |record| record.tool.version.clone()),
    ("rpcbench commit", |record| known(record.tool.git.as_ref())),
    ("compiler", |record| record.tool.rustc.clone()),
    ("build profile", |record| record.tool.profile.clone()),
];

fn known<T: ToString>(value: Option<T>) -> String {
    known_or(value, "unknown")
}

fn known_or<T: ToString>(value: Option<T>, other: &str) -> String {
    value.map_or(other.to_owned(), |value| value.to_string())
}

/// What differs in machine and build.
pub(crate) fn settings(old: &Record, new: &Record) -> Vec<Difference> {
    let difference = |(name, of): &Property| {
        let (old, new) = (of(old), of(new));
        (old != new).then(|| ((*name).to_owned(), old, new))
    };
    PROPERTIES.iter().filter_map(difference).collect()
}

/// What differs in the options of a server.
pub(crate) fn options(old: &Cell, new: &Cell) -> Vec<Difference> {
    fields(&old.contestant.options, &new.contestant.options)
}

/// What differs between the loads of two cells.
pub(crate) fn load(old: &Cell, new: &Cell) -> Vec<Difference> {
    fields(&old.load, &new.load)
}

/// The fields that differ, under the names that they have in a record.
fn fields(old: &impl Serialize, new: &impl Serialize) -> Vec<Difference> {
    let of = |value: Result<Value, _>| match value {
        Ok(Value::Object(fields)) => fields.into_iter().collect(),
        // Only keys that are not strings, or numbers that are not finite, could fail.
        Ok(_) | Err::<_, serde_json::Error>(_) => BTreeMap::new(),
    };
    let old: BTreeMap<String, Value> = of(serde_json::to_value(old));
    let new: BTreeMap<String, Value> = of(serde_json::to_value(new));
    let difference = |(name, old): (&String, &Value)| {
        let new = new.get(name).unwrap_or(&Value::Null);
        (old != new).then(|| (name.clone(), short(old), short(new)))
    };
    old.iter().filter_map(difference).collect()
}

/// A value as text, shortened: params can be long.
fn short(value: &Value) -> String {
    const MAX_CHARS: usize = 40;
    let text = match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= MAX_CHARS {
        text
    } else {
        text.chars().take(MAX_CHARS - 1).chain(['…']).collect()
    }
}

/// `cores 2 → 4, kernel 6.1 → 6.2`.
pub(crate) fn listed(differences: &[Difference]) -> String {
    let one = |(name, old, new): &Difference| format!("{name} {old} → {new}");
    differences.iter().map(one).collect::<Vec<_>>().join(", ")
}
