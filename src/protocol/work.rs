//! The params of the method `work`: a handler with a profile.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What a call of `work` does: CPU first, then the wait, then the reply.
///
/// In JSON it is `{"cpu_us":200,"wait_ms":5,"reply_bytes":1024}`; a missing field is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct WorkParams {
    /// CPU time to use, in microseconds.
    pub(crate) cpu_us: f64,
    /// Time to wait after that, in milliseconds.
    pub(crate) wait_ms: f64,
    /// Length of the string in the reply, in bytes.
    pub(crate) reply_bytes: u64,
}

/// Bytes around the string in a reply of `work` or `blob`.
pub(crate) const STRING_ENVELOPE_BYTES: u64 = r#"{"out":"work","result":""}"#.len() as u64;

/// The fields as JSON text; `None` if missing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    cpu_us: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    wait_ms: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    reply_bytes: Option<&'a RawValue>,
}

/// A field that is present, even if it is `null`, which is not a number.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl WorkParams {
    /// The most CPU time and the longest wait, the same as those of `spin` and `sleep`.
    pub(crate) const MAX_CPU_US: f64 = 10e6;
    pub(crate) const MAX_WAIT_MS: f64 = 60e3;

    /// Parses params, whose reply may carry at most `max_reply_bytes`.
    ///
    /// # Errors
    /// Names the faulty field, and what it must be.
    pub(crate) fn parse(params: &str, max_reply_bytes: u64) -> Result<WorkParams, String> {
        // serde would also accept an array for a struct.
        if !params.starts_with('{') {
            return Err("an object with cpu_us, wait_ms and reply_bytes".to_owned());
        }
        let fields: Fields<'_> = serde_json::from_str(params).map_err(|error| error.to_string())?;
        let number = |name: &str, field: Option<&RawValue>, max: f64| {
            let value = field.map_or(Ok(0.0), |json| serde_json::from_str::<f64>(json.get()));
            let value = value.ok().filter(|value| (0.0..=max).contains(value));
            value.ok_or_else(|| format!("{name} must be a number from 0 to {max}"))
        };
        let reply_bytes = fields
            .reply_bytes
            .map_or(Ok(0), |json| serde_json::from_str::<u64>(json.get()));
        let reply_bytes = reply_bytes.ok().filter(|bytes| *bytes <= max_reply_bytes);
        Ok(WorkParams {
            cpu_us: number("cpu_us", fields.cpu_us, Self::MAX_CPU_US)?,
            wait_ms: number("wait_ms", fields.wait_ms, Self::MAX_WAIT_MS)?,
            reply_bytes: reply_bytes.ok_or_else(|| {
                format!("reply_bytes must be a whole number from 0 to {max_reply_bytes}")
            })?,
        })
    }

    /// The CPU time.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_secs_f64(self.cpu_us / 1e6)
    }

    /// The wait.
    pub(crate) fn wait(&self) -> Duration {
        Duration::from_secs_f64(self.wait_ms / 1e3)
    }

    /// Length of the reply's body, in bytes.
    pub(crate) fn reply_body_bytes(&self) -> u64 {
        self.reply_bytes.saturating_add(STRING_ENVELOPE_BYTES)
    }

    /// The params as JSON, without the fields that are 0.
    pub(crate) fn to_json(self) -> String {
        let fields = [
            ("cpu_us", self.cpu_us.to_string()),
            ("wait_ms", self.wait_ms.to_string()),
            ("reply_bytes", self.reply_bytes.to_string()),
        ];
        let fields = fields.iter().filter(|(_, value)| value != "0");
        let fields: Vec<String> = fields
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", fields.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params_are_read_and_written() {
        let params = WorkParams {
            cpu_us: 200.0,
            wait_ms: 1.5,
            reply_bytes: 1024,
        };
        assert_eq!(
            params.to_json(),
            r#"{"cpu_us":200,"wait_ms":1.5,"reply_bytes":1024}"#
        );
        for params in [params, WorkParams::default()] {
            assert_eq!(WorkParams::parse(&params.to_json(), 1024), Ok(params));
        }
    }

    #[test]
    fn an_error_names_the_field_and_its_range() {
        for (params, expected) in [
            ("null", "an object with cpu_us"),
            ("[1,2,3]", "an object with cpu_us"),
            (
                r#"{"cpu_us":-1}"#,
                "cpu_us must be a number from 0 to 10000000",
            ),
            (r#"{"cpu_us":10000001}"#, "cpu_us must be"),
            (r#"{"cpu_us":"9"}"#, "cpu_us must be"),
            (r#"{"cpu_us":null}"#, "cpu_us must be"),
            (
                r#"{"wait_ms":60001}"#,
                "wait_ms must be a number from 0 to 60000",
            ),
            (r#"{"wait_ms":1e400}"#, "wait_ms must be"),
            (
                r#"{"reply_bytes":975}"#,
                "reply_bytes must be a whole number from 0 to 974",
            ),
            (r#"{"reply_bytes":1.5}"#, "reply_bytes must be"),
            (r#"{"cpu":1}"#, "unknown field `cpu`"),
            (r#"{"cpu_us":1,"cpu_us":1}"#, "duplicate field `cpu_us`"),
        ] {
            let error = WorkParams::parse(params, 974).unwrap_err();
            assert!(error.contains(expected), "{params}: {error}");
        }
    }
}
