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
    Saw, World, connect, disconnect, leak, puback, pubcomp, pubrec, pubrel, qos0, qos1, qos2,
    resuming, suback, subscribe, unsuback, unsubscribe,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::{Publish, Pubrec};
use mqtt_codec::reason_code::{
    DisconnectReasonCode, PublishReasonCode, SubscribeReasonCode, UnsubscribeReasonCode,
};
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::{CloseReason, ProtocolError};

const V5: Version = Version::V5_0;

/// [MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2] QoS 1 and 2 share one window; PUBACK, PUBCOMP and an error give back.
#[test]
fn the_window_is_the_clients_receive_maximum_for_qos_1_and_2_together() {
    let mut world = World::new(Config::default());
    let mut narrow = connect("reader");
    narrow.properties.receive_maximum = NonZeroU16::new(2);
    let reader = world.connect(narrow);
    world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let writer = world.connect(connect("writer"));
    world.forget();
    world.send(writer, qos1(1, "a", "1"));
    world.send(writer, qos2(2, "a", "2"));
    world.send(writer, qos1(3, "a", "3"));
    world.send(writer, qos2(4, "a", "4"));
    assert_eq!(payloads(&mut world, reader), ["1", "2"]);
    // PUBREC of success gives nothing back, and is answered.
    world.send(reader, pubrec(2));
    assert_eq!(world.take(reader).packets(), [pubrel(2)]);
    world.send(reader, pubcomp(2));
    assert_eq!(payloads(&mut world, reader), ["3"]);
    world.send(reader, puback(1));
    assert_eq!(payloads(&mut world, reader), ["4"]);
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

/// [MQTT-4.9.0-1] The window starts anew with each connection, with its own Receive Maximum.
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

/// [MQTT-3.3.4-7] [MQTT-3.3.4-9] 0x93, and not in an acknowledgement.
#[test]
fn a_client_that_overruns_our_receive_maximum_is_disconnected() {
    let mut world = World::new(Config {
        receive_maximum: 2,
        ..Config::default()
    });
    let writer = world.connect(connect("writer"));
    world.send(writer, qos2(1, "a", "x"));
    world.send(writer, qos2(2, "a", "x"));
    assert_eq!(
        world.take(writer).packets(),
        [no_subscribers(1), no_subscribers(2)]
    );
    world.send(writer, qos2(3, "a", "x"));
    let reason = ProtocolError::ReceiveMaximumExceeded { limit: 2 };
    assert_eq!(
        world.take(writer).all(),
        [
            Saw::Packet(disconnect(DisconnectReasonCode::ReceiveMaximumExceeded)),
            Saw::Closed(CloseReason::Protocol(reason)),
        ]
    );
}

/// [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1] [v3.1.1 MQTT-2.3.1-4] [v3.1.1 MQTT-4.3.2-1] [v3.1.1 MQTT-4.3.3-1] Never 0,
/// never one in use, of whichever QoS: ids go around.
#[test]
fn a_packet_id_in_use_is_not_given_again() {
    for version in crate::harness::VERSIONS {
        let mut world = World::new(Config::default());
        let reader = world.connect(crate::harness::connect_as(version, "reader"));
        world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
        let writer = world.connect(connect("writer"));
        world.forget();
        let next = |world: &mut World, publish: Publish<'static>| {
            world.send(writer, publish);
            let outcome = world.take(reader);
            match outcome.packets()[..] {
                [Packet::Publish(publish)] => publish.delivery.packet_id().unwrap().get(),
                ref other => panic!("one PUBLISH: {other:?}"),
            }
        };
        // The first three stay open: for PUBREC, for PUBCOMP and for PUBACK.
        assert_eq!(next(&mut world, qos2(1, "a", "x")), 1);
        assert_eq!(next(&mut world, qos2(2, "a", "x")), 2);
        world.send(reader, pubrec(2));
        assert_eq!(world.take(reader).packets(), [pubrel(2)]);
        for expected in 3..=u16::MAX {
            assert_eq!(next(&mut world, qos1(1, "a", "x")), expected);
            if expected > 3 {
                world.send(reader, puback(expected));
            }
        }
        assert_eq!(next(&mut world, qos1(1, "a", "x")), 4);
        assert_eq!(next(&mut world, qos2(3, "a", "x")), 5);
    }
}

fn no_subscribers(packet_id: u16) -> Packet<'static> {
    let reason_code = PublishReasonCode::NoMatchingSubscribers;
    Packet::Pubrec(Pubrec {
        reason_code,
        ..Pubrec::success(crate::harness::id(packet_id))
    })
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
