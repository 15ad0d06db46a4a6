//! A session's queue: its bounds in messages and bytes, and what a full one does.
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
use std::time::Duration;

use crate::harness::{
    VERSIONS, World, connect, connect_as, id, puback, qos0, qos1, resuming, subscribe,
};
use mqtt_broker_core::{Cause, Config, LinkId, Overflow};
use mqtt_codec::packet::{AcknowledgementProperties, Puback, Publish};
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{Packet, QoS, Version};

#[test]
fn a_full_queue_drops_the_newest_message_for_its_session() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            queue_messages: 3,
            ..Config::default()
        });
        let publisher = offline_subscriber(&mut world, version, "a");
        for payload in ["1", "2", "3"] {
            world.send(publisher, qos1(1, "t", payload));
            assert_eq!(world.take(publisher).packets(), [puback(1)]);
        }
        assert_eq!(world.refused(Cause::QueueFull), 0);
        // Nobody takes it: 5.0 is told.
        world.send(publisher, qos1(1, "t", "4"));
        assert_eq!(world.take(publisher).packets(), [quota_exceeded(1)]);
        assert_eq!(world.refused(Cause::QueueFull), 1);
        assert_eq!(come_back(&mut world, version, "a"), ["1", "2", "3"]);
    }
}

#[test]
fn a_full_queue_may_drop_the_oldest_message_instead() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            queue_messages: 3,
            overflow: Overflow::DropOldest,
            ..Config::default()
        });
        let publisher = offline_subscriber(&mut world, version, "a");
        for payload in ["1", "2", "3", "4", "5"] {
            world.send(publisher, qos1(1, "t", payload));
            assert_eq!(world.take(publisher).packets(), [puback(1)]);
        }
        assert_eq!(world.refused(Cause::QueueFull), 2);
        assert_eq!(come_back(&mut world, version, "a"), ["3", "4", "5"]);
    }
}

/// Topic and payload count.
#[test]
fn the_queue_is_bounded_in_bytes_too() {
    for (overflow, kept) in [
        (Overflow::DropNewest, ["1234", "5678", "x"].as_slice()),
        (Overflow::DropOldest, &["5678", "9abc", "x"]),
    ] {
        for version in VERSIONS {
            let mut world = World::new(Config {
                queue_bytes: 12,
                overflow,
                ..Config::default()
            });
            let publisher = offline_subscriber(&mut world, version, "a");
            for payload in ["1234", "5678"] {
                world.send(publisher, qos1(1, "t", payload));
            }
            assert_eq!(world.refused(Cause::QueueFull), 0, "10 of 12 bytes");
            world.send(publisher, qos1(1, "t", "9abc"));
            assert_eq!(world.refused(Cause::QueueFull), 1, "15 are too many");
            world.send(publisher, qos1(1, "t", "x"));
            assert_eq!(world.refused(Cause::QueueFull), 1, "12 are at the bound");
            assert_eq!(come_back(&mut world, version, "a"), kept);
        }
    }
}

#[test]
fn what_never_fits_the_queue_drives_nothing_out() {
    let mut world = World::new(Config {
        queue_bytes: 12,
        overflow: Overflow::DropOldest,
        ..Config::default()
    });
    let publisher = offline_subscriber(&mut world, Version::V5_0, "a");
    world.send(publisher, qos1(1, "t", "12345"));
    world.send(publisher, qos1(2, "t", "123456789abc"));
    assert_eq!(
        world.take(publisher).packets(),
        [puback(1), quota_exceeded(2)]
    );
    assert_eq!(world.refused(Cause::QueueFull), 1);
    assert_eq!(come_back(&mut world, Version::V5_0, "a"), ["12345"]);
}

/// At the bound exactly it fits, when all others are gone.
#[test]
fn what_fits_an_empty_queue_drives_everything_out() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            queue_bytes: 12,
            overflow: Overflow::DropOldest,
            ..Config::default()
        });
        let publisher = offline_subscriber(&mut world, version, "a");
        for payload in ["1", "2", "3456789abcd"] {
            world.send(publisher, qos1(1, "t", payload));
            assert_eq!(world.take(publisher).packets(), [puback(1)]);
        }
        assert_eq!(world.refused(Cause::QueueFull), 2);
        assert_eq!(come_back(&mut world, version, "a"), ["3456789abcd"]);
    }
}

#[test]
fn a_full_queue_is_no_refusal_while_another_session_takes_the_message() {
    let mut world = World::new(Config {
        queue_messages: 1,
        ..Config::default()
    });
    let publisher = offline_subscriber(&mut world, Version::V5_0, "a");
    world.send(publisher, qos1(1, "t", "1"));
    let other = world.connect(connect("other"));
    world.send(other, subscribe(1, "t", QoS::AtMostOnce));
    world.forget();
    world.send(publisher, qos1(1, "t", "2"));
    assert_eq!(world.take(publisher).packets(), [puback(1)]);
    assert_eq!(
        world.take(other).packets(),
        [Packet::Publish(qos0("t", "2"))]
    );
    assert_eq!(world.refused(Cause::QueueFull), 1);
    // Each session has its own queue.
    let publisher = offline_subscriber(&mut world, Version::V5_0, "b");
    world.send(publisher, qos1(1, "t", "3"));
    assert_eq!(come_back(&mut world, Version::V5_0, "b"), ["3"]);
    assert_eq!(come_back(&mut world, Version::V5_0, "a"), ["1"]);
}

/// What is in flight is bounded by the window, and does not count against the queue.
#[test]
fn a_connected_client_has_its_window_and_a_queue_behind_it() {
    let mut world = World::new(Config {
        queue_messages: 2,
        ..Config::default()
    });
    let mut connect_subscriber = connect("subscriber");
    connect_subscriber.properties.receive_maximum = NonZeroU16::new(1);
    let subscriber = world.connect(connect_subscriber);
    world.send(subscriber, subscribe(1, "t", QoS::AtLeastOnce));
    let publisher = world.connect(connect("publisher"));
    world.forget();
    for payload in ["1", "2", "3"] {
        world.send(publisher, qos1(1, "t", payload));
    }
    assert_eq!(world.refused(Cause::QueueFull), 0);
    world.send(publisher, qos1(1, "t", "4"));
    let outcome = world.take(publisher);
    assert_eq!(
        outcome.packets(),
        [puback(1), puback(1), puback(1), quota_exceeded(1)]
    );
    assert_eq!(world.refused(Cause::QueueFull), 1);
    assert_eq!(drain(&mut world, subscriber), ["1", "2", "3"]);
}

/// QoS 0 is not queued for who is not there.
#[test]
fn a_message_of_qos_0_for_an_absent_client_takes_no_place() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let publisher = offline_subscriber(&mut world, version, "a");
        // The first one is looked up, and the result is kept for the next.
        world.send(publisher, qos0("t", "0"));
        let before = world.broker.gauges().memory_bytes;
        world.send(publisher, qos0("t", "0"));
        assert_eq!(world.broker.gauges().memory_bytes, before);
        assert_eq!(come_back(&mut world, version, "a"), [] as [&str; 0]);
    }
}

/// [MQTT-3.3.2-5] What expired gives its place back, also in a queue that outlived a connection in between.
#[test]
fn an_expired_message_makes_room_in_a_full_queue() {
    let mut world = World::new(Config {
        queue_messages: 1,
        ..Config::default()
    });
    let mut waiting = resuming(Version::V5_0, "a", 1_000);
    waiting.properties.receive_maximum = NonZeroU16::new(1);
    let subscriber = world.connect(waiting);
    world.send(subscriber, subscribe(1, "t", QoS::AtLeastOnce));
    world.cut(subscriber);
    let publisher = world.connect(connect("publisher"));
    let expiring = |payload| {
        let mut publish = qos1(1, "t", payload);
        publish.properties.message_expiry_interval = Some(10);
        publish
    };
    world.send(publisher, qos1(1, "t", "in flight"));
    let subscriber = world.connect(waiting);
    world.send(publisher, expiring("old"));
    world.cut(subscriber);
    world.send(publisher, expiring("refused"));
    assert_eq!(world.refused(Cause::QueueFull), 1);
    world.advance(Duration::from_secs(10));
    assert_eq!(world.refused(Cause::Expired), 1);
    world.send(publisher, qos1(1, "t", "new"));
    assert_eq!(world.refused(Cause::QueueFull), 1);
    assert_eq!(
        come_back(&mut world, Version::V5_0, "a"),
        ["in flight", "new"]
    );
}

/// A session that is subscribed to `t` and not connected, and a publisher of 5.0.
fn offline_subscriber(world: &mut World, version: Version, client_id: &'static str) -> LinkId {
    let link = world.connect(resuming(version, client_id, 1_000));
    world.send(link, subscribe(1, "t", QoS::AtLeastOnce));
    world.cut(link);
    world.connect(connect_as(Version::V5_0, "publisher"))
}

/// The client resumes its session and acknowledges what comes, until nothing comes: the payloads.
fn come_back(world: &mut World, version: Version, client_id: &'static str) -> Vec<String> {
    let link = world.link();
    world.send(link, resuming(version, client_id, 1_000));
    drain(world, link)
}

fn drain(world: &mut World, link: LinkId) -> Vec<String> {
    let mut payloads = Vec::new();
    loop {
        let outcome = world.take(link);
        let packets = outcome.packets();
        let publishes: Vec<&Publish<'_>> = packets.iter().filter_map(publish_of).collect();
        if publishes.is_empty() {
            return payloads;
        }
        for publish in publishes {
            payloads.push(String::from_utf8(publish.payload.to_vec()).unwrap());
            let packet_id = publish.delivery.packet_id().unwrap();
            world.send(link, Packet::Puback(Puback::success(packet_id)));
        }
    }
}

fn publish_of<'a, 'b>(packet: &'a Packet<'b>) -> Option<&'a Publish<'b>> {
    match packet {
        Packet::Publish(publish) => Some(publish),
        _ => None,
    }
}

fn quota_exceeded(packet_id: u16) -> Packet<'static> {
    Packet::Puback(Puback {
        packet_id: id(packet_id),
        reason_code: PublishReasonCode::QuotaExceeded,
        properties: AcknowledgementProperties::default(),
    })
}
