//! The charts of a page, one file per kind of chart.

pub mod balance;
pub mod figure;
pub mod over_time;
pub mod percentiles;
pub mod rates;
pub mod sections;
pub mod side;
