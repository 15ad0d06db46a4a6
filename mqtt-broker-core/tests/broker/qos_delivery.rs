//! Delivery: MQTT 5.0 §4.3, §4.4 and §4.6, MQTT 3.1.1 §4.3, §4.4 and §4.6.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{
    VERSIONS, World, again, connect, connect_as, leak, puback, pubcomp, pubrec, pubrel, qos1, qos2,
    resuming, subscribe,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::{Puback, Pubcomp, Pubrec};
use mqtt_codec::reason_code::{PublishReasonCode, ReleaseReasonCode};
use mqtt_codec::{Packet, QoS, Version};

const V5: Version = Version::V5_0;

/// [MQTT-4.3.2-5] [v3.1.1 MQTT-4.3.2-2] After PUBACK the id means a new message, whatever DUP says.
#[test]
fn a_qos_1_publish_with_a_used_id_is_a_new_message() {
    for version in VERSIONS {
        let (mut world, writer, reader) = world(version);
        world.send(writer, qos1(1, "a", "x"));
        world.send(writer, again(qos1(1, "a", "x")));
        assert_eq!(world.take(writer).packets(), [puback(1), puback(1)]);
        assert_eq!(
            world.take(reader).packets(),
            [
                Packet::Publish(qos1(1, "a", "x")),
                Packet::Publish(qos1(2, "a", "x"))
            ]
        );
    }
}

/// [MQTT-4.3.3-10] [MQTT-4.3.3-12] [v3.1.1 MQTT-4.3.3-2] [often-wrong-19] Also on the next connection of the session,
/// and with another payload.
#[test]
fn a_repeated_qos_2_publish_is_acknowledged_and_not_delivered_again() {
    for version in VERSIONS {
        let (mut world, _, reader) = world(version);
        let writer = world.connect(resuming(version, "w", 600));
        world.send(writer, qos2(1, "a", "x"));
        world.send(writer, again(qos2(1, "a", "x")));
        world.send(writer, qos2(1, "a", "y"));
        assert_eq!(
            world.take(writer).packets(),
            [pubrec(1), pubrec(1), pubrec(1)]
        );
        world.cut(writer);
        let writer = world.connect(resuming(version, "w", 600));
        world.send(writer, again(qos2(1, "a", "x")));
        assert_eq!(world.take(writer).packets(), [pubrec(1)]);
        assert_eq!(
            world.take(reader).packets(),
            [Packet::Publish(qos2(1, "a", "x"))]
        );
        // [MQTT-4.3.3-12]
        world.send(writer, pubrel(1));
        world.send(writer, qos2(1, "a", "new"));
        assert_eq!(world.take(writer).packets(), [pubcomp(1), pubrec(1)]);
        assert_eq!(
            world.take(reader).packets(),
            [Packet::Publish(qos2(2, "a", "new"))]
        );
    }
}

/// [MQTT-2.2.1-5] [v3.1.1 MQTT-2.3.1-6] Towards the publisher and towards the subscriber.
#[test]
fn each_packet_of_an_exchange_repeats_its_identifier() {
    for version in VERSIONS {
        let (mut world, writer, reader) = world(version);
        world.send(writer, qos1(65_535, "a", "x"));
        world.send(writer, qos2(258, "a", "y"));
        world.send(writer, pubrel(258));
        assert_eq!(
            world.take(writer).packets(),
            [puback(65_535), pubrec(258), pubcomp(258)]
        );
        world.send(reader, pubrec(2));
        assert_eq!(
            world.take(reader).packets(),
            [
                Packet::Publish(qos1(1, "a", "x")),
                Packet::Publish(qos2(2, "a", "y")),
                pubrel(2)
            ]
        );
    }
}

/// [MQTT-4.3.3-9] The id of a message that was refused by PUBREC means a new one at once. See
/// `durability_acknowledgements.rs` for the store.
#[test]
fn after_a_refusing_pubrec_the_id_means_a_new_message() {
    let (mut world, writer, reader) = world(V5);
    let refused = Packet::Pubrec(Pubrec::new(
        crate::harness::id(1),
        PublishReasonCode::NotAuthorized,
    ));
    world.send(writer, qos2(1, "$SYS/x", "refused"));
    world.send(writer, again(qos2(1, "$SYS/x", "refused again")));
    world.send(writer, qos2(1, "a", "new"));
    world.send(writer, again(qos2(1, "a", "new")));
    assert_eq!(
        world.take(writer).packets(),
        [refused, refused, pubrec(1), pubrec(1)]
    );
    assert_eq!(
        world.take(reader).packets(),
        [Packet::Publish(qos2(1, "a", "new"))]
    );
}

/// [MQTT-4.3.3-11] [v3.1.1 MQTT-4.3.3-2] [often-wrong-23] [MQTT-2.2.1-5] Known or not: PUBCOMP, and no disconnect.
#[test]
fn each_pubrel_is_answered_by_pubcomp() {
    for version in VERSIONS {
        let (mut world, writer, _) = world(version);
        world.send(writer, qos2(9, "a", "x"));
        world.send(writer, pubrel(9));
        world.send(writer, pubrel(9));
        let mut unknown = Pubcomp::success(crate::harness::id(9));
        if version == V5 {
            unknown.reason_code = ReleaseReasonCode::PacketIdentifierNotFound;
        }
        assert_eq!(
            world.take(writer).packets(),
            [pubrec(9), pubcomp(9), Packet::Pubcomp(unknown)]
        );
    }
}

/// [MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.3.3-6] [MQTT-4.6.0-1] [MQTT-3.6.1-1] [MQTT-4.3.2-3] [MQTT-4.3.3-3]
/// [MQTT-4.3.3-5] [v3.1.1 MQTT-4.4.0-1] [v3.1.1 MQTT-3.3.1-1] [v3.1.1 MQTT-4.3.2-1] [v3.1.1 MQTT-4.3.3-1]
/// [v3.1.1 MQTT-4.6.0-6] [often-wrong-20] [often-wrong-21] [often-wrong-37] [MQTT-2.2.1-5] [v3.1.1 MQTT-2.3.1-6] PUBLISH
/// again with DUP 1 and its old id, in its order; PUBREL where PUBREC came, without DUP.
#[test]
fn unacknowledged_packets_go_again_on_the_next_connection() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let reader = world.connect(resuming(version, "reader", 600));
        world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
        let writer = world.connect(connect("writer"));
        world.send(writer, qos1(1, "a", "one"));
        world.send(writer, qos2(2, "a", "two"));
        world.send(writer, qos2(3, "a", "three"));
        world.send(writer, qos1(4, "a", "four"));
        world.send(reader, pubrec(2));
        world.cut(reader);
        world.send(writer, qos1(5, "a", "queued"));
        let reader = world.connect_and_keep(resuming(version, "reader", 600));
        assert_eq!(
            world.take(reader).packets(),
            [
                Packet::Publish(again(qos1(1, "a", "one"))),
                Packet::Publish(again(qos2(3, "a", "three"))),
                Packet::Publish(again(qos1(4, "a", "four"))),
                pubrel(2),
                Packet::Publish(qos1(5, "a", "queued")),
            ]
        );
        for answer in [
            puback(1),
            pubrec(3),
            puback(4),
            pubcomp(2),
            puback(5),
            pubcomp(3),
        ] {
            world.send(reader, answer);
        }
        assert_eq!(world.take(reader).packets(), [pubrel(3)]);
        world.cut(reader);
        let reader = world.connect_and_keep(resuming(version, "reader", 600));
        assert_eq!(world.take(reader).packets(), []);
    }
}

/// [MQTT-4.4.0-1] [often-wrong-22] Nothing goes again on a live connection, however long it takes.
#[test]
fn nothing_is_sent_again_on_a_live_connection() {
    for version in VERSIONS {
        let (mut world, writer, reader) = world(version);
        world.send(writer, qos1(1, "a", "x"));
        world.send(writer, qos2(2, "a", "y"));
        world.send(reader, pubrec(2));
        world.forget();
        world.advance(std::time::Duration::from_secs(1_000));
        assert_eq!(world.take(reader).packets(), []);
    }
}

/// [MQTT-4.4.0-2] [MQTT-4.3.3-4] [often-wrong-24] No PUBREL, a free place for the next message, and nothing sent
/// again.
#[test]
fn a_negative_acknowledgement_ends_the_exchange() {
    let mut world = World::new(Config {
        send_maximum: 1,
        ..Config::default()
    });
    let narrow = resuming(V5, "reader", 600);
    let reader = world.connect(narrow);
    world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let writer = world.connect(connect("writer"));
    world.forget();
    for (id, payload) in [(1, "one"), (2, "two"), (3, "three")] {
        world.send(writer, qos2(id, "a", payload));
    }
    let reason_code = PublishReasonCode::QuotaExceeded;
    world.send(
        reader,
        Packet::Pubrec(Pubrec {
            reason_code,
            ..Pubrec::success(crate::harness::id(1))
        }),
    );
    world.send(
        reader,
        Packet::Pubrec(Pubrec {
            reason_code,
            ..Pubrec::success(crate::harness::id(2))
        }),
    );
    assert_eq!(
        world.take(reader).packets(),
        [
            Packet::Publish(qos2(1, "a", "one")),
            Packet::Publish(qos2(2, "a", "two")),
            Packet::Publish(qos2(3, "a", "three")),
        ]
    );
    world.cut(reader);
    let reader = world.connect_and_keep(narrow);
    let three = again(qos2(3, "a", "three"));
    assert_eq!(world.take(reader).packets(), [Packet::Publish(three)]);
}

/// Success, or that nobody subscribed, in 5.0.
#[test]
fn an_acknowledgement_says_when_nobody_subscribed() {
    for version in VERSIONS {
        let (mut world, writer, _) = world(version);
        world.send(writer, qos1(1, "nobody", "x"));
        let mut expected = Puback::success(crate::harness::id(1));
        if version == V5 {
            expected.reason_code = PublishReasonCode::NoMatchingSubscribers;
        }
        assert_eq!(world.take(writer).packets(), [Packet::Puback(expected)]);
    }
}

/// [MQTT-4.6.0-5] [MQTT-4.6.0-6] [v3.1.1 MQTT-4.6.0-5] [v3.1.1 MQTT-4.6.0-6] [3.1-13] [often-wrong-37] Online, over a
/// full window, and offline.
#[test]
fn messages_of_one_publisher_keep_their_order() {
    for (version, granted) in VERSIONS
        .into_iter()
        .flat_map(|version| [QoS::AtLeastOnce, QoS::ExactlyOnce].map(|granted| (version, granted)))
    {
        let mut world = World::new(Config::default());
        let mut reader = world.connect(resuming(version, "reader", 600));
        world.send(reader, subscribe(1, "a", granted));
        let writer = world.connect(connect("writer"));
        world.forget();
        let mut got = Vec::new();
        for n in 0..600_u16 {
            let (id, payload) = (n % 100 + 1, leak(n.to_string()));
            world.send(writer, qos2(id, "a", payload));
            world.send(writer, pubrel(id));
            match n % 200 {
                120 => world.cut(reader),
                180 => reader = world.connect_and_keep(resuming(version, "reader", 600)),
                _ => {}
            }
            if n % 200 < 120 && n % 7 == 0 || n % 200 == 180 {
                got.extend(acknowledged(&mut world, reader));
            }
        }
        loop {
            let more = acknowledged(&mut world, reader);
            if more.is_empty() {
                break;
            }
            got.extend(more);
        }
        let mut first_seen = Vec::new();
        for payload in got {
            if !first_seen.contains(&payload) {
                first_seen.push(payload);
            }
        }
        assert_eq!(
            first_seen,
            (0..600).map(|n| n.to_string()).collect::<Vec<_>>()
        );
    }
}

/// [MQTT-4.5.0-1] [v3.1.1 MQTT-4.5.0-1] Connected or not.
#[test]
fn a_message_goes_to_the_session_of_every_client_that_matches() {
    for version in VERSIONS {
        let (mut world, writer, reader) = world(version);
        let offline = world.connect(resuming(version, "offline", 600));
        world.send(offline, subscribe(1, "#", QoS::ExactlyOnce));
        world.cut(offline);
        let other = world.connect(connect_as(version, "other"));
        world.send(other, subscribe(1, "b", QoS::ExactlyOnce));
        world.forget();
        world.send(writer, qos1(1, "a", "x"));
        assert_eq!(payloads(&mut world, reader), ["x"]);
        assert_eq!(payloads(&mut world, other), [""; 0]);
        let offline = world.connect_and_keep(resuming(version, "offline", 600));
        assert_eq!(payloads(&mut world, offline), ["x"]);
    }
}

/// A writer, and a reader that is subscribed to `a` at QoS 2.
fn world(version: Version) -> (World, LinkId, LinkId) {
    let mut world = World::new(Config::default());
    let reader = world.connect(connect_as(version, "reader"));
    world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let writer = world.connect(connect_as(version, "writer"));
    world.forget();
    (world, writer, reader)
}

/// The payloads that a link got.
fn payloads(world: &mut World, link: LinkId) -> Vec<String> {
    let outcome = world.take(link);
    let only = |packet: &Packet<'_>| match packet {
        Packet::Publish(publish) => Some(String::from_utf8(publish.payload.to_vec()).unwrap()),
        _ => None,
    };
    outcome.packets().iter().filter_map(only).collect()
}

/// The same, and each is acknowledged.
fn acknowledged(world: &mut World, link: LinkId) -> Vec<String> {
    let outcome = world.take(link);
    let mut payloads = Vec::new();
    for packet in outcome.packets() {
        if let Packet::Publish(publish) = packet {
            payloads.push(String::from_utf8(publish.payload.to_vec()).unwrap());
        }
        if let Some(answer) = crate::harness::store::answer(&packet) {
            world.send(link, answer);
        }
    }
    payloads
}
