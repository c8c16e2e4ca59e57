//! Integration tests; one file per subject.
#![allow(
    clippy::unwrap_used,
    reason = "a test may panic, and clippy allows it in test functions only"
)]

mod allocations;
mod browser;
mod budget;
mod changes;
mod chart;
mod check;
mod check_power;
mod check_reliability;
mod check_simulations;
mod cli;
mod client_priority;
mod commands;
mod contract;
mod conversation;
mod delays;
mod dependencies;
mod early_end;
mod event_loop;
mod faults;
mod files;
mod gate;
mod gate_pairs;
mod generator;
mod headline;
mod help;
mod junit;
mod load_line;
mod mistyped;
mod no_replies;
mod open_loop;
mod original_client;
mod overload;
mod page;
mod page_files;
mod plans;
mod processes;
mod progress;
mod rankings;
mod real_load;
mod record;
mod refusals;
mod report;
mod resume;
mod saving;
mod scenarios;
mod search;
mod selftest;
mod shapes;
mod storm;
mod structure;
mod support;
mod two_loads;
mod untrusted;
mod validity;
mod wakeups;
mod worker_lists;
