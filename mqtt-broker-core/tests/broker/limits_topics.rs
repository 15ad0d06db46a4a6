//! Limits on topics and on how many Topic Filters there are, and topics that are not a client's.
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
    Saw, VERSIONS, World, connect, connect_as, disconnect, filter, id, leak, puback, publish,
    pubrec, qos0, qos1, qos2, suback, subscribe, unsuback, unsubscribe_all, will,
};
use mqtt_broker_core::{Cause, Config, LinkId, Message};
use mqtt_codec::packet::{
    AcknowledgementProperties, Connect, Delivery, Puback, Publish, Pubrec, Subscribe,
    SubscribeProperties, Subscription, SubscriptionOptions, Subscriptions,
};
use mqtt_codec::reason_code::{
    DisconnectReasonCode, PublishReasonCode, SubscribeReasonCode, UnsubscribeReasonCode,
};
use mqtt_codec::{Packet, QoS, TopicNameBuf, Version};
use mqtt_session::CloseReason;

const GRANTED: SubscribeReasonCode = SubscribeReasonCode::Success;

#[test]
fn a_publish_whose_topic_has_too_many_levels_or_bytes_is_refused() {
    for version in VERSIONS {
        for (at_limit, above) in [
            ("1/2/3", "1/2/3/4"),
            ("12345678", "123456789"),
            ("//", "///"),
        ] {
            let mut world = World::new(small());
            assert_refused_publish(
                &mut world,
                version,
                at_limit,
                above,
                Cause::TopicName,
                PublishReasonCode::TopicNameInvalid,
            );
        }
    }
}

#[test]
fn a_filter_with_too_many_levels_or_bytes_is_refused_in_its_own_slot() {
    for version in VERSIONS {
        for (at_limit, above) in [
            ("1/2/#", "1/2/3/#"),
            ("12345678", "123456789"),
            ("+/+/+", "+/+/+/+"),
        ] {
            let mut world = World::new(small());
            let link = world.connect(connect_as(version, "a"));
            world.send(link, subscribe_all(1, &[at_limit, above, "x"]));
            let codes = match version {
                // 3.1 has no code for it: granted, and ignored.
                Version::V3_1 => [GRANTED; 3],
                Version::V3_1_1 => [GRANTED, SubscribeReasonCode::UnspecifiedError, GRANTED],
                Version::V5_0 => [GRANTED, SubscribeReasonCode::TopicFilterInvalid, GRANTED],
            };
            assert_eq!(world.take(link).packets(), [suback(1, &codes)]);
            assert_eq!(world.refused(Cause::TopicFilter), 1);
            assert_eq!(world.broker.gauges().subscriptions, 2);
        }
    }
}

#[test]
fn the_default_limits_bear_a_topic_of_128_levels_and_4096_bytes() {
    let topic = leak(format!("{}{}", "a/".repeat(127), "b".repeat(4_096 - 254)));
    let (bytes, levels) = (leak(format!("{topic}b")), leak("a/".repeat(128)));
    let mut world = World::new(Config::default());
    let link = world.connect(connect("a"));
    world.send(link, subscribe(1, topic, QoS::AtMostOnce));
    assert_eq!(world.take(link).packets(), [suback(1, &[GRANTED])]);
    world.send(link, qos0(topic, "x"));
    assert_eq!(
        world.take(link).packets(),
        [Packet::Publish(qos0(topic, "x"))]
    );
    for too_much in [bytes, levels] {
        world.send(link, subscribe(2, too_much, QoS::AtMostOnce));
        let invalid = [SubscribeReasonCode::TopicFilterInvalid];
        assert_eq!(world.take(link).packets(), [suback(2, &invalid)]);
    }
}

#[test]
fn a_filter_above_the_number_of_a_sessions_filters_is_refused() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            subscriptions_per_session: 2,
            ..Config::default()
        });
        let link = world.connect(connect_as(version, "a"));
        world.send(link, subscribe_all(1, &["a", "b", "c"]));
        let codes = [GRANTED, GRANTED, refused(version)];
        assert_eq!(world.take(link).packets(), [suback(1, &codes)]);
        assert_eq!(world.refused(Cause::Subscriptions), 1);
        assert_eq!(world.broker.gauges().subscriptions, 2);

        // One that is there is replaced at the limit too, and one that goes makes room.
        world.send(link, subscribe(2, "b", QoS::AtMostOnce));
        assert_eq!(world.take(link).packets(), [suback(2, &[GRANTED])]);
        world.send(link, crate::harness::unsubscribe(3, "a"));
        world.forget();
        world.send(link, subscribe(4, "c", QoS::AtMostOnce));
        assert_eq!(world.take(link).packets(), [suback(4, &[GRANTED])]);
        // Another session has its own.
        let other = world.connect(connect_as(version, "b"));
        world.send(other, subscribe_all(1, &["a", "b"]));
        assert_eq!(world.take(other).packets(), [suback(1, &[GRANTED; 2])]);
        assert_eq!(world.refused(Cause::Subscriptions), 1);
    }
}

#[test]
fn a_subscribe_with_too_many_filters_is_refused_as_a_whole() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            filters_per_packet: 2,
            ..Config::default()
        });
        let link = world.connect(connect_as(version, "a"));
        world.send(link, subscribe_all(1, &["a", "b", "c"]));
        assert_eq!(
            world.take(link).packets(),
            [suback(1, &[refused(version); 3])]
        );
        assert_eq!(world.refused(Cause::Subscriptions), 1);
        assert_eq!(world.broker.gauges().subscriptions, 0);
        world.send(link, subscribe_all(2, &["a", "b"]));
        assert_eq!(world.take(link).packets(), [suback(2, &[GRANTED; 2])]);
    }
}

#[test]
fn a_client_may_not_publish_below_sys_and_control() {
    for version in VERSIONS {
        for (allowed, denied) in [
            ("$SYS", "$SYS/x"),
            ("$CONTROLS/x", "$CONTROL/x"),
            ("$other/x", "$SYS/"),
        ] {
            let mut world = World::new(Config::default());
            assert_refused_publish(
                &mut world,
                version,
                allowed,
                denied,
                Cause::NotAuthorized,
                PublishReasonCode::NotAuthorized,
            );
        }
    }
}

#[test]
fn the_broker_itself_may_publish_below_sys() {
    let mut world = World::new(Config::default());
    let link = world.connect(connect("a"));
    world.send(link, subscribe(1, "$SYS/#", QoS::AtMostOnce));
    world.forget();
    let topic = TopicNameBuf::new("$SYS/broker/uptime").unwrap();
    let message = Message::new(topic, "7".into());
    world.broker.publish(world.now, &message);
    world.settle();
    let expected = Packet::Publish(qos0("$SYS/broker/uptime", "7"));
    assert_eq!(world.take(link).packets(), [expected]);
}

#[test]
fn a_will_below_sys_is_dropped_when_it_is_due() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let watcher = world.connect(connect("watcher"));
        for to in ["$SYS/#", "#"] {
            world.send(watcher, subscribe(1, to, QoS::AtMostOnce));
        }
        world.forget();
        let link = world.connect(Connect {
            will: Some(will("$SYS/x", "gone")),
            ..connect_as(version, "a")
        });
        world.cut(link);
        assert_eq!(world.take(watcher).packets(), []);
        assert_eq!(world.refused(Cause::NotAuthorized), 1);
    }
}

fn small() -> Config {
    Config {
        topic_bytes: 8,
        topic_levels: 3,
        ..Config::default()
    }
}

fn refused(version: Version) -> SubscribeReasonCode {
    match version {
        Version::V3_1 => GRANTED,
        Version::V3_1_1 => SubscribeReasonCode::UnspecifiedError,
        Version::V5_0 => SubscribeReasonCode::QuotaExceeded,
    }
}

fn subscribe_all(packet_id: u16, to: &[&'static str]) -> Packet<'static> {
    let subscriptions = to.iter().map(|to| Subscription {
        filter: filter(to),
        options: SubscriptionOptions::default(),
    });
    Packet::Subscribe(Subscribe {
        packet_id: id(packet_id),
        properties: SubscribeProperties::default(),
        subscriptions: Subscriptions::new(subscriptions.collect::<Vec<_>>().leak()).unwrap(),
    })
}

/// A publisher of `version` gets its messages to `good` through at every QoS; those to `bad` are refused: in the own
/// acknowledgement, or by DISCONNECT in 5.0; 3.x is told nothing.
fn assert_refused_publish(
    world: &mut World,
    version: Version,
    good: &'static str,
    bad: &'static str,
    cause: Cause,
    reason_code: PublishReasonCode,
) {
    let watcher = world.connect(connect("watcher"));
    world.send(watcher, subscribe(1, "#", QoS::AtMostOnce));
    world.send(watcher, subscribe(2, good, QoS::AtMostOnce));
    world.forget();
    let publisher = world.connect(connect_as(version, "publisher"));
    let send = |world: &mut World, publish: Publish<'static>| {
        world.send(publisher, publish);
        received(world, watcher)
    };
    assert_eq!(send(world, qos0(good, "0")), ["0"]);
    assert_eq!(send(world, qos1(1, good, "1")), ["1"]);
    assert_eq!(world.take(publisher).packets(), [puback(1)]);
    assert_eq!(send(world, qos2(2, good, "2")), ["2"]);
    assert_eq!(world.take(publisher).packets(), [pubrec(2)]);
    world.send(publisher, crate::harness::pubrel(2));
    world.forget();

    let code = if version == Version::V5_0 {
        reason_code
    } else {
        PublishReasonCode::Success
    };
    assert_eq!(send(world, qos1(3, bad, "no")), [] as [&str; 0]);
    let answer = Packet::Puback(Puback {
        packet_id: id(3),
        reason_code: code,
        properties: AcknowledgementProperties::default(),
    });
    assert_eq!(world.take(publisher).packets(), [answer]);
    assert_eq!(send(world, qos2(4, bad, "no")), [] as [&str; 0]);
    let answer = Packet::Pubrec(Pubrec {
        packet_id: id(4),
        reason_code: code,
        properties: AcknowledgementProperties::default(),
    });
    assert_eq!(world.take(publisher).packets(), [answer]);
    assert_eq!(world.refused(cause), 2);

    assert_eq!(
        send(world, publish(Delivery::AtMostOnce, bad, "no")),
        [] as [&str; 0]
    );
    if version == Version::V5_0 {
        let reason = DisconnectReasonCode::from_byte(reason_code.byte()).unwrap();
        let expected = [
            Saw::Packet(disconnect(reason)),
            Saw::Closed(CloseReason::Disconnected { reason }),
        ];
        assert_eq!(world.take(publisher).all(), expected);
    } else {
        assert_eq!(world.take(publisher).packets(), []);
    }
    assert_eq!(world.refused(cause), 3);
}

/// The payloads of all that a link saw.
fn received(world: &mut World, link: LinkId) -> Vec<String> {
    let outcome = world.take(link);
    let payload = |packet: Packet<'_>| match packet {
        Packet::Publish(publish) => String::from_utf8(publish.payload.to_vec()).unwrap(),
        other => panic!("expected only PUBLISH, saw {other:?}"),
    };
    outcome.packets().into_iter().map(payload).collect()
}

/// [v3.1.1 MQTT-4.8.0-2] UNSUBACK has no code for a quota, so that the connection ends.
#[test]
fn an_unsubscribe_with_too_many_filters_ends_the_connection() {
    for version in VERSIONS {
        for (count, accepted) in [(3, true), (4, false)] {
            let mut world = World::new(Config {
                filters_per_packet: 3,
                ..Config::default()
            });
            let link = world.connect(connect_as(version, "a"));
            let filters = ["a", "b", "c", "d"];
            world.send(link, unsubscribe_all(1, &filters[..count]));
            let saw = world.take(link);
            assert_eq!(world.refused(Cause::Subscriptions), u64::from(!accepted));
            if accepted {
                assert!(matches!(saw.packets()[..], [Packet::Unsuback(_)]));
                continue;
            }
            let reason = DisconnectReasonCode::QuotaExceeded;
            let mut expected = Vec::new();
            if version == Version::V5_0 {
                expected.push(Saw::Packet(disconnect(reason)));
            }
            expected.push(Saw::Closed(CloseReason::Disconnected { reason }));
            assert_eq!(saw.all(), expected);
        }
    }
}

#[test]
fn an_unsubscribe_from_a_filter_above_the_limits_is_refused_alone() {
    let mut world = World::new(Config {
        topic_levels: 3,
        ..Config::default()
    });
    let link = world.connect(connect_as(Version::V5_0, "a"));
    world.send(link, unsubscribe_all(1, &["a/b/c/d", "a"]));
    let codes = [
        UnsubscribeReasonCode::TopicFilterInvalid,
        UnsubscribeReasonCode::NoSubscriptionExisted,
    ];
    assert_eq!(world.take(link).packets(), [unsuback(1, &codes)]);
    assert_eq!(world.refused(Cause::TopicFilter), 1);
}
