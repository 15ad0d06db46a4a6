//! The DISCONNECT of a server, and what follows it, which is nothing: MQTT 5.0 §3.14.
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
use crate::harness::{Saw, VERSIONS, World, connect_as, disconnect, qos1, resuming, subscribe};
use mqtt_broker_core::{Config, LinkId, Message};
use mqtt_codec::packet::Connect;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, QoS, TopicNameBuf, Version};

const V5: Version = Version::V5_0;

/// [MQTT-3.14.2-2] Whyever the broker ends a connection, its DISCONNECT has the reason and no Session Expiry Interval,
/// whatever the client asked for and got.
#[test]
fn a_disconnect_of_the_broker_says_nothing_of_the_session_expiry() {
    for (end, code) in ENDS {
        for (asked, cap) in [(0, 600), (600, 600), (u32::MAX, 600)] {
            let (mut world, link) = connected(resuming(V5, "c", asked), cap);
            end(&mut world, link);
            let outcome = world.take(link);
            let told = disconnect(code);
            assert!(
                matches!(&outcome.all()[..], [Saw::Packet(packet), Saw::Closed(_)] if *packet == told),
                "{code}: {:?}",
                outcome.all()
            );
        }
    }
}

/// [MQTT-3.14.4-1] [MQTT-3.14.4-2] [MQTT-4.13.2-1] Behind its DISCONNECT the broker closes, and sends nothing more:
/// neither messages nor answers. In 3.x there is the close alone.
#[test]
fn nothing_follows_a_disconnect_of_the_broker() {
    for version in VERSIONS {
        for (end, code) in ENDS {
            let (mut world, link) = connected(resuming(version, "c", 600), 600);
            world.send(link, subscribe(1, "a", QoS::AtLeastOnce));
            world.forget();
            end(&mut world, link);
            let outcome = world.take(link);
            let seen = outcome.all();
            let (before, last) = seen.split_at(seen.len() - 1);
            assert!(matches!(last, [Saw::Closed(_)]), "{code}: {seen:?}");
            match version {
                Version::V5_0 => assert_eq!(before, [Saw::Packet(disconnect(code))]),
                Version::V3_1 | Version::V3_1_1 => assert_eq!(before, []),
            }

            for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
                let topic = TopicNameBuf::new("a").unwrap();
                let message = Message::builder(topic, "x".into()).qos(qos).build();
                world.broker.publish(world.now, &message);
                world.settle();
            }
            world.send(link, Packet::Pingreq);
            world.send(link, qos1(1, "b", "x"));
            world.advance(Duration::from_secs(10));
            assert_eq!(world.take(link).all(), [], "{code}");
            assert_eq!(world.broker.tx(link).map_or(0, |tx| tx.len()), 0);
        }
    }
}

/// [MQTT-3.14.4-1] Nor do answers that waited for the store.
#[test]
fn what_becomes_durable_behind_a_disconnect_of_the_broker_is_not_answered() {
    let mut world = Durable::new(Config::default());
    let link = world.subscriber(V5, "c");
    world.send(link, qos1(1, "a", "x"));
    world.send(link, subscribe(2, "b", QoS::AtLeastOnce));
    world.forget();
    world.send_bytes(link, MALFORMED);
    let outcome = world.take(link);
    let told = disconnect(DisconnectReasonCode::MalformedPacket);
    assert!(
        matches!(&outcome.all()[..], [Saw::Packet(packet), Saw::Closed(_)] if *packet == told),
        "{:?}",
        outcome.all()
    );
    world.commit_all();
    assert_eq!(world.take(link).all(), []);
    assert_eq!(world.broker.tx(link).map_or(0, |tx| tx.len()), 0);
}

/// PINGREQ with a reserved bit, in 3.1, too, a byte too much.
const MALFORMED: &[u8] = &[0xC1, 1, 0];

type End = fn(&mut World, LinkId);

/// Why a broker ends a connection with a session `c`.
const ENDS: [(End, DisconnectReasonCode); 6] = [
    (
        |world, link| world.send_bytes(link, MALFORMED),
        DisconnectReasonCode::MalformedPacket,
    ),
    (
        |world, link| {
            let again = connect_as(world.version(link), "c");
            world.send(link, again);
        },
        DisconnectReasonCode::ProtocolError,
    ),
    (
        |world, _| _ = world.connect(resuming(V5, "c", 600)),
        DisconnectReasonCode::SessionTakenOver,
    ),
    (
        |world, _| world.advance(Duration::from_secs(15)),
        DisconnectReasonCode::KeepAliveTimeout,
    ),
    (
        |world, link| {
            let (now, reason) = (world.now, DisconnectReasonCode::AdministrativeAction);
            world.broker.disconnect(now, link, reason);
            world.settle();
        },
        DisconnectReasonCode::AdministrativeAction,
    ),
    (
        |world, _| {
            world.broker.shutdown(world.now);
            world.settle();
        },
        DisconnectReasonCode::ServerShuttingDown,
    ),
];

fn connected(mut connect: Connect<'static>, cap: u32) -> (World, LinkId) {
    let mut world = World::new(Config {
        maximum_session_expiry: cap,
        ..Config::default()
    });
    connect.keep_alive = 10;
    let link = world.connect(connect);
    (world, link)
}
