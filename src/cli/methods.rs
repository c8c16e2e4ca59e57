//! Refuses methods that the servers do not have.

use anyhow::Context;

use super::app::App;
use crate::error::Error;
use crate::measure::{Case, ServerSpec};
use crate::record::LoadSpec;

/// Two names are near each other if at most this number of letters differ.
const MOST_EDITS: usize = 2;

/// Refuses a method that the service of this program does not have, for the servers that serve
/// with it. Other servers may have any method.
pub(crate) fn refuse_unknown_methods<'a>(
    app: App<'_>,
    cases: impl IntoIterator<Item = &'a Case>,
) -> anyhow::Result<()> {
    let Some(known) = app.service.methods() else {
        return Ok(());
    };
    let own = cases
        .into_iter()
        .filter(|case| matches!(case.server_spec, ServerSpec::Server(_)));
    for case in own {
        let mut called = methods(&case.load);
        let Some(unknown) = called.find(|method| !known.contains(method)) else {
            continue;
        };
        let error = Err(Error::UnknownMethod {
            name: unknown.to_owned(),
            known: known.join(", "),
            near: nearest(unknown, &known).map(str::to_owned),
        });
        return match &case.scenario {
            Some(scenario) => error.with_context(|| format!("scenario {scenario}")),
            None => Ok(error?),
        };
    }
    Ok(())
}

/// The methods that a load calls.
fn methods(load: &LoadSpec) -> impl Iterator<Item = &str> {
    let alternate = load.alternate.iter().map(|other| other.method.as_str());
    std::iter::once(load.method.as_str()).chain(alternate)
}

/// The known name with the fewest edits, if these are few for the length of the name.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let most = MOST_EDITS.min(name.chars().count() / 2);
    let edits = known.iter().map(|known| (edits(name, known), *known));
    let nearest = edits.min_by_key(|(edits, _)| *edits);
    nearest
        .filter(|(edits, _)| *edits <= most)
        .map(|(_, known)| known)
}

/// The number of edits between two names: a letter added, left out, replaced, or two swapped
/// (optimal string alignment).
fn edits(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let width = other.len() + 1;
    let mut cost = vec![0; (one.len() + 1) * width];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            let at = |i: usize, j: usize| cost[i * width + j];
            cost[i * width + j] = match (i, j) {
                (0, edits) | (edits, 0) => edits,
                _ => {
                    let replaced = at(i - 1, j - 1) + usize::from(one[i - 1] != other[j - 1]);
                    let best = replaced.min(at(i - 1, j) + 1).min(at(i, j - 1) + 1);
                    let is_swap =
                        i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
                    if is_swap {
                        best.min(at(i - 2, j - 2) + 1)
                    } else {
                        best
                    }
                }
            };
        }
    }
    cost[one.len() * width + other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_suggested_only_where_one_is_near() {
        let known = ["ping", "spin", "sleep", "pi", "blob"];
        for (name, expected) in [
            ("pnig", Some("ping")),
            ("pong", Some("ping")),
            ("Sleep", Some("sleep")),
            ("slep", Some("sleep")),
            ("pii", Some("pi")),
            ("blobb", Some("blob")),
            ("nope", None),
            ("x", None),
            ("", None),
            ("getUserById", None),
        ] {
            assert_eq!(nearest(name, &known), expected, "{name}");
        }
    }
}
