//! Processes: none remains after any process dies; workers are replaced.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{
    Client, Served, assert_gone, can_run, descendants, eventually, example, has_workers, measured,
    models, ping, pong, rpcbench,
};

fn kill_process(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

#[test]
fn killing_the_harness_leaves_no_process() {
    for model in models() {
        let mut harness = rpcbench()
            .args([
                "--model",
                model,
                "--clients",
                "8",
                "--duration",
                "30s",
                "--no-save",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pid = harness.id() as i32;
        let has_children = ["forking", "preforking", "preforking-async"].contains(&model);
        let least = if has_children { 3 } else { 2 };
        eventually("the server runs", || descendants(pid).len() >= least);
        thread::sleep(Duration::from_millis(200));
        let processes = descendants(pid);
        harness.kill().unwrap();
        harness.wait().unwrap();
        assert_gone(&processes);
    }
}

#[test]
fn killing_the_guard_ends_a_server_that_computes() {
    let mut harness = rpcbench()
        .args([
            "--model",
            "threaded",
            "--method",
            "spin",
            "--params",
            "9000000",
            "--clients",
            "2",
            "--no-save",
        ])
        .args(["--duration", "20s"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = harness.id() as i32;
    eventually("the server runs", || descendants(pid).len() == 2);
    thread::sleep(Duration::from_millis(500));
    let processes = descendants(pid);
    kill_process(
        processes
            .iter()
            .find(|process| process.parent == pid)
            .unwrap()
            .pid,
    );
    assert_gone(&processes[1..]);
    let status = harness.wait().unwrap();
    let stderr = std::io::read_to_string(harness.stderr.unwrap()).unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(
        stderr.trim(),
        "rpcbench: the server of threaded ended unexpectedly: it lost its guard process"
    );
}

#[test]
fn killing_the_guard_ends_the_server_and_its_workers() {
    let server = Served::start("preforking", &["--workers", "3"]);
    eventually("the workers run", || server.processes().len() == 5);
    let processes = server.processes();
    let guard = processes
        .iter()
        .find(|process| process.parent == server.pid())
        .unwrap();
    kill_process(guard.pid);
    assert_gone(&processes);
}

#[test]
fn a_killed_worker_is_replaced_and_clients_are_still_served() {
    for model in ["preforking", "preforking-async"] {
        let server = Served::start(model, &["--workers", "3"]);
        eventually("the workers run", || server.processes().len() == 5);
        let root = server
            .processes()
            .into_iter()
            .find(|process| process.parent != server.pid());
        let guard = server
            .processes()
            .into_iter()
            .find(|process| process.parent == server.pid())
            .unwrap();
        let root = root.filter(|root| root.parent == guard.pid).unwrap();
        for _ in 0..10 {
            let workers: Vec<i32> = descendants(root.pid)
                .iter()
                .map(|process| process.pid)
                .collect();
            kill_process(workers[0]);
            eventually("the worker is replaced", || {
                let now = descendants(root.pid);
                now.len() == 3
                    && now
                        .iter()
                        .all(|process| process.pid != workers[0] && process.state != 'Z')
            });
            // Sequential connects reach all workers; each must be answered.
            for n in 0..6 {
                assert_eq!(Client::to(server.address).ask(&ping(n)), pong(n), "{model}");
            }
        }
    }
}

#[test]
fn all_workers_start_at_once() {
    // More than the supervisor replaces in a burst.
    for model in ["preforking", "preforking-async"] {
        let record = measured(&[
            "--model",
            model,
            "--workers",
            "40",
            "--clients",
            "40",
            "--duration",
            "500ms",
            "--warmup",
            "500ms",
        ]);
        let trial = &record["cells"][0]["trials"][0];
        assert_eq!(trial["server"]["processes_peak"], 41, "{model}");
        assert_eq!(
            trial["clients_served"], 40,
            "{model}: {}",
            trial["server"]["workers"]
        );
    }
}

#[test]
fn a_drain_does_not_busy_wait() {
    let server = Served::start("async", &["--drain", "5s"]);
    let mut client = server.client();
    client.send(&crate::support::frame(r#"{"in":"sleep","params":1500}"#));
    thread::sleep(Duration::from_millis(100));
    let processes = server.processes();
    let guard = processes
        .iter()
        .find(|process| process.parent == server.pid())
        .unwrap();
    let root = processes
        .iter()
        .find(|process| process.parent == guard.pid)
        .unwrap()
        .pid;
    // The connection and the stop signal arrive in the same wake-up.
    kill(Pid::from_raw(root), Signal::SIGSTOP).unwrap();
    let _late = Client::to(server.address);
    kill(Pid::from_raw(root), Signal::SIGTERM).unwrap();
    kill(Pid::from_raw(root), Signal::SIGCONT).unwrap();
    thread::sleep(Duration::from_millis(1000));
    let stat = std::fs::read_to_string(format!("/proc/{root}/stat")).unwrap();
    let ticks: Vec<u64> = stat
        .rsplit_once(") ")
        .unwrap()
        .1
        .split(' ')
        .skip(11)
        .take(2)
        .map(|t| t.parse().unwrap())
        .collect();
    assert!(
        ticks[0] + ticks[1] < 30,
        "{ticks:?} ticks of 10 ms in a second of waiting"
    );
    assert!(client.receive().is_some());
}

#[test]
fn forking_reaps_its_children_while_it_runs() {
    let server = Served::start("forking", &[]);
    // 200 children end at once: the kernel may send a single signal for all.
    let mut clients: Vec<Client> = (0..200).map(|_| server.client()).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.ask(&ping(n)), pong(n));
    }
    assert!(server.processes().len() >= 200);
    drop(clients);
    // Only the guard and the server remain.
    eventually("all children are reaped", || server.processes().len() == 2);
}

#[test]
fn a_worker_that_cannot_start_stops_the_server_with_the_reason() {
    let missing = "/nowhere/words.txt";
    let output = example("failing")
        .args(["serve", "--model", "warm", "--workers", "2"])
        .env("WORDS", missing)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains(missing) && stderr.contains("failed before it could serve"),
        "{stderr}"
    );
}

#[test]
fn after_a_panic_the_server_serves_new_connections() {
    for model in models() {
        let server = Served::run(example("failing"), model, &[]);
        let mut client = server.client();
        assert_eq!(client.ask(&ping(1)), pong(1));
        client.send(&crate::support::frame(r#"{"in":"panic"}"#));
        assert!(client.is_closed(), "{model}");
        assert_eq!(server.client().ask(&ping(2)), pong(2), "{model}");
    }
}

#[test]
fn panics_and_lost_workers_are_in_the_result() {
    for model in models() {
        let mut program = example("failing");
        let load = ["--model", model, "--clients", "2", "--method", "panic"];
        let short = ["--duration", "400ms", "--warmup", "100ms", "--workers", "2"];
        let with_workers = has_workers(model);
        let output = program
            .args(load)
            .args(if with_workers {
                &short[..]
            } else {
                &short[..4]
            })
            .args(["--no-save", "--format", "json"])
            // Backtraces would take most of the time.
            .env("RUST_BACKTRACE", "0")
            .output()
            .unwrap();
        let record: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let trial = &record["cells"][0]["trials"][0];
        let count = |name: &str| trial["server"][name].as_u64().unwrap();
        assert!(count("panics") > 0, "{model}: {trial}");
        assert!(count("faults") >= count("panics"), "{model}");
        let in_processes = ["forking", "preforking"].contains(&model);
        assert_eq!(count("workers_lost") > 0, in_processes, "{model}: {trial}");
        assert_eq!(trial["validity"]["verdict"], "invalid", "{model}");
    }
}

#[test]
fn a_worker_that_hangs_is_replaced_and_one_that_sleeps_is_not() {
    for model in ["preforking", "preforking-async"] {
        let options = ["--workers", "2", "--busy-timeout", "400ms"];
        let server = Served::run(example("failing"), model, &options);
        let mut stuck = server.client();
        stuck.send(&crate::support::frame(r#"{"in":"hang"}"#));
        let begun = Instant::now();
        assert!(
            stuck.is_closed(),
            "{model}: the hung worker's connection is open"
        );
        assert!(
            begun.elapsed() >= Duration::from_millis(390),
            "{model}: cut too early"
        );
        // The guard, the server and two workers.
        eventually("the worker is replaced", || server.processes().len() == 4);
        for _ in 0..4 {
            assert_eq!(server.client().ask(&ping(2)), pong(2), "{model}");
        }
        let slept = server.client().ask(r#"{"in":"sleep","params":800}"#);
        assert_eq!(slept, r#"{"out":"sleep","result":800}"#, "{model}");
    }
}

#[test]
fn at_max_connections_further_clients_wait_and_are_served_later() {
    let one_worker = ["--max-connections", "2", "--workers", "1"];
    for (model, options) in [
        ("threaded", &one_worker[..2]),
        ("forking", &one_worker[..2]),
        ("async", &one_worker[..2]),
        ("async-threads", &one_worker[..]),
        ("async-pool", &one_worker[..2]),
        ("tokio", &one_worker[..2]),
        ("uring", &one_worker[..2]),
    ] {
        if !can_run(model) {
            continue;
        }
        let server = Served::start(model, options);
        let mut first = server.client();
        let mut second = server.client();
        assert_eq!(
            (first.ask(&ping(1)), second.ask(&ping(2))),
            (pong(1), pong(2))
        );
        let mut third = server.client();
        third.send(&crate::support::frame(&ping(3)));
        third
            .0
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        assert_eq!(third.receive(), None, "{model} served a third client");
        drop(first);
        third
            .0
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        assert_eq!(third.receive(), Some(pong(3)), "{model}");
    }
}

/// Each thread counts in its own slot, and all of them serve.
#[test]
fn thread_models_have_a_row_per_worker() {
    for (model, accept) in [
        ("pool", "shared"),
        ("pool", "reuseport"),
        ("async-threads", "reuseport"),
        ("async-pool", "shared"),
        ("tokio", "shared"),
    ] {
        let options = ["--model", model, "--workers", "3", "--accept", accept];
        let load = ["--clients", "60", "--requests-per-connection", "5"];
        let record = measured(&[&options[..], &load, &crate::support::SHORT].concat());
        let server = &record["cells"][0]["trials"][0]["server"];
        assert_eq!(server["processes_peak"], 1, "{model}");
        assert_eq!(server["threads_peak"], 4, "{model}");
        let workers = server["workers"].as_array().unwrap();
        assert_eq!(workers.len(), 3, "{model}");
        let served = |worker: &serde_json::Value| worker["requests"].as_u64().unwrap() > 0;
        assert!(workers.iter().all(served), "{model} {accept}: {workers:?}");
    }
}

#[test]
fn every_accept_mode_accepts_all_connections() {
    for mode in ["shared", "reuseport", "exclusive"] {
        let record = measured(&[
            "--model",
            "preforking-async",
            "--accept",
            mode,
            "--workers",
            "3",
            "--clients",
            "30",
            "--duration",
            "500ms",
            "--warmup",
            "200ms",
        ]);
        let cell = &record["cells"][0];
        assert_eq!(cell["contestant"]["options"]["accept"], mode);
        let trial = &cell["trials"][0];
        assert_eq!(trial["clients_served"], 30, "{mode}");
        let workers = trial["server"]["workers"].as_array().unwrap();
        assert_eq!(workers.len(), 3);
        let accepted: u64 = workers
            .iter()
            .map(|worker| worker["accepted"].as_u64().unwrap())
            .sum();
        assert_eq!(accepted, 30, "{mode}: {workers:?}");
    }
}
