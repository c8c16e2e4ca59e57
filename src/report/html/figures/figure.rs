//! A chart of the page with its note and warnings.

use crate::report::chart::data::{Axis, Chart, Scale, Unit};

/// A chart with what is to be said beside it.
pub(crate) struct Figure {
    pub(crate) chart: Chart,
    /// What it shows, or leaves out.
    pub(crate) note: Option<String>,
    /// What speaks against the trials in it.
    pub(crate) warnings: Vec<String>,
}

pub(crate) fn axis(label: &str, scale: Scale, unit: Unit) -> Axis {
    Axis {
        label: label.to_owned(),
        scale,
        unit,
        from_zero: scale == Scale::Linear,
    }
}
