//! A model whose worker processes share memory.

use std::hint::black_box;
use std::io;
use std::num::NonZeroUsize;

use crate::models::Preforking;
use crate::server::{ServeModel, Server, Workers};

/// The memory that the parent touches before it forks, and that no worker writes to.
pub const SHARED_BYTES: usize = 64 << 20;
/// The processes that share it besides the parent.
pub(super) const WORKERS: NonZeroUsize = NonZeroUsize::new(4).expect("not zero");

/// `preforking`, after the parent has touched 64 MiB.
#[derive(Debug)]
pub(super) struct WithSharedMemory;

impl ServeModel for WithSharedMemory {
    fn name(&self) -> &'static str {
        "selftest-memory"
    }

    fn about(&self) -> &'static str {
        "preforking with 64 MiB that its processes share"
    }

    fn workers(&self) -> Option<Workers> {
        Preforking.workers()
    }

    fn is_serial(&self) -> bool {
        true
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        let memory = black_box(vec![1_u8; SHARED_BYTES]);
        let served = Preforking.serve(server);
        drop(black_box(memory));
        served
    }
}
