//! Shared subscriptions: MQTT 5.0 §4.8.2; the same in 3.x.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::store::Durable;
use crate::harness::{
    VERSIONS, World, again, connect, connect_as, disconnect, id, leak, options, puback, pubcomp,
    pubrec, pubrel, qos0, qos1, qos2, resuming, retained, subscribe, subscribe_as, subscribe_with,
    unsubscribe,
};
use mqtt_broker_core::{Cause, Config, LinkId};
use mqtt_codec::packet::{Puback, Pubrec, SubscriptionOptions};
use mqtt_codec::property::{SubscriptionIdentifier, SubscriptionIdentifiers};
use mqtt_codec::reason_code::{DisconnectReasonCode, PublishReasonCode};
use mqtt_codec::{Packet, QoS, Version};

const V5: Version = Version::V5_0;

#[test]
fn each_message_goes_to_one_member_in_turn() {
    for version in VERSIONS {
        let (mut world, writer) = world();
        let members = ["m0", "m1", "m2"].map(|id| member(&mut world, version, id, QoS::AtMostOnce));
        for n in 0..9 {
            world.send(writer, qos0("a", leak(n.to_string())));
        }
        for link in members {
            assert_eq!(payloads(&mut world, link).len(), 3);
        }
    }
}

#[test]
fn groups_and_ordinary_subscriptions_get_a_copy_each() {
    let (mut world, writer) = world();
    let both = member(&mut world, V5, "both", QoS::AtMostOnce);
    world.send(both, subscribe(1, "$share/other/a", QoS::AtMostOnce));
    world.send(both, subscribe(2, "a", QoS::AtMostOnce));
    world.forget();
    world.send(writer, qos0("a", "x"));
    assert_eq!(payloads(&mut world, both), ["x", "x", "x"]);
}

/// Groups of different filters under one name are different groups.
#[test]
fn a_group_is_its_name_and_its_filter() {
    let (mut world, writer) = world();
    let first = member(&mut world, V5, "first", QoS::AtMostOnce);
    let second = world.connect(connect("second"));
    world.send(second, subscribe(1, "$share/g/+", QoS::AtMostOnce));
    world.forget();
    world.send(writer, qos0("a", "x"));
    assert_eq!(payloads(&mut world, first), ["x"]);
    assert_eq!(payloads(&mut world, second), ["x"]);
}

/// [MQTT-4.8.2-3]
#[test]
fn delivery_respects_the_qos_granted_to_the_member() {
    for version in VERSIONS {
        let (mut world, writer) = world();
        let zero = member(&mut world, version, "zero", QoS::AtMostOnce);
        let two = member(&mut world, version, "two", QoS::ExactlyOnce);
        world.send(writer, qos2(1, "a", "one"));
        world.send(writer, qos2(2, "a", "two"));
        assert_eq!(
            world.take(zero).packets(),
            [Packet::Publish(qos0("a", "one"))]
        );
        assert_eq!(
            world.take(two).packets(),
            [Packet::Publish(qos2(1, "a", "two"))]
        );
    }
}

#[test]
fn a_message_goes_to_an_online_member_before_it_waits_for_an_offline_one() {
    let (mut world, writer) = world();
    let offline = lasting(&mut world, "offline");
    let online = lasting(&mut world, "online");
    world.cut(offline);
    for n in 0..4 {
        world.send(writer, qos1(n + 1, "a", leak(n.to_string())));
    }
    assert_eq!(payloads(&mut world, online), ["0", "1", "2", "3"]);
    // With nobody online it waits.
    world.cut(online);
    world.send(writer, qos1(9, "a", "waits"));
    world.send(writer, qos0("a", "QoS 0 does not"));
    let mut all = Vec::new();
    for id in ["offline", "online"] {
        let link = world.connect_and_keep(resuming(V5, id, 600));
        all.extend(payloads(&mut world, link));
    }
    all.sort();
    // The four are sent again: they were not acknowledged.
    assert_eq!(all, ["0", "1", "2", "3", "waits"]);
}

/// What is QoS 0 for a member is not kept for it while it is away.
#[test]
fn an_acknowledged_message_does_not_go_to_an_offline_member_granted_qos_0() {
    let (mut world, writer) = world();
    let zero = world.connect(resuming(V5, "zero", 600));
    world.send(zero, subscribe(1, "$share/g/a", QoS::AtMostOnce));
    world.cut(zero);
    world.send(writer, qos1(1, "a", "nobody"));
    let nobody = Packet::Puback(Puback {
        reason_code: PublishReasonCode::NoMatchingSubscribers,
        ..Puback::success(id(1))
    });
    assert_eq!(world.take(writer).packets(), [nobody]);
    let lasting = lasting(&mut world, "lasting");
    world.cut(lasting);
    for n in 0..4 {
        world.send(writer, qos1(n + 1, "a", leak(n.to_string())));
        assert_eq!(world.take(writer).packets(), [puback(n + 1)]);
    }
    let lasting = world.connect_and_keep(resuming(V5, "lasting", 600));
    assert_eq!(payloads(&mut world, lasting), ["0", "1", "2", "3"]);
}

/// What comes back from an ended session goes on at the QoS of who takes it.
#[test]
fn a_message_of_an_ended_session_goes_to_an_online_member_granted_qos_0() {
    let (mut world, writer) = world();
    let first = lasting(&mut world, "first");
    world.cut(first);
    world.send(writer, qos1(1, "a", "x"));
    let away = world.connect(resuming(V5, "away", 600));
    world.send(away, subscribe(1, "$share/g/a", QoS::AtMostOnce));
    world.cut(away);
    let zero = member(&mut world, V5, "zero", QoS::AtMostOnce);
    world.connect(connect("first"));
    assert_eq!(
        world.take(zero).packets(),
        [Packet::Publish(qos0("a", "x"))]
    );
}

/// [MQTT-3.3.1-12] [MQTT-3.3.1-13] And with the RETAIN flag that its subscription asks for.
#[test]
fn a_message_of_an_ended_session_has_retain_as_the_next_member_asks() {
    for (of_first, of_second) in [(true, false), (false, true)] {
        let (mut world, writer) = world();
        let join = |world: &mut World, id, retain_as_published| {
            let link = world.connect(resuming(V5, id, 600));
            let options = SubscriptionOptions {
                retain_as_published,
                ..options(QoS::AtLeastOnce)
            };
            world.send(link, subscribe_with(1, "$share/g/a", options));
            world.take(link);
            link
        };
        let first = join(&mut world, "first", of_first);
        world.cut(first);
        world.send(writer, retained(qos1(1, "a", "x")));
        let second = join(&mut world, "second", of_second);
        world.connect(connect("first"));
        let mut expected = qos1(1, "a", "x");
        expected.retain = of_second;
        assert_eq!(world.take(second).packets(), [Packet::Publish(expected)]);
    }
}

#[test]
fn a_member_with_room_goes_before_one_that_would_drop_the_message() {
    let config = Config {
        queue_messages: 2,
        send_maximum: 1,
        ..Config::default()
    };
    let mut world = World::new(config);
    let writer = world.connect(connect("writer"));
    // Both are online and acknowledge nothing: one in flight and two in the queue, each.
    let links = ["first", "second"].map(|id| lasting(&mut world, id));
    world.send(links[0], subscribe(1, "b", QoS::AtLeastOnce));
    for n in 0..3 {
        world.send(writer, qos1(n + 1, "b", "fills the first"));
    }
    for n in 0..3 {
        world.send(writer, qos1(n + 4, "a", leak(n.to_string())));
    }
    assert_eq!(world.refused(Cause::QueueFull), 0);
    world.forget();
    world.send(writer, qos1(9, "a", "dropped"));
    let dropped = Packet::Puback(Puback {
        reason_code: PublishReasonCode::QuotaExceeded,
        ..Puback::success(id(9))
    });
    assert_eq!(world.take(writer).packets(), [dropped]);
    // An offline one with room is better, too.
    let third = lasting(&mut world, "third");
    world.cut(third);
    world.send(writer, qos1(10, "a", "kept"));
    assert_eq!(world.take(writer).packets(), [puback(10)]);
}

/// On a mere disconnect unacknowledged messages stay with the member's session.
#[test]
fn unacknowledged_messages_stay_with_a_session_that_lives_on() {
    let (mut world, writer) = world();
    let first = lasting(&mut world, "first");
    world.send(writer, qos1(1, "a", "x"));
    let second = lasting(&mut world, "second");
    world.cut(first);
    assert_eq!(payloads(&mut world, second), [""; 0]);
    let first = world.connect_and_keep(resuming(V5, "first", 600));
    assert_eq!(
        world.take(first).packets(),
        [Packet::Publish(again(qos1(1, "a", "x")))]
    );
}

/// [often-wrong-39] Recommended, without an id: they go back to the group, those in flight and those that waited.
#[test]
fn unacknowledged_qos_1_messages_of_an_ended_session_go_to_another_member() {
    for ending in [Ending::Disconnect, Ending::CleanStart, Ending::Expiry] {
        let config = Config {
            send_maximum: 1,
            ..Config::default()
        };
        let mut world = World::new(config);
        let writer = world.connect(connect("writer"));
        let first = lasting(&mut world, "first");
        world.send(writer, qos1(1, "a", "in flight"));
        world.send(writer, qos1(2, "a", "queued"));
        let second = lasting(&mut world, "second");
        end(&mut world, first, ending);
        assert_eq!(payloads(&mut world, second), ["in flight"]);
        world.send(second, puback(1));
        assert_eq!(payloads(&mut world, second), ["queued"]);
    }
}

/// [MQTT-4.8.2-4]
#[test]
fn a_qos_2_delivery_is_completed_to_the_same_member() {
    for version in VERSIONS {
        let (mut world, writer) = world();
        let first = world.connect(resuming(version, "first", 600));
        world.send(first, subscribe(1, "$share/g/a", QoS::ExactlyOnce));
        world.forget();
        world.send(writer, qos2(1, "a", "x"));
        let second = lasting(&mut world, "second");
        world.cut(first);
        let first = world.connect_and_keep(resuming(version, "first", 600));
        assert_eq!(
            world.take(first).packets(),
            [Packet::Publish(again(qos2(1, "a", "x")))]
        );
        world.send(first, pubrec(1));
        world.cut(first);
        let first = world.connect_and_keep(resuming(version, "first", 600));
        assert_eq!(world.take(first).packets(), [pubrel(1)]);
        world.send(first, pubcomp(1));
        assert_eq!(payloads(&mut world, second), [""; 0]);
    }
}

/// [MQTT-4.8.2-5]
#[test]
fn a_half_delivered_qos_2_message_goes_to_nobody_else() {
    for ending in [Ending::Disconnect, Ending::CleanStart, Ending::Expiry] {
        let (mut world, writer) = world();
        let first = lasting(&mut world, "first");
        world.send(writer, qos2(1, "a", "x"));
        assert_eq!(payloads(&mut world, first), ["x"]);
        let second = lasting(&mut world, "second");
        end(&mut world, first, ending);
        assert_eq!(payloads(&mut world, second), [""; 0]);
    }
}

/// [MQTT-4.8.2-6] [MQTT-4.4.0-2]
#[test]
fn a_refusal_by_a_member_discards_the_message() {
    let (mut world, writer) = world();
    let first = lasting(&mut world, "first");
    let second = lasting(&mut world, "second");
    world.send(writer, qos1(1, "a", "one"));
    let reason_code = PublishReasonCode::UnspecifiedError;
    world.send(
        first,
        Packet::Puback(Puback {
            reason_code,
            ..Puback::success(id(1))
        }),
    );
    world.send(writer, qos2(2, "a", "other's"));
    world.send(writer, qos2(3, "a", "two"));
    world.send(
        first,
        Packet::Pubrec(Pubrec {
            reason_code,
            ..Pubrec::success(id(2))
        }),
    );
    assert_eq!(payloads(&mut world, first), ["one", "two"]);
    assert_eq!(payloads(&mut world, second), ["other's"]);
    // Nothing of it is sent again.
    world.cut(first);
    let first = world.connect_and_keep(resuming(V5, "first", 600));
    assert_eq!(world.take(first).packets(), []);
}

/// [5.0-6] Of the receiving client's own SUBSCRIBE alone.
#[test]
fn a_message_carries_the_identifier_of_its_members_subscription() {
    let (mut world, writer) = world();
    let mut members = Vec::new();
    for (id, number) in [("first", 5), ("second", 6)] {
        let link = world.connect(connect(id));
        world.send(link, subscribe_as(number, "$share/g/a", QoS::AtMostOnce));
        members.push((link, number));
    }
    world.forget();
    for (link, number) in members {
        world.send(writer, qos0("a", "x"));
        let identifiers = [SubscriptionIdentifier::new(number).unwrap()];
        let mut expected = qos0("a", "x");
        expected.properties.subscription_identifiers = SubscriptionIdentifiers::new(&identifiers);
        assert_eq!(world.take(link).packets(), [Packet::Publish(expected)]);
    }
}

/// [MQTT-3.3.4-5] A copy of a group has the identifier of that subscription alone.
#[test]
fn copies_of_different_subscriptions_carry_an_identifier_each() {
    let (mut world, writer) = world();
    let client = world.connect(connect("client"));
    world.send(client, subscribe_as(1, "a", QoS::AtMostOnce));
    world.send(client, subscribe_as(2, "$share/g/a", QoS::AtMostOnce));
    world.forget();
    world.send(writer, qos0("a", "x"));
    let outcome = world.take(client);
    let identifiers = |packet: &Packet<'_>| match packet {
        Packet::Publish(publish) => publish
            .properties
            .subscription_identifiers
            .iter()
            .map(|it| it.get())
            .collect(),
        other => panic!("unexpected {other:?}"),
    };
    let seen: Vec<Vec<u32>> = outcome.packets().iter().map(identifiers).collect();
    assert_eq!(seen, [[1], [2]]);
}

/// Standard: §4.8.2. Its undelivered messages go with it.
#[test]
fn a_group_ends_with_its_last_member() {
    let (mut world, writer) = world();
    let only = lasting(&mut world, "only");
    world.send(only, unsubscribe(1, "$share/g/a"));
    world.forget();
    world.send(writer, qos1(1, "a", "nobody's"));
    assert_eq!(world.broker.gauges().subscriptions, 0);
    let late = lasting(&mut world, "late");
    assert_eq!(payloads(&mut world, only), [""; 0]);
    assert_eq!(payloads(&mut world, late), [""; 0]);
}

/// What a store took for one member of a group comes back for it, and goes to another when its session ends.
#[test]
fn messages_of_a_group_go_to_another_member_also_behind_a_crash() {
    let mut world = Durable::new(Config::default());
    let (first, _) = world.connect(resuming(V5, "first", 600));
    world.exchange(first, subscribe(1, "$share/g/a", QoS::AtLeastOnce));
    world.cut(first);
    let (writer, _) = world.connect(connect("writer"));
    world.exchange(writer, qos1(1, "a", "x"));
    world.crash();
    let (second, _) = world.connect(resuming(V5, "second", 600));
    world.exchange(second, subscribe(1, "$share/g/a", QoS::AtLeastOnce));
    let (_, present) = world.connect(connect("first"));
    assert!(!present);
    assert_eq!(world.drain(second), ["x"]);
    assert_eq!(world.store.store().messages(), 0);
}

#[derive(Clone, Copy, PartialEq)]
enum Ending {
    /// DISCONNECT with a Session Expiry Interval of 0.
    Disconnect,
    CleanStart,
    Expiry,
}

/// Ends the session `first`.
fn end(world: &mut World, link: LinkId, ending: Ending) {
    match ending {
        Ending::Disconnect => {
            let Packet::Disconnect(mut disconnect) = disconnect(DisconnectReasonCode::Success)
            else {
                return;
            };
            disconnect.properties.session_expiry_interval = Some(0);
            world.send(link, Packet::Disconnect(disconnect));
        }
        Ending::CleanStart => _ = world.connect(connect("first")),
        Ending::Expiry => {
            world.cut(link);
            world.advance(std::time::Duration::from_secs(600));
        }
    }
}

fn world() -> (World, LinkId) {
    let mut world = World::new(Config::default());
    let writer = world.connect(connect("writer"));
    (world, writer)
}

/// A member of the group `g` of the filter `a`.
fn member(world: &mut World, version: Version, id: &'static str, qos: QoS) -> LinkId {
    let link = world.connect(connect_as(version, id));
    world.send(link, subscribe(1, "$share/g/a", qos));
    world.take(link);
    link
}

/// A member at QoS 2 whose session outlives its connection.
fn lasting(world: &mut World, id: &'static str) -> LinkId {
    let link = world.connect(resuming(V5, id, 600));
    world.send(link, subscribe(1, "$share/g/a", QoS::ExactlyOnce));
    world.take_first(link);
    link
}

fn payloads(world: &mut World, link: LinkId) -> Vec<String> {
    let outcome = world.take(link);
    let only = |packet: &Packet<'_>| match packet {
        Packet::Publish(publish) => Some(String::from_utf8(publish.payload.to_vec()).unwrap()),
        _ => None,
    };
    outcome.sent().iter().filter_map(only).collect()
}
