//! A scripted server with a fake clock, and the generator's clients running against it.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use rpcbench::internal::load::Clients;
use rpcbench::internal::load::Message;
use rpcbench::internal::load::Quantile;
use rpcbench::internal::load::{ClientConfig, ClientResult, Ramp};
use rpcbench::internal::load::{Clock, ClockPair, Received, SendStamp, Wire};
use rpcbench::internal::load::{ClosedLoop, Mix, Pacer};
use rpcbench::internal::load::{Recorder, Window};
use rpcbench::internal::protocol::WriteMode;
use rpcbench::record::{Assign, LoadSpec, Mode, Stamps};

use super::stamps::FakeStamps;

pub(crate) const MS: u64 = 1_000_000;
pub(crate) const S: u64 = 1000 * MS;

/// Maximum number of idle connections; their numbers follow those of the clients.
const MAX_IDLE: usize = 10;

/// The server's reaction to a request: bytes, each with the delay after which they arrive.
type Script = dyn FnMut(usize, &[u8], u64) -> Vec<(u64, Vec<u8>)>;

enum Event {
    Connected,
    Refused,
    Bytes(Vec<u8>),
    End,
}

pub(crate) struct World {
    pub(crate) now_ns: u64,
    pub(crate) connect_ns: u64,
    pub(crate) refuse: bool,
    /// The end of a stream is a reset.
    pub(crate) reset: bool,
    /// Start time and client of each connect.
    pub(crate) asked: Vec<(u64, usize)>,
    /// Sizes of the writes, in order.
    pub(crate) writes: Vec<usize>,
    pending: BTreeMap<(u64, u64), (usize, u64, Event)>,
    order: u64,
    /// Bytes that have arrived, by client; `None` is the end of the stream.
    arrived: Vec<VecDeque<Option<u8>>>,
    pub(crate) sent: Vec<(u64, usize)>,
    /// Number of connections that a client has closed: bytes in flight to an old one are lost.
    generation: Vec<u64>,
    pub(crate) connects: u64,
    pub(crate) stamps: FakeStamps,
    script: Box<Script>,
}

impl World {
    pub(crate) fn new(
        clients: usize,
        script: impl FnMut(usize, &[u8], u64) -> Vec<(u64, Vec<u8>)> + 'static,
    ) -> Rc<RefCell<World>> {
        Rc::new(RefCell::new(World {
            now_ns: 0,
            connect_ns: MS,
            refuse: false,
            reset: false,
            asked: Vec::new(),
            writes: Vec::new(),
            pending: BTreeMap::new(),
            order: 0,
            arrived: vec![VecDeque::new(); clients + MAX_IDLE],
            sent: Vec::new(),
            generation: vec![0; clients + MAX_IDLE],
            connects: 0,
            stamps: FakeStamps::new(clients + MAX_IDLE),
            script: Box::new(script),
        }))
    }

    fn schedule(&mut self, client: usize, in_ns: u64, event: Event) {
        self.order += 1;
        let generation = self.generation[client];
        self.pending.insert(
            (self.now_ns + in_ns, self.order),
            (client, generation, event),
        );
    }

    /// When the next event happens.
    pub(crate) fn next_event_ns(&self) -> u64 {
        let first = self.pending.first_key_value();
        first.map_or(u64::MAX, |((at_ns, _), _)| *at_ns)
    }

    /// Takes the next event; what it brings has then arrived. Returns its client, and whether it
    /// is the end of the stream. `None`: the connection was closed before.
    pub(crate) fn arrive(&mut self) -> Option<(usize, bool)> {
        let ((at_ns, _), (client, generation, event)) = self.pending.pop_first()?;
        if self.generation[client] != generation {
            return None;
        }
        let is_end = matches!(event, Event::End);
        match event {
            Event::Connected | Event::Refused => {}
            Event::Bytes(bytes) => {
                self.arrived[client].extend(bytes.into_iter().map(Some));
                self.stamps.arrived(client, at_ns);
            }
            Event::End => self.arrived[client].push_back(None),
        }
        Some((client, is_end))
    }

    /// Something happens to this connection in this time that means nothing.
    pub(crate) fn disturb(&mut self, client: usize, in_ns: u64) {
        self.schedule(client, in_ns, Event::Bytes(Vec::new()));
    }
}

#[derive(Clone)]
pub(crate) struct FakeWorld(pub(crate) Rc<RefCell<World>>);

impl Clock for FakeWorld {
    fn now_ns(&self) -> u64 {
        self.0.borrow().now_ns
    }

    fn pair(&self) -> Option<ClockPair> {
        let world = self.0.borrow();
        Some(ClockPair {
            real_ns: world.stamps.real_ns(world.now_ns),
            now_ns: world.now_ns,
        })
    }
}

impl FakeWorld {
    fn write(&mut self, client: usize, bytes: &[u8], is_stamped: bool) -> io::Result<usize> {
        let world = &mut *self.0.borrow_mut();
        let now_ns = world.now_ns;
        world.stamps.sent(client, bytes.len(), now_ns, is_stamped);
        world.sent.push((world.now_ns, client));
        world.writes.push(bytes.len());
        let now = world.now_ns;
        for (in_ns, reply) in (world.script)(client, bytes, now) {
            let end = reply.is_empty();
            world.schedule(
                client,
                in_ns,
                if end { Event::End } else { Event::Bytes(reply) },
            );
        }
        Ok(bytes.len())
    }
}

impl Wire for FakeWorld {
    fn connect(&mut self, client: usize) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        world.connects += 1;
        let asked = (world.now_ns, client);
        world.asked.push(asked);
        let (in_ns, refuse) = (world.connect_ns, world.refuse);
        world.schedule(
            client,
            in_ns,
            if refuse {
                Event::Refused
            } else {
                Event::Connected
            },
        );
        Ok(())
    }

    fn connect_result(&self, client: usize) -> Option<io::Result<()>> {
        let world = self.0.borrow();
        let mut asked = world.asked.iter().rev();
        let (begun_ns, _) = asked.find(|(_, asked)| *asked == client)?;
        if world.now_ns < begun_ns + world.connect_ns {
            return None;
        }
        Some(if world.refuse {
            Err(io::ErrorKind::ConnectionRefused.into())
        } else {
            Ok(())
        })
    }

    fn enable_stamps(&mut self, client: usize) -> Option<u32> {
        self.0.borrow_mut().stamps.enable(client)
    }

    fn send_stamp(&mut self, client: usize) -> Option<SendStamp> {
        self.0.borrow_mut().stamps.next(client)
    }

    fn receive_stamped(&mut self, client: usize, space: &mut [u8]) -> io::Result<Received> {
        let bytes = self.receive(client, space)?;
        let last_real_ns = Some(self.0.borrow().stamps.last_real_ns(client));
        Ok(Received {
            bytes,
            last_real_ns,
        })
    }

    fn send_stamped(&mut self, client: usize, bytes: &[u8]) -> io::Result<usize> {
        if self.0.borrow().stamps.refuses_sends {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.write(client, bytes, true)
    }

    fn send(&mut self, client: usize, bytes: &[u8]) -> io::Result<usize> {
        self.write(client, bytes, false)
    }

    fn receive(&mut self, client: usize, space: &mut [u8]) -> io::Result<usize> {
        let world = &mut *self.0.borrow_mut();
        let arrived = &mut world.arrived[client];
        if arrived.front() == Some(&None) {
            return match world.reset {
                true => Err(io::ErrorKind::ConnectionReset.into()),
                false => Ok(0),
            };
        }
        let available = arrived
            .iter()
            .take_while(|byte| byte.is_some())
            .count()
            .min(space.len());
        if available == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for (at, byte) in arrived.drain(..available).flatten().enumerate() {
            space[at] = byte;
        }
        Ok(available)
    }

    fn close(&mut self, client: usize) {
        let mut world = self.0.borrow_mut();
        world.generation[client] += 1;
        world.stamps.closed(client);
        world.arrived[client].clear();
    }
}

pub(crate) struct Load {
    pub(crate) clients: usize,
    pub(crate) window: Window,
    pub(crate) requests_per_connection: Option<u32>,
    pub(crate) timeout_ns: u64,
    pub(crate) pipeline: usize,
    pub(crate) connect_timeout_ns: u64,
    pub(crate) idle: usize,
    pub(crate) think_ns: u64,
    pub(crate) ramp: Ramp,
    pub(crate) write_mode: WriteMode,
    pub(crate) assign: Assign,
    pub(crate) first_client: usize,
    pub(crate) mix: Mix,
    pub(crate) reconnect_every_ns: Option<u64>,
    pub(crate) stamps: Stamps,
    /// Of an open loop, for the share of sends that are stamped.
    pub(crate) rate_rps: Option<f64>,
}

pub(crate) fn load(clients: usize) -> Load {
    let window = Window {
        from_ns: 100 * MS,
        to_ns: 1100 * MS,
    };
    Load {
        clients,
        window,
        requests_per_connection: None,
        timeout_ns: 10 * S,
        pipeline: 1,
        connect_timeout_ns: 10 * S,
        idle: 0,
        think_ns: 0,
        ramp: Ramp::default(),
        write_mode: WriteMode::Default,
        assign: Assign::Bound,
        first_client: 0,
        mix: Mix::default(),
        reconnect_every_ns: None,
        stamps: Stamps::Auto,
        rate_rps: None,
    }
}

pub(crate) fn play(load: &Load, world: &Rc<RefCell<World>>) -> (Recorder, Vec<ClientResult>) {
    let start_ns = |client| load.ramp.at_ns(load.idle + client);
    let closed = ClosedLoop::starting(load.clients, 1, start_ns, load.think_ns);
    let closed = closed.mixed(load.mix, load.first_client);
    play_with(load, Box::new(closed), false, world)
}

/// What the clients of this load do.
pub(crate) fn client_config(load: &Load, connects_first: bool) -> ClientConfig {
    ClientConfig {
        load: LoadSpec {
            mode: if connects_first {
                Mode::Poisson
            } else {
                Mode::Closed
            },
            stamps: load.stamps,
            rate_rps: load.rate_rps,
            assign: load.assign,
            pipeline: load.pipeline,
            requests_per_connection: load.requests_per_connection,
            reconnect_every: load.reconnect_every_ns.map(Duration::from_nanos),
            timeout: Duration::from_nanos(load.timeout_ns),
            connect_timeout: Duration::from_nanos(load.connect_timeout_ns),
            write_mode: load.write_mode,
            ..LoadSpec::default()
        },
        first_client: load.first_client,
        message: Message::ping(16),
        alternate: Some(Message::call("spin", "2000").unwrap()),
        idle: load.idle,
        ramp: load.ramp,
        max_frame_bytes: 1 << 20,
    }
}

/// Runs clients as the worker threads do, but against a simulated world instead of sockets.
pub(crate) fn play_with(
    load: &Load,
    pacer: Box<dyn Pacer>,
    connects_first: bool,
    world: &Rc<RefCell<World>>,
) -> (Recorder, Vec<ClientResult>) {
    let config = client_config(load, connects_first);
    let fake = FakeWorld(Rc::clone(world));
    let recorder = Recorder::new(load.window);
    let mut clients = Clients::new(load.clients, config, recorder, fake.clone(), pacer, fake);
    let end = load.window.to_ns + S;
    loop {
        let next = clients.advance();
        let first = world.borrow().next_event_ns();
        let now = next.min(first).max(world.borrow().now_ns);
        let drained = world.borrow().now_ns >= load.window.to_ns && clients.is_drained();
        if now >= end || drained {
            world.borrow_mut().now_ns = now.min(end);
            return clients.finish(now.min(end));
        }
        world.borrow_mut().now_ns = now;
        if first > now {
            continue;
        }
        let (client, generation, event) = world.borrow_mut().pending.pop_first().unwrap().1;
        if world.borrow().generation[client] != generation {
            continue;
        }
        match event {
            Event::Connected => clients.connected(client),
            Event::Refused => clients.not_connected(client, io::ErrorKind::ConnectionRefused),
            Event::Bytes(bytes) => {
                world.borrow_mut().stamps.arrived(client, now);
                world.borrow_mut().arrived[client].extend(bytes.into_iter().map(Some));
                clients.readable(client, false);
            }
            Event::End => {
                world.borrow_mut().arrived[client].push_back(None);
                clients.readable(client, true);
            }
        }
    }
}

/// The correct reply to a `ping`.
pub(crate) fn pong_to(request: &[u8]) -> Vec<u8> {
    let body = String::from_utf8(request[4..].to_vec()).unwrap();
    let reply = body.replace(r#"{"in":"ping","params""#, r#"{"out":"pong","result""#);
    [&(reply.len() as u32).to_le_bytes()[..], reply.as_bytes()].concat()
}

pub(crate) fn near(quantile: Option<Quantile>, ns: u64) -> bool {
    // Histograms have three significant digits.
    matches!(quantile, Some(Quantile::Exact(value)) if value.abs_diff(ns) <= ns / 1000)
}
