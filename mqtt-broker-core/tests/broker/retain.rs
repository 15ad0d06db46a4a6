//! RETAIN: MQTT 5.0 §3.3.1.3, MQTT 3.1.1 §3.3.1.3.
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
    VERSIONS, World, again, connect, connect_as, options, puback, qos0, qos1, qos2, resuming,
    retained, suback, subscribe, subscribe_as, subscribe_with, unsubscribe,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::{Publish, RetainHandling, SubscriptionOptions};
use mqtt_codec::property::{SubscriptionIdentifier, SubscriptionIdentifiers};
use mqtt_codec::reason_code::SubscribeReasonCode;
use mqtt_codec::{Packet, QoS, Version};

const V5: Version = Version::V5_0;

/// [MQTT-3.3.1-5] [v3.1.1 MQTT-3.3.1-5] [v3.1.1 MQTT-3.3.1-6] The last one replaces those before.
#[test]
fn the_last_retained_message_of_a_topic_goes_to_a_new_subscription() {
    for version in VERSIONS {
        let (mut world, writer) = world(version);
        world.send(writer, retained(qos1(1, "a", "old")));
        world.send(writer, retained(qos1(2, "a", "new")));
        world.send(writer, retained(qos0("a/b", "other")));
        let (_, seen) = subscribed(&mut world, version, subscribe(1, "a", QoS::ExactlyOnce));
        assert_eq!(seen, [("a".into(), "new".into(), QoS::AtLeastOnce)]);
        let (_, seen) = subscribed(&mut world, version, subscribe(1, "a/#", QoS::ExactlyOnce));
        assert_eq!(seen.len(), 2);
    }
}

/// [v3.1.1 MQTT-3.3.1-5] [MQTT-3.8.4-8] With its QoS, at most what was granted.
#[test]
fn a_retained_message_keeps_its_qos() {
    for version in VERSIONS {
        for (granted, expected) in [
            (QoS::AtMostOnce, QoS::AtMostOnce),
            (QoS::AtLeastOnce, QoS::AtLeastOnce),
            (QoS::ExactlyOnce, QoS::ExactlyOnce),
        ] {
            let (mut world, writer) = world(version);
            world.send(writer, retained(qos2(1, "a", "x")));
            let (_, seen) = subscribed(&mut world, version, subscribe(1, "a", granted));
            assert_eq!(seen, [("a".into(), "x".into(), expected)]);
        }
    }
}

/// [v3.1.1 MQTT-3.3.1-7] It replaces the older one.
#[test]
fn a_retained_message_of_qos_0_discards_the_older_one() {
    for version in VERSIONS {
        let (mut world, writer) = world(version);
        world.send(writer, retained(qos1(1, "a", "old")));
        world.send(writer, retained(qos0("a", "new")));
        let (_, seen) = subscribed(&mut world, version, subscribe(1, "a", QoS::ExactlyOnce));
        assert_eq!(seen, [("a".into(), "new".into(), QoS::AtMostOnce)]);
    }
}

/// [MQTT-3.3.1-6] [MQTT-3.3.1-7] [v3.1.1 MQTT-3.3.1-10] [v3.1.1 MQTT-3.3.1-11]
#[test]
fn an_empty_retained_message_is_delivered_and_removes_the_retained_one() {
    for version in VERSIONS {
        let (mut world, writer) = world(version);
        let (reader, _) = subscribed(&mut world, version, subscribe(1, "a", QoS::AtMostOnce));
        world.send(writer, retained(qos0("a", "x")));
        world.send(writer, retained(qos0("a", "")));
        assert_eq!(
            world.take(reader).packets(),
            [
                Packet::Publish(qos0("a", "x")),
                Packet::Publish(qos0("a", ""))
            ]
        );
        assert_eq!(world.broker.gauges().retained_messages, 0);
        let (_, seen) = subscribed(&mut world, version, subscribe(1, "a", QoS::AtMostOnce));
        assert_eq!(seen, []);
    }
}

/// [MQTT-3.3.1-8] [v3.1.1 MQTT-3.3.1-12]
#[test]
fn a_message_without_retain_leaves_the_retained_one_alone() {
    for version in VERSIONS {
        let (mut world, writer) = world(version);
        world.send(writer, qos0("b", "not kept"));
        world.send(writer, retained(qos0("a", "kept")));
        world.send(writer, qos0("a", "another"));
        world.send(writer, qos0("a", ""));
        let (_, seen) = subscribed(&mut world, version, subscribe(1, "#", QoS::AtMostOnce));
        assert_eq!(seen, [("a".into(), "kept".into(), QoS::AtMostOnce)]);
    }
}

/// [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] "New" is judged by the session, not by the connection.
#[test]
fn retain_handling_says_when_retained_messages_are_sent() {
    for (handling, at_first, at_second, after_unsubscribe) in [
        (RetainHandling::SendAtSubscribe, 1, 1, 1),
        (RetainHandling::SendIfNew, 1, 0, 1),
        (RetainHandling::DoNotSend, 0, 0, 0),
    ] {
        let (mut world, writer) = world(V5);
        world.send(writer, retained(qos0("a", "x")));
        let options = SubscriptionOptions {
            retain_handling: handling,
            ..options(QoS::AtMostOnce)
        };
        let reader = world.connect(resuming(V5, "reader", 600));
        world.send(reader, subscribe_with(1, "a", options));
        assert_eq!(publishes(&mut world, reader).len(), at_first);
        world.send(reader, subscribe_with(2, "a", options));
        assert_eq!(publishes(&mut world, reader).len(), at_second);
        world.cut(reader);
        let reader = world.connect(resuming(V5, "reader", 600));
        world.send(reader, subscribe_with(3, "a", options));
        assert_eq!(publishes(&mut world, reader).len(), at_second);
        world.send(reader, unsubscribe(4, "a"));
        world.send(reader, subscribe_with(5, "a", options));
        assert_eq!(publishes(&mut world, reader).len(), after_unsubscribe);
    }
}

/// [MQTT-3.8.4-4] [v3.1.1 MQTT-3.8.4-3] In 3.x they come with each SUBSCRIBE.
#[test]
fn a_repeated_subscribe_brings_the_retained_messages_again() {
    for version in VERSIONS {
        let (mut world, writer) = world(version);
        world.send(writer, retained(qos0("a", "x")));
        let (reader, seen) = subscribed(&mut world, version, subscribe(1, "a", QoS::AtMostOnce));
        assert_eq!(seen.len(), 1);
        world.send(reader, subscribe(2, "a", QoS::AtMostOnce));
        assert_eq!(publishes(&mut world, reader).len(), 1);
    }
}

/// [v3.1.1 MQTT-3.3.1-8] RETAIN 1, whatever Retain As Published says.
#[test]
fn a_message_sent_for_a_new_subscription_has_retain_1() {
    for (version, retain_as_published) in [
        (Version::V3_1, false),
        (Version::V3_1_1, false),
        (V5, false),
        (V5, true),
    ] {
        let (mut world, writer) = world(version);
        world.send(writer, retained(qos0("a", "x")));
        let options = SubscriptionOptions {
            retain_as_published,
            ..options(QoS::AtMostOnce)
        };
        let reader = world.connect(connect_as(version, "reader"));
        world.send(reader, subscribe_with(1, "a", options));
        assert_eq!(
            world.take(reader).packets(),
            [
                suback(1, &[SubscribeReasonCode::Success]),
                Packet::Publish(retained(qos0("a", "x")))
            ]
        );
    }
}

/// [MQTT-3.3.1-12] [MQTT-3.3.1-13]
#[test]
fn retain_as_published_decides_on_retain_of_what_is_forwarded() {
    for (retain_as_published, published, forwarded) in [
        (false, false, false),
        (false, true, false),
        (true, false, false),
        (true, true, true),
    ] {
        for offline in [false, true] {
            let (mut world, writer) = world(V5);
            let options = SubscriptionOptions {
                retain_as_published,
                ..options(QoS::AtLeastOnce)
            };
            let mut reader = world.connect(resuming(V5, "reader", 600));
            world.send(reader, subscribe_with(1, "a", options));
            world.forget();
            if offline {
                world.cut(reader);
            }
            world.send(writer, with_retain(qos1(1, "a", "x"), published));
            if offline {
                reader = world.connect_and_keep(resuming(V5, "reader", 600));
            }
            let expected = with_retain(qos1(1, "a", "x"), forwarded);
            assert_eq!(world.take(reader).packets(), [Packet::Publish(expected)]);
        }
    }
}

/// [v3.1.1 MQTT-3.3.1-9]
#[test]
fn what_is_forwarded_to_an_established_subscription_has_retain_0_in_3_x() {
    for version in [Version::V3_1, Version::V3_1_1] {
        let (mut world, writer) = world(version);
        let (reader, _) = subscribed(&mut world, version, subscribe(1, "a", QoS::AtMostOnce));
        world.send(writer, retained(qos0("a", "x")));
        assert_eq!(
            world.take(reader).packets(),
            [Packet::Publish(qos0("a", "x"))]
        );
    }
}

/// Standard: MQTT 5.0 §4.8.2.
#[test]
fn retained_messages_are_not_sent_for_shared_subscriptions() {
    for version in [Version::V3_1_1, V5] {
        let (mut world, writer) = world(version);
        world.send(writer, retained(qos0("a", "x")));
        let (_, seen) = subscribed(
            &mut world,
            version,
            subscribe(1, "$share/g/a", QoS::AtMostOnce),
        );
        assert_eq!(seen, []);
    }
}

/// A retained message is the topic's, not its publisher's.
#[test]
fn no_local_does_not_hold_back_retained_messages() {
    let (mut world, writer) = world(V5);
    world.send(writer, retained(qos0("a", "x")));
    let options = SubscriptionOptions {
        no_local: true,
        ..options(QoS::AtMostOnce)
    };
    world.send(writer, subscribe_with(1, "a", options));
    assert_eq!(publishes(&mut world, writer).len(), 1);
    world.send(writer, qos0("a", "mine"));
    assert_eq!(publishes(&mut world, writer).len(), 0);
}

/// [MQTT-3.3.4-3] Of the SUBSCRIBE for which it is sent.
#[test]
fn a_retained_message_carries_the_identifier_of_its_subscription() {
    let (mut world, writer) = world(V5);
    world.send(writer, retained(qos0("a", "x")));
    let reader = world.connect(connect("reader"));
    world.send(reader, subscribe_as(5, "a", QoS::AtMostOnce));
    world.forget();
    world.send(reader, subscribe_as(6, "#", QoS::AtMostOnce));
    let identifiers = [SubscriptionIdentifier::new(6).unwrap()];
    let mut expected = retained(qos0("a", "x"));
    expected.properties.subscription_identifiers = SubscriptionIdentifiers::new(&identifiers);
    assert_eq!(
        world.take(reader).packets()[1..],
        [Packet::Publish(expected)]
    );
}

/// [MQTT-3.3.2-5] [MQTT-3.3.2-6] Retained messages expire with their Message Expiry Interval. Standard: §3.3.2.3.3.
#[test]
fn a_retained_message_expires_and_goes_out_with_what_is_left() {
    for (waited, left) in [
        (0, Some(10)),
        (4, Some(6)),
        (9, Some(1)),
        (10, None),
        (11, None),
    ] {
        let (mut world, writer) = world(V5);
        let mut publish = retained(qos0("a", "x"));
        publish.properties.message_expiry_interval = Some(10);
        world.send(writer, publish);
        world.advance(Duration::from_secs(waited));
        assert_eq!(
            world.broker.gauges().retained_messages,
            usize::from(left.is_some())
        );
        let reader = world.connect(connect("reader"));
        world.send(reader, subscribe(1, "a", QoS::AtMostOnce));
        let expected = left.map(|left| {
            publish.properties.message_expiry_interval = Some(left);
            Packet::Publish(publish)
        });
        assert_eq!(world.take(reader).packets()[1..], Vec::from_iter(expected));
    }
}

#[test]
fn a_new_retained_message_does_not_expire_with_the_one_that_it_replaced() {
    let (mut world, writer) = world(V5);
    let mut publish = retained(qos0("a", "x"));
    publish.properties.message_expiry_interval = Some(10);
    world.send(writer, publish);
    world.send(writer, retained(qos0("a", "lasting")));
    world.advance(Duration::from_secs(60));
    let (_, seen) = subscribed(&mut world, V5, subscribe(1, "a", QoS::AtMostOnce));
    assert_eq!(seen, [("a".into(), "lasting".into(), QoS::AtMostOnce)]);
}

/// [MQTT-3.10.4-2] What waits for the window, too.
#[test]
fn unsubscribe_ends_the_sending_of_retained_messages() {
    let (mut world, writer) = world(V5);
    for (id, topic) in [(1, "a"), (2, "b"), (3, "c")] {
        world.send(writer, retained(qos1(id, topic, "x")));
    }
    let mut narrow = connect("reader");
    narrow.properties.receive_maximum = std::num::NonZeroU16::new(1);
    let reader = world.connect(narrow);
    world.send(reader, subscribe(1, "#", QoS::AtLeastOnce));
    assert_eq!(publishes(&mut world, reader).len(), 1);
    world.send(reader, unsubscribe(2, "#"));
    world.send(reader, puback(1));
    assert_eq!(publishes(&mut world, reader), []);
}

/// What a session is owed comes with its next connection.
#[test]
fn retained_messages_that_wait_for_the_window_survive_a_reconnect() {
    let (mut world, writer) = world(V5);
    for (id, topic) in [(1, "a"), (2, "b"), (3, "c")] {
        world.send(writer, retained(qos1(id, topic, "x")));
    }
    let mut narrow = resuming(V5, "reader", 600);
    narrow.properties.receive_maximum = std::num::NonZeroU16::new(1);
    let reader = world.connect(narrow);
    world.send(reader, subscribe(1, "#", QoS::AtLeastOnce));
    world.cut(reader);
    let reader = world.connect_and_keep(resuming(V5, "reader", 600));
    world.advance(Duration::from_millis(1));
    let outcome = world.take(reader);
    assert_eq!(
        outcome.packets()[0],
        Packet::Publish(retained(again(qos1(1, "a", "x"))))
    );
    assert_eq!(outcome.packets().len(), 3);
}

fn world(version: Version) -> (World, LinkId) {
    let mut world = World::new(Config::default());
    let writer = world.connect(connect_as(version, "writer"));
    (world, writer)
}

fn with_retain(mut publish: Publish<'static>, retain: bool) -> Publish<'static> {
    publish.retain = retain;
    publish
}

/// A new client that subscribes: its link, and what it got with SUBACK, all with RETAIN 1.
fn subscribed(
    world: &mut World,
    version: Version,
    subscribe: Packet<'static>,
) -> (LinkId, Vec<(String, String, QoS)>) {
    let count = world.broker.gauges().links;
    let reader = world.connect(connect_as(
        version,
        crate::harness::leak(format!("reader-{count}")),
    ));
    world.send(reader, subscribe);
    let seen = publishes(world, reader);
    assert!(seen.iter().all(|(_, _, _, retain)| *retain));
    (
        reader,
        seen.into_iter()
            .map(|(topic, payload, qos, _)| (topic, payload, qos))
            .collect(),
    )
}

/// The PUBLISH packets that a link saw: topic, payload, QoS, RETAIN.
fn publishes(world: &mut World, link: LinkId) -> Vec<(String, String, QoS, bool)> {
    let outcome = world.take(link);
    let only = |packet: &Packet<'_>| match packet {
        Packet::Publish(publish) => Some((
            publish.topic.name().unwrap().as_str().to_owned(),
            String::from_utf8(publish.payload.to_vec()).unwrap(),
            publish.delivery.qos(),
            publish.retain,
        )),
        _ => None,
    };
    outcome.packets().iter().filter_map(only).collect()
}
