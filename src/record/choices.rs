//! Settings of a load that are one of a few choices.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// When requests are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Closed loop: when the client has its reply.
    #[default]
    Closed,
    /// Open loop, evenly spaced.
    Constant,
    /// Open loop, a Poisson process.
    Poisson,
}

/// The arrival process of an open loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// Request i at i/R; the clients take turns.
    Constant,
    /// Exponential gaps and random clients: the arrivals of many independent users.
    Poisson,
}

impl From<Arrivals> for Mode {
    fn from(arrivals: Arrivals) -> Mode {
        match arrivals {
            Arrivals::Constant => Mode::Constant,
            Arrivals::Poisson => Mode::Poisson,
        }
    }
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Assign {
    /// The client that the plan names, also if it is blocked. Other clients would hide the
    /// response times of the blocked client's users.
    #[default]
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

/// Whether the generator uses the kernel's time stamps of requests and replies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stamps {
    /// In an open loop. They cost CPU time, and the latencies of a closed loop, at saturation,
    /// are not worth it.
    #[default]
    Auto,
    /// In every loop.
    On,
    /// In none: replies arrive when they are read.
    Off,
}

impl FromStr for Stamps {
    type Err = String;

    fn from_str(text: &str) -> Result<Stamps, String> {
        match text {
            "on" => Ok(Stamps::On),
            "off" => Ok(Stamps::Off),
            _ => Err("expected on or off".to_owned()),
        }
    }
}

/// Whether the threads of the generator poll without sleeping between requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spin {
    /// In an open loop of 10,000 requests per second and thread or more, while it takes no core
    /// that other threads wait for.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl FromStr for Spin {
    type Err = String;

    fn from_str(text: &str) -> Result<Spin, String> {
        match text {
            "on" => Ok(Spin::On),
            "off" => Ok(Spin::Off),
            _ => Err("expected on or off".to_owned()),
        }
    }
}

/// How connections are closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Close {
    /// Regularly, with a FIN. The port then cannot be reused for a while (TIME_WAIT, RFC 9293).
    #[default]
    Fin,
    /// With a reset. The port can be reused at once; the server gets an error.
    Reset,
}

impl FromStr for Close {
    type Err = String;

    fn from_str(text: &str) -> Result<Close, String> {
        match text {
            "fin" => Ok(Close::Fin),
            "reset" => Ok(Close::Reset),
            _ => Err("expected fin or reset".to_owned()),
        }
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Close::Fin => "fin",
            Close::Reset => "reset",
        })
    }
}
