//! A chart as SVG and as a table.

use super::data::{Chart, Kind};
use super::table::Table;
use super::{lines, markup, rows, table};

impl Chart {
    /// The chart as one `<svg>` element, for a page or for its own file.
    pub fn svg(&self) -> String {
        let body = match self.kind {
            Kind::Lines => lines::body(self),
            Kind::Rows { reference } => rows::body(self, reference),
        };
        let body = body.unwrap_or_else(markup::no_data);
        markup::document(self, &body)
    }

    /// The figures of the chart as a table.
    pub fn table(&self) -> Table {
        table::of(self)
    }
}
