//! One client's flood is not everybody's wait: bounded turns, and payloads that are shared and not copied.
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
    Saw, VERSIONS, World, connect, connect_as, leak, puback, qos0, qos1, qos2, resuming, retained,
    subscribe,
};
use bytes::Bytes;
use mqtt_broker_core::{Action, Config, LinkId};
use mqtt_codec::{Packet, QoS, Version};

#[test]
fn a_turn_ends_with_the_packet_that_passes_its_bytes_and_the_rest_is_asked_for() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            turn_bytes: 10,
            ..Config::default()
        });
        let link = world.connect(connect_as(version, "a"));
        // 2 bytes each: five fit.
        let pings = [0xC0, 0].repeat(12);
        let used = world.broker.handle_bytes(world.now, link, &pings);
        assert_eq!(used, 10);
        let resumes = resumed(&mut world);
        assert_eq!(resumes, [link]);
        let used = world.broker.handle_bytes(world.now, link, &pings[10..]);
        assert_eq!(used, 10);
        assert_eq!(resumed(&mut world), [link]);
        // At the bound exactly nothing is left, and nothing is asked for.
        assert_eq!(world.broker.handle_bytes(world.now, link, &pings[20..]), 4);
        assert_eq!(resumed(&mut world), []);
        assert_eq!(world.broker.handle_bytes(world.now, link, &pings[..10]), 10);
        assert_eq!(resumed(&mut world), []);
    }
}

/// A packet is never cut: one that is larger than a turn is handled.
#[test]
fn a_packet_larger_than_a_turn_is_a_turn() {
    let mut world = World::new(Config {
        turn_bytes: 10,
        ..Config::default()
    });
    let link = world.connect(connect("a"));
    world.send(link, subscribe(1, "t", QoS::AtMostOnce));
    world.forget();
    let payload = leak("x".repeat(100));
    world.send(link, qos0("t", payload));
    assert_eq!(
        world.take(link).packets(),
        [Packet::Publish(qos0("t", payload))]
    );
}

#[test]
fn a_link_that_floods_does_not_starve_another() {
    let mut world = World::new(Config {
        turn_bytes: 100,
        ..Config::default()
    });
    let (flood, calm) = (
        world.connect(connect("flood")),
        world.connect(connect("calm")),
    );
    let mut unread = [0xC0, 0].repeat(10_000);
    let mut turns = 0;
    let mut answered = 0;
    // As an adapter does it: each link in turn, while there is something.
    while !unread.is_empty() {
        let used = world.broker.handle_bytes(world.now, flood, &unread);
        assert!(used <= 100);
        unread.drain(..used);
        turns += 1;
        assert_eq!(world.broker.handle_bytes(world.now, calm, &[0xC0, 0]), 2);
        world.draining = true;
        let asked_again = resumed(&mut world).contains(&flood);
        assert_eq!(asked_again, !unread.is_empty());
        answered += usize::from(
            world
                .broker
                .tx(calm)
                .is_some_and(|tx| tx.len() == 2 * turns),
        );
    }
    assert_eq!((turns, answered), (200, 200));
}

/// More than 4,096 bytes are one allocation for all subscribers, at every QoS; so much and less is copied.
#[test]
fn a_big_payload_is_shared_by_all_its_subscribers() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        for (size, shared) in [(4_096, false), (4_097, true)] {
            let (mut world, subscribers, publisher) = two_subscribers(qos);
            let packet = packet_of(qos, size);
            let payload_at = packet.len() - size;
            assert!(
                world
                    .broker
                    .handle_packet(world.now, publisher, packet.clone())
            );
            let found: Vec<_> = subscribers
                .iter()
                .map(|link| payload_segment(&world, *link, size))
                .collect();
            // The very memory that came in.
            let came_in = packet[payload_at..].as_ptr();
            assert_eq!(
                found.iter().all(|at| *at == Some(came_in)),
                shared,
                "{qos:?} {size}"
            );
            world.draining = true;
            for link in subscribers {
                world.write(link, usize::MAX);
                let outcome = world.take(link);
                let Packet::Publish(publish) = outcome.packets()[0] else {
                    panic!("a PUBLISH")
                };
                assert_eq!(publish.payload, &packet[payload_at..]);
            }
        }
    }
}

/// What came in through a buffer that belongs to others is copied once, and that copy is shared.
#[test]
fn a_big_payload_from_the_scratch_buffer_is_copied_once() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let (mut world, subscribers, publisher) = two_subscribers(qos);
        let scratch = packet_of(qos, 5_000).to_vec();
        let used = world.broker.handle_bytes(world.now, publisher, &scratch);
        assert_eq!(used, scratch.len());
        let [first, second] = subscribers.map(|link| payload_segment(&world, link, 5_000));
        assert!(first.is_some());
        assert_eq!(first, second);
        assert!(!scratch.as_ptr_range().contains(&first.unwrap()));
    }
}

/// The payload's own buffer is let go with the last who needs it.
#[test]
fn a_shared_payload_is_freed_when_everybody_has_it() {
    let (mut world, subscribers, publisher) = two_subscribers(QoS::AtLeastOnce);
    let packet = packet_of(QoS::AtLeastOnce, 5_000);
    world
        .broker
        .handle_packet(world.now, publisher, packet.clone());
    for link in subscribers {
        assert!(!packet.is_unique());
        world.write(link, usize::MAX);
        world.send(link, puback(1));
    }
    assert!(packet.is_unique());
}

#[test]
fn what_is_left_of_a_paused_link_is_presented_again() {
    let mut world = World::new(Config::default());
    let link = world.link_from(mqtt_broker_core::Authentication::Ask);
    world.send(link, connect("a"));
    world.send_bytes(link, &[0xC0]);
    world.send_bytes(link, &[0x00, 0xC0]);
    assert_eq!(world.unread(link), 3);
    world.forget();
    let accepted = mqtt_broker_core::AuthenticationOutcome::Accepted {
        principal: None,
        data: None,
    };
    world.authenticated(link, accepted);
    let outcome = world.take(link);
    assert_eq!(outcome.all().last(), Some(&Saw::Packet(Packet::Pingresp)));
    assert_eq!(world.unread(link), 1);
    world.send_bytes(link, &[0x00]);
    assert_eq!(world.take(link).packets(), [Packet::Pingresp]);
}

fn resumed(world: &mut World) -> Vec<LinkId> {
    let actions = std::iter::from_fn(|| world.broker.poll_action());
    actions
        .filter_map(|action| match action {
            Action::Resume { link } => Some(link),
            _ => None,
        })
        .collect()
}

/// Subscribers of 3.1.1 and 5.0 whose sockets take nothing yet, and a publisher of 5.0.
fn two_subscribers(qos: QoS) -> (World, [LinkId; 2], LinkId) {
    let mut world = World::new(Config::default());
    let subscribers =
        [(Version::V3_1_1, "3.1.1"), (Version::V5_0, "5.0")].map(|(version, client_id)| {
            let link = world.connect(connect_as(version, client_id));
            world.send(link, subscribe(1, "t", qos));
            link
        });
    let publisher = world.connect(connect("publisher"));
    world.forget();
    world.draining = false;
    (world, subscribers, publisher)
}

fn packet_of(qos: QoS, size: usize) -> Bytes {
    let payload = leak("x".repeat(size));
    let publish = Packet::Publish(match qos {
        QoS::AtMostOnce => qos0("t", payload),
        QoS::AtLeastOnce => qos1(1, "t", payload),
        QoS::ExactlyOnce => qos2(1, "t", payload),
    });
    let mut bytes = vec![0; publish.encoded_len(Version::V5_0).unwrap()];
    publish.encode(Version::V5_0, &mut bytes);
    Bytes::from(bytes)
}

/// Where the segment that is a payload of this size begins, if there is one.
fn payload_segment(world: &World, link: LinkId, size: usize) -> Option<*const u8> {
    let mut segments = world.broker.tx(link)?.segments();
    Some(segments.find(|segment| segment.len() == size)?.as_ptr())
}

/// Sessions and retained messages that expire at the same moment go slice by slice.
#[test]
fn a_mass_expiry_is_done_in_slices() {
    let mut world = World::new(Config {
        slice: 10,
        ..Config::default()
    });
    let writer = world.connect(connect("writer"));
    for n in 0..35 {
        let id = leak(format!("s{n}"));
        let link = world.connect(resuming(Version::V5_0, id, 60));
        world.cut(link);
        let topic = leak(format!("t/{n}"));
        let mut publish = retained(qos0(topic, "x"));
        publish.properties.message_expiry_interval = Some(60);
        world.send(writer, publish);
    }
    world.now = world.now + Duration::from_secs(60);
    let mut left = Vec::new();
    while world.broker.gauges().retained_messages + world.broker.gauges().sessions > 1 {
        assert!(left.len() < 4, "{left:?}");
        world.broker.handle_timeout(world.now);
        world.settle();
        let gauges = world.broker.gauges();
        left.push((gauges.sessions - 1, gauges.retained_messages));
        assert!(world.broker.poll_timeout().is_some_and(|at| at > world.now));
        world.now = world.now + Duration::from_micros(1);
    }
    assert_eq!(left, [(25, 25), (15, 15), (5, 5), (0, 0)]);
}
