//! Records with fixed figures.

use std::time::Duration;

use rpcbench::internal::findings::validity_sentences::sentence;
use rpcbench::internal::report;
use rpcbench::record::{
    Cell, Censored, Environment, LoadSpec, Quantiles, Record, RoundsRule, ServerIdentity,
    ServerKind, ServerOptions, ServerSide, SystemLimits, Tool, Trial, Validity, ValidityFinding,
    Verdict,
};

pub(crate) fn record(cells: Vec<Cell>) -> Record {
    Record {
        schema: Record::SCHEMA.to_owned(),
        started: "2026-01-31T12:00:00Z".to_owned(),
        command: vec!["rpcbench".to_owned()],
        seed: 1,
        interrupted: false,
        tool: Tool {
            version: "0.1.0".to_owned(),
            git: Some("abcdef".to_owned()),
            rustc: "rustc 1.90.0".to_owned(),
            profile: "release".to_owned(),
        },
        environment: Environment {
            cpu_model: Some("Some CPU".to_owned()),
            cpus: 2,
            cpu_quota: None,
            kernel: Some("6.1.0".to_owned()),
            governor: None,
            memory_bytes: Some(8 << 30),
            virtualised: true,
            load_1m: Some(0.1),
            cpu_accounting: None,
            limits: SystemLimits {
                nofile: Some(20000),
                somaxconn: Some(4096),
                port_range: Some([32768, 60999]),
            },
            selftest: None,
        },
        cells,
        searches: Vec::new(),
        check: None,
        asserts: Vec::new(),
        scenarios: Vec::new(),
        warmup: None,
        pilots: Vec::new(),
        left_out: Vec::new(),
        resumed: Vec::new(),
    }
}

pub(crate) fn cell(name: &str, trials: Vec<Trial>) -> Cell {
    let load = LoadSpec {
        duration: Duration::from_secs(1),
        warmup: Duration::from_millis(300),
        ..LoadSpec::default()
    };
    let contestant = ServerIdentity {
        kind: ServerKind::Model,
        name: name.to_owned(),
        command: None,
        options: ServerOptions::default(),
        role: None,
    };
    Cell {
        contestant,
        scenario: None,
        load,
        rounds: RoundsRule::Fixed,
        trials,
    }
}

/// A trial with this throughput and this CPU time per request.
pub(crate) fn trial(round: usize, throughput_rps: f64, cpu_us: f64) -> Trial {
    let latency = |ns: u64| Some(ns * 100_000);
    Trial {
        order: round,
        round,
        interrupted: false,
        measured_s: None,
        window: None,
        requests: throughput_rps as u64,
        throughput_rps,
        offered_rps: None,
        planned: None,
        backlog_growth: None,
        clients_asked: Some(64),
        clients_unserved: 0,
        clients_starved: 0,
        samples: throughput_rps as u64 + 64,
        latency_ns: Quantiles {
            mean: Some(123_456.0),
            p50: latency(6),
            p90: latency(9),
            p95: latency(10),
            p99: latency(12),
            p99_9: latency(30),
            p99_99: latency(50),
            max: latency(123),
        },
        exact_below: 1.0,
        clients_served: 64,
        fairness_jain: Some(0.9987),
        server: ServerSide {
            cpu_user_s: Some(0.1),
            cpu_system_s: Some(0.9),
            cpu_us_per_request: Some(cpu_us),
            pss_peak_bytes: Some(3_000_000),
            processes_peak: Some(3),
            threads_peak: Some(3),
            faults: Some(0),
            ..ServerSide::default()
        },
        ranks: Vec::new(),
        share: None,
        validity: Validity::default(),
        service_ns: Quantiles::default(),
        delays: None,
        connect_ns: Quantiles::default(),
        censored: Censored::default(),
        unanswered: 0,
        older: None,
        client_wait_ns: Default::default(),
        errors: Default::default(),
        warmup_errors: Default::default(),
        connects: Default::default(),
        idle: Default::default(),
        littles_law: Default::default(),
        trend: None,
        hostile_connections: None,
        residue: None,
        histograms: Default::default(),
        series: Vec::new(),
        slices: None,
        machine: None,
        steal_share: None,
        overload: None,
        generator: Default::default(),
    }
}

/// Six rounds on a machine of varying speed, of a model `times` times as fast as the base.
pub(crate) fn six(times: f64) -> Vec<Trial> {
    let speed = [1.0, 0.6, 1.1, 0.9, 1.3, 0.8];
    // Models differ in their noise.
    let mut noise = [1.01, 0.99, 1.0, 1.02, 0.97, 1.0];
    noise.rotate_left((times * 1000.0) as usize % 6);
    (0..6)
        .map(|at| {
            trial(
                at,
                50_000.0 * times * speed[at] * noise[at],
                20.0 / (times * speed[at] * noise[at]),
            )
        })
        .collect()
}

/// The validity of a trial with these findings.
pub(crate) fn suspect(findings: Vec<ValidityFinding>) -> Validity {
    let verdicts = findings.iter().filter_map(ValidityFinding::verdict);
    Validity {
        verdict: verdicts.max().unwrap_or(Verdict::Suspect),
        reasons: findings.iter().map(sentence).collect(),
        findings,
    }
}

pub(crate) fn starved(mut trial: Trial) -> Trial {
    trial.clients_served = 1;
    trial.clients_unserved = 63;
    trial.clients_starved = 63;
    trial.unanswered = 63;
    trial.censored = Censored {
        count: 63,
        min_age_ns: 2_300_000_000,
    };
    trial.exact_below = 0.999;
    trial
}

pub(crate) fn text(record: &Record) -> String {
    plain(&report::ALL[0].render(record))
}

/// Text for a terminal without its styles, of at most 80 columns.
pub(crate) fn plain(rendered: &str) -> String {
    let plain = anstream::adapter::strip_str(rendered).to_string();
    for line in plain.lines() {
        assert!(line.chars().count() <= 80, "over 80 columns: {line}");
        assert_eq!(line, line.trim_end(), "trailing spaces");
    }
    plain
}
