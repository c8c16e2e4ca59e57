//! The guard: a process between the harness and a contestant, which outlives
//! whatever happens to either and leaves no process behind.
//!
//! It adopts orphans (PR_SET_CHILD_SUBREAPER, prctl(2)), so that every
//! descendant of the contestant is its own to find, kill and reap. The harness
//! holds the other end of its standard input: a line `stop` asks the
//! contestant to end, and the end of the pipe, which the kernel also brings
//! about when the harness is killed, kills everything.

use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::signalfd::SignalFd;
use nix::unistd::Pid;

use super::messages::{GRACE, Launch, Report, ServerStdout};
use super::procfs;
use crate::sys::reap::{ReapedChild, reap_with_usage};
use crate::sys::{Cpus, signals};

/// Runs `command` under guard until it ends or the harness does.
///
/// # Errors
/// When the guard itself cannot do its work; the server's end is no error.
pub fn run(launch: &Launch, command: &[OsString]) -> io::Result<()> {
    // All that it starts inherits this.
    launch.cpus.as_ref().map(Cpus::pin).transpose()?;
    set_child_subreaper(true)?;
    let signals = signals::block(&[
        Signal::SIGCHLD,
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
    ])?;
    let contestant = match start(command, launch.stdout) {
        Ok(pid) => pid,
        Err(error) => {
            return send(&Report::Failed {
                reason: error.to_string(),
            });
        }
    };
    send(&Report::Started {
        pid: contestant.as_raw(),
    })?;
    let ended = observer(contestant, launch.drain, &signals);
    kill_descendants(&signals)?;
    match ended? {
        Some(ended) => send(&ended),
        None => Ok(()),
    }
}

/// Starts the contestant in a process group of its own; std unblocks its signals.
fn start(command: &[OsString], stdout: ServerStdout) -> io::Result<Pid> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let stdout = match stdout {
        ServerStdout::Harness => Stdio::inherit(),
        ServerStdout::Stderr => Stdio::from(io::stderr().as_fd().try_clone_to_owned()?),
    };
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(stdout)
        .process_group(0)
        .spawn()?;
    let id = i32::try_from(child.id()).map_err(io::Error::other)?;
    Ok(Pid::from_raw(id))
}

/// Waits for the contestant's end (Some) or the harness's (None).
fn observer(contestant: Pid, drain: Duration, signals: &SignalFd) -> io::Result<Option<Report>> {
    let mut cut: Option<Instant> = None;
    let mut harness = io::stdin().lock();
    loop {
        let left = cut.map_or(PollTimeout::NONE, |cut| {
            let left = cut.saturating_duration_since(Instant::now());
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
                if ended.pid == contestant.as_raw() {
                    return Ok(Some(report(&ended, cut.is_some())));
                }
            }
        }
        if fds[0].any() == Some(true) {
            let mut line = String::new();
            if harness.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let _ = kill(contestant, Signal::SIGTERM);
            cut = Some(Instant::now() + drain + GRACE);
        }
        if cut.is_some_and(|cut| cut <= Instant::now()) {
            let _ = kill(contestant, Signal::SIGKILL);
        }
    }
}

fn reap_one() -> io::Result<Option<ReapedChild>> {
    match reap_with_usage() {
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(None),
        reaped => reaped,
    }
}

fn report(ended: &ReapedChild, asked: bool) -> Report {
    let how = match (ended.code, ended.signal) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) if asked && signal == libc::SIGKILL => {
            "was cut when its drain was over".to_owned()
        }
        (None, signal) => match signal.and_then(|signal| Signal::try_from(signal).ok()) {
            Some(signal) => format!("was killed by {signal}"),
            None => "was killed".to_owned(),
        },
    };
    Report::Ended {
        how,
        // A handler that outlasts the drain is cut, which is what was asked for.
        orderly: ended.code == Some(0) || (asked && ended.signal == Some(libc::SIGKILL)),
        ctx_voluntary: ended.ctx_voluntary,
        ctx_involuntary: ended.ctx_involuntary,
    }
}

/// Kills and reaps until there is no descendant, however fast they fork.
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
