//! What several subjects need: servers of the real program, a scripted server under a fake
//! clock, and records with fixed figures.

mod forbidden;
mod gaps;
mod junit;
mod noise;
mod pages;
mod pairs;
mod records;
mod scripted;
mod scripted_kernel;
mod scripted_loop;
mod servers;
mod skipped;
mod stamps;
mod undisturbed;

pub(crate) use forbidden::forbid_io_uring;
pub(crate) use gaps::exponential;
pub(crate) use junit::assert_is_junit;
pub(crate) use noise::*;
pub(crate) use pages::*;
pub(crate) use pairs::*;
pub(crate) use records::*;
pub(crate) use scripted::*;
pub(crate) use scripted_kernel::{Script, Seen, serve};
pub(crate) use scripted_loop::*;
pub(crate) use servers::*;
pub(crate) use skipped::*;
pub(crate) use stamps::LEAVING_NS;
pub(crate) use undisturbed::{is_stalled, undisturbed};
