//! How a connection ends: MQTT 5.0 §3.14 and §4.13, MQTT 3.1.1 §3.14 and §4.8. See `server_disconnect.rs` for what follows.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::time::Duration;

use crate::harness::store::Durable;
use crate::harness::{Saw, VERSIONS, World, connect_as, disconnect, resuming};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Config, LinkId};
use mqtt_codec::reason_code::DisconnectReasonCode as Reason;
use mqtt_codec::{Text, Version};
use mqtt_session::CloseReason;

const V5: Version = Version::V5_0;

/// [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] [MQTT-3.14.1-1] [MQTT-3.15.1-1] [MQTT-4.13.1-1] [v3.1.1 MQTT-3.6.1-1]
/// [v3.1.1 MQTT-3.8.1-1] [v3.1.1 MQTT-3.10.1-1] [v3.1.1 MQTT-3.14.1-1] [v3.1.1 MQTT-4.8.0-1] In 5.0 with 0x81.
#[test]
fn reserved_bits_that_are_wrong_end_the_connection() {
    for (flags, version, packet) in [
        (2, Version::V3_1_1, &b"\x60\x02\0\x01"[..]),
        (2, V5, b"\x60\x02\0\x01"),
        (2, Version::V3_1_1, b"\x80\x06\0\x01\0\x01a\0"),
        (2, V5, b"\x80\x07\0\x01\0\0\x01a\0"),
        (2, Version::V3_1_1, b"\xa0\x05\0\x01\0\x01a"),
        (2, V5, b"\xa0\x06\0\x01\0\0\x01a"),
        (0, Version::V3_1_1, b"\xe0\0"),
        (0, V5, b"\xe0\0"),
        (0, V5, b"\xf0\x06\x19\x04\x15\0\x01m"),
    ] {
        for wrong in (0..16).filter(|&wrong| wrong != flags) {
            let mut bytes = packet.to_vec();
            bytes[0] |= wrong;
            assert_malformed(version, &bytes, Reason::MalformedPacket);
        }
    }
}

/// [MQTT-3.8.3-1] [MQTT-3.8.3-2] [MQTT-3.8.3-5] [MQTT-3.10.3-1] [MQTT-3.10.3-2] [MQTT-4.13.1-1] [v3.1.1 MQTT-3.8.3-1]
/// [v3.1.1 MQTT-3.8.3-3] [v3.1.1 MQTT-3.8.3-4] [v3.1.1 MQTT-3.10.3-1] [v3.1.1 MQTT-3.10.3-2] [v3.1.1 MQTT-4.8.0-1]
#[test]
fn a_subscribe_or_unsubscribe_that_is_none_ends_the_connection() {
    const NO_TEXT: u8 = 0xE9;
    let (malformed, protocol) = (Reason::MalformedPacket, Reason::ProtocolError);
    for (options, reason) in [(0x40, malformed), (0x80, malformed), (0x03, protocol)] {
        let bytes = [0x82, 7, 0, 1, 0, 0, 1, b'a', options];
        assert_malformed(V5, &bytes, reason);
    }
    for options in [0x03, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80] {
        let bytes = [0x82, 6, 0, 1, 0, 1, b'a', options];
        assert_malformed(Version::V3_1_1, &bytes, malformed);
    }
    for (version, bytes, reason) in [
        (V5, &[0x82, 7, 0, 1, 0, 0, 1, NO_TEXT, 0][..], malformed),
        (V5, &[0xA2, 6, 0, 1, 0, 0, 1, NO_TEXT], malformed),
        (V5, &[0x82, 3, 0, 1, 0], protocol),
        (V5, &[0xA2, 3, 0, 1, 0], protocol),
    ] {
        assert_malformed(version, bytes, reason);
    }
    for bytes in [
        &[0x82, 6, 0, 1, 0, 1, NO_TEXT, 0][..],
        &[0xA2, 5, 0, 1, 0, 1, NO_TEXT],
        &[0x82, 2, 0, 1],
        &[0xA2, 2, 0, 1],
    ] {
        assert_malformed(Version::V3_1_1, bytes, malformed);
    }
}

/// [MQTT-4.13.2-1] [MQTT-3.14.2-2] A reason of 0x80 or above, said or not, goes with the close; it is all that the broker
/// says.
#[test]
fn every_reason_to_end_a_connection_goes_with_the_close() {
    let of_servers = |reason: &&Reason| reason.is_error() && reason.byte() != 0x8C;
    for version in VERSIONS {
        for &reason in Reason::ALL.iter().filter(of_servers) {
            let mut world = World::new(Config::default());
            let link = world.connect(resuming(version, "c", 600));
            let now = world.now;
            world.broker.disconnect(now, link, reason);
            world.settle();
            assert_eq!(world.take(link).all(), ended(version, reason));
        }
    }
}

/// [MQTT-3.14.0-1] Whatever ends a connection before CONNACK, and however far it has come.
#[test]
fn there_is_no_disconnect_before_connack() {
    for step in [
        Step::Connecting,
        Step::Asked,
        Step::Exchanging,
        Step::Storing,
    ] {
        for end in [End::Command, End::Shutdown, End::Timeout, End::Malformed] {
            // A client whose answer we owe is not read, and the store's time is not its fault.
            let skipped = match end {
                End::Command | End::Shutdown => false,
                End::Timeout => matches!(step, Step::Storing),
                End::Malformed => matches!(step, Step::Asked | Step::Storing),
            };
            if skipped {
                continue;
            }
            let mut world = Durable::new(Config::default());
            let link = before_connack(&mut world, step);
            let now = world.now;
            match end {
                End::Command => world.broker.disconnect(now, link, Reason::ServerBusy),
                End::Shutdown => world.broker.shutdown(now),
                End::Timeout => world.advance(Duration::from_secs(10)),
                End::Malformed => world.send_bytes(link, &[0xFF, 0]),
            }
            world.settle();
            world.commit_all();
            let outcome = world.take(link);
            assert!(
                matches!(outcome.all()[..], [Saw::Closed(_)]),
                "{step:?} {end:?}: {:?}",
                outcome.all()
            );
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Nothing has come.
    Connecting,
    /// CONNECT has come, and it was asked who that is.
    Asked,
    /// AUTH was sent.
    Exchanging,
    /// CONNACK waits for the store.
    Storing,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Command,
    Shutdown,
    Timeout,
    Malformed,
}

/// A link that has come so far. What it saw is forgotten.
fn before_connack(world: &mut Durable, step: Step) -> LinkId {
    let mut connect = resuming(V5, "c", 600);
    let link = match step {
        Step::Connecting | Step::Storing => world.link(),
        Step::Asked | Step::Exchanging => {
            connect.properties.authentication_method = Text::new("m").ok();
            world.link_from(Authentication::Ask)
        }
    };
    match step {
        Step::Connecting => {}
        Step::Asked | Step::Storing => world.send(link, connect),
        Step::Exchanging => {
            world.send(link, connect);
            let data = Vec::new();
            world.authenticated(link, AuthenticationOutcome::Continue { data });
        }
    }
    world.forget();
    link
}

/// What a link sees when the broker ends it.
fn ended(version: Version, reason: Reason) -> Vec<Saw<'static>> {
    let closed = Saw::Closed(CloseReason::Disconnected { reason });
    match version {
        Version::V5_0 => vec![Saw::Packet(disconnect(reason)), closed],
        Version::V3_1 | Version::V3_1_1 => vec![closed],
    }
}

/// These bytes end the connection: with that reason in 5.0, and without a word in 3.x.
fn assert_malformed(version: Version, bytes: &[u8], reason: Reason) {
    let mut world = World::new(Config::default());
    let link = world.connect(connect_as(version, "c"));
    world.send_bytes(link, bytes);
    let outcome = world.take(link);
    let all = outcome.all();
    let Some((Saw::Closed(CloseReason::Malformed(_)), said)) = all.split_last() else {
        panic!("{bytes:02x?} in {version}: {all:?}")
    };
    match version {
        Version::V5_0 => assert_eq!(said, [Saw::Packet(disconnect(reason))], "{bytes:02x?}"),
        Version::V3_1 | Version::V3_1_1 => assert_eq!(said, [], "{bytes:02x?}"),
    }
    assert_eq!(world.broker.gauges().subscriptions, 0);
}
