//! What a start after a crash brings back: sessions with their expiry, wills, retained messages.
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
    Saw, connect, connect_as, disconnect, leak, qos0, qos1, resuming, retained, suback, subscribe,
    will,
};
use mqtt_broker_core::{Cause, Config};
use mqtt_codec::packet::{Connect, Publish};
use mqtt_codec::reason_code::{DisconnectReasonCode, SubscribeReasonCode};
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::CloseReason;

const V5: Version = Version::V5_0;

#[test]
fn a_will_without_delay_is_published_at_once_after_a_crash_and_once() {
    for version in crate::harness::VERSIONS {
        let mut world = Durable::new(Config::default());
        world.subscriber(version, "watcher");
        world.connect(with_will(version, 0));
        world.forget();
        world.crash();
        world.advance(Duration::ZERO);
        world.commit_all();
        assert_eq!(world.queue_of(version, "watcher"), ["c"]);

        world.crash();
        world.advance(Duration::from_secs(60));
        assert_eq!(world.queue_of(version, "watcher"), [""; 0]);
    }
}

#[test]
fn a_will_with_a_delay_is_published_that_long_after_the_crash_and_once() {
    let mut world = Durable::new(Config::default());
    world.subscriber(V5, "watcher");
    world.connect(with_will(V5, 30));
    world.crash();
    world.commit_all();
    world.advance(Duration::from_secs(20));
    // Another crash does not put it off.
    world.crash();
    world.advance(Duration::from_millis(9_999));
    assert_eq!(world.queue_of(V5, "watcher"), [""; 0]);
    world.advance(Duration::from_millis(1));
    world.commit_all();
    world.crash();
    world.advance(Duration::from_secs(60));
    assert_eq!(world.queue_of(V5, "watcher"), ["c"]);
}

/// [MQTT-3.1.3-9] Also when the broker crashed meanwhile.
#[test]
fn a_client_that_is_back_within_the_delay_cancels_its_will() {
    let mut world = Durable::new(Config::default());
    world.subscriber(V5, "watcher");
    world.connect(with_will(V5, 30));
    world.crash();
    world.advance(Duration::from_secs(29));
    world.connect(resuming(V5, "c", 600));
    world.advance(Duration::from_secs(60));
    assert_eq!(world.queue_of(V5, "watcher"), [""; 0]);
}

/// The crash was the end of its connection: a will without delay was due then.
#[test]
fn a_client_that_is_back_before_the_first_timer_does_not_cancel_a_will_that_is_due() {
    let mut world = Durable::new(Config::default());
    world.subscriber(V5, "watcher");
    world.connect(with_will(V5, 0));
    world.crash();
    world.connect(resuming(V5, "c", 600));
    assert_eq!(world.queue_of(V5, "watcher"), ["c"]);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.queue_of(V5, "watcher"), [""; 0]);
}

/// [MQTT-3.14.4-3] Also for the store.
#[test]
fn a_will_that_disconnect_removed_does_not_come_back() {
    let mut world = Durable::new(Config::default());
    world.subscriber(V5, "watcher");
    let (client, _) = world.connect(with_will(V5, 30));
    world.exchange(client, disconnect(DisconnectReasonCode::Success));
    world.crash();
    world.advance(Duration::from_secs(60));
    assert_eq!(world.queue_of(V5, "watcher"), [""; 0]);
}

/// Only DISCONNECT 0x00 removes it.
#[test]
fn a_will_that_disconnect_asked_for_is_published_once_whatever_the_crash_takes() {
    for committed in [false, true] {
        let mut world = Durable::new(Config::default());
        world.subscriber(V5, "watcher");
        let (client, _) = world.connect(with_will(V5, 0));
        world.send(
            client,
            disconnect(DisconnectReasonCode::DisconnectWithWillMessage),
        );
        if committed {
            assert!(world.commit_silently());
        }
        world.crash();
        world.advance(Duration::from_secs(1));
        world.commit_all();
        assert_eq!(world.queue_of(V5, "watcher"), ["c"]);
    }
}

/// A mass loss is sent in slices, and a crash between two of them loses and doubles nothing.
#[test]
fn each_of_many_wills_is_published_once_over_a_crash_between_their_slices() {
    for crash_after in 0..5 {
        let mut world = Durable::new(Config {
            slice: 2,
            ..Config::default()
        });
        world.subscriber(V5, "watcher");
        let mut links = Vec::new();
        for n in 0..7 {
            let id: &'static str = leak(format!("c{n}"));
            let mut connect = resuming(V5, id, 600);
            connect.will = Some(will("a", id));
            connect.will.as_mut().unwrap().qos = QoS::AtLeastOnce;
            links.push(world.connect(connect).0);
        }
        let now = world.now;
        for link in links {
            world.broker.handle_closed(now, link);
        }
        world.settle();
        for _ in 0..crash_after {
            world.commit_all();
            world.advance(Duration::from_micros(1));
        }
        world.commit_all();
        world.crash();
        world.advance(Duration::from_secs(1));
        world.commit_all();
        let mut wills = world.queue_of(V5, "watcher");
        wills.sort();
        assert_eq!(
            wills,
            ["c0", "c1", "c2", "c3", "c4", "c5", "c6"],
            "after {crash_after} slices"
        );
    }
}

#[test]
fn a_client_that_is_back_before_its_will_had_its_turn_does_not_cancel_it() {
    for store in [true, false] {
        let config = Config {
            slice: 1,
            ..Config::default()
        };
        let mut world = if store {
            Durable::new(config)
        } else {
            Durable::without_store(config)
        };
        world.subscriber(V5, "watcher");
        let mut links = Vec::new();
        for id in ["c0", "c1", "c2"] {
            let mut connect = resuming(V5, id, 600);
            connect.will = Some(will("a", id));
            links.push(world.connect(connect).0);
        }
        let watcher = world.connect(connect("online")).0;
        world.exchange(watcher, subscribe(1, "a", QoS::AtMostOnce));
        for link in links {
            let now = world.now;
            world.broker.handle_closed(now, link);
        }
        world.settle();
        world.connect(resuming(V5, "c2", 600));
        world.advance(Duration::from_secs(1));
        let outcome = world.take(watcher);
        let mut seen: Vec<&[u8]> = outcome.packets().iter().map(payload).collect();
        seen.sort();
        assert_eq!(seen, [b"c0", b"c1", b"c2"]);
    }
}

#[test]
fn a_session_runs_towards_its_expiry_from_the_crash_and_no_further_crash_puts_that_off() {
    let mut world = Durable::new(Config::default());
    world.connect(resuming(V5, "c", 100));
    world.advance(Duration::from_secs(1_000));
    world.crash();
    world.commit_all();
    world.advance(Duration::from_secs(60));
    world.crash();
    world.advance(Duration::from_secs(39));
    let (link, present) = world.connect(resuming(V5, "c", 100));
    assert!(present);
    world.cut(link);
    world.commit_all();
    world.crash();
    world.advance(Duration::from_secs(100));
    let (_, present) = world.connect(resuming(V5, "c", 100));
    assert!(!present);
}

/// [MQTT-4.1.0-2] No client resumes what ended while the broker was down.
#[test]
fn a_session_that_expired_meanwhile_is_gone_before_the_first_timer() {
    let mut world = Durable::new(Config::default());
    let (link, _) = world.connect(resuming(V5, "c", 100));
    world.cut(link);
    world.commit_all();
    world.now = world.now + Duration::from_secs(100);
    world.crash();
    let (_, present) = world.connect(resuming(V5, "c", 100));
    assert!(!present);
}

#[test]
fn a_retained_message_comes_back_with_what_is_left_of_its_lifetime() {
    let mut world = Durable::new(Config::default());
    let (writer, _) = world.connect(connect("writer"));
    world.exchange(writer, expiring(100));
    world.now = world.now + Duration::from_secs(60);
    world.crash();
    let (reader, _) = world.connect(connect("reader"));
    let outcome = world.exchange(reader, subscribe(1, "a", QoS::AtLeastOnce));
    let granted = suback(1, &[SubscribeReasonCode::GrantedQoS1]);
    assert_eq!(outcome.packets(), [granted, Packet::Publish(expiring(40))]);
}

#[test]
fn a_retained_message_that_expired_meanwhile_is_gone_from_the_store_as_well() {
    let mut world = Durable::new(Config::default());
    let (writer, _) = world.connect(connect("writer"));
    world.exchange(writer, expiring(100));
    assert_eq!(world.store.store().retained(), 1);
    world.now = world.now + Duration::from_secs(100);
    world.crash();
    assert_eq!(world.broker.gauges().retained_messages, 0);
    world.commit_all();
    assert_eq!(
        (
            world.store.store().retained(),
            world.store.store().messages()
        ),
        (0, 0)
    );
}

/// [MQTT-3.3.2-5] Also in the queue of a restored session.
#[test]
fn a_queued_message_that_expired_meanwhile_is_not_delivered() {
    let mut world = Durable::new(Config::default());
    let reader = world.subscriber(V5, "reader");
    world.cut(reader);
    let (writer, _) = world.connect(connect("writer"));
    let mut publish = expiring(100);
    publish.retain = false;
    world.exchange(writer, publish);
    world.exchange(writer, qos1(2, "a", "lasting"));
    world.now = world.now + Duration::from_secs(100);
    world.crash();
    assert_eq!(world.refused(Cause::Expired), 1);
    assert_eq!(world.queue_of(V5, "reader"), ["lasting"]);
    assert_eq!(world.store.store().messages(), 0);
}

#[test]
fn a_session_of_one_protocol_version_is_resumed_by_another() {
    let mut world = Durable::new(Config::default());
    let reader = world.subscriber(Version::V3_1_1, "reader");
    world.cut(reader);
    let (writer, _) = world.connect(connect("writer"));
    world.exchange(writer, qos1(1, "a", "x"));
    world.crash();
    assert_eq!(world.queue_of(V5, "reader"), ["x"]);
}

#[test]
fn what_is_not_durable_by_contract_leaves_no_records() {
    let mut world = Durable::new(Config::default());
    for version in crate::harness::VERSIONS {
        let (link, _) = world.connect(connect_as(version, "c"));
        world.send(link, subscribe(1, "#", QoS::ExactlyOnce));
        world.send(link, qos0("a", "x"));
        world.send(link, qos1(1, "a", "x"));
        world.send(link, disconnect(DisconnectReasonCode::Success));
        assert_eq!(world.waiting(), 0);
        let reason = CloseReason::PeerDisconnected {
            reason: DisconnectReasonCode::Success,
        };
        assert_eq!(world.take(link).all().last(), Some(&Saw::Closed(reason)));
    }
}

fn with_will(version: Version, delay: u32) -> Connect<'static> {
    let mut connect = resuming(version, "c", 600);
    let mut will = will("a", "c");
    will.qos = QoS::AtLeastOnce;
    will.properties.will_delay_interval = (delay > 0).then_some(delay);
    connect.will = Some(will);
    connect
}

fn expiring(seconds: u32) -> Publish<'static> {
    let mut publish = retained(qos1(1, "a", "old"));
    publish.properties.message_expiry_interval = Some(seconds);
    publish
}

fn payload<'a>(packet: &Packet<'a>) -> &'a [u8] {
    match packet {
        Packet::Publish(publish) => publish.payload,
        other => panic!("unexpected {other:?}"),
    }
}
