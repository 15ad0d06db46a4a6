//! What waits for room in a send buffer goes on when there is room, in its order, whatever it is.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::store::Durable;
use crate::harness::{
    VERSIONS, World, connect, encoded, leak, qos0, qos1, qos2, resuming, retained, subscribe,
    subscribe_all,
};
use mqtt_broker_core::{Action, Config, LinkId};
use mqtt_codec::packet::PublishTopic;
use mqtt_codec::{Packet, QoS, Version};

const V5: Version = Version::V5_0;

/// One packet may pass the bound, as for a new message, and not one more.
#[test]
fn what_is_sent_again_keeps_to_the_bound() {
    for version in VERSIONS {
        let two = connack_len(version) + 2 * len(version);
        for (bound, packets) in [(two - 1, 2), (two, 2), (two + 1, 3)] {
            let (mut world, _) = in_flight(version, bound, 6);
            let reader = resume(&mut world, version);
            let expected = connack_len(version) + packets * len(version);
            assert_eq!(waiting(&world, reader), expected, "{version:?} {bound}");
            let words = drain(&mut world, reader, 17);
            assert_eq!(words[0], "CONNACK");
            assert_eq!(words[1..], (1..=6).map(again).collect::<Vec<_>>());
        }
    }
}

/// [MQTT-4.6.0-5] [v3.1.1 MQTT-4.6.0-6] They go in the order in which they were sent, and a new message behind them, also
/// while the send buffer has room and the rest of them waits.
#[test]
fn a_new_message_does_not_overtake_what_is_sent_again() {
    for version in VERSIONS {
        let bound = 3 * len(version);
        let (mut world, writer) = in_flight(version, bound, 6);
        let reader = resume(&mut world, version);
        // Room, but less than half of the bound: nothing is sent before that.
        let above = waiting(&world, reader) - (bound - 1);
        world.write(reader, above);
        world.send(writer, qos1(7, "a", payload(7)));
        let mut expected: Vec<_> = (1..=6).map(again).collect();
        expected.push(first(7));
        assert_eq!(drain(&mut world, reader, 17)[1..], expected, "{version:?}");
    }
}

/// Nor what became durable while the send buffer was full.
#[test]
fn a_new_message_does_not_overtake_one_that_had_waited_for_the_store() {
    for version in VERSIONS {
        let mut world = Durable::new(with_bound(BOUND));
        let reader = world.subscriber(version, "reader");
        let (writer, _) = world.connect(connect("writer"));
        world.draining = false;
        world.send(writer, qos2(1, "a", "durable"));
        let full = leak("x".repeat(BOUND));
        world.send(writer, qos0("a", full));
        world.commit_all();
        let above = waiting(&world, reader) - (BOUND - 1);
        world.write(reader, above);
        world.send(writer, qos1(2, "a", "new"));
        assert_eq!(
            drain(&mut world, reader, 17),
            [
                format!("PUBLISH {full}"),
                "PUBLISH 1 durable".to_owned(),
                "PUBLISH 2 new".to_owned()
            ],
            "{version:?}"
        );
    }
}

#[test]
fn the_queue_of_a_resumed_session_goes_on_without_an_acknowledgement() {
    for version in VERSIONS {
        let (mut world, writer) = in_flight(version, 2 * len(version), 0);
        for n in 1..=9 {
            world.send(writer, qos1(n, "a", payload(n)));
        }
        let reader = resume(&mut world, version);
        let words = drain(&mut world, reader, usize::MAX);
        assert_eq!(words[1..], (1..=9).map(first).collect::<Vec<_>>());
    }
}

/// The session has retained messages to come, and a message that waited for the store is sent in between.
#[test]
fn a_replay_goes_on_behind_a_message_that_had_waited_for_the_store() {
    for version in VERSIONS {
        let mut world = Durable::new(with_bound(BOUND));
        let reader = world.subscriber(version, "reader");
        let (writer, _) = world.connect(connect("writer"));
        for n in 1..=6 {
            let topic = leak(format!("r/{n}"));
            world.exchange(writer, retained(qos0(topic, payload(n))));
        }
        world.draining = false;
        world.send(reader, subscribe(2, "r/+", QoS::AtMostOnce));
        world.send(writer, qos2(1, "a", "durable"));
        assert!(world.commit(), "SUBACK and the first retained messages");
        let above = waiting(&world, reader) - (BOUND - 1);
        world.write(reader, above);
        world.commit_all();
        let mut words = drain(&mut world, reader, 17);
        words.retain(|word| word != "SUBACK");
        words.sort();
        let mut expected = vec!["PUBLISH 1 durable".to_owned()];
        expected.extend((1..=6).map(|n| format!("PUBLISH {}", payload(n))));
        expected.sort();
        assert_eq!(words, expected, "{version:?}");
    }
}

/// [MQTT-3.8.4-4] [v3.1.1 MQTT-3.8.4-3] The retained messages are sent again from the first one on, while those of other
/// filters go on.
#[test]
fn subscribing_anew_restarts_the_replay_of_that_filter_alone() {
    for version in VERSIONS {
        let mut world = World::new(with_bound(BOUND));
        let writer = world.connect(connect("writer"));
        let topics = |level: &'static str| (1..=6).map(move |n| format!("{level}/{n}"));
        for (n, topic) in (1..).zip(topics("x").chain(topics("y")).chain(topics("z"))) {
            world.send(writer, retained(qos0(leak(topic), payload(n))));
        }
        let reader = world.connect(resuming(version, "reader", 600));
        world.draining = false;
        let filters = ["x/+", "y/+", "z/+"].map(|filter| (filter, QoS::AtMostOnce));
        world.send(reader, subscribe_all(1, &filters));
        world.send(reader, subscribe(2, "x/+", QoS::AtMostOnce));
        let topics_of = |level| topics(level).collect::<Vec<_>>();
        let mut seen = Vec::new();
        while waiting(&world, reader) > 0 {
            world.write(reader, 17);
        }
        for packet in world.take(reader).packets() {
            if let Packet::Publish(publish) = packet {
                let PublishTopic::Name(topic) = publish.topic else {
                    panic!("{publish:?}")
                };
                seen.push(topic.as_str().to_owned());
            }
        }
        let begun = seen.len() - 18;
        assert!((1..6).contains(&begun), "{seen:?}");
        let mut expected = topics_of("x")[..begun].to_vec();
        for level in ["y", "z", "x"] {
            expected.extend(topics_of(level));
        }
        assert_eq!(seen, expected, "{version:?}");
    }
}

/// At half exactly it is not said, above it once, until the buffer was at half again.
#[test]
fn flush_is_said_anew_when_the_buffer_was_at_half_of_its_bound_and_not_before() {
    let packet = encoded(V5, qos0("a", payload(1))).len();
    let mut world = World::new(with_bound(4 * packet));
    let reader = world.connect(connect("reader"));
    world.send(reader, subscribe(1, "a", QoS::AtMostOnce));
    let writer = world.connect(connect("writer"));
    world.draining = false;
    let mut is_flushed = |take: usize| {
        world.broker.handle_written(world.now, reader, take);
        let bytes = encoded(V5, qos0("a", payload(1)));
        world.broker.handle_bytes(world.now, writer, &bytes);
        let actions = std::iter::from_fn(|| world.broker.poll_action()).collect::<Vec<_>>();
        let flushes = actions
            .iter()
            .filter(|action| matches!(action, Action::Flush { link } if *link == reader));
        assert!(flushes.clone().count() <= 1, "{actions:?}");
        flushes.count() == 1
    };
    assert!(!is_flushed(0));
    assert!(!is_flushed(0), "at half");
    assert!(is_flushed(0), "above it");
    assert!(!is_flushed(packet - 1), "it was above all the time");
    assert!(is_flushed(2 * packet - 1), "it was at half");
}

const BOUND: usize = 100;

fn with_bound(send_buffer: usize) -> Config {
    Config {
        send_buffer,
        ..Config::default()
    }
}

/// 40 bytes.
fn payload(n: u16) -> &'static str {
    leak(format!("{n:040}"))
}

fn again(n: u16) -> String {
    format!("PUBLISH {n} {} again", payload(n))
}

fn first(n: u16) -> String {
    format!("PUBLISH {n} {}", payload(n))
}

/// Of a QoS 1 PUBLISH to `a`.
fn len(version: Version) -> usize {
    encoded(version, qos1(1, "a", payload(1))).len()
}

fn connack_len(version: Version) -> usize {
    let (_, outcome) = World::new(Config::default()).offer(resuming(version, "reader", 600));
    outcome.bytes()[0].len()
}

/// A session `reader` that is away, is subscribed to `a` and has so many messages in flight; the link is a publisher's.
fn in_flight(version: Version, send_buffer: usize, count: u16) -> (World, LinkId) {
    let mut world = World::new(with_bound(send_buffer));
    let reader = world.connect(resuming(version, "reader", 600));
    world.send(reader, subscribe(1, "a", QoS::AtLeastOnce));
    let writer = world.connect(connect("writer"));
    for n in 1..=count {
        world.send(writer, qos1(n, "a", payload(n)));
    }
    world.cut(reader);
    (world, writer)
}

/// `reader` is back, and its socket takes nothing by itself.
fn resume(world: &mut World, version: Version) -> LinkId {
    world.draining = false;
    let reader = world.link();
    world.send(reader, resuming(version, "reader", 600));
    reader
}

fn waiting(world: &World, link: LinkId) -> usize {
    world.broker.tx(link).map_or(0, |tx| tx.len())
}

/// Takes what waits for a link, so many bytes at a time, until nothing does.
fn drain(world: &mut World, link: LinkId, at_a_time: usize) -> Vec<String> {
    while waiting(world, link) > 0 {
        world.write(link, at_a_time);
    }
    world.take(link).words()
}
