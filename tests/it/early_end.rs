//! A window that is ended early, under a fake clock: its figures are those of the shorter window.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use rpcbench::internal::findings::{Summary, sentences};
use rpcbench::internal::load::event_loop::ThreadResult;
use rpcbench::internal::load::{ClosedLoop, Mix, OpenLoop, Pacer, Recorder, Schedule, Window};
use rpcbench::record::{Arrivals, Cell, Trial, ValidityFinding};

use crate::support::{
    FakeHost, FakePoller, Load, MS, S, World, cell, fake_clients, load, phases, pong_to, record,
    run_loop, six, suspect, text, trial,
};

const FROM_NS: u64 = 100 * MS;
/// The end of a window of 3.5 s.
const CUT_NS: u64 = FROM_NS + 3500 * MS;
/// When the signal comes.
const SET_NS: u64 = CUT_NS - 30 * MS;

/// One client with this window.
fn ending_at(to_ns: u64) -> Load {
    let from_ns = FROM_NS;
    Load {
        window: Window { from_ns, to_ns },
        pipeline: 10,
        ..load(1)
    }
}

/// Runs a load whose window ends at `to_ns`, and early if `early_end_ns` says so.
fn run_to(
    to_ns: u64,
    early_end_ns: Option<(u64, u64)>,
    pacer: fn(&Load) -> Box<dyn Pacer>,
    world: &Rc<RefCell<World>>,
) -> ThreadResult {
    let load = ending_at(to_ns);
    let clients = fake_clients(&load, pacer(&load), world);
    let mut host = FakeHost::new(world);
    host.early_end_ns = early_end_ns;
    run_loop(
        clients,
        phases(&load),
        &mut FakePoller::new(world, 0),
        &host,
    )
}

fn closed(_: &Load) -> Box<dyn Pacer> {
    Box::new(ClosedLoop::new(1, 1))
}

/// A request every millisecond.
fn open(load: &Load) -> Box<dyn Pacer> {
    let schedule = Schedule {
        rate_rps: 1000.0,
        arrivals: Arrivals::Constant,
        seed: 1,
        skew: None,
        then: None,
    };
    Box::new(OpenLoop::new(
        schedule,
        Mix::default(),
        1,
        load.window,
        0..1,
    ))
}

/// A server that replies after 2 ms, and from this time on not at all.
fn world(silent_from_ns: u64) -> Rc<RefCell<World>> {
    World::new(1, move |_, request, now_ns| {
        if now_ns < silent_from_ns {
            vec![(2 * MS, pong_to(request))]
        } else {
            Vec::new()
        }
    })
}

/// All counts of a recorder, and the series.
fn counts(recorder: &Recorder) -> (Vec<u64>, Vec<u64>) {
    let sample = &recorder.latency;
    let counts = vec![
        recorder.requests,
        recorder.planned,
        recorder.ended,
        recorder.unanswered,
        sample.count(),
        sample.censored.len(),
        sample.censored_min_ns(),
        sample.max_ns().unwrap_or(0),
        recorder.service.len(),
        recorder.connects.begun,
        (1e6 * recorder.flow.under_way_mean()) as u64,
        (1e6 * recorder.flow.throughput_times_latency()) as u64,
    ];
    (counts, recorder.under_way().collect())
}

/// A run with a window of 5 s that is ended after 3.5 s is the run with a window of 3.5 s.
#[track_caller]
fn assert_is_shorter_run(silent_from_ns: u64, pacer: fn(&Load) -> Box<dyn Pacer>) -> ThreadResult {
    let (shorter_world, world) = (world(silent_from_ns), world(silent_from_ns));
    let shorter = run_to(CUT_NS, None, pacer, &shorter_world);
    let early = Some((SET_NS, CUT_NS));
    let result = run_to(FROM_NS + 5 * S, early, pacer, &world);
    let (counted, in_progress) = counts(&result.recorder);
    let (expected, expected_in_progress) = counts(&shorter.recorder);
    assert_eq!(counted, expected);
    assert_eq!(in_progress, expected_in_progress);
    assert_eq!(world.borrow().sent, shorter_world.borrow().sent);
    assert_eq!(result.clients, shorter.clients);
    assert_eq!(result.effort.elapsed, Duration::from_millis(3500));
    // It waits for the replies, and no longer.
    assert_eq!(world.borrow().now_ns, shorter_world.borrow().now_ns);
    assert_eq!(
        result.recorder.window(),
        Window {
            from_ns: FROM_NS,
            to_ns: CUT_NS
        }
    );
    result
}

#[test]
fn a_closed_loop_counts_up_to_the_early_end() {
    let result = assert_is_shorter_run(u64::MAX, closed);
    // Replies come at 3 ms, 5 ms, …: in the window at 101 ms to 3,599 ms.
    assert_eq!(result.recorder.requests, 1750);
    // The first of them was planned before the window. The last request was planned at 3,599 ms;
    // its reply comes in the drain.
    assert_eq!(result.recorder.latency.count(), 1750);
    assert_eq!(result.recorder.unanswered, 0);
}

#[test]
fn an_open_loop_plans_nothing_after_the_early_end() {
    let result = assert_is_shorter_run(u64::MAX, open);
    assert_eq!(result.recorder.planned, 3500, "of 5,000");
    assert_eq!(result.recorder.requests, 3500);
    assert_eq!(result.recorder.unanswered, 0);
    assert_eq!(result.recorder.latency.censored.len(), 0);
}

#[test]
fn only_requests_planned_before_the_early_end_are_censored() {
    // 600 ms before the early end the server falls silent.
    let result = assert_is_shorter_run(CUT_NS - 600 * MS, open);
    let sample = &result.recorder.latency;
    assert_eq!(result.recorder.planned, 3500);
    assert_eq!(sample.censored.len(), 600);
    assert_eq!(result.recorder.unanswered, 600);
    // The last one was planned 1 ms before the end; the drain is 1 s.
    let youngest_ns = sample.censored_min_ns();
    assert!(youngest_ns.abs_diff(1001 * MS) <= MS, "{youngest_ns}");
}

#[test]
fn the_series_keeps_its_intervals() {
    // A window of 1.5 s has intervals of 100 ms by itself, one of 5 s has intervals of 1 s.
    let cut_ns = FROM_NS + 1500 * MS;
    let world = world(u64::MAX);
    let early = Some((cut_ns - 30 * MS, cut_ns));
    let result = run_to(FROM_NS + 5 * S, early, open, &world);
    let intervals = result.recorder.intervals();
    let planned: Vec<u64> = intervals.iter().map(|interval| interval.planned).collect();
    assert_eq!(planned, [1000, 500]);
    assert_eq!(result.recorder.interval_ns(), S);
    // 15 of 50 slices of 100 ms.
    let slices = result.recorder.flow.slices();
    assert_eq!(slices.len(), 15);
    assert!(slices.iter().all(|slice| slice.replies.abs_diff(100) <= 1));
}

#[test]
fn requests_that_are_never_sent_have_the_age_at_the_early_end_of_the_drain() {
    let recorder = |to_ns: u64, early_ns: Option<u64>| {
        let from_ns = FROM_NS;
        let mut recorder = Recorder::new(Window { from_ns, to_ns });
        for at_ns in [FROM_NS + MS, FROM_NS + 2 * S] {
            recorder.planned(at_ns);
            recorder.never_sent(at_ns);
        }
        if let Some(to_ns) = early_ns {
            recorder.end_window(to_ns);
        }
        recorder.add_never_sent();
        recorder
    };
    let shorter = recorder(CUT_NS, None);
    let early = recorder(FROM_NS + 5 * S, Some(CUT_NS));
    assert_eq!(early.unanswered, 2);
    assert_eq!(early.flow.under_way_mean(), shorter.flow.under_way_mean());
    for (age, expected) in [
        (early.latency.censored_min_ns(), 2500 * MS),
        (early.latency.max_ns().unwrap(), 4499 * MS),
    ] {
        // Ages are kept with three digits, and are lower bounds.
        assert!(age.abs_diff(expected) <= 10 * MS, "{age}, {expected}");
    }
}

/// A trial that Ctrl-C ended after 0.7 s of 1 s.
fn interrupted(round: usize) -> Trial {
    let finding = ValidityFinding::EndedEarly {
        planned_s: 1.0,
        measured_s: 0.7,
    };
    Trial {
        interrupted: true,
        measured_s: Some(0.7),
        validity: suspect(vec![finding]),
        ..trial(round, 99_999.0, 1.0)
    }
}

fn shown(cells: Vec<Cell>) -> String {
    let mut record = record(cells);
    record.interrupted = true;
    text(&record)
}

#[test]
fn complete_trials_make_the_figures() {
    let mut trials = six(1.0);
    trials.pop();
    let complete = cell("async", trials.clone());
    trials.push(interrupted(5));
    let with_part = cell("async", trials);
    let figures = |cell: &Cell| format!("{:?}", Summary::of(cell).unwrap().throughput_rps);
    assert_eq!(figures(&with_part), figures(&complete));
    let text = shown(vec![with_part]);
    assert!(
        text.starts_with(
            "Ended early by Ctrl-C: the last trial has 700 ms of 1 s; the figures are of the"
        ),
        "{text}"
    );
    assert!(!text.contains("Suspect"), "{text}");
}

#[test]
fn an_interrupted_trial_alone_is_shown_marked_and_not_ranked() {
    let alone = cell("async", vec![interrupted(0)]);
    let text = shown(vec![alone.clone()]);
    assert!(
        text.starts_with(
            "Ended early by Ctrl-C: the last trial has 700 ms of 1 s; its figures are marked."
        ),
        "{text}"
    );
    assert!(
        text.contains("99,999/s in 700 ms of 1 s, ended early"),
        "{text}"
    );
    assert!(
        text.contains("Suspect: this trial was ended by Ctrl-C after 700 ms of 1 s"),
        "{text}"
    );
    let cells = [
        cell("threaded", six(1.0)),
        cell("preforking", six(2.0)),
        alone,
    ];
    let text = shown(cells.to_vec());
    assert!(text.contains("* 99,999"), "{text}");
    let summaries: Vec<Summary<'_>> = cells.iter().filter_map(Summary::of).collect();
    let closing = sentences::closing(&summaries);
    assert!(
        closing
            .contains(&"Not ranked, since its only trial was ended early (*): async.".to_owned()),
        "{closing:?}"
    );
    assert!(
        closing[0].contains("threaded") && !closing[0].contains("async"),
        "{closing:?}"
    );
}
