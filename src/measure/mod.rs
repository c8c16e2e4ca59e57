//! Measurement: runs the trials of a matrix of cases in random interleaved
//! order and returns the parts of a record. Nothing here prints.
//!
//! Owns pilots, trials, rounds, pairs, the search for a rate, estimates of how long
//! they take, and the checks on the validity of a trial. To add a validity check, add a code to
//! `record::ValidityFinding`, its sentence to `findings::validity_sentences`, and
//! a function to the list in `validity`.

mod added_rounds;
mod assemble;
mod case;
mod cpu_accounting;
pub mod descriptors;
pub mod environment;
mod forecast;
pub mod generator_side;
mod machine_side;
pub mod no_replies;
mod observed;
mod observer;
mod outcome;
mod overload;
mod pair_earlier;
mod pair_errors;
mod pair_pilots;
mod pair_plan;
mod pair_sides;
mod pair_time;
pub mod pairs;
pub mod peers;
pub mod pilot;
mod pilot_failures;
mod plan;
pub mod program_files;
pub mod ranks;
pub mod rate_search;
pub mod rounds;
mod running;
mod server_spec;
pub mod session;
pub mod share;
mod short_starts;
pub mod slo_search;
mod steadiness;
pub(crate) mod targets;
mod trend;
pub mod trend_causes;
pub mod trial;
mod trial_load;
mod trial_time;
mod trial_times;
mod try_result;
pub mod validity;
pub(crate) mod warmup_pilot;
mod window_times;

pub use crate::process::CpuTicks;
pub use case::Case;
pub use forecast::{Bound, Forecast, Goal};
pub use observed::Observed;
pub use observer::{Observer, Purpose, RunProgress};
pub use outcome::Outcome;
pub use pair_plan::{EarlierCheck, PairCase, PairPlan, PartPlan};
pub use peers::Peers;
pub use plan::{EarlierRun, Plan};
pub use rate_search::RateSearch;
pub use server_spec::{Exec, ServerSpec};
pub use session::{Finished, Measurement, Session};
pub use share::Share;
pub use slo_search::SearchPlan;
pub use warmup_pilot::{AutoWarmup, LONGEST as LONGEST_WARMUP_PILOT};
