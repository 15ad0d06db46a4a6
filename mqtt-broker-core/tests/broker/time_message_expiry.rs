//! The lifetime of a message that waits: MQTT 5.0 §3.3.2.3.3. What was sent already is in `time_exchanges.rs`, and what is
//! retained in `time_retained_expiry.rs`.
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

use crate::harness::waiting::{PLACES, Place, Waiting, payloads};
use crate::harness::{
    MICRO, SECOND, VERSIONS, World, connect, connect_as, expiring, name, qos0, qos1, qos2,
    resuming, subscribe, will,
};
use bytes::Bytes;
use mqtt_broker_core::{Cause, Config, Message};
use mqtt_codec::{QoS, TopicNameBuf, Version};

const V5: Version = Version::V5_0;

/// [MQTT-3.3.2-5] [MQTT-3.3.2-6] [often-wrong-6] [often-wrong-7] Wherever it waits: begun seconds count, the last microsecond
/// is one of 1, and at the end of its lifetime it is not delivered any more. What is behind it is.
#[test]
fn a_message_goes_out_with_what_is_left_of_its_lifetime_and_not_behind_its_end() {
    for version in VERSIONS {
        for place in PLACES {
            for (waited, left) in [
                (Duration::ZERO, Some(10)),
                (MICRO, Some(10)),
                (SECOND - MICRO, Some(10)),
                (SECOND, Some(9)),
                (SECOND + MICRO, Some(9)),
                (9 * SECOND, Some(1)),
                (10 * SECOND - MICRO, Some(1)),
                (10 * SECOND, None),
                (10 * SECOND + MICRO, None),
            ] {
                for overslept in [false, true] {
                    let mut waiting = Waiting::new(version, place);
                    waiting.publish(expiring(qos1(1, "a", "dated"), 10));
                    waiting.publish(qos1(1, "a", "next"));
                    if overslept {
                        waiting.world.now = waiting.world.now + waited;
                    } else {
                        waiting.world.advance(waited);
                    }
                    // 3.x has no word for it, and the same end.
                    let dated = left.map(|left| ("dated".into(), (version == V5).then_some(left)));
                    let expected = dated.into_iter().chain([("next".into(), None)]);
                    let what = format!("{version:?} {place:?} {waited:?} {overslept}");
                    assert_eq!(waiting.open(), Vec::from_iter(expected), "{what}");
                }
            }
        }
    }
}

/// [MQTT-3.3.2-5] [often-wrong-7] At the end of its lifetime, and not only when somebody looks at it: its place is free.
#[test]
fn an_expired_message_is_deleted_where_it_waits() {
    for version in VERSIONS {
        for place in PLACES {
            let mut waiting = Waiting::new(version, place);
            waiting.publish(expiring(qos1(1, "a", "dated"), 10));
            if place == Place::Tail {
                // It is in the store alone: nobody looks at it before it is paged in.
                waiting.world.advance(10 * SECOND);
                assert_eq!(waiting.world.refused(Cause::Expired), 0);
                assert_eq!(waiting.open(), []);
                assert_eq!(waiting.world.refused(Cause::Expired), 1);
                continue;
            }
            if place == Place::Restart {
                waiting.world.crash();
            }
            let before = waiting.world.broker.gauges().memory_bytes;
            waiting.world.advance_until_just_before(10 * SECOND);
            assert_eq!(waiting.world.refused(Cause::Expired), 0);
            waiting.world.advance(MICRO);
            assert_eq!(waiting.world.refused(Cause::Expired), 1, "{place:?}");
            assert!(waiting.world.broker.gauges().memory_bytes < before);
            assert_eq!(waiting.open(), []);
        }
    }
}

/// [MQTT-3.3.2-5] [often-wrong-7] What was paged in and waits for the window, too.
#[test]
fn an_expired_message_is_deleted_when_it_was_paged_in() {
    for version in VERSIONS {
        let mut waiting = Waiting::new(version, Place::Tail);
        waiting.publish(expiring(qos1(1, "a", "dated"), 10));
        // "ahead" goes out and fills the window, and what is behind it is paged in.
        let link = waiting.resume();
        assert_eq!(payloads(&mut waiting.world, link), [("ahead".into(), None)]);
        waiting.world.advance_until_just_before(10 * SECOND);
        assert_eq!(waiting.world.refused(Cause::Expired), 0);
        waiting.world.advance(MICRO);
        assert_eq!(waiting.world.refused(Cause::Expired), 1);
        waiting.world.commit_all();
        assert_eq!(
            waiting.world.store.store().messages(),
            1,
            "the one in flight"
        );
    }
}

/// [MQTT-3.3.2-5] [often-wrong-7] And whatever becomes of its connection meanwhile.
#[test]
fn an_expired_message_is_deleted_behind_each_end_and_each_return() {
    for version in VERSIONS {
        let mut waiting = Waiting::new(version, Place::Window);
        waiting.publish(expiring(qos1(1, "a", "first"), 10));
        waiting.publish(expiring(qos1(1, "a", "second"), 20));
        waiting.world.advance(2 * SECOND);
        waiting.world.cut(waiting.reader);
        waiting.world.advance(2 * SECOND);
        waiting.reader = waiting.resume();
        waiting.world.advance_until_just_before(6 * SECOND);
        assert_eq!(waiting.world.refused(Cause::Expired), 0);
        waiting.world.advance(MICRO);
        assert_eq!(waiting.world.refused(Cause::Expired), 1);
        waiting.world.advance(2 * SECOND);
        waiting.world.cut(waiting.reader);
        waiting.world.advance_until_just_before(8 * SECOND);
        assert_eq!(waiting.world.refused(Cause::Expired), 1);
        waiting.world.advance(MICRO);
        assert_eq!(waiting.world.refused(Cause::Expired), 2);
    }
}

/// [MQTT-3.3.2-5] Memory is freed once in a second at most, and no message is delivered behind its end meanwhile.
#[test]
fn messages_that_expire_within_a_second_are_deleted_together() {
    let mut waiting = Waiting::new(V5, Place::Window);
    waiting.publish(expiring(qos1(1, "a", "first"), 10));
    waiting.world.advance(SECOND / 2);
    waiting.publish(expiring(qos1(1, "a", "second"), 10));
    waiting.world.advance_until_just_before(19 * SECOND / 2);
    waiting.world.advance(MICRO);
    assert_eq!(waiting.world.refused(Cause::Expired), 1);
    waiting.world.advance_until_just_before(SECOND);
    assert_eq!(waiting.world.refused(Cause::Expired), 1);
    waiting.world.advance(MICRO);
    assert_eq!(waiting.world.refused(Cause::Expired), 2);
}

/// [MQTT-3.3.2-5] [MQTT-3.3.2-6] It goes to who is there and can take it at once, and to nobody else.
#[test]
fn a_message_with_a_lifetime_of_0_is_not_kept() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let reader = world.connect(connect_as(version, "reader"));
        world.send(reader, subscribe(1, "a", QoS::ExactlyOnce));
        let writer = world.connect(connect("writer"));
        for (id, publish) in (1..).zip([qos0("a", "x"), qos1(1, "a", "x"), qos2(2, "a", "x")]) {
            world.forget();
            world.send(writer, expiring(publish, 0));
            let came = payloads(&mut world, reader);
            assert_eq!(came, [("x".into(), (version == V5).then_some(0))], "{id}");
        }
        for place in PLACES {
            let mut waiting = Waiting::new(version, place);
            waiting.publish(expiring(qos1(1, "a", "dated"), 0));
            assert_eq!(waiting.open(), [], "{place:?}");
        }
    }
}

/// [MQTT-3.3.2-6] The longest lifetime is one of 136 years.
#[test]
fn the_longest_lifetime_is_counted_like_any_other() {
    let mut waiting = Waiting::new(V5, Place::Offline);
    waiting.publish(expiring(qos1(1, "a", "old"), u32::MAX));
    waiting.world.advance(10 * SECOND);
    waiting.publish(expiring(qos1(1, "a", "new"), u32::MAX));
    let expected = [
        ("old".into(), Some(u32::MAX - 10)),
        ("new".into(), Some(u32::MAX)),
    ];
    assert_eq!(waiting.open(), expected);
}

/// [MQTT-3.3.2-6] The lifetime of a will begins when it is published.
#[test]
fn a_will_begins_to_age_with_its_publication() {
    for (waited, left) in [(30, Some(10)), (39, Some(1)), (40, None)] {
        let mut waiting = Waiting::new(V5, Place::Offline);
        let mut connect = resuming(V5, "c", 600);
        let mut will = will("a", "gone");
        will.qos = QoS::AtLeastOnce;
        will.properties.will_delay_interval = Some(30);
        will.properties.message_expiry_interval = Some(10);
        connect.will = Some(will);
        let (link, _) = waiting.world.connect(connect);
        waiting.world.cut(link);
        waiting.world.advance(waited * SECOND);
        let expected = left.map(|left| ("gone".into(), Some(left)));
        assert_eq!(waiting.open(), Vec::from_iter(expected));
    }
}

/// A message of the broker's own expires at its own moment, which need not be a whole number of seconds away.
#[test]
fn a_message_of_the_broker_expires_when_it_says() {
    for (waited, left) in [
        (Duration::ZERO, Some(2)),
        (3 * SECOND / 2 - MICRO, Some(1)),
        (3 * SECOND / 2, None),
    ] {
        let mut waiting = Waiting::new(V5, Place::Offline);
        let message = Message::builder(TopicNameBuf::from(name("a")), Bytes::from_static(b"own"))
            .qos(QoS::AtLeastOnce)
            .expires_at(waiting.world.now + 3 * SECOND / 2)
            .build();
        let now = waiting.world.now;
        waiting.world.broker.publish(now, &message);
        waiting.world.settle();
        waiting.world.advance(waited);
        let expected = left.map(|left| ("own".into(), Some(left)));
        assert_eq!(waiting.open(), Vec::from_iter(expected), "{waited:?}");
    }
}

/// [MQTT-3.3.2-5] [MQTT-3.3.2-6] Also on its way to another member of the group, when its first one's session ended.
#[test]
fn a_message_that_goes_back_to_its_group_takes_its_lifetime_along() {
    for (waited, left) in [
        (4 * SECOND, Some(6)),
        (10 * SECOND - MICRO, Some(1)),
        (10 * SECOND, None),
    ] {
        let mut world = World::new(Config::default());
        let first = world.connect(connect("first"));
        world.send(first, subscribe(1, "$share/g/a", QoS::AtLeastOnce));
        let writer = world.connect(connect("writer"));
        world.send(writer, expiring(qos1(1, "a", "x"), 10));
        let second = world.connect(connect("second"));
        world.send(second, subscribe(1, "$share/g/a", QoS::AtLeastOnce));
        world.forget();
        world.advance(waited);
        world.cut(first);
        let expected = left.map(|left| ("x".into(), Some(left)));
        assert_eq!(payloads(&mut world, second), Vec::from_iter(expected));
    }
}
