//! Fuzzes the parsing and rendering of an untrusted record.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rpcbench::record::{Record};
use rpcbench::internal::{report};

fuzz_target!(|text: &str| {
    if let Ok(record) = Record::parse(text) {
        for format in report::ALL {
            format.render(&record);
        }
        report::files::files(&record);
        report::torture::torture(&record, &|_| None);
    }
});
