//! What an open loop's plan is drawn from.

use std::str::FromStr;
use std::time::Duration;

/// How an open loop's requests are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// Request i at i/R, dealt to the clients in turn.
    Constant,
    /// Gaps drawn from an exponential distribution, dealt to the clients at
    /// random: what many independent users make.
    Poisson,
}

impl FromStr for Arrivals {
    type Err = String;

    fn from_str(text: &str) -> Result<Arrivals, String> {
        match text {
            "constant" => Ok(Arrivals::Constant),
            "poisson" => Ok(Arrivals::Poisson),
            _ => Err("poisson or constant".to_owned()),
        }
    }
}

/// Whom a request of an open loop waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assign {
    /// Its own connection, which the plan names. Routing round one that is
    /// stuck would leave out what its users see.
    Bound,
    /// Any that is free.
    Free,
}

impl FromStr for Assign {
    type Err = String;

    fn from_str(text: &str) -> Result<Assign, String> {
        match text {
            "bound" => Ok(Assign::Bound),
            "free" => Ok(Assign::Free),
            _ => Err("bound or free".to_owned()),
        }
    }
}

/// A plan of requests that is fixed before the load begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Requests a second, all clients together.
    pub rate_rps: f64,
    /// How they are spaced.
    pub arrivals: Arrivals,
    /// Whom they wait for.
    pub assign: Assign,
    /// What gaps and clients are drawn from.
    pub seed: u64,
    /// How unevenly requests are dealt to clients; `None` is evenly.
    pub skew: Option<Skew>,
    /// Another rate from some time on; `None` is the same to the end.
    pub then: Option<RateChange>,
}

/// A rate that a plan changes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateChange {
    /// When, counted from the window's begin.
    pub after: Duration,
    /// Requests a second from then on, all clients together.
    pub rate_rps: f64,
}

/// A few clients that make most of the requests.
///
/// Which clients is drawn from the seed of the plan. Where a request waits for any client
/// ([`Assign::Free`]) this says nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Skew {
    /// The share of the clients that are busy, from 0 to 1; at least one is.
    pub clients: f64,
    /// The share of the requests that is theirs, from 0 to 1.
    pub requests: f64,
}

impl Skew {
    /// How many of so many clients are the busy ones.
    pub fn busy(&self, clients: usize) -> usize {
        let busy = (self.clients * clients as f64).round() as usize;
        busy.clamp(1, clients.max(1))
    }
}
