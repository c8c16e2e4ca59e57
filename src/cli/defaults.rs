//! Defaults that differ between the commands that share an option.

/// The texts of a command's own defaults in its help, by the id of the option.
pub(crate) type Defaults = Vec<(&'static str, String)>;
