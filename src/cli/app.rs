//! What a binary of rpcbench is made of.

use crate::protocol::Service;
use crate::server::ServeModel;

/// What a binary of rpcbench is made of.
#[derive(Clone, Copy)]
pub(crate) struct App<'a> {
    pub(crate) models: &'a [&'a dyn ServeModel],
    pub(crate) service: &'a dyn Service,
}
