//! What the protocol and the generator's bookkeeping cost, without any I/O.
//!
//! `cargo bench` compares with the last run; the figures of two machines, or
//! of two days of one, do not compare.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rpcbench::Builtin;
use rpcbench::Request;
use rpcbench::internal::load::Message;
use rpcbench::internal::load::Window;
use rpcbench::internal::load::sample::histogram;
use rpcbench::internal::load::{Mix, OpenLoop, Pacer, Schedule};
use rpcbench::internal::protocol::{DEFAULT_MAX_FRAME_BYTES, Frame};
use rpcbench::record::Arrivals;
use rpcbench::{Conversation, Step};

/// Requests in one read of the batch benches.
const BATCH: u64 = 64;

fn requests(count: u64) -> Vec<u8> {
    let message = Message::ping(16);
    let mut bytes = Vec::new();
    (0..count).for_each(|tag| message.write(tag, &mut bytes));
    bytes
}

/// Feeds the input once and takes all replies; returns how many bytes these were.
fn serve(conversation: &mut Conversation, mut input: &[u8]) -> usize {
    let mut written = 0;
    loop {
        match conversation.step() {
            Step::Call => {
                conversation.call(&Builtin);
            }
            Step::Write => {
                let bytes = conversation.unwritten().len();
                conversation.wrote(bytes);
                written += bytes;
            }
            Step::Read if input.is_empty() => return written,
            Step::Read => {
                let space = conversation.space();
                let bytes = space.len().min(input.len());
                space[..bytes].copy_from_slice(&input[..bytes]);
                conversation.received(bytes);
                input = &input[bytes..];
            }
            step => unreachable!("pings lead to no {step:?}"),
        }
    }
}

fn conversation(c: &mut Criterion) {
    let mut group = c.benchmark_group("conversation");
    for count in [1, BATCH] {
        let input = requests(count);
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("{count} pings a read"), |b| {
            let mut conversation = Conversation::new(DEFAULT_MAX_FRAME_BYTES);
            b.iter(|| serve(&mut conversation, &input));
        });
    }
    group.throughput(Throughput::Elements(1));
    group.bench_function("a new connection and a ping", |b| {
        let input = requests(1);
        b.iter_batched(
            || Conversation::new(DEFAULT_MAX_FRAME_BYTES),
            |mut conversation| serve(&mut conversation, &input),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn parsing(c: &mut Criterion) {
    let small = br#"{"in":"ping","params":"0123456789abcdef"}"#;
    let large = format!(
        r#"{{"in":"ping","params":[{}1]}}"#,
        r#"{"name":"value","list":[1,2.5,null]},"#.repeat(1000)
    );
    let mut group = c.benchmark_group("request");
    for (name, body) in [("41 B", &small[..]), ("37 KB", large.as_bytes())] {
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| Request::parse(body).map(|request| request.params().len()))
        });
    }
    group.finish();
}

fn generator(c: &mut Criterion) {
    let message = Message::ping(16);
    let reply = br#"{"out":"pong","result":"000000000000002a"}"#;
    let spaced = br#"{"out": "pong", "result": "000000000000002a"}"#;
    c.bench_function("reply/checked byte by byte", |b| {
        b.iter(|| message.is_answered_by(42, reply))
    });
    c.bench_function("reply/checked as JSON", |b| {
        b.iter(|| message.is_answered_by(42, spaced))
    });
    let mut histogram = histogram();
    let mut ns = 1;
    c.bench_function("histogram/record", |b| {
        b.iter(|| {
            ns = (ns * 7 + 13) % 1_000_000_007;
            histogram.record(ns)
        });
    });
}

fn pacer(c: &mut Criterion) {
    let mut group = c.benchmark_group("pacer");
    for (name, arrivals) in [
        ("poisson", Arrivals::Poisson),
        ("constant", Arrivals::Constant),
    ] {
        let schedule = Schedule {
            rate_rps: 100_000.0,
            arrivals,
            seed: 1,
            skew: None,
            then: None,
        };
        let forever = Window {
            from_ns: 0,
            to_ns: u64::MAX,
        };
        let mut pacer = OpenLoop::new(schedule, Mix::default(), 64, forever, 0..64);
        group.bench_function(name, |b| b.iter(|| pacer.due(u64::MAX)));
    }
    group.finish();
}

fn framing(c: &mut Criterion) {
    let bytes = requests(BATCH);
    c.bench_function("frame/peek", |b| {
        b.iter(|| Frame::peek(&bytes, DEFAULT_MAX_FRAME_BYTES))
    });
}

criterion_group!(benches, conversation, framing, parsing, generator, pacer);
criterion_main!(benches);
