//! What a connection keeps to: Keep Alive, DISCONNECT, packet sizes, aliases, problem information.
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
use std::time::Duration;

use crate::harness::{
    Saw, VERSIONS, World, connect, connect_as, disconnect, puback, qos0, qos1, resuming, subscribe,
};
use mqtt_broker_core::{Cause, Config, LinkId};
use mqtt_codec::packet::{Disconnect, DisconnectProperties, Publish, PublishTopic};
use mqtt_codec::property::TopicAlias;
use mqtt_codec::reason_code::{DisconnectReasonCode, PublishReasonCode};
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::{CloseReason, ProtocolError};

const V5: Version = Version::V5_0;
const SECOND: Duration = Duration::from_secs(1);

/// [MQTT-3.1.2-22] [v3.1.1 MQTT-3.1.2-24] One and a half times the Keep Alive, from the last packet.
#[test]
fn a_silent_client_is_closed() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let mut connect = connect_as(version, "c");
        connect.keep_alive = 10;
        let link = world.connect(connect);
        world.advance(14 * SECOND);
        world.send(link, Packet::Pingreq);
        assert_eq!(world.take(link).packets(), [Packet::Pingresp]);
        world.advance(15 * SECOND - Duration::from_micros(1));
        assert_eq!(world.take(link).packets(), []);
        world.advance(Duration::from_micros(1));
        let closed = Saw::Closed(CloseReason::KeepAliveTimeout);
        let told = disconnect(DisconnectReasonCode::KeepAliveTimeout);
        match version {
            Version::V5_0 => assert_eq!(world.take(link).all(), [Saw::Packet(told), closed]),
            Version::V3_1 | Version::V3_1_1 => assert_eq!(world.take(link).all(), [closed]),
        }
    }
}

/// [MQTT-3.2.2-21] [MQTT-3.2.2-22] Ours when it asked for more or none, its own else.
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

/// Standard: MQTT 5.0 §3.14.4. Nothing behind it is looked at.
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

/// [MQTT-3.1.2-23] Absent keeps CONNECT's value, 0 ends the session, another value is in force from then on.
#[test]
fn disconnect_may_change_the_session_expiry_interval() {
    for (said, present_after_30, present_after_90) in [
        (None, true, false),
        (Some(0), false, false),
        (Some(100), true, true),
        (Some(10), false, false),
    ] {
        for (after, present) in [(30, present_after_30), (90, present_after_90)] {
            let mut world = World::new(Config::default());
            let link = world.connect(resuming(V5, "c", 60));
            world.send(link, leaving(said));
            world.advance(after * SECOND);
            let (_, outcome) = world.offer(resuming(V5, "c", 60));
            let Packet::Connack(connack) = outcome.packets()[0] else {
                panic!("CONNACK")
            };
            assert_eq!(connack.session_present, present, "{said:?} {after}");
        }
    }
}

/// Standard: MQTT 5.0 §3.14.2.2.2. 0 after 0 is allowed, and absent in CONNECT is 0.
#[test]
fn disconnect_may_not_raise_the_session_expiry_interval_from_0() {
    for asked in [None, Some(0)] {
        for (said, refused) in [(Some(1), true), (Some(0), false), (None, false)] {
            let mut world = World::new(Config::default());
            let mut connect = connect("c");
            connect.properties.session_expiry_interval = asked;
            let link = world.connect(connect);
            world.send(link, leaving(said));
            let outcome = world.take(link);
            if refused {
                assert_eq!(
                    outcome.all(),
                    [
                        Saw::Packet(disconnect(DisconnectReasonCode::ProtocolError)),
                        Saw::Closed(CloseReason::Protocol(ProtocolError::SessionExpiryRaised)),
                    ]
                );
            } else {
                let reason = DisconnectReasonCode::Success;
                assert_eq!(
                    outcome.all(),
                    [Saw::Closed(CloseReason::PeerDisconnected { reason })]
                );
            }
        }
    }
}

/// [MQTT-3.1.2-24] [MQTT-3.1.2-25] The whole packet counts and equal is allowed; id and window are free again.
#[test]
fn a_message_too_large_for_the_client_is_dropped_as_if_it_was_sent() {
    let message = qos1(1, "a", "0123456789");
    let len = u32::try_from(Packet::Publish(message).encoded_len(V5).unwrap()).unwrap();
    for (limit, fits) in [(len, true), (len - 1, false)] {
        let mut world = World::new(Config::default());
        let mut narrow = connect("reader");
        narrow.properties.maximum_packet_size = NonZeroU32::new(limit);
        narrow.properties.receive_maximum = NonZeroU16::new(1);
        let reader = world.link();
        world.send(reader, narrow);
        world.send(reader, subscribe(1, "a", QoS::AtLeastOnce));
        world.forget();
        let writer = world.connect(connect("writer"));
        world.send(writer, message);
        world.send(writer, qos0("a", "0123456789..."));
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

/// [MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-11] None is used, whatever the client offers.
#[test]
fn the_broker_sends_no_topic_alias() {
    for maximum in [None, Some(0), Some(10)] {
        let mut world = World::new(Config::default());
        let mut connect = connect("reader");
        connect.properties.topic_alias_maximum = maximum;
        let reader = world.connect(connect);
        world.send(reader, subscribe(1, "a", QoS::AtMostOnce));
        world.forget();
        let writer = world.connect(crate::harness::connect("writer"));
        world.send(writer, aliased("a", 1, "one"));
        world.send(writer, aliased("", 1, "two"));
        assert_eq!(
            world.take(reader).packets(),
            [
                Packet::Publish(qos0("a", "one")),
                Packet::Publish(qos0("a", "two"))
            ]
        );
    }
}

/// [MQTT-3.3.2-12] [MQTT-3.3.2-9] From 1 up to what was announced; an alias may be given anew.
#[test]
fn aliases_up_to_the_announced_maximum_are_taken() {
    let (mut world, writer, reader) = world();
    world.send(writer, aliased("a", 16, "1"));
    world.send(writer, aliased("", 16, "2"));
    world.send(writer, aliased("b", 16, "3"));
    world.send(writer, aliased("", 16, "4"));
    assert_eq!(
        world.take(reader).packets(),
        [
            Packet::Publish(qos0("a", "1")),
            Packet::Publish(qos0("a", "2")),
            Packet::Publish(qos0("b", "3")),
            Packet::Publish(qos0("b", "4")),
        ]
    );
    world.send(writer, aliased("a", 17, "5"));
    let outcome = world.take(writer);
    assert!(
        matches!(
            outcome.all()[..],
            [Saw::Packet(packet), Saw::Closed(CloseReason::Protocol(ProtocolError::TopicAliasInvalid { .. }))]
                if packet == disconnect(DisconnectReasonCode::TopicAliasInvalid)
        ),
        "{:?}",
        outcome.all()
    );
}

/// [MQTT-3.3.2-7] Aliases end with the connection, not with the session.
#[test]
fn an_alias_of_an_earlier_connection_is_unknown() {
    let (mut world, _, reader) = world();
    let writer = world.connect(resuming(V5, "w", 600));
    world.send(writer, aliased("a", 1, "x"));
    world.cut(writer);
    let writer = world.connect(resuming(V5, "w", 600));
    world.forget();
    world.send(writer, aliased("", 1, "y"));
    let outcome = world.take(writer);
    assert!(
        matches!(
            outcome.all()[..],
            [Saw::Packet(packet), Saw::Closed(CloseReason::Protocol(ProtocolError::UnknownTopicAlias { .. }))]
                if packet == disconnect(DisconnectReasonCode::ProtocolError)
        ),
        "{:?}",
        outcome.all()
    );
    assert_eq!(world.take(reader).packets(), []);
}

/// [MQTT-3.3.4-6] A client's PUBLISH has no Subscription Identifier.
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

/// [MQTT-3.1.2-29] Refusals carry no Reason String and no User Property, whether they are wanted or not.
#[test]
fn acknowledgements_carry_no_problem_information() {
    for wanted in [None, Some(false), Some(true)] {
        let mut world = World::new(Config::default());
        let mut connect = connect("c");
        connect.properties.request_problem_information = wanted;
        let link = world.connect(connect);
        world.send(link, qos1(1, "$SYS/x", "x"));
        let outcome = world.take(link);
        let [Packet::Puback(puback)] = outcome.packets()[..] else {
            panic!("PUBACK alone")
        };
        assert_eq!(puback.reason_code, PublishReasonCode::NotAuthorized);
        assert_eq!(puback.properties, Default::default());
    }
}

/// [v3.1.1 MQTT-3.3.5-2] There is no way to refuse: acknowledged, and dropped.
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
        world.send(link, crate::harness::qos2(2, "$SYS/x", "x"));
        world.send(link, crate::harness::pubrel(2));
        assert_eq!(
            world.take(link).packets(),
            [
                puback(1),
                crate::harness::pubrec(2),
                crate::harness::pubcomp(2)
            ]
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

/// QoS 0, by an alias alone when the topic is empty.
fn aliased(topic: &'static str, alias: u16, payload: &'static str) -> Publish<'static> {
    let alias = TopicAlias::new(alias).unwrap();
    let mut publish = qos0("x", payload);
    publish.topic = match topic {
        "" => PublishTopic::Alias(alias),
        topic => PublishTopic::Both(crate::harness::name(topic), alias),
    };
    publish
}

fn leaving(session_expiry_interval: Option<u32>) -> Packet<'static> {
    let properties = DisconnectProperties {
        session_expiry_interval,
        ..DisconnectProperties::default()
    };
    Packet::Disconnect(Disconnect {
        reason_code: DisconnectReasonCode::Success,
        properties,
    })
}
