//! The names of servers that differ in their workers only: `preforking (8 workers)`.
//!
//! A record names each by its model; its options hold the workers. What identifies a server by its
//! name (rankings, series, tables, warnings) works on a record that [`labelled`] returns.

use std::borrow::Cow;

use super::units::some;
use crate::record::{Record, Role, ServerIdentity, ServerKind};

/// What servers of one name have in common.
type Key<'a> = (ServerKind, &'a str, Option<Role>);

/// The names that stand with several numbers of workers.
#[derive(Debug)]
pub(crate) struct Labels<'a> {
    ambiguous: Vec<Key<'a>>,
}

fn key(server: &ServerIdentity) -> Key<'_> {
    (server.kind, &server.name, server.role)
}

impl<'a> Labels<'a> {
    /// The labels of these servers.
    pub(crate) fn of(servers: impl IntoIterator<Item = &'a ServerIdentity>) -> Labels<'a> {
        let mut first: Vec<(Key<'a>, usize)> = Vec::new();
        let mut ambiguous = Vec::new();
        for server in servers {
            // Not known before the first trial, unless it was given.
            let Some(workers) = server.options.workers else {
                continue;
            };
            let key = key(server);
            match first.iter().find(|(known, _)| *known == key) {
                None => first.push((key, workers)),
                Some((_, known)) if *known == workers || ambiguous.contains(&key) => {}
                Some(_) => ambiguous.push(key),
            }
        }
        Labels { ambiguous }
    }

    /// The name of a server, with its workers if its name alone does not identify it.
    pub(crate) fn label(&self, server: &ServerIdentity) -> String {
        self.named(key(server), server.options.workers)
    }

    /// The same for a model of which only the name and the workers are known.
    fn label_of_model(&self, name: &str, workers: Option<usize>) -> String {
        self.named((ServerKind::Model, name, None), workers)
    }

    fn named(&self, key: Key<'_>, workers: Option<usize>) -> String {
        let suffix = workers.filter(|_| self.ambiguous.contains(&key));
        format!("{}{}", key.1, suffix.map(suffix_of).unwrap_or_default())
    }
}

/// ` (8 workers)`.
fn suffix_of(workers: usize) -> String {
    format!(" ({})", some(workers as u64, "worker"))
}

/// A label as its name and its suffix, which is empty if it is the name alone.
pub(crate) fn parts(server: &ServerIdentity) -> (&str, String) {
    let suffix = server.options.workers.map(suffix_of).unwrap_or_default();
    match server.name.strip_suffix(&suffix) {
        Some(name) => (name, suffix),
        None => (&server.name, String::new()),
    }
}

/// The record with labels as the names of its servers, for people to read. A record without
/// servers that differ in their workers only is returned as it is.
pub fn labelled(record: &Record) -> Cow<'_, Record> {
    let labels = Labels::of(record.cells.iter().map(|cell| &cell.contestant));
    if labels.ambiguous.is_empty() {
        return Cow::Borrowed(record);
    }
    let mut named = record.clone();
    for cell in &mut named.cells {
        cell.contestant.name = labels.label(&cell.contestant);
        if let Some(from) = &mut cell.load.rate_share {
            from.contestant = labels.label_of_model(&from.contestant, from.workers);
        }
    }
    for search in &mut named.searches {
        search.contestant = labels.label_of_model(&search.contestant, search.workers);
    }
    for pilot in &mut named.pilots {
        pilot.contestant = labels.label_of_model(&pilot.contestant, pilot.workers);
    }
    Cow::Owned(named)
}
