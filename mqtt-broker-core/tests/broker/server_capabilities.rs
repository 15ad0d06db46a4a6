//! What CONNACK says of the server, and that it holds: MQTT 5.0 §3.2.2.3.
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
    VERSIONS, World, connack, connect, connect_as, puback, pubcomp, pubrec, pubrel, qos0, qos1,
    qos2, retained, suback, subscribe, subscribe_as, will,
};
use mqtt_broker_core::Config;
use mqtt_codec::packet::{Connect, Publish};
use mqtt_codec::property::{SubscriptionIdentifier, SubscriptionIdentifiers};
use mqtt_codec::reason_code::SubscribeReasonCode;
use mqtt_codec::{Packet, QoS};

const EACH: [(QoS, SubscribeReasonCode); 3] = [
    (QoS::AtMostOnce, SubscribeReasonCode::Success),
    (QoS::AtLeastOnce, SubscribeReasonCode::GrantedQoS1),
    (QoS::ExactlyOnce, SubscribeReasonCode::GrantedQoS2),
];

/// [MQTT-3.2.2-9] [MQTT-3.2.2-10] [5.0-10] CONNACK has no Maximum QoS, which means 2: all three are published and
/// granted.
#[test]
fn no_maximum_qos_is_said_and_each_qos_is_served() {
    let mut world = World::new(Config::default());
    let (client, outcome) = world.offer(connect("c"));
    assert_eq!(outcome.packets(), [connack()], "which has no Maximum QoS");
    for (qos, granted) in EACH {
        world.send(client, subscribe(1, "a", qos));
        assert_eq!(world.take(client).packets(), [suback(1, &[granted])]);
        let publish = published(7, qos, "a");
        world.send(client, publish);
        let forwarded = Packet::Publish(published(1, qos, "a"));
        match qos {
            QoS::AtMostOnce => assert_eq!(world.take(client).packets(), [forwarded]),
            QoS::AtLeastOnce => {
                assert_eq!(world.take(client).packets(), [forwarded, puback(7)]);
                world.send(client, puback(1));
            }
            QoS::ExactlyOnce => {
                let second = Packet::Publish(published(2, qos, "a"));
                assert_eq!(world.take(client).packets(), [second, pubrec(7)]);
                world.send(client, pubrec(2));
                world.send(client, pubrel(7));
                world.send(client, pubcomp(2));
                assert_eq!(world.take(client).packets(), [pubrel(2), pubcomp(7)]);
            }
        }
    }
}

/// [MQTT-3.2.2-12] [MQTT-3.2.2-13] No CONNECT is refused for its Will QoS or Will Retain, and the Will is published as
/// it says.
#[test]
fn a_will_of_each_qos_is_kept_retained_or_not() {
    for version in VERSIONS {
        for (qos, _) in EACH {
            for retain in [false, true] {
                let mut world = World::new(Config::default());
                let watcher = world.connect(connect("watcher"));
                world.send(watcher, subscribe(1, "gone", QoS::ExactlyOnce));
                world.forget();
                let mut last = will("gone", "x");
                (last.qos, last.retain) = (qos, retain);
                // Nothing but CONNACK 0x00, or `connect` and the PINGRESP fail.
                let link = world.connect(Connect {
                    will: Some(last),
                    ..connect_as(version, "c")
                });
                world.send(link, Packet::Pingreq);
                assert_eq!(world.take(link).packets(), [Packet::Pingresp]);
                world.cut(link);
                let will = Packet::Publish(published(1, qos, "gone"));
                assert_eq!(world.take(watcher).packets(), [will]);
                assert_eq!(world.broker.gauges().retained_messages, usize::from(retain));
            }
        }
    }
}

/// [often-wrong-13] What CONNACK does not deny is there: retained messages, wildcards, Subscription Identifiers and
/// shared subscriptions. What it can deny is in `subscribe.rs`.
#[test]
fn what_connack_does_not_deny_is_served() {
    let mut world = World::new(Config::default());
    let writer = world.connect(connect("writer"));
    world.send(writer, retained(qos0("a/b", "x")));
    let (client, outcome) = world.offer(connect("c"));
    assert_eq!(outcome.packets(), [connack()], "which denies nothing");
    world.send(client, subscribe_as(7, "a/+", QoS::AtMostOnce));
    let granted = suback(1, &[SubscribeReasonCode::Success]);
    let identifiers = [SubscriptionIdentifier::new(7).unwrap()];
    let mut expected = retained(qos0("a/b", "x"));
    expected.properties.subscription_identifiers = SubscriptionIdentifiers::new(&identifiers);
    assert_eq!(
        world.take(client).packets(),
        [granted, Packet::Publish(expected)]
    );
    world.send(client, subscribe(1, "$share/g/c", QoS::AtMostOnce));
    world.send(writer, qos0("c", "y"));
    assert_eq!(
        world.take(client).packets(),
        [granted, Packet::Publish(qos0("c", "y"))]
    );
}

/// Absent they mean 65,535 and 0.
#[test]
fn the_largest_receive_maximum_and_no_topic_aliases_are_not_said() {
    for (receive_maximum, said) in [(65_534, Some(65_534)), (65_535, None)] {
        for (topic_alias_maximum, aliases) in [(1, Some(1)), (0, None)] {
            let mut world = World::new(Config {
                receive_maximum,
                topic_alias_maximum,
                ..Config::default()
            });
            let (_, outcome) = world.offer(connect("c"));
            let [Packet::Connack(connack)] = outcome.packets()[..] else {
                panic!("CONNACK alone")
            };
            let maximum = connack.properties.receive_maximum;
            assert_eq!(maximum.map(std::num::NonZeroU16::get), said);
            assert_eq!(connack.properties.topic_alias_maximum, aliases);
        }
    }
}

fn published(packet_id: u16, qos: QoS, topic: &'static str) -> Publish<'static> {
    match qos {
        QoS::AtMostOnce => qos0(topic, "x"),
        QoS::AtLeastOnce => qos1(packet_id, topic, "x"),
        QoS::ExactlyOnce => qos2(packet_id, topic, "x"),
    }
}
