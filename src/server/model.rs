//! The trait of a concurrency model.

use std::io;

use super::bound::Server;
use super::settings::Workers;

/// Which models are measured and listed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The six of the textbooks.
    Classic,
    /// What servers use today.
    Modern,
    /// Models that are not part of rpcbench.
    Own,
}

impl Group {
    /// All groups, in the order of lists.
    pub const ALL: [Group; 3] = [Group::Classic, Group::Modern, Group::Own];

    /// Its name, also as a value of `--model`.
    pub fn name(self) -> &'static str {
        match self {
            Group::Classic => "classic",
            Group::Modern => "modern",
            Group::Own => "own",
        }
    }
}

/// A concurrency model: how a server serves many connections from one socket.
///
/// A model is a unit struct in its own file, listed once in
/// [`crate::models::ALL`]. Help, lists, ready lines, records and reports use
/// the texts of this trait.
///
/// The [front page](crate) has a whole model; the built-in [models](crate::models) are examples.
pub trait ServeModel: Sync {
    /// The name on the command line, in records and in legends.
    fn name(&self) -> &'static str;

    /// Other names that the command line accepts.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// One line: how it serves connections.
    fn about(&self) -> &'static str;

    /// The group that it is measured and listed with.
    fn group(&self) -> Group {
        Group::Own
    }

    /// For a model with workers, processes or threads: their default number and accept modes.
    fn workers(&self) -> Option<Workers> {
        None
    }

    /// Whether a process or thread serves one connection at a time, and further clients wait until it is
    /// closed. Estimates of how long a run takes use it.
    fn is_serial(&self) -> bool {
        false
    }

    /// Whether its readiness loops poll without sleeping for [`Limits::busy_poll`] after the last
    /// event.
    ///
    /// [`Limits::busy_poll`]: crate::Limits::busy_poll
    fn busy_polls(&self) -> bool {
        false
    }

    /// Why it cannot run on this machine, and what it needs; `None` if it can.
    ///
    /// Such a model is left out where a group of models is named, and refused where it is named.
    fn unavailable(&self) -> Option<String> {
        None
    }

    /// Serves until the stop signal, then drains and returns.
    ///
    /// Called in a process with one thread, with the socket listening.
    ///
    /// # Errors
    /// When the server cannot serve at all. A fault of one connection or one
    /// worker is only counted.
    fn serve(&self, server: &Server<'_>) -> io::Result<()>;
}

/// Finds the model with `name` as its name or alias.
pub fn find<'a>(models: &[&'a dyn ServeModel], name: &str) -> Option<&'a dyn ServeModel> {
    models
        .iter()
        .copied()
        .find(|model| model.name() == name || model.aliases().contains(&name))
}
