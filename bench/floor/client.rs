//! A minimal client: a closed loop over many connections with one thread, one epoll instance and
//! one histogram. It has no limits and no timeouts; a wrong reply ends it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use hdrhistogram::Histogram;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::time::{ClockId, clock_gettime};

use crate::echo;
use crate::trial::{Figures, WARMUP, WINDOW};

/// The hidden argument that starts it.
pub(crate) const NAME: &str = "__floor-client";

const EVENTS: usize = 1024;

struct Client {
    stream: TcpStream,
    sent: Instant,
}

/// Starts the client in a process of its own, and reads its figures.
pub(crate) fn measure(address: SocketAddr, clients: usize) -> anyhow::Result<Figures> {
    let output = Command::new(std::env::current_exe()?)
        .args([NAME, &address.to_string(), &clients.to_string()])
        .output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "the minimal client failed: {stderr}"
    );
    let stdout = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> = stdout
        .split_ascii_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [requests, cpu_s, elapsed_s] = numbers[..] else {
        bail!("the minimal client printed {stdout:?}");
    };
    Ok(Figures {
        throughput_rps: requests / elapsed_s,
        client_cpu_us: cpu_s * 1e6 / requests,
        server_cpu_us: None,
    })
}

/// The client's process: prints requests, CPU seconds and seconds of its window.
pub(crate) fn run(options: &[&str]) -> anyhow::Result<()> {
    let [address, clients] = options else {
        bail!("{NAME} lacks its arguments");
    };
    let address: SocketAddr = address.parse()?;
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let (request, reply) = (echo::request(), echo::reply());
    let mut clients = (0..clients.parse()?)
        .map(|key| connect(address, &epoll, key))
        .collect::<anyhow::Result<Vec<Client>>>()?;
    for client in &mut clients {
        client.sent = Instant::now();
        client.stream.write_all(&request)?;
    }
    let mut closed_loop = ClosedLoop {
        epoll,
        clients,
        request,
        reply,
        buffer: [0; 4096],
        latency: Histogram::new_with_bounds(1, 60_000_000_000, 3)?,
    };
    closed_loop.until(Instant::now() + WARMUP)?;
    closed_loop.latency.reset();
    let (begun, cpu) = (Instant::now(), cpu_time()?);
    closed_loop.until(begun + WINDOW)?;
    let (elapsed, cpu) = (begun.elapsed(), cpu_time()? - cpu);
    let requests = closed_loop.latency.len();
    let (cpu_s, elapsed_s) = (cpu.as_secs_f64(), elapsed.as_secs_f64());
    writeln!(io::stdout(), "{requests} {cpu_s} {elapsed_s}")?;
    Ok(())
}

fn connect(address: SocketAddr, epoll: &Epoll, key: u64) -> anyhow::Result<Client> {
    let stream = TcpStream::connect(address).context("connect")?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, key))?;
    let sent = Instant::now();
    Ok(Client { stream, sent })
}

fn cpu_time() -> nix::Result<Duration> {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from)
}

struct ClosedLoop {
    epoll: Epoll,
    clients: Vec<Client>,
    request: Vec<u8>,
    reply: Vec<u8>,
    buffer: [u8; 4096],
    latency: Histogram<u64>,
}

impl ClosedLoop {
    /// Sends the next request of each client whose reply is in, until `ends`.
    fn until(&mut self, ends: Instant) -> anyhow::Result<()> {
        let mut events = [EpollEvent::empty(); EVENTS];
        loop {
            let ready = self.epoll.wait(&mut events, EpollTimeout::from(100_u8))?;
            for event in &events[..ready] {
                let client = &mut self.clients[event.data() as usize];
                let read = client.stream.read(&mut self.buffer)?;
                ensure!(self.buffer[..read] == self.reply, "a reply is wrong");
                let now = Instant::now();
                let latency_ns = (now - client.sent).as_nanos() as u64;
                self.latency.record(latency_ns.max(1))?;
                client.sent = now;
                let written = client.stream.write(&self.request)?;
                ensure!(written == self.request.len(), "a request was cut");
            }
            if Instant::now() >= ends {
                return Ok(());
            }
        }
    }
}
