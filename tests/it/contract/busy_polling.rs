//! Loops that poll without sleeping must notice stops, drains and timeouts too.

use crate::support::{SHORT, measured};

/// Runs each case against the models that busy-poll, with the longest time of it.
macro_rules! busy_polling {
    ($($case:ident)*) => {
        $(
            mod $case {
                #[test]
                fn asynchronous() {
                    super::super::$case("async --busy-poll 1s");
                }
                #[test]
                fn preforking_async() {
                    super::super::$case("preforking-async --busy-poll 1s");
                }
                #[test]
                fn uring() {
                    if crate::support::can_run("uring") {
                        super::super::$case("uring --busy-poll 1s");
                    }
                }
                #[test]
                fn async_pool() {
                    super::super::$case("async-pool --busy-poll 1s");
                }
            }
        )*
    };
}

busy_polling! {
    an_idle_peer_is_closed
    a_dribbling_peer_is_closed
    the_timeout_of_a_message_starts_at_its_first_byte
    sleeps_and_replies_keep_their_order
    many_clients
    stop_while_idle
    stop_while_mid_frame
    stop_while_busy
    stop_with_clients_waiting
    stop_closes_connections_at_the_end_of_the_drain
}

#[test]
fn the_record_has_the_time_where_a_model_uses_it() {
    let models = ["--model", "threaded,async", "--trials", "1"];
    let record = measured(&[&models[..], &["--busy-poll", "50us"], &SHORT].concat());
    let time = |cell: usize| &record["cells"][cell]["contestant"]["options"]["busy_poll_us"];
    assert!(time(0).is_null(), "{}", time(0));
    assert_eq!(time(1), 50.0);
}
