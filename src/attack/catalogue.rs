//! The catalogue of attacks.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use socket2::SockRef;

use super::attacker::{Attacker, frame, read_and_discard, send};

/// One kind of attack.
#[derive(Debug)]
pub struct Attack {
    /// Its name on the command line and in tables.
    pub name: &'static str,
    /// What its clients do, in one line.
    pub about: &'static str,
    /// The server resources that it uses up.
    pub takes: &'static str,
    /// One pass of a thread, repeated until the attack is stopped. An error ends the pass.
    pub(crate) act: fn(&mut Attacker) -> io::Result<()>,
}

impl Attack {
    /// The attack of that name.
    pub fn find(name: &str) -> Option<&'static Attack> {
        ALL.iter().find(|attack| attack.name == name)
    }
}

/// Connections per thread in attacks that hold connections.
const HELD_CONNECTIONS: usize = 16;
/// Connections per thread in the `idle` attack.
const IDLE_CONNECTIONS: usize = 500;
const PING: &[u8] = br#"{"in":"ping","params":1}"#;

/// All attacks, in the order in which they are tried.
pub static ALL: &[Attack] = &[
    Attack {
        name: "slowloris",
        about: "begin a message and send one byte every 100 ms",
        takes: "a worker until the idle timeout, in models with few workers",
        act: slowloris,
    },
    Attack {
        name: "dribble",
        about: "send whole requests, one byte at a time",
        takes: "a worker, in models with few workers, and one wake-up per byte",
        act: dribble,
    },
    Attack {
        name: "half-close",
        about: "send a request and shut down the sending side at once",
        takes: "one connection per request",
        act: half_close,
    },
    Attack {
        name: "reset",
        about: "reset the connection in the middle of a message",
        takes: "one connection per message",
        act: reset,
    },
    Attack {
        name: "oversize",
        about: "announce a message of 4 GiB and send the first 64 KiB",
        takes: "time to read and discard the rejected bytes, at most 1 s",
        act: oversize,
    },
    Attack {
        name: "garbage",
        about: "send random bytes, framed and unframed",
        takes: "CPU time to reject them",
        act: garbage,
    },
    Attack {
        name: "bomb",
        about: "send requests with 100,000 nested brackets",
        takes: "CPU time to reject them",
        act: bomb,
    },
    Attack {
        name: "never-read",
        about: "request large replies and never read them",
        takes: "a worker, in models with few workers, and buffers up to the high-water mark, until the idle timeout",
        act: never_read,
    },
    Attack {
        name: "leave",
        about: "connect and close at once",
        takes: "one accept (in forking: one process) per connection",
        act: leave,
    },
    Attack {
        name: "idle",
        about: "hold 2,000 connections and send nothing",
        takes: "a worker until the idle timeout, in models with few workers, and the work of accepting and closing all connections at once",
        act: idle,
    },
];

/// Opens up to `max` connections; fewer if a connect fails.
fn hold(attacker: &mut Attacker, max: usize) -> Vec<TcpStream> {
    let mut held = Vec::new();
    while held.len() < max && !attacker.is_stopped() {
        match attacker.connect() {
            Ok(stream) => held.push(stream),
            Err(_) => break,
        }
    }
    held
}

fn slowloris(attacker: &mut Attacker) -> io::Result<()> {
    let mut held = hold(attacker, HELD_CONNECTIONS);
    held.retain(|stream| send(stream, &[200, 0, 0, 0, b'{']).is_ok());
    while !attacker.is_stopped() && !held.is_empty() {
        attacker.pause_for(Duration::from_millis(100));
        held.retain(|mut stream| stream.write_all(b" ").is_ok());
    }
    Ok(())
}

fn dribble(attacker: &mut Attacker) -> io::Result<()> {
    let mut held = hold(attacker, HELD_CONNECTIONS);
    let request = frame(PING);
    while !attacker.is_stopped() && !held.is_empty() {
        for byte in &request {
            held.retain(|stream| send(stream, &[*byte]).is_ok());
            attacker.pause_for(Duration::from_millis(5));
        }
    }
    Ok(())
}

fn half_close(attacker: &mut Attacker) -> io::Result<()> {
    let stream = attacker.connect()?;
    send(&stream, &frame(PING))?;
    stream.shutdown(Shutdown::Write)?;
    read_and_discard(&stream)
}

fn reset(attacker: &mut Attacker) -> io::Result<()> {
    let stream = attacker.connect()?;
    send(&stream, &frame(PING)[..12])?;
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))
}

fn oversize(attacker: &mut Attacker) -> io::Result<()> {
    let stream = attacker.connect()?;
    send(&stream, &u32::MAX.to_le_bytes())?;
    // The server may close the connection during this write.
    let _ = send(&stream, &[b'x'; 64 << 10]);
    stream.shutdown(Shutdown::Write)?;
    read_and_discard(&stream)
}

fn garbage(attacker: &mut Attacker) -> io::Result<()> {
    let stream = attacker.connect()?;
    let mut bytes = vec![0; 512];
    for _ in 0..8 {
        attacker.random.fill(&mut bytes);
        send(&stream, &frame(&bytes))?;
    }
    attacker.random.fill(&mut bytes);
    send(&stream, &bytes)?;
    stream.shutdown(Shutdown::Write)?;
    read_and_discard(&stream)
}

fn bomb(attacker: &mut Attacker) -> io::Result<()> {
    let stream = attacker.connect()?;
    let depth = 100_000;
    let body = [br#"{"in":"ping","params":"#, "[".repeat(depth).as_bytes()].concat();
    for _ in 0..4 {
        send(&stream, &frame(&body))?;
    }
    stream.shutdown(Shutdown::Write)?;
    read_and_discard(&stream)
}

fn never_read(attacker: &mut Attacker) -> io::Result<()> {
    let mut held = hold(attacker, HELD_CONNECTIONS);
    let request = frame(br#"{"in":"blob","params":100000}"#);
    while !attacker.is_stopped() && !held.is_empty() {
        for stream in &held {
            stream.set_nonblocking(true)?;
        }
        held.retain(|stream| match send(stream, &request) {
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
            Ok(()) => true,
        });
        attacker.pause_for(Duration::from_millis(20));
    }
    Ok(())
}

fn leave(attacker: &mut Attacker) -> io::Result<()> {
    attacker.connect().map(drop)
}

fn idle(attacker: &mut Attacker) -> io::Result<()> {
    let held = hold(attacker, IDLE_CONNECTIONS);
    while !attacker.is_stopped() {
        attacker.pause_for(Duration::from_millis(500));
        // If the server has closed more than half of them, begin again.
        let closed = |stream: &TcpStream| {
            stream.set_nonblocking(true).is_err()
                || !matches!(stream.peek(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
        };
        if held.iter().filter(|stream| closed(stream)).count() * 2 > held.len() {
            break;
        }
    }
    Ok(())
}
