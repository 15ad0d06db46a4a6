//! The ends of connections.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "a test"
)]

mod harness;

use core::time::Duration;
use std::io::Write;

use harness::{BOUND, Raw, connect, publish, publish_qos1, run, shut_down, start, subscribe};
use mqtt_broker_core::{Cause, Config};
use runtime_tokio::{ConnectionLimits, Server};

#[test]
fn a_shutdown_tells_clients_of_version_5_and_closes_all() {
    let (server, address, told) = start(harness::builder());
    let mut v3 = Raw::connected(address, "v3");
    let mut v5 = Raw::connected_v5(address, "v5");
    let mut before_login = Raw::open(address);
    shut_down(&server);
    v5.expect(&[0xE0, 1, 0x8B]);
    v5.expect_end();
    v3.expect_end();
    before_login.expect_end();
    told.wait_for("v3 closed: shutting down");
    told.wait_for("v5 closed: shutting down");
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_shutdown_does_not_wait_for_ever() {
    let limits = ConnectionLimits {
        linger: BOUND,
        ..ConnectionLimits::default()
    };
    let (server, address, _told) = start(harness::builder().limits(limits));
    // It never closes.
    let mut v5 = Raw::connected_v5(address, "v5");
    run(server.shutdown(Duration::from_millis(10)));
    v5.expect(&[0xE0, 1, 0x8B]);
    v5.expect_end();
}

#[test]
fn a_dropped_server_closes_its_connections() {
    let (server, address, _told) = start(harness::builder());
    let mut v3 = Raw::connected(address, "v3");
    drop(server);
    v3.expect_end();
}

/// A socket that is closed with unread bytes sends a reset, which may overtake what was written before. So we read on.
#[test]
fn the_last_packet_is_not_lost_to_a_reset() {
    let (server, address, told) = start(Server::builder());
    for n in 0..20 {
        let mut v5 = Raw::connected_v5(address, &format!("v5-{n}"));
        // Reserved flags, and a lot behind them that nobody will look at.
        let mut bytes = vec![0xC1, 0];
        bytes.resize(3_000_000, 0);
        let mut writer = v5.0.try_clone().unwrap();
        let writing = std::thread::Builder::new().spawn(move || {
            let _ = writer.write_all(&bytes);
        });
        v5.expect(&[0xE0, 1, 0x81]);
        v5.expect_end();
        writing.unwrap().join().unwrap();
        drop(v5);
        told.wait_for("closed: malformed");
    }
    shut_down(&server);
}

#[test]
fn a_peer_that_does_not_close_is_closed() {
    let limits = ConnectionLimits {
        linger: Duration::from_millis(20),
        ..ConnectionLimits::default()
    };
    let (server, address, _told) = start(harness::builder().limits(limits));
    let mut v5 = Raw::connected_v5(address, "v5");
    v5.send(&[0xC1, 0]);
    v5.expect(&[0xE0, 1, 0x81]);
    v5.expect_end();
    // It does not close; we do, which it sees when it writes.
    let closed = core::iter::repeat_with(|| v5.0.write_all(&[0; 1_000]))
        .take(10_000_000)
        .any(|sent| sent.is_err());
    assert!(closed);
    shut_down(&server);
}

#[test]
fn what_answers_the_last_packets_of_a_peer_is_still_sent() {
    let (server, address, _told) = start(harness::builder());
    for n in 0..20 {
        let mut raw = Raw::connected(address, &format!("v3-{n}"));
        raw.send(&publish_qos1("a", 1, b"b"));
        raw.finish_sending();
        raw.expect(&[0x40, 2, 0, 1]);
        raw.expect_end();
    }
    shut_down(&server);
}

#[test]
fn a_subscriber_that_does_not_read_loses_messages_of_qos_0_and_then_its_connection() {
    let config = Config {
        stall_limit: Duration::from_millis(200),
        ..Config::default()
    };
    let (server, address, told) = start(harness::builder().config(config));
    let mut slow = Raw::connected(address, "slow");
    slow.send(&subscribe("a", 0));
    slow.expect(&[0x90, 3, 0, 1, 0]);
    let mut publisher = Raw::connected(address, "publisher");
    // More than the send buffer and what the system takes.
    let megabyte = publish("a", &[0; 1_000_000]);
    for _ in 0..40 {
        publisher.send(&megabyte);
    }
    told.wait_for("slow closed: the peer does not read");
    let statistics = run(server.statistics());
    assert!(statistics.counters.refused(Cause::SendBufferFull) > 0);
    // The others do not notice.
    publisher.send(&[0xC0, 0]);
    publisher.expect(&[0xD0, 0]);
    shut_down(&server);
}

#[test]
fn a_subscriber_that_reads_slowly_gets_all_messages_of_qos_1() {
    let (server, address, _told) = start(harness::builder());
    let mut slow = Raw::connected(address, "slow");
    slow.send(&subscribe("a", 1));
    slow.expect(&[0x90, 3, 0, 1, 1]);
    let mut publisher = Raw::connected(address, "publisher");
    let payload = vec![0; 100_000];
    // More than the send buffer and what the system takes: the rest waits in the session's queue.
    for n in 1..=120 {
        publisher.send(&publish_qos1("a", n, &payload));
        publisher.expect(&[&[0x40, 2][..], &n.to_be_bytes()].concat());
    }
    for n in 1..=120_u16 {
        let packet = slow.packet();
        assert_eq!(
            (packet[0], packet.len()),
            (0x32, publish_qos1("a", n, &payload).len())
        );
        slow.send(&[&[0x40, 2][..], &packet[7..9]].concat());
    }
    shut_down(&server);
}

#[test]
fn a_client_that_takes_over_is_served_and_the_other_is_told() {
    let (server, address, told) = start(harness::builder());
    let mut first = Raw::connected_v5(address, "same");
    let mut second = Raw::connected_v5(address, "same");
    first.expect(&[0xE0, 1, 0x8E]);
    first.expect_end();
    told.wait_for("same closed: session taken over");
    second.send(&[0xC0, 0]);
    second.expect(&[0xD0, 0]);
    shut_down(&server);
}

#[test]
fn a_reset_ends_a_connection() {
    let (server, address, told) = start(harness::builder());
    let mut raw = Raw::open(address);
    raw.send(&connect(4, "reset"));
    told.wait_for("reset connected");
    // Closed with an unread CONNACK: the system sends a reset.
    drop(raw);
    told.wait_for("reset closed: connection lost");
    shut_down(&server);
}
