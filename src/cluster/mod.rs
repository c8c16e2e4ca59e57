//! A load that several generators make: their shares are added here.
//!
//! Owns the merging of records that generators wrote by hand (`merge`), and, with the feature
//! `mpi`, the ranks of a run over a cluster: rank 0 leads (`leader`) and the others follow
//! (`follower`). Counts and histograms are added, never quantiles; what is no part of one plan is
//! refused. Only `mpi_link` calls MPI, which starts the ranks and carries messages.

#[cfg(feature = "mpi")]
mod clocks;
#[cfg(feature = "mpi")]
pub(crate) mod follower;
#[cfg(feature = "mpi")]
pub(crate) mod leader;
pub mod merge;
#[cfg(feature = "mpi")]
mod messages;
#[cfg(feature = "mpi")]
mod mpi_link;
#[cfg(feature = "mpi")]
pub(crate) mod role;
pub(crate) mod started_by;
#[cfg(feature = "mpi")]
mod times;
#[cfg(feature = "mpi")]
mod watchdog;
