//! Untrusted bytes: records, histograms, and a server's replies. `fuzz/` covers the same code with
//! coverage guidance.

use proptest::prelude::*;
use rpcbench::internal::load::Window;
use rpcbench::internal::report;
use rpcbench::record::histogram::{decode, encode, from_bytes};
use rpcbench::record::{Histograms, Record};

use crate::support::{Load, MS, S, World, cell, load, play, pong_to, record, trial};

/// The text of a record with histograms in it.
fn text() -> String {
    let mut histogram =
        hdrhistogram::Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
    (1..1000).for_each(|us| histogram.record(us * 1000).unwrap());
    let mut trial = trial(0, 1000.0, 10.0);
    let text = encode(&histogram);
    trial.histograms = Histograms {
        latency: text.clone(),
        censored: text.clone(),
        service: text.clone(),
        connect: text.clone(),
        lag: text,
    };
    serde_json::to_string(&record(vec![cell("async", vec![trial])])).unwrap()
}

fn render(text: &str) {
    if let Ok(record) = Record::parse(text) {
        for format in report::ALL {
            format.render(&record);
        }
        report::files::files(&record);
        report::torture::torture(&record, &|_| None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_record_is_refused_or_rendered(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = text().into_bytes();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] = byte;
        }
        render(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn numbers_of_any_size_can_be_rendered(value in prop_oneof![any::<i64>().prop_map(|n| n.to_string()), any::<f64>().prop_map(|n| format!("{n:e}"))], which in 0..40_usize) {
        // Replaces one of the numbers in the record.
        let text = text();
        let numbers: Vec<(usize, &str)> = text
            .match_indices(':')
            .filter(|(at, _)| text.as_bytes()[at + 1].is_ascii_digit())
            .collect();
        let (at, _) = numbers[which % numbers.len()];
        let end = text[at + 1..].find([',', '}']).unwrap();
        render(&format!("{}{value}{}", &text[..at + 1], &text[at + 1 + end..]));
    }

    #[test]
    fn any_bytes_can_be_decoded_as_a_histogram(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        from_bytes(&bytes);
        // A valid header lets the decoder get further.
        let mut real = hdrhistogram::Histogram::<u64>::new(3).unwrap();
        real.record(1000).unwrap();
        let mut text = encode(&real).into_bytes();
        for (at, byte) in bytes.iter().enumerate().take(8) {
            let place = (usize::from(*byte) * 7 + at) % text.len();
            text[place] = b"ABCDEFGHabcdefgh0123456789+/"[usize::from(*byte) % 28];
        }
        decode(std::str::from_utf8(&text).unwrap());
    }

    #[test]
    fn every_request_is_counted_whatever_a_server_sends(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..40),
        correct in any::<u64>(),
        pipeline in 1..4_usize,
    ) {
        let mut sent = 0;
        let world = World::new(2, move |_, request, _| {
            sent += 1;
            match pieces.get(sent % (2 * pieces.len())) {
                Some(piece) if correct >> (sent % 64) & 1 == 1 => vec![(MS, piece.clone())],
                _ => vec![(MS, pong_to(request))],
            }
        });
        let window = Window { from_ns: 10 * MS, to_ns: 200 * MS };
        let load = Load { pipeline, window, timeout_ns: 50 * MS, ..load(2) };
        let (recorder, clients) = play(&load, &world);
        let asked: u64 = clients.iter().map(|client| client.asked).sum();
        let older = recorder.older.ended;
        prop_assert_eq!(asked, recorder.latency.count() + older);
        prop_assert!(recorder.requests <= recorder.latency.answered.len() + older);
        // The number of requests in progress is at most the number of pipeline slots.
        prop_assert!(recorder.flow.under_way_mean() <= 2.0 + 1e-9);
        prop_assert!(recorder.flow.under_way_mean() >= 0.0);
    }
}

#[test]
fn the_number_of_intervals_of_a_series_is_bounded() {
    for seconds in [1, 2, 3, 100, 119, 121, 3600] {
        let window = Window {
            from_ns: 0,
            to_ns: seconds * S,
        };
        let intervals = window.intervals();
        assert!((1..=120).contains(&intervals), "{seconds} s: {intervals}");
        assert!(intervals as u64 * window.interval_ns() >= window.to_ns);
    }
}
