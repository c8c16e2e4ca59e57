//! Overload, lost workers and lost descriptors, with the real program.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};

use crate::support::{
    Client, Served, descendants, eventually, frame, measured, ping, pong, rpcbench,
};

/// CPU seconds that these processes have used.
fn cpu_s(pids: &[i32]) -> f64 {
    let ticks = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<u64> = stat
            .rsplit_once(") ")?
            .1
            .split(' ')
            .filter_map(|field| field.parse().ok())
            .collect();
        // utime and stime, the state before them being no number.
        Some(fields[10] + fields[11])
    };
    let hertz = sysconf(SysconfVar::CLK_TCK).unwrap().unwrap() as f64;
    pids.iter().filter_map(ticks).sum::<u64>() as f64 / hertz
}

/// The program with room for so many descriptors.
fn with_descriptors(most: u32) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("ulimit -n {most}; exec \"$0\" \"$@\"");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_rpcbench")]);
    shell
}

/// Which of these have a reply by now.
fn answered(clients: &mut [Client]) -> usize {
    let peek = |client: &Client| {
        client.0.set_nonblocking(true).unwrap();
        client.0.peek(&mut [0]).is_ok_and(|bytes| bytes > 0)
    };
    clients.iter().filter(|client| peek(client)).count()
}

#[test]
fn without_descriptors_accepting_rests_and_goes_on_when_there_are_some() {
    // The others close each connection, or have but a few at a time.
    for model in ["threaded", "async", "preforking-async"] {
        let server = Served::run(with_descriptors(64), model, &[]);
        let mut clients: Vec<Client> = (0..300).map(|_| server.client()).collect();
        for client in &mut clients {
            client.send(&frame(&ping(1)));
        }
        eventually("some are served", || answered(&mut [server.client()]) == 0);
        thread::sleep(Duration::from_millis(500));
        let served = answered(&mut clients);
        assert!(
            (20..200).contains(&served),
            "{model} serves {served} of 300"
        );

        let pids: Vec<i32> = server
            .processes()
            .iter()
            .map(|process| process.pid)
            .collect();
        let before = cpu_s(&pids);
        thread::sleep(Duration::from_secs(1));
        let used = cpu_s(&pids) - before;
        assert!(
            used < 0.2,
            "{model} uses {used} s of CPU a second, full and idle"
        );

        let first = clients.remove(0);
        drop(first);
        // As connections close, those that waited have their turn, to the last.
        let deadline = Instant::now() + Duration::from_secs(20);
        while !clients.is_empty() {
            assert!(
                Instant::now() < deadline,
                "{model}: {} wait for ever",
                clients.len()
            );
            clients.retain_mut(|client| answered(std::slice::from_mut(client)) == 0);
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(server.client().ask(&ping(2)), pong(2), "{model}");
    }
}

#[test]
fn workers_that_are_killed_under_load_cost_their_own_connections_only() {
    for model in ["preforking", "preforking-async"] {
        let load = ["--model", model, "--workers", "4", "--clients", "4"];
        let long = [
            "--duration",
            "6s",
            "--warmup",
            "500ms",
            "--no-save",
            "--format",
            "json",
        ];
        let running = rpcbench()
            .args(load)
            .args(long)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let root = running.id() as i32;
        let workers = || {
            // The guard, the server, its workers.
            let server = descendants(root).into_iter().filter(|process| {
                descendants(process.pid)
                    .iter()
                    .all(|child| child.parent == process.pid)
            });
            let workers = server.flat_map(|server| descendants(server.pid));
            workers
                .filter(|worker| worker.state != 'Z')
                .map(|worker| worker.pid)
                .collect::<Vec<_>>()
        };
        eventually("the workers run", || workers().len() == 4);
        thread::sleep(Duration::from_millis(900));
        let mut killed = 0;
        let begun = Instant::now();
        for round in 0..15 {
            // All of them inside the window, however slow this is.
            if begun.elapsed() > Duration::from_secs(4) {
                break;
            }
            let now = workers();
            if let Some(worker) = now.get(round % now.len().max(1)) {
                killed += usize::from(kill(Pid::from_raw(*worker), Signal::SIGKILL).is_ok());
            }
            thread::sleep(Duration::from_millis(100));
        }
        let output = running.wait_with_output().unwrap();
        let record: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let trial = &record["cells"][0]["trials"][0];
        assert_eq!(
            trial["server"]["workers_lost"], killed,
            "{model}: {}",
            trial["server"]
        );
        let errors = &trial["errors"];
        for kind in ["connect", "timeout", "protocol", "reply"] {
            assert_eq!(errors[kind], 0, "{model}: {errors}");
        }
        // One request in flight on each of four connections: a worker cannot take more with it.
        let resets = errors["reset"].as_u64().unwrap();
        assert!(
            resets <= 4 * killed as u64,
            "{model}: {errors} after {killed} kills"
        );
        assert_eq!(trial["clients_unserved"], 0, "{model}");
    }
}

#[test]
fn the_torture_table_tells_what_others_saw() {
    let output = rpcbench()
        .args([
            "torture",
            "--model",
            "async,single",
            "--attack",
            "reset,idle",
        ])
        .args(["--duration", "700ms", "--seed", "1", "--strict"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let row = |name: &str| {
        let row = text.lines().find(|line| line.starts_with(name));
        row.unwrap_or_else(|| panic!("no row {name}: {text}"))
            .to_owned()
    };
    assert!(row("p99 against calm").contains("async"), "{text}");
    assert!(
        row("calm").contains("µs") || row("calm").contains("ms"),
        "{text}"
    );
    assert!(row("reset").contains('×'), "{text}");
    // One connection at a time, and two thousand that say nothing before all others.
    assert!(row("idle").contains("/8 served"), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("It takes a place, where there are few"),
        "{text}"
    );
    assert_eq!(
        output.status.code(),
        Some(5),
        "somebody suffered, and --strict says so"
    );
}

#[test]
fn under_attack_a_server_gives_back_what_it_took() {
    for model in ["threaded", "forking", "async", "preforking-async"] {
        let record = {
            let output = rpcbench()
                .args([
                    "torture",
                    "--model",
                    model,
                    "--attack",
                    "reset,half-close,leave",
                ])
                .args(["--duration", "500ms", "--format", "json"])
                .output()
                .unwrap();
            serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
        };
        let cells = record["cells"].as_array().unwrap();
        assert_eq!(cells.len(), 4, "calm, and three attacks");
        for cell in cells {
            let (scenario, trial) = (&cell["scenario"], &cell["trials"][0]);
            let residue = &trial["residue"];
            for kind in ["descriptors", "processes", "threads"] {
                assert!(
                    residue[kind][1].as_u64() <= residue[kind][0].as_u64(),
                    "{model}, {scenario}: {residue}"
                );
            }
            let hostile = trial["hostile_connections"].as_u64();
            assert_eq!(
                hostile.is_some_and(|many| many > 10),
                scenario != "calm",
                "{model}, {scenario}: {hostile:?}"
            );
            // A process a connection, thousands a second: on a busy machine somebody waits too long.
            if model != "forking" {
                assert_eq!(trial["clients_unserved"], 0, "{model}, {scenario}");
            }
        }
    }
}

#[test]
fn wrong_torture_is_refused() {
    let says = |arguments: &[&str]| {
        let output = rpcbench().arg("torture").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(
        says(&["--model", "async", "--attack", "nuke"]).contains("choose of slowloris, dribble")
    );
    assert!(says(&[]).contains("name a server"));
}

#[test]
fn a_load_without_an_attack_looks_for_no_residue() {
    let record = measured(&[
        "--model",
        "async",
        "--clients",
        "2",
        "--duration",
        "100ms",
        "--warmup",
        "50ms",
    ]);
    assert!(record["cells"][0]["trials"][0]["residue"].is_null());
}

#[test]
fn a_server_that_dies_leaves_what_was_complete() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("run.json");
    let program = env!("CARGO_BIN_EXE_rpcbench");
    // It ends in the midst of its second trial at the latest: each is a second and a half.
    let dies = format!("timeout 1 {program} serve --model async --listen 127.0.0.1:{{port}}");
    let output = rpcbench()
        .args([
            "--model",
            "async",
            "--exec",
            &dies,
            "--clients",
            "2",
            "--trials",
            "2",
        ])
        .args(["--duration", "1s", "--warmup", "500ms", "--seed", "0"])
        .args(["--save", saved.to_str().unwrap()])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("is gone: it ended with exit code 124"),
        "{told}"
    );
    let shown = String::from_utf8(output.stdout).unwrap();
    let record = rpcbench::record::Record::read(&saved);
    let complete: usize = record
        .iter()
        .flat_map(|record| &record.cells)
        .map(|cell| cell.trials.len())
        .sum();
    // With this seed the model has its trial first.
    assert_eq!(complete, 1, "{told}");
    assert!(record.unwrap().interrupted);
    assert!(shown.contains("Ended early"), "{shown}");
}
