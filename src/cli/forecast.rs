//! The line before a long run: what it does and how long that takes.

use std::time::Duration;

use crate::findings::units::some;
use crate::measure::{Bound, Forecast, Goal};

/// A run that takes longer is long: it is announced, and has a line per minute where stderr is no
/// terminal.
const LONG: Duration = Duration::from_secs(120);

/// Whether a run of this time is long.
pub(crate) fn is_long(time: Duration) -> bool {
    time > LONG
}

/// The line that announces a long run; `None` for a short one.
pub(crate) fn announcement(forecast: &Forecast) -> Option<String> {
    if !is_long(forecast.time) {
        return None;
    }
    let time = rough(forecast.time);
    let time = match forecast.bound {
        Bound::About if forecast.longest > forecast.time => {
            let longest = rough(forecast.longest);
            format!("{time} to {longest} by the warm-up that the pilots find")
        }
        Bound::About => format!("about {time}"),
        Bound::AtMost => format!("at most {time}"),
    };
    let trials = trials(forecast);
    Some(match forecast.goal {
        Goal::Matrix => {
            format!("measures {trials}, {time}; Ctrl-C ends it and keeps what was measured")
        }
        Goal::Search => format!(
            "searches for the highest rate in about {trials}, {time}; Ctrl-C ends it and keeps what was measured"
        ),
        Goal::Pairs => format!(
            "compares in at most {trials}, {time}; Ctrl-C ends it without a result and keeps the complete pairs"
        ),
    })
}

/// The number of trials: `60 trials after 6 pilots`.
fn trials(forecast: &Forecast) -> String {
    let trials = some(forecast.trials as u64, "trial");
    match forecast.pilots {
        0 => trials,
        pilots => format!("{trials} after {}", some(pilots as u64, "pilot")),
    }
}

/// A time in the unit that matters: `40 s`, `3 min`, `2 h 5 min`.
pub(crate) fn rough(time: Duration) -> String {
    let minutes = (time.as_secs_f64() / 60.0).round() as u64;
    match (minutes, minutes / 60, minutes % 60) {
        _ if time < Duration::from_secs(90) => format!("{} s", time.as_secs_f64().ceil()),
        (_, 0, minutes) => format!("{minutes} min"),
        (_, hours, 0) => format!("{hours} h"),
        (_, hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_run_is_announced() {
        let forecast = Forecast {
            goal: Goal::Matrix,
            trials: 60,
            pilots: 6,
            time: LONG,
            longest: LONG,
            bound: Bound::About,
        };
        assert_eq!(announcement(&forecast), None);
        let long = Forecast {
            time: 2 * LONG,
            longest: 2 * LONG,
            ..forecast
        };
        let unknown = Forecast {
            longest: 4 * LONG,
            ..long
        };
        let pairs = Forecast {
            goal: Goal::Pairs,
            bound: Bound::AtMost,
            pilots: 0,
            ..long
        };
        assert_eq!(
            [
                announcement(&long),
                announcement(&unknown),
                announcement(&pairs)
            ]
            .map(Option::unwrap),
            [
                "measures 60 trials after 6 pilots, about 4 min; Ctrl-C ends it and keeps what was measured",
                "measures 60 trials after 6 pilots, 4 min to 8 min by the warm-up that the pilots find; Ctrl-C ends it and keeps what was measured",
                "compares in at most 60 trials, at most 4 min; Ctrl-C ends it without a result and keeps the complete pairs",
            ]
        );
    }

    #[test]
    fn rough_times_have_the_unit_that_matters() {
        let times = [40, 89, 90, 150, 3599, 3600, 7500].map(|s| rough(Duration::from_secs(s)));
        assert_eq!(
            times,
            ["40 s", "89 s", "2 min", "3 min", "1 h", "1 h", "2 h 5 min"]
        );
    }
}
