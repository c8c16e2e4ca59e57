//! Makes one record of those that the generators of a load wrote.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::measure::Share;
use crate::measure::ranks::add_shares;
use crate::record::{Cell, LoadSpec, Record};

/// A record with the file that it is from.
pub type Source = (PathBuf, Record);

/// The record of a whole load, and what to know about it.
#[derive(Debug)]
pub struct Merged {
    /// The record.
    pub record: Record,
    /// Reasons for doubt that are in no finding.
    pub warnings: Vec<String>,
}

/// Makes one record of those of the generators of a load.
///
/// # Errors
/// When one of them is not a part of the same plan: which one and why.
pub fn merge(sources: &[Source], command: Vec<String>) -> Result<Merged, Error> {
    let mut parts = Vec::new();
    for (file, record) in sources {
        let part = Part::of(record).map_err(|reason| refused(file, reason))?;
        parts.push((file, record, part));
    }
    parts.sort_by_key(|(_, _, part)| part.share.rank);
    let [(first_file, first, base), others @ ..] = parts.as_slice() else {
        return Err(refused(
            Path::new(""),
            "name the records of all ranks".to_owned(),
        ));
    };
    for (file, record, part) in others {
        is_same_plan((first_file, first, base), (record, part))
            .map_err(|reason| refused(file, reason))?;
    }
    for two in parts.windows(2) {
        if two[0].2.share.rank == two[1].2.share.rank {
            let (rank, other) = (two[0].2.share.rank, two[0].0.display());
            return Err(refused(two[1].0, format!("{other} has rank {rank} too")));
        }
    }
    let shares: Vec<Share> = parts
        .iter()
        .map(|(_, _, part)| part.share.clone())
        .collect();
    let Some(trial) = add_shares(&base.cell.load, &shares) else {
        return Err(refused(first_file, "it has no share".to_owned()));
    };
    let started = parts.iter().map(|(_, record, _)| &record.started).min();
    let mut record = (*first).clone();
    record.command = command;
    record.interrupted = parts.iter().any(|(_, record, _)| record.interrupted);
    record.started = started.unwrap_or(&first.started).clone();
    record.cells = vec![Cell {
        trials: vec![trial],
        ..base.cell.clone()
    }];
    Ok(Merged {
        warnings: [
            server_warnings(&parts),
            clock_warnings(&shares),
            window_warnings(&shares),
        ]
        .concat(),
        record,
    })
}

/// The one trial of a record that has a share.
struct Part<'a> {
    cell: &'a Cell,
    share: Share,
}

impl<'a> Part<'a> {
    fn of(record: &'a Record) -> Result<Part<'a>, String> {
        let of_one_rank =
            "it is not the record of one rank: measure with --rank K/N --start-at TIME";
        let [cell] = record.cells.as_slice() else {
            return Err(of_one_rank.to_owned());
        };
        let [trial] = cell.trials.as_slice() else {
            return Err(of_one_rank.to_owned());
        };
        let share = trial.share.as_deref().ok_or(of_one_rank)?;
        Ok(Part {
            cell,
            share: Share::decode(share)?,
        })
    }
}

/// Refuses what is not a part of the same plan.
fn is_same_plan(
    (file, first, base): (&Path, &Record, &Part<'_>),
    (record, part): (&Record, &Part<'_>),
) -> Result<(), String> {
    let file = file.display();
    let differs = |what: &str| Err(format!("its {what} differs from that of {file}"));
    if record.tool != first.tool {
        return differs("build of rpcbench");
    }
    if record.seed != first.seed {
        return differs("seed");
    }
    if plan_of(&part.cell.load) != plan_of(&base.cell.load) {
        return differs("load");
    }
    if part.cell.scenario != base.cell.scenario {
        return differs("scenario");
    }
    if part.share.ranks != base.share.ranks {
        return differs("number of ranks");
    }
    if part.share.start_at != base.share.start_at {
        return differs("start (--start-at)");
    }
    let (own, first) = (&part.share.measured.recorder, &base.share.measured.recorder);
    if !own.is_of_same_plan(first) {
        return differs("begin of the window");
    }
    Ok(())
}

/// A load without what may differ between hosts.
fn plan_of(load: &LoadSpec) -> LoadSpec {
    let default = LoadSpec::default();
    LoadSpec {
        client_cpus: default.client_cpus,
        client_priority: default.client_priority,
        client_spin: default.client_spin,
        ..load.clone()
    }
}

/// Parts of the load of another server; a server may also have several names.
fn server_warnings(parts: &[(&PathBuf, &Record, Part<'_>)]) -> Vec<String> {
    let named = |part: &Part<'_>| (part.share.rank, part.cell.contestant.name.clone());
    let servers: Vec<(usize, String)> = parts.iter().map(|(_, _, part)| named(part)).collect();
    let (first, first_name) = &servers[0];
    let others = servers.iter().filter(|(_, name)| name != first_name);
    let warning = |(rank, name): &(usize, String)| {
        format!(
            "rank {rank} measured {name}, and rank {first} {first_name}: only parts of the load of one server \
             may be added, so check that these are the same"
        )
    };
    others.map(warning).collect()
}

/// The ranks began at the same time by their own clocks: are these synchronised?
fn clock_warnings(shares: &[Share]) -> Vec<String> {
    let unknown = shares.iter().filter(|share| {
        let error_ns = share.clock.and_then(|clock| clock.uncertainty_ns);
        error_ns.is_none()
    });
    let mut hosts: Vec<&str> = unknown.map(|share| share.host.as_str()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    let all: Vec<&str> = shares.iter().map(|share| share.host.as_str()).collect();
    let is_one_host = all.iter().all(|host| *host == all[0]);
    if hosts.is_empty() || is_one_host {
        return Vec::new();
    }
    vec![format!(
        "no time service keeps the clock of {} synchronised, so the ranks may not have run together: run chrony or ntpd there",
        hosts.join(", ")
    )]
}

/// Windows that ended early: the others made the load alone from then on.
fn window_warnings(shares: &[Share]) -> Vec<String> {
    let longest_s = shares.iter().map(Share::window_s).fold(0.0, f64::max);
    let short = shares.iter().filter(|share| share.window_s() < longest_s);
    let warning = |share: &Share| {
        format!(
            "rank {} on {} measured {:.1} s of {longest_s:.1} s, so the others made the load alone from then on; \
             the figures are those of the longest window: measure again for the whole load",
            share.rank,
            share.host,
            share.window_s()
        )
    };
    short.map(warning).collect()
}

fn refused(file: &Path, reason: String) -> Error {
    Error::Merge {
        file: file.to_owned(),
        reason,
    }
}
