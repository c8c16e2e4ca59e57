//! The progress line: a state as text of at most a number of columns. Pure.
//!
//! Fields stand in the order of importance: the trials that are complete, the remaining time,
//! what is measured, its rate, the p99 of the last interval, a bar. What does not fit is left out
//! as a whole, from the right. Only a name is shortened, with `…`; no figure ever is.

use std::time::Duration;

use textwrap::core::display_width;

use crate::findings::units::{rate, span, time, trimmed};
use crate::measure::Bound;

/// A name keeps this number of columns before a field is left out for it.
const LEAST_NAME: usize = 12;
/// The same for the label before the name.
const LEAST_LABEL: usize = 8;
const BAR: usize = 12;
const GAP: &str = "  ";

/// What the line shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LineState {
    /// Trials that are complete.
    pub(crate) done: usize,
    /// All trials.
    pub(crate) of: usize,
    /// The remaining time.
    pub(crate) left: Duration,
    /// What the remaining time means.
    pub(crate) bound: Bound,
    /// What is measured.
    pub(crate) subject: Subject,
    /// The figures; `None` until the window begins.
    pub(crate) figures: Option<Figures>,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subject {
    /// Pilot, side of a check, scenario or attack; may be empty.
    pub(crate) label: String,
    /// The server's name.
    pub(crate) name: String,
    pub(crate) clients: usize,
    /// The rate of an open loop.
    pub(crate) rate_rps: Option<f64>,
}

/// Figures of the current trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figures {
    /// Correct replies per second.
    pub(crate) rate_rps: f64,
    /// The p99 of the last interval, if a reply came in it.
    pub(crate) p99_ns: Option<u64>,
    /// The length of an interval.
    pub(crate) interval: Duration,
}

/// The line, of at most `width` columns.
pub(crate) fn line(state: &LineState, width: usize) -> String {
    let count = format!("{}/{}", state.done, state.of);
    let left = match state.bound {
        Bound::About => format!("{} left", clock(state.left)),
        Bound::AtMost => format!("≤ {} left", clock(state.left)),
    };
    let subject = state.subject.parts();
    let rate_field = match state.figures {
        None => "warming up".to_owned(),
        Some(figures) => rate(figures.rate_rps),
    };
    // The fields after the subject, from most to least.
    let p99s = state.figures.map(p99_forms).unwrap_or_default();
    let mut choices: Vec<Vec<String>> = p99s
        .into_iter()
        .map(|p99| vec![rate_field.clone(), p99])
        .collect();
    choices.extend([vec![rate_field], Vec::new()]);
    let before = display_width(&count) + GAP.len() + display_width(&left);
    for (at, fields) in choices.iter().enumerate() {
        let widths = fields.iter().map(|field| GAP.len() + display_width(field));
        let room = width.saturating_sub(before + GAP.len() + widths.sum::<usize>());
        if let Some(subject) = subject.within(room) {
            let mut text = [&[count, left, subject][..], fields].concat().join(GAP);
            if at == 0 {
                add_bar(&mut text, state, width);
            }
            return text;
        }
    }
    [format!("{count}{GAP}{left}"), count]
        .into_iter()
        .find(|text| display_width(text) <= width)
        .unwrap_or_default()
}

/// The p99 of the last interval, with the length of an interval and without it.
fn p99_forms(figures: Figures) -> Vec<String> {
    let Some(p99_ns) = figures.p99_ns else {
        return Vec::new();
    };
    let (p99, interval) = (time(p99_ns as f64), span(figures.interval.as_secs_f64()));
    vec![
        format!("p99 {p99} (last {interval})"),
        format!("last p99 {p99}"),
    ]
}

/// Adds the bar at the right edge, if there is room for it.
fn add_bar(text: &mut String, state: &LineState, width: usize) {
    let used = display_width(text);
    if used + GAP.len() + BAR <= width {
        let full = (BAR * state.done.min(state.of)) / state.of.max(1);
        *text += &" ".repeat(width - used - BAR);
        *text += &"━".repeat(full);
        *text += &"╌".repeat(BAR - full);
    }
}

/// A time as minutes and seconds; a part of a second counts as one.
pub(crate) fn clock(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// A planned rate: `400/s`, `2k/s`, `12.5k/s`.
fn planned_rate(rate_rps: f64) -> String {
    let thousands = trimmed(rate_rps / 1e3, 2);
    if rate_rps >= 1e3 {
        format!("{thousands}k/s")
    } else {
        format!("{}/s", trimmed(rate_rps, 2))
    }
}

/// The parts of a subject, of which label and name may be shortened.
struct SubjectParts {
    label: String,
    name: String,
    load: String,
}

impl Subject {
    fn parts(&self) -> SubjectParts {
        let rate = self
            .rate_rps
            .map(|rate| format!(" at {}", planned_rate(rate)));
        SubjectParts {
            label: printable(&self.label),
            name: printable(&self.name),
            load: format!(" × {}{}", self.clients, rate.unwrap_or_default()),
        }
    }

    /// The whole subject, for a line without a limit.
    pub(crate) fn text(&self) -> String {
        self.parts().join()
    }
}

impl SubjectParts {
    /// The subject in at most `room` columns; `None` if that would shorten the names too much.
    fn within(&self, room: usize) -> Option<String> {
        let label_width = match display_width(&self.label) {
            0 => 0,
            label => label + ": ".len(),
        };
        let name_width = display_width(&self.name);
        let (label, name) = room
            .checked_sub(display_width(&self.load))
            .map(|room| {
                let name = room.saturating_sub(label_width).min(name_width);
                let name = name.max(LEAST_NAME.min(name_width));
                (room.saturating_sub(name).min(label_width), name)
            })
            .filter(|(label, _)| *label >= label_width.min(LEAST_LABEL + ": ".len()))?;
        let shortened = SubjectParts {
            label: shortened(&self.label, label.saturating_sub(": ".len())),
            name: shortened(&self.name, name),
            load: self.load.clone(),
        };
        Some(shortened.join()).filter(|text| display_width(text) <= room)
    }

    fn join(&self) -> String {
        let SubjectParts { label, name, load } = self;
        match label.as_str() {
            "" => format!("{name}{load}"),
            label => format!("{label}: {name}{load}"),
        }
    }
}

/// The text in at most `width` columns; `…` stands for what is left out.
fn shortened(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut columns = 0;
    for c in text.chars() {
        columns += display_width(c.encode_utf8(&mut [0; 4]));
        if columns >= width {
            break;
        }
        short.push(c);
    }
    short + "…"
}

/// The text without characters that move the cursor.
fn printable(text: &str) -> String {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(printable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(label: &str, name: &str, rate_rps: Option<f64>) -> LineState {
        LineState {
            done: 12,
            of: 36,
            left: Duration::from_millis(184_200),
            bound: Bound::About,
            subject: Subject {
                label: label.to_owned(),
                name: name.to_owned(),
                clients: 64,
                rate_rps,
            },
            figures: Some(Figures {
                rate_rps: 51_234.0,
                p99_ns: Some(1_234_567),
                interval: Duration::from_secs(1),
            }),
        }
    }

    const AWKWARD: [(&str, &str); 8] = [
        ("", "async"),
        ("", "a"),
        ("", ""),
        ("pilot delayed-ack", "preforking-async"),
        ("", "/opt/a/very/long/path/to/python3 the-server.py {port}"),
        (
            "a scenario with a very long name of its own",
            "server 数据库服务器数据库服务器",
        ),
        ("candidate", "sh -c 'a\nb\tc\x1b[2J' {port}"),
        (
            "",
            "e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301}e\u{301} {port}",
        ),
    ];

    #[test]
    fn at_80_columns_all_fields_are_there() {
        let lines = [
            line(&state("", "async", None), 80),
            line(&state("", "preforking-async", Some(2000.0)), 80),
            line(&state("", AWKWARD[4].1, None), 80),
            line(&state("candidate", "async", None), 80),
            line(
                &LineState {
                    figures: None,
                    bound: Bound::AtMost,
                    ..state("pilot ladder", "preforking-async", None)
                },
                80,
            ),
        ];
        let expected = [
            "12/36  3:05 left  async × 64  51,234/s  p99 1.23 ms (last 1 s)      ━━━━╌╌╌╌╌╌╌╌",
            "12/36  3:05 left  preforking-asy… × 64 at 2k/s  51,234/s  p99 1.23 ms (last 1 s)",
            "12/36  3:05 left  /opt/a/very/long/path/… × 64  51,234/s  p99 1.23 ms (last 1 s)",
            "12/36  3:05 left  candidate: async × 64  51,234/s  p99 1.23 ms (last 1 s)",
            "12/36  ≤ 3:05 left  pilot ladder: preforking-async × 64  warming up",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn fields_are_left_out_from_the_right_and_never_cut() {
        for (label, name) in AWKWARD {
            for rate_rps in [None, Some(2000.0), Some(12_345.6)] {
                let state = state(label, name, rate_rps);
                let load = state.subject.parts().load;
                let known = ["12/36", "3:05 left", &load, "51,234/s", "p99 1.23 ms"];
                let mut shown_before = 0;
                for width in 0..=120 {
                    let text = line(&state, width);
                    assert!(display_width(&text) <= width, "{width}: {text:?}");
                    assert!(!text.chars().any(char::is_control), "{text:?}");
                    let has = known.map(|field| text.contains(field));
                    let shown = has.iter().take_while(|has| **has).count();
                    assert!(!has[shown..].contains(&true), "{width}: {text}");
                    assert!(shown >= shown_before, "{width}: {text}");
                    shown_before = shown;
                    // Without the fields, names and bar, nothing is left of a figure.
                    let rest = known
                        .iter()
                        .fold(text.clone(), |text, field| text.replace(field, ""));
                    let cut = ["p99", "/s", " left", "×", "1.23"];
                    assert!(!cut.iter().any(|cut| rest.contains(cut)), "{width}: {text}");
                }
                assert_eq!(shown_before, known.len());
            }
        }
    }

    #[test]
    fn narrow_terminals_show_the_count_and_the_time() {
        let state = state("", "async", None);
        let lines = [4, 15, 20, 27, 28, 39, 63, 76, 77].map(|width| line(&state, width));
        assert_eq!(
            lines,
            [
                "",
                "12/36",
                "12/36  3:05 left",
                "12/36  3:05 left",
                "12/36  3:05 left  async × 64",
                "12/36  3:05 left  async × 64  51,234/s",
                "12/36  3:05 left  async × 64  51,234/s  p99 1.23 ms (last 1 s)",
                "12/36  3:05 left  async × 64  51,234/s  p99 1.23 ms (last 1 s)  ━━━━╌╌╌╌╌╌╌╌",
                "12/36  3:05 left  async × 64  51,234/s  p99 1.23 ms (last 1 s)   ━━━━╌╌╌╌╌╌╌╌",
            ]
        );
    }

    #[test]
    fn times_and_rates_are_short() {
        let seconds = |s| clock(Duration::from_secs(s));
        assert_eq!(
            [seconds(0), seconds(59), seconds(3600), seconds(36_061)],
            ["0:00", "0:59", "1:00:00", "10:01:01"]
        );
        assert_eq!(clock(Duration::from_millis(1)), "0:01");
        let rates = [0.5, 400.0, 2000.0, 12_500.0, 1_234_567.0].map(planned_rate);
        assert_eq!(rates, ["0.5/s", "400/s", "2k/s", "12.5k/s", "1234.57k/s"]);
    }
}
