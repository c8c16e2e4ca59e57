//! The server of one case: started, asked, stopped.

use std::thread;
use std::time::{Duration, Instant};

use super::client::{Client, Comparison};
use super::violation::{Checked, Violation, expect};
use crate::process::{Reading, RunningServer, ServerEnd, ServerProgram};

/// How long a condition may take that holds soon.
const SOON: Duration = Duration::from_secs(2);

/// A running server; it and all its processes are killed on drop.
#[derive(Debug)]
pub(super) struct TestServer {
    server: RunningServer,
    comparison: Comparison,
    deadline: Instant,
}

/// How a server has stopped.
#[derive(Debug)]
pub(super) struct Stopped {
    end: ServerEnd,
    took: Duration,
    comparison: Comparison,
}

impl TestServer {
    pub(super) fn start(
        program: &ServerProgram,
        comparison: Comparison,
        deadline: Instant,
    ) -> Checked<TestServer> {
        let server = RunningServer::start(program)
            .map_err(|error| Violation::new("a server that starts", error.to_string()))?;
        Ok(TestServer {
            server,
            comparison,
            deadline,
        })
    }

    /// A new connection.
    pub(super) fn client(&self) -> Checked<Client> {
        Client::connect(self.server.address(), self.comparison, self.deadline)
    }

    /// This number of new connections.
    pub(super) fn clients(&self, count: usize) -> Checked<Vec<Client>> {
        (0..count).map(|_| self.client()).collect()
    }

    /// The memory of all its processes in bytes, shared pages divided among them (PSS).
    pub(super) fn memory_bytes(&self) -> Checked<u64> {
        let memory = self.server.memory_bytes().and_then(|bytes| {
            let reason = "its processes begin and end too fast";
            bytes.ok_or_else(|| std::io::Error::other(reason))
        });
        memory.map_err(|error| Violation::new("the memory of the server", error.to_string()))
    }

    /// The sum of a counter over all slots of its meter.
    pub(super) fn counted(&self, counter: fn(&Reading) -> u64) -> Checked<u64> {
        let usage = self.server.usage();
        usage
            .map(|usage| usage.slots.iter().map(counter).sum())
            .map_err(|error| Violation::new("the counters of the server", error.to_string()))
    }

    /// Stops it with SIGTERM and waits for its end.
    pub(super) fn stop(self) -> Checked<Stopped> {
        let begun = Instant::now();
        let comparison = self.comparison;
        match self.server.stop() {
            Ok(end) => Ok(Stopped {
                end,
                took: begun.elapsed(),
                comparison,
            }),
            Err(error) => Err(Violation::new(
                "a server that ends after SIGTERM",
                error.to_string(),
            )),
        }
    }
}

impl Stopped {
    /// Expects exit code 0 within `max`, and no process left. A server of another program may also
    /// be ended by the signal.
    pub(super) fn expect_exit_within(&self, max: Duration) -> Checked {
        let by_itself = match self.comparison {
            Comparison::Bytes => self.end.exit_code == Some(0),
            Comparison::Values => self.end.orderly,
        };
        let expected = "it ends with exit code 0 after SIGTERM";
        expect(by_itself, expected, || format!("it {}", self.end.how))?;
        self.expect_end_within(max)
    }

    /// Expects an end within `max`, also by the guard after the drain, and no process left.
    pub(super) fn expect_end_within(&self, max: Duration) -> Checked {
        expect(
            self.took < max,
            format!("it ends within {max:?} after SIGTERM"),
            || format!("it took {:?}", self.took),
        )?;
        let left = self.end.left_processes;
        expect(
            left == 0,
            "all processes of the server have ended with it",
            || format!("{left} still ran, which the guard killed"),
        )
    }
}

/// Waits until the condition holds, at most two seconds.
pub(super) fn eventually(expected: &str, mut holds: impl FnMut() -> Checked<bool>) -> Checked {
    let deadline = Instant::now() + SOON;
    while !holds()? {
        if deadline <= Instant::now() {
            return Err(Violation::new(expected, format!("not within {SOON:?}")));
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
