//! What failed in a trial, and whether only the server can have caused it.

use crate::record::{FailureKind, NoReplyCause, Trial, ValidityFinding, Verdict};

/// A failure of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its kind.
    pub kind: FailureKind,
    /// How many requests, connections or clients it concerns.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// What happened, as text.
    pub what: String,
}

impl Failure {
    /// The failure of a server of which there is no trial.
    pub fn of_server(kind: FailureKind, what: String) -> Failure {
        Failure {
            kind,
            count: 1,
            of: 0,
            what,
        }
    }
}

/// What failed in this trial.
pub fn failures(trial: &Trial) -> Vec<Failure> {
    let failure = |kind, count, what: &str| Failure {
        kind,
        count,
        of: trial.requests_concerned(),
        what: what.to_owned(),
    };
    let mut all = Vec::new();
    let findings = &trial.validity.findings;
    let no_replies = findings.iter().find_map(|finding| match finding {
        ValidityFinding::NoReplies { cause } => Some(cause),
        _ => None,
    });
    match no_replies {
        Some(cause) => all.push(failure(FailureKind::NoReplies, 1, &cause_text(cause))),
        None => all.extend(of_requests(trial)),
    }
    let workers = [
        trial.server.panics,
        trial.server.workers_lost,
        trial.server.workers_hung,
    ];
    all.push(failure(
        FailureKind::Workers,
        workers.into_iter().flatten().sum(),
        "",
    ));
    for finding in findings {
        let kind = match finding {
            ValidityFinding::UncleanStop {} => FailureKind::UncleanStop,
            ValidityFinding::OverCapacity { .. } => FailureKind::RateNotKept,
            ValidityFinding::HypervisorSteal { .. } => FailureKind::Steal,
            _ => continue,
        };
        all.push(failure(kind, 1, ""));
    }
    let is_unexplained = trial.validity.verdict == Verdict::Invalid && no_replies.is_none();
    if is_unexplained {
        let why = trial.validity.reasons.first().map_or("", String::as_str);
        all.push(failure(FailureKind::Invalid, 1, why));
    }
    all.retain(|failure| failure.count > 0);
    all
}

/// Failures of single requests, connections and clients.
fn of_requests(trial: &Trial) -> Vec<Failure> {
    let errors = &trial.errors;
    let before: Vec<String> = trial
        .warmup_errors
        .kinds()
        .iter()
        .map(|(kind, number)| format!("{number} {kind}"))
        .collect();
    let first_wrong = trial.validity.findings.iter().find_map(|finding| {
        if let ValidityFinding::Failures { first_wrong, .. } = finding {
            first_wrong.clone()
        } else {
            None
        }
    });
    let is_overload = trial.overload.is_some();
    // Requests of clients that are not served are counted as such.
    let is_counted = is_overload || trial.clients_unserved > 0;
    let failure = |kind, count| Failure {
        kind,
        count,
        of: trial.requests_concerned(),
        what: String::new(),
    };
    vec![
        Failure {
            of: trial.clients_asked.unwrap_or(0) as u64,
            ..failure(FailureKind::ClientsUnserved, trial.clients_unserved as u64)
        },
        Failure {
            what: first_wrong.unwrap_or_default(),
            ..failure(FailureKind::WrongReplies, errors.reply + errors.protocol)
        },
        failure(FailureKind::Connects, errors.connect),
        failure(FailureKind::Resets, errors.reset),
        failure(
            FailureKind::Timeouts,
            if is_overload { 0 } else { errors.timeout },
        ),
        failure(
            FailureKind::MissingReplies,
            if is_counted { 0 } else { trial.unanswered },
        ),
        // Persistent connections connect before the window.
        Failure {
            what: before.join(", "),
            ..failure(FailureKind::WarmUp, trial.warmup_errors.total())
        },
    ]
}

fn cause_text(cause: &NoReplyCause) -> String {
    match cause {
        NoReplyCause::Unknown => String::new(),
        NoReplyCause::Closed => "closed the connections without a reply".to_owned(),
        NoReplyCause::Reset => "reset the connections".to_owned(),
        NoReplyCause::NotAMessage { first_bytes } => {
            format!("sent {first_bytes:?}, which is no message")
        }
        NoReplyCause::WrongReplies { first_reply } => {
            format!("gave wrong replies; the first: {first_reply}")
        }
        NoReplyCause::Late => "left requests without a reply until the end".to_owned(),
        NoReplyCause::Stopped => "replied before the window, then not any more".to_owned(),
        NoReplyCause::ConnectRefused => "refused the connections".to_owned(),
        NoReplyCause::ConnectTimedOut => "let connects time out".to_owned(),
        NoReplyCause::ConnectFailed => "failed connects".to_owned(),
    }
}
