//! The toolkit that models are written with.
//!
//! - [`Server::accept`] waits for the next connection;
//! - [`Server::converse`] serves one connection, blocking, to its end;
//! - [`Connection::drive`] serves one connection as far as it goes without waiting;
//! - [`Server::conversation`] and [`Server::call`] are for models that do their own I/O;
//! - [`Server::children`] forks, counts and reaps processes;
//! - [`Server::supervise`] keeps worker processes alive.
//!
//! Owns limits, timeouts, shutdown and counting, so that no model does. To
//! change: what all models share goes here, what one model does goes into its
//! file in `models/`.

mod accept;
mod bind;
mod blocking;
mod bound;
mod children;
pub mod model;
mod nonblocking;
mod nonblocking_accept;
mod settings;
mod shutdown;
mod stream;
mod stuck_workers;
mod supervise;
mod timers;

pub use accept::Event;
pub use bound::Server;
pub use model::ServeModel;
pub use nonblocking::{Connection, Progress};
pub use nonblocking_accept::NonblockingAccept;
pub use settings::{Accept, Limits, MAX_CHILDREN, Settings, Workers};
pub use timers::Timers;
