//! Reasons to doubt trials, each kind once.

use super::summary::Summary;
use crate::record::{Trial, Verdict};

/// What is left of a reason without its figures: reasons of one kind differ by these only.
fn kind(reason: &str) -> String {
    let is_of_figure = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let mut kind = String::new();
    let mut after_figure = false;
    for c in reason.chars() {
        // Rates are written as 9,500 or 12k.
        let of_figure = is_of_figure(c) || (after_figure && matches!(c, 'k' | 'M'));
        if !of_figure {
            kind.push(c);
        }
        after_figure = of_figure;
    }
    kind
}

/// What speaks against the trials of some cells.
#[derive(Debug, Clone)]
pub struct Warning<'a> {
    /// The reason, with the figures of the first trial that it was given for.
    pub reason: &'a str,
    /// The contestants that it was given for.
    pub names: Vec<&'a str>,
    /// The worst verdict that it is part of.
    pub verdict: Verdict,
    /// In how many trials it was given …
    pub trials: usize,
    /// … of so many.
    pub of: usize,
}

/// The warnings about these cells, each kind of reason once.
pub fn warnings<'a>(summaries: &[Summary<'a>]) -> Vec<Warning<'a>> {
    let of = summaries
        .iter()
        .map(|summary| summary.cell.trials.len())
        .sum();
    let told = |trial: &'a Trial| {
        let reasons = trial.validity.reasons.iter().enumerate();
        // The worst stands first.
        reasons.map(|(at, reason)| match at {
            0 => (trial.validity.verdict, reason),
            _ => (Verdict::Suspect, reason),
        })
    };
    let mut warnings: Vec<Warning<'a>> = Vec::new();
    for summary in summaries {
        for (verdict, reason) in summary.cell.trials.iter().flat_map(told) {
            let name = summary.name();
            match warnings
                .iter_mut()
                .find(|doubt| kind(doubt.reason) == kind(reason))
            {
                Some(doubt) => {
                    doubt.trials += 1;
                    doubt.verdict = doubt.verdict.max(verdict);
                    if !doubt.names.contains(&name) {
                        doubt.names.push(name);
                    }
                }
                None => warnings.push(Warning {
                    reason,
                    verdict,
                    names: vec![name],
                    trials: 1,
                    of,
                }),
            }
        }
    }
    warnings
}

impl Warning<'_> {
    /// The whole of it in a sentence, the figures being one trial's; with `named`, also whom it is about.
    pub fn sentence(&self, named: bool) -> String {
        let verdict = match self.verdict {
            Verdict::Invalid => "Invalid",
            _ => "Suspect",
        };
        let trials = if self.of == 1 {
            String::new()
        } else {
            format!(" in {} of {} trials", self.trials, self.of)
        };
        let names = if named {
            format!(" ({})", self.names.join(", "))
        } else {
            String::new()
        };
        let one = if self.trials > 1 { ", one of them" } else { "" };
        format!("{verdict}{trials}{names}{one}: {}.", self.reason)
    }
}
