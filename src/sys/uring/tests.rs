//! Rings that are too small for what they must do, with the real kernel.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::{Completion, Ring, RingSize, Token};

/// Every queue overflows and buffers run out.
const TINY: RingSize = RingSize {
    submissions: 4,
    completions: 8,
    buffers: 4,
    first_buffers: 1,
    buffer_bytes: 16,
};
const PAIRS: usize = 50;
const WAIT: Duration = Duration::from_secs(5);

/// A ring, where this machine permits one.
fn ring() -> Option<Ring> {
    Ring::unavailable()
        .is_none()
        .then(|| Ring::new(TINY).unwrap())
}

fn pairs(count: usize) -> Vec<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pair = |_| {
        let near = TcpStream::connect(address).unwrap();
        (near, listener.accept().unwrap().0)
    };
    (0..count).map(pair).collect()
}

#[test]
fn nothing_is_lost_with_too_few_buffers_and_full_queues() {
    let Some(mut ring) = ring() else { return };
    let pairs = pairs(PAIRS);
    let text = |n: usize| format!("{n} ").repeat(40).into_bytes();
    for (n, (near, far)) in pairs.iter().enumerate() {
        ring.receive(near, Token::new(n, 1));
        let mut far = far;
        far.write_all(&text(n)).unwrap();
    }
    let mut received: HashMap<usize, Vec<u8>> = HashMap::new();
    let mut ran_out = 0;
    while (0..PAIRS).any(|n| {
        received
            .get(&n)
            .is_none_or(|bytes| bytes.len() < text(n).len())
    }) {
        ring.wait(WAIT).unwrap();
        let mut ended = Vec::new();
        ring.complete(|completion| match completion {
            Completion::Received {
                token,
                result,
                more,
            } => {
                assert_eq!(token, Token::new(token.index(), 1));
                match result {
                    Ok(bytes) => received.entry(token.index()).or_default().extend(bytes),
                    Err(error) => {
                        assert_eq!(error.raw_os_error(), Some(libc::ENOBUFS));
                        ran_out += 1;
                    }
                }
                if !more {
                    ended.push(token);
                }
            }
            other => panic!("{other:?}"),
        });
        for token in ended {
            ring.receive(&pairs[token.index()].0, token);
        }
    }
    assert!(ran_out > 0, "the test needs a lack of buffers");
    (0..PAIRS).for_each(|n| assert_eq!(received[&n], text(n)));
}

#[test]
fn sends_give_their_memory_back() {
    let Some(mut ring) = ring() else { return };
    let mut pairs = pairs(PAIRS);
    for (n, (near, _)) in pairs.iter().enumerate() {
        ring.send(near, Token::new(n, 3), vec![n as u8; 100]);
    }
    let mut sent = 0;
    while sent < PAIRS {
        ring.wait(WAIT).unwrap();
        ring.complete(|completion| match completion {
            Completion::Sent {
                token,
                result,
                bytes,
            } => {
                assert_eq!(result.unwrap(), 100);
                assert_eq!(bytes, vec![token.index() as u8; 100]);
                sent += 1;
            }
            other => panic!("{other:?}"),
        });
    }
    for (n, (_, far)) in pairs.iter_mut().enumerate() {
        let mut bytes = [0; 100];
        far.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes, [n as u8; 100]);
    }
}

#[test]
fn a_cancelled_operation_has_a_last_completion() {
    let Some(mut ring) = ring() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pairs = pairs(1);
    let token = Token::new(0, 9);
    ring.accept(&listener);
    ring.receive(&pairs[0].0, token);
    let clients: Vec<TcpStream> = (0..20)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let (mut accepted, mut accepting, mut receiving, mut cancelled) = (0, true, true, false);
    while accepting || receiving {
        ring.wait(WAIT).unwrap();
        ring.complete(|completion| match completion {
            Completion::Accepted { result, more } => {
                accepted += usize::from(result.is_ok());
                accepting = more;
            }
            Completion::Received { result, more, .. } => {
                assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::ECANCELED));
                receiving = more;
            }
            other => panic!("{other:?}"),
        });
        // A full completion queue also ends a multishot operation.
        if !accepting && accepted < clients.len() {
            ring.accept(&listener);
            accepting = true;
        } else if accepted == clients.len() && !cancelled {
            ring.cancel_accept();
            ring.cancel_receive(token);
            cancelled = true;
        }
    }
    assert_eq!(accepted, clients.len());
}

#[test]
fn a_ring_that_is_dropped_ends_its_operations() {
    let Some(mut ring) = ring() else { return };
    let (near, mut far) = pairs(1).pop().unwrap();
    let token = Token::new(0, 0);
    ring.receive(&near, token);
    // More than both sockets buffer: it stays under way.
    ring.send(&near, token, vec![7; 16 << 20]);
    ring.wait(Duration::ZERO).unwrap();
    ring.send(&near, token, vec![8; 16 << 20]);
    drop(ring);
    // The kernel has no reference to the socket any more, so this closes it.
    drop(near);
    let mut rest = Vec::new();
    far.set_read_timeout(Some(WAIT)).unwrap();
    assert!(far.read_to_end(&mut rest).is_ok(), "the peer sees the end");
    assert!(rest.len() < 32 << 20, "the sends were cut");
}
