//! The model `uring` where io_uring is forbidden, and a ring that is too small for its load.

use std::process::Output;

use crate::support::{SHORT, forbid_io_uring, rpcbench};

/// Runs rpcbench where io_uring_setup(2) fails with `errno`.
fn without_io_uring(errno: i32, arguments: &[&str]) -> Output {
    let mut command = rpcbench();
    forbid_io_uring(&mut command, errno);
    command.args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_named_model_that_cannot_run_is_one_error() {
    let remedies = [
        (
            libc::EPERM,
            "io_uring is forbidden here; allow it with sysctl kernel.io_uring_disabled=0",
        ),
        (libc::ENOSYS, "needs Linux 6.1 or later"),
        (libc::EINVAL, "needs Linux 6.1 or later"),
    ];
    for (errno, remedy) in remedies {
        for command in [
            &["--no-save", "--model", "uring"][..],
            &["serve", "--model", "io_uring"],
        ] {
            let output = without_io_uring(errno, command);
            let stderr = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{stderr}");
            assert!(
                stderr.starts_with("rpcbench: the model uring cannot run here: "),
                "{stderr}"
            );
            assert!(stderr.contains(remedy), "{stderr}");
        }
    }
}

#[test]
fn a_group_leaves_it_out_with_a_note() {
    let load = [
        "--model",
        "async,modern",
        "--clients",
        "2",
        "--no-save",
        "--share",
        "off",
    ];
    let arguments = [&load[..], &SHORT, &["--format", "json"]].concat();
    let output = without_io_uring(libc::EPERM, &arguments);
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let note = "uring is left out: io_uring is forbidden here";
    assert_eq!(stderr.matches(note).count(), 1, "{stderr}");
    let record: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let cells = record["cells"].as_array().unwrap();
    let names: Vec<&str> = cells
        .iter()
        .filter_map(|cell| cell["contestant"]["name"].as_str())
        .collect();
    assert_eq!(
        names,
        ["async", "pool", "async-threads", "async-pool", "tokio"]
    );
}

#[test]
fn lists_say_why_it_cannot_run() {
    let models = text(&without_io_uring(libc::EPERM, &["models"]).stdout);
    assert!(
        models.contains("uring cannot run here: io_uring is forbidden here"),
        "{models}"
    );
    let json = without_io_uring(libc::EPERM, &["models", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let unavailable = |name: &str| {
        let mut models = json.as_array().unwrap().iter();
        let model = models.find(|model| model["name"] == name).unwrap();
        model["unavailable"].clone()
    };
    assert!(unavailable("async").is_null());
    assert!(unavailable("uring").as_str().unwrap().contains("forbidden"));
    let doctor = text(&without_io_uring(libc::EPERM, &["doctor"]).stdout);
    assert!(
        doctor.contains("io_uring not usable, so the model uring is left out"),
        "{doctor}"
    );
}
