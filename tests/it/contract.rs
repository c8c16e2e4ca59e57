//! Behaviour that every model must have: a table of cases, run against each model.

use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Client, Served, frame, ping, pong};

mod busy_polling;
mod loops;
mod slow_peers;
mod stops;

use slow_peers::*;
use stops::*;

/// Runs each case against each model, as a separate test.
macro_rules! contract {
    ($($case:ident)*) => {
        /// One module per case, with one test per model.
        mod cases {
            $(
                mod $case {
                    use crate::support::can_run;

                    #[test] fn single() { super::super::$case("single"); }
                    #[test] fn threaded() { super::super::$case("threaded"); }
                    #[test] fn forking() { super::super::$case("forking"); }
                    #[test] fn preforking() { super::super::$case("preforking"); }
                    #[test] fn asynchronous() { super::super::$case("async"); }
                    #[test] fn preforking_async() { super::super::$case("preforking-async"); }
                    #[test] fn pool() { super::super::$case("pool"); }
                    #[test] fn async_threads() { super::super::$case("async-threads"); }
                    #[test] fn async_pool() { super::super::$case("async-pool"); }
                    #[test] fn tokio() { super::super::$case("tokio"); }
                    #[test] fn uring() {
                        if can_run("uring") {
                            super::super::$case("uring");
                        }
                    }
                }
            )*
        }
    };
}

contract! {
    split_frames
    a_byte_at_a_time
    a_thousand_pipelined
    methods
    bad_requests_leave_the_connection_open
    an_oversize_frame_is_refused
    half_close
    closed_inside_a_message
    a_slow_reader_is_disconnected_and_does_not_delay_others
    an_idle_peer_is_closed
    a_dribbling_peer_is_closed
    the_timeout_of_a_message_starts_at_its_first_byte
    a_ping_of_the_maximum_length
    sleeps_and_replies_keep_their_order
    many_clients
    stop_while_idle
    stop_while_mid_frame
    stop_while_busy
    stop_while_a_client_keeps_sending
    stop_while_a_peer_does_not_read
    stop_with_clients_waiting
    stop_closes_connections_at_the_end_of_the_drain
    stop_ends_a_handler_that_computes
    counters_agree_with_the_load
}

/// Whether the model serves one connection at a time, in total or per worker.
fn is_serial(model: &str) -> bool {
    ["single", "preforking", "pool"].contains(&model)
}

#[test]
fn the_table_names_every_model() {
    let named = [
        "single",
        "threaded",
        "forking",
        "preforking",
        "async",
        "preforking-async",
        "pool",
        "async-threads",
        "async-pool",
        "tokio",
        "uring",
    ];
    let all: Vec<&str> = rpcbench::models::ALL
        .iter()
        .map(|model| model.name())
        .collect();
    assert_eq!(all, named, "a model was added: add it to the macro above");
}

fn split_frames(model: &str) {
    let server = Served::start(model, &[]);
    let mut client = server.client();
    let request = frame(&ping(r#"{"a":[1,2.50,"é"]}"#));
    for split in 1..request.len() {
        client.send(&request[..split]);
        // For some splits the pieces must arrive in separate packets.
        if split % 7 == 0 {
            thread::sleep(Duration::from_millis(2));
        }
        client.send(&request[split..]);
        assert_eq!(
            client.receive().as_deref(),
            Some(pong(r#"{"a":[1,2.50,"é"]}"#).as_str()),
            "split at {split}"
        );
    }
}

fn a_byte_at_a_time(model: &str) {
    let server = Served::start(model, &[]);
    let mut client = server.client();
    for byte in frame(&ping(7)) {
        client.send(&[byte]);
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(client.receive(), Some(pong(7)));
}

fn a_thousand_pipelined(model: &str) {
    let server = Served::start(model, &[]);
    let mut client = server.client();
    let requests: Vec<u8> = (0..1000).flat_map(|n| frame(&ping(n))).collect();
    client.send(&requests);
    for n in 0..1000 {
        assert_eq!(client.receive(), Some(pong(n)));
    }
}

fn methods(model: &str) {
    let server = Served::start(model, &[]);
    let mut client = server.client();
    assert_eq!(client.ask(r#"{"in":"ping"}"#), pong("null"));
    assert_eq!(
        client.ask(r#"{"in":"spin","params":100}"#),
        r#"{"out":"spin","result":100}"#
    );
    assert!(
        client
            .ask(r#"{"in":"pi","params":1000}"#)
            .starts_with(r#"{"out":"pi","result":3.14"#)
    );
    let blob = client.ask(r#"{"in":"blob","params":300000}"#);
    assert_eq!(blob.len(), 300_000 + r#"{"out":"blob","result":""}"#.len());
    let begun = Instant::now();
    assert_eq!(
        client.ask(r#"{"in":"sleep","params":50}"#),
        r#"{"out":"sleep","result":50}"#
    );
    assert!(begun.elapsed() >= Duration::from_millis(50));
    let begun = Instant::now();
    assert_eq!(
        client.ask(r#"{"in":"work","params":{"cpu_us":20000,"wait_ms":30,"reply_bytes":2}}"#),
        r#"{"out":"work","result":"xx"}"#
    );
    assert!(begun.elapsed() >= Duration::from_millis(50));
}

fn bad_requests_leave_the_connection_open(model: &str) {
    let server = Served::start(model, &[]);
    let mut client = server.client();
    let deep = ping(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)));
    let faulty = [
        ("", "empty body"),
        ("nonsense", "not a JSON object"),
        (r#"["ping",1]"#, "not a JSON object"),
        (r#" {"in":"ping"}"#, "not a JSON object"),
        (r#"{"in":"ping""#, "bad request"),
        (r#"{"in":"ping"} x"#, "trailing"),
        (r#"{"params":1}"#, "missing field `in`"),
        (r#"{"in":["ping"]}"#, "invalid type"),
        (r#"{"in":"x"}"#, r#"unknown method \"x\""#),
        (r#"{"in":"spin","params":"9"}"#, "bad params of spin"),
        (r#"{"in":"sleep","params":-1}"#, "from 0 to 60000"),
        (r#"{"in":"blob","params":1048576}"#, "bad params of blob"),
        (deep.as_str(), "nested deeper than 128"),
        (r#"{"in":"\ud800"}"#, "bad request"),
        (r#"{"in":"ping","in":"ping"}"#, "duplicate field"),
        (r#"{"in":"ping","params":1,"params":2}"#, "duplicate field"),
        (r#"{"in":"spin","params":1e999}"#, "bad params of spin"),
        (
            r#"{"in":"blob","params":99999999999999999999}"#,
            "bad params of blob",
        ),
        (r#"{"in":"pi","params":1.5}"#, "bad params of pi"),
        (r#"{"in":"work","params":7}"#, "an object with cpu_us"),
        (r#"{"in":"work","params":{"cpu":1}}"#, "unknown field `cpu`"),
        (
            r#"{"in":"work","params":{"cpu_us":-1}}"#,
            "from 0 to 10000000",
        ),
        (
            r#"{"in":"work","params":{"wait_ms":60001}}"#,
            "from 0 to 60000",
        ),
        (
            r#"{"in":"work","params":{"reply_bytes":1048576}}"#,
            "reply_bytes must be a whole number",
        ),
    ];
    for (body, reason) in faulty {
        let reply = client.ask(body);
        let shown = &body[..body.len().min(60)];
        assert!(
            reply.starts_with(r#"{"out":"error","result":""#) && reply.contains(reason),
            "{shown}: {reply}"
        );
    }
    let mut invalid = frame(&ping("\"__\""));
    let at = invalid.len() - 4;
    invalid[at] = 0xff;
    client.send(&invalid);
    assert!(client.receive().unwrap().contains("invalid UTF-8"));
    assert_eq!(client.ask(&ping(1)), pong(1), "the connection stays open");
}

fn an_oversize_frame_is_refused(model: &str) {
    let server = Served::start(model, &["--max-frame", "1000"]);
    let mut client = server.client();
    let mut bytes = frame(&ping(1));
    bytes.extend_from_slice(&u32::MAX.to_le_bytes());
    // More than the kernel buffers, so that a reset would discard the replies.
    bytes.extend(std::iter::repeat_n(b'x', 3 << 20));
    client.send(&bytes);
    assert_eq!(client.receive(), Some(pong(1)));
    let refusal = client
        .receive()
        .expect("an error reply arrives before the close");
    assert!(
        refusal.contains("length 4294967295 is over the limit of 1000 bytes"),
        "{refusal}"
    );
    assert!(client.is_closed());
    drop(client);
    assert_eq!(
        server.client().ask(&ping(2)),
        pong(2),
        "other clients are served"
    );
}

fn half_close(model: &str) {
    let server = Served::start(model, &[]);
    let mut client = server.client();
    let requests: Vec<u8> = (0..100).flat_map(|n| frame(&ping(n))).collect();
    client.send(&requests);
    client.0.shutdown(Shutdown::Write).unwrap();
    for n in 0..100 {
        assert_eq!(client.receive(), Some(pong(n)));
    }
    assert!(client.is_closed());
}

fn closed_inside_a_message(model: &str) {
    let server = Served::start(model, &[]);
    for cut in [2, 4, 10] {
        let mut client = server.client();
        client.send(&frame(&ping(1))[..cut]);
        client.0.shutdown(Shutdown::Write).unwrap();
        assert!(client.is_closed(), "no reply to a message cut at {cut}");
    }
    assert_eq!(server.client().ask(&ping(2)), pong(2));
}

fn a_ping_of_the_maximum_length(model: &str) {
    let server = Served::start(model, &["--max-frame", "1000"]);
    let around = ping("\"\"").len();
    let params = format!("\"{}\"", "z".repeat(1000 - around));
    assert_eq!(ping(&params).len(), 1000);
    assert_eq!(server.client().ask(&ping(&params)), pong(&params));
}

fn sleeps_and_replies_keep_their_order(model: &str) {
    let server = Served::start(model, &[]);
    let mut client = server.client();
    let begun = Instant::now();
    let sleep = |ms| frame(&format!(r#"{{"in":"sleep","params":{ms}}}"#));
    let requests: Vec<u8> = [frame(&ping(0)), sleep(120), sleep(20), frame(&ping(1))].concat();
    client.send(&requests);
    assert_eq!(client.receive(), Some(pong(0)));
    assert!(
        begun.elapsed() < Duration::from_millis(120),
        "the first reply waited for a sleep that comes after it"
    );
    assert_eq!(
        client.receive().as_deref(),
        Some(r#"{"out":"sleep","result":120}"#)
    );
    assert_eq!(
        client.receive().as_deref(),
        Some(r#"{"out":"sleep","result":20}"#)
    );
    assert_eq!(client.receive(), Some(pong(1)));
    assert!(
        begun.elapsed() >= Duration::from_millis(140),
        "the sleeps did not run one after the other"
    );
}

fn many_clients(model: &str) {
    let server = Served::start(model, &[]);
    let talk = |name: usize, mut client: Client| {
        for n in 0..20 {
            let params = name * 1000 + n;
            assert_eq!(client.ask(&ping(params)), pong(params));
        }
    };
    thread::scope(|scope| {
        // All connect before the first request is sent; in serial models they then wait.
        let clients: Vec<Client> = (0..40).map(|_| server.client()).collect();
        for (name, client) in clients.into_iter().enumerate() {
            scope.spawn(move || talk(name, client));
        }
    });
}

fn counters_agree_with_the_load(model: &str) {
    let record = crate::support::measured(&[
        "--model",
        model,
        "--clients",
        "4",
        "--duration",
        "300ms",
        "--warmup",
        "100ms",
    ]);
    let trial = &record["cells"][0]["trials"][0];
    let requests = trial["requests"].as_u64().unwrap();
    assert!(requests > 0, "{model}: {trial}");
    assert_eq!(trial["errors"]["connect"], 0);
    assert_eq!(trial["server"]["faults"], 0);
    assert!(trial["server"]["cpu_us_per_request"].as_f64().unwrap() > 0.0);
    assert!(trial["server"]["pss_peak_bytes"].as_u64().unwrap() > 100_000);
    if let Some(workers) = trial["server"]["workers"].as_array() {
        // The server's counters and the generator's are read at slightly different times.
        let served: u64 = workers
            .iter()
            .map(|worker| worker["requests"].as_u64().unwrap())
            .sum();
        let ratio = served as f64 / requests as f64;
        assert!(
            (0.8..1.25).contains(&ratio),
            "workers served {served} of {requests}"
        );
    }
}
