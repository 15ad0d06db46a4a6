//! Limits on retained messages and on wills, and the slices in which many of them go out.
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
    Saw, VERSIONS, World, connect, connect_as, disconnect, id, leak, puback, qos0, qos1, resuming,
    retained, subscribe, will,
};
use mqtt_broker_core::{Action, Cause, Config, LinkId, Message};
use mqtt_codec::packet::{AcknowledgementProperties, Connect, Puback};
use mqtt_codec::reason_code::{DisconnectReasonCode, PublishReasonCode};
use mqtt_codec::{Packet, QoS, TopicNameBuf, Version};
use mqtt_session::CloseReason;

#[test]
fn a_retained_message_above_their_number_is_refused() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            retained_messages: 2,
            ..Config::default()
        });
        let link = world.connect(connect_as(version, "a"));
        for topic in ["1", "2"] {
            world.send(link, retained(qos1(1, topic, "x")));
        }
        world.forget();
        assert_refused(&mut world, link, version, "3", "x");
        assert_eq!(world.broker.gauges().retained_messages, 2);

        // One that is there is replaced; one that goes makes room; clearing is always allowed.
        assert_taken(&mut world, link, version, "1", "other");
        assert_taken(&mut world, link, version, "4", "");
        assert_taken(&mut world, link, version, "1", "");
        assert_taken(&mut world, link, version, "3", "x");
        assert_eq!(world.broker.gauges().retained_messages, 2);
    }
}

/// Topic and payload count.
#[test]
fn retained_messages_above_their_bytes_are_refused() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            retained_bytes: 10,
            ..Config::default()
        });
        let link = world.connect(connect_as(version, "a"));
        assert_taken(&mut world, link, version, "1", "1234");
        assert_refused(&mut world, link, version, "2", "12345");
        assert_taken(&mut world, link, version, "2", "1234");
        // Replacing frees what is replaced.
        assert_refused(&mut world, link, version, "2", "12345");
        assert_taken(&mut world, link, version, "2", "4321");
        assert_taken(&mut world, link, version, "1", "");
        assert_taken(&mut world, link, version, "2", "123456789");
    }
}

#[test]
fn a_retained_message_of_qos_0_above_the_limit_ends_the_connection_in_5_0_only() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            retained_messages: 0,
            ..Config::default()
        });
        let link = world.connect(connect_as(version, "a"));
        world.send(link, retained(qos0("t", "x")));
        let reason = DisconnectReasonCode::QuotaExceeded;
        let expected = match version {
            Version::V5_0 => vec![
                Saw::Packet(disconnect(reason)),
                Saw::Closed(CloseReason::Disconnected { reason }),
            ],
            Version::V3_1 | Version::V3_1_1 => Vec::new(),
        };
        assert_eq!(world.take(link).all(), expected);
        assert_eq!(world.refused(Cause::Retained), 1);
    }
}

#[test]
fn what_the_broker_retains_below_sys_is_not_counted() {
    let mut world = World::new(Config {
        retained_messages: 1,
        retained_bytes: 2,
        ..Config::default()
    });
    for topic in ["$SYS/a", "$SYS/b"] {
        let topic = TopicNameBuf::new(topic).unwrap();
        let message = Message::builder(topic, "12345".into()).retain(true).build();
        world.broker.publish(world.now, &message);
    }
    assert_eq!(world.broker.gauges().retained_messages, 2);
    let link = world.connect(connect("a"));
    assert_taken(&mut world, link, Version::V5_0, "1", "x");
    assert_refused(&mut world, link, Version::V5_0, "2", "x");
    assert_eq!(world.broker.gauges().retained_messages, 3);
}

/// A will that may not be retained is still a message.
#[test]
fn a_retained_will_above_the_limit_is_sent_and_not_kept() {
    let mut world = World::new(Config {
        retained_messages: 0,
        ..Config::default()
    });
    let watcher = world.connect(connect("watcher"));
    world.send(watcher, subscribe(1, "w", QoS::AtMostOnce));
    world.forget();
    let mut last = will("w", "gone");
    last.retain = true;
    let link = world.connect(Connect {
        will: Some(last),
        ..connect("a")
    });
    world.cut(link);
    assert_eq!(
        world.take(watcher).packets(),
        [Packet::Publish(qos0("w", "gone"))]
    );
    assert_eq!(world.broker.gauges().retained_messages, 0);
    assert_eq!(world.refused(Cause::Retained), 1);
}

/// Between two slices everybody else has a turn.
#[test]
fn retained_messages_are_replayed_in_slices() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            slice: 10,
            ..Config::default()
        });
        let link = world.connect(connect("a"));
        for number in 0..35 {
            world.send(link, retained(qos0(leak(format!("t/{number:02}")), "x")));
        }
        let subscriber = world.connect(connect_as(version, "b"));
        world.send(subscriber, subscribe(1, "t/+", QoS::AtMostOnce));
        let mut slices = vec![world.take(subscriber).packets().len() - 1];
        while let Some(at) = world
            .broker
            .poll_timeout()
            .filter(|at| *at < world.now + SECOND)
        {
            world.advance(at.saturating_duration_since(world.now));
            slices.push(world.take(subscriber).packets().len());
        }
        assert_eq!(slices.iter().sum::<usize>(), 35);
        assert!(slices.iter().all(|slice| *slice <= 10), "{slices:?}");
        assert!(slices.len() <= 5, "{slices:?}");
    }
}

#[test]
fn wills_of_many_lost_connections_are_sent_in_slices() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            slice: 10,
            ..Config::default()
        });
        let watcher = world.connect(connect("watcher"));
        world.send(watcher, subscribe(1, "w", QoS::AtMostOnce));
        let links: Vec<_> = (0..35)
            .map(|number| {
                let client_id = leak(format!("c{number}"));
                world.connect(Connect {
                    will: Some(will("w", client_id)),
                    ..connect_as(version, client_id)
                })
            })
            .collect();
        world.forget();
        for link in links {
            world.cut(link);
        }
        let mut slices = vec![world.take(watcher).packets().len()];
        while let Some(at) = world
            .broker
            .poll_timeout()
            .filter(|at| *at < world.now + SECOND)
        {
            world.advance(at.saturating_duration_since(world.now));
            slices.push(world.take(watcher).packets().len());
        }
        assert_eq!(slices, [10, 10, 10, 5]);
    }
}

/// [MQTT-3.1.2-8] The delay is at most the session's expiry, which is capped.
#[test]
fn the_will_delay_is_capped_by_the_end_of_the_session() {
    let mut world = World::new(Config {
        maximum_session_expiry: 100,
        ..Config::default()
    });
    let watcher = world.connect(connect("watcher"));
    world.send(watcher, subscribe(1, "w", QoS::AtMostOnce));
    world.forget();
    let mut last = will("w", "gone");
    last.properties.will_delay_interval = Some(u32::MAX);
    let link = world.connect(Connect {
        will: Some(last),
        ..resuming(Version::V5_0, "a", u32::MAX)
    });
    world.cut(link);
    world.advance(Duration::from_secs(100) - Duration::from_micros(1));
    assert_eq!(world.take(watcher).packets(), []);
    world.advance(Duration::from_micros(1));
    assert_eq!(
        world.take(watcher).packets(),
        [Packet::Publish(qos0("w", "gone"))]
    );
    world.advance(Duration::from_secs(100));
    assert_eq!(world.take(watcher).packets(), [], "once");
}

/// A wildcard subscriber is not in the way of a publisher and its subscribers.
#[test]
fn a_long_replay_lets_messages_of_others_through() {
    let mut world = World::new(Config {
        slice: 10,
        ..Config::default()
    });
    let link = world.connect(connect("a"));
    for number in 0..1_000 {
        world.send(link, retained(qos0(leak(format!("t/{number}")), "x")));
    }
    world.send(link, subscribe(1, "live", QoS::AtMostOnce));
    let subscriber = world.connect(connect("b"));
    world.forget();
    world.send(subscriber, subscribe(1, "t/#", QoS::AtMostOnce));
    world.send(link, qos0("live", "now"));
    assert_eq!(
        world.take(link).packets(),
        [Packet::Publish(qos0("live", "now"))]
    );
    assert!(world.take(subscriber).packets().len() <= 11);
    assert!(!matches!(
        world.broker.poll_action(),
        Some(Action::Pause { .. })
    ));
    world.advance(SECOND);
    assert_eq!(world.broker.counters().publishes_sent, 1_001);
}

const SECOND: Duration = Duration::from_secs(1);

fn assert_taken(
    world: &mut World,
    link: LinkId,
    version: Version,
    topic: &'static str,
    payload: &'static str,
) {
    world.send(link, retained(qos1(1, topic, payload)));
    let code = match version {
        Version::V5_0 => PublishReasonCode::NoMatchingSubscribers,
        Version::V3_1 | Version::V3_1_1 => PublishReasonCode::Success,
    };
    assert_eq!(world.take(link).packets(), [answer(code)]);
}

fn assert_refused(
    world: &mut World,
    link: LinkId,
    version: Version,
    topic: &'static str,
    payload: &'static str,
) {
    let (before, had) = (world.refused(Cause::Retained), world.broker.gauges());
    world.send(link, retained(qos1(1, topic, payload)));
    let expected = match version {
        Version::V5_0 => answer(PublishReasonCode::QuotaExceeded),
        Version::V3_1 | Version::V3_1_1 => puback(1),
    };
    assert_eq!(world.take(link).packets(), [expected]);
    assert_eq!(world.refused(Cause::Retained), before + 1);
    assert_eq!(
        world.broker.gauges().retained_messages,
        had.retained_messages
    );
}

fn answer(reason_code: PublishReasonCode) -> Packet<'static> {
    Packet::Puback(Puback {
        packet_id: id(1),
        reason_code,
        properties: AcknowledgementProperties::default(),
    })
}
