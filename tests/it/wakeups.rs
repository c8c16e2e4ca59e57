//! A server that waits uses no CPU: what wakes its processes and threads.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::support::{Client, Served, eventually, ping, pong};

/// How often the threads of a server have slept, as the kernel counts it.
fn sleeps(server: &Served) -> u64 {
    let tasks = server.processes().into_iter().flat_map(|process| {
        std::fs::read_dir(format!("/proc/{}/task", process.pid))
            .expect("the process runs")
            .map(|task| task.expect("a thread").path())
    });
    tasks.map(|task| sleeps_of(&task)).sum()
}

fn sleeps_of(task: &Path) -> u64 {
    let status = std::fs::read_to_string(task.join("status")).expect("the thread runs");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|count| count.trim().parse().ok())
        .expect("a count")
}

#[test]
fn idle_workers_are_not_woken() {
    for accept in ["shared", "reuseport"] {
        let server = Served::start("preforking", &["--workers", "10", "--accept", accept]);
        eventually("the workers run", || server.processes().len() == 12);
        // Until all of them wait.
        thread::sleep(Duration::from_millis(300));
        let before = sleeps(&server);
        thread::sleep(Duration::from_secs(1));
        let woken = sleeps(&server) - before;
        // Ten looks for a stop per second and worker would be 100.
        assert!(woken < 10, "{accept}: woken {woken} times in a second");
    }
}

#[test]
fn idle_connections_of_blocking_models_are_not_woken() {
    for model in ["single", "threaded", "forking", "preforking"] {
        let server = Served::start(model, &[]);
        let mut clients: Vec<Client> = (0..10).map(|_| server.client()).collect();
        let served = if model == "single" { 1 } else { 10 };
        for client in clients.iter_mut().take(served) {
            assert_eq!(client.ask(&ping(1)), pong(1));
        }
        // The first read after a request times out once.
        thread::sleep(Duration::from_millis(300));
        let before = sleeps(&server);
        thread::sleep(Duration::from_secs(1));
        let woken = sleeps(&server) - before;
        // Ten read timeouts per second and connection would be 100.
        assert!(woken < 10, "{model}: woken {woken} times in a second");
    }
}

#[test]
fn a_connection_wakes_one_of_the_idle_workers() {
    const CONNECTIONS: u64 = 50;
    let server = Served::start("preforking", &["--workers", "10"]);
    eventually("the workers run", || server.processes().len() == 12);
    thread::sleep(Duration::from_millis(300));
    let before = sleeps(&server);
    for n in 0..CONNECTIONS {
        assert_eq!(server.client().ask(&ping(n)), pong(n));
        thread::sleep(Duration::from_millis(5));
    }
    let woken = sleeps(&server) - before;
    // One worker, which also waits for the request and for the end. All ten would be 500 or more.
    assert!(
        woken < 5 * CONNECTIONS,
        "woken {woken} times by {CONNECTIONS} connections"
    );
}
