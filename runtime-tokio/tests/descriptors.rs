//! The process runs out of descriptors. Alone in its file: it changes the limit of the whole process.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test")]

mod harness;

use std::fs::File;

use harness::{Raw, connect, shut_down, start};
use runtime_tokio::ConnectionLimits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn without_descriptors_nobody_is_accepted_until_there_are_some_again() {
    let limits = ConnectionLimits {
        connections: Some(1_000),
        ..harness::limits()
    };
    let (server, address, told) = start(harness::builder().limits(limits));
    let mut before = Raw::connected(address, "before");

    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(100),
            maximum,
        },
    )
    .unwrap();
    let mut files: Vec<File> = core::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    // One for the client, none for the server.
    files.pop();
    let mut raw = Raw::open(address);
    raw.send(&connect(4, "after"));
    told.wait_for("OutOfDescriptors");
    // Who is in is served.
    before.send(&[0xC0, 0]);
    before.expect(&[0xD0, 0]);

    files.truncate(10);
    raw.expect(&[0x20, 2, 0, 0]);
    let all = told.wait_for("after connected");
    assert!(!all.contains("OutOfDescriptors"));
    shut_down(&server);
}
