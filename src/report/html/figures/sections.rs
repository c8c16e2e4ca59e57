//! Which charts a page has, in its order: one file a kind of chart.

use super::figure::Figure;
use super::{balance, over_time, percentiles, rates, side};
use crate::report::html::scenario_group::Study;

/// Charts of one kind.
pub(crate) struct Section {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    figures: fn(&Study<'_>) -> Vec<Figure>,
}

static SECTIONS: &[Section] = &[
    Section {
        id: "throughput",
        title: "Throughput",
        about: "Right replies a second in a closed loop, the median over rounds with their range. \
                Hollow: a lower bound, since the load generator was the limit, or clients were left unserved.",
        figures: side::throughput,
    },
    Section {
        id: "rates",
        title: "Response time against offered rate",
        about: "An open loop at the same absolute rates for all: the place where latency can be compared. \
                From the planned send, whether the connection was free or not. Contestants that left clients \
                unserved have no quantiles and are not drawn.",
        figures: rates::figures,
    },
    Section {
        id: "percentiles",
        title: "Response time by percentile",
        about: "The median over rounds at each percentile; each further nine takes the same room. \
                Pale and dashed: lower bounds, since requests were left without an answer.",
        figures: percentiles::figures,
    },
    Section {
        id: "cpu",
        title: "Server CPU a request",
        about: "All processes of the server, user and kernel, the median over rounds with their range.",
        figures: side::cpu,
    },
    Section {
        id: "memory",
        title: "Memory and processes",
        about: "The peak of the proportional set size (pages that processes share are divided among them), \
                and of processes and threads.",
        figures: side::memory,
    },
    Section {
        id: "fairness",
        title: "Fairness, and balance over workers",
        about: "Jain's index over the clients' replies, where somebody's is under 0.98: 1 is fair, 1/n is \
                one client for all. Where clients reconnect all at once, or others hold connections, the longest wait \
                of a client. And each worker's share of the requests, a dot a worker and round.",
        figures: balance::figures,
    },
    Section {
        id: "time",
        title: "Over time",
        about: "Each interval of the window, of each contestant's trial of median throughput: p99, or p50 where \
                an interval has too few replies for that; of an overload the replies, and what is under way.",
        figures: over_time::figures,
    },
];

/// The sections with their charts.
pub(crate) fn sections(study: &Study<'_>) -> Vec<(&'static Section, Vec<Figure>)> {
    let made = |section: &'static Section| (section, (section.figures)(study));
    SECTIONS.iter().map(made).collect()
}
