//! A second signal to `rpcbench serve`, during its drain.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{Served, frame, models};

/// A second signal stops the server at once, even during the drain.
#[test]
fn a_second_signal_stops_the_server_at_once() {
    for model in models() {
        let server = Served::start(model, &["--drain", "60s"]);
        let mut client = server.client();
        client.send(&frame(r#"{"in":"sleep","params":60000}"#));
        thread::sleep(Duration::from_millis(100));
        server.signal(Signal::SIGINT);
        thread::sleep(Duration::from_millis(200));
        let (code, took) = server.stop();
        assert_eq!(code, Some(0), "{model}");
        assert!(took < Duration::from_secs(2), "{model} took {took:?}");
    }
}
