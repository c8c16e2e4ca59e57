//! The first line of a report: what is valid, who was served, what limits the figures.

use super::finding_titles::title;
use super::no_reply_sentences::{cause_and_remedy, why_no_client};
use super::summary::Summary;
use super::two_loads::comparisons;
use super::units::{and, count, some, stopped};
use crate::record::{ErrorCounts, NoReplyCause, Record, Trial, ValidityFinding, Verdict};

/// The most names, causes or findings in a first line.
const MOST_NAMED: usize = 3;

/// The first line of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// One or more sentences.
    pub text: String,
    /// Whether all clients were served in valid trials. A generator at its limit changes nothing
    /// about that.
    pub is_good: bool,
}

/// The first line of the report of a measurement. A check has its verdict instead, and a search
/// its answers, unless no client was served.
pub fn headline(record: &Record) -> Option<Headline> {
    let summaries: Vec<Summary<'_>> = record.cells.iter().filter_map(Summary::of).collect();
    if no_client_was_served(record) {
        return Some(Headline {
            text: none_served(record),
            is_good: false,
        });
    }
    if record.check.is_some() || !record.searches.is_empty() {
        return None;
    }
    let doubt = doubt(&summaries);
    let is_served = summaries.iter().all(|summary| !summary.unserved());
    let stuck = stuck(&summaries);
    let is_good = doubt.is_none() && is_served && stuck.is_none();
    let served = match summaries.as_slice() {
        [] => return None,
        [one] => of_one(one),
        several => of_several(several, doubt.is_none()),
    };
    let served = if is_good {
        format!("OK: {served}")
    } else {
        capitalised(&served)
    };
    let sentences = [doubt, Some(served), stuck, limited(&summaries)];
    let sentences: Vec<String> = sentences.into_iter().flatten().collect();
    Some(Headline {
        text: sentences.join(" "),
        is_good,
    })
}

/// How many requests from before the window had no reply in the end. They are in no latency.
fn stuck(summaries: &[Summary<'_>]) -> Option<String> {
    let trials = summaries.iter().flat_map(|summary| summary.trials());
    // Clients that were never served are named already.
    let served = trials.filter(|trial| trial.clients_unserved == 0);
    let older = served.filter_map(|trial| trial.older);
    let stuck: u64 = older.map(|older| older.unanswered).sum();
    (stuck > 0).then(|| {
        format!(
            "{} from before the window had no reply by the end of the drain.",
            some(stuck, "request")
        )
    })
}

/// Whether no client of any server got a correct reply inside the window, in all trials.
pub fn no_client_was_served(record: &Record) -> bool {
    let mut trials = record.cells.iter().flat_map(|cell| &cell.trials).peekable();
    trials.peek().is_some() && trials.all(|trial| trial.requests == 0)
}

fn none_served(record: &Record) -> String {
    let mut causes: Vec<(&NoReplyCause, Vec<&str>)> = Vec::new();
    for cell in &record.cells {
        let (Some(cause), name) = (why_no_client(cell), cell.contestant.name.as_str()) else {
            continue;
        };
        match causes.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => causes.push((cause, vec![name])),
        }
    }
    let why = match causes.as_slice() {
        [] => cause_and_remedy(&NoReplyCause::Unknown),
        [(cause, _)] => cause_and_remedy(cause),
        several => {
            let causes = several.iter().take(MOST_NAMED);
            let causes = causes
                .map(|(cause, names)| format!("{}: {}", named(names), cause_and_remedy(cause)));
            causes.collect::<Vec<_>>().join("; ")
        }
    };
    stopped(format!("Invalid: no client was served: {why}"))
}

/// The trials that are suspect or invalid, the worst first: how many, of which servers, and why.
fn doubt(summaries: &[Summary<'_>]) -> Option<String> {
    let trials = || {
        let of = |summary| (Summary::name(summary), summary.trials());
        let cells = summaries.iter().map(of);
        cells.flat_map(|(name, trials)| trials.iter().map(move |trial| (name, trial)))
    };
    let doubtful: Vec<(&str, &Trial)> = trials().filter(|(_, trial)| is_doubtful(trial)).collect();
    let worst = doubtful
        .iter()
        .map(|(_, trial)| trial.validity.verdict)
        .max()?;
    let word = match worst {
        Verdict::Invalid => "Invalid",
        Verdict::Suspect | Verdict::Valid => "Suspect",
    };
    let (mut number, mut names, mut found) = (0, Vec::new(), Vec::<&ValidityFinding>::new());
    let with_worst = doubtful
        .iter()
        .filter(|(_, trial)| trial.validity.verdict == worst);
    for (name, trial) in with_worst {
        number += 1;
        if !names.contains(name) {
            names.push(*name);
        }
        let findings = trial.validity.findings.iter();
        let is_new = |finding: &&ValidityFinding, known: &[&ValidityFinding]| {
            known.iter().all(|known| known.code() != finding.code())
        };
        for finding in findings.filter(|finding| explains(finding, worst)) {
            if is_new(&finding, &found) {
                found.push(finding);
            }
        }
    }
    let titles = found.iter().take(MOST_NAMED).map(|finding| title(finding));
    let why = match found.len() {
        0 => "no reason is given".to_owned(),
        _ => titles.collect::<Vec<_>>().join("; "),
    };
    let all = trials().count();
    let where_found = match (summaries.len(), all) {
        (_, 1) => String::new(),
        (1, _) => format!(" in {number} of {all} trials"),
        _ => format!(" in {number} of {all} trials ({})", named(&names)),
    };
    let others = match doubtful.len() - number {
        0 => String::new(),
        others => format!(" {} suspect.", are(others as u64, "other trial")),
    };
    let example = if number > 1 { ", for example" } else { "" };
    Some(format!("{word}{where_found}{example}: {why}.{others}"))
}

/// `1 other trial is`, `2 other trials are`.
fn are(number: u64, thing: &str) -> String {
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", some(number, thing))
}

/// Whether a trial is in doubt for any other reason than a notice, or a generator at its limit,
/// which only makes its throughput a lower bound.
pub(crate) fn is_doubtful(trial: &Trial) -> bool {
    let validity = &trial.validity;
    // A verdict without findings is in doubt for an unknown reason.
    let other_reason = validity.findings.is_empty() || !validity.findings.iter().all(is_limit);
    validity.verdict != Verdict::Valid && other_reason
}

fn is_limit(finding: &ValidityFinding) -> bool {
    let is_notice = finding.verdict() == Some(Verdict::Valid);
    is_notice || matches!(finding, ValidityFinding::GeneratorLimited { .. })
}

/// Whether a finding is a reason for this verdict of its trial.
fn explains(finding: &ValidityFinding, verdict: Verdict) -> bool {
    !is_limit(finding) && finding.verdict().is_none_or(|own| own == verdict)
}

fn of_one(summary: &Summary<'_>) -> String {
    let (served, asked) = (count(summary.served as u64), count(summary.asked as u64));
    if summary.unserved() {
        let what = if summary.starved() {
            "reply"
        } else {
            "correct reply"
        };
        return format!(
            "{served} of {asked} clients served; the others got no {what} in the window."
        );
    }
    let trials = match summary.trials().len() {
        1 => String::new(),
        many => format!(" in each of {many} trials"),
    };
    format!(
        "{served} of {asked} clients served{trials}, {}.",
        errors(std::slice::from_ref(summary))
    )
}

fn of_several(summaries: &[Summary<'_>], is_valid: bool) -> String {
    let mut servers: Vec<(&str, Option<&Summary<'_>>)> = Vec::new();
    for summary in summaries {
        let unserved = summary.unserved().then_some(summary);
        match servers.iter_mut().find(|(name, _)| *name == summary.name()) {
            Some((_, first)) => *first = first.or(unserved),
            None => servers.push((summary.name(), unserved)),
        }
    }
    let trials: usize = summaries.iter().map(|summary| summary.trials().len()).sum();
    let valid = if is_valid {
        format!("{trials} trials, all valid; ")
    } else {
        String::new()
    };
    let unserved: Vec<&Summary<'_>> = servers.iter().filter_map(|(_, first)| *first).collect();
    if unserved.is_empty() {
        let all = match servers.len() {
            1 => "all clients were served".to_owned(),
            many => format!("all {many} servers served all clients"),
        };
        return format!("{valid}{all}, {}.", errors(summaries));
    }
    let one_load = comparisons(summaries).len() == 1;
    let entry = |summary: &&Summary<'_>| match one_load {
        true => format!(
            "{} served {} of {}",
            shortened(summary.name()),
            summary.served,
            summary.asked
        ),
        false => shortened(summary.name()),
    };
    let mut entries: Vec<String> = unserved.iter().take(MOST_NAMED).map(entry).collect();
    if unserved.len() > MOST_NAMED {
        entries.push(format!("{} more", unserved.len() - MOST_NAMED));
    }
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    let rest = match one_load {
        true => entries.join(", "),
        false => format!("{} did not", and(&entries)),
    };
    let (good, all) = (
        servers.len() - unserved.len(),
        some(servers.len() as u64, "server"),
    );
    format!("{valid}{good} of {all} served all clients; {rest}.")
}

/// `no errors`, or the number of errors by kind.
fn errors(summaries: &[Summary<'_>]) -> String {
    let mut all = ErrorCounts::default();
    let trials = summaries.iter().flat_map(|summary| summary.trials());
    trials.for_each(|trial| all.add(&trial.errors));
    let kinds = all.kinds().into_iter();
    let kinds: Vec<String> = kinds
        .map(|(kind, number)| format!("{} {kind}", count(number)))
        .collect();
    match all.total() {
        0 => "no errors".to_owned(),
        total => format!("{} ({})", some(total, "error"), kinds.join(", ")),
    }
}

/// That throughput is a lower bound. Tables of several servers mark it, and a sentence below them
/// names the servers.
fn limited(summaries: &[Summary<'_>]) -> Option<String> {
    let is_limited = summaries.iter().any(|summary| summary.limited);
    is_limited.then(|| match summaries {
        [one] => format!(
            "The load generator was at its limit, so the throughput is at least {}/s.",
            count(one.throughput_rps.median.round() as u64)
        ),
        _ => "Throughput with ≥ is a lower bound.".to_owned(),
    })
}

/// Names, each shortened, and how many more there are.
fn named(names: &[&str]) -> String {
    let mut shown: Vec<String> = names
        .iter()
        .take(MOST_NAMED)
        .copied()
        .map(shortened)
        .collect();
    if names.len() > MOST_NAMED {
        shown.push(format!("{} more", names.len() - MOST_NAMED));
    }
    and(&shown.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A name, shortened if it is a long command.
fn shortened(name: &str) -> String {
    const MOST_CHARS: usize = 30;
    match name.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next();
    first
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect()
}
