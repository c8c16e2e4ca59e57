//! Servers started from the real program, a blocking client, and processes from /proc.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// The program under test.
pub(crate) fn rpcbench() -> Command {
    Command::new(env!("CARGO_BIN_EXE_rpcbench"))
}

/// A program from the examples folder, which `cargo test` builds.
pub(crate) fn example(name: &str) -> Command {
    let built = Path::new(env!("CARGO_BIN_EXE_rpcbench"))
        .with_file_name("examples")
        .join(name);
    assert!(
        built.exists(),
        "{} is missing: cargo build --examples",
        built.display()
    );
    Command::new(built)
}

/// The names of all models that this machine can run.
pub(crate) fn models() -> impl Iterator<Item = &'static str> {
    let all = rpcbench::models::ALL.iter();
    let runnable = all.filter(|model| model.unavailable().is_none());
    runnable.map(|model| model.name())
}

/// Whether the model has several workers.
pub(crate) fn has_workers(model: &str) -> bool {
    let mut all = rpcbench::models::ALL.iter();
    all.any(|known| known.name() == model && known.workers().is_some())
}

/// `rpcbench serve`, killed with all its processes when dropped.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Served {
    /// The model's name may be followed by options: `async --busy-poll 1s`.
    pub(crate) fn start(model: &str, options: &[&str]) -> Served {
        Served::run(rpcbench(), model, options)
    }

    /// Like `start`, with another program that has the same command line.
    pub(crate) fn run(mut program: Command, model: &str, options: &[&str]) -> Served {
        let mut child = program
            .args(["serve", "--model"])
            .args(model.split(' '))
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("rpcbench starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on ");
        let address = address.unwrap_or_else(|| panic!("{model}: not a ready line: {line:?}"));
        Served {
            child,
            address: address.parse().unwrap(),
        }
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    pub(crate) fn client(&self) -> Client {
        Client::to(self.address)
    }

    /// All processes of this server: the guard, the server and its children.
    pub(crate) fn processes(&self) -> Vec<Process> {
        descendants(self.pid())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// Stops it with SIGTERM. Returns its exit code and how long that took.
    pub(crate) fn stop(mut self) -> (Option<i32>, Duration) {
        let processes = self.processes();
        let begun = Instant::now();
        self.signal(Signal::SIGTERM);
        let status = self.child.wait().unwrap();
        let took = begun.elapsed();
        assert_gone(&processes);
        (status.code(), took)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection for messages of the protocol and for arbitrary bytes.
pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) fn to(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).expect("the server accepts");
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream.set_nodelay(true).unwrap();
        Client(stream)
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the server takes bytes");
    }

    /// The next reply's body; `None` when the connection was closed before it.
    pub(crate) fn receive(&mut self) -> Option<String> {
        let mut header = [0; 4];
        self.0.read_exact(&mut header).ok()?;
        let mut body = vec![0; u32::from_le_bytes(header) as usize];
        self.0.read_exact(&mut body).ok()?;
        Some(String::from_utf8(body).expect("a reply is UTF-8"))
    }

    pub(crate) fn ask(&mut self, body: &str) -> String {
        self.send(&frame(body));
        self.receive()
            .unwrap_or_else(|| panic!("no reply to {body}"))
    }

    /// Whether the server has closed this connection, in order or with a reset.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.0.read(&mut [0; 1]) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

/// A frame around this body.
pub(crate) fn frame(body: &str) -> Vec<u8> {
    let mut frame = (body.len() as u32).to_le_bytes().to_vec();
    frame.extend_from_slice(body.as_bytes());
    frame
}

pub(crate) fn ping(params: impl std::fmt::Display) -> String {
    format!("{{\"in\":\"ping\",\"params\":{params}}}")
}

pub(crate) fn pong(params: impl std::fmt::Display) -> String {
    format!("{{\"out\":\"pong\",\"result\":{params}}}")
}

/// What `rpcbench ARGUMENTS` printed on stdout, as JSON.
pub(crate) fn measured(arguments: &[&str]) -> Value {
    let output = rpcbench()
        .args(arguments)
        .args(["--no-save", "--format", "json"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    serde_json::from_slice(&output.stdout).expect("stdout is one JSON document")
}

/// A process from /proc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) state: char,
    /// Start time, which distinguishes a process from a later one with the same pid.
    started: String,
}

fn processes() -> Vec<Process> {
    let pids = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    pids.filter_map(process).collect()
}

fn process(pid: i32) -> Option<Process> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    Some(Process {
        pid,
        parent: fields[1].parse().ok()?,
        state: fields[0].chars().next()?,
        started: fields[19].to_owned(),
    })
}

pub(crate) fn descendants(root: i32) -> Vec<Process> {
    let all = processes();
    let mut found: Vec<Process> = Vec::new();
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        for process in all.iter().filter(|process| process.parent == parent) {
            next.push(process.pid);
            found.push(process.clone());
        }
    }
    found
}

/// Waits until these processes have ended. Fails after two seconds with those that still run.
pub(crate) fn assert_gone(gone: &[Process]) {
    let left = || {
        let now = gone
            .iter()
            .filter_map(|old| process(old.pid).filter(|now| now.started == old.started))
            // Orphaned zombies are reaped by init, which can take long in a container.
            .filter(|now| !(now.state == 'Z' && now.parent == 1));
        now.collect::<Vec<_>>()
    };
    let deadline = Instant::now() + Duration::from_secs(2);
    while !left().is_empty() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    let left = left();
    assert!(
        left.is_empty(),
        "processes of the server still run after two seconds: {left:?}"
    );
}

/// Waits until the condition holds, and fails after two seconds.
pub(crate) fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(2);
    while !holds() {
        assert!(Instant::now() < deadline, "not within two seconds: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until this harness has started its server number `count`, and so has ended all trials
/// before that.
pub(crate) fn wait_for_server(harness: i32, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < count {
        assert!(
            Instant::now() < deadline,
            "{} of {count} servers in 20 seconds",
            seen.len()
        );
        let children = processes().into_iter();
        let guards = children.filter(|process| process.parent == harness);
        seen.extend(guards.map(|guard| guard.pid));
        thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) const SHORT: [&str; 4] = ["--duration", "400ms", "--warmup", "100ms"];

pub(crate) fn run(arguments: &[&str]) -> Output {
    rpcbench().args(arguments).output().unwrap()
}
