//! What a check on a trial found, in a few words, for the first line of a report. The sentence
//! with the figures and the remedy is in `validity_sentences`.

use super::trend_sentences;
use super::units::count;
use crate::record::ValidityFinding;

/// The finding in a few words, without a full stop.
pub(crate) fn title(finding: &ValidityFinding) -> String {
    let fixed = match finding {
        ValidityFinding::OverCapacity {
            offered_rps,
            achieved_rps,
        } => {
            let rate = |rps: f64| count(rps.round() as u64);
            let (offered, achieved) = (rate(*offered_rps), rate(*achieved_rps));
            return format!("the rate was over capacity ({achieved}/s of {offered}/s)");
        }
        ValidityFinding::Failures { errors, .. } => {
            return format!("{} requests or connects failed", count(errors.total()));
        }
        ValidityFinding::Trend {
            metric,
            change_share,
            ..
        } => return trend_sentences::change(*metric, *change_share, false),
        ValidityFinding::HypervisorSteal { stolen_share } => {
            let percent = stolen_share * 100.0;
            return format!("the hypervisor took {percent:.0} % of the machine's time");
        }
        ValidityFinding::EndedEarly { .. } => "Ctrl-C ended the trial",
        ValidityFinding::WindowsDiffer { .. } => "some ranks ended early",
        ValidityFinding::NoReplies { .. } => "no correct reply",
        ValidityFinding::GeneratorLimited { .. } => "the load generator was at its limit",
        ValidityFinding::StillConnecting { .. } => {
            "connections were still being made in the window"
        }
        ValidityFinding::SchedulingDelay { .. } => {
            "much of the latency is scheduling delay of the generator"
        }
        ValidityFinding::NoStamps { .. } => "many replies have no time stamp",
        ValidityFinding::ClientPriority { .. } => "the load generator had a lower priority",
        ValidityFinding::LittlesLaw { .. } => "Little's law does not hold",
        ValidityFinding::UncleanStop {} => "the server did not stop cleanly",
        ValidityFinding::DebugBuild {} => "this is a debug build",
        ValidityFinding::HistogramOverflow { .. } => "some times were over one hour",
        ValidityFinding::MissingRanks { .. } => "ranks are missing",
        ValidityFinding::RanksApart { .. } => "the ranks did not begin together",
        ValidityFinding::SaturatedRanks { .. } => "some ranks were at their limit",
        ValidityFinding::Stragglers { .. } => "some ranks were much slower than the others",
        ValidityFinding::Legacy { .. } | ValidityFinding::Unknown { .. } => {
            "the reasons are in the warnings"
        }
    };
    fixed.to_owned()
}
