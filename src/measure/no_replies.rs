//! Why a trial had no correct reply, from what its clients saw.

use crate::load::Recorder;
use crate::record::NoReplyCause;

/// The cause, given that no correct reply came inside the window.
///
/// What a server sent says most. Without that, the most frequent failure is the cause.
pub fn cause(recorder: &Recorder) -> NoReplyCause {
    let causes = &recorder.causes;
    if !recorder.latency.answered.is_empty() {
        // The replies came after the window.
        return NoReplyCause::Late;
    }
    if let Some(first_bytes) = causes.first_bytes.clone() {
        return NoReplyCause::NotAMessage { first_bytes };
    }
    if let Some(first_reply) = recorder.first_wrong.clone() {
        return NoReplyCause::WrongReplies { first_reply };
    }
    let counts = [
        (causes.timeouts, NoReplyCause::Late),
        (causes.closed, NoReplyCause::Closed),
        (causes.reset, NoReplyCause::Reset),
        (causes.refused, NoReplyCause::ConnectRefused),
        (causes.connects_timed_out, NoReplyCause::ConnectTimedOut),
        (causes.connects_failed, NoReplyCause::ConnectFailed),
    ];
    let most_frequent = counts.into_iter().max_by_key(|(count, _)| *count);
    match most_frequent {
        Some((1.., NoReplyCause::Late)) => NoReplyCause::Late,
        Some((1.., _)) if causes.correct > 0 => NoReplyCause::Stopped,
        Some((1.., cause)) => cause,
        _ if recorder.connects.made == 0 && recorder.connects.pending > 0 => {
            NoReplyCause::ConnectTimedOut
        }
        _ if recorder.latency.count() > 0 || recorder.older.ended > 0 => NoReplyCause::Late,
        // No request was due.
        _ => NoReplyCause::Unknown,
    }
}
