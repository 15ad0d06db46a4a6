//! A message that was sent does not expire any more: MQTT 5.0 §4.3.3, and §3.3.2.3.3 for what it is sent again with.
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
    MICRO, SECOND, World, again, connect, expiring, puback, pubcomp, pubrec, pubrel, qos0, qos1,
    qos2, resuming, subscribe,
};
use mqtt_broker_core::{Cause, Config};
use mqtt_codec::packet::Publish;
use mqtt_codec::{Packet, QoS, Version};

const V5: Version = Version::V5_0;

/// [MQTT-4.3.3-7] [MQTT-3.3.2-6] [often-wrong-8] It is sent again with what is left, and with 0 from the end of its lifetime on.
#[test]
fn a_message_that_was_sent_is_sent_again_with_what_is_left_of_its_lifetime() {
    for publish in [qos1(1, "a", "x"), qos2(1, "a", "x")] {
        for (waited, left) in [
            (Duration::ZERO, 10),
            (MICRO, 10),
            (4 * SECOND, 6),
            (10 * SECOND - MICRO, 1),
            (10 * SECOND, 0),
            (1_000 * SECOND, 0),
        ] {
            for overslept in [false, true] {
                let mut world = under_way(publish);
                if overslept {
                    world.now = world.now + waited;
                } else {
                    world.advance(waited);
                }
                let reader = world.connect_and_keep(resuming(V5, "reader", 6_000));
                let expected = Packet::Publish(again(expiring(publish, left)));
                assert_eq!(world.take(reader).packets(), [expected], "{waited:?}");
                assert_eq!(world.refused(Cause::Expired), 0);
            }
        }
    }
}

/// [MQTT-4.3.3-7] [MQTT-4.3.3-13] [often-wrong-8] And so does every step behind it.
#[test]
fn the_exchange_of_a_message_that_expired_runs_to_its_end() {
    let mut world = under_way(qos2(1, "a", "x"));
    world.advance(1_000 * SECOND);
    let reader = world.connect_and_keep(resuming(V5, "reader", 6_000));
    world.forget();
    world.advance(1_000 * SECOND);
    world.send(reader, pubrec(1));
    assert_eq!(world.take(reader).packets(), [pubrel(1)]);
    world.cut(reader);
    world.advance(1_000 * SECOND);
    let reader = world.connect_and_keep(resuming(V5, "reader", 6_000));
    assert_eq!(world.take(reader).packets(), [pubrel(1)]);
    world.send(reader, pubcomp(1));
    world.cut(reader);
    let reader = world.connect_and_keep(resuming(V5, "reader", 6_000));
    assert_eq!(world.take(reader).packets(), []);

    let mut world = under_way(qos1(1, "a", "x"));
    world.advance(1_000 * SECOND);
    let reader = world.connect_and_keep(resuming(V5, "reader", 6_000));
    world.send(reader, puback(1));
    world.cut(reader);
    let reader = world.connect_and_keep(resuming(V5, "reader", 6_000));
    assert_eq!(world.take(reader).packets(), []);
}

/// [MQTT-4.3.3-7] [often-wrong-8] A restart of the broker does not change that.
#[test]
fn an_exchange_does_not_expire_with_a_restart() {
    for publish in [qos1(1, "a", "x"), qos2(1, "a", "x")] {
        let mut world = Durable::new(Config::default());
        world.subscriber(V5, "reader");
        let (writer, _) = world.connect(connect("writer"));
        world.exchange(writer, expiring(publish, 10));
        world.commit_all();
        world.now = world.now + 10 * SECOND;
        world.crash();
        world.advance(SECOND);
        let reader = world.connect_only("reader");
        let outcome = world.take(reader);
        let expected = Packet::Publish(again(expiring(publish, 0)));
        assert_eq!(outcome.sent()[1..], [expected]);
        assert_eq!(world.refused(Cause::Expired), 0);
    }
}

/// [MQTT-4.3.3-13] [often-wrong-8] A publisher releases its message whenever it likes, and until then it is the same one.
#[test]
fn a_received_exchange_does_not_expire() {
    let mut world = World::new(Config::default());
    let reader = world.connect(connect("reader"));
    world.send(reader, subscribe(1, "a", QoS::AtMostOnce));
    let writer = world.connect(resuming(V5, "writer", 6_000));
    world.forget();
    world.send(writer, expiring(qos2(7, "a", "x"), 1));
    assert_eq!(world.take(writer).packets(), [pubrec(7)]);
    world.advance(500 * SECOND);
    world.send(writer, again(expiring(qos2(7, "a", "x"), 1)));
    assert_eq!(world.take(writer).packets(), [pubrec(7)]);
    world.cut(writer);
    world.advance(500 * SECOND);
    let writer = world.connect(resuming(V5, "writer", 6_000));
    world.send(writer, again(expiring(qos2(7, "a", "x"), 1)));
    world.send(writer, pubrel(7));
    assert_eq!(world.take(writer).packets(), [pubrec(7), pubcomp(7)]);
    let once = expiring(qos0("a", "x"), 1);
    assert_eq!(world.take(reader).packets(), [Packet::Publish(once)]);
}

/// [MQTT-3.3.2-5] A message of QoS 2 is sent when the store has it, and where there is room then. Until then it expires.
#[test]
fn a_message_that_waits_to_be_durable_expires() {
    for (durable_after, room_after, left) in [
        (4 * SECOND, 4 * SECOND, Some(6)),
        (10 * SECOND - MICRO, 10 * SECOND - MICRO, Some(1)),
        (10 * SECOND, 10 * SECOND, None),
        (4 * SECOND, 9 * SECOND, Some(1)),
        (4 * SECOND, 10 * SECOND, None),
    ] {
        let mut world = Durable::new(Config {
            send_buffer: 10,
            ..Config::default()
        });
        let reader = world.subscriber(V5, "reader");
        let (writer, _) = world.connect(connect("writer"));
        world.send(writer, expiring(qos2(1, "a", "dated"), 10));
        world.send(writer, qos2(2, "a", "next"));
        world.draining = false;
        world.send(writer, qos0("a", "fills the buffer"));
        world.advance(durable_after);
        world.commit_all();
        world.advance(room_after - durable_after);
        world.draining = true;
        world.write(reader, usize::MAX);
        world.commit_all();
        let dated = left.map(|left| Packet::Publish(expiring(qos2(1, "a", "dated"), left)));
        let next = [Packet::Publish(qos2(2, "a", "next"))];
        let outcome = world.take(reader);
        let expected: Vec<_> = dated.into_iter().chain(next).collect();
        assert_eq!(outcome.packets()[1..], expected, "{durable_after:?}");
        let expired = u64::from(left.is_none());
        assert_eq!(world.refused(Cause::Expired), expired);
        world.send(reader, pubrec(2));
        world.send(reader, pubcomp(2));
        world.commit_all();
        assert_eq!(
            world.store.store().messages(),
            1 - usize::from(left.is_none())
        );
    }
}

/// The lasting session `reader` got a message that is dated 10 s, has not acknowledged it, and is gone.
fn under_way(publish: Publish<'static>) -> World {
    let mut world = World::new(Config::default());
    let reader = world.connect(resuming(V5, "reader", 6_000));
    world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
    world.forget();
    let writer = world.connect(connect("writer"));
    world.send(writer, expiring(publish, 10));
    assert_eq!(
        world.take(reader).packets(),
        [Packet::Publish(expiring(publish, 10))]
    );
    world.cut(reader);
    world
}
