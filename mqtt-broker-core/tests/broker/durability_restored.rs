//! What a broker that was started from its store does with the sessions it found there.
#![allow(
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use core::time::Duration;

use crate::harness::store::Durable;
use crate::harness::{connect, qos1, resuming, subscribe_as};
use mqtt_broker_core::Config;
use mqtt_codec::{Packet, QoS, Version};

const V5: Version = Version::V5_0;
const MICRO: Duration = Duration::from_micros(1);

/// [MQTT-4.1.0-2] The time counts from the crash, and nobody has to ask for the session.
#[test]
fn a_restored_session_ends_by_itself_when_its_time_is_over() {
    let mut world = Durable::new(Config::default());
    world.connect(resuming(V5, "c", 60));
    world.crash();
    assert_eq!(world.broker.gauges().sessions, 1);
    world.advance(Duration::from_secs(60) - MICRO);
    assert_eq!(world.broker.gauges().sessions, 1);
    world.advance(MICRO);
    assert_eq!(world.broker.gauges().sessions, 0);
    world.commit_all();
    world.crash();
    assert_eq!(world.broker.gauges().sessions, 0);
}

/// [5.0-9] 0xFFFFFFFF means never, before a crash and after it.
#[test]
fn a_session_that_never_expires_is_there_after_any_time() {
    let mut world = Durable::new(Config {
        maximum_session_expiry: u32::MAX,
        ..Config::default()
    });
    let (link, _) = world.connect(resuming(V5, "c", u32::MAX));
    world.cut(link);
    world.commit_all();
    let longer_than_any_number_of_seconds = Duration::from_secs(u64::from(u32::MAX) + 1);
    for _ in 0..2 {
        world.advance(longer_than_any_number_of_seconds);
        assert_eq!(world.broker.gauges().sessions, 1);
        world.crash();
    }
    assert!(world.connect(resuming(V5, "c", u32::MAX)).1);
}

/// What comes after a restart stands behind all that the store has of a queue, also what is not in memory.
#[test]
fn a_restored_queue_goes_on_behind_its_end() {
    for head in [1, 2, 100] {
        let mut world = Durable::new(Config {
            queue_head_messages: head,
            ..Config::default()
        });
        let reader = world.subscriber(V5, "reader");
        world.cut(reader);
        let mut expected = Vec::new();
        for round in 0..3 {
            let (writer, _) = world.connect(connect("writer"));
            for n in 0..5 {
                let payload = format!("{round}.{n}");
                let sent = crate::harness::leak(payload.clone());
                world.exchange(writer, qos1(1, "a", sent));
                expected.push(payload);
            }
            world.crash();
        }
        assert_eq!(world.queue_of(V5, "reader"), expected, "{head}");
    }
}

/// [MQTT-3.3.4-3] With their Subscription Identifiers, from the head of the queue and from behind it.
#[test]
fn a_restored_message_keeps_its_subscription_identifiers() {
    for head in [1, 100] {
        let mut world = Durable::new(Config {
            queue_head_messages: head,
            ..Config::default()
        });
        let (reader, _) = world.connect(resuming(V5, "reader", 600));
        world.exchange(reader, subscribe_as(7, "with", QoS::AtLeastOnce));
        let without = crate::harness::subscribe(2, "without", QoS::AtLeastOnce);
        world.exchange(reader, without);
        world.cut(reader);
        let (writer, _) = world.connect(connect("writer"));
        for topic in ["with", "without", "with", "without"] {
            world.exchange(writer, qos1(1, topic, "x"));
        }
        world.crash();
        let reader = world.connect_only("reader");
        let mut found = Vec::new();
        for _ in 0..4 {
            world.commit_all();
            for packet in world.take(reader).sent() {
                if let Packet::Publish(publish) = packet {
                    let identifiers = publish.properties.subscription_identifiers;
                    found.push(identifiers.iter().map(|it| it.get()).collect::<Vec<_>>());
                }
            }
        }
        assert_eq!(found, [vec![7], vec![], vec![7], vec![]], "{head}");
    }
}
