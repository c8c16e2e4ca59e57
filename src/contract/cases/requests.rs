//! What requests are answered with: the built-in methods, and bad requests.

use std::time::{Duration, Instant};

use crate::contract::case::Case;
use crate::contract::message::{frame, ping, pong, reply, request, shortened};
use crate::contract::subject::UnderTest;
use crate::contract::violation::{At, Checked, expect};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "methods",
        about: "the built-in methods that the server has reply as they must",
        needs: &[],
        run: methods,
    },
    Case {
        name: "bad_requests_leave_the_connection_open",
        about: "each bad request gets an error reply, and the connection stays",
        needs: &[],
        run: bad_requests,
    },
];

fn methods(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start()?;
    let mut client = server.client()?;
    client.ask_for(r#"{"in":"ping"}"#, &pong("null"))?;
    if under_test.has("spin") {
        client.ask_for(&request("spin", 100), &reply("spin", 100))?;
    }
    if under_test.has("pi") {
        let pi = client.ask(&request("pi", 1000))?;
        let is_pi = pi.starts_with(r#"{"out":"pi","result":3.14"#);
        expect(is_pi || !under_test.is_exact(), "pi is 3.14…", || pi)?;
    }
    if under_test.has("blob") {
        let text = format!("\"{}\"", "x".repeat(300_000));
        client.ask_for(&request("blob", 300_000), &reply("blob", text))?;
    }
    let waited = |begun: Instant, ms: u64| {
        let took = begun.elapsed();
        expect(
            took >= Duration::from_millis(ms),
            format!("the reply takes {ms} ms"),
            || format!("it took {took:?}"),
        )
    };
    if under_test.has("sleep") {
        let begun = Instant::now();
        client.ask_for(&request("sleep", 50), &reply("sleep", 50))?;
        waited(begun, 50)?;
    }
    if under_test.has("work") {
        let begun = Instant::now();
        let params = r#"{"cpu_us":20000,"wait_ms":30,"reply_bytes":2}"#;
        client.ask_for(&request("work", params), &reply("work", r#""xx""#))?;
        waited(begun, 50)?;
    }
    Ok(())
}

/// A bad request, and a part of the reason that a model names.
struct Bad {
    body: &'static str,
    reason: &'static str,
    /// The method that it needs.
    method: Option<&'static str>,
    /// Whether other JSON parsers take it for a good request.
    only_models: bool,
}

const fn bad(body: &'static str, reason: &'static str) -> Bad {
    Bad {
        body,
        reason,
        method: None,
        only_models: false,
    }
}

const fn bad_params(method: &'static str, body: &'static str, reason: &'static str) -> Bad {
    Bad {
        method: Some(method),
        ..bad(body, reason)
    }
}

const fn strict(body: &'static str, reason: &'static str) -> Bad {
    Bad {
        only_models: true,
        ..bad(body, reason)
    }
}

const BAD: &[Bad] = &[
    bad("", "empty body"),
    bad("nonsense", "not a JSON object"),
    bad(r#"["ping",1]"#, "not a JSON object"),
    bad("7", "not a JSON object"),
    strict(r#" {"in":"ping"}"#, "not a JSON object"),
    bad(r#"{"in":"ping""#, "bad request"),
    bad(r#"{"in":"ping"} x"#, "trailing"),
    bad(r#"{"params":1}"#, "missing field `in`"),
    bad(r#"{"in":["ping"]}"#, "invalid type"),
    bad(r#"{"in":"x"}"#, r#"unknown method "x""#),
    bad(r#"{"in":""}"#, r#"unknown method """#),
    strict(r#"{"in":"\ud800"}"#, "bad request"),
    strict(r#"{"in":"ping","in":"ping"}"#, "duplicate field"),
    strict(r#"{"in":"ping","params":1,"params":2}"#, "duplicate field"),
    bad_params(
        "spin",
        r#"{"in":"spin","params":"9"}"#,
        "bad params of spin",
    ),
    bad_params(
        "spin",
        r#"{"in":"spin","params":1e999}"#,
        "bad params of spin",
    ),
    bad_params("sleep", r#"{"in":"sleep","params":-1}"#, "from 0 to 60000"),
    bad_params(
        "sleep",
        r#"{"in":"sleep","params":[1]}"#,
        "bad params of sleep",
    ),
    bad_params(
        "blob",
        r#"{"in":"blob","params":1048576}"#,
        "bad params of blob",
    ),
    bad_params(
        "blob",
        r#"{"in":"blob","params":99999999999999999999}"#,
        "bad params of blob",
    ),
    bad_params("pi", r#"{"in":"pi","params":1.5}"#, "bad params of pi"),
    bad_params(
        "work",
        r#"{"in":"work","params":7}"#,
        "an object with cpu_us",
    ),
    bad_params(
        "work",
        r#"{"in":"work","params":{"cpu":1}}"#,
        "unknown field `cpu`",
    ),
    bad_params(
        "work",
        r#"{"in":"work","params":{"cpu_us":-1}}"#,
        "from 0 to 10000000",
    ),
    bad_params(
        "work",
        r#"{"in":"work","params":{"wait_ms":60001}}"#,
        "from 0 to 60000",
    ),
    bad_params(
        "work",
        r#"{"in":"work","params":{"reply_bytes":1048576}}"#,
        "reply_bytes must be a whole number",
    ),
];

fn bad_requests(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start()?;
    let mut client = server.client()?;
    for bad in BAD {
        let applies = under_test.is_exact() || !bad.only_models;
        if !applies || bad.method.is_some_and(|method| !under_test.has(method)) {
            continue;
        }
        client.send_body(bad.body)?;
        let refused = client.expect_error(bad.reason);
        refused.at(|| format!("the request {:?}", shortened(bad.body)))?;
    }
    let depth = 100_000;
    let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    client.send_body(&ping(nested))?;
    let refused = client.expect_error("nested deeper than 128");
    refused.at(|| format!("a request with {depth} arrays in each other"))?;
    let mut invalid = frame(&ping("\"__\""));
    let at = invalid.len() - 4;
    invalid[at] = 0xff;
    client.send(&invalid)?;
    let refused = client.expect_error("invalid UTF-8");
    refused.at(|| "a request with the byte 0xff in a string".into())?;
    let stays = client.ask_for(&ping(1), &pong(1));
    stays.at(|| "after all bad requests".into())
}
