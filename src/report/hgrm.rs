//! Histograms as `.hgrm`: the text format of HdrHistogram's `outputPercentileDistribution`,
//! which its plotter and other tools read. Values are microseconds with three decimals.

use std::fmt::Write as _;

use hdrhistogram::Histogram;

/// Rows per halving of the distance to 100 %, the default of HdrHistogram.
const TICKS_PER_HALF_DISTANCE: u32 = 5;
const NS_PER_US: f64 = 1000.0;

/// The distribution as text, with `notes` at its end.
pub(crate) fn hgrm(histogram: &Histogram<u64>, notes: &[String]) -> String {
    let mut out = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    // Writing to a string cannot fail.
    let mut write = |line: std::fmt::Arguments<'_>| {
        let _ = out.write_fmt(line);
    };
    let mut sum = 0;
    for row in histogram.iter_quantiles(TICKS_PER_HALF_DISTANCE) {
        sum += row.count_since_last_iteration();
        let value = histogram.highest_equivalent(row.value_iterated_to()) as f64 / NS_PER_US;
        let quantile = row.quantile_iterated_to();
        if quantile < 1.0 {
            let inverse = 1.0 / (1.0 - quantile);
            write(format_args!(
                "{value:12.3} {quantile:14.12} {sum:10} {inverse:14.2}\n"
            ));
        } else {
            write(format_args!("{value:12.3} {quantile:14.12} {sum:10}\n"));
            // The iterator gives the last row twice (HdrHistogram_rust #66).
            break;
        }
    }
    let (mean, deviation) = (histogram.mean() / NS_PER_US, histogram.stdev() / NS_PER_US);
    let (max, count) = (histogram.max() as f64 / NS_PER_US, histogram.len());
    write(format_args!(
        "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]\n"
    ));
    write(format_args!(
        "#[Max     = {max:12.3}, Total count    = {count:12}]\n"
    ));
    let (buckets, sub_buckets) = shape(histogram);
    write(format_args!(
        "#[Buckets = {buckets:12}, SubBuckets     = {sub_buckets:12}]\n"
    ));
    for note in notes {
        write(format_args!("# {note}\n"));
    }
    out
}

/// The number of buckets, and of sub-buckets per bucket, as HdrHistogram counts them.
fn shape(histogram: &Histogram<u64>) -> (u32, u64) {
    let largest = 2 * 10_u64.pow(histogram.sigfig().into());
    let sub_buckets = largest.next_power_of_two();
    let mut buckets = 1;
    let mut covered = u128::from(sub_buckets);
    while covered <= u128::from(histogram.high()) {
        covered *= 2;
        buckets += 1;
    }
    (buckets, sub_buckets)
}
