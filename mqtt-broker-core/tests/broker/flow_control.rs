//! Flow control: MQTT 5.0 §4.9 and §3.3.4.
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
    VERSIONS, World, connect, connect_as, encoded, leak, puback, pubcomp, pubrec, pubrel, qos0,
    qos1, qos2, resuming, suback, subscribe, unsuback, unsubscribe,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::{Connect, Puback, Pubrec};
use mqtt_codec::reason_code::{PublishReasonCode, SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{Packet, QoS, Version};

const V5: Version = Version::V5_0;

/// [MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2] [often-wrong-4] [choice-4] QoS 1 and 2 share one window; PUBACK, PUBCOMP
/// and a PUBREC of 0x80 or above give back, and nothing else does.
#[test]
fn the_window_is_the_clients_receive_maximum_for_qos_1_and_2_together() {
    let (mut world, reader) = reader_of(2);
    let writer = world.connect(connect("writer"));
    for n in 1..=4 {
        world.send(writer, qos1(2 * n - 1, "a", leak((2 * n - 1).to_string())));
        world.send(writer, qos2(2 * n, "a", leak((2 * n).to_string())));
    }
    assert_eq!(payloads(&mut world, reader), ["1", "2"]);
    // Neither a PUBREC of success nor what is for nobody, nor what the reader publishes and asks itself.
    world.send(reader, pubrec(2));
    for packet in [puback(9), pubcomp(9), pubrec(9), pubrel(9), Packet::Pingreq] {
        world.send(reader, packet);
    }
    world.send(reader, qos2(7, "b", "x"));
    world.send(reader, pubrel(7));
    assert_eq!(payloads(&mut world, reader), [""; 0]);
    world.send(reader, pubcomp(2));
    assert_eq!(payloads(&mut world, reader), ["3"]);
    world.send(reader, puback(1));
    assert_eq!(payloads(&mut world, reader), ["4"]);
    world.send(reader, refusing_pubrec(4));
    assert_eq!(payloads(&mut world, reader), ["5"]);
    world.send(reader, refusing_puback(3));
    assert_eq!(payloads(&mut world, reader), ["6"]);
}

/// [5.0-8] A PUBCOMP for a PUBREL of an earlier connection gives its place back, and no more than that: the window never
/// becomes larger than it was.
#[test]
fn the_pubcomp_of_a_pubrel_that_was_sent_again_does_not_widen_the_window() {
    let (mut world, reader) = reader_of(2);
    let writer = world.connect(connect("writer"));
    for n in 1..=6 {
        world.send(writer, qos2(n, "a", leak(n.to_string())));
    }
    world.send(reader, pubrec(1));
    world.send(reader, pubrec(2));
    world.cut(reader);

    let reader = world.connect_and_keep(narrow(2));
    assert_eq!(world.take(reader).packets(), [pubrel(1), pubrel(2)]);
    for (packet_id, next) in [(1, "3"), (2, "4")] {
        world.send(reader, pubcomp(packet_id));
        assert_eq!(payloads(&mut world, reader), [next]);
        // Once more, for nobody.
        world.send(reader, pubcomp(packet_id));
        assert_eq!(payloads(&mut world, reader), [""; 0]);
    }
    // Still two at a time.
    world.send(reader, pubrec(3));
    assert_eq!(world.take(reader).packets(), [pubrel(3)]);
    world.send(reader, pubcomp(3));
    assert_eq!(payloads(&mut world, reader), ["5"]);
}

/// [5.0-10] Without a Receive Maximum a client takes 65,535 at once; with one of ours absent it may send as many.
#[test]
fn an_absent_receive_maximum_means_65535() {
    let mut world = World::new(Config {
        send_maximum: u16::MAX,
        receive_maximum: u16::MAX,
        queue_messages: 10,
        ..Config::default()
    });
    let reader = world.connect(connect("reader"));
    world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let (writer, outcome) = world.offer(connect("writer"));
    let [Packet::Connack(connack)] = outcome.packets()[..] else {
        panic!("CONNACK alone")
    };
    assert_eq!(connack.properties.receive_maximum, None);
    world.forget();
    for packet_id in 1..=u16::MAX {
        world.send(writer, qos2(packet_id, "a", "x"));
    }
    assert_eq!(world.take(writer).packets().len(), 65_535);
    assert_eq!(world.take(reader).packets().len(), 65_535);
    // One more waits.
    world.send(writer, pubrel(1));
    world.send(writer, qos2(1, "a", "waits"));
    assert_eq!(world.take(writer).packets(), [pubcomp(1), pubrec(1)]);
    assert_eq!(world.take(reader).packets(), []);
    world.send(reader, refusing_pubrec(9));
    assert_eq!(payloads(&mut world, reader), ["waits"]);
}

/// [MQTT-3.3.4-10] [MQTT-4.9.0-3]
#[test]
fn a_full_window_holds_back_nothing_but_publishes_of_qos_1_and_2() {
    let mut world = World::new(Config::default());
    let mut narrow = connect("reader");
    narrow.properties.receive_maximum = NonZeroU16::new(1);
    let reader = world.connect(narrow);
    world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let writer = world.connect(connect("writer"));
    world.send(writer, qos1(1, "a", "fills"));
    world.send(writer, qos1(2, "a", "waits"));
    world.forget();
    world.send(reader, Packet::Pingreq);
    world.send(reader, subscribe(2, "b", QoS::AtMostOnce));
    world.send(writer, qos0("b", "zero"));
    world.send(reader, qos1(7, "b", "mine"));
    world.send(reader, qos2(8, "b", "too"));
    world.send(reader, pubrel(8));
    world.send(reader, unsubscribe(9, "b"));
    assert_eq!(
        world.take(reader).packets(),
        [
            Packet::Pingresp,
            suback(2, &[SubscribeReasonCode::Success]),
            Packet::Publish(qos0("b", "zero")),
            Packet::Publish(qos0("b", "mine")),
            puback(7),
            Packet::Publish(qos0("b", "too")),
            pubrec(8),
            pubcomp(8),
            unsuback(9, &[UnsubscribeReasonCode::Success]),
        ]
    );
}

/// [MQTT-4.9.0-1] [often-wrong-5] The window starts anew with each connection, with its own Receive Maximum.
#[test]
fn the_window_is_that_of_the_connection() {
    let mut world = World::new(Config::default());
    let reader = world.connect(resuming(V5, "reader", 600));
    world.send(reader, subscribe(1, "a", QoS::AtLeastOnce));
    let writer = world.connect(connect("writer"));
    for n in 1..=4 {
        world.send(writer, qos1(n, "a", leak(n.to_string())));
    }
    world.cut(reader);
    let mut narrow = resuming(V5, "reader", 600);
    narrow.properties.receive_maximum = NonZeroU16::new(2);
    let reader = world.connect_and_keep(narrow);
    assert_eq!(payloads(&mut world, reader), ["1", "2"]);
    world.send(reader, puback(1));
    assert_eq!(payloads(&mut world, reader), ["3"]);
    world.send(reader, puback(2));
    world.send(reader, puback(3));
    assert_eq!(payloads(&mut world, reader), ["4"]);
}

/// [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1] [v3.1.1 MQTT-2.3.1-4] [v3.1.1 MQTT-4.3.2-1] [v3.1.1 MQTT-4.3.3-1]
/// [often-wrong-24] [often-wrong-25] Never 0, never one in use: ids go around, at either QoS, whatever ended the exchange
/// before. Those of the client's own packets are others.
#[test]
fn a_packet_id_in_use_is_not_given_again() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let reader = world.connect(connect_as(version, "reader"));
        world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
        let writer = world.connect(connect_as(version, "writer"));
        world.send(reader, qos2(4, "b", "the client's"));
        world.forget();
        // In turns of 85, of which 65,535 is a multiple: one has to keep to the window.
        let mut bytes = Vec::new();
        for packet_id in 1..=85 {
            if packet_id % 2 == 0 {
                bytes.extend(encoded(version, qos1(packet_id, "a", "x")));
            } else {
                bytes.extend(encoded(version, qos2(packet_id, "a", "x")));
                bytes.extend(encoded(version, pubrel(packet_id)));
            }
        }
        for turn in 0..65_535 / 85 {
            world.send_bytes(writer, &bytes);
            let given: Vec<u16> = (1..=85).map(|n| 85 * turn + n).collect();
            assert_eq!(packet_ids(&mut world, reader), given);
            // The first three stay open: for PUBCOMP, for PUBACK and for PUBREC.
            let mut answers = match turn {
                0 => encoded(version, pubrec(1)),
                _ => Vec::new(),
            };
            for (n, &packet_id) in (1..).zip(&given).filter(|(_, id)| **id > 3) {
                if n % 2 == 0 {
                    answers.extend(encoded(version, puback(packet_id)));
                } else if n % 3 == 0 && version == V5 {
                    answers.extend(encoded(version, refusing_pubrec(packet_id)));
                } else {
                    answers.extend(encoded(version, pubrec(packet_id)));
                    answers.extend(encoded(version, pubcomp(packet_id)));
                }
            }
            world.send_bytes(reader, &answers);
            world.forget();
        }
        world.send(writer, qos1(1, "a", "x"));
        assert_eq!(packet_ids(&mut world, reader), [4]);
    }
}

/// With a session that lasts and that Receive Maximum.
fn narrow(receive_maximum: u16) -> Connect<'static> {
    let mut narrow = resuming(V5, "reader", 600);
    narrow.properties.receive_maximum = NonZeroU16::new(receive_maximum);
    narrow
}

/// A client with that Receive Maximum that is subscribed to `a`.
fn reader_of(receive_maximum: u16) -> (World, LinkId) {
    let mut world = World::new(Config::default());
    let reader = world.connect(narrow(receive_maximum));
    world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
    world.forget();
    (world, reader)
}

fn refusing_pubrec(packet_id: u16) -> Packet<'static> {
    let reason_code = PublishReasonCode::QuotaExceeded;
    Packet::Pubrec(Pubrec::new(crate::harness::id(packet_id), reason_code))
}

fn refusing_puback(packet_id: u16) -> Packet<'static> {
    let reason_code = PublishReasonCode::QuotaExceeded;
    Packet::Puback(Puback::new(crate::harness::id(packet_id), reason_code))
}

/// The identifiers of the PUBLISHes that a link got.
fn packet_ids(world: &mut World, link: LinkId) -> Vec<u16> {
    let outcome = world.take(link);
    let id = |packet: &Packet<'_>| match packet {
        Packet::Publish(publish) => publish.delivery.packet_id().unwrap().get(),
        other => panic!("PUBLISHes alone: {other:?}"),
    };
    outcome.packets().iter().map(id).collect()
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

#[test]
fn packets_of_every_kind_are_counted_when_they_are_sent() {
    let mut world = World::new(Config::default());
    let link = world.connect(connect("a"));
    world.send(link, subscribe(1, "a", QoS::ExactlyOnce));
    world.send(link, Packet::Pingreq);
    world.send(link, qos0("a", "x"));
    // PUBREC and PUBLISH, PUBREL, PUBCOMP.
    world.send(link, qos2(1, "a", "x"));
    world.send(link, pubrec(1));
    world.send(link, pubcomp(1));
    world.send(link, pubrel(1));
    let seen = 1 + world.take(link).packets().len() as u64;
    let counters = world.broker.counters();
    assert_eq!((counters.packets_sent, counters.publishes_sent), (seen, 2));
    assert_eq!(seen, 8);
}
