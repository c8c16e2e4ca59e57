//! Fuzzes the load generator with any bytes as replies.
#![no_main]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use rpcbench::internal::load::Clients;
use rpcbench::internal::load::ClosedLoop;
use rpcbench::internal::load::Message;
use rpcbench::internal::load::{ClientConfig, Ramp};
use rpcbench::internal::load::{Clock, Wire};
use rpcbench::internal::load::{Recorder, Window};
use rpcbench::record::LoadSpec;

#[derive(Clone, Default)]
struct Script(Rc<RefCell<VecDeque<Vec<u8>>>>);

impl Wire for Script {
    fn connect(&mut self, _client: usize) -> io::Result<()> {
        Ok(())
    }

    fn send(&mut self, _client: usize, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn receive(&mut self, _client: usize, space: &mut [u8]) -> io::Result<usize> {
        match self.0.borrow_mut().pop_front() {
            Some(piece) => {
                let bytes = piece.len().min(space.len());
                space[..bytes].copy_from_slice(&piece[..bytes]);
                Ok(bytes)
            }
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn close(&mut self, _client: usize) {}
}

#[derive(Clone)]
struct Ticking(Rc<Cell<u64>>);

impl Clock for Ticking {
    fn now_ns(&self) -> u64 {
        self.0.set(self.0.get() + 1000);
        self.0.get()
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((first, stream)) = data.split_first() else {
        return;
    };
    let config = ClientConfig {
        load: LoadSpec {
            pipeline: 1 + usize::from(first >> 6),
            requests_per_connection: (first & 4 > 0).then_some(2),
            reconnect_every: (first & 32 > 0).then_some(Duration::from_micros(50)),
            timeout: Duration::from_millis(1),
            connect_timeout: Duration::from_millis(1),
            ..LoadSpec::default()
        },
        message: match first % 3 {
            0 => Message::ping(16),
            1 => Message::call("sleep", "5").expect("this is JSON"),
            _ => Message::call("ping", "{\"a\":[1,2]}").expect("this is JSON"),
        },
        alternate: None,
        first_client: 0,
        max_frame_bytes: 4096,
        idle: usize::from(first >> 3 & 1),
        ramp: Ramp::default(),
    };
    let window = Window {
        from_ns: 10_000,
        to_ns: 100_000_000,
    };
    let clock = Ticking(Rc::new(Cell::new(0)));
    let wire = Script::default();
    let pacer = ClosedLoop::new(1, config.load.pipeline);
    let recorder = Recorder::new(window);
    let mut clients = Clients::new(1, config, recorder, wire.clone(), pacer, clock.clone());
    // The first byte of each piece is its length.
    let mut rest = stream;
    while let Some((length, tail)) = rest.split_first() {
        let (piece, tail) = tail.split_at(tail.len().min(usize::from(*length)));
        clients.advance();
        for at in 0..2 {
            if at == 0 || first >> 3 & 1 == 1 {
                clients.connected(at);
            }
        }
        wire.0.borrow_mut().push_back(piece.to_vec());
        clients.readable(0, length & 1 == 1);
        wire.0.borrow_mut().clear();
        rest = tail;
    }
    let (recorder, clients) = clients.finish(clock.now_ns());
    let sample = recorder.latency.count();
    assert_eq!(
        clients[0].asked, sample,
        "every request is in the sample once"
    );
    assert!(recorder.requests <= recorder.latency.answered.len());
});
