//! What becomes of a message on its way to subscribers: MQTT 5.0 §3.3, MQTT 3.1.1 §3.3.
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
    VERSIONS, World, again, connect, connect_as, leak, options, puback, pubrec, qos0, qos1, qos2,
    resuming, subscribe, subscribe_as, subscribe_with,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::{Publish, SubscriptionOptions};
use mqtt_codec::property::{
    PayloadFormat, SubscriptionIdentifier, SubscriptionIdentifiers, UserProperties,
};
use mqtt_codec::{Binary, Packet, QoS, Text, TopicName, Version};

const V5: Version = Version::V5_0;

/// [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20]
#[test]
fn properties_reach_every_subscriber_unchanged() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let (mut world, writer, reader) = world(V5, qos);
        let offline = world.connect(resuming(V5, "offline", 600));
        world.send(offline, subscribe(1, "a", qos));
        world.cut(offline);
        let publish = with_properties(match qos {
            QoS::AtMostOnce => qos0("a", "x"),
            QoS::AtLeastOnce => qos1(1, "a", "x"),
            QoS::ExactlyOnce => qos2(1, "a", "x"),
        });
        world.send(writer, publish);
        assert_eq!(world.take(reader).packets(), [Packet::Publish(publish)]);
        if qos != QoS::AtMostOnce {
            let offline = world.connect_and_keep(resuming(V5, "offline", 600));
            assert_eq!(world.take(offline).packets(), [Packet::Publish(publish)]);
        }
    }
}

#[test]
fn properties_are_left_out_where_the_version_has_none() {
    for version in [Version::V3_1, Version::V3_1_1] {
        let (mut world, _, reader) = world(version, QoS::AtLeastOnce);
        let writer = world.connect(connect("writer of 5.0"));
        world.send(writer, with_properties(qos1(1, "a", "x")));
        assert_eq!(
            world.take(reader).packets(),
            [Packet::Publish(qos1(1, "a", "x"))]
        );
    }
}

/// A payload above the limit for copying is shared, at every QoS and however it came in.
#[test]
fn large_payloads_arrive_whole() {
    let payload: &'static str = leak("0123456789".repeat(5_000));
    for version in VERSIONS {
        let (mut world, writer, reader) = world(version, QoS::ExactlyOnce);
        let second = world.connect(connect("second"));
        world.send(second, subscribe(1, "#", QoS::AtMostOnce));
        world.forget();
        for (n, publish) in [
            qos0("a", payload),
            qos1(1, "a", payload),
            qos2(2, "a", payload),
        ]
        .into_iter()
        .enumerate()
        {
            if n % 2 == 0 {
                assert!(world.send_whole(writer, publish));
            } else {
                world.send(writer, publish);
            }
            assert_eq!(world.take(reader).packets(), [Packet::Publish(publish)]);
            assert_eq!(
                world.take(second).packets(),
                [Packet::Publish(qos0("a", payload))]
            );
        }
    }
}

/// [MQTT-3.3.1-3] [v3.1.1 MQTT-3.3.1-3] [MQTT-4.3.2-2] [MQTT-4.3.3-2] DUP of what came in does not travel.
#[test]
fn dup_is_not_forwarded() {
    for version in VERSIONS {
        let (mut world, writer, reader) = world(version, QoS::ExactlyOnce);
        world.send(writer, again(qos1(5, "a", "x")));
        world.send(writer, again(qos2(6, "a", "y")));
        assert_eq!(
            world.take(reader).packets(),
            [
                Packet::Publish(qos1(1, "a", "x")),
                Packet::Publish(qos2(2, "a", "y"))
            ]
        );
    }
}

/// [MQTT-3.8.4-8] [v3.1.1 MQTT-3.8.4-6] [MQTT-3.3.4-1] [v3.1.1 MQTT-3.3.4-1] [MQTT-4.3.1-1]
/// [v3.1.1 MQTT-4.3.1-1] [MQTT-4.3.2-4] [MQTT-4.3.3-8] [MQTT-2.2.1-5] [v3.1.1 MQTT-2.3.1-6] The lower of published and
/// granted; acknowledged under its id.
#[test]
fn a_message_goes_out_at_the_lower_of_its_qos_and_the_granted_one() {
    let all = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
    for version in VERSIONS {
        for granted in all {
            for published in all {
                let (mut world, writer, reader) = world(version, granted);
                let of = |id, qos| match qos {
                    QoS::AtMostOnce => qos0("a", "x"),
                    QoS::AtLeastOnce => qos1(id, "a", "x"),
                    QoS::ExactlyOnce => qos2(id, "a", "x"),
                };
                world.send(writer, of(9, published));
                assert_eq!(
                    world.take(reader).packets(),
                    [Packet::Publish(of(1, granted.min(published)))]
                );
                let answer = match published {
                    QoS::AtMostOnce => None,
                    QoS::AtLeastOnce => Some(puback(9)),
                    QoS::ExactlyOnce => Some(pubrec(9)),
                };
                assert_eq!(world.take(writer).packets(), Vec::from_iter(answer));
            }
        }
    }
}

/// [MQTT-3.3.4-2] [v3.1.1 MQTT-3.3.5-1] [often-wrong-18] Overlapping subscriptions: one copy, in whatever order they were
/// made and whichever has the highest QoS.
#[test]
fn overlapping_subscriptions_give_one_copy_at_the_highest_qos() {
    let filters = ["a/b", "a/+", "#"];
    let cases = VERSIONS
        .into_iter()
        .flat_map(|version| filters.map(|highest| (version, highest)));
    for (version, highest) in cases {
        for order in [filters, ["#", "a/+", "a/b"], ["a/+", "#", "a/b"]] {
            let mut world = World::new(Config::default());
            let reader = world.connect(connect_as(version, "reader"));
            let granted = |filter| {
                if filter == highest {
                    QoS::ExactlyOnce
                } else {
                    QoS::AtMostOnce
                }
            };
            for filter in order {
                world.send(reader, subscribe(1, filter, granted(filter)));
            }
            world.forget();
            let writer = world.connect(connect("writer"));
            world.send(writer, qos2(1, "a/b", "x"));
            assert_eq!(
                world.take(reader).packets(),
                [Packet::Publish(qos2(1, "a/b", "x"))]
            );
        }
    }
}

/// [MQTT-3.3.4-3] [MQTT-3.3.4-4] [often-wrong-17] Of all that match and have one, and of no other client.
#[test]
fn one_copy_carries_the_identifiers_of_all_matching_subscriptions() {
    let mut world = World::new(Config::default());
    let reader = world.connect(connect("reader"));
    world.send(reader, subscribe_as(3, "a/b", QoS::AtLeastOnce));
    world.send(reader, subscribe_as(1, "#", QoS::AtLeastOnce));
    world.send(reader, subscribe(1, "a/+", QoS::AtLeastOnce));
    world.send(reader, subscribe_as(2, "other", QoS::AtLeastOnce));
    let second = world.connect(connect("second"));
    world.send(second, subscribe_as(7, "a/b", QoS::AtLeastOnce));
    world.forget();
    let writer = world.connect(connect("writer"));
    for publish in [qos0("a/b", "x"), qos1(1, "a/b", "x")] {
        world.send(writer, publish);
        assert_eq!(identifiers(&mut world, reader), [1, 3]);
        assert_eq!(identifiers(&mut world, second), [7]);
    }
    world.send(writer, qos0("a/c", "x"));
    assert_eq!(identifiers(&mut world, reader), [1]);
}

/// [MQTT-3.8.4-3] The identifier of a replaced subscription is the new one's, and none when it has none.
#[test]
fn a_repeated_subscribe_replaces_the_identifier() {
    let mut world = World::new(Config::default());
    let reader = world.connect(connect("reader"));
    let writer = world.connect(connect("writer"));
    world.send(reader, subscribe_as(3, "a", QoS::AtMostOnce));
    world.send(reader, subscribe_as(4, "a", QoS::AtMostOnce));
    world.forget();
    world.send(writer, qos0("a", "x"));
    assert_eq!(identifiers(&mut world, reader), [4]);
    world.send(reader, subscribe(1, "a", QoS::AtMostOnce));
    world.forget();
    world.send(writer, qos0("a", "x"));
    assert_eq!(identifiers(&mut world, reader), [0; 0]);
}

/// [MQTT-3.8.3-3]
#[test]
fn no_local_keeps_a_client_from_its_own_messages() {
    let mut world = World::new(Config::default());
    let client = world.connect(connect("client"));
    let other = world.connect(connect("other"));
    let local = SubscriptionOptions {
        no_local: true,
        ..options(QoS::AtMostOnce)
    };
    world.send(client, subscribe_with(1, "a", local));
    world.forget();
    world.send(client, qos0("a", "mine"));
    assert_eq!(world.take(client).packets(), []);
    world.send(other, qos0("a", "other's"));
    assert_eq!(
        world.take(client).packets(),
        [Packet::Publish(qos0("a", "other's"))]
    );
}

/// [MQTT-3.8.3-3] Of overlapping subscriptions those without No Local still count, with their QoS and identifier.
#[test]
fn no_local_counts_for_each_of_the_overlapping_subscriptions_by_itself() {
    let mut world = World::new(Config::default());
    let client = world.connect(connect("client"));
    let other = world.connect(connect("other"));
    let local = SubscriptionOptions {
        no_local: true,
        ..options(QoS::AtLeastOnce)
    };
    world.send(client, subscribe_with(1, "a", local));
    world.send(client, subscribe_as(9, "#", QoS::AtMostOnce));
    world.forget();
    world.send(client, qos1(1, "a", "mine"));
    let outcome = world.take(client);
    let mut mine = qos0("a", "mine");
    let nine = [SubscriptionIdentifier::new(9).unwrap()];
    mine.properties.subscription_identifiers = SubscriptionIdentifiers::new(&nine);
    assert_eq!(outcome.packets(), [Packet::Publish(mine), puback(1)]);
    world.send(other, qos1(1, "a", "other's"));
    let mut others = qos1(1, "a", "other's");
    others.properties.subscription_identifiers = SubscriptionIdentifiers::new(&nine);
    assert_eq!(world.take(client).packets(), [Packet::Publish(others)]);
}

/// A reader that is subscribed to `a`, and a writer of the same version.
fn world(version: Version, granted: QoS) -> (World, LinkId, LinkId) {
    let mut world = World::new(Config::default());
    let reader = world.connect(connect_as(version, "reader"));
    world.send(reader, subscribe(1, "a", granted));
    let writer = world.connect(connect_as(version, "writer"));
    world.forget();
    (world, writer, reader)
}

fn with_properties(mut publish: Publish<'static>) -> Publish<'static> {
    let pairs = [("b", "1"), ("a", "2"), ("b", "1"), ("", "")]
        .map(|(name, value)| (Text::new(name).unwrap(), Text::new(value).unwrap()));
    let properties = &mut publish.properties;
    properties.payload_format_indicator = Some(PayloadFormat::Utf8);
    properties.response_topic = Some(TopicName::new("answers/é").unwrap());
    properties.correlation_data = Some(Binary::new(&[0, 255, 7]).unwrap());
    properties.user_properties = UserProperties::new(Box::leak(Box::new(pairs)));
    properties.content_type = Some(Text::new("text/plain").unwrap());
    publish
}

/// The identifiers of the one PUBLISH that a link saw, sorted.
fn identifiers(world: &mut World, link: LinkId) -> Vec<u32> {
    let outcome = world.take(link);
    let packets = outcome.packets();
    let [Packet::Publish(publish)] = &packets[..] else {
        panic!("one PUBLISH: {packets:?}")
    };
    let mut numbers: Vec<u32> = publish
        .properties
        .subscription_identifiers
        .iter()
        .map(|it| it.get())
        .collect();
    numbers.sort_unstable();
    numbers
}
