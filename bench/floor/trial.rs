//! One trial: a server in its own process, and a load of the generator or of the minimal client.

use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rpcbench::Limits;
use rpcbench::ServeModel;
use rpcbench::internal::load::{DRAIN, GeneratorConfig, Load, LoadPart, start};
use rpcbench::internal::process::{ReadyBy, RunningServer, ServeRequest, ServerProgram};
use rpcbench::internal::protocol::{DEFAULT_MAX_FRAME_BYTES, WriteMode};
use rpcbench::internal::server::Settings;
use rpcbench::models::{Async, Threaded, Uring};
use rpcbench::record::{LoadSpec, Mode};

use crate::{client, servers, uring};

/// The warm-up of a trial.
pub(crate) const WARMUP: Duration = Duration::from_millis(150);
/// The window of a trial.
pub(crate) const WINDOW: Duration = Duration::from_millis(300);
/// What a trial takes beside them: start, connects, drain, stop.
pub(crate) const AROUND: Duration = Duration::from_millis(100);

const DRAIN_ON_STOP: Duration = Duration::from_secs(5);

/// What serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Serves {
    /// The model `async`.
    Async,
    /// The model `threaded`.
    Threaded,
    /// The model `uring`.
    Uring,
    /// The floor: an epoll loop.
    FloorEpoll,
    /// The floor: a blocking thread per connection.
    FloorThreads,
    /// The same, which parses JSON.
    FloorThreadsJson,
    /// The floor: an io_uring loop.
    FloorUring,
}

/// What sends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Sends {
    /// The project's generator in a closed loop.
    Generator,
    /// The project's generator in an open loop with this rate, in requests per second.
    AtRate(f64),
    /// The minimal client in a closed loop.
    FloorClient,
}

/// The figures of a trial.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Correct replies per second.
    pub(crate) throughput_rps: f64,
    /// CPU time of the client per request.
    pub(crate) client_cpu_us: f64,
    /// CPU time of the server per request; the minimal client does not read it.
    pub(crate) server_cpu_us: Option<f64>,
}

/// Runs a trial. Trials that are compared have the same seed, so the same plan.
pub(crate) fn run(
    serves: Serves,
    sends: Sends,
    clients: usize,
    seed: u64,
) -> anyhow::Result<Figures> {
    let server = RunningServer::start(&program(serves)?)?;
    let figures = match sends {
        Sends::FloorClient => client::measure(server.address(), clients)?,
        Sends::Generator => generator(&server, clients, None, seed)?,
        Sends::AtRate(rate_rps) => generator(&server, clients, Some(rate_rps), seed)?,
    };
    server.stop()?;
    Ok(figures)
}

/// A load of the project's generator.
fn generator(
    server: &RunningServer,
    clients: usize,
    rate_rps: Option<f64>,
    seed: u64,
) -> anyhow::Result<Figures> {
    let spec = LoadSpec {
        clients,
        mode: rate_rps.map_or(Mode::Closed, |_| Mode::Poisson),
        rate_rps,
        warmup: WARMUP,
        duration: WINDOW,
        ..LoadSpec::default()
    };
    let config = GeneratorConfig {
        threads: 1,
        drain: DRAIN,
        max_frame_bytes: DEFAULT_MAX_FRAME_BYTES,
        part: LoadPart::WHOLE,
        start_at: None,
    };
    let running = start(&Load::new(spec, config, server.address(), seed)?)?;
    sleep_until(running.window_begins());
    let before = server.usage()?;
    sleep_until(running.window_ends());
    let after = server.usage()?;
    running.end_load();
    let measured = running.finish()?;
    let requests = measured.recorder.requests as f64;
    ensure!(requests > 0.0, "there was no correct reply");
    let (user_s, system_s) = after.cpu.since(&before.cpu);
    let client: Duration = measured.efforts.iter().map(|effort| effort.cpu).sum();
    Ok(Figures {
        throughput_rps: requests / WINDOW.as_secs_f64(),
        client_cpu_us: client.as_secs_f64() * 1e6 / requests,
        server_cpu_us: Some((user_s + system_s) * 1e6 / requests),
    })
}

fn sleep_until(at: Instant) {
    thread::sleep(at.saturating_duration_since(Instant::now()));
}

/// The program of a server.
fn program(serves: Serves) -> anyhow::Result<ServerProgram> {
    let (name, command, ready) = match serves {
        Serves::Async => ("async", of_model(&Async)?, ReadyBy::Line),
        Serves::Threaded => ("threaded", of_model(&Threaded)?, ReadyBy::Line),
        Serves::Uring => ("uring", of_model(&Uring)?, ReadyBy::Line),
        Serves::FloorEpoll => floor(servers::EPOLL)?,
        Serves::FloorThreads => floor(servers::THREADS)?,
        Serves::FloorThreadsJson => floor(servers::THREADS_JSON)?,
        Serves::FloorUring => floor(uring::NAME)?,
    };
    Ok(ServerProgram {
        name: name.to_owned(),
        command,
        guard: None,
        ready,
        drain: DRAIN_ON_STOP,
        cpus: None,
        serial_workers: None,
        show_stderr: false,
    })
}

type Program = (&'static str, Vec<std::ffi::OsString>, ReadyBy);

/// A server of the floor, at a free port.
fn floor(name: &'static str) -> anyhow::Result<Program> {
    let address = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .and_then(|listener| listener.local_addr())
        .context("find a free port")?;
    let command = vec![
        std::env::current_exe()?.into(),
        name.into(),
        address.to_string().into(),
    ];
    Ok((name, command, ReadyBy::Accepting(address)))
}

/// A model with the settings that `rpcbench serve` has by default.
fn of_model(model: &dyn ServeModel) -> anyhow::Result<Vec<std::ffi::OsString>> {
    let settings = Settings {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        backlog: WriteMode::Default.backlog(),
        workers: None,
        accept: None,
        write_mode: WriteMode::Default,
        limits: Limits {
            max_frame_bytes: DEFAULT_MAX_FRAME_BYTES,
            max_connections: None,
            idle_timeout: Some(Duration::from_secs(60)),
            busy_timeout: Some(Duration::from_secs(30)),
            busy_poll: None,
            drain: DRAIN_ON_STOP,
        },
    };
    let request = serde_json::to_string(&ServeRequest::new(model.name(), settings))?;
    Ok(ServerProgram::own_command(request)?)
}
