//! Loops that poll without sleeping must notice stops, drains and timeouts too.

use std::time::Duration;

use rpcbench::contract::Contract;

use crate::support::{SHORT, can_run, measured};

/// The cases that are also run against models that busy-poll, with the longest time of it.
const CASES: &[&str] = &[
    "an_idle_peer_is_closed",
    "a_dribbling_peer_is_closed",
    "the_timeout_of_a_message_starts_at_its_first_byte",
    "sleeps_and_replies_keep_their_order",
    "many_clients",
    "stop_while_idle",
    "stop_while_mid_frame",
    "stop_while_busy",
    "stop_with_clients_waiting",
    "stop_closes_connections_at_the_end_of_the_drain",
];

fn holds(model: &str) {
    let contract = Contract::of_model(super::PROGRAM, model).only(CASES);
    let report = contract.busy_poll(Duration::from_secs(1)).check();
    assert_eq!(report.left_out().count(), 0, "{report}");
}

#[test]
fn asynchronous() {
    holds("async");
}

#[test]
fn preforking_async() {
    holds("preforking-async");
}

#[test]
fn async_pool() {
    holds("async-pool");
}

#[test]
fn uring() {
    if can_run("uring") {
        holds("uring");
    }
}

#[test]
fn the_record_has_the_time_where_a_model_uses_it() {
    let models = ["--model", "threaded,async", "--trials", "1"];
    let record = measured(&[&models[..], &["--busy-poll", "50us"], &SHORT].concat());
    let time = |cell: usize| &record["cells"][cell]["contestant"]["options"]["busy_poll_us"];
    assert!(time(0).is_null(), "{}", time(0));
    assert_eq!(time(1), 50.0);
}
