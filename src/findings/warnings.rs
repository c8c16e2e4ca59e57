//! Warnings about trials. What one check found is listed once, for all trials together.

use std::mem::discriminant;

use super::summary::Summary;
use super::units::stopped;
use super::validity_sentences::reason;
use crate::record::{Trial, ValidityFinding, Verdict};

/// What one check found about the trials of some cells.
#[derive(Debug, Clone)]
pub struct Warning<'a> {
    /// The finding of the first trial that has it.
    pub finding: &'a ValidityFinding,
    /// That finding in words.
    pub reason: String,
    /// The servers with this finding.
    pub names: Vec<&'a str>,
    /// The worst verdict among the trials with this finding.
    pub verdict: Verdict,
    /// The number of trials with this finding.
    pub trials: usize,
    /// The number of all trials of these cells.
    pub of: usize,
}

/// The warnings about these cells: one for each code.
pub fn warnings<'a>(summaries: &[Summary<'a>]) -> Vec<Warning<'a>> {
    let of = summaries.iter().map(|summary| summary.trials().len()).sum();
    let mut warnings: Vec<Warning<'a>> = Vec::new();
    for summary in summaries {
        for one in summary.trials().iter().flat_map(found) {
            let name = summary.name();
            match warnings
                .iter_mut()
                .find(|warning| is_same_kind(warning.finding, one.finding))
            {
                Some(warning) => {
                    warning.trials += 1;
                    warning.verdict = warning.verdict.max(one.verdict);
                    if !warning.names.contains(&name) {
                        warning.names.push(name);
                    }
                }
                None => warnings.push(Warning {
                    finding: one.finding,
                    reason: one.reason,
                    verdict: one.verdict,
                    names: vec![name],
                    trials: 1,
                    of,
                }),
            }
        }
    }
    warnings
}

/// A finding of one trial.
struct Found<'a> {
    finding: &'a ValidityFinding,
    reason: String,
    verdict: Verdict,
}

fn found(trial: &Trial) -> impl Iterator<Item = Found<'_>> {
    let validity = &trial.validity;
    let findings = validity.findings.iter().enumerate();
    findings.filter_map(|(at, finding)| {
        Some(Found {
            finding,
            reason: reason(validity, at)?,
            verdict: finding.verdict().unwrap_or(match at {
                // The first finding is the most serious: the verdict of the trial comes from it.
                0 => validity.verdict,
                _ => Verdict::Suspect,
            }),
        })
    })
}

/// Whether two findings belong into one warning.
fn is_same_kind(one: &ValidityFinding, other: &ValidityFinding) -> bool {
    match (one, other) {
        (ValidityFinding::Legacy { text: one }, ValidityFinding::Legacy { text: other }) => {
            without_figures(one) == without_figures(other)
        }
        (
            ValidityFinding::Trend { cause: one, .. },
            ValidityFinding::Trend { cause: other, .. },
        ) => one.map(|cause| discriminant(&cause)) == other.map(|cause| discriminant(&cause)),
        _ => one.code() == other.code(),
    }
}

/// The text of an old record without its figures: there, all that two reasons of one kind share.
fn without_figures(text: &str) -> String {
    let is_figure_char = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let mut words = String::new();
    let mut after_figure = false;
    for c in text.chars() {
        // Rates are written as 9,500 or 12k.
        let in_figure = is_figure_char(c) || (after_figure && matches!(c, 'k' | 'M'));
        if !in_figure {
            words.push(c);
        }
        after_figure = in_figure;
    }
    words
}

impl Warning<'_> {
    /// The warning in one sentence, with the figures of one trial. With `named`, it lists the servers.
    pub fn sentence(&self, named: bool) -> String {
        let verdict = match (self.finding, self.verdict) {
            (_, Verdict::Invalid) => "Invalid",
            (_, Verdict::Valid) => "Note",
            // It makes the throughput a lower bound, and nothing else doubtful.
            (ValidityFinding::GeneratorLimited { .. }, _) => "Note",
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
        stopped(format!(
            "{verdict}{trials}{names}{example}: {}",
            self.reason
        ))
    }
}
