//! The catalogue of attacks.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use socket2::SockRef;

use super::attacker::{Attacker, frame, read_off, send};

/// One way to treat a server badly.
#[derive(Debug)]
pub struct Attack {
    /// Its name on the command line and in tables.
    pub name: &'static str,
    /// What its clients do, in a line.
    pub about: &'static str,
    /// What it takes from others where it hurts.
    pub takes: &'static str,
    /// What each thread does until the attack is stopped; an error ends its part.
    pub(crate) act: fn(&mut Attacker) -> io::Result<()>,
}

impl Attack {
    /// The attack of that name.
    pub fn find(name: &str) -> Option<&'static Attack> {
        ALL.iter().find(|attack| attack.name == name)
    }
}

/// Connections that a thread holds at a time, where it holds any.
const HELD: usize = 16;
/// The same, where there are to be thousands.
const IDLE: usize = 500;
const PING: &[u8] = br#"{"in":"ping","params":1}"#;

/// All attacks, in the order in which they are tried.
pub static ALL: &[Attack] = &[
    Attack {
        name: "slowloris",
        about: "begin a message and send a byte of it now and then",
        takes: "a place, where there are few, until the idle timeout",
        act: slowloris,
    },
    Attack {
        name: "dribble",
        about: "send whole requests, a byte at a time",
        takes: "a place, where there are few, and a wake-up a byte",
        act: dribble,
    },
    Attack {
        name: "half-close",
        about: "shut the sending side right behind a request",
        takes: "a connection a request",
        act: half_close,
    },
    Attack {
        name: "reset",
        about: "reset the connection in the middle of a message",
        takes: "a connection a message",
        act: reset,
    },
    Attack {
        name: "oversize",
        about: "announce 4 GiB and send on",
        takes: "the reading-off of what is refused, a second at most",
        act: oversize,
    },
    Attack {
        name: "garbage",
        about: "send random bytes, framed and unframed",
        takes: "CPU, to find them wrong",
        act: garbage,
    },
    Attack {
        name: "bomb",
        about: "nest brackets as deep as a message allows",
        takes: "CPU, to find them too deep",
        act: bomb,
    },
    Attack {
        name: "never-read",
        about: "ask for much and read none of it",
        takes: "a place, where there are few, and buffers up to the high-water mark, until the idle timeout",
        act: never_read,
    },
    Attack {
        name: "leave",
        about: "connect and close at once",
        takes: "an accept (forking: a process) a connection",
        act: leave,
    },
    Attack {
        name: "idle",
        about: "hold two thousand connections and say nothing",
        takes: "a place, where there are few, until the idle timeout, and the work of accepting and closing them all at once",
        act: idle,
    },
];

/// Opens so many connections; fewer, where the server takes no more.
fn hold(attacker: &mut Attacker, most: usize) -> Vec<TcpStream> {
    let mut held = Vec::new();
    while held.len() < most && !attacker.is_stopped() {
        match attacker.connect() {
            Ok(stream) => held.push(stream),
            Err(_) => break,
        }
    }
    held
}

fn slowloris(attacker: &mut Attacker) -> io::Result<()> {
    let mut held = hold(attacker, HELD);
    held.retain(|stream| send(stream, &[200, 0, 0, 0, b'{']).is_ok());
    while !attacker.is_stopped() && !held.is_empty() {
        attacker.pause_for(Duration::from_millis(100));
        held.retain(|mut stream| stream.write_all(b" ").is_ok());
    }
    Ok(())
}

fn dribble(attacker: &mut Attacker) -> io::Result<()> {
    let mut held = hold(attacker, HELD);
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
    read_off(&stream)
}

fn reset(attacker: &mut Attacker) -> io::Result<()> {
    let stream = attacker.connect()?;
    send(&stream, &frame(PING)[..12])?;
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))
}

fn oversize(attacker: &mut Attacker) -> io::Result<()> {
    let stream = attacker.connect()?;
    send(&stream, &u32::MAX.to_le_bytes())?;
    // It may be cut off in the midst of this.
    let _ = send(&stream, &[b'x'; 64 << 10]);
    stream.shutdown(Shutdown::Write)?;
    read_off(&stream)
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
    read_off(&stream)
}

fn bomb(attacker: &mut Attacker) -> io::Result<()> {
    let stream = attacker.connect()?;
    let depth = 100_000;
    let body = [br#"{"in":"ping","params":"#, "[".repeat(depth).as_bytes()].concat();
    for _ in 0..4 {
        send(&stream, &frame(&body))?;
    }
    stream.shutdown(Shutdown::Write)?;
    read_off(&stream)
}

fn never_read(attacker: &mut Attacker) -> io::Result<()> {
    let mut held = hold(attacker, HELD);
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
    let held = hold(attacker, IDLE);
    while !attacker.is_stopped() {
        attacker.pause_for(Duration::from_millis(500));
        // Those that the server has closed are made anew.
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
