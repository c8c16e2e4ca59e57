//! Why a server answered no request, in words.

use crate::record::{Cell, NoReplyCause, ValidityFinding};

/// The cause, as a clause: `the server closed each connection without a reply`.
pub(crate) fn cause(cause: &NoReplyCause) -> String {
    let fixed = match cause {
        NoReplyCause::Unknown => "the cause is not known",
        NoReplyCause::Closed => "the server closed each connection without a reply",
        NoReplyCause::Reset => "the server reset each connection without a reply",
        NoReplyCause::NotAMessage { first_bytes } => {
            return format!(
                "the server answered with bytes that are no message of this protocol: \"{first_bytes}\""
            );
        }
        NoReplyCause::WrongReplies { first_reply } => {
            return format!("each reply was an error or wrong; the first reply was {first_reply}");
        }
        NoReplyCause::Late => "no reply came in time",
        NoReplyCause::Stopped => {
            "correct replies came before the window, then the server ended the connections"
        }
        NoReplyCause::ConnectRefused => "the server refused the connections",
        NoReplyCause::ConnectTimedOut => "no connection opened in time",
        NoReplyCause::ConnectFailed => "the connections could not be opened",
    };
    fixed.to_owned()
}

/// The cause and what to do, without a full stop.
pub(crate) fn cause_and_remedy(no_reply_cause: &NoReplyCause) -> String {
    let remedy = match no_reply_cause {
        NoReplyCause::Unknown => "; give a longer --duration, or find the cause of the errors",
        NoReplyCause::Closed | NoReplyCause::Reset => {
            ": does it speak this protocol (4-byte little-endian length, then JSON)?"
        }
        NoReplyCause::NotAMessage { .. } => "; name a server that speaks it",
        NoReplyCause::WrongReplies { .. } => "; correct --method and --params, or the server",
        NoReplyCause::Late => {
            ": does the server speak this protocol (4-byte little-endian length, then JSON)? If the method takes long, give a longer --duration and --timeout"
        }
        NoReplyCause::Stopped => "; read its error output",
        NoReplyCause::ConnectRefused | NoReplyCause::ConnectFailed => "; see whether it still runs",
        NoReplyCause::ConnectTimedOut => {
            ": give a longer --connect-timeout, or see whether the server still accepts"
        }
    };
    cause(no_reply_cause) + remedy
}

/// Why this server served no client; `None` if it served a client in some trial.
pub(crate) fn why_no_client(cell: &Cell) -> Option<&NoReplyCause> {
    if cell.trials.iter().any(|trial| trial.requests > 0) {
        return None;
    }
    let mut findings = cell
        .trials
        .iter()
        .flat_map(|trial| &trial.validity.findings);
    findings.find_map(|finding| match finding {
        ValidityFinding::NoReplies { cause } => Some(cause),
        _ => None,
    })
}
