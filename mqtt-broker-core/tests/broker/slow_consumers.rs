//! A client that does not take what is sent to it: the bound of its send buffer, and its end.
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
    Saw, VERSIONS, World, connect, connect_as, disconnect, leak, puback, qos0, qos1, subscribe,
};
use mqtt_broker_core::{Action, Cause, Config, LinkId};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::CloseReason;

#[test]
fn a_packet_is_admitted_while_the_send_buffer_is_below_its_bound_and_then_qos_0_is_dropped() {
    for version in VERSIONS {
        let (mut world, subscriber, publisher) = slow(version, QoS::AtMostOnce);
        let payload = leak("x".repeat(40));
        let len = Packet::Publish(qos0("t", payload))
            .encoded_len(version)
            .unwrap();
        for sent in 1..=3 {
            world.send(publisher, qos0("t", payload));
            assert_eq!(waiting(&world, subscriber), sent * len);
        }
        assert!(
            waiting(&world, subscriber) >= BOUND,
            "and one packet above it"
        );
        world.send(publisher, qos0("t", payload));
        assert_eq!(waiting(&world, subscriber), 3 * len);
        assert_eq!(world.refused(Cause::SendBufferFull), 1);

        // One byte below the bound admits again.
        world.write(subscriber, 3 * len - BOUND);
        world.send(publisher, qos0("t", payload));
        assert_eq!(world.refused(Cause::SendBufferFull), 2, "at the bound");
        world.write(subscriber, 1);
        world.send(publisher, qos0("t", payload));
        assert_eq!(world.refused(Cause::SendBufferFull), 2);
        assert_eq!(waiting(&world, subscriber), BOUND - 1 + len);
    }
}

#[test]
fn a_packet_of_any_size_is_admitted_to_an_empty_send_buffer() {
    for version in VERSIONS {
        let (mut world, subscriber, publisher) = slow(version, QoS::AtMostOnce);
        let payload = leak("x".repeat(100 * BOUND));
        world.send(publisher, qos0("t", payload));
        assert!(waiting(&world, subscriber) > 100 * BOUND);
        world.write(subscriber, usize::MAX);
        assert_eq!(
            world.take(subscriber).packets(),
            [Packet::Publish(qos0("t", payload))]
        );
    }
}

#[test]
fn qos_1_waits_in_the_queue_for_room_in_the_send_buffer() {
    for version in VERSIONS {
        let (mut world, subscriber, publisher) = slow(version, QoS::AtLeastOnce);
        let payload = leak("x".repeat(40));
        for _ in 0..6 {
            world.send(publisher, qos1(1, "t", payload));
        }
        let len = Packet::Publish(qos1(1, "t", payload))
            .encoded_len(version)
            .unwrap();
        assert_eq!(waiting(&world, subscriber), 3 * len);
        assert_eq!(
            world.refused(Cause::SendBufferFull) + world.refused(Cause::QueueFull),
            0
        );
        // Room for more is used when half of the bound is free, so that it is used in one go.
        world.write(subscriber, 3 * len - BOUND / 2 - 1);
        assert_eq!(waiting(&world, subscriber), BOUND / 2 + 1);
        world.write(subscriber, 1);
        assert!(waiting(&world, subscriber) >= BOUND);
        while waiting(&world, subscriber) > 0 {
            world.write(subscriber, 17);
        }
        let expected: Vec<_> = (1..=6)
            .map(|it| Packet::Publish(qos1(it, "t", payload)))
            .collect();
        assert_eq!(world.take(subscriber).packets(), expected);
    }
}

#[test]
fn a_client_that_takes_nothing_for_30_seconds_is_closed() {
    for version in VERSIONS {
        let (mut world, subscriber, publisher) = slow(version, QoS::AtMostOnce);
        world.send(publisher, qos0("t", "x"));
        world.advance_until_just_before(Duration::from_secs(30));
        assert_eq!(world.take(subscriber).all(), []);
        world.advance(MICRO);
        let closed = Saw::Closed(CloseReason::SlowPeer);
        let message = Saw::Packet(Packet::Publish(qos0("t", "x")));
        let outcome = world.take(subscriber);
        if version == Version::V5_0 {
            let said = Saw::Packet(disconnect(DisconnectReasonCode::UnspecifiedError));
            assert_eq!(outcome.all(), [message, said, closed]);
        } else {
            assert_eq!(outcome.all(), [message, closed]);
        }
    }
}

#[test]
fn a_slow_client_is_not_closed_while_it_makes_progress() {
    for version in VERSIONS {
        let (mut world, subscriber, publisher) = slow(version, QoS::AtMostOnce);
        world.send(publisher, qos0("t", "12345678"));
        for _ in 0..5 {
            world.advance_until_just_before(Duration::from_secs(30));
            world.write(subscriber, 1);
        }
        assert_eq!(world.take(subscriber).all(), []);
        // The last byte counts from its own moment.
        world.advance_until_just_before(Duration::from_secs(30));
        assert_eq!(world.take(subscriber).all(), []);
        world.advance(MICRO);
        assert_eq!(
            world.broker.gauges().connected,
            1,
            "only the publisher is left"
        );
    }
}

/// To be told that nothing was written is no progress.
#[test]
fn nothing_written_is_no_progress() {
    let (mut world, subscriber, publisher) = slow(Version::V5_0, QoS::AtMostOnce);
    world.send(publisher, qos0("t", "x"));
    world.advance(Duration::from_secs(29));
    world.write(subscriber, 0);
    world.advance(Duration::from_secs(1) - MICRO);
    assert_eq!(world.broker.gauges().connected, 2);
    world.advance(MICRO);
    assert_eq!(world.broker.gauges().connected, 1);
}

/// An empty buffer owes nothing, and a time without traffic is no lack of progress.
#[test]
fn the_30_seconds_count_from_the_moment_something_waits() {
    let (mut world, subscriber, publisher) = slow(Version::V5_0, QoS::AtMostOnce);
    world.send(publisher, qos0("t", "x"));
    world.write(subscriber, usize::MAX);
    world.advance(Duration::from_secs(29));
    world.send(publisher, qos0("t", "y"));
    world.advance_until_just_before(Duration::from_secs(30));
    assert_eq!(world.broker.gauges().connected, 2);
    world.advance(MICRO);
    assert_eq!(world.broker.gauges().connected, 1);
}

/// A broker that slept for hours sees first what was taken meanwhile.
#[test]
fn a_time_out_that_comes_hours_late_closes_only_who_took_nothing() {
    let (mut world, subscriber, publisher) = slow(Version::V5_0, QoS::AtMostOnce);
    world.draining = true;
    let other = world.connect(connect("other"));
    world.send(other, subscribe(1, "t", QoS::AtMostOnce));
    world.forget();
    world.draining = false;
    world.send(publisher, qos0("t", "12345678"));
    world.now = world.now + Duration::from_secs(1_000);
    world.write(other, 1);
    world.time_out();
    let closed = Saw::Closed(CloseReason::SlowPeer);
    assert_eq!(world.take(subscriber).all().last(), Some(&closed));
    world.advance_until_just_before(Duration::from_secs(30));
    assert_eq!(world.take(other).all(), []);
    world.advance(MICRO);
    assert_eq!(world.take(other).all().last(), Some(&closed));
}

/// A client that sends and does not take the answers is not read, at twice the bound, until it takes them.
#[test]
fn a_client_that_does_not_take_its_answers_is_not_read() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            send_buffer: BOUND,
            ..Config::default()
        });
        let link = world.connect(connect_as(version, "a"));
        world.draining = false;
        let pings = [0xC0, 0].repeat(1_000);
        world.send_bytes(link, &pings);
        assert_eq!(waiting(&world, link), 2 * BOUND);
        assert_eq!(world.unread(link), 2_000 - 2 * BOUND);
        assert_eq!(world.take(link).all(), [Saw::Paused]);
        assert!(!world.send_whole(link, Packet::Pingreq));

        world.write(link, 2 * BOUND - BOUND / 2 - 2);
        assert!(!world.take(link).all().contains(&Saw::Resumed));
        world.write(link, 2);
        let outcome = world.take(link);
        assert_eq!(
            outcome
                .all()
                .iter()
                .filter(|saw| **saw == Saw::Resumed)
                .count(),
            1
        );
        assert_eq!(waiting(&world, link), 2 * BOUND, "and it is read on");
        while waiting(&world, link) > 0 {
            world.write(link, 10);
        }
        assert_eq!(world.broker.counters().packets_received, 1_001);
    }
}

/// Nothing follows Close, also not for a link that was not read.
#[test]
fn a_client_that_takes_no_answers_is_closed_in_the_end() {
    let mut world = World::new(Config {
        send_buffer: BOUND,
        ..Config::default()
    });
    let link = world.connect(connect("a"));
    world.draining = false;
    world.send_bytes(link, &[0xC0, 0].repeat(1_000));
    world.advance(Duration::from_secs(30));
    let outcome = world.take(link);
    assert_eq!(
        outcome.all().last(),
        Some(&Saw::Closed(CloseReason::SlowPeer))
    );
}

#[test]
fn transmit_is_said_once_until_the_buffer_was_drained() {
    let (mut world, subscriber, publisher) = slow(Version::V5_0, QoS::AtMostOnce);
    assert_eq!(transmits(&mut world, publisher, subscriber), 1);
    assert_eq!(transmits(&mut world, publisher, subscriber), 0);
    let now = world.now;
    let all = waiting(&world, subscriber);
    world.broker.handle_written(now, subscriber, all - 1);
    assert_eq!(
        transmits(&mut world, publisher, subscriber),
        0,
        "a byte is left"
    );
    let all = waiting(&world, subscriber);
    world.broker.handle_written(now, subscriber, all);
    assert_eq!(transmits(&mut world, publisher, subscriber), 1);
}

#[test]
fn flush_is_said_once_when_the_buffer_passes_half_of_its_bound() {
    let (mut world, subscriber, publisher) = slow(Version::V5_0, QoS::AtMostOnce);
    let len = Packet::Publish(qos0("t", "123456"))
        .encoded_len(Version::V5_0)
        .unwrap();
    let mut flushes = Vec::new();
    for sent in 1..=BOUND / len {
        if actions(&mut world, publisher).contains(&format!("Flush {subscriber:?}")) {
            flushes.push(sent * len);
        }
    }
    let half = BOUND / 2;
    assert_eq!(flushes, [half + len - half % len], "the first above half");
    // Below half it may be said again.
    let now = world.now;
    let above = waiting(&world, subscriber) - half;
    world.broker.handle_written(now, subscriber, above);
    assert!(actions(&mut world, publisher).contains(&format!("Flush {subscriber:?}")));
}

#[test]
fn a_slow_client_does_not_hold_the_others_up() {
    let (mut world, _slow, publisher) = slow(Version::V5_0, QoS::AtLeastOnce);
    world.draining = true;
    let quick = world.connect(connect("quick"));
    world.send(quick, subscribe(1, "t", QoS::AtLeastOnce));
    world.forget();
    world.draining = false;
    for packet_id in 1..=100 {
        world.send(publisher, qos1(1, "t", "x"));
        world.write(publisher, usize::MAX);
        world.write(quick, usize::MAX);
        assert_eq!(
            world.take(quick).packets(),
            [Packet::Publish(qos1(packet_id, "t", "x"))]
        );
        assert_eq!(world.take(publisher).packets(), [puback(1)]);
        world.send(quick, puback(packet_id));
    }
}

const BOUND: usize = 100;
const MICRO: Duration = Duration::from_micros(1);

/// A subscriber to `t` whose socket takes nothing by itself, and a publisher of 5.0.
fn slow(version: Version, qos: QoS) -> (World, LinkId, LinkId) {
    let mut world = World::new(Config {
        send_buffer: BOUND,
        ..Config::default()
    });
    let subscriber = world.connect(connect_as(version, "subscriber"));
    world.send(subscriber, subscribe(1, "t", qos));
    let publisher = world.connect(connect("publisher"));
    world.forget();
    world.draining = false;
    (world, subscriber, publisher)
}

fn waiting(world: &World, link: LinkId) -> usize {
    world.broker.tx(link).map_or(0, |tx| tx.len())
}

/// What the broker asks for when one more message of 6 bytes is published.
fn actions(world: &mut World, publisher: LinkId) -> Vec<String> {
    let publish = Packet::Publish(qos0("t", "123456"));
    let mut bytes = vec![0; publish.encoded_len(Version::V5_0).unwrap()];
    publish.encode(Version::V5_0, &mut bytes);
    world.broker.handle_bytes(world.now, publisher, &bytes);
    let all = std::iter::from_fn(|| world.broker.poll_action());
    all.map(|action| match action {
        Action::Transmit { link } => format!("Transmit {link:?}"),
        Action::Flush { link } => format!("Flush {link:?}"),
        other => panic!("{other:?} was not expected"),
    })
    .collect()
}

fn transmits(world: &mut World, publisher: LinkId, subscriber: LinkId) -> usize {
    let wanted = format!("Transmit {subscriber:?}");
    actions(world, publisher)
        .iter()
        .filter(|action| **action == wanted)
        .count()
}
