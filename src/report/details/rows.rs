//! One row of the details: a name and its value.

use crate::findings::{Figure, Summary};

pub(crate) fn row(name: &str, value: &str) -> String {
    format!("  {name:<13}{value}")
}

/// The range over trials, if there are several.
pub(crate) fn spread(
    summary: &Summary<'_>,
    figure: Option<Figure>,
    show: impl Fn(f64) -> String,
) -> String {
    match figure {
        Some(figure) if summary.trials().len() > 1 => {
            format!(
                " (median of {}: {} to {})",
                summary.trials().len(),
                show(figure.low),
                show(figure.high)
            )
        }
        _ => String::new(),
    }
}
