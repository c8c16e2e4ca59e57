//! The name that the user probably meant.

/// Two names are near each other if at most this number of letters differ.
const MOST_EDITS: usize = 2;

/// The name with the fewest edits (optimal string alignment), if these are few for its length.
pub(crate) fn near<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = MOST_EDITS.min(word.chars().count() / 2);
    let edits = names
        .into_iter()
        .map(|name| (strsim::osa_distance(word, name), name));
    let nearest = edits.min_by_key(|(edits, _)| *edits);
    nearest
        .filter(|(edits, _)| *edits <= most)
        .map(|(_, name)| name)
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
            assert_eq!(near(name, known), expected, "{name}");
        }
    }
}
