//! A duration as a number of seconds. A text such as `"200ms"` is read too.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de};

/// The longest time that a scenario file may state: the range of the histograms.
pub(crate) const LONGEST: Duration = Duration::from_secs(3600);

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number of seconds or a duration such as \"200ms\""
)]
enum Time {
    Seconds(f64),
    Text(String),
}

impl TryFrom<Time> for Duration {
    type Error = String;

    fn try_from(time: Time) -> Result<Duration, String> {
        match time {
            Time::Seconds(seconds) => Duration::try_from_secs_f64(seconds)
                .map_err(|error| format!("{seconds} s: {error}")),
            Time::Text(text) => parse(&text),
        }
    }
}

/// Parses a time such as `200ms`, more than 0 and at most one hour.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .ok()
        .filter(|time| !time.is_zero() && *time <= LONGEST)
        .ok_or_else(|| {
            format!("{text:?} is not a duration such as \"200ms\" or \"5s\", at most 1h")
        })
}

pub(crate) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    Time::deserialize(deserializer)?
        .try_into()
        .map_err(de::Error::custom)
}

/// The same for a duration that may be missing.
pub(crate) mod option {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::record::seconds;

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => seconds::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let time = Option::<seconds::Time>::deserialize(deserializer)?;
        time.map(TryInto::try_into)
            .transpose()
            .map_err(de::Error::custom)
    }
}
