//! How far the real-time clock of this machine may be off.

/// The largest error of the real-time clock that the kernel states (`maxerror`, adjtimex(2)), in
/// nanoseconds; `None` if no time service keeps it synchronised.
pub(crate) fn realtime_error_ns() -> Option<u64> {
    // SAFETY: `timex` is plain data, for which zero is a valid value; with `modes` 0 the call only
    // writes to it.
    let (state, timex) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        (libc::adjtimex(&raw mut timex), timex)
    };
    let is_synchronised =
        state >= 0 && state != libc::TIME_ERROR && timex.status & libc::STA_UNSYNC == 0;
    is_synchronised.then(|| u64::try_from(timex.maxerror).unwrap_or(0) * 1000)
}
