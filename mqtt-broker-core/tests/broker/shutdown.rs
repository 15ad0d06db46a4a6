//! The end of the broker, in order.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use core::time::Duration;

use crate::harness::store::Durable;
use crate::harness::{Saw, VERSIONS, World, connect_as, disconnect, qos0, subscribe, will};
use mqtt_broker_core::{Authentication, Config, LinkId};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::CloseReason;

const CLOSED: Saw<'_> = Saw::Closed(CloseReason::ServerShuttingDown);

/// DISCONNECT 0x8B where the version has it.
#[test]
fn everybody_is_told_where_the_version_has_a_word_for_it() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = world.connect(connect_as(version, "c"));
        shut_down(&mut world);
        let told = disconnect(DisconnectReasonCode::ServerShuttingDown);
        let expected = match version {
            Version::V5_0 => vec![Saw::Packet(told), CLOSED],
            Version::V3_1 | Version::V3_1_1 => vec![CLOSED],
        };
        assert_eq!(world.take(link).all(), expected);
        assert_eq!(world.broker.gauges().connected, 0);
    }
}

/// [MQTT-3.14.0-1] Before CONNACK there is no DISCONNECT.
#[test]
fn who_is_not_connected_yet_gets_no_disconnect() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let silent = world.link();
        let asking = world.link_from(Authentication::Ask);
        world.send(asking, connect_as(version, "c"));
        assert_eq!(world.take(asking).all(), [Saw::Paused]);
        shut_down(&mut world);
        assert_eq!(world.take(silent).all(), [CLOSED]);
        assert_eq!(world.take(asking).all(), [CLOSED]);
    }
}

#[test]
fn nobody_is_let_in_any_more() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        shut_down(&mut world);
        let link = world.link();
        assert_eq!(world.take(link).all(), [CLOSED]);
        world.send(link, connect_as(version, "c"));
        assert_eq!(world.take(link).all(), []);
        assert_eq!(world.broker.gauges().sessions, 0);
    }
}

/// A connection that ends without a DISCONNECT of the client's publishes its will. It waits for who comes back.
#[test]
fn wills_are_published_for_the_sessions_that_stay() {
    for version in VERSIONS {
        let mut world = Durable::new(Config::default());
        let reader = world.subscriber(version, "reader");
        let mut dying = connect_as(version, "dying");
        let mut last = will("a", "gone");
        last.qos = QoS::AtLeastOnce;
        dying.will = Some(last);
        world.connect(dying);
        world.cut(reader);
        shut_down(&mut world);
        world.commit_all();
        world.crash();
        assert_eq!(world.queue_of(version, "reader"), ["gone"]);
    }
}

/// What was on its way is written before the close.
#[test]
fn what_was_sent_before_is_still_written() {
    let mut world = World::new(Config::default());
    let reader = world.connect(connect_as(Version::V5_0, "reader"));
    world.send(reader, subscribe(1, "a", QoS::AtMostOnce));
    let writer = world.connect(connect_as(Version::V5_0, "writer"));
    world.forget();
    world.draining = false;
    world.send(writer, qos0("a", "x"));
    shut_down(&mut world);
    let told = disconnect(DisconnectReasonCode::ServerShuttingDown);
    let expected = [
        Saw::Packet(Packet::Publish(qos0("a", "x"))),
        Saw::Packet(told),
        CLOSED,
    ];
    assert_eq!(world.take(reader).all(), expected);
}

/// Closing for a reason of the program's own.
#[test]
fn a_link_is_closed_with_the_reason_that_the_program_gives() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = world.connect(connect_as(version, "c"));
        let other = world.connect(connect_as(version, "other"));
        let reason = DisconnectReasonCode::AdministrativeAction;
        disconnect_link(&mut world, link, reason);
        let closed = Saw::Closed(CloseReason::Disconnected { reason });
        let expected = match version {
            Version::V5_0 => vec![Saw::Packet(disconnect(reason)), closed],
            Version::V3_1 | Version::V3_1_1 => vec![closed],
        };
        assert_eq!(world.take(link).all(), expected);
        assert_eq!(world.take(other).all(), []);
        world.advance(Duration::from_secs(1));
        assert_eq!(world.broker.gauges().connected, 1);
    }
}

fn shut_down(world: &mut World) {
    world.broker.shutdown(world.now);
    world.settle();
}

fn disconnect_link(world: &mut World, link: LinkId, reason: DisconnectReasonCode) {
    world.broker.disconnect(world.now, link, reason);
    world.settle();
}
