//! The built-in methods of an rpcbench server.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::fault::Fault;
use super::reply::Reply;
use super::request::Request;
use super::service::{Outcome, Service};
use super::work::{STRING_ENVELOPE_BYTES, WorkParams};

/// The methods that every rpcbench server has: `ping`, `spin`, `sleep`, `pi`, `blob`, `work`.
///
/// ```
/// use rpcbench::{Builtin, Reply, Request, Service};
///
/// let request = Request::parse(br#"{"in":"ping","params":7}"#)?;
/// let mut output = Vec::new();
/// Builtin.call(&request, &mut Reply::new(&mut output, 1 << 20));
/// assert_eq!(&output[4..], br#"{"out":"pong","result":7}"#);
/// # Ok::<(), rpcbench::Fault>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Builtin;

impl Service for Builtin {
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome {
        let Some(method) = METHODS.iter().find(|m| m.name == request.method()) else {
            reply.error(&Fault::UnknownMethod(request.method().to_owned()));
            return Outcome::Done;
        };
        (method.call)(request.params(), reply).unwrap_or_else(|fault| {
            reply.error(&fault);
            Outcome::Done
        })
    }

    fn methods(&self) -> Option<Vec<&str>> {
        Some(METHODS.iter().map(|method| method.name).collect())
    }
}

/// One built-in method.
#[derive(Debug)]
pub struct Method {
    /// The method's name on the wire.
    pub name: &'static str,
    /// One line: what the params are and what the method does.
    pub about: &'static str,
    call: fn(&str, &mut Reply<'_>) -> Result<Outcome, Fault>,
}

/// The built-in methods.
pub static METHODS: &[Method] = &[
    Method {
        name: "ping",
        about: "any JSON; returned unchanged as pong",
        call: ping,
    },
    Method {
        name: "spin",
        about: "microseconds of CPU time to use, at most 10 s",
        call: spin,
    },
    Method {
        name: "sleep",
        about: "milliseconds to wait, at most 60 s",
        call: sleep,
    },
    Method {
        name: "pi",
        about: "terms of the series to sum, at most 1e9",
        call: pi,
    },
    Method {
        name: "blob",
        about: "length in bytes of the string in the reply",
        call: blob,
    },
    Method {
        name: "work",
        about: "{\"cpu_us\":N,\"wait_ms\":N,\"reply_bytes\":N}: CPU time, then a wait, then a reply",
        call: work,
    },
];

fn ping(params: &str, reply: &mut Reply<'_>) -> Result<Outcome, Fault> {
    reply.raw("pong", params);
    Ok(Outcome::Done)
}

fn spin(params: &str, reply: &mut Reply<'_>) -> Result<Outcome, Fault> {
    let micros = parse_number("spin", params, 10e6, "microseconds")?;
    burn_cpu(Duration::from_secs_f64(micros / 1e6));
    reply.raw("spin", params);
    Ok(Outcome::Done)
}

fn sleep(params: &str, reply: &mut Reply<'_>) -> Result<Outcome, Fault> {
    let millis = parse_number("sleep", params, 60e3, "milliseconds")?;
    reply.raw("sleep", params);
    Ok(Outcome::Wait(Duration::from_secs_f64(millis / 1e3)))
}

/// π from the sum of 1/(2i+1)², which converges to π²/8.
fn pi(params: &str, reply: &mut Reply<'_>) -> Result<Outcome, Fault> {
    let terms = parse_whole_number("pi", params, 1_000_000_000, "terms")?;
    let sum: f64 = (0..terms)
        .map(|i| (2 * i + 1) as f64)
        .map(|odd| 1.0 / (odd * odd))
        .sum();
    reply.json("pi", &(8.0 * sum).sqrt());
    Ok(Outcome::Done)
}

fn blob(params: &str, reply: &mut Reply<'_>) -> Result<Outcome, Fault> {
    let bytes = parse_whole_number("blob", params, max_string_bytes(reply), "bytes")?;
    reply_with_string("blob", bytes, reply);
    Ok(Outcome::Done)
}

/// A handler with a profile: CPU first, then the wait, then the reply.
fn work(params: &str, reply: &mut Reply<'_>) -> Result<Outcome, Fault> {
    let params = WorkParams::parse(params, max_string_bytes(reply));
    let params = params.map_err(|expected| Fault::Params {
        method: "work",
        expected,
    })?;
    if params.cpu_us > 0.0 {
        burn_cpu(params.cpu());
    }
    reply_with_string("work", params.reply_bytes, reply);
    Ok(if params.wait_ms > 0.0 {
        Outcome::Wait(params.wait())
    } else {
        Outcome::Done
    })
}

/// The longest string that a reply of `blob` or `work` may carry.
fn max_string_bytes(reply: &Reply<'_>) -> u64 {
    (reply.limit_bytes() as u64).saturating_sub(STRING_ENVELOPE_BYTES)
}

/// Replies with a string of `bytes`, which are at most [`max_string_bytes`].
fn reply_with_string(method: &str, bytes: u64, reply: &mut Reply<'_>) {
    reply.with(method, |out| {
        out.push(b'"');
        out.resize(out.len() + bytes as usize, b'x');
        out.push(b'"');
    });
}

fn parse_number(method: &'static str, params: &str, max: f64, unit: &str) -> Result<f64, Fault> {
    match serde_json::from_str::<f64>(params) {
        Ok(value) if (0.0..=max).contains(&value) => Ok(value),
        _ => Err(Fault::Params {
            method,
            expected: format!("a number of {unit} from 0 to {max}"),
        }),
    }
}

fn parse_whole_number(
    method: &'static str,
    params: &str,
    max: u64,
    unit: &str,
) -> Result<u64, Fault> {
    match serde_json::from_str::<u64>(params) {
        Ok(value) if value <= max => Ok(value),
        _ => Err(Fault::Params {
            method,
            expected: format!("a whole number of {unit} from 0 to {max}"),
        }),
    }
}

/// Uses `time` of CPU time on this thread; time during which it is not scheduled does not count.
fn burn_cpu(time: Duration) {
    let used =
        || clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::MAX, Duration::from);
    let end = used().saturating_add(time);
    while used() < end {
        for _ in 0..32 {
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::frame::HEADER_BYTES;

    fn call(body: &str) -> (String, Outcome) {
        let mut out = Vec::new();
        let request = Request::parse(body.as_bytes()).unwrap();
        let mut reply = Reply::new(&mut out, 1000);
        let outcome = Builtin.call(&request, &mut reply);
        reply.finish();
        (
            String::from_utf8(out[HEADER_BYTES..].to_vec()).unwrap(),
            outcome,
        )
    }

    #[test]
    fn methods_reply() {
        assert_eq!(
            call(r#"{"in":"ping","params":{"a" : 1}}"#).0,
            r#"{"out":"pong","result":{"a" : 1}}"#
        );
        assert_eq!(
            call(r#"{"in":"spin","params":50}"#).0,
            r#"{"out":"spin","result":50}"#
        );
        assert_eq!(
            call(r#"{"in":"blob","params":3}"#).0,
            r#"{"out":"blob","result":"xxx"}"#
        );
        let (reply, outcome) = call(r#"{"in":"sleep","params":1.5}"#);
        assert_eq!(reply, r#"{"out":"sleep","result":1.5}"#);
        assert_eq!(outcome, Outcome::Wait(Duration::from_micros(1500)));
        let (reply, outcome) =
            call(r#"{"in":"work","params":{"cpu_us":50,"wait_ms":1.5,"reply_bytes":3}}"#);
        assert_eq!(reply, r#"{"out":"work","result":"xxx"}"#);
        assert_eq!(outcome, Outcome::Wait(Duration::from_micros(1500)));
        let (reply, outcome) = call(r#"{"in":"work","params":{}}"#);
        assert_eq!(reply, r#"{"out":"work","result":""}"#);
        assert_eq!(outcome, Outcome::Done);
        let (reply, _) = call(r#"{"in":"pi","params":1000000}"#);
        let pi: f64 = reply[r#"{"out":"pi","result":"#.len()..reply.len() - 1]
            .parse()
            .unwrap();
        assert!((pi - std::f64::consts::PI).abs() < 1e-6, "{reply}");
    }

    #[test]
    fn spin_uses_the_given_cpu_time() {
        let used = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
        let before = used();
        burn_cpu(Duration::from_millis(5));
        assert!(used() - before >= Duration::from_millis(5));
    }

    #[test]
    fn an_error_for_params_out_of_range_names_the_range() {
        let faulty = [
            ("spin", "10000001", "from 0 to 10000000"),
            ("spin", "-1", "microseconds"),
            ("sleep", "60001", "from 0 to 60000"),
            ("sleep", "1e400", "milliseconds"),
            ("pi", "1.5", "whole number of terms"),
            ("pi", "null", "whole number of terms"),
            ("blob", "975", "from 0 to 974"),
            ("blob", "\"9\"", "bytes"),
            ("work", "null", "an object with cpu_us"),
            (
                "work",
                "{\"wait_ms\":-1}",
                "wait_ms must be a number from 0 to 60000",
            ),
            (
                "work",
                "{\"reply_bytes\":975}",
                "reply_bytes must be a whole number from 0 to 974",
            ),
        ];
        for (method, params, expected) in faulty {
            let (reply, _) = call(&format!(r#"{{"in":"{method}","params":{params}}}"#));
            assert!(
                reply.contains("error") && reply.contains(expected),
                "{method} {params}: {reply}"
            );
        }
        assert_eq!(call(r#"{"in":"blob","params":974}"#).0.len(), 1000);
        assert_eq!(
            call(r#"{"in":"x"}"#).0,
            r#"{"out":"error","result":"unknown method \"x\""}"#
        );
    }
}
