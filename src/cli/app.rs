//! The models and the service of a binary.

use crate::protocol::Service;
use crate::server::ServeModel;

/// The models and the service that a binary of rpcbench passes to `main`.
#[derive(Clone, Copy)]
pub(crate) struct App<'a> {
    pub(crate) models: &'a [&'a dyn ServeModel],
    pub(crate) service: &'a dyn Service,
}
