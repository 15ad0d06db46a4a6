//! The memory that the core counts: what it refuses at 80, 90 and 100 % of the limit.
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
    Saw, VERSIONS, World, connect, connect_as, disconnect, id, leak, qos0, qos1, refused, resuming,
    retained, suback, subscribe, will,
};
use mqtt_broker_core::{Cause, Config, LinkId, Message};
use mqtt_codec::packet::{AcknowledgementProperties, Connack, Connect, Puback};
use mqtt_codec::reason_code::{
    ConnectReasonCode, DisconnectReasonCode, PublishReasonCode, SubscribeReasonCode,
};
use mqtt_codec::{Packet, QoS, TopicNameBuf, Version};
use mqtt_session::{COPY_LIMIT, CloseReason};

#[test]
fn new_sessions_are_refused_from_80_percent_on() {
    for version in VERSIONS {
        for (percent, accepted) in [(79, true), (80, false)] {
            let mut world = filled_to(percent);
            let (_, outcome) = world.offer(connect_as(version, "new"));
            if accepted {
                assert_eq!(world.refused(Cause::Memory), 0);
                continue;
            }
            let said = match version {
                Version::V5_0 => ConnectReasonCode::QuotaExceeded,
                Version::V3_1 | Version::V3_1_1 => ConnectReasonCode::ServerUnavailable,
            };
            let closed = Saw::Closed(CloseReason::Refused(ConnectReasonCode::QuotaExceeded));
            assert_eq!(outcome.all(), [Saw::Packet(refused(said)), closed]);
            assert_eq!(world.refused(Cause::Memory), 1);
            // Who has a session comes back to it.
            world.connect(resuming(version, "publisher", 0));
        }
    }
}

/// A session that replaces one of the same client is not a new one, and who cannot come in destroys nothing.
#[test]
fn a_takeover_with_clean_start_is_let_in_above_80_percent() {
    let mut world = filled_to(80);
    let old = publisher(&mut world);
    let (new, outcome) = world.offer(connect("publisher"));
    assert!(matches!(
        outcome.packets()[..],
        [Packet::Connack(Connack {
            reason_code: ConnectReasonCode::Success,
            session_present: false,
            ..
        })]
    ));
    assert_eq!(world.refused(Cause::Memory), 0);
    let taken_over = disconnect(DisconnectReasonCode::SessionTakenOver);
    assert_eq!(
        world.take(old).all(),
        [Saw::Packet(taken_over), Saw::Closed(CloseReason::TakenOver)]
    );
    world.send(new, Packet::Pingreq);
    assert_eq!(world.take(new).packets(), [Packet::Pingresp]);
}

#[test]
fn retained_messages_are_refused_from_90_percent_on() {
    for (percent, code) in [
        (89, PublishReasonCode::NoMatchingSubscribers),
        (90, PublishReasonCode::QuotaExceeded),
    ] {
        let mut world = filled_to(percent);
        let publisher = publisher(&mut world);
        world.send(publisher, retained(qos1(1, "t", "x")));
        assert_eq!(world.take(publisher).packets(), [answer(code)]);
        let refusals = u64::from(code == PublishReasonCode::QuotaExceeded);
        assert_eq!(world.refused(Cause::Retained), refusals);
        // Others go on.
        world.send(publisher, qos1(1, "t", "x"));
        let none = PublishReasonCode::NoMatchingSubscribers;
        assert_eq!(world.take(publisher).packets(), [answer(none)]);
    }
}

#[test]
fn every_publish_and_subscribe_is_refused_from_100_percent_on() {
    for (percent, refusals) in [(99, 0), (100, 3)] {
        let mut world = filled_to(percent);
        let publisher = publisher(&mut world);
        let (published, subscribed) = match refusals {
            0 => (
                PublishReasonCode::NoMatchingSubscribers,
                SubscribeReasonCode::Success,
            ),
            _ => (
                PublishReasonCode::QuotaExceeded,
                SubscribeReasonCode::QuotaExceeded,
            ),
        };
        world.send(publisher, qos1(1, "t", "x"));
        assert_eq!(world.take(publisher).packets(), [answer(published)]);
        world.send(publisher, subscribe(2, "s", QoS::AtMostOnce));
        assert_eq!(world.take(publisher).packets(), [suback(2, &[subscribed])]);
        world.send(publisher, qos0("t", "x"));
        let reason = DisconnectReasonCode::QuotaExceeded;
        let expected = match refusals {
            0 => Vec::new(),
            _ => vec![
                Saw::Packet(disconnect(reason)),
                Saw::Closed(CloseReason::Disconnected { reason }),
            ],
        };
        assert_eq!(world.take(publisher).all(), expected);
        assert_eq!(world.refused(Cause::Memory), refusals);
    }
}

/// A refused PUBLISH can do nothing for the memory, but a consumer can: acknowledgements go on.
#[test]
fn memory_is_given_back_when_messages_are_acknowledged() {
    let mut world = World::new(Config {
        memory_bytes: 1_000_000,
        ..Config::default()
    });
    let link = world.connect(resuming(Version::V5_0, "subscriber", 100));
    world.send(link, subscribe(1, "t", QoS::AtLeastOnce));
    let publisher = world.connect(connect("publisher"));
    world.forget();
    let payload = leak("x".repeat(100_000));
    let mut taken: u16 = 0;
    loop {
        world.send(publisher, qos1(1, "t", payload));
        let outcome = world.take(publisher);
        match outcome.packets().as_slice() {
            [Packet::Puback(puback)] if puback.reason_code == PublishReasonCode::Success => {
                taken += 1
            }
            other => {
                assert_eq!(other, [answer(PublishReasonCode::QuotaExceeded)]);
                break;
            }
        }
    }
    assert!((5..10).contains(&taken), "{taken}");
    world.send(link, crate::harness::puback(1));
    world.send(publisher, qos1(1, "t", payload));
    assert_eq!(world.take(publisher).packets(), [crate::harness::puback(1)]);
}

/// What waits for slow clients and the wills of those who are there are counted as well.
#[test]
fn send_buffers_and_wills_are_counted_while_they_are_there() {
    let mut world = World::new(Config::default());
    let subscriber = world.connect(connect("subscriber"));
    world.send(subscriber, subscribe(1, "t", QoS::AtMostOnce));
    let publisher = world.connect(connect("publisher"));
    world.send(publisher, qos0("t", ""));
    let before = world.broker.gauges().memory_bytes;
    world.draining = false;
    for _ in 0..100 {
        world.send(publisher, qos0("t", leak("x".repeat(4_000))));
    }
    let waiting = world.broker.gauges().memory_bytes - before;
    assert!((400_000..500_000).contains(&waiting), "{waiting}");
    world.write(subscriber, usize::MAX);
    assert_eq!(world.broker.gauges().memory_bytes, before);

    world.draining = true;
    let link = world.connect(Connect {
        will: Some(will("w", leak("x".repeat(10_000)))),
        ..connect("a")
    });
    let with_will = world.broker.gauges().memory_bytes - before;
    assert!((10_000..12_000).contains(&with_will), "{with_will}");
    world.send(link, disconnect(DisconnectReasonCode::Success));
    assert_eq!(world.broker.gauges().memory_bytes, before);
}

/// Payloads that send buffers share are counted once, however many wait for them.
#[test]
fn a_large_payload_in_send_buffers_is_counted_once() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
        let mut world = World::new(Config::default());
        let links = ["a", "b", "c"].map(|id| {
            let link = world.connect(connect(id));
            world.send(link, subscribe(1, "t", qos));
            link
        });
        // One more for whom it is QoS 0.
        let zero = world.connect(connect("zero"));
        world.send(zero, subscribe(1, "t", QoS::AtMostOnce));
        let publisher = world.connect(connect("publisher"));
        world.send(publisher, qos0("t", ""));
        let before = world.broker.gauges().memory_bytes;
        world.draining = false;
        for n in 0..10 {
            world.send(publisher, qos1(n + 1, "t", leak("x".repeat(40_000))));
        }
        let waiting = world.broker.gauges().memory_bytes - before;
        assert!((400_000..500_000).contains(&waiting), "{waiting}");
        world.draining = true;
        for link in [zero, publisher].into_iter().chain(links) {
            world.write(link, usize::MAX);
        }
        for link in links {
            for n in 0..10 {
                if qos == QoS::AtLeastOnce {
                    world.send(link, crate::harness::puback(n + 1));
                }
            }
        }
        let after = world.broker.gauges().memory_bytes;
        assert!(after - before < 4_000, "{}", after - before);
    }
}

/// Beside the message itself.
#[test]
fn a_retained_message_takes_memory_for_its_place() {
    for topic in ["a", leak("long".repeat(500))] {
        let mut world = World::new(Config::default());
        let memory = |world: &World| world.broker.gauges().memory_bytes;
        let link = world.connect(connect_as(Version::V5_0, "a"));
        world.send(link, qos0(topic, ""));
        let before = memory(&world);
        world.send(link, retained(qos0(topic, "x")));
        let message = Message::new(TopicNameBuf::new(topic).unwrap(), "x".into());
        assert!(memory(&world) - before >= message.bytes() + topic.len());
        world.send(link, retained(qos0(topic, "")));
        assert_eq!(memory(&world), before);
    }
}

/// Whether its payload is copied or shared: each byte of it counts once.
#[test]
fn a_message_that_waits_takes_memory_for_each_byte_of_its_payload() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let reader = world.connect(resuming(version, "reader", 100));
        world.send(reader, subscribe(1, "a", QoS::AtLeastOnce));
        world.cut(reader);
        let writer = world.connect(connect_as(version, "writer"));
        world.send(writer, qos0("a", ""));
        let mut taken = |size: usize| {
            let before = world.broker.gauges().memory_bytes;
            world.send_whole(writer, qos1(1, "a", leak("x".repeat(size))));
            world.broker.gauges().memory_bytes - before
        };
        let least = taken(0);
        for size in [1, COPY_LIMIT - 1, COPY_LIMIT, COPY_LIMIT + 1, 100_000] {
            assert_eq!(taken(size) - least, size, "{version:?}");
        }
    }
}

/// Nobody fills the memory for good by publishing to many topics.
#[test]
fn topics_that_nobody_keeps_take_no_memory() {
    let mut world = World::new(Config::default());
    let publisher = world.connect(connect("publisher"));
    world.send(publisher, qos0(leak("x".repeat(4_000)), ""));
    let before = world.broker.gauges().memory_bytes;
    for n in 0..1_000 {
        let topic = leak(format!("{n:04}{}", "x".repeat(3_996)));
        world.send(publisher, qos0(topic, ""));
    }
    assert_eq!(world.broker.gauges().memory_bytes, before);
}

/// What matches are cached is memory that others need more.
#[test]
fn cached_matches_are_given_back_before_something_is_refused() {
    let limit = World::new(Config::default()).broker.gauges().memory_bytes + 100_000;
    let mut world = World::new(Config {
        memory_bytes: limit,
        ..Config::default()
    });
    let publisher = world.connect(connect("publisher"));
    let mut highest = 0;
    for n in 0..2_000 {
        let topic = leak(format!("{n:04}{}", "x".repeat(200)));
        world.send(publisher, qos0(topic, ""));
        highest = highest.max(world.broker.gauges().memory_bytes);
    }
    assert!(highest > limit - 1_000, "{highest}");
    assert_eq!(world.refused(Cause::Memory), 0);
}

/// A broker with a connected `publisher` (whose session is there) that counts so much of its limit.
fn filled_to(percent: usize) -> World {
    // What it counts does not depend on the limit, so that a first run measures it.
    let counted = fill(usize::MAX).broker.gauges().memory_bytes;
    // So little less that the cache, which gives its memory back first, makes no difference.
    let limit = (counted - 4_000) * 100 / percent;
    let world = fill(limit);
    let counted = world.broker.gauges().memory_bytes;
    assert!(counted * 100 >= limit * percent && counted * 100 < limit * (percent + 1));
    world
}

fn fill(memory_bytes: usize) -> World {
    let mut world = World::new(Config {
        memory_bytes,
        ..Config::default()
    });
    let publisher = world.connect(resuming(Version::V5_0, "publisher", 100));
    // Cached, so that a test's own first messages count nothing.
    world.send(publisher, qos0("t", ""));
    let payload = leak("x".repeat(1_000_000));
    world.send(publisher, retained(qos0("big", payload)));
    world.forget();
    world
}

fn publisher(world: &mut World) -> LinkId {
    let link = world.connect(resuming(Version::V5_0, "publisher", 100));
    world.forget();
    link
}

fn answer(reason_code: PublishReasonCode) -> Packet<'static> {
    Packet::Puback(Puback {
        packet_id: id(1),
        reason_code,
        properties: AcknowledgementProperties::default(),
    })
}
