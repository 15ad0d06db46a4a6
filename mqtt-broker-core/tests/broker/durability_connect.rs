//! What CONNACK and the close behind a DISCONNECT say is durable when they leave.
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
use crate::harness::{Saw, connack, connect, disconnect, qos0, qos1, resuming, subscribe, will};
use mqtt_broker_core::{Config, Event};
use mqtt_codec::packet::{Disconnect, DisconnectProperties};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::CloseReason;

const V5: Version = Version::V5_0;

#[test]
fn connack_of_a_new_session_waits_until_it_exists_and_the_old_one_is_gone() {
    for expiry in [0, 600] {
        let mut world = Durable::new(Config::default());
        let reader = world.subscriber(V5, "reader");
        world.cut(reader);
        let (writer, _) = world.connect(connect("writer"));
        world.exchange(writer, qos1(1, "a", "of the old session"));

        let link = world.link();
        let mut clean = connect("reader");
        clean.properties.session_expiry_interval = Some(expiry);
        world.send(link, clean);
        assert_eq!(world.take(link).all(), [Saw::Paused]);
        world.commit_all();
        assert_eq!(
            world.take(link).all(),
            [Saw::Packet(connack()), Saw::Resumed]
        );

        world.crash();
        let (link, present) = world.connect(resuming(V5, "reader", 600));
        assert_eq!(present, expiry > 0);
        assert_eq!(world.take(link).packets(), []);
    }
}

/// The old session has QoS 2 identifiers in it: behind a crash, a message of the new one would be taken for an old one.
#[test]
fn connack_waits_for_the_end_of_the_session_that_an_earlier_clean_start_ended() {
    let mut world = Durable::new(Config::default());
    let (link, _) = world.connect(resuming(V5, "c", 600));
    world.cut(link);
    world.commit_all();
    let link = world.link();
    world.send(link, connect("c"));
    world.cut(link);

    let link = world.link();
    world.send(link, connect("c"));
    assert_eq!(world.take(link).all(), [Saw::Paused]);
    let other = world.link();
    world.send(other, connect("other"));
    assert_eq!(world.take(other).packets(), [connack()]);
    world.commit_all();
    assert_eq!(
        world.take(link).all(),
        [Saw::Packet(connack()), Saw::Resumed]
    );

    world.crash();
    let (_, present) = world.connect(resuming(V5, "c", 600));
    assert!(!present);
    let again = world.link();
    world.send(again, connect("other"));
    assert_eq!(world.take(again).packets(), [connack()]);
}

/// The same, of a session whose time was over.
#[test]
fn connack_waits_for_the_end_of_the_session_that_has_expired() {
    let mut world = Durable::new(Config::default());
    let (link, _) = world.connect(resuming(V5, "c", 600));
    world.cut(link);
    world.commit_all();
    world.advance(Duration::from_secs(601));
    let link = world.link();
    world.send(link, connect("c"));
    assert_eq!(world.take(link).all(), [Saw::Paused]);
    world.commit_all();
    assert_eq!(
        world.take(link).all(),
        [Saw::Packet(connack()), Saw::Resumed]
    );
}

#[test]
fn connack_of_a_client_that_keeps_nothing_does_not_wait() {
    let mut world = Durable::new(Config::default());
    let link = world.link();
    world.send(link, connect("a"));
    assert_eq!(world.take(link).packets(), [connack()]);
}

/// The new expiry, will and limits are stored.
#[test]
fn connack_of_a_resumed_session_waits_until_its_new_expiry_and_will_are_stored() {
    let mut world = Durable::new(Config::default());
    let (link, _) = world.connect(resuming(V5, "c", 600));
    world.cut(link);
    world.commit_all();
    let link = world.link();
    let mut longer = resuming(V5, "c", 6_000);
    longer.will = Some(will("gone", "c"));
    world.send(link, longer);
    assert_eq!(world.take(link).all(), [Saw::Paused]);
    world.commit_all();
    assert_eq!(world.take(link).sent().len(), 1);

    world.crash();
    let (watcher, _) = world.connect(connect("watcher"));
    world.exchange(watcher, subscribe(1, "gone", QoS::AtMostOnce));
    world.advance(Duration::from_secs(601));
    assert_eq!(
        world.take(watcher).packets(),
        [Packet::Publish(qos0("gone", "c"))]
    );
    let (_, present) = world.connect(resuming(V5, "c", 600));
    assert!(present);
}

#[test]
fn a_session_resumed_with_expiry_0_does_not_survive_a_crash() {
    let mut world = Durable::new(Config::default());
    let reader = world.subscriber(V5, "reader");
    world.cut(reader);
    let (_, present) = world.connect(resuming(V5, "reader", 0));
    assert!(present);

    world.crash();
    let (_, present) = world.connect(resuming(V5, "reader", 600));
    assert!(!present);
}

#[test]
fn disconnect_is_answered_by_the_close_when_expiry_and_will_are_stored() {
    let mut world = Durable::new(Config::default());
    let mut lasting = resuming(V5, "c", 600);
    lasting.will = Some(will("gone", "c"));
    let (link, _) = world.connect(lasting);
    let properties = DisconnectProperties {
        session_expiry_interval: Some(60),
        ..DisconnectProperties::default()
    };
    let reason_code = DisconnectReasonCode::Success;
    world.send(
        link,
        Packet::Disconnect(Disconnect {
            reason_code,
            properties,
        }),
    );
    assert_eq!(world.take(link).all(), []);
    world.commit_all();
    let reason = CloseReason::PeerDisconnected {
        reason: reason_code,
    };
    assert_eq!(world.take(link).all(), [Saw::Closed(reason)]);

    world.crash();
    let (watcher, _) = world.connect(connect("watcher"));
    world.exchange(watcher, subscribe(1, "gone", QoS::AtMostOnce));
    world.advance(Duration::from_secs(61));
    assert_eq!(world.take(watcher).packets(), []);
    let (_, present) = world.connect(resuming(V5, "c", 600));
    assert!(!present);
}

#[test]
fn a_client_that_closes_right_behind_its_disconnect_left_by_disconnect() {
    let mut world = Durable::new(Config::default());
    let (link, _) = world.connect(resuming(V5, "c", 600));
    world.events.clear();
    world.send(link, disconnect(DisconnectReasonCode::Success));
    world.cut(link);
    world.commit_all();
    let reason = CloseReason::PeerDisconnected {
        reason: DisconnectReasonCode::Success,
    };
    assert!(
        matches!(&world.events[..], [Event::Disconnected { reason: seen, .. }] if *seen == reason),
        "{:?}",
        world.events
    );
}
