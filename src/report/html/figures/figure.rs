//! The figures of the page.

use crate::report::chart::data::{Axis, Chart, Scale, Unit};

/// A chart with its note and warnings.
pub(crate) struct Figure {
    pub(crate) chart: Chart,
    /// What the chart shows or leaves out.
    pub(crate) note: Option<String>,
    /// Warnings about the trials in the chart.
    pub(crate) warnings: Vec<String>,
}

/// The note about servers that are not drawn; `None` if there are none.
pub(crate) fn note_of_unserved(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| {
        format!(
            "Not drawn where clients were left unserved: {}.",
            names.join(", ")
        )
    })
}

pub(crate) fn axis(label: &str, scale: Scale, unit: Unit) -> Axis {
    Axis {
        label: label.to_owned(),
        scale,
        unit,
        from_zero: scale == Scale::Linear,
    }
}
