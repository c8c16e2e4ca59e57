//! The end of this process without its destructors.

/// Ends this process at once: no destructor or exit handler runs, which might wait.
pub(crate) fn exit_at_once(code: i32) -> ! {
    // SAFETY: _exit accepts any code and does not return.
    unsafe { libc::_exit(code) }
}
