//! The lifetime of a retained message: MQTT 5.0 §3.3.2.3.3.
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

use crate::harness::store::Durable;
use crate::harness::{
    MICRO, SECOND, VERSIONS, World, connect, connect_as, expiring, name, puback, qos0, qos1, qos2,
    resuming, retained, subscribe, will,
};
use bytes::Bytes;
use mqtt_broker_core::{Cause, Config, LinkId, Message};
use mqtt_codec::{Packet, QoS, TopicNameBuf, Version};

const V5: Version = Version::V5_0;

/// [MQTT-3.3.2-5] [MQTT-3.3.2-6] [5.0-5] [often-wrong-6] [often-wrong-7] Begun seconds count, and at its end it is not sent.
#[test]
fn a_retained_message_goes_out_with_what_is_left_of_its_lifetime_and_not_behind_its_end() {
    for version in VERSIONS {
        for publish in [qos0("a", "x"), qos1(1, "a", "x"), qos2(1, "a", "x")] {
            for (waited, left) in [
                (Duration::ZERO, Some(10)),
                (MICRO, Some(10)),
                (SECOND - MICRO, Some(10)),
                (SECOND, Some(9)),
                (9 * SECOND, Some(1)),
                (10 * SECOND - MICRO, Some(1)),
                (10 * SECOND, None),
                (10 * SECOND + MICRO, None),
            ] {
                for overslept in [false, true] {
                    let (mut world, writer) = world(Config::default());
                    world.send(writer, retained(expiring(publish, 10)));
                    if overslept {
                        world.now = world.now + waited;
                    } else {
                        world.advance(waited);
                    }
                    let expected = left.map(|left| match version {
                        V5 => retained(expiring(publish, left)),
                        Version::V3_1 | Version::V3_1_1 => retained(publish),
                    });
                    let reader = world.connect(connect_as(version, "reader"));
                    world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
                    let expected = Vec::from_iter(expected.map(Packet::Publish));
                    assert_eq!(world.take(reader).packets()[1..], expected, "{waited:?}");
                }
            }
        }
    }
}

/// [MQTT-3.3.2-5] [5.0-5] [often-wrong-7] Also when nobody asks for it: its memory and its place are free.
#[test]
fn an_expired_retained_message_is_deleted_at_the_end_of_its_lifetime() {
    let (mut world, writer) = world(Config::default());
    // The cache of match results takes memory, too.
    world.send(writer, qos0("a", "x"));
    let before = world.broker.gauges().memory_bytes;
    world.send(writer, retained(expiring(qos0("a", "x"), 10)));
    world.advance_until_just_before(10 * SECOND);
    assert_eq!(world.broker.gauges().retained_messages, 1);
    assert!(world.broker.gauges().memory_bytes > before);
    world.advance(MICRO);
    assert_eq!(world.broker.gauges().retained_messages, 0);
    assert_eq!(world.broker.gauges().memory_bytes, before);
    assert_eq!(world.refused(Cause::Expired), 1);
}

/// [MQTT-3.3.2-5] [5.0-5] In the bounds of number and bytes, too.
#[test]
fn an_expired_retained_message_makes_room_for_another() {
    for full in [
        Config {
            retained_messages: 1,
            ..Config::default()
        },
        Config {
            retained_bytes: 2,
            ..Config::default()
        },
    ] {
        let (mut world, writer) = world(full);
        world.send(writer, retained(expiring(qos0("a", "x"), 10)));
        world.advance_until_just_before(10 * SECOND);
        world.send(writer, retained(qos1(1, "b", "x")));
        assert_eq!(world.refused(Cause::Retained), 1);
        world.advance(MICRO);
        world.send(writer, retained(qos1(2, "b", "x")));
        assert_eq!(world.refused(Cause::Retained), 1);
        assert_eq!(world.broker.gauges().retained_messages, 1);
    }
}

/// [5.0-5] A message expires with its own interval, and not with that of the one that it replaced.
#[test]
fn a_new_retained_message_has_a_lifetime_of_its_own() {
    for (first, second, lives) in [
        (Some(10), None, 1_000),
        (Some(10), Some(20), 20),
        (Some(20), Some(10), 10),
        (None, Some(10), 10),
        (Some(10), Some(10), 10),
    ] {
        let (mut world, writer) = world(Config::default());
        for interval in [first, second] {
            let mut publish = retained(qos0("a", "x"));
            publish.properties.message_expiry_interval = interval;
            world.send(writer, publish);
        }
        world.advance(lives * SECOND - MICRO);
        assert_eq!(world.broker.gauges().retained_messages, 1);
        world.advance(MICRO);
        let stays = usize::from(second.is_none());
        assert_eq!(world.broker.gauges().retained_messages, stays);
    }
}

/// The timer of one that was cleared meanwhile fires without a trace, and the next one is announced.
#[test]
fn a_cleared_retained_message_does_not_expire() {
    let (mut world, writer) = world(Config::default());
    world.send(writer, retained(expiring(qos0("a", "x"), 5)));
    world.send(writer, retained(expiring(qos0("b", "x"), 10)));
    world.send(writer, retained(qos0("a", "")));
    world.send(writer, retained(qos0("a", "lasting")));
    world.advance_until_just_before(5 * SECOND);
    world.advance(MICRO);
    assert_eq!(world.broker.gauges().retained_messages, 2);
    assert_eq!(world.refused(Cause::Expired), 0);
    world.advance_until_just_before(5 * SECOND);
    world.advance(MICRO);
    assert_eq!(world.broker.gauges().retained_messages, 1);
    assert_eq!(world.refused(Cause::Expired), 1);
}

/// [MQTT-3.3.2-5] [MQTT-3.3.2-6] [often-wrong-6] What is left is what is left when it is sent, in whichever slice.
#[test]
fn a_replay_in_slices_sends_what_has_not_expired_until_its_turn() {
    for (began, expected) in [
        (4 * SECOND, vec![Some(6), Some(6), Some(6)]),
        (5 * SECOND - MICRO, vec![Some(6), Some(5), Some(5)]),
        (10 * SECOND - 2 * MICRO, vec![Some(1), Some(1)]),
        (10 * SECOND - MICRO, vec![Some(1)]),
        (10 * SECOND, vec![]),
    ] {
        let (mut world, writer) = world(Config {
            slice: 1,
            ..Config::default()
        });
        for topic in ["a/1", "a/2", "a/3"] {
            world.send(writer, retained(expiring(qos0(topic, "x"), 10)));
        }
        world.advance(began);
        let reader = world.connect(connect("reader"));
        world.send(reader, subscribe(1, "a/+", QoS::AtMostOnce));
        let now = world.now;
        let came = world.watch(reader, now, SECOND);
        let intervals: Vec<_> = came.iter().map(|came| came.expiry).collect();
        assert_eq!(intervals, expected, "{began:?}");
    }
}

/// [MQTT-3.3.2-5] [often-wrong-7] Many that expire at one moment go slice by slice, and nobody gets one meanwhile.
#[test]
fn a_retained_message_whose_deletion_waits_its_turn_is_not_sent() {
    let (mut world, writer) = world(Config {
        slice: 1,
        ..Config::default()
    });
    for topic in ["a/1", "a/2", "a/3"] {
        world.send(writer, retained(expiring(qos0(topic, "x"), 10)));
    }
    let reader = world.connect(connect("reader"));
    world.advance_until_just_before(10 * SECOND);
    for left in [2, 1, 0] {
        world.advance(MICRO);
        assert_eq!(world.broker.gauges().retained_messages, left);
        world.send(reader, subscribe(1, "a/+", QoS::AtMostOnce));
        assert_eq!(world.take(reader).packets().len(), 1, "SUBACK alone");
    }
}

/// [MQTT-3.3.2-5] [MQTT-3.3.2-6] [often-wrong-6] [often-wrong-7] Also while it waits for the client's window or for room in
/// the send buffer.
#[test]
fn a_retained_message_that_waits_goes_on_ageing() {
    for version in VERSIONS {
        for place in [Place::Window, Place::Buffer] {
            for (waited, left) in [
                (4 * SECOND, Some(6)),
                (10 * SECOND - MICRO, Some(1)),
                (10 * SECOND, None),
            ] {
                let (mut world, writer) = world(Config {
                    send_maximum: 1,
                    send_maximum_v3: 1,
                    send_buffer: 10,
                    ..Config::default()
                });
                world.send(writer, retained(qos1(1, "a/1", "lasting")));
                world.send(writer, retained(expiring(qos1(1, "a/2", "dated"), 10)));
                let reader = world.connect(connect_as(version, "reader"));
                place.shut(&mut world, reader);
                world.advance(waited);
                let expected = left.map(|left| ("dated".into(), (version == V5).then_some(left)));
                let came = place.open(&mut world, reader);
                assert_eq!(
                    came,
                    Vec::from_iter(expected),
                    "{version:?} {place:?} {waited:?}"
                );
            }
        }
    }
}

/// [5.0-5] With a lifetime of 0 it goes to who is there, and is kept for nobody.
#[test]
fn a_retained_message_with_a_lifetime_of_0_is_not_kept() {
    let (mut world, writer) = world(Config::default());
    let reader = world.connect(connect("reader"));
    world.send(reader, subscribe(1, "a", QoS::AtMostOnce));
    world.forget();
    let publish = expiring(qos0("a", "x"), 0);
    world.send(writer, retained(publish));
    assert_eq!(world.take(reader).packets(), [Packet::Publish(publish)]);
    world.send(reader, subscribe(2, "a", QoS::AtMostOnce));
    assert_eq!(world.take(reader).packets().len(), 1, "SUBACK alone");
    assert_eq!(world.broker.poll_timeout(), Some(world.now));
    world.time_out();
    assert_eq!(world.broker.gauges().retained_messages, 0);
}

/// [5.0-5] That of a will begins when it is published, that of the broker's own is its own.
#[test]
fn a_retained_will_and_a_retained_message_of_the_broker_expire() {
    let (mut world, _) = world(Config::default());
    let mut connect = resuming(V5, "c", 600);
    let mut will = will("a", "gone");
    will.retain = true;
    will.properties.will_delay_interval = Some(30);
    will.properties.message_expiry_interval = Some(10);
    connect.will = Some(will);
    let link = world.connect(connect);
    world.cut(link);
    world.advance(30 * SECOND);
    let message = Message::builder(TopicNameBuf::from(name("own")), Bytes::from_static(b"x"))
        .retain(true)
        .expires_at(world.now + SECOND / 2)
        .build();
    world.broker.publish(world.now, &message);
    world.settle();
    for (span, left) in [(SECOND / 2, 1), (19 * SECOND / 2, 0)] {
        world.advance_until_just_before(span);
        assert_eq!(world.broker.gauges().retained_messages, left + 1);
        world.advance(MICRO);
        assert_eq!(world.broker.gauges().retained_messages, left);
    }
}

/// [5.0-5] The end of a lifetime does not move with a restart of the broker, and it goes from the store as well.
#[test]
fn a_restart_does_not_move_the_end_of_a_retained_message() {
    let mut world = Durable::new(Config::default());
    let (writer, _) = world.connect(connect("writer"));
    world.exchange(writer, retained(expiring(qos1(1, "a", "x"), 10)));
    for _ in 0..2 {
        world.now = world.now + SECOND;
        world.crash();
    }
    world.advance_until_just_before(8 * SECOND);
    assert_eq!(world.broker.gauges().retained_messages, 1);
    world.advance(MICRO);
    assert_eq!(world.broker.gauges().retained_messages, 0);
    world.commit_all();
    assert_eq!(world.store.store().retained(), 0);
}

/// What a retained message waits for.
#[derive(Clone, Copy, Debug)]
enum Place {
    Window,
    Buffer,
}

impl Place {
    /// The reader subscribes to `a/+` and gets the first message alone, or none.
    fn shut(self, world: &mut World, reader: LinkId) {
        match self {
            Self::Window => {
                world.send(reader, subscribe(1, "a/+", QoS::AtLeastOnce));
                assert_eq!(world.take(reader).packets().len(), 2);
            }
            Self::Buffer => {
                world.draining = false;
                world.send_bytes(reader, &[0xC0, 0].repeat(6));
                world.send(reader, subscribe(1, "a/2", QoS::AtMostOnce));
            }
        }
    }

    /// What comes then.
    fn open(self, world: &mut World, reader: LinkId) -> Vec<(String, Option<u32>)> {
        match self {
            Self::Window => world.send(reader, puback(1)),
            Self::Buffer => {
                world.draining = true;
                world.write(reader, usize::MAX);
            }
        }
        let now = world.now;
        let came = world.came(reader, now).into_iter();
        came.map(|came| (came.payload, came.expiry)).collect()
    }
}

fn world(config: Config) -> (World, LinkId) {
    let mut world = World::new(config);
    let writer = world.connect(connect("writer"));
    (world, writer)
}
