//! The conclusions from a record, independent of any format: summaries, rankings,
//! warnings and the sentences that state them.
//!
//! All conclusions are made here, so that text, Markdown and page agree. To change:
//! add a new conclusion here; the formats in `report/` only show it.

mod assertion_readings;
pub mod assertion_sentences;
pub mod assertion_starts;
pub mod assertions;
pub mod attack_results;
pub mod changed_figures;
pub mod changes;
pub mod changes_sentences;
pub mod changes_table;
pub mod check_advice;
pub mod check_failures;
pub mod check_sentences;
pub mod check_table;
pub(crate) mod check_words;
pub mod comparison;
pub(crate) mod cpu_accounting;
pub mod delays;
pub mod early_end;
pub mod finding_titles;
pub mod headline;
pub mod labels;
pub mod load_line;
pub mod measures;
pub(crate) mod memory_sentences;
pub mod no_reply_sentences;
pub mod provenance;
mod rank_sentences;
pub(crate) mod rank_table;
pub mod ranking;
pub mod record_differences;
pub mod search_sentences;
pub mod sentences;
pub mod server_line;
pub mod summary;
mod trend_sentences;
pub mod two_loads;
pub mod units;
pub mod validity_sentences;
pub mod warmup_sentences;
pub mod warnings;

pub use attack_results::CALM;
pub use changes::{Changes, Side};
pub use headline::{Headline, headline, no_client_was_served};
pub use labels::labelled;
pub use load_line::load_line;
pub use measures::{Measure, Unit};
pub use ranking::{ComparedWithBest, RankedServer, Ranking};
pub use summary::{BEYOND, Figure, Shown, Summary};
pub use warnings::Warning;
