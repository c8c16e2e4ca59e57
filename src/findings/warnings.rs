//! Warnings about trials. Each kind of reason is listed once.

use super::summary::Summary;
use crate::record::{Trial, Verdict};

/// A reason without its figures. Two reasons of one kind differ only in their figures.
fn kind(reason: &str) -> String {
    let is_figure_char = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let mut kind = String::new();
    let mut after_figure = false;
    for c in reason.chars() {
        // Rates are written as 9,500 or 12k.
        let in_figure = is_figure_char(c) || (after_figure && matches!(c, 'k' | 'M'));
        if !in_figure {
            kind.push(c);
        }
        after_figure = in_figure;
    }
    kind
}

/// A reason to doubt the trials of some cells.
#[derive(Debug, Clone)]
pub struct Warning<'a> {
    /// The reason, with the figures of the first trial that has it.
    pub reason: &'a str,
    /// The servers with this reason.
    pub names: Vec<&'a str>,
    /// The worst verdict among the trials with this reason.
    pub verdict: Verdict,
    /// The number of trials with this reason.
    pub trials: usize,
    /// The number of all trials of these cells.
    pub of: usize,
}

/// The warnings about these cells. Each kind of reason is listed once.
pub fn warnings<'a>(summaries: &[Summary<'a>]) -> Vec<Warning<'a>> {
    let of = summaries
        .iter()
        .map(|summary| summary.cell.trials.len())
        .sum();
    let reasons_with_verdict = |trial: &'a Trial| {
        let reasons = trial.validity.reasons.iter().enumerate();
        // The first reason is the worst: the verdict of the trial comes from it.
        reasons.map(|(at, reason)| match at {
            0 => (trial.validity.verdict, reason),
            _ => (Verdict::Suspect, reason),
        })
    };
    let mut warnings: Vec<Warning<'a>> = Vec::new();
    for summary in summaries {
        for (verdict, reason) in summary.cell.trials.iter().flat_map(reasons_with_verdict) {
            let name = summary.name();
            match warnings
                .iter_mut()
                .find(|warning| kind(warning.reason) == kind(reason))
            {
                Some(warning) => {
                    warning.trials += 1;
                    warning.verdict = warning.verdict.max(verdict);
                    if !warning.names.contains(&name) {
                        warning.names.push(name);
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
    /// The warning in one sentence, with the figures of one trial. With `named`, it lists the servers.
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
        let example = if self.trials > 1 { ", for example" } else { "" };
        format!("{verdict}{trials}{names}{example}: {}.", self.reason)
    }
}
