//! The models, in reading order: each addresses the weakness of the one before it.

pub mod r#async;
pub mod forking;
pub mod preforking;
pub mod preforking_async;
pub mod single;
pub mod threaded;

use crate::server::ServeModel;

pub use r#async::Async;
pub use forking::Forking;
pub use preforking::Preforking;
pub use preforking_async::PreforkingAsync;
pub use single::Single;
pub use threaded::Threaded;

/// All models, in reading order.
pub static ALL: &[&dyn ServeModel] = &[
    &Single,
    &Threaded,
    &Forking,
    &Preforking,
    &Async,
    &PreforkingAsync,
];
