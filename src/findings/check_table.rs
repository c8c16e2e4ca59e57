//! The figures of a check as one table that all formats show: before and after, the change in words,
//! and the interval that decided.

use super::check_words::{change, interval, of_figures, percent, title_with_load, value};
use crate::record::{Advisory, CheckInfo, Finding, Method, Outcome, Part};

/// One metric of one part, in words.
#[derive(Debug, Clone)]
pub struct CheckRow<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// The metric with its load: `throughput at capacity`.
    pub metric: String,
    /// The baseline's median.
    pub before: String,
    /// The candidate's median.
    pub after: String,
    /// The change: `4.8 % lower`.
    pub change: String,
    /// The interval that decided: `2.0 % to 7.1 % lower`.
    pub interval: String,
    /// The same as ratios taken so that over 1 is worse. Ends that are not known are infinite or 0.
    pub worse_range: (f64, f64),
    /// The outcome as a word, or `advisory`.
    pub verdict: &'static str,
    /// What follows from the interval.
    pub meaning: String,
}

impl CheckRow<'_> {
    /// `CPU per request at 20,000/s: 12.1 µs → 13.6 µs, 12 % higher (6.0 % to 19 %): …`.
    pub fn line(&self) -> String {
        format!(
            "{}: {} → {}, {} ({}): {}",
            self.metric, self.before, self.after, self.change, self.interval, self.meaning
        )
    }
}

/// The outcome in capitals, such as `REGRESSED`.
pub(crate) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Regressed => "REGRESSED",
        Outcome::Invalid => "INVALID",
        Outcome::Inconclusive => "INCONCLUSIVE",
        Outcome::Pass => "PASS",
        Outcome::Improved => "IMPROVED",
    }
}

/// The rows of a part: the gated metrics first.
pub fn rows<'a>(check: &CheckInfo, part: &'a Part) -> Vec<CheckRow<'a>> {
    let row = |finding: &'a Finding| {
        let metric = finding.metric;
        let worse_range = match finding.low_bound {
            Some(low) => (low, finding.bound),
            None => (finding.low, finding.high),
        };
        let ends = [worse_range.0, worse_range.1].map(|worse| of_figures(metric, worse));
        let [low, high] = if metric.is_more_better() {
            [ends[1], ends[0]]
        } else {
            ends
        };
        let [before, after] = finding.medians.map(|median| value(metric, median));
        CheckRow {
            finding,
            metric: title_with_load(part, finding),
            before,
            after,
            change: change(of_figures(metric, finding.worse)),
            interval: interval(low, high),
            worse_range,
            verdict: if finding.gated {
                word(finding.outcome)
            } else {
                "advisory"
            },
            meaning: meaning(check, finding),
        }
    };
    let (gated, advisory): (Vec<_>, Vec<_>) =
        part.findings.iter().partition(|finding| finding.gated);
    gated.into_iter().chain(advisory).map(row).collect()
}

/// What follows from the interval of a finding.
fn meaning(check: &CheckInfo, finding: &Finding) -> String {
    if !finding.gated {
        return match &finding.advisory {
            Some(reason) => format!("does not decide: {}", reason.text()),
            None => "does not decide".to_owned(),
        };
    }
    let margin = percent(finding.margin);
    let delta = percent(check.rules.delta);
    match finding.outcome {
        Outcome::Regressed => format!("worse beyond chance, and by over {delta}"),
        Outcome::Improved => format!("better beyond chance, and by over {delta}"),
        Outcome::Pass => format!("not worse by {margin}"),
        Outcome::Inconclusive => match &finding.advisory {
            Some(Advisory::GeneratorLimited) => {
                "no pass: the load generator was the limit, and the candidate may be slower"
                    .to_owned()
            }
            Some(reason) => format!("not measurable here: {}", reason.text()),
            None => format!("worse by {margin} is not ruled out"),
        },
        Outcome::Invalid => "could not be measured".to_owned(),
    }
}

/// What the columns are, in one line.
pub fn legend(check: &CheckInfo) -> String {
    let alpha = percent(check.rules.alpha);
    let delta = percent(check.rules.delta);
    match check.method {
        Method::Anytime => format!(
            "Before and after are medians over starts, the change is the Hodges–Lehmann estimate, \
             and the interval has the changes that the pairs do not rule out: all better than the \
             margin is PASS, all worse than 0 with a median over {delta} is REGRESSED (error rates \
             {alpha})."
        ),
        Method::Looks => "Before and after are medians over starts, the change is the \
                          Hodges–Lehmann estimate, and the interval is its 95 % confidence interval."
            .to_owned(),
    }
}
