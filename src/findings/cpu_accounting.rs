//! How the kernel divides CPU time among processes, in words.

use crate::record::CpuAccounting;

/// In one line: where interrupts, stolen time and received packets count.
pub(crate) fn in_words(accounting: &CpuAccounting) -> String {
    let known = |value: Option<bool>, yes: &str, no: &str| {
        let word = match value {
            None => "unknown",
            Some(true) => yes,
            Some(false) => no,
        };
        word.to_owned()
    };
    let interrupts = known(
        accounting.irq_time,
        "in no process",
        "in the interrupted process",
    );
    let split = known(accounting.split_by_ticks, "by ticks", "exact");
    let steal = known(accounting.steal_left_out, "in no process", "in processes");
    let mut words =
        format!("interrupts {interrupts}; user/kernel split {split}; stolen time {steal}");
    for (names, what) in [
        (&accounting.rps, "packets received on other cores"),
        (&accounting.threaded_napi, "packets received in threads"),
        (&accounting.interrupt_threads, "interrupts in threads"),
    ] {
        if !names.is_empty() {
            words.push_str(&format!("; {what}: {}", names.join(", ")));
        }
    }
    words
}
