//! The parameters of an open loop's plan.

use std::str::FromStr;
use std::time::Duration;

/// The arrival process of an open loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// Request i at i/R; the clients take turns.
    Constant,
    /// Exponential gaps and random clients: the arrivals of many independent users.
    Poisson,
}

impl FromStr for Arrivals {
    type Err = String;

    fn from_str(text: &str) -> Result<Arrivals, String> {
        match text {
            "constant" => Ok(Arrivals::Constant),
            "poisson" => Ok(Arrivals::Poisson),
            _ => Err("expected poisson or constant".to_owned()),
        }
    }
}

/// Which client sends a request of an open loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assign {
    /// The client that the plan names, also if it is blocked. Other clients would hide the
    /// response times of the blocked client's users.
    Bound,
    /// Any free client.
    Free,
}

impl FromStr for Assign {
    type Err = String;

    fn from_str(text: &str) -> Result<Assign, String> {
        match text {
            "bound" => Ok(Assign::Bound),
            "free" => Ok(Assign::Free),
            _ => Err("expected bound or free".to_owned()),
        }
    }
}

/// A plan of requests that is fixed before the load begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Requests per second, all clients together.
    pub rate_rps: f64,
    /// The arrival process.
    pub arrivals: Arrivals,
    /// Which client sends a request.
    pub assign: Assign,
    /// The seed of gaps and clients.
    pub seed: u64,
    /// The skew of requests over clients; `None` means even.
    pub skew: Option<Skew>,
    /// A change of the rate; `None` means a constant rate.
    pub then: Option<RateChange>,
}

/// A change of a plan's rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateChange {
    /// Time of the change, from the start of the window.
    pub after: Duration,
    /// Requests per second after the change, all clients together.
    pub rate_rps: f64,
}

/// A few busy clients send most of the requests.
///
/// The busy clients are drawn from the seed of the plan. With [`Assign::Free`] the skew has no
/// effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Skew {
    /// The share of busy clients, from 0 to 1; at least one client is busy.
    pub clients: f64,
    /// The share of the requests that busy clients send, from 0 to 1.
    pub requests: f64,
}

impl Skew {
    /// The number of busy clients among `clients`.
    pub fn busy(&self, clients: usize) -> usize {
        let busy = (self.clients * clients as f64).round() as usize;
        busy.clamp(1, clients.max(1))
    }
}
