//! What to do about an inconclusive check, from how its pairs varied.

use super::check_words::{percent, title_with_load};
use super::units::{some, span};
use crate::record::{CheckInfo, Finding, Outcome, Part};

/// For each gated metric that is undecided: what was seen, what this number of pairs shows, what a pass
/// takes. Then what to do. Empty if nothing is undecided.
pub fn advice(check: &CheckInfo, part: &Part) -> Vec<String> {
    if part.outcome != Outcome::Inconclusive {
        return Vec::new();
    }
    let open: Vec<&Finding> = part.findings.iter().filter(is_open).collect();
    let mut lines: Vec<String> = open
        .iter()
        .filter_map(|finding| seen(check, part, finding))
        .collect();
    let further = further_pairs(check);
    let pair_time_s = pair_time_s(check);
    let time = pair_time_s.and_then(|time_s| Some(check.took_s? + time_s * further as f64));
    lines.extend(match (pairs_needed(check, part), time) {
        (Some(pairs), Some(time_s)) if further > 0 && !open.is_empty() => Some(format!(
            "To decide: --budget {}s (some {} in all), or add pairs to this check with --resume; \
             or a wider --margin, or a quieter machine.",
            time_s.ceil(),
            some(pairs as u64, "pair")
        )),
        _ if !open.is_empty() => Some(
            "To decide: a quieter machine, a longer --duration, or a wider --margin: more pairs \
             alone take too long."
                .to_owned(),
        ),
        _ => None,
    });
    lines
}

/// Whether pairs may decide a metric.
fn is_open(finding: &&Finding) -> bool {
    finding.gated && finding.outcome == Outcome::Inconclusive && finding.advisory.is_none()
}

/// The pairs that decide all open metrics of a part, if the pairs go on to vary as they did. `None`:
/// too many.
fn pairs_needed(check: &CheckInfo, part: &Part) -> Option<usize> {
    let least = check.rules.least_pairs;
    let open = part.findings.iter().filter(is_open);
    // One figure that too many pairs would decide keeps the check open.
    open.map(|finding| {
        let Some(power) = finding.power else {
            // One pair says nothing about further ones.
            return Some(least);
        };
        let to_pass = power.pairs_for_margin;
        let needed = match looks_worse(finding) {
            true => pairs_to_regress(finding).or(to_pass),
            false => to_pass,
        };
        needed.map(|pairs| pairs.max(least))
    })
    .try_fold(least, |most, needed| needed.map(|pairs| most.max(pairs)))
}

/// The further pairs of all open parts that pairs may decide.
fn further_pairs(check: &CheckInfo) -> usize {
    let open = check.parts.iter();
    let open = open.filter(|part| part.outcome == Outcome::Inconclusive);
    let further = open.filter_map(|part| {
        let needed = pairs_needed(check, part)?;
        Some(needed.saturating_sub(part.pairs.len()))
    });
    further.sum()
}

/// Whether a metric seems to be worse by more than its margin, and only the evidence is missing.
fn looks_worse(finding: &Finding) -> bool {
    finding.worse > 1.0 + finding.margin
}

/// The pairs that would show that it is worse, if the evidence goes on to grow as it did.
fn pairs_to_regress(finding: &Finding) -> Option<usize> {
    /// Less evidence says nothing about its growth.
    const LEAST_EVIDENCE: f64 = 1.5;
    let evidence = finding
        .evidence
        .filter(|evidence| evidence.worse >= LEAST_EVIDENCE)?;
    let times = evidence.needed_for_change.ln() / evidence.worse.ln();
    Some((evidence.pairs as f64 * times.max(1.0)).ceil() as usize)
}

/// The time of a pair of one part, in seconds.
pub(crate) fn pair_time_s(check: &CheckInfo) -> Option<f64> {
    let pairs: usize = check.parts.iter().map(|part| part.pairs.len()).sum();
    let took_s = check.took_s?;
    (pairs > 0).then(|| took_s / pairs as f64)
}

/// What the pairs of a metric could show, in words. `rpcbench check` and `rpcbench calibrate` say the
/// same of the same pairs.
pub struct PowerWords {
    /// How much the pairs vary: `13 %`.
    pub spread: String,
    /// The smallest change that this number of pairs shows: `25 %`; `–` if they show none.
    pub visible: String,
    /// The pairs that a pass takes, with their time: `40 pairs, 160 s`.
    pub to_pass: String,
}

impl PowerWords {
    /// The words; `None` for fewer than two pairs.
    pub fn of(check: &CheckInfo, finding: &Finding) -> Option<PowerWords> {
        let power = finding.power?;
        let to_pass = match power.pairs_for_margin {
            Some(needed) => {
                let time = pair_time_s(check).map(|time_s| span((time_s * needed as f64).round()));
                let time = time.map_or_else(String::new, |time| format!(", {time}"));
                format!("{}{time}", some(needed as u64, "pair"))
            }
            None => "over 1,000 pairs".to_owned(),
        };
        Some(PowerWords {
            spread: percent(power.sigma),
            visible: power.visible.map_or_else(|| "–".to_owned(), percent),
            to_pass,
        })
    }
}

/// `p50 at 20,000/s: the pairs vary by 13 %; 17 of them show changes from 25 %; a pass at 10 % takes
/// 40 pairs, 160 s`.
fn seen(check: &CheckInfo, part: &Part, finding: &Finding) -> Option<String> {
    let words = PowerWords::of(check, finding)?;
    let metric = title_with_load(part, finding);
    if let Some(pairs) = pairs_to_regress(finding).filter(|_| looks_worse(finding)) {
        return Some(format!(
            "{metric}: it looks worse by more than {}, and some {} would show it.",
            percent(finding.margin),
            some(pairs as u64, "pair")
        ));
    }
    let pairs = finding
        .evidence
        .map_or(finding.pairs.len(), |evidence| evidence.pairs);
    let visible = match words.visible.as_str() {
        "–" => "no change".to_owned(),
        visible => format!("changes from {visible}"),
    };
    Some(format!(
        "{metric}: the pairs vary by {}; {pairs} of them show {visible}; a pass at {} takes {}.",
        words.spread,
        percent(finding.margin),
        words.to_pass
    ))
}
