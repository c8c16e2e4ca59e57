//! A handler that records when requests arrive, and a client that asks for the times.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::protocol::{Builtin, HEADER_BYTES, Outcome, Reply, Request, Service, request_frame};

/// The most times that are kept.
const MOST: usize = 20_000;
/// The longest wait for the times.
const PATIENCE: Duration = Duration::from_secs(5);
/// The method that returns the times.
const METHOD: &str = "arrivals";

/// Records the time of each `ping`; `arrivals` returns them, in nanoseconds since the first.
#[derive(Debug)]
pub(super) struct Arrivals;

static FIRST: OnceLock<Instant> = OnceLock::new();
static TIMES_NS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

impl Service for Arrivals {
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome {
        let now = Instant::now();
        let mut times = TIMES_NS.lock().unwrap_or_else(PoisonError::into_inner);
        if request.method() == METHOD {
            reply.json(METHOD, &*times);
            return Outcome::Done;
        }
        let first = *FIRST.get_or_init(|| now);
        if times.len() < MOST {
            times.push((now - first).as_nanos() as u64);
        }
        drop(times);
        Builtin.call(request, reply)
    }
}

/// Asks such a server for the times of the requests that it served.
///
/// # Errors
/// When it does not answer.
pub(crate) fn arrivals_ns(server: SocketAddr) -> io::Result<Vec<u64>> {
    #[derive(Deserialize)]
    struct Answer {
        result: Vec<u64>,
    }
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&request_frame(METHOD, "null"))?;
    let mut header = [0; HEADER_BYTES];
    stream.read_exact(&mut header)?;
    let mut body = Vec::new();
    let length = u64::from(u32::from_le_bytes(header));
    stream.take(length).read_to_end(&mut body)?;
    let answer: Answer = serde_json::from_slice(&body)?;
    Ok(answer.result)
}
