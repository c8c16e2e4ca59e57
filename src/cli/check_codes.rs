//! The exit codes of `rpcbench check`: of its verdict, or those that `git bisect run` takes.

use std::process::ExitCode;

use crate::record::{AssertVerdict, Outcome};

/// What the exit code of a check means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CheckCodes {
    /// 0 pass, 3 regressed, 4 inconclusive, 5 invalid.
    Verdict,
    /// For `git bisect run`: 0 good, 1 bad, 125 skip this commit, 128 or more end the bisection.
    Bisect,
}

/// `git bisect run` skips the commit.
const SKIP: u8 = 125;
/// `git bisect run` ends: what is wrong would be wrong at every commit.
const ABORT: u8 = 128;

/// The exit code of a check with this outcome, whose candidate has this worst assertion. A bisection
/// skips a commit that could not be measured: it is broken, and whether it is slow is not known.
pub(crate) fn code(
    codes: CheckCodes,
    outcome: Outcome,
    is_measured: bool,
    asserted: Option<AssertVerdict>,
    is_inconclusive_pass: bool,
) -> ExitCode {
    ExitCode::from(match codes {
        CheckCodes::Bisect if !is_measured => SKIP,
        _ => number(codes, outcome, asserted, is_inconclusive_pass),
    })
}

fn number(
    codes: CheckCodes,
    outcome: Outcome,
    asserted: Option<AssertVerdict>,
    is_inconclusive_pass: bool,
) -> u8 {
    let is_bad = outcome == Outcome::Regressed || asserted == Some(AssertVerdict::Violated);
    let is_open = outcome == Outcome::Inconclusive || asserted == Some(AssertVerdict::Undecided);
    let [bad, invalid, open] = match codes {
        CheckCodes::Verdict => [3, 5, 4],
        CheckCodes::Bisect => [1, SKIP, SKIP],
    };
    match () {
        () if is_bad => bad,
        () if outcome == Outcome::Invalid => invalid,
        () if is_open && !is_inconclusive_pass => open,
        () => 0,
    }
}

/// The exit code of a check that ended without a verdict.
pub(crate) fn without_verdict(codes: CheckCodes) -> ExitCode {
    match codes {
        CheckCodes::Verdict => ExitCode::FAILURE,
        CheckCodes::Bisect => ExitCode::from(SKIP),
    }
}

/// The exit code of an error with these arguments. `git bisect run` takes 1 and 2 for a bad commit,
/// so wrong usage ends the bisection, and an error of a measurement skips the commit.
pub(crate) fn of_error(arguments: &[String], is_usage: bool) -> ExitCode {
    let is_bisect = arguments
        .windows(2)
        .any(|pair| pair == ["--exit-code", "bisect"])
        || arguments.iter().any(|word| word == "--exit-code=bisect");
    ExitCode::from(match (is_bisect, is_usage) {
        (false, true) => 2,
        (false, false) => 1,
        (true, true) => ABORT,
        (true, false) => SKIP,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_verdict_and_assertions_decides() {
        let cases = [
            (Outcome::Pass, None, [0, 0]),
            (Outcome::Improved, Some(AssertVerdict::Holds), [0, 0]),
            (Outcome::Pass, Some(AssertVerdict::Undecided), [4, 125]),
            (Outcome::Pass, Some(AssertVerdict::Violated), [3, 1]),
            (Outcome::Regressed, Some(AssertVerdict::Holds), [3, 1]),
            (Outcome::Invalid, Some(AssertVerdict::Undecided), [5, 125]),
            (Outcome::Invalid, Some(AssertVerdict::Violated), [3, 1]),
            (Outcome::Inconclusive, None, [4, 125]),
        ];
        for (outcome, asserted, expected) in cases {
            let codes = [CheckCodes::Verdict, CheckCodes::Bisect];
            let found = codes.map(|codes| number(codes, outcome, asserted, false));
            assert_eq!(found, expected, "{outcome:?} {asserted:?}");
            let accepted = number(CheckCodes::Verdict, outcome, asserted, true);
            let expected = if expected[0] == 4 { 0 } else { expected[0] };
            assert_eq!(accepted, expected, "{outcome:?} {asserted:?}");
        }
    }
}
