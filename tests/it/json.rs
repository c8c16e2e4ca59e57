//! Hard cases of JSON: every model gives the same reply, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::net::Shutdown;
use std::path::Path;

use crate::support::{Client, Served, models, pong, say_skipped};

/// What params are answered with.
#[derive(Debug, Clone, Copy)]
enum Reply {
    /// As they were sent.
    Echo,
    /// An error whose text contains this.
    Error(&'static str),
}

use Reply::{Echo, Error};

/// Params of `ping`, as bytes.
const PARAMS: &[(&[u8], Reply)] = &[
    // Numbers keep their digits.
    (b"0", Echo),
    (b"-0", Echo),
    (b"-0.0", Echo),
    (b"1.0", Echo),
    (b"2.50", Echo),
    (b"1e5", Echo),
    (b"1E+05", Echo),
    (b"1e-400", Echo),
    (b"1e999", Echo),
    (b"-1e999", Echo),
    (b"123456789012345678901234567890.12345678901234567890", Echo),
    (b"18446744073709551616", Echo),
    (b"-9223372036854775809", Echo),
    (b"01", Error("bad request")),
    (b"-", Error("bad request")),
    (b"+1", Error("bad request")),
    (b".5", Error("bad request")),
    (b"1.", Error("bad request")),
    (b"1e", Error("bad request")),
    (b"1e+", Error("bad request")),
    (b"0x10", Error("bad request")),
    (b"1_000", Error("bad request")),
    (b"NaN", Error("bad request")),
    (b"Infinity", Error("bad request")),
    (b"-Infinity", Error("bad request")),
    // Escapes stay as they were written, also those of half a surrogate pair.
    (br#""\u0041\u00e9""#, Echo),
    (br#""\"\\\/\b\f\n\r\t""#, Echo),
    (br#""\ud83d\ude00""#, Echo),
    (br#""\uD800""#, Echo),
    (br#""\udc00\ud800""#, Echo),
    (br#""\u0000""#, Echo),
    (br#""\x41""#, Error("bad request")),
    (br#""\u12""#, Error("bad request")),
    (br#""\u12G4""#, Error("bad request")),
    (br#""\U0041""#, Error("bad request")),
    (br#""\"#, Error("bad request")),
    (b"\"\x01\"", Error("bad request")),
    (b"\"\0\"", Error("bad request")),
    (b"\"a\nb\"", Error("bad request")),
    (b"\"a", Error("bad request")),
    (b"'a'", Error("bad request")),
    // Text outside ASCII.
    ("\"é€😀\u{2028}\u{7f}\u{feff}\u{10ffff}\"".as_bytes(), Echo),
    ("{\"é\":\"😀\"}".as_bytes(), Echo),
    (b"\"\xff\"", Error("invalid UTF-8")),
    (b"\"\x80\"", Error("invalid UTF-8")),
    (b"\"\xc0\x80\"", Error("invalid UTF-8")),
    (b"\"\xe0\x80\xaf\"", Error("invalid UTF-8")),
    (b"\"\xed\xa0\x80\"", Error("invalid UTF-8")),
    (b"\"\xf4\x90\x80\x80\"", Error("invalid UTF-8")),
    (b"\"\xe2\x82\"", Error("invalid UTF-8")),
    (b"\xff", Error("invalid UTF-8")),
    (b"{\"\xff\":1}", Error("invalid UTF-8")),
    // Structures.
    (b"[]", Echo),
    (b"{}", Echo),
    (br#"{"":{"":""}}"#, Echo),
    (br#"{"a":1,"a":2}"#, Echo),
    (b"[ 1 ,\t2\r\n]", Echo),
    (b"[1,]", Error("bad request")),
    (b"[,1]", Error("bad request")),
    (b"[1 2]", Error("bad request")),
    (b"[1", Error("bad request")),
    (b"[1}", Error("bad request")),
    (b"1]", Error("bad request")),
    (br#"{"a":1,}"#, Error("bad request")),
    (br#"{"a"}"#, Error("bad request")),
    (br#"{"a":}"#, Error("bad request")),
    (br#"{a:1}"#, Error("bad request")),
    (br#"{1:1}"#, Error("bad request")),
    (b"[1]/* */", Error("bad request")),
    (b"[1]//", Error("bad request")),
    (b"[1]\0", Error("bad request")),
    (b"\x0c[1]", Error("bad request")),
    (b"\xef\xbb\xbf[1]", Error("bad request")),
    (b"True", Error("bad request")),
    (b"nul", Error("bad request")),
    (b"", Error("bad request")),
    (b"1}{", Error("bad request")),
];

/// Whole bodies.
const BODIES: &[(&[u8], &str)] = &[
    (b"", "empty body"),
    (b"{", "bad request"),
    (br#"{"in""#, "bad request"),
    (br#"{"in":"ping","#, "bad request"),
    (br#"{"in":"ping","params":[1,2"#, "bad request"),
    (br#"{"in":"ping","params":"a\"#, "bad request"),
    (br#"{"in":"ping","params":"\u00"#, "bad request"),
    (br#"{"in":"ping","params":1"#, "bad request"),
    (b"{\"in\":\"ping\",\"params\":\"\xe2\x82", "invalid UTF-8"),
    (b"\xef\xbb\xbf{\"in\":\"ping\"}", "not a JSON object"),
    (b"\n{\"in\":\"ping\"}", "not a JSON object"),
    (b"{\"in\":\"ping\"}{\"in\":\"ping\"}", "trailing"),
    (b"{\"in\":\"ping\"}\0", "trailing"),
    (br#"{"in":"\ud800"}"#, "bad request"),
    (br#"{"in":null}"#, "invalid type"),
    (br#"{"IN":"ping"}"#, "missing field `in`"),
];

fn frame_of(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [&length[..], body].concat()
}

fn ping_of(params: &[u8]) -> Vec<u8> {
    frame_of(&[br#"{"in":"ping","params":"#, params, b"}"].concat())
}

/// Nested arrays, this number of levels deep.
fn nested(depth: usize) -> Vec<u8> {
    [vec![b'['; depth], vec![b']'; depth]].concat()
}

fn is_as_expected(reply: &str, params: &[u8], expected: Reply) -> bool {
    match expected {
        Echo => reply == pong(std::str::from_utf8(params).unwrap()),
        Error(reason) => reply.starts_with(r#"{"out":"error","#) && reply.contains(reason),
    }
}

/// The replies to all frames, which are sent in one piece.
fn replies(client: &mut Client, frames: &[Vec<u8>]) -> Vec<String> {
    client.send(&frames.concat());
    let reply = |frame: &Vec<u8>| {
        let reply = client.receive();
        reply.unwrap_or_else(|| panic!("no reply to {}", String::from_utf8_lossy(frame)))
    };
    frames.iter().map(reply).collect()
}

#[test]
fn every_model_gives_the_same_reply_byte_for_byte() {
    // The request is an object around the params, which takes one level of the 128.
    let (deepest, deeper) = (nested(127), nested(128));
    let mut table = PARAMS.to_vec();
    table.push((&deepest, Echo));
    table.push((&deeper, Error("nested deeper than 128")));
    let params = table.iter().map(|(params, _)| ping_of(params));
    let bodies = BODIES.iter().map(|(body, _)| frame_of(body));
    let frames: Vec<Vec<u8>> = params.chain(bodies).collect();
    let mut first: Option<Vec<String>> = None;
    for model in models() {
        let server = Served::start(model, &[]);
        let replies = replies(&mut server.client(), &frames);
        let (to_params, to_bodies) = replies.split_at(table.len());
        for ((params, expected), reply) in table.iter().zip(to_params) {
            let shown = String::from_utf8_lossy(&params[..params.len().min(60)]);
            let holds = is_as_expected(reply, params, *expected);
            assert!(holds, "{model}: {shown}: {reply}, expected {expected:?}");
        }
        for ((body, reason), reply) in BODIES.iter().zip(to_bodies) {
            let shown = String::from_utf8_lossy(body);
            let holds = is_as_expected(reply, body, Error(reason));
            assert!(holds, "{model}: {shown}: {reply}, expected {reason:?}");
        }
        assert_eq!(
            first.get_or_insert_with(|| replies.clone()),
            &replies,
            "{model}"
        );
    }
}

/// A body that ends before its announced length: no reply, and the connection closes.
#[test]
fn a_truncated_body_gets_no_reply() {
    let message = ping_of(br#"{"a":"\ud83d\ude00","b":[1e5,"#);
    for model in models() {
        let server = Served::start(model, &[]);
        for cut in [5, 12, message.len() / 2, message.len() - 1] {
            let mut client = server.client();
            client.send(&message[..cut]);
            client.0.shutdown(Shutdown::Write).unwrap();
            assert_eq!(client.receive(), None, "{model}: cut at {cut}");
        }
    }
}

/// The files of JSONTestSuite as params: `y_` must be echoed, `n_` refused, `i_` may be either, and
/// every model must give the same reply to each. `JSON_TEST_SUITE` names the folder:
///
/// ```sh
/// JSON_TEST_SUITE=test_parsing cargo test --test it json_test_suite -- --nocapture
/// ```
#[test]
#[allow(
    clippy::print_stderr,
    reason = "the counts are what this test is run for"
)]
fn json_test_suite() {
    let Some(folder) = std::env::var_os("JSON_TEST_SUITE") else {
        return say_skipped(
            "JSON_TEST_SUITE does not name the folder test_parsing of JSONTestSuite",
        );
    };
    let files = suite(Path::new(&folder));
    let frames: Vec<Vec<u8>> = files.values().map(|params| ping_of(params)).collect();
    let mut first: Option<Vec<String>> = None;
    for model in models() {
        let server = Served::start(model, &[]);
        let mut client = server.client();
        // One at a time: some are long, and the replies must be read meanwhile.
        let one = |frame: &Vec<u8>| replies(&mut client, std::slice::from_ref(frame)).remove(0);
        let replies: Vec<String> = frames.iter().map(one).collect();
        assert_eq!(
            first.get_or_insert_with(|| replies.clone()),
            &replies,
            "{model}"
        );
    }
    let replies = first.unwrap();
    let mut counts: BTreeMap<(char, &str), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for ((name, params), reply) in files.iter().zip(&replies) {
        let text = String::from_utf8_lossy(params);
        // White space around the params is not part of them.
        let is_echo = *reply == pong(text.trim_matches([' ', '\t', '\r', '\n']));
        let is_error = reply.starts_with(r#"{"out":"error","#);
        let kind = name.chars().next().unwrap();
        let result = if is_echo { "echoed" } else { "refused" };
        *counts.entry((kind, result)).or_default() += 1;
        let holds = match kind {
            'y' => is_echo,
            'n' => is_error,
            _ => is_echo || is_error,
        };
        if !holds {
            wrong.push(format!("{name}: {reply}"));
        }
    }
    eprintln!(
        "{} files, {} models: {counts:?}",
        files.len(),
        models().count()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files of the suite by name.
fn suite(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files: BTreeMap<String, Vec<u8>> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(&path).unwrap())
        })
        .collect();
    assert!(
        files.len() > 100,
        "{} has {} files",
        folder.display(),
        files.len()
    );
    files
}
