//! The original client, in its Python 3 form, against every model.

use std::process::Command;

use crate::support::{Served, models};

#[test]
fn the_original_client_works_with_every_model() {
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/original_client.py");
    for model in models() {
        let server = Served::start(model, &[]);
        let (host, port) = (
            server.address.ip().to_string(),
            server.address.port().to_string(),
        );
        let output = Command::new("python3")
            .args([client, &host, &port])
            .output();
        let output = output.expect("this test needs python3 (apt-get install python3)");
        let expected: String = (0..10).map(|i| format!("pong ireader {i}\n")).collect();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            expected,
            "{model}: {stderr}"
        );
    }
}
