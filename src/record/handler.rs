//! A handler as people describe it: `cpu=200us,wait=5ms,reply=1KiB`, any of them in any order.

use std::str::FromStr;
use std::time::Duration;

use super::quantity::{duration, is_without_unit, size, without_unit};
use crate::protocol::WorkParams;

/// One part of the description of a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandlerPart {
    /// CPU time.
    Cpu(Duration),
    /// Time to wait after that.
    Wait(Duration),
    /// Length of the string in the reply, in bytes.
    Reply(usize),
}

impl FromStr for HandlerPart {
    type Err = String;

    fn from_str(text: &str) -> Result<HandlerPart, String> {
        let form = "must be cpu=TIME, wait=TIME, reply=SIZE, or several of them, such as cpu=200us,wait=5ms,reply=1KiB";
        let (name, value) = text.split_once('=').ok_or(form)?;
        match name.trim() {
            "cpu" => time(value, WorkParams::MAX_CPU_US / 1e6).map(HandlerPart::Cpu),
            "wait" => time(value, WorkParams::MAX_WAIT_MS / 1e3).map(HandlerPart::Wait),
            "reply" => size(value).map(HandlerPart::Reply),
            _ => Err(form.to_owned()),
        }
    }
}

/// A time of at most `max_s` seconds. Its unit is required: few handlers take seconds.
fn time(text: &str, max_s: f64) -> Result<Duration, String> {
    if is_without_unit(text) {
        return Err(without_unit(text));
    }
    let wrong = || format!("must be a time of at most {max_s}s, such as 200us or 5ms");
    let time = duration(text).map_err(|_| wrong())?;
    let is_in_range = time.as_secs_f64() <= max_s;
    is_in_range.then_some(time).ok_or_else(wrong)
}

/// The params of `work` for a handler with these parts.
///
/// # Errors
/// When a part is given twice.
pub(crate) fn handler(parts: &[HandlerPart]) -> Result<WorkParams, String> {
    let twice = |name: &str| format!("{name} is given twice: give it once");
    let mut seen: Vec<&str> = Vec::new();
    let mut params = WorkParams::default();
    for part in parts {
        let name = match *part {
            HandlerPart::Cpu(time) => {
                params.cpu_us = time.as_nanos() as f64 / 1e3;
                "cpu"
            }
            HandlerPart::Wait(time) => {
                params.wait_ms = time.as_nanos() as f64 / 1e6;
                "wait"
            }
            HandlerPart::Reply(bytes) => {
                params.reply_bytes = bytes as u64;
                "reply"
            }
        };
        if seen.contains(&name) {
            return Err(twice(name));
        }
        seen.push(name);
    }
    Ok(params)
}

/// Parses a whole description.
///
/// # Errors
/// Names the faulty part, and what it must be.
pub(crate) fn parse(text: &str) -> Result<WorkParams, String> {
    let part = |text: &str| text.parse().map_err(|fault| format!("{text}: {fault}"));
    let parts: Result<Vec<HandlerPart>, String> = text.split(',').map(part).collect();
    handler(&parts?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_any_order_and_number() {
        let json = |text| parse(text).map(WorkParams::to_json);
        assert_eq!(
            json("wait=5ms, reply=1KiB,cpu=200us").as_deref(),
            Ok(r#"{"cpu_us":200,"wait_ms":5,"reply_bytes":1024}"#)
        );
        assert_eq!(json("cpu=1.5 ms").as_deref(), Ok(r#"{"cpu_us":1500}"#));
        assert_eq!(json("cpu=0,reply=7").as_deref(), Ok(r#"{"reply_bytes":7}"#));
    }

    #[test]
    fn faults_name_the_part() {
        for (text, expected) in [
            ("cpu=5", "cpu=5: 5 has no unit: write 5ms or 5us"),
            ("cpu=11s", "cpu=11s: must be a time of at most 10s"),
            ("wait=61s", "at most 60s"),
            ("wait=-1ms", "must be a time"),
            ("reply=2GiB", "must be a size of at most 1GiB"),
            ("sleep=5ms", "must be cpu=TIME"),
            ("", "must be cpu=TIME"),
            ("cpu=1ms,wait", "wait: must be cpu=TIME"),
            ("cpu=1ms,cpu=2ms", "cpu is given twice"),
        ] {
            let fault = parse(text).unwrap_err();
            assert!(fault.contains(expected), "{text}: {fault}");
        }
    }
}
