//! The guard: a process between the harness and a server. It kills and reaps all
//! processes of the server, even if the harness or the server is killed.
//!
//! It adopts orphans (PR_SET_CHILD_SUBREAPER, prctl(2)), so that it can find,
//! kill and reap every descendant of the server. Its standard input is a pipe
//! from the harness: on a line `stop` it sends the server's process group
//! SIGTERM, so that a wrapper's children get it too, and at the end of the pipe,
//! which also comes when the harness is killed, it kills all processes.

use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::signalfd::SignalFd;
use nix::unistd::Pid;

use super::messages::{GRACE, Launch, Report, ServerStdout};
use super::procfs;
use crate::sys::reap::{ReapedChild, reap_with_usage};
use crate::sys::{Cpus, signals};

/// The exit code that shells, the Java virtual machine and others use to report an end by SIGTERM.
const EXIT_BY_SIGTERM: i32 = 128 + libc::SIGTERM;

/// Runs `command` as a server until the server or the harness ends.
///
/// # Errors
/// When a system call of the guard fails. The end of the server is no error.
pub fn run(launch: &Launch, command: &[OsString]) -> io::Result<()> {
    // The server's processes inherit this.
    launch.cpus.as_ref().map(Cpus::pin).transpose()?;
    set_child_subreaper(true)?;
    let signals = signals::block(&[
        Signal::SIGCHLD,
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
    ])?;
    let server = match start(command, launch.stdout) {
        Ok(pid) => pid,
        Err(error) => {
            return send(&Report::Failed {
                reason: error.to_string(),
            });
        }
    };
    send(&Report::Started {
        pid: server.as_raw(),
    })?;
    let ended = wait_for_end(server, launch.drain, &signals);
    kill_descendants(&signals)?;
    match ended? {
        Some(ended) => send(&ended),
        None => Ok(()),
    }
}

/// Starts the server in its own process group with no signal blocked; std would pass on the
/// signal mask of the guard.
fn start(command: &[OsString], stdout: ServerStdout) -> io::Result<Pid> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let stdout = match stdout {
        ServerStdout::Harness => Stdio::inherit(),
        ServerStdout::Stderr => Stdio::from(io::stderr().as_fd().try_clone_to_owned()?),
    };
    let mut server = Command::new(program);
    server
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(stdout)
        .process_group(0);
    let child = signals::start_with_defaults(&mut server).spawn()?;
    let id = i32::try_from(child.id()).map_err(io::Error::other)?;
    Ok(Pid::from_raw(id))
}

/// Waits for the end of the server (`Some`) or of the harness (`None`).
fn wait_for_end(server: Pid, drain: Duration, signals: &SignalFd) -> io::Result<Option<Report>> {
    let mut kill_at: Option<Instant> = None;
    let mut orders = io::stdin().lock();
    loop {
        let left = kill_at.map_or(PollTimeout::NONE, |kill_at| {
            let left = kill_at.saturating_duration_since(Instant::now());
            PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
        });
        let stdin = io::stdin();
        let mut fds = [
            PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, left) {
            Err(nix::errno::Errno::EINTR) => continue,
            polled => polled?,
        };
        if fds[1].any() == Some(true) {
            while signals.read_signal()?.is_some() {}
            while let Some(ended) = reap_one()? {
                if ended.pid == server.as_raw() {
                    let left = running_descendants()?;
                    return Ok(Some(report(&ended, kill_at.is_some(), left)));
                }
            }
        }
        if fds[0].any() == Some(true) {
            let mut line = String::new();
            if orders.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            // The server is not reaped yet, so its group is not reused.
            let _ = killpg(server, Signal::SIGTERM);
            kill_at = Some(Instant::now() + drain + GRACE);
        }
        if kill_at.is_some_and(|kill_at| kill_at <= Instant::now()) {
            let _ = kill(server, Signal::SIGKILL);
        }
    }
}

fn reap_one() -> io::Result<Option<ReapedChild>> {
    match reap_with_usage() {
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(None),
        reaped => reaped,
    }
}

/// The number of processes of the server that have not ended.
fn running_descendants() -> io::Result<u64> {
    let processes = procfs::descendants(std::process::id() as i32)?;
    let running = processes.iter().filter(|process| process.state != 'Z');
    Ok(running.count() as u64)
}

fn report(ended: &ReapedChild, stop_requested: bool, left_processes: u64) -> Report {
    let how = match (ended.code, ended.signal) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) if stop_requested && signal == libc::SIGKILL => {
            "was killed when its drain time was over".to_owned()
        }
        (None, signal) => match signal.and_then(|signal| Signal::try_from(signal).ok()) {
            Some(signal) => format!("was killed by {signal}"),
            None => "was killed".to_owned(),
        },
    };
    Report::Ended {
        how,
        orderly: ended.code == Some(0) || (stop_requested && is_end_by_stop(ended)),
        exit_code: ended.code,
        left_processes,
        ctx_voluntary: ended.ctx_voluntary,
        ctx_involuntary: ended.ctx_involuntary,
    }
}

/// Whether the guard's stop ended the server.
fn is_end_by_stop(ended: &ReapedChild) -> bool {
    match (ended.code, ended.signal) {
        // Without a handler, SIGTERM ends a program; a handler may outlast the drain, which ends
        // with SIGKILL.
        (_, Some(signal)) => [libc::SIGTERM, libc::SIGKILL].contains(&signal),
        // A wrapper whose child was ended by SIGTERM returns this, and a program that cleans up
        // before it ends.
        (code, None) => code == Some(EXIT_BY_SIGTERM),
    }
}

/// Kills and reaps until no descendant is left; repeats, since they may fork meanwhile.
fn kill_descendants(signals: &SignalFd) -> io::Result<()> {
    loop {
        for process in procfs::descendants(std::process::id() as i32)? {
            let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
        }
        while reap_one()?.is_some() {}
        if procfs::descendants(std::process::id() as i32)?.is_empty() {
            return Ok(());
        }
        let mut fds = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::from(10_u8))?;
        while signals.read_signal()?.is_some() {}
    }
}

fn send(report: &Report) -> io::Result<()> {
    let line = serde_json::to_string(report)? + "\n";
    io::stdout().write_all(line.as_bytes())
}
