//! Session State: MQTT 5.0 §4.1 and §3.1.2.4, MQTT 3.1.1 §4.1 and §3.1.2.4. When it ends is in `time_session_expiry.rs`.
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

use crate::harness::{
    VERSIONS, World, connack, connect, connect_as, pubcomp, pubrec, pubrel, qos0, qos1, qos2,
    resuming, retained, subscribe,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::{Connack, ConnackProperties, Disconnect};
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{Packet, QoS, Version};

const V5: Version = Version::V5_0;

/// [MQTT-3.1.2-4] [MQTT-3.2.2-2] [MQTT-3.1.4-4] [v3.1.1 MQTT-3.1.2-6] [v3.1.1 MQTT-3.1.4-3]
/// [v3.1.1 MQTT-3.2.2-1]
#[test]
fn clean_start_throws_the_old_session_away() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        leave_a_session_with_a_message(&mut world, version);
        let (link, outcome) = world.offer(connect_as(version, "c"));
        assert_eq!(outcome.packets(), [accepted(version, false)]);
        let other = world.connect(connect("other"));
        world.send(other, qos0("a", "no subscription is left"));
        assert_eq!(world.take(link).packets(), []);
        // The new one ends with its connection.
        world.send(link, subscribe(1, "a", QoS::AtLeastOnce));
        world.cut(link);
        let (_, outcome) = world.offer(resuming(version, "c", 600));
        assert_eq!(outcome.packets(), [accepted(version, false)]);
    }
}

/// [MQTT-3.1.2-5] [MQTT-3.2.2-3] [MQTT-3.1.2-23] [v3.1.1 MQTT-3.1.2-4] [v3.1.1 MQTT-3.1.2-5] [v3.1.1 MQTT-3.2.2-2]
/// [v3.1.1 MQTT-4.1.0-1]
#[test]
fn without_clean_start_the_stored_session_goes_on() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        leave_a_session_with_a_message(&mut world, version);
        let (link, outcome) = world.offer(resuming(version, "c", 600));
        assert_eq!(
            outcome.packets(),
            [
                accepted(version, true),
                Packet::Publish(qos1(1, "a", "kept")),
                Packet::Publish(qos2(2, "a", "kept, too"))
            ]
        );
        let other = world.connect(connect("other"));
        world.send(other, qos0("a", "the subscription is there"));
        assert_eq!(
            world.take(link).packets(),
            [Packet::Publish(qos0("a", "the subscription is there"))]
        );
    }
}

/// [MQTT-3.1.2-6] [MQTT-3.2.2-3] [v3.1.1 MQTT-3.1.2-4] [v3.1.1 MQTT-3.2.2-3]
#[test]
fn without_clean_start_and_without_a_stored_session_a_new_one_begins() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let (link, outcome) = world.offer(resuming(version, "c", 600));
        assert_eq!(outcome.packets(), [accepted(version, false)]);
        // It is one that is kept.
        world.cut(link);
        assert_eq!(world.broker.gauges().sessions, 1);
        let (_, outcome) = world.offer(resuming(version, "c", 600));
        assert_eq!(outcome.packets(), [accepted(version, true)]);
    }
}

/// [MQTT-3.1.3-2] [v3.1.1 MQTT-3.1.3-2] Sessions are told apart by the whole identifier.
#[test]
fn the_client_identifier_names_the_session() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        leave_a_session_with_a_message(&mut world, version);
        for id in ["C", "c ", "cc"] {
            let (_, outcome) = world.offer(resuming(version, id, 600));
            assert_eq!(outcome.packets(), [accepted(version, false)]);
        }
        let (_, outcome) = world.offer(resuming(version, "c", 600));
        assert_eq!(outcome.packets()[0], accepted(version, true));
    }
}

/// [5.0-9] `u32::MAX` means never, in CONNECT and in DISCONNECT, where the broker does not cap it; a second less has an end.
#[test]
fn a_session_of_the_longest_expiry_interval_never_ends() {
    let century = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    for (asked, said, ends) in [
        (u32::MAX, None, false),
        (u32::MAX - 1, None, true),
        (10, Some(u32::MAX), false),
        (10, Some(u32::MAX - 1), true),
    ] {
        let mut world = World::new(Config {
            maximum_session_expiry: u32::MAX,
            ..Config::default()
        });
        let (link, outcome) = world.offer(resuming(V5, "c", asked));
        assert_eq!(outcome.packets(), [accepted(V5, false)], "as asked for");
        let mut leave = Disconnect {
            reason_code: DisconnectReasonCode::Success,
            properties: Default::default(),
        };
        leave.properties.session_expiry_interval = said;
        world.send(link, leave);
        world.advance(century);
        assert_eq!(world.broker.gauges().sessions, 1, "{asked} {said:?}");
        world.advance(century);
        let left = usize::from(!ends);
        assert_eq!(world.broker.gauges().sessions, left, "{asked} {said:?}");
    }
}

/// [MQTT-4.1.0-1] [v3.1.1 MQTT-4.1.0-1] [v3.1.1 MQTT-4.1.0-2] A session lasts at least as long as its connection, whether
/// that is its first one or not.
#[test]
fn a_connected_session_does_not_expire() {
    for (version, clean_start) in VERSIONS
        .into_iter()
        .flat_map(|version| [true, false].map(|clean_start| (version, clean_start)))
    {
        let mut world = World::new(Config {
            maximum_session_expiry: 1,
            ..Config::default()
        });
        let mut connect = resuming(version, "c", 1);
        (connect.keep_alive, connect.clean_start) = (600, clean_start);
        // What was to end an earlier connection's session does not end it now.
        let earlier = world.connect(connect);
        world.cut(earlier);
        let link = world.connect(connect);
        world.send(link, subscribe(1, "a", QoS::ExactlyOnce));
        let other = world.connect(connect_as(V5, "other"));
        world.send(other, qos2(1, "a", "open"));
        world.send(link, qos2(7, "nobody", "open"));
        world.forget();
        for _ in 0..10 {
            world.advance(Duration::from_secs(500));
            world.send(link, Packet::Pingreq);
            world.send(other, Packet::Pingreq);
            assert_eq!(world.take(link).packets(), [Packet::Pingresp]);
        }
        // Everything is there: the exchanges of both directions and the subscription.
        world.send(link, pubrec(1));
        world.send(link, pubrel(7));
        world.send(other, qos0("a", "x"));
        assert_eq!(
            world.take(link).packets(),
            [pubrel(1), pubcomp(7), Packet::Publish(qos0("a", "x"))]
        );
    }
}

/// [v3.1.1 MQTT-3.1.2-7] Retained messages are not part of a session.
#[test]
fn retained_messages_outlive_the_session_of_their_publisher() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = world.connect(connect_as(version, "c"));
        world.send(link, retained(qos0("a", "x")));
        world.cut(link);
        assert_eq!(world.broker.gauges().sessions, 0);
        let reader = world.connect(connect_as(version, "reader"));
        world.send(reader, subscribe(1, "a", QoS::AtMostOnce));
        assert_eq!(
            world.take(reader).packets()[1..],
            [Packet::Publish(retained(qos0("a", "x")))]
        );
    }
}

/// A session of `c`, offline, with a message of QoS 1 and one of QoS 2 for its subscription to `a`.
fn leave_a_session_with_a_message(world: &mut World, version: Version) -> LinkId {
    let link = world.connect(resuming(version, "c", 600));
    world.send(link, subscribe(1, "a", QoS::ExactlyOnce));
    world.cut(link);
    let writer = world.connect(connect("writer"));
    world.send(writer, qos0("a", "not kept"));
    world.send(writer, qos1(1, "a", "kept"));
    world.send(writer, qos2(2, "a", "kept, too"));
    world.forget();
    writer
}

/// The CONNACK of success. 3.1 has no Session Present.
fn accepted(version: Version, session_present: bool) -> Packet<'static> {
    match version {
        Version::V5_0 => Packet::Connack(success(session_present)),
        Version::V3_1 | Version::V3_1_1 => Packet::Connack(Connack {
            session_present: session_present && version == Version::V3_1_1,
            reason_code: ConnectReasonCode::Success,
            properties: ConnackProperties::default(),
        }),
    }
}

fn success(session_present: bool) -> Connack<'static> {
    match connack() {
        Packet::Connack(connack) => Connack {
            session_present,
            ..connack
        },
        other => panic!("unexpected {other:?}"),
    }
}
