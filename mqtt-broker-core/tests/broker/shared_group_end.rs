//! What becomes of the messages of a shared subscription when its last session ends: MQTT 5.0 §4.8.2.
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
    VERSIONS, World, connect, connect_as, puback, qos1, qos2, resuming, subscribe, subscribe_as,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::property::{SubscriptionIdentifier, SubscriptionIdentifiers};
use mqtt_codec::{Packet, QoS, Version};

/// [5.0-4] What waited for the last session of a group, in flight and in its queue, goes with it, however it ends: who
/// joins behind it gets nothing of it.
#[test]
fn undelivered_messages_go_with_the_last_session() {
    for version in VERSIONS {
        for ending in [Ending::CleanStart, Ending::Expiry] {
            let mut world = World::new(config());
            let writer = world.connect(connect("writer"));
            // The cache of match results takes memory, too: it has met such a group before.
            let first = member(&mut world, version, "only");
            world.send(writer, qos1(1, "a", "x"));
            world.cut(first);
            end(&mut world, version, Ending::CleanStart);
            let before = world.broker.gauges();
            assert_eq!(before.subscriptions, 0);
            let only = member(&mut world, version, "only");
            world.send(writer, qos1(1, "a", "in flight"));
            world.send(writer, qos1(2, "a", "queued"));
            world.cut(only);
            world.send(writer, qos1(3, "a", "queued, too"));
            world.forget();
            end(&mut world, version, ending);
            assert_eq!(world.broker.gauges(), before);

            let late = member(&mut world, version, "late");
            assert_eq!(world.take(late).packets(), []);
            world.send(writer, qos1(4, "a", "new"));
            assert_eq!(
                world.take(late).packets(),
                [Packet::Publish(qos1(1, "a", "new"))]
            );
        }
    }
}

/// [5.0-4] While another session of the group lives, connected or not, nothing of it goes.
#[test]
fn a_group_lives_as_long_as_one_of_its_sessions() {
    for version in VERSIONS {
        for ending in [Ending::CleanStart, Ending::Expiry] {
            let mut world = World::new(config());
            let writer = world.connect(connect("writer"));
            let only = member(&mut world, version, "only");
            world.send(writer, qos1(1, "a", "in flight"));
            world.send(writer, qos1(2, "a", "queued"));
            let other = member(&mut world, version, "other");
            world.cut(only);
            end(&mut world, version, ending);
            for payload in ["in flight", "queued"] {
                let outcome = world.take(other);
                let packets = outcome.packets();
                let [Packet::Publish(publish)] = packets[..] else {
                    panic!("{packets:?}")
                };
                assert_eq!(publish.payload, payload.as_bytes());
                let packet_id = publish.delivery.packet_id().unwrap().get();
                world.send(other, puback(packet_id));
            }
            assert_eq!(world.take(other).packets(), []);
        }
    }
}

/// [MQTT-4.8.2-3] [MQTT-3.3.4-3] What comes back goes on as if it had gone to its new receiver at once: at the lower of what was
/// published and of what was granted to that one, and with its Subscription Identifier.
#[test]
fn a_message_that_comes_back_goes_on_by_the_subscription_of_who_gets_it() {
    let all = [QoS::AtLeastOnce, QoS::ExactlyOnce];
    for (before, granted) in all
        .into_iter()
        .flat_map(|qos| all.map(|other| (qos, other)))
    {
        let mut world = World::new(config());
        let writer = world.connect(connect("writer"));
        let only = world.connect(resuming(Version::V5_0, "only", 600));
        world.send(only, subscribe_as(1, "$share/g/a", before));
        world.cut(only);
        world.send(writer, qos2(1, "a", "x"));
        let other = world.connect(resuming(Version::V5_0, "other", 600));
        world.send(other, subscribe_as(2, "$share/g/a", granted));
        world.forget();
        end(&mut world, Version::V5_0, Ending::CleanStart);
        let mut expected = match granted {
            QoS::AtMostOnce | QoS::AtLeastOnce => qos1(1, "a", "x"),
            QoS::ExactlyOnce => qos2(1, "a", "x"),
        };
        let identifiers = [SubscriptionIdentifier::new(2).unwrap()];
        expected.properties.subscription_identifiers = SubscriptionIdentifiers::new(&identifiers);
        assert_eq!(
            world.take(other).packets(),
            [Packet::Publish(expected)],
            "{before:?} {granted:?}"
        );
    }
}

#[derive(Clone, Copy)]
enum Ending {
    CleanStart,
    Expiry,
}

/// Ends the session `only`, which is not connected.
fn end(world: &mut World, version: Version, ending: Ending) {
    match ending {
        Ending::CleanStart => {
            let link = world.connect(connect_as(version, "only"));
            world.cut(link);
        }
        Ending::Expiry => world.advance(Duration::from_secs(600)),
    }
}

/// One message at a time, and sessions of ten minutes.
fn config() -> Config {
    Config {
        send_maximum: 1,
        send_maximum_v3: 1,
        maximum_session_expiry: 600,
        ..Config::default()
    }
}

/// A member of the group `g` of the filter `a`, with a session that lasts.
fn member(world: &mut World, version: Version, id: &'static str) -> LinkId {
    let link = world.connect(resuming(version, id, 600));
    world.send(link, subscribe(1, "$share/g/a", QoS::AtLeastOnce));
    world.take_first(link);
    link
}
