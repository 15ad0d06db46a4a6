//! Limits on what packets after CONNECT carry and on what may be open at a time.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::num::NonZeroU16;

use crate::harness::{
    Saw, VERSIONS, World, again, connect, connect_as, disconnect, id, leak, puback, pubcomp,
    pubrec, pubrel, qos0, qos1, qos2, suback, subscribe, unsubscribe,
};
use mqtt_broker_core::{Cause, Config, LinkId};
use mqtt_codec::packet::{AcknowledgementProperties, Puback, Publish, Pubrec};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{DisconnectReasonCode, PublishReasonCode, SubscribeReasonCode};
use mqtt_codec::{DecodeError, Packet, QoS, Text, Version};
use mqtt_session::CloseReason;

/// [MQTT-3.2.2-15] [often-wrong-28] A packet above what CONNACK announced ends the connection, as soon as its header
/// is there.
#[test]
fn a_packet_above_the_maximum_packet_size_ends_the_connection() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            maximum_packet_size: 64,
            ..Config::default()
        });
        let link = world.connect(connect_as(version, "a"));
        let head = Packet::Publish(qos0("t", "")).encoded_len(version).unwrap();
        let payload = |size: usize| leak("x".repeat(size - head));
        world.send(link, qos0("t", payload(64)));
        assert_eq!(world.take(link).packets(), []);
        assert_eq!(world.broker.counters().publishes_received, 1);

        // The fixed header alone says that it is too large.
        world.send_bytes(link, &[0x30, 63]);
        let reason = CloseReason::Malformed(DecodeError::PacketTooLarge { len: 65, limit: 64 });
        let expected = refusal(version, DisconnectReasonCode::PacketTooLarge, reason);
        assert_eq!(world.take(link).all(), expected);
    }
}

#[test]
fn user_properties_above_the_limit_are_refused_in_the_packets_own_acknowledgement() {
    let mut world = World::new(two_user_properties());
    let link = world.connect(connect("a"));
    let publish = |publish: Publish<'static>, pairs| {
        let mut publish = publish;
        publish.properties.user_properties = user_properties(pairs);
        publish
    };
    let subscribe = |packet_id, pairs| {
        let mut packet = subscribe(packet_id, "t", QoS::AtMostOnce);
        if let Packet::Subscribe(subscribe) = &mut packet {
            subscribe.properties.user_properties = user_properties(pairs);
        }
        packet
    };
    world.send(link, subscribe(1, AT_LIMIT));
    world.send(link, publish(qos1(1, "other", ""), AT_LIMIT));
    let none = Packet::Puback(puback_of(1, PublishReasonCode::NoMatchingSubscribers));
    assert_eq!(
        world.take(link).packets(),
        [suback(1, &[SubscribeReasonCode::Success]), none]
    );
    assert_eq!(world.refused(Cause::UserProperties), 0);

    for (refusals, above) in [(3, MANY), (6, LONG)] {
        world.send(link, subscribe(2, above));
        world.send(link, publish(qos1(3, "t", ""), above));
        world.send(link, publish(qos2(4, "t", ""), above));
        let expected = [
            suback(2, &[SubscribeReasonCode::QuotaExceeded]),
            Packet::Puback(puback_of(3, PublishReasonCode::QuotaExceeded)),
            Packet::Pubrec(Pubrec {
                packet_id: id(4),
                reason_code: PublishReasonCode::QuotaExceeded,
                properties: AcknowledgementProperties::default(),
            }),
        ];
        assert_eq!(world.take(link).packets(), expected);
        assert_eq!(world.refused(Cause::UserProperties), refusals);
    }
    world.send(link, publish(qos0("t", ""), MANY));
    assert_quota_exceeded(&mut world, link);
}

#[test]
fn user_properties_above_the_limit_end_the_connection_where_no_acknowledgement_can_say_so() {
    type Make = fn(UserProperties<'static>) -> Packet<'static>;
    let kinds: [(&str, Make); 6] = [
        ("PUBACK", |with| acknowledgement(puback(1), with)),
        ("PUBREC", |with| acknowledgement(pubrec(1), with)),
        ("PUBREL", |with| acknowledgement(pubrel(1), with)),
        ("PUBCOMP", |with| acknowledgement(pubcomp(1), with)),
        ("UNSUBSCRIBE", |with| match unsubscribe(1, "t") {
            Packet::Unsubscribe(mut packet) => {
                packet.user_properties = with;
                Packet::Unsubscribe(packet)
            }
            other => other,
        }),
        ("DISCONNECT", |with| {
            match disconnect(DisconnectReasonCode::Success) {
                Packet::Disconnect(mut packet) => {
                    packet.properties.user_properties = with;
                    Packet::Disconnect(packet)
                }
                other => other,
            }
        }),
    ];
    for (kind, make) in kinds {
        let mut world = World::new(two_user_properties());
        let link = world.connect(connect("a"));
        world.send(link, make(user_properties(AT_LIMIT)));
        assert_eq!(world.refused(Cause::UserProperties), 0, "{kind}");
        for above in [MANY, LONG] {
            let link = world.connect(connect("a"));
            world.send(link, make(user_properties(above)));
            assert_quota_exceeded(&mut world, link);
        }
        assert_eq!(world.refused(Cause::UserProperties), 2, "{kind}");
    }
}

/// 3.x announces nothing: every Packet Identifier may be open, and no more exist.
#[test]
fn a_client_of_3_x_may_have_every_packet_identifier_open() {
    for version in [Version::V3_1, Version::V3_1_1] {
        let mut world = World::new(Config::default());
        let link = world.connect(connect_as(version, "a"));
        for packet_id in 1..=u16::MAX {
            world.send(link, qos2(packet_id, "t", ""));
        }
        let outcome = world.take(link);
        let recs = outcome.packets();
        assert_eq!(recs.len(), 65_535);
        assert!(
            recs.iter()
                .zip(1..=u16::MAX)
                .all(|(packet, packet_id)| *packet == pubrec(packet_id))
        );

        // Nothing is open twice.
        world.send(link, again(qos2(65_535, "t", "")));
        world.send(link, pubrel(1));
        world.send(link, qos2(1, "t", ""));
        assert_eq!(
            world.take(link).packets(),
            [pubrec(65_535), pubcomp(1), pubrec(1)]
        );
        assert_eq!(world.broker.counters().publishes_received, 65_536);
    }
}

#[test]
fn the_window_towards_a_client_is_its_own_and_at_most_ours() {
    let config = Config {
        send_maximum: 3,
        send_maximum_v3: 2,
        ..Config::default()
    };
    let cases = [
        (Version::V3_1, None, 2),
        (Version::V3_1_1, None, 2),
        (Version::V5_0, None, 3),
        (Version::V5_0, Some(1), 1),
        (Version::V5_0, Some(3), 3),
        (Version::V5_0, Some(4), 3),
    ];
    for (version, receive_maximum, window) in cases {
        let mut world = World::new(config.clone());
        let mut connect_subscriber = connect_as(version, "subscriber");
        connect_subscriber.properties.receive_maximum = receive_maximum.and_then(NonZeroU16::new);
        let subscriber = world.connect(connect_subscriber);
        world.send(subscriber, subscribe(1, "t", QoS::AtLeastOnce));
        let publisher = world.connect(connect("publisher"));
        world.forget();
        for _ in 0..5 {
            world.send(publisher, qos1(1, "t", ""));
        }
        let sent: Vec<_> = (1..=window)
            .map(|it| Packet::Publish(qos1(it, "t", "")))
            .collect();
        assert_eq!(world.take(subscriber).packets(), sent);
        // Each acknowledgement lets one more go.
        world.send(subscriber, puback(1));
        let next = world.take(subscriber).packets().len();
        assert_eq!(next, 1);
    }
}

const AT_LIMIT: &[(&str, &str)] = &[("1", "234"), ("567", "8")];
const MANY: &[(&str, &str)] = &[("", ""), ("", ""), ("", "")];
const LONG: &[(&str, &str)] = &[("", "12345"), ("", "6789")];

fn two_user_properties() -> Config {
    Config {
        user_properties: 2,
        user_property_bytes: 8,
        ..Config::default()
    }
}

fn user_properties(pairs: &[(&'static str, &'static str)]) -> UserProperties<'static> {
    let text = |text| Text::new(text).unwrap();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|&(name, value)| (text(name), text(value)))
        .collect();
    UserProperties::new(pairs.leak())
}

fn acknowledgement(mut packet: Packet<'static>, with: UserProperties<'static>) -> Packet<'static> {
    match &mut packet {
        Packet::Puback(it) => it.properties.user_properties = with,
        Packet::Pubrec(it) => it.properties.user_properties = with,
        Packet::Pubrel(it) => it.properties.user_properties = with,
        Packet::Pubcomp(it) => it.properties.user_properties = with,
        other => panic!("{other:?} is no acknowledgement"),
    }
    packet
}

fn puback_of(packet_id: u16, reason_code: PublishReasonCode) -> Puback<'static> {
    Puback {
        packet_id: id(packet_id),
        reason_code,
        properties: AcknowledgementProperties::default(),
    }
}

/// DISCONNECT, where the version has it, and the close.
fn refusal(version: Version, code: DisconnectReasonCode, reason: CloseReason) -> Vec<Saw<'static>> {
    let said = (version == Version::V5_0).then(|| Saw::Packet(disconnect(code)));
    said.into_iter().chain([Saw::Closed(reason)]).collect()
}

fn assert_quota_exceeded(world: &mut World, link: LinkId) {
    let reason = DisconnectReasonCode::QuotaExceeded;
    let closed = CloseReason::Disconnected { reason };
    assert_eq!(
        world.take(link).all(),
        refusal(Version::V5_0, reason, closed)
    );
}
