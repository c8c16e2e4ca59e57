//! Layout of text: its width, cutting it to a width, and moving labels apart.

use textwrap::core::display_width;

/// Distance between lines of 14 px text, in pixels. On a phone a chart 540 px wide still has 10 px text.
pub(crate) const LINE_PX: f64 = 17.0;
/// The width of a letter, on the wide side because the font is unknown. Digits and capitals add `WIDER_PX`.
const LETTER_PX: f64 = 7.3;
const WIDER_PX: f64 = 1.5;
/// The gap between the labels of two ticks.
const GAP_PX: f64 = 10.0;
const Y_TICKS_PX: f64 = 26.0;

/// The axis that labels belong to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Along {
    X,
    Y,
}

/// The estimated width of text, in pixels.
pub(crate) fn width(text: &str) -> f64 {
    let is_wide = |letter: &char| letter.is_ascii_digit() || letter.is_ascii_uppercase();
    let wide = text.chars().filter(is_wide).count();
    display_width(text) as f64 * LETTER_PX + wide as f64 * WIDER_PX
}

/// The least distance between the ticks of two labels, in pixels.
pub(crate) fn least_between(along: Along, first: &str, second: &str) -> f64 {
    match along {
        Along::X => (width(first) + width(second)) / 2.0 + GAP_PX,
        Along::Y => Y_TICKS_PX,
    }
}

/// Text of at most `columns` columns. The middle is cut, because names often differ at their end.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let fitting = |letters: &mut dyn Iterator<Item = &char>, columns: usize| -> Vec<char> {
        let mut left = columns;
        letters
            .map_while(|letter| {
                left = left.checked_sub(display_width(letter.encode_utf8(&mut [0; 4])))?;
                Some(*letter)
            })
            .collect()
    };
    let after = (columns - 1) / 2;
    let start = fitting(&mut letters.iter(), columns - 1 - after);
    let end = fitting(&mut letters.iter().rev(), after);
    let ellipsis = std::iter::once('…');
    start
        .into_iter()
        .chain(ellipsis)
        .chain(end.into_iter().rev())
        .collect()
}

/// The number of labels that fit between two heights, middle to middle.
pub(crate) fn room(low: f64, high: f64) -> usize {
    ((high - low) / LINE_PX).max(0.0) as usize + 1
}

/// Moves labels as little as possible (least squares) so that each two are a line apart and all are
/// from `low` to `high`, if there are no more than [`room`] of them. Their order stays.
pub(crate) fn spread(wanted: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    // Subtracting a line's height per label above leaves only the constraint of order. That is
    // isotonic regression: neighbours that are out of order are pooled into their mean.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (rank, at) in order.iter().enumerate() {
        let mut pool = (wanted[*at] - rank as f64 * LINE_PX, 1);
        while let Some(&(sum, number)) = pools.last() {
            if sum / (number as f64) <= pool.0 / pool.1 as f64 {
                break;
            }
            pool = (pool.0 + sum, pool.1 + number);
            pools.pop();
        }
        pools.push(pool);
    }
    let means = pools
        .into_iter()
        .flat_map(|(sum, number)| std::iter::repeat_n(sum / number as f64, number));
    let last = high - wanted.len().saturating_sub(1) as f64 * LINE_PX;
    let mut heights = vec![0.0; wanted.len()];
    for (rank, (at, mean)) in order.iter().zip(means).enumerate() {
        heights[*at] = mean.min(last).max(low) + rank as f64 * LINE_PX;
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_that_do_not_overlap_stay() {
        assert_eq!(spread(&[100.0, 20.0], 10.0, 200.0), [100.0, 20.0]);
        assert_eq!(spread(&[50.0, 50.0], 10.0, 200.0), [41.5, 58.5]);
        assert_eq!(spread(&[10.0, 10.0], 10.0, 200.0), [10.0, 27.0]);
    }

    proptest! {
        #[test]
        fn labels_do_not_overlap_and_stay_inside(
            wanted in proptest::collection::vec(-100.0..500.0_f64, 0..19),
            low in 0.0..20.0_f64,
        ) {
            let high = 330.0;
            prop_assume!(wanted.len() <= room(low, high));
            let mut heights = spread(&wanted, low, high);
            heights.sort_by(f64::total_cmp);
            prop_assert!(heights.iter().all(|at| *at >= low - 1e-6 && *at <= high + 1e-6), "{heights:?}");
            prop_assert!(heights.windows(2).all(|two| two[1] - two[0] >= LINE_PX - 1e-6), "{heights:?}");
        }
    }

    #[test]
    fn long_names_are_cut_in_the_middle() {
        assert_eq!(shortened("preforking-async", 16), "preforking-async");
        assert_eq!(shortened("preforking-async, now", 11), "prefo…, now");
        assert_eq!(shortened("日本語日本語日本語", 7), "日…語");
        assert!(display_width(&shortened("日本語日本語日本語", 8)) <= 8);
    }
}
