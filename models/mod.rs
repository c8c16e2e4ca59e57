//! The models, in reading order: each addresses the weakness of the one before it. First the six
//! classics, then what servers use today.

pub mod r#async;
pub mod async_pool;
pub mod async_threads;
pub mod forking;
pub mod pool;
pub mod preforking;
pub mod preforking_async;
pub mod single;
pub mod threaded;
pub mod tokio;
pub mod uring;

use crate::server::ServeModel;

pub use self::tokio::Tokio;
pub use r#async::Async;
pub use async_pool::AsyncPool;
pub use async_threads::AsyncThreads;
pub use forking::Forking;
pub use pool::Pool;
pub use preforking::Preforking;
pub use preforking_async::PreforkingAsync;
pub use single::Single;
pub use threaded::Threaded;
pub use uring::Uring;

/// All models, in reading order.
pub static ALL: &[&dyn ServeModel] = &[
    &Single,
    &Threaded,
    &Forking,
    &Preforking,
    &Async,
    &PreforkingAsync,
    &Pool,
    &AsyncThreads,
    &AsyncPool,
    &Tokio,
    &Uring,
];
