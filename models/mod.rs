//! The models, in reading order: each answers the faults of the one before it.

mod r#async;
mod forking;
mod preforking;
mod preforking_async;
mod single;
mod threaded;

use crate::model::ServeModel;

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
