//! The sections of charts of a page, in their order.

use super::figure::Figure;
use super::{balance, over_time, percentiles, rates, side};
use crate::report::html::scenario_group::PageData;

/// Charts of one kind.
pub(crate) struct Section {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    figures: fn(&PageData<'_>) -> Vec<Figure>,
}

static SECTIONS: &[Section] = &[
    Section {
        id: "throughput",
        title: "Throughput",
        about: "Correct replies per second in a closed loop: the median over rounds with the range. \
                A hollow marker is a lower bound: the load generator was the limit, or clients were left unserved.",
        figures: side::throughput,
    },
    Section {
        id: "rates",
        title: "Response time against offered rate",
        about: "An open loop with the same absolute rates for all servers. Only here can response times be compared. \
                They start at the planned send time, even if the connection was not free. Servers that left \
                clients unserved have no quantiles and are not drawn.",
        figures: rates::figures,
    },
    Section {
        id: "percentiles",
        title: "Response time by percentile",
        about: "The median over rounds at each percentile; each further nine takes the same width. \
                Pale dashed lines are lower bounds, because some requests had no reply.",
        figures: percentiles::figures,
    },
    Section {
        id: "cpu",
        title: "Server CPU per request",
        about: "User and kernel time of all processes of the server: the median over rounds with the range. \
                Over loopback the kernel does a part of the work of one side in the name of the other. So the CPU of the \
                machine is shown beside it: the busy time of all cores without that of other processes, which is \
                the server, the generator, and the kernel for both.",
        figures: side::cpu,
    },
    Section {
        id: "switches",
        title: "Context switches per request",
        about: "Of all threads of the server, at several rates: the median over rounds with the range. \
                A voluntary switch is a thread that slept until it was woken up, so they count wake-ups: near idle \
                each request pays for one or more, under load one wake-up serves several requests. \
                An involuntary switch is a core taken from a thread.",
        figures: side::switches,
    },
    Section {
        id: "memory",
        title: "Memory and processes",
        about: "The peak proportional set size (PSS: shared pages are divided among the processes that share them; \
                without kernel stacks, page tables and socket buffers), and the peak number of processes and threads. \
                Servers whose processes end before their memory can be read have none.",
        figures: side::memory,
    },
    Section {
        id: "fairness",
        title: "Fairness, and balance over workers",
        about: "Jain's index over the clients' replies, if it is under 0.98 for any server: 1 is fair, 1/n means that \
                one of n clients got all replies. The longest wait of a client, if all clients reconnect at once or \
                idle connections are held. Each worker's share of the requests, one dot per worker and round.",
        figures: balance::figures,
    },
    Section {
        id: "time",
        title: "Over time",
        about: "Each interval of the window, in each server's trial of median throughput: p99, or p50 if \
                intervals have too few replies for p99; for an overload, replies and requests in progress.",
        figures: over_time::figures,
    },
];

/// The sections with their charts.
pub(crate) fn sections(page: &PageData<'_>) -> Vec<(&'static Section, Vec<Figure>)> {
    let build = |section: &'static Section| (section, (section.figures)(page));
    SECTIONS.iter().map(build).collect()
}
