//! Overload, lost workers and lost descriptors, with the real program.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};

use crate::support::{
    Client, SHORT, Served, can_run, descendants, eventually, frame, measured, ping, pong, rpcbench,
};

/// CPU time of these processes, in seconds.
fn cpu_s(pids: &[i32]) -> f64 {
    let ticks = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<u64> = stat
            .rsplit_once(") ")?
            .1
            .split(' ')
            .filter_map(|field| field.parse().ok())
            .collect();
        // utime and stime: the process state is not a number, so it is not counted.
        Some(fields[10] + fields[11])
    };
    let hertz = sysconf(SysconfVar::CLK_TCK).unwrap().unwrap() as f64;
    pids.iter().filter_map(ticks).sum::<u64>() as f64 / hertz
}

/// The program with this limit of descriptors.
fn with_descriptors(limit: u32) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_rpcbench")]);
    shell
}

/// Number of these clients that have received a reply.
fn answered(clients: &mut [Client]) -> usize {
    let peek = |client: &Client| {
        client.0.set_nonblocking(true).unwrap();
        client.0.peek(&mut [0]).is_ok_and(|bytes| bytes > 0)
    };
    clients.iter().filter(|client| peek(client)).count()
}

/// This number when it has not changed for 200 ms, twice the pause of a server that cannot accept.
fn settled(mut number: impl FnMut() -> usize) -> usize {
    let deadline = Instant::now() + Duration::from_secs(10);
    let (mut last, mut since) = (number(), Instant::now());
    while since.elapsed() < Duration::from_millis(200) {
        assert!(Instant::now() < deadline, "still changes: {last}");
        thread::sleep(Duration::from_millis(10));
        let now = number();
        if now != last || now == 0 {
            (last, since) = (now, Instant::now());
        }
    }
    last
}

#[test]
fn accepting_pauses_without_descriptors_and_resumes_with_free_ones() {
    // The remaining models have few connections at a time.
    for model in [
        "threaded",
        "async",
        "preforking-async",
        "async-threads",
        "async-pool",
        "tokio",
        "uring",
    ] {
        if !can_run(model) {
            continue;
        }
        let server = Served::run(with_descriptors(64), model, &[]);
        let mut clients: Vec<Client> = (0..300).map(|_| server.client()).collect();
        for client in &mut clients {
            client.send(&frame(&ping(1)));
        }
        let served = settled(|| answered(&mut clients));
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
        let begun = Instant::now();
        thread::sleep(Duration::from_millis(500));
        let used = (cpu_s(&pids) - before) / begun.elapsed().as_secs_f64();
        assert!(
            used < 0.2,
            "{model} uses {used} s of CPU per second, with no free descriptor and no requests"
        );

        let first = clients.remove(0);
        drop(first);
        // As connections close, all waiting clients are served.
        let deadline = Instant::now() + Duration::from_secs(20);
        while !clients.is_empty() {
            assert!(
                Instant::now() < deadline,
                "{model}: {} clients are never served",
                clients.len()
            );
            clients.retain_mut(|client| answered(std::slice::from_mut(client)) == 0);
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(server.client().ask(&ping(2)), pong(2), "{model}");
    }
}

#[test]
fn killed_workers_lose_only_their_own_connections() {
    for model in ["preforking", "preforking-async"] {
        let load = ["--model", model, "--workers", "4", "--clients", "4"];
        let long = [
            "--duration",
            "3s",
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
            // The process tree: the guard, the server, its workers.
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
            // All kills must be inside the window, also on a slow machine.
            if begun.elapsed() > Duration::from_millis(1800) {
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
        // Each of the four connections has one request in flight: a killed worker loses no more.
        let resets = errors["reset"].as_u64().unwrap();
        assert!(
            resets <= 4 * killed as u64,
            "{model}: {errors} after {killed} kills"
        );
        assert_eq!(trial["clients_unserved"], 0, "{model}");
    }
}

#[test]
fn the_torture_table_shows_the_effect_on_other_clients() {
    let output = rpcbench()
        .args([
            "torture",
            "--model",
            "async,single",
            "--attack",
            "reset,idle",
        ])
        .args([
            "--duration",
            "400ms",
            "--seed",
            "1",
            "--strict",
            "--no-save",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let row = |name: &str| {
        let row = text.lines().find(|line| line.starts_with(name));
        row.unwrap_or_else(|| panic!("no row {name}: {text}"))
            .to_owned()
    };
    assert!(row("p99 vs calm").contains("async"), "{text}");
    assert!(
        row("calm").contains("µs") || row("calm").contains("ms"),
        "{text}"
    );
    assert!(row("reset").contains('×'), "{text}");
    // This model serves one connection at a time, and 2,000 silent connections came first.
    assert!(row("idle").contains("/8 served"), "{text}");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("It takes a worker until the idle timeout, in models with few workers"),
        "{text}"
    );
    assert_eq!(
        output.status.code(),
        Some(5),
        "clients were not served, so --strict exits with 5"
    );
}

#[test]
fn a_server_releases_its_resources_after_an_attack() {
    for model in [
        "threaded",
        "forking",
        "async",
        "preforking-async",
        "pool",
        "async-threads",
        "async-pool",
        "tokio",
        "uring",
    ] {
        if !can_run(model) {
            continue;
        }
        let record = {
            let output = rpcbench()
                .args([
                    "torture",
                    "--model",
                    model,
                    "--attack",
                    "reset,half-close,leave",
                ])
                .args(["--duration", "200ms", "--format", "json", "--no-save"])
                .output()
                .unwrap();
            serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
        };
        let cells = record["cells"].as_array().unwrap();
        assert_eq!(cells.len(), 4, "calm and three attacks");
        for cell in cells {
            let (scenario, trial) = (&cell["scenario"], &cell["trials"][0]);
            let residue = &trial["residue"];
            assert!(residue.is_object(), "{model}, {scenario}: {trial}");
            for kind in ["descriptors", "processes", "threads"] {
                assert!(
                    residue[kind][1].as_u64() <= residue[kind][0].as_u64(),
                    "{model}, {scenario}: {residue}"
                );
            }
            let hostile = trial["hostile_connections"].as_u64();
            assert_eq!(
                hostile.is_some_and(|connections| connections > 10),
                scenario != "calm",
                "{model}, {scenario}: {hostile:?}"
            );
            // Thousands of forks per second: on a busy machine some clients wait too long.
            if model != "forking" {
                assert_eq!(trial["clients_unserved"], 0, "{model}, {scenario}");
            }
        }
    }
}

#[test]
fn wrong_torture_options_are_refused() {
    let error = |arguments: &[&str]| {
        let output = rpcbench().arg("torture").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(
        error(&["--model", "async", "--attack", "nuke"])
            .contains("choose one of slowloris, dribble")
    );
    assert!(error(&[]).contains("name a server"));
}

#[test]
fn a_measurement_has_no_residue() {
    for scenario in [&[][..], &["--scenario", "echo"]] {
        let load = ["--model", "async", "--clients", "2", "--trials", "1"];
        let record = measured(&[&load[..], scenario, &SHORT].concat());
        let trial = &record["cells"][0]["trials"][0];
        assert!(trial["residue"].is_null(), "{scenario:?}: {trial}");
        assert!(trial["hostile_connections"].is_null(), "{scenario:?}");
    }
}

#[test]
fn complete_trials_are_kept_when_a_server_dies() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("run.json");
    let program = env!("CARGO_BIN_EXE_rpcbench");
    // It ends during its second trial at the latest: a trial takes 1.5 s.
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
        .args(["--share", "off", "--save", saved.to_str().unwrap()])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.contains("ended unexpectedly: it ended with exit code 124"),
        "{stderr}"
    );
    let stdout = String::from_utf8(output.stdout).unwrap();
    let record = rpcbench::record::Record::read(&saved);
    let complete: usize = record
        .iter()
        .flat_map(|record| &record.cells)
        .map(|cell| cell.trials.len())
        .sum();
    // With this seed the trial of the model is first.
    assert_eq!(complete, 1, "{stderr}");
    assert!(record.unwrap().interrupted);
    assert!(stdout.contains("Ended early"), "{stdout}");
}
