//! What a concurrency model is.

use std::io;

use super::bound::Server;
use super::settings::Workers;

/// How one listening socket becomes many conversations.
///
/// A model is a unit struct in a file of its own, entered once in
/// [`crate::models::ALL`]; help, lists, ready lines, records and reports take
/// all they say of it from here.
pub trait ServeModel: Sync {
    /// Its name on the command line, in records and in legends.
    fn name(&self) -> &'static str;

    /// Other names that the command line takes.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// One line: what it is.
    fn about(&self) -> &'static str;

    /// For a model of several worker processes: how many, and how they may share the socket.
    fn workers(&self) -> Option<Workers> {
        None
    }

    /// Serves until told to stop, then drains and returns.
    ///
    /// Called in a process that has one thread, with the socket bound and listening.
    ///
    /// # Errors
    /// Only what makes serving impossible; a fault of one connection or one
    /// worker is counted and survived.
    fn serve(&self, server: &Server<'_>) -> io::Result<()>;
}

/// The model that has `name` as its name or alias.
pub fn find<'a>(models: &[&'a dyn ServeModel], name: &str) -> Option<&'a dyn ServeModel> {
    models
        .iter()
        .copied()
        .find(|model| model.name() == name || model.aliases().contains(&name))
}
