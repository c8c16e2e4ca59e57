//! In steady state neither the server nor the generator allocates memory per request.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use rpcbench::Builtin;
use rpcbench::internal::load::Clients;
use rpcbench::internal::load::Message;
use rpcbench::internal::load::{ClientConfig, Ramp};
use rpcbench::internal::load::{Clock, Wire};
use rpcbench::internal::load::{ClosedLoop, Mix};
use rpcbench::internal::load::{Recorder, Window};
use rpcbench::record::LoadSpec;
use rpcbench::{Conversation, Step};

/// The system allocator, which counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count_one() {
    // The counter no longer exists while its thread ends; that count is not needed.
    let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is forwarded to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_one();
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count_one();
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of `GlobalAlloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Number of allocations that this thread makes in `work`.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1, 2, 3]))), 1);
}

#[test]
fn a_conversation_does_not_allocate_per_request() {
    let message = Message::ping(64);
    let mut request = Vec::new();
    (0..16).for_each(|tag| message.write(tag, &mut request));
    let mut conversation = Conversation::new(1 << 20);
    let mut serve = || {
        let space = conversation.space();
        space[..request.len()].copy_from_slice(&request);
        conversation.received(request.len());
        loop {
            match conversation.step() {
                Step::Call => drop(conversation.call(&Builtin)),
                Step::Write => conversation.wrote(conversation.unwritten().len()),
                step => return assert_eq!(step, Step::Read),
            }
        }
    };
    serve();
    assert_eq!(allocations(|| (0..1000).for_each(|_| serve())), 0);
}

/// A server that replies immediately, instead of a socket.
struct Echo {
    replies: Vec<([u8; 128], usize)>,
}

impl Wire for Echo {
    fn connect(&mut self, _client: usize) -> io::Result<()> {
        Ok(())
    }

    fn send(&mut self, client: usize, bytes: &[u8]) -> io::Result<usize> {
        // The reply is one byte longer than the request.
        const REQUEST_START: usize = r#"{"in":"ping","params""#.len();
        const REPLY_START: &[u8] = br#"{"out":"pong","result""#;
        let (reply, length) = &mut self.replies[client];
        let params = &bytes[4 + REQUEST_START..];
        *length = 4 + REPLY_START.len() + params.len();
        reply[..4].copy_from_slice(&((*length - 4) as u32).to_le_bytes());
        reply[4..4 + REPLY_START.len()].copy_from_slice(REPLY_START);
        reply[4 + REPLY_START.len()..*length].copy_from_slice(params);
        Ok(bytes.len())
    }

    fn receive(&mut self, client: usize, space: &mut [u8]) -> io::Result<usize> {
        let (reply, length) = &mut self.replies[client];
        if *length == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        space[..*length].copy_from_slice(&reply[..*length]);
        Ok(std::mem::take(length))
    }

    fn close(&mut self, _client: usize) {}
}

#[derive(Clone)]
struct TickingClock(Rc<Cell<u64>>);

impl Clock for TickingClock {
    fn now_ns(&self) -> u64 {
        self.0.set(self.0.get() + 1000);
        self.0.get()
    }
}

#[test]
fn the_generator_does_not_allocate_per_request() {
    const CLIENTS: usize = 20;
    let config = ClientConfig {
        load: LoadSpec {
            connect_timeout: Duration::MAX,
            ..LoadSpec::default()
        },
        message: Message::ping(16),
        alternate: Some(Message::ping(20)),
        first_client: 0,
        idle: 0,
        ramp: Ramp::default(),
        max_frame_bytes: 1 << 20,
    };
    let recorder = Recorder::new(Window {
        from_ns: 0,
        to_ns: 3_600_000_000_000,
    });
    let wire = Echo {
        replies: vec![([0; 128], 0); CLIENTS],
    };
    let clock = TickingClock(Rc::new(Cell::new(0)));
    let mix = Mix {
        one_in: Some(3),
        seed: 0,
    };
    let mut clients = Clients::new(
        CLIENTS,
        config,
        recorder,
        wire,
        ClosedLoop::new(CLIENTS, 1).mixed(mix, 0),
        clock,
    );
    let mut rounds = |count: usize| {
        for _ in 0..count {
            clients.advance();
            for client in 0..CLIENTS {
                clients.connected(client);
                clients.readable(client, false);
            }
        }
        clients.recorder().requests
    };
    let warm_up = rounds(10);
    let mut served = 0;
    let allocated = allocations(|| served = rounds(1000) - warm_up);
    assert!(served >= 10_000, "{served} requests");
    assert_eq!(allocated, 0, "allocations in {served} requests");
}
