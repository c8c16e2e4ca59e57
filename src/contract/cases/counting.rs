//! The counters that a model keeps through its server.

use std::time::Duration;

use crate::contract::case::Case;
use crate::contract::message::{frame, ping, pong};
use crate::contract::need::Need;
use crate::contract::subject::UnderTest;
use crate::contract::test_server::{TestServer, eventually};
use crate::contract::violation::{Checked, expect};
use crate::process::Reading;

pub(super) const CASES: &[Case] = &[Case {
    name: "connections_requests_and_faults_are_counted",
    about: "each connection, request and fault is counted once",
    needs: &[Need::Model],
    run: all_are_counted,
}];

fn all_are_counted(under_test: &UnderTest<'_>) -> Checked {
    let idle_timeout = Some(Duration::from_secs(5));
    let server = under_test.start_with(|limits| limits.idle_timeout = idle_timeout)?;
    for n in 0..3 {
        let mut client = server.client()?;
        for request in 0..=n {
            client.ask_for(&ping(request), &pong(request))?;
        }
        counted(
            &server,
            "requests",
            |slot| slot.requests,
            (n + 1) * (n + 2) / 2,
        )?;
    }
    counted(&server, "connections", |slot| slot.accepted, 3)?;
    counted(&server, "open connections", |slot| slot.active, 0)?;
    counted(&server, "faults", |slot| slot.faults, 0)?;
    let mut broken = server.client()?;
    broken.send(&frame(&ping(1))[..6])?;
    broken.shut()?;
    broken.expect_closed()?;
    counted(&server, "faults", |slot| slot.faults, 1)?;
    counted(&server, "panics", |slot| slot.panics, 0)?;
    let requests = server.counted(|slot| slot.requests)?;
    expect(
        requests == 6,
        "a message that was cut off is no request",
        || format!("{requests} requests counted, of 6"),
    )
}

/// Waits for this number: a reply can arrive before it is counted.
fn counted(
    server: &TestServer,
    what: &str,
    counter: fn(&Reading) -> u64,
    expected: u64,
) -> Checked {
    let mut last = 0;
    let waited = eventually("", || {
        last = server.counted(counter)?;
        Ok(last == expected)
    });
    waited.or_else(|_| {
        expect(false, format!("{expected} {what} counted"), || {
            format!("{last} {what} counted")
        })
    })
}
