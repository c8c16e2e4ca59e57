//! The result of a load, and the same of several threads or generators together.

use serde::{Deserialize, Serialize};

use super::client::ClientResult;
use super::effort::Effort;
use super::recorder::Recorder;
use crate::sys::Priority;

/// The result of a load, all threads together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    /// Histograms and counts.
    pub recorder: Recorder,
    /// The result of each client.
    pub clients: Vec<ClientResult>,
    /// The effort of each thread over the window.
    pub efforts: Vec<Effort>,
    /// The effort of each thread until the rate falls; without an overload, over the window.
    pub overload_efforts: Vec<Effort>,
    /// The priority of its threads at the end: the lowest.
    pub priority: Priority,
    /// Whether all threads polled without sleeping until the end.
    pub spins: bool,
    /// Its connections, idle ones included.
    pub connections: usize,
}

impl Measured {
    /// Adds what other clients measured under the same load, in the same window: counts and
    /// histograms are added, never quantiles.
    pub fn add(&mut self, other: Measured) {
        self.recorder.add(&other.recorder);
        self.clients.extend(other.clients);
        self.efforts.extend(other.efforts);
        self.overload_efforts.extend(other.overload_efforts);
        self.priority = self.priority.min(other.priority);
        self.spins &= other.spins;
        self.connections += other.connections;
    }

    /// Whether the results of both can be added: they are of windows of the same length.
    pub fn is_of_same_window(&self, other: &Measured) -> bool {
        self.recorder.is_of_same_window(&other.recorder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::delays::{Arrival, Moments};
    use crate::load::window::Window;

    fn measured() -> Measured {
        let window = Window {
            from_ns: 1_000_000_000,
            to_ns: 3_000_000_000,
        };
        let mut recorder = Recorder::new(window);
        recorder.keep_delays();
        for at_ns in (500_000_000..2_900_000_000).step_by(7_000_001) {
            recorder.planned(at_ns);
            recorder.sent(at_ns, at_ns + 5_000);
            if at_ns % 10 == 0 {
                recorder.never_sent(at_ns);
            } else if at_ns % 7 == 0 {
                recorder.unanswered(at_ns, 4_000_000_000);
            } else {
                recorder.answered(&Moments {
                    planned_ns: at_ns,
                    able_ns: at_ns,
                    sent_ns: at_ns + 5_000,
                    left_ns: Some(at_ns + 6_000),
                    arrived_ns: at_ns + 90_000 + at_ns % 1000,
                    read_ns: at_ns + 99_000,
                    arrival: Arrival::Exact,
                });
            }
        }
        recorder.connected(5, 4_000);
        recorder.wrong(b"\"pang\"");
        recorder.add_never_sent();
        let client = ClientResult {
            replies: 7,
            longest_wait_ns: u64::MAX,
            got_reply: true,
            ..ClientResult::default()
        };
        Measured {
            recorder,
            clients: vec![client, ClientResult::default()],
            efforts: vec![Effort::default()],
            overload_efforts: vec![Effort::default()],
            priority: Priority::Nice,
            spins: true,
            connections: 3,
        }
    }

    #[test]
    fn a_result_survives_json() {
        let measured = measured();
        let text = serde_json::to_string(&measured).unwrap();
        let read: Measured = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert_eq!(read.clients, measured.clients);
        assert!(read.is_of_same_window(&measured));
        let (mut one, mut other) = (measured.clone(), read);
        one.add(measured.clone());
        other.add(measured);
        let json = |measured: &Measured| serde_json::to_string(measured).unwrap();
        assert_eq!(json(&one), json(&other));
        assert_eq!(
            one.recorder.flow.under_way_mean(),
            other.recorder.flow.under_way_mean()
        );
        assert!(one.recorder.latency.answered.len() > 400);
    }

    #[test]
    fn a_histogram_of_other_bounds_is_refused() {
        let text = serde_json::to_string(&measured()).unwrap();
        let other = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 1000, 3).unwrap();
        let service = crate::record::histogram::encode(&measured().recorder.service);
        assert!(text.contains(&service));
        let damaged = text.replace(&service, &crate::record::histogram::encode(&other));
        let fault = serde_json::from_str::<Measured>(&damaged).unwrap_err();
        assert!(fault.to_string().contains("a histogram is damaged"));
    }
}
