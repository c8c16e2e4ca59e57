//! The harness's side of a guard: the process and its pipes.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

pub(crate) use super::messages::{Launch, Message, Report, ServerStdout};
use super::program::{ReadyBy, ServerProgram};

/// How much of the end of the server's stderr is kept.
const STDERR_BYTES: usize = 8 << 10;
/// The longest line read from the guard.
const LINE_BYTES: u64 = 64 << 10;
/// How long to wait for the remaining lines of a guard that has ended.
const REMAINING_LINES_TIMEOUT: Duration = Duration::from_millis(200);
/// Lines in the queue from the reader thread.
const QUEUE_LINES: usize = 64;

/// A running guard. On drop the guard kills the server's processes and ends.
#[derive(Debug)]
pub(crate) struct GuardLink {
    guard: Child,
    orders: Option<ChildStdin>,
    lines: Receiver<Message>,
    stderr: Arc<Mutex<VecDeque<u8>>>,
}

impl GuardLink {
    /// Starts a binary of rpcbench as a guard: this program, so that a user's binary works too, or
    /// the one that `program` names.
    pub(crate) fn to_new_guard(program: &ServerProgram) -> io::Result<GuardLink> {
        let launch = Launch {
            schema: Launch::SCHEMA.to_owned(),
            drain: program.drain,
            stdout: match program.ready {
                ReadyBy::Line => ServerStdout::Harness,
                ReadyBy::Accepting(_) => ServerStdout::Stderr,
            },
            cpus: program.cpus.clone(),
        };
        let binary = match &program.guard {
            Some(binary) => binary.clone(),
            None => std::env::current_exe()?,
        };
        let mut guard = Command::new(binary);
        for (name, _) in std::env::vars_os() {
            if is_of_engine(&name) {
                guard.env_remove(name);
            }
        }
        let mut guard = guard
            .arg("__guard")
            .arg(serde_json::to_string(&launch)?)
            .arg("--")
            .args(&program.command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(if program.show_stderr {
                Stdio::inherit()
            } else {
                Stdio::piped()
            })
            // Ctrl-C in a terminal must reach the harness only, which then stops the server.
            .process_group(0)
            .spawn()?;
        let orders = guard.stdin.take();
        let (sender, lines) = mpsc::sync_channel(QUEUE_LINES);
        if let Some(stdout) = guard.stdout.take() {
            thread::Builder::new()
                .name("guard lines".into())
                .spawn(move || read_lines(stdout, &sender))?;
        }
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(pipe) = guard.stderr.take() {
            let tail = Arc::clone(&stderr);
            thread::Builder::new()
                .name("stderr".into())
                .spawn(move || keep_tail(pipe, &tail))?;
        }
        Ok(GuardLink {
            guard,
            orders,
            lines,
            stderr,
        })
    }

    pub(crate) fn guard_pid(&self) -> i32 {
        self.guard.id() as i32
    }

    /// Waits for the next message, at most `max`. Returns `Ended` at each call after the guard has ended.
    pub(crate) fn next(&mut self, max: Duration) -> Option<Message> {
        let mut next = self.lines.recv_timeout(max);
        if next == Err(RecvTimeoutError::Timeout) {
            // The server may keep the pipe open after its guard has ended.
            if !self.guard_has_ended() {
                return None;
            }
            // The last lines may not have been read yet.
            next = self.lines.recv_timeout(REMAINING_LINES_TIMEOUT);
        }
        match next {
            Ok(line) => Some(line),
            Err(_) => Some(Message::Guard(Report::Ended {
                how: "lost its guard process".to_owned(),
                orderly: false,
                exit_code: None,
                left_processes: 0,
                ctx_voluntary: 0,
                ctx_involuntary: 0,
            })),
        }
    }

    fn guard_has_ended(&mut self) -> bool {
        self.guard.try_wait().is_ok_and(|status| status.is_some())
    }

    pub(crate) fn order_stop(&mut self) {
        if let Some(orders) = &mut self.orders {
            // On an error the guard has ended, and the server with it.
            let _ = orders.write_all(b"stop\n");
        }
    }

    /// The end of the server's stderr.
    pub(crate) fn stderr(&self) -> String {
        // The last output may not have been read yet.
        thread::sleep(Duration::from_millis(20));
        let mut tail = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(tail.make_contiguous()).into_owned()
    }
}

impl Drop for GuardLink {
    fn drop(&mut self) {
        // At the end of this pipe the guard kills all processes and ends.
        self.orders = None;
        let _ = self.guard.wait();
    }
}

/// Whether a variable belongs to an engine that has started this process as one of several. A
/// server is none of them, and must not take itself for one.
fn is_of_engine(name: &OsStr) -> bool {
    const PREFIXES: [&str; 6] = [
        "OMPI_",
        "ORTE_",
        "PMIX_",
        "PMI_",
        "SLURM_STEP_NUM_TASKS",
        "SLURM_PROCID",
    ];
    let name = name.as_encoded_bytes();
    PREFIXES
        .iter()
        .any(|prefix| name.starts_with(prefix.as_bytes()))
}

fn read_lines(stdout: ChildStdout, lines: &SyncSender<Message>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = String::new();
    while matches!(
        stdout.by_ref().take(LINE_BYTES).read_line(&mut line),
        Ok(1..)
    ) {
        let message = Message::parse(&line);
        // Other output of a handler is ignored.
        if message.is_some_and(|message| lines.send(message).is_err()) {
            return;
        }
        line.clear();
    }
}

fn keep_tail(mut pipe: impl Read, tail: &Mutex<VecDeque<u8>>) {
    let mut chunk = [0; 4096];
    while let Ok(bytes @ 1..) = pipe.read(&mut chunk) {
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend(&chunk[..bytes]);
        let excess = tail.len().saturating_sub(STDERR_BYTES);
        tail.drain(..excess);
    }
}
