//! A generator of several, and where it ran.

use serde::{Deserialize, Serialize};

/// A rank and its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankName {
    /// Its number, from 0.
    pub rank: usize,
    /// Its host.
    pub host: String,
}
