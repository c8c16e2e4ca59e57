//! Many connections, and the most at a time.

use std::thread;
use std::time::Duration;

use crate::contract::case::Case;
use crate::contract::client::Client;
use crate::contract::message::{ping, pong};
use crate::contract::need::Need;
use crate::contract::subject::UnderTest;
use crate::contract::violation::{At, Checked, Violation, expect};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "many_clients",
        about: "forty clients at a time are all served, after each other by a serial server",
        needs: &[],
        run: many_clients,
    },
    Case {
        name: "at_max_connections_further_clients_wait",
        about: "a client over the limit of connections waits, and is served when one closes",
        needs: &[Need::Model, Need::ManyPerWorker],
        run: at_max_connections,
    },
];

fn many_clients(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start()?;
    let talk = |name: usize, mut client: Client| {
        (0..20).try_for_each(|n| {
            let params = name * 1000 + n;
            let asked = client.ask_for(&ping(params), &pong(params));
            asked.at(|| format!("request {n} of client {name} of 40"))
        })
    };
    // All connect before the first request is sent; at a serial server they then wait.
    let clients = server.clients(40)?;
    thread::scope(|scope| {
        let clients = clients.into_iter().enumerate();
        let talks: Vec<_> = clients
            .map(|(name, client)| scope.spawn(move || talk(name, client)))
            .collect();
        let ends = talks.into_iter().map(|talk| {
            let crashed = || Violation::new("a client that ends", "its thread panicked");
            talk.join().unwrap_or_else(|_| Err(crashed()))
        });
        // All are joined; the first violation is returned.
        let ends: Vec<Checked> = ends.collect();
        ends.into_iter().collect()
    })
}

fn at_max_connections(under_test: &UnderTest<'_>) -> Checked {
    let server = under_test.start_workers(Some(1), |limits| limits.max_connections = Some(2))?;
    let mut first = server.client()?;
    let mut second = server.client()?;
    first.ask_for(&ping(1), &pong(1))?;
    second.ask_for(&ping(2), &pong(2))?;
    let mut third = server.client()?;
    third.send_body(&ping(3))?;
    let early = third.receives_within(Duration::from_millis(200));
    expect(!early, "a third client waits at a limit of 2", || {
        "it was served".into()
    })?;
    drop(first);
    let served = third.expect_reply(&pong(3));
    served.at(|| "the third client after the first has left".into())
}
