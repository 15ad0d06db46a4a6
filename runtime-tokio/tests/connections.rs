//! Who may connect, and how many.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "a test"
)]

mod harness;

use core::time::Duration;
use std::sync::mpsc::channel;

use harness::{Raw, connect, publish, run, shut_down, start, subscribe};
use mqtt_broker_core::Config;
use runtime_tokio::{ConnectionLimits, Loopback, Rate, Refusal};

#[test]
fn hundreds_of_connections_are_served_at_once() {
    let (server, address, _told) = start(harness::builder());
    let mut all: Vec<_> = (0..300)
        .map(|n| Raw::connected(address, &format!("client-{n}")))
        .collect();
    for raw in &mut all {
        raw.send(&subscribe("all", 0));
    }
    for raw in &mut all {
        raw.expect(&[0x90, 3, 0, 1, 0]);
    }
    all[0].send(&publish("all", b"hello"));
    for raw in &mut all {
        raw.expect(&publish("all", b"hello"));
    }
    assert_eq!(run(server.statistics()).gauges.connected, 300);
    shut_down(&server);
    for raw in &mut all {
        raw.expect_end();
    }
}

#[test]
fn so_many_connections_and_not_one_more() {
    let limits = ConnectionLimits {
        connections: Some(3),
        ..harness::limits()
    };
    let (server, address, told) = start(harness::builder().limits(limits));
    let mut all: Vec<_> = (0..3)
        .map(|n| Raw::connected(address, &format!("client-{n}")))
        .collect();
    Raw::open(address).expect_end();
    told.wait_for("refused: connections");
    assert_eq!(
        run(server.statistics())
            .accepts
            .refused(Refusal::Connections),
        1
    );
    // A place is free again when its connection is gone.
    drop(all.pop());
    told.wait_for("client-2 closed");
    Raw::connected(address, "client-3");
    shut_down(&server);
}

#[test]
fn so_many_connections_of_an_address_and_not_one_more() {
    let limits = ConnectionLimits {
        per_address: 2,
        loopback: Loopback::Limited,
        ..harness::limits()
    };
    let (server, address, told) = start(harness::builder().limits(limits));
    let _first = Raw::connected(address, "1");
    let _second = Raw::connected(address, "2");
    Raw::open(address).expect_end();
    told.wait_for("refused: connections per address");
    shut_down(&server);
}

#[test]
fn so_many_connections_before_login_and_not_one_more() {
    let limits = ConnectionLimits {
        before_login: 2,
        loopback: Loopback::Limited,
        ..harness::limits()
    };
    let (server, address, told) = start(harness::builder().limits(limits));
    let mut first = Raw::open(address);
    let _second = Raw::open(address);
    Raw::open(address).expect_end();
    told.wait_for("refused: connections before login");
    first.send(&connect(4, "1"));
    first.expect(&[0x20, 2, 0, 0]);
    Raw::connected(address, "3");
    shut_down(&server);
}

#[test]
fn connections_come_at_a_rate() {
    let limits = ConnectionLimits {
        rate: Rate::new(1, 2),
        loopback: Loopback::Limited,
        ..harness::limits()
    };
    let (server, address, told) = start(harness::builder().limits(limits));
    // The numbers are tested where no time passes.
    let _all: Vec<_> = (0..20).map(|_| Raw::open(address)).collect();
    told.wait_for("refused: connect rate");
    shut_down(&server);
}

#[test]
fn connections_of_an_address_come_at_a_rate() {
    let limits = ConnectionLimits {
        rate_per_address: Rate::new(1, 2),
        loopback: Loopback::Limited,
        ..harness::limits()
    };
    let (server, address, told) = start(harness::builder().limits(limits));
    let _all: Vec<_> = (0..20).map(|_| Raw::open(address)).collect();
    told.wait_for("refused: connect rate per address");
    shut_down(&server);
}

#[test]
fn this_machine_has_no_limits_of_address_and_rate_and_before_login() {
    let limits = ConnectionLimits {
        per_address: 1,
        before_login: 1,
        rate: Rate::new(1, 1),
        rate_per_address: Rate::new(1, 1),
        ..harness::limits()
    };
    let (server, address, _told) = start(harness::builder().limits(limits));
    let _all: Vec<_> = (0..10)
        .map(|n| Raw::connected(address, &n.to_string()))
        .collect();
    shut_down(&server);
}

#[test]
fn a_connect_that_does_not_come_in_time_is_not_waited_for() {
    let limits = ConnectionLimits {
        connect_timeout: Duration::from_millis(50),
        ..harness::limits()
    };
    let (server, address, told) = start(harness::builder().limits(limits));
    let mut silent = Raw::open(address);
    let mut half = Raw::open(address);
    half.send(&connect(4, "half")[..5]);
    silent.expect_end();
    half.expect_end();
    told.wait_for("no CONNECT in time");
    told.wait_for("no CONNECT in time");
    assert_eq!(run(server.statistics()).accepts.no_connect, 2);
    shut_down(&server);
}

/// What is left of the time after CONNECT is for the authentication.
#[test]
fn an_authentication_that_does_not_end_in_time_is_not_waited_for() {
    let limits = ConnectionLimits {
        connect_timeout: Duration::from_millis(50),
        ..harness::limits()
    };
    let builder = harness::builder()
        .limits(limits)
        .bind_authenticated("127.0.0.1:0".parse().unwrap())
        .authenticate(|_| core::future::pending());
    let (builder, told) = harness::with_told(builder);
    let server = builder.start().unwrap();
    let mut raw = Raw::open(server.local_addrs()[0]);
    raw.send(&connect(4, "a"));
    raw.expect_end();
    told.wait_for("a closed: not connected in time");
    shut_down(&server);
}

/// CONNECT alone is no login.
#[test]
fn who_waits_for_the_authentication_is_not_logged_in() {
    let limits = ConnectionLimits {
        before_login: 1,
        loopback: Loopback::Limited,
        ..harness::limits()
    };
    let (asked, asks) = channel();
    let builder = harness::builder()
        .limits(limits)
        .bind_authenticated("127.0.0.1:0".parse().unwrap())
        .authenticate(move |_| {
            asked.send(()).unwrap();
            core::future::pending()
        });
    let (builder, told) = harness::with_told(builder);
    let server = builder.start().unwrap();
    let mut first = Raw::open(server.local_addrs()[0]);
    first.send(&connect(4, "a"));
    asks.recv_timeout(harness::BOUND).unwrap();
    Raw::open(server.local_addrs()[0]).expect_end();
    told.wait_for("refused: connections before login");
    shut_down(&server);
}

#[test]
fn a_connect_above_the_brokers_packet_size_is_answered_so() {
    let config = Config {
        maximum_packet_size: 1_000,
        ..Config::default()
    };
    let (server, address, told) = start(harness::builder().config(config));
    let mut raw = Raw::open(address);
    raw.send(&connect(5, &"a".repeat(2_000)));
    let connack = raw.packet();
    assert_eq!((connack[0], connack[3]), (0x20, 0x95), "{connack:02x?}");
    raw.expect_end();
    told.wait_for("the first packet has more than 1000 bytes");
    shut_down(&server);
}
