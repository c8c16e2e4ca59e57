//! Behaviour that every model must have: the table of `rpcbench::contract`, run against each model.

use std::collections::BTreeSet;

use rpcbench::contract::{self, Contract};

use crate::support::measured;

mod busy_polling;
mod command;
mod loops;
mod second_signal;

/// Makes a test per model that passes the model's name to a function.
macro_rules! for_each_model {
    ($name:ident, $run:expr) => {
        mod $name {
            fn run(model: &str) {
                let run: fn(&str) = $run;
                run(model);
            }
            #[test]
            fn single() {
                run("single");
            }
            #[test]
            fn threaded() {
                run("threaded");
            }
            #[test]
            fn forking() {
                run("forking");
            }
            #[test]
            fn preforking() {
                run("preforking");
            }
            #[test]
            fn asynchronous() {
                run("async");
            }
            #[test]
            fn preforking_async() {
                run("preforking-async");
            }
            #[test]
            fn pool() {
                run("pool");
            }
            #[test]
            fn async_threads() {
                run("async-threads");
            }
            #[test]
            fn async_pool() {
                run("async-pool");
            }
            #[test]
            fn tokio() {
                run("tokio");
            }
            #[test]
            fn uring() {
                if crate::support::can_run("uring") {
                    run("uring");
                }
            }
        }
    };
}

/// The cases of the table, each as one module with one test per model.
macro_rules! contract {
    ($($case:ident)*) => {
        const CASES: &[&str] = &[$(stringify!($case)),*];
        mod cases {
            $(for_each_model!($case, |model| super::super::holds(stringify!($case), model));)*
        }
    };
}

contract! {
    split_frames
    a_byte_at_a_time
    a_thousand_pipelined
    half_close
    closed_inside_a_message
    an_oversize_frame_is_refused
    a_ping_of_the_maximum_length
    methods
    bad_requests_leave_the_connection_open
    a_slow_reader_is_disconnected_and_does_not_delay_others
    an_idle_peer_is_closed
    a_dribbling_peer_is_closed
    the_timeout_of_a_message_starts_at_its_first_byte
    sleeps_and_replies_keep_their_order
    a_sleep_is_not_ended_by_the_timer_of_a_closed_connection
    a_client_that_computes_does_not_starve_others
    many_clients
    at_max_connections_further_clients_wait
    stop_while_idle
    stop_while_mid_frame
    stop_while_busy
    stop_while_a_client_keeps_sending
    stop_while_a_peer_does_not_read
    stop_with_clients_waiting
    stop_closes_connections_at_the_end_of_the_drain
    stop_ends_a_handler_that_computes
    connections_requests_and_faults_are_counted
}

for_each_model!(counters_agree_with_the_load, super::counters_agree);

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_rpcbench");

fn holds(case: &str, model: &str) {
    Contract::of_model(PROGRAM, model).only(&[case]).check();
}

#[test]
fn the_tests_name_every_case_of_the_table() {
    let table: Vec<&str> = contract::cases().map(contract::Case::name).collect();
    assert_eq!(CASES, table);
    let names: BTreeSet<&str> = table.iter().copied().collect();
    assert_eq!(names.len(), table.len(), "two cases have one name");
}

#[test]
fn the_table_names_every_model() {
    let named = [
        "single",
        "threaded",
        "forking",
        "preforking",
        "async",
        "preforking-async",
        "pool",
        "async-threads",
        "async-pool",
        "tokio",
        "uring",
    ];
    let all: Vec<&str> = rpcbench::models::ALL
        .iter()
        .map(|model| model.name())
        .collect();
    assert_eq!(all, named, "a model was added: add it to the macro above");
}

/// Only what a model declares leaves a case out.
#[test]
fn cases_are_left_out_by_what_a_model_declares() {
    for model in rpcbench::models::ALL {
        let needs_many = [
            "a_client_that_computes_does_not_starve_others",
            "a_sleep_is_not_ended_by_the_timer_of_a_closed_connection",
            "at_max_connections_further_clients_wait",
        ];
        if !model.is_serial() {
            continue;
        }
        let report = Contract::of_model(PROGRAM, model.name())
            .only(&needs_many)
            .check();
        let left_out: Vec<&str> = report.left_out().map(|(case, _)| case).collect();
        assert_eq!(left_out, needs_many, "{}", model.name());
    }
}

#[test]
fn a_program_or_a_model_that_is_missing_is_an_error() {
    for (program, model, what) in [
        ("/nowhere/program", "single", "cannot be run"),
        ("/bin/true", "single", "its main must return rpcbench::main"),
        (PROGRAM, "no-model", "choose one of single, threaded"),
    ] {
        let error = Contract::of_model(program, model).run().unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
    }
    let error = Contract::of_command(PROGRAM, "python3 x.py")
        .run()
        .unwrap_err();
    assert!(error.to_string().contains("{port}"), "{error}");
    let ends = Contract::of_command(PROGRAM, "false {port}")
        .run()
        .unwrap_err();
    assert!(
        ends.to_string().contains("ended with exit code 1"),
        "{ends}"
    );
}

fn counters_agree(model: &str) {
    let load = ["--clients", "4", "--duration", "1s", "--warmup", "100ms"];
    let record = measured(&[&["--model", model], &load[..]].concat());
    let trial = &record["cells"][0]["trials"][0];
    let requests = trial["requests"].as_u64().unwrap();
    assert!(requests > 0, "{model}: {trial}");
    assert_eq!(trial["errors"]["connect"], 0);
    assert_eq!(trial["server"]["faults"], 0);
    assert!(trial["server"]["cpu_us_per_request"].as_f64().unwrap() > 0.0);
    assert!(trial["server"]["pss_peak_bytes"].as_u64().unwrap() > 100_000);
    if let Some(workers) = trial["server"]["workers"].as_array() {
        // The server's counters and the generator's are read at slightly different times.
        let served: u64 = workers
            .iter()
            .map(|worker| worker["requests"].as_u64().unwrap())
            .sum();
        let ratio = served as f64 / requests as f64;
        assert!(
            (0.8..1.25).contains(&ratio),
            "workers served {served} of {requests}"
        );
    }
}
