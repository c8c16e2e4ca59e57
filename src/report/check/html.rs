//! An HTML page: the verdict, a forest plot, one dot per pair, and the figures behind them.

use super::form::Form;
use crate::record::{CheckInfo, Record};
use crate::report::html::page::page;
use crate::report::html::scenario_group::Source;

pub(crate) struct Html;

impl Form for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn file(&self) -> &'static str {
        "check.html"
    }

    fn render(&self, record: &Record, _check: &CheckInfo) -> String {
        let label = "check".to_owned();
        page(&[Source { label, record }]).html
    }
}
