//! SUBSCRIBE and UNSUBSCRIBE: MQTT 5.0 §3.8 to §3.11, MQTT 3.1.1 §3.8 to §3.11.
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
    Saw, VERSIONS, World, connect, connect_as, disconnect, options, puback, pubcomp, pubrec,
    pubrel, qos0, qos1, qos2, resuming, retained, suback, subscribe, subscribe_all, subscribe_with,
    unsuback, unsubscribe, unsubscribe_all,
};
use mqtt_broker_core::{Availability, Config, LinkId};
use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::reason_code::{DisconnectReasonCode, SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::{CloseReason, ProtocolError};

const V5: Version = Version::V5_0;

/// [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-2.2.1-6]
/// [v3.1.1 MQTT-3.8.4-1] [v3.1.1 MQTT-3.8.4-2] [v3.1.1 MQTT-3.8.4-4] [v3.1.1 MQTT-3.8.4-5] [v3.1.1 MQTT-3.9.3-1]
/// [v3.1.1 MQTT-2.3.1-7]
#[test]
fn one_suback_answers_all_filters_in_their_order() {
    for version in VERSIONS {
        let (mut world, client) = world(version);
        let filters = [
            ("a", QoS::ExactlyOnce),
            ("b", QoS::AtMostOnce),
            ("c", QoS::AtLeastOnce),
            ("a", QoS::AtMostOnce),
        ];
        world.send(client, subscribe_all(77, &filters));
        let codes = [
            SubscribeReasonCode::GrantedQoS2,
            SubscribeReasonCode::Success,
            SubscribeReasonCode::GrantedQoS1,
            SubscribeReasonCode::Success,
        ];
        assert_eq!(world.take(client).packets(), [suback(77, &codes)]);
        // As if one by one: the last one to `a` is in force.
        assert_eq!(world.broker.gauges().subscriptions, 3);
        let writer = world.connect(connect("writer"));
        world.send(writer, qos1(1, "a", "x"));
        assert_eq!(
            world.take(client).packets(),
            [Packet::Publish(qos0("a", "x"))]
        );
    }
}

/// [MQTT-3.8.4-3] [v3.1.1 MQTT-3.8.4-3]
#[test]
fn a_filter_that_is_there_already_is_replaced() {
    for version in VERSIONS {
        let (mut world, client) = world(version);
        world.send(client, subscribe(1, "a", QoS::ExactlyOnce));
        world.send(client, subscribe(2, "a", QoS::AtMostOnce));
        world.forget();
        assert_eq!(world.broker.gauges().subscriptions, 1);
        let writer = world.connect(connect("writer"));
        world.send(writer, qos2(1, "a", "x"));
        assert_eq!(
            world.take(client).packets(),
            [Packet::Publish(qos0("a", "x"))]
        );
    }
}

/// [MQTT-3.8.4-4] [v3.1.1 MQTT-3.8.4-3] What is queued and in flight stays.
#[test]
fn no_message_is_lost_when_a_subscription_is_replaced() {
    for version in VERSIONS {
        let (mut world, client) = world_with(
            version,
            Config {
                send_maximum: 1,
                send_maximum_v3: 1,
                ..Config::default()
            },
        );
        world.send(client, subscribe(1, "a", QoS::AtLeastOnce));
        world.forget();
        let writer = world.connect(connect("writer"));
        world.send(writer, qos1(1, "a", "one"));
        world.send(writer, qos1(2, "a", "two"));
        world.send(client, subscribe(2, "a", QoS::ExactlyOnce));
        world.send(writer, qos1(3, "a", "three"));
        world.send(client, puback(1));
        world.send(client, puback(2));
        world.send(client, puback(3));
        let outcome = world.take(client);
        assert_eq!(
            outcome.packets(),
            [
                Packet::Publish(qos1(1, "a", "one")),
                suback(2, &[SubscribeReasonCode::GrantedQoS2]),
                Packet::Publish(qos1(2, "a", "two")),
                Packet::Publish(qos1(3, "a", "three")),
            ]
        );
    }
}

/// [MQTT-3.8.3-4] [often-wrong-12]
#[test]
fn no_local_on_a_shared_subscription_ends_the_connection() {
    let (mut world, client) = world(V5);
    let local = SubscriptionOptions {
        no_local: true,
        ..options(QoS::AtMostOnce)
    };
    world.send(client, subscribe_with(1, "$share/g/a", local));
    assert_eq!(
        world.take(client).all(),
        [
            Saw::Packet(disconnect(DisconnectReasonCode::ProtocolError)),
            Saw::Closed(CloseReason::Protocol(ProtocolError::NoLocalOnShared)),
        ]
    );
}

/// [MQTT-4.13.1-1] [often-wrong-13] A capability that CONNACK denied; 3.1.1 gets 0x80, 3.1 cannot be told.
#[test]
fn a_shared_subscription_where_there_is_none_is_refused() {
    for version in VERSIONS {
        let config = Config {
            shared_subscriptions: Availability::Unavailable,
            ..Config::default()
        };
        let mut world = World::new(config);
        let client = world.link();
        world.send(client, connect_as(version, "client"));
        let outcome = world.take(client);
        let Packet::Connack(connack) = outcome.packets()[0] else {
            panic!("CONNACK comes first")
        };
        let denied = (version == V5).then_some(false);
        assert_eq!(connack.properties.shared_subscription_available, denied);
        world.send(client, subscribe(1, "$share/g/a", QoS::AtLeastOnce));
        let reason = DisconnectReasonCode::SharedSubscriptionsNotSupported;
        let outcome = world.take(client);
        match version {
            Version::V3_1 => {
                assert_eq!(
                    outcome.packets(),
                    [suback(1, &[SubscribeReasonCode::GrantedQoS1])]
                );
            }
            Version::V3_1_1 => {
                assert_eq!(
                    outcome.packets(),
                    [suback(1, &[SubscribeReasonCode::UnspecifiedError])]
                );
            }
            Version::V5_0 => assert_eq!(
                outcome.all(),
                [
                    Saw::Packet(disconnect(reason)),
                    Saw::Closed(CloseReason::Disconnected { reason })
                ]
            ),
        }
        assert_eq!(world.broker.gauges().subscriptions, 0);
    }
}

/// [MQTT-3.10.4-1] [v3.1.1 MQTT-3.10.4-1] Character by character: no wildcard is looked through.
#[test]
fn unsubscribe_deletes_the_same_filter_and_no_other() {
    for version in VERSIONS {
        let (mut world, client) = world(version);
        world.send(
            client,
            subscribe_all(1, &[("a/b", QoS::AtMostOnce), ("a/+", QoS::AtMostOnce)]),
        );
        world.forget();
        for other in ["a/#", "A/b", "a/b/", "/a/b", "#", "a/c"] {
            world.send(client, unsubscribe(2, other));
            let codes = [UnsubscribeReasonCode::NoSubscriptionExisted];
            assert_eq!(
                world.take(client).packets(),
                [unsubacked(version, 2, &codes)]
            );
        }
        assert_eq!(world.broker.gauges().subscriptions, 2);
        world.send(client, unsubscribe(3, "a/+"));
        let codes = [UnsubscribeReasonCode::Success];
        assert_eq!(
            world.take(client).packets(),
            [unsubacked(version, 3, &codes)]
        );
        assert_eq!(world.broker.gauges().subscriptions, 1);
        let writer = world.connect(connect("writer"));
        world.send(writer, qos0("a/b", "x"));
        assert_eq!(
            world.take(client).packets(),
            [Packet::Publish(qos0("a/b", "x"))]
        );
    }
}

/// [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [v3.1.1 MQTT-3.10.4-4] [v3.1.1 MQTT-3.10.4-5]
/// [v3.1.1 MQTT-3.10.4-6] [MQTT-2.2.1-6] [v3.1.1 MQTT-2.3.1-7]
#[test]
fn one_unsuback_answers_all_filters_in_their_order() {
    for version in VERSIONS {
        let (mut world, client) = world(version);
        world.send(
            client,
            subscribe_all(1, &[("a", QoS::AtMostOnce), ("b", QoS::AtMostOnce)]),
        );
        world.forget();
        world.send(client, unsubscribe_all(99, &["b", "nothing", "a", "b"]));
        let codes = [
            UnsubscribeReasonCode::Success,
            UnsubscribeReasonCode::NoSubscriptionExisted,
            UnsubscribeReasonCode::Success,
            UnsubscribeReasonCode::NoSubscriptionExisted,
        ];
        assert_eq!(
            world.take(client).packets(),
            [unsubacked(version, 99, &codes)]
        );
        assert_eq!(world.broker.gauges().subscriptions, 0);
    }
}

/// [MQTT-3.10.4-2] [MQTT-3.10.4-3] [v3.1.1 MQTT-3.10.4-2] [v3.1.1 MQTT-3.10.4-3]
#[test]
fn after_unsubscribe_nothing_new_comes_and_what_is_under_way_is_finished() {
    for version in VERSIONS {
        let (mut world, client) = world(version);
        world.send(client, subscribe(1, "a", QoS::ExactlyOnce));
        world.forget();
        let writer = world.connect(connect("writer"));
        world.send(writer, qos2(1, "a", "under way"));
        world.send(client, unsubscribe(2, "a"));
        world.send(writer, qos2(2, "a", "too late"));
        world.send(client, pubrec(1));
        world.send(client, pubcomp(1));
        assert_eq!(
            world.take(client).packets(),
            [
                Packet::Publish(qos2(1, "a", "under way")),
                unsubacked(version, 2, &[UnsubscribeReasonCode::Success]),
                pubrel(1),
            ]
        );
    }
}

/// [MQTT-3.10.4-3] [v3.1.1 MQTT-3.10.4-3] Over a reconnect, too.
#[test]
fn what_was_under_way_is_sent_again_after_unsubscribe() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let client = world.connect(resuming(version, "client", 600));
        world.send(client, subscribe(1, "a", QoS::AtLeastOnce));
        let writer = world.connect(connect("writer"));
        world.send(writer, qos1(1, "a", "x"));
        world.send(client, unsubscribe(2, "a"));
        world.cut(client);
        let client = world.connect_and_keep(resuming(version, "client", 600));
        assert_eq!(
            world.take(client).packets(),
            [Packet::Publish(crate::harness::again(qos1(1, "a", "x")))]
        );
    }
}

/// 3.1 has no word for a refusal: granted, and ignored. It runs by the flow of any other.
#[test]
fn a_refused_filter_is_granted_and_ignored_in_3_1() {
    for (version, code) in [
        (Version::V3_1, SubscribeReasonCode::GrantedQoS1),
        (Version::V3_1_1, SubscribeReasonCode::UnspecifiedError),
        (V5, SubscribeReasonCode::TopicFilterInvalid),
    ] {
        let config = Config {
            topic_bytes: 4,
            ..Config::default()
        };
        let (mut world, client) = world_with(version, config);
        world.send(client, subscribe(1, "a/b/c", QoS::AtLeastOnce));
        assert_eq!(world.take(client).packets(), [suback(1, &[code])]);
        assert_eq!(world.broker.gauges().subscriptions, 0);
    }
}

/// [MQTT-3.12.4-1] [v3.1.1 MQTT-3.12.4-1]
#[test]
fn each_pingreq_is_answered_by_a_pingresp() {
    for version in VERSIONS {
        let (mut world, client) = world(version);
        world.send_bytes(client, &[0xC0, 0, 0xC0, 0, 0xC0]);
        assert_eq!(
            world.take(client).packets(),
            [Packet::Pingresp, Packet::Pingresp]
        );
        world.send_bytes(client, &[0]);
        assert_eq!(world.take(client).packets(), [Packet::Pingresp]);
    }
}

/// A subscription that is made begins with the messages behind it, and a retained one is not taken for it.
#[test]
fn a_subscription_gets_what_is_published_behind_its_suback() {
    for version in VERSIONS {
        let (mut world, client) = world(version);
        let writer = world.connect(connect("writer"));
        world.send(writer, qos0("a", "before"));
        world.send(client, subscribe(1, "a", QoS::AtMostOnce));
        world.send(writer, retained(qos0("a", "behind")));
        assert_eq!(
            world.take(client).packets(),
            [
                suback(1, &[SubscribeReasonCode::Success]),
                Packet::Publish(qos0("a", "behind"))
            ]
        );
    }
}

fn world(version: Version) -> (World, LinkId) {
    world_with(version, Config::default())
}

fn world_with(version: Version, config: Config) -> (World, LinkId) {
    let mut world = World::new(config);
    let client = world.connect(connect_as(version, "client"));
    (world, client)
}

/// UNSUBACK; 3.x says no codes.
fn unsubacked(version: Version, packet_id: u16, codes: &[UnsubscribeReasonCode]) -> Packet<'_> {
    match version {
        Version::V5_0 => unsuback(packet_id, codes),
        Version::V3_1 | Version::V3_1_1 => unsuback(packet_id, &[]),
    }
}
