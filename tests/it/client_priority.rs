//! The priority of the generator's threads, with the real program.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{descendants, rpcbench};

/// SCHED_FIFO in /proc/PID/task/TID/stat (sched(7)).
const FIFO: i64 = 1;

/// Scheduling policy and nice value of each thread of a process (proc_pid_stat(5), fields 41 and 19).
fn threads(pid: i32) -> Vec<(i64, i64)> {
    let of = |stat: &str| {
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        Some((fields[41 - 3].parse().ok()?, fields[19 - 3].parse().ok()?))
    };
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    let tasks = tasks.into_iter().flatten().flatten();
    let stats = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
    stats.filter_map(|stat| of(&stat)).collect()
}

#[test]
fn the_servers_threads_do_not_have_the_priority_of_the_generator() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("record.json");
    let mut run = rpcbench()
        .args(["--model", "preforking", "--workers", "2"])
        .args(["--clients", "2", "--rate", "50", "--duration", "1s"])
        .args(["--client-priority", "realtime", "--save"])
        .arg(&saved)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = i32::try_from(run.id()).unwrap();
    let (mut raised, mut seen) = (false, 0);
    let deadline = Instant::now() + Duration::from_secs(30);
    while run.try_wait().unwrap().is_none() && Instant::now() < deadline {
        raised |= threads(pid).iter().any(|(policy, _)| *policy == FIFO);
        for process in descendants(pid) {
            let threads = threads(process.pid);
            seen += threads.len();
            assert!(
                threads.iter().all(|thread| *thread == (0, 0)),
                "policies and nice values of the server: {threads:?}"
            );
        }
        thread::sleep(Duration::from_millis(20));
    }
    run.wait().unwrap();
    assert!(seen > 0, "no server was seen");
    let record: Value = serde_json::from_slice(&std::fs::read(saved).unwrap()).unwrap();
    assert_eq!(record["cells"][0]["load"]["client_priority"], "realtime");
    let trial = &record["cells"][0]["trials"][0];
    // Where it is not permitted, the record says what the threads got instead, and a finding does.
    assert_eq!(
        trial["generator"]["priority"] == "realtime",
        raised,
        "{trial}"
    );
    let findings = trial["validity"]["findings"].as_array().unwrap();
    let is_noted = findings
        .iter()
        .any(|finding| finding["code"] == "client-priority");
    assert_eq!(is_noted, !raised);
}
