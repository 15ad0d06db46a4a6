//! What a connection keeps to: DISCONNECT, packet sizes, problem information.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::num::{NonZeroU16, NonZeroU32};

use crate::harness::{
    Saw, VERSIONS, World, connect, connect_as, disconnect, id, leak, puback, pubrec, pubrel, qos0,
    qos1, qos2, suback, subscribe, unsuback, unsubscribe,
};
use mqtt_broker_core::{Cause, Config, LinkId};
use mqtt_codec::packet::{Puback, Pubcomp, Pubrec, Pubrel};
use mqtt_codec::reason_code::{
    DisconnectReasonCode, PublishReasonCode, ReleaseReasonCode, SubscribeReasonCode,
    UnsubscribeReasonCode,
};
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::{CloseReason, ProtocolError};

const V5: Version = Version::V5_0;

/// Ours when it asked for more or none, its own else.
#[test]
fn connack_says_a_keep_alive_where_it_is_not_the_clients() {
    for (asked, said) in [
        (1, None),
        (1_200, None),
        (1_201, Some(1_200)),
        (0, Some(1_200)),
    ] {
        let mut world = World::new(Config::default());
        let mut connect = connect("c");
        connect.keep_alive = asked;
        let (_, outcome) = world.offer(connect);
        let [Packet::Connack(connack)] = outcome.packets()[..] else {
            panic!("CONNACK alone")
        };
        assert_eq!(connack.properties.server_keep_alive, said);
    }
}

/// Standard: MQTT 5.0 §3.14.4. The client has left: nothing behind its DISCONNECT is looked at. See `server_disconnect.rs` for
/// the broker's own.
#[test]
fn nothing_behind_disconnect_is_processed() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = world.connect(connect_as(version, "c"));
        world.send_bytes(link, &[0xE0, 0, 0xC0, 0, 0xFF, 0xFF]);
        let reason = CloseReason::PeerDisconnected {
            reason: DisconnectReasonCode::Success,
        };
        assert_eq!(world.take(link).all(), [Saw::Closed(reason)]);
        assert_eq!(world.unread(link), 0);
    }
}

/// [MQTT-3.1.2-24] [MQTT-3.1.2-25] [often-wrong-28] The whole packet counts and equal is allowed; id and window are free
/// again.
#[test]
fn a_message_too_large_for_the_client_is_dropped_as_if_it_was_sent() {
    let payload = leak("0123456789".repeat(4));
    let message = qos1(1, "a", payload);
    let len = u32::try_from(Packet::Publish(message).encoded_len(V5).unwrap()).unwrap();
    for (limit, fits) in [(len, true), (len - 1, false)] {
        let mut world = World::new(Config::default());
        let mut narrow = connect("reader");
        narrow.properties.maximum_packet_size = NonZeroU32::new(limit);
        narrow.properties.receive_maximum = NonZeroU16::new(1);
        let reader = world.connect(narrow);
        world.send(reader, subscribe(1, "a", QoS::AtLeastOnce));
        world.forget();
        let writer = world.connect(connect("writer"));
        world.send(writer, message);
        world.send(writer, qos0("a", leak(format!("{payload}..."))));
        world.send(writer, qos1(2, "a", "next"));
        assert_eq!(world.take(writer).packets()[0], puback(1));
        let outcome = world.take(reader);
        if fits {
            assert_eq!(outcome.packets(), [Packet::Publish(message)]);
        } else {
            assert_eq!(outcome.packets(), [Packet::Publish(qos1(2, "a", "next"))]);
        }
        let dropped = if fits { 1 } else { 2 };
        assert_eq!(world.refused(Cause::PacketTooLargeForClient), dropped);
    }
}

/// [MQTT-3.3.4-6] [often-wrong-18] A client's PUBLISH has no Subscription Identifier.
#[test]
fn a_subscription_identifier_from_a_client_ends_the_connection() {
    let (mut world, writer, reader) = world();
    // QoS 0 to `a` with Subscription Identifier 1.
    world.send_bytes(writer, &[0x30, 7, 0, 1, b'a', 2, 0x0B, 1, b'x']);
    let error = ProtocolError::SubscriptionIdentifierFromClient;
    assert_eq!(
        world.take(writer).all(),
        [
            Saw::Packet(disconnect(DisconnectReasonCode::ProtocolError)),
            Saw::Closed(CloseReason::Protocol(error)),
        ]
    );
    assert_eq!(world.take(reader).packets(), []);
}

/// [MQTT-3.1.2-29] [often-wrong-33] Refusals carry no Reason String and no User Property, whether they are wanted or not.
#[test]
fn acknowledgements_carry_no_problem_information() {
    for wanted in [None, Some(false), Some(true)] {
        let mut world = World::new(Config::default());
        let mut connect = connect("c");
        connect.properties.request_problem_information = wanted;
        let link = world.connect(connect);
        world.send(link, qos1(1, "$SYS/x", "x"));
        world.send(link, qos2(2, "$SYS/x", "x"));
        world.send(link, pubrel(3));
        world.send(link, pubrec(4));
        let too_deep = leak("a/".repeat(200));
        world.send(link, subscribe(5, too_deep, QoS::AtMostOnce));
        world.send(link, unsubscribe(6, "nothing"));
        let refused = PublishReasonCode::NotAuthorized;
        let unknown = ReleaseReasonCode::PacketIdentifierNotFound;
        assert_eq!(
            world.take(link).packets(),
            [
                Puback::new(id(1), refused).into(),
                Pubrec::new(id(2), refused).into(),
                Pubcomp::new(id(3), unknown).into(),
                Pubrel::new(id(4), unknown).into(),
                suback(5, &[SubscribeReasonCode::TopicFilterInvalid]),
                unsuback(6, &[UnsubscribeReasonCode::NoSubscriptionExisted]),
            ]
        );
    }
}

/// [v3.1.1 MQTT-3.3.5-2] [3.1-10] There is no way to refuse: acknowledged, and dropped.
#[test]
fn a_refused_publish_of_3_x_is_acknowledged_and_dropped() {
    for version in [Version::V3_1, Version::V3_1_1] {
        let mut world = World::new(Config::default());
        let reader = world.connect(connect("reader"));
        world.send(reader, subscribe(1, "$SYS/#", QoS::AtMostOnce));
        world.forget();
        let link = world.connect(connect_as(version, "c"));
        world.send(link, qos1(1, "$SYS/x", "x"));
        world.send(link, qos0("$SYS/x", "x"));
        world.send(link, qos2(2, "$SYS/x", "x"));
        world.send(link, pubrel(2));
        assert_eq!(
            world.take(link).packets(),
            [puback(1), pubrec(2), crate::harness::pubcomp(2)]
        );
        assert_eq!(world.take(reader).packets(), []);
    }
}

/// [MQTT-4.13.1-1] [v3.1.1 MQTT-4.8.0-1] A Malformed Packet behind CONNACK.
#[test]
fn a_malformed_packet_ends_the_connection() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = world.connect(connect_as(version, "c"));
        // PUBLISH with QoS 3.
        world.send_bytes(link, &[0x36, 5, 0, 1, b'a', 0, 1]);
        let outcome = world.take(link);
        let seen = outcome.all();
        match version {
            Version::V5_0 => {
                assert_eq!(
                    seen[0],
                    Saw::Packet(disconnect(DisconnectReasonCode::MalformedPacket))
                );
                assert!(matches!(
                    seen[1..],
                    [Saw::Closed(CloseReason::Malformed(_))]
                ));
            }
            Version::V3_1 | Version::V3_1_1 => {
                assert!(matches!(seen[..], [Saw::Closed(CloseReason::Malformed(_))]));
            }
        }
    }
}

fn world() -> (World, LinkId, LinkId) {
    let mut world = World::new(Config::default());
    let reader = world.connect(connect("reader"));
    world.send(reader, subscribe(1, "#", QoS::AtMostOnce));
    let writer = world.connect(connect("writer"));
    world.forget();
    (world, writer, reader)
}
