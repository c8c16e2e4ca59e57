//! The harness's end of a guard: its pipes and its life.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

pub(crate) use super::messages::{Launch, Message, Report, ServerStdout};
use super::program::{ReadyBy, ServerProgram};

/// How much of the end of the contestant's stderr is kept.
const STDERR_BYTES: usize = 8 << 10;
/// The longest line that is read.
const LINE_BYTES: u64 = 64 << 10;
/// How long the last words of a guard that has ended may take to be read.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// Lines that may wait to be read.
const LINES: usize = 64;

/// A guard that runs. Dropped, it kills what it guards and ends.
#[derive(Debug)]
pub(crate) struct GuardLink {
    guard: Child,
    orders: Option<ChildStdin>,
    lines: Receiver<Message>,
    stderr: Arc<Mutex<VecDeque<u8>>>,
}

impl GuardLink {
    /// Starts this very program as a guard, so that a user's own binary works too.
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
        let mut guard = Command::new(std::env::current_exe()?)
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
            // Ctrl-C in a terminal is for the harness, which then stops the server in order.
            .process_group(0)
            .spawn()?;
        let orders = guard.stdin.take();
        let (sender, lines) = mpsc::sync_channel(LINES);
        if let Some(stdout) = guard.stdout.take() {
            thread::Builder::new()
                .name("guard lines".into())
                .spawn(move || read_lines(stdout, &sender))?;
        }
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(pipe) = guard.stderr.take() {
            let kept = Arc::clone(&stderr);
            thread::Builder::new()
                .name("stderr".into())
                .spawn(move || keep_end(pipe, &kept))?;
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

    /// The next line, waited for at most so long. A guard that is gone says `Ended` for ever.
    pub(crate) fn next(&mut self, most: Duration) -> Option<Message> {
        let mut next = self.lines.recv_timeout(most);
        if next == Err(RecvTimeoutError::Timeout) {
            // The contestant may hold the pipe open beyond its guard's end.
            if !self.guard_is_gone() {
                return None;
            }
            // What it said last may still be on its way through the pipe.
            next = self.lines.recv_timeout(LAST_WORDS);
        }
        match next {
            Ok(line) => Some(line),
            Err(_) => Some(Message::Guard(Report::Ended {
                how: "lost its guard".to_owned(),
                orderly: false,
                ctx_voluntary: 0,
                ctx_involuntary: 0,
            })),
        }
    }

    fn guard_is_gone(&mut self) -> bool {
        self.guard.try_wait().is_ok_and(|status| status.is_some())
    }

    pub(crate) fn order_stop(&mut self) {
        if let Some(orders) = &mut self.orders {
            // A guard that is gone has killed what it guarded.
            let _ = orders.write_all(b"stop\n");
        }
    }

    /// The end of what the contestant has written on stderr.
    pub(crate) fn stderr(&self) -> String {
        // What it wrote last may still be on its way through the pipe.
        thread::sleep(Duration::from_millis(20));
        let mut kept = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(kept.make_contiguous()).into_owned()
    }
}

impl Drop for GuardLink {
    fn drop(&mut self) {
        // The end of this pipe tells the guard to kill everything and end.
        self.orders = None;
        let _ = self.guard.wait();
    }
}

fn read_lines(stdout: ChildStdout, lines: &SyncSender<Message>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = String::new();
    while matches!(
        stdout.by_ref().take(LINE_BYTES).read_line(&mut line),
        Ok(1..)
    ) {
        let known = Message::parse(&line);
        // Whatever else a handler prints is not for us.
        if known.is_some_and(|known| lines.send(known).is_err()) {
            return;
        }
        line.clear();
    }
}

fn keep_end(mut pipe: impl Read, kept: &Mutex<VecDeque<u8>>) {
    let mut chunk = [0; 4096];
    while let Ok(bytes @ 1..) = pipe.read(&mut chunk) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(&chunk[..bytes]);
        let over = kept.len().saturating_sub(STDERR_BYTES);
        kept.drain(..over);
    }
}
