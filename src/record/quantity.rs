//! Numbers with units as people write them: `64KiB`, `500ms`. Each error continues the sentence
//! "--option VALUE: …".

use std::time::Duration;

/// Whether a time has no unit; false for 0.
pub(crate) fn is_without_unit(text: &str) -> bool {
    split(text).1.is_empty() && text.trim().parse().is_ok_and(|number: f64| number > 0.0)
}

/// The fault of a time that needs a unit.
pub(crate) fn without_unit(text: &str) -> String {
    let number = text.trim();
    format!("{number} has no unit: write {number}ms or {number}us")
}

/// `500ms`, `1.5 s`, `2m`, `1h`, `250us`; a number without a unit is in seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "must be a duration such as 500ms, 5s or 2m".to_owned();
    let (number, unit) = split(text);
    let seconds = match unit {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" | "sec" | "" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}

/// A size in bytes, at most 1 GiB: `100`, `64KiB`, `1MiB`, `10kB`.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    const MOST: f64 = 1_073_741_824.0;
    let size = bytes(text).filter(|size| *size <= MOST);
    let size = size.ok_or("must be a size of at most 1GiB, such as 512, 64KiB or 1MiB")?;
    Ok(size as usize)
}

/// An amount of memory in bytes, at most 1 TiB: `64MiB`, `2GiB`.
pub(crate) fn memory(text: &str) -> Result<f64, String> {
    const MOST: f64 = 1_099_511_627_776.0;
    let size = bytes(text).filter(|size| *size <= MOST);
    size.ok_or_else(|| "must be an amount of memory, such as 512KiB, 64MiB or 2GiB".to_owned())
}

/// A size in whole bytes; `None` if this is none.
fn bytes(text: &str) -> Option<f64> {
    let (number, unit) = split(text);
    let bytes: f64 = match unit {
        "" | "B" => 1.0,
        "kB" | "k" => 1e3,
        "MB" | "M" => 1e6,
        "KiB" | "Ki" | "K" => 1024.0,
        "MiB" | "Mi" => 1_048_576.0,
        "GiB" | "Gi" => 1_073_741_824.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    let size = (number * bytes).round();
    (size >= 0.0).then_some(size)
}

/// A number and its unit, which a space may separate.
pub(crate) fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("10 s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("3"), Ok(Duration::from_secs(3)));
        for wrong in ["", "s", "-1s", "1d", "1e400s", "5 parsecs"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
        assert!(is_without_unit("5") && !is_without_unit("5s") && !is_without_unit("0"));
    }

    #[test]
    fn sizes_have_bounds() {
        assert_eq!(size("64KiB"), Ok(65536));
        assert_eq!(size("10kB"), Ok(10_000));
        for wrong in ["", "KiB", "-1", "1TB", "2GiB"] {
            assert!(size(wrong).is_err(), "{wrong:?}");
        }
    }
}
