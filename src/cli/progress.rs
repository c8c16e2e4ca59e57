//! Progress on stderr: on a terminal one line that is drawn again, elsewhere in a long run a plain
//! line per minute. Ctrl-C ends the run.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use terminal_size::{Width, terminal_size_of};

use super::forecast::announcement;
use super::interrupt::Interrupt;
use super::progress_line::line;
use super::progress_state::ProgressState;
use crate::load::LiveProgress;
use crate::measure::{Case, Forecast, Observer, RunProgress};

/// The observer of the command line: shows the progress and handles Ctrl-C.
pub(crate) struct Progress<'a> {
    interrupt: &'a Interrupt,
    begun: Instant,
    state: ProgressState,
    output: ProgressOutput,
}

/// Where the progress is shown.
enum ProgressOutput {
    /// One line.
    Terminal(ProgressBar),
    /// Plain lines.
    Lines,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(interrupt: &'a Interrupt) -> Progress<'a> {
        // A dumb terminal cannot erase a line.
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let output = if io::stderr().is_terminal() && !is_dumb {
            ProgressOutput::Terminal(one_line())
        } else {
            ProgressOutput::Lines
        };
        Progress {
            interrupt,
            begun: Instant::now(),
            state: ProgressState::new(),
            output,
        }
    }

    /// Removes the line from the terminal.
    pub(crate) fn finish(&self) {
        if let ProgressOutput::Terminal(bar) = &self.output {
            bar.finish_and_clear();
        }
    }

    fn show(&mut self) {
        let now = self.begun.elapsed();
        match &self.output {
            ProgressOutput::Lines => {
                if let Some(text) = self.state.plain_line(now) {
                    write(&format!("rpcbench: {text}\n"));
                }
            }
            ProgressOutput::Terminal(bar) => {
                // One column less: some terminals wrap when the last one is written.
                let width = terminal_size_of(io::stderr())
                    .map_or(80, |(Width(columns), _)| usize::from(columns));
                let state = self.state.line(now);
                let text = state.map(|state| line(&state, width.saturating_sub(1)));
                bar.set_message(text.unwrap_or_default());
            }
        }
    }
}

/// A bar of text only: `progress_line` makes it fit the terminal.
fn one_line() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    bar
}

/// Writes to stderr. A failure is ignored: it must not end a measurement.
fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}

impl Observer for Progress<'_> {
    fn run_begins(&mut self, forecast: &Forecast) {
        if let Some(text) = announcement(forecast) {
            write(&format!("rpcbench: {text}\n"));
        }
    }

    fn trial_begins(&mut self, case: &Case, progress: RunProgress) {
        self.state
            .trial_begins(case, progress, self.begun.elapsed());
        self.show();
    }

    fn live(&mut self, live: LiveProgress, elapsed: Duration) {
        self.state.live(live, elapsed);
        self.show();
    }

    fn wait(&mut self, most: Duration) -> io::Result<bool> {
        let ended = self.interrupt.wait(most)?;
        self.show();
        Ok(ended)
    }
}
