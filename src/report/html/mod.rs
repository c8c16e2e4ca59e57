//! Records as one HTML page that needs no network: the answer in sentences, tables,
//! charts, warnings and the data.

pub mod answer;
pub mod assertions;
pub mod changes;
pub mod data;
pub mod figures;
pub mod gate;
pub mod markup;
pub mod page;
pub mod provenance;
pub mod ranking_table;
pub mod ranks;
pub mod scenario_group;
pub mod searches;
pub mod two_loads;
