//! `--plan`: prints what would be measured and how long it would take.

use std::io::{self, Write};
use std::time::Duration;

use crate::findings::units::{some, trimmed};
use crate::measure::{Case, Forecast, LONGEST_WARMUP_PILOT, Measurement, Plan, SearchPlan};
use crate::scenario::{CapacityOf, Rate};

/// Prints the search and its servers.
pub(crate) fn print_search(search: &SearchPlan) -> anyhow::Result<()> {
    let time = time(&search.forecast());
    let mut out = io::stdout().lock();
    let target = search.slo;
    writeln!(
        out,
        "the highest rate within {target}, {time}, seed {}:",
        search.seed
    )?;
    print_warmup(&mut out, &search.warmup_pilots())?;
    for case in &search.cases {
        let (name, load) = (&case.label, &case.load);
        let (clients, step) = (load.clients, load.duration);
        writeln!(
            out,
            "  {name}, {clients} clients, steps of {step:?} after {:?}",
            load.warmup
        )?;
    }
    Ok(())
}

/// Prints the trials in their order.
pub(crate) fn print_plan(plan: &Plan) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let forecast = plan.forecast();
    let time = time(&forecast);
    let trials = some(plan.trials() as u64, "trial");
    let pilots = match forecast.pilots {
        0 => String::new(),
        pilots => format!(" with {} before them", some(pilots as u64, "pilot")),
    };
    let done = match plan.trials() - forecast.trials {
        0 => String::new(),
        done => format!(", of which {done} are done,"),
    };
    writeln!(out, "{trials}{done} {time}{pilots}, seed {}:", plan.seed)?;
    print_warmup(&mut out, &plan.warmup_pilots())?;
    for (order, (round, at)) in plan.order().into_iter().enumerate() {
        let case = &plan.cases[at];
        let (name, load) = (&case.label, &case.load);
        let scenario = case.scenario.as_ref().map(|name| format!("{name}: "));
        writeln!(
            out,
            "{:>4}  round {}  {}{name}, {} clients{}, {:?} after {:?}",
            order + 1,
            round + 1,
            scenario.unwrap_or_default(),
            load.clients,
            rate(case),
            load.duration,
            load.warmup
        )?;
    }
    Ok(())
}

/// The pilots of the warm-up, if there are any.
fn print_warmup(out: &mut impl Write, pilots: &[Case]) -> io::Result<()> {
    let names: Vec<&str> = pilots.iter().map(|case| case.label.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "  pilots of at most {LONGEST_WARMUP_PILOT:?} find the warm-up ({}) of all trials; what stands below is the least",
        names.join(", ")
    )
}

/// How long a run takes: `in about 22 s`, or a range where the warm-up has to be found.
fn time(forecast: &Forecast) -> String {
    let (time, longest) = (seconds(forecast.time), seconds(forecast.longest));
    if forecast.longest > forecast.time {
        format!("in {time} to {longest} s")
    } else {
        format!("in about {time} s")
    }
}

/// A time in seconds, of which under ten have a decimal.
fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    trimmed(seconds, usize::from(seconds < 10.0))
}

fn rate(case: &Case) -> String {
    let share = case.rate_spec.map(|rate_spec| rate_spec.rate);
    match (share, case.load.rate_rps) {
        (Some(Rate::Share { share, of }), _) => {
            let capacity = match of {
                CapacityOf::Weakest => "weakest",
                CapacityOf::Strongest => "strongest",
            };
            format!(
                " at {} % of the capacity of the {capacity}",
                (100.0 * share).round()
            )
        }
        (Some(Rate::Rps(rate_rps)), _) | (_, Some(rate_rps)) => format!(" at {rate_rps}/s"),
        (_, None) => String::new(),
    }
}
