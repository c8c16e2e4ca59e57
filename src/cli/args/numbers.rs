//! Numbers on the command line: counts as `64` or `1k`, rates as `20k`, shares as `5%`, sizes as
//! `64KiB`. Each error continues the sentence "--option VALUE: …".

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use crate::record::quantity::{size, split};
use crate::record::{MOST_CONNECTIONS, MOST_IN_FLIGHT};

/// A size such as `64KiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) usize);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Bytes, String> {
        size(text).map(Bytes)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
        match units
            .into_iter()
            .find(|(_, shift)| self.0 > 0 && self.0.is_multiple_of(1 << shift))
        {
            Some((unit, shift)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}", self.0),
        }
    }
}

/// A whole number from 1 to [`MOST_CONNECTIONS`]: `64`, `1k`, `1.5k`.
pub(crate) fn count(text: &str) -> Result<NonZeroUsize, String> {
    up_to(MOST_CONNECTIONS, text)
}

/// Requests in flight per connection.
pub(crate) fn pipeline(text: &str) -> Result<NonZeroUsize, String> {
    up_to(MOST_IN_FLIGHT, text)
}

/// A number of connections, which may be 0.
pub(crate) fn connections(text: &str) -> Result<usize, String> {
    match text {
        "0" => Ok(0),
        nonzero => count(nonzero).map(NonZeroUsize::get),
    }
}

/// A seed; below 2^50, so that every JSON reader keeps it exact.
pub(crate) fn seed(text: &str) -> Result<u64, String> {
    const MOST: u64 = 1 << 50;
    let seed = text.parse().ok().filter(|seed| *seed < MOST);
    seed.ok_or_else(|| format!("must be a whole number from 0 to {}", MOST - 1))
}

fn up_to(most: usize, text: &str) -> Result<NonZeroUsize, String> {
    refuse_thousands_separator(text)?;
    let number = decimal(text)
        .and_then(whole)
        .filter(|number| *number <= most);
    number
        .and_then(NonZeroUsize::new)
        .ok_or_else(|| format!("must be a whole number from 1 to {most}, such as 64 or 1k"))
}

/// Requests per second: `500`, `20k`, `1.5M`.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    refuse_thousands_separator(text)?;
    let rate = decimal(text).filter(|rate| (0.01..=1e7).contains(rate));
    rate.ok_or_else(|| {
        "must be requests per second from 0.01 to 10M, such as 500 or 20k".to_owned()
    })
}

/// A number with the unit `k` (thousand) or `M` (million), or without a unit.
fn decimal(text: &str) -> Option<f64> {
    let (number, unit) = split(text);
    let factor = match unit {
        "" => 1.0,
        "k" | "K" => 1e3,
        "M" => 1e6,
        _ => return None,
    };
    number.parse().ok().map(|number: f64| number * factor)
}

/// The same number as an integer; `None` if it has a fraction.
fn whole(number: f64) -> Option<usize> {
    // 1.1k is 1100.0000000000002.
    let rounded = number.round();
    ((rounded - number).abs() < 1e-6).then_some(rounded as usize)
}

/// Explains `10,000`: a list splits it at the comma, and its second part begins with 0.
fn refuse_thousands_separator(text: &str) -> Result<(), String> {
    let is_number = text.chars().all(|c| c.is_ascii_digit() || c == ',');
    let has_leading_zero = text.len() > 1 && text.starts_with('0') && !text.starts_with("0.");
    if is_number && (has_leading_zero || text.contains(',')) {
        return Err(
            "a comma separates two values; write the number without it, such as 10000 or 10k"
                .to_owned(),
        );
    }
    Ok(())
}

/// A fraction over 0 and under 1: `5%` or `0.05`.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse(),
    };
    let share = share.ok().filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "must be a share over 0 % and under 100 %, such as 5% or 0.05".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_may_have_a_unit() {
        let counted = |text| count(text).map(NonZeroUsize::get);
        assert_eq!(counted("64"), Ok(64));
        assert_eq!(counted("1k"), Ok(1000));
        assert_eq!(counted("1.1k"), Ok(1100));
        assert_eq!(counted("10M"), Ok(10_000_000));
        for wrong in [
            "",
            "0",
            "-1",
            "1.5",
            "11M",
            "1kk",
            "abc",
            "10 kittens",
            "1e3",
        ] {
            let fault = counted(wrong).unwrap_err();
            assert!(fault.contains("from 1 to 10000000"), "{wrong:?}: {fault}");
        }
        assert_eq!(connections("0"), Ok(0));
        assert_eq!(connections("2k"), Ok(2000));
    }

    #[test]
    fn a_thousands_separator_is_explained() {
        for text in ["000", "10,000", "050"] {
            let fault = count(text).unwrap_err();
            assert!(fault.contains("10000 or 10k"), "{text}: {fault}");
            assert!(rate(text).unwrap_err().contains("10000 or 10k"));
        }
    }

    #[test]
    fn rates_shares_and_sizes_have_bounds() {
        assert_eq!(rate("20k"), Ok(20_000.0));
        assert_eq!(rate("0.5"), Ok(0.5));
        assert!(rate("0").is_err() && rate("20kk").is_err() && rate("-1").is_err());
        assert_eq!(share("5%"), Ok(0.05));
        assert_eq!(share("0.1"), Ok(0.1));
        assert!(share("0").is_err() && share("100%").is_err() && share("5").is_err());
        assert_eq!(Bytes(1 << 20).to_string(), "1MiB");
        assert_eq!(Bytes(1500).to_string(), "1500");
    }
}
