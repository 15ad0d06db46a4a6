//! The order of what waits for the store, on one link: what is first in, first out, and what may overtake.
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
    Saw, connack, connect, connect_as, puback, pubcomp, pubrec, pubrel, qos0, qos1, qos2, resuming,
    retained, suback, subscribe, unsubscribe,
};
use mqtt_broker_core::Config;
use mqtt_codec::reason_code::{DisconnectReasonCode, SubscribeReasonCode};
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::CloseReason;

const V5: Version = Version::V5_0;

/// [MQTT-3.2.0-1] [v3.1.1 MQTT-3.2.0-1]
#[test]
fn nothing_precedes_connack() {
    for version in crate::harness::VERSIONS {
        let mut world = Durable::new(Config::default());
        let reader = world.subscriber(version, "reader");
        world.cut(reader);
        world.commit_all();
        let (writer, _) = world.connect(connect("writer"));
        world.exchange(writer, qos1(1, "a", "queued"));

        let link = world.link();
        world.send(link, resuming(version, "reader", 600));
        world.send(writer, qos0("a", "absent"));
        world.send(writer, qos1(2, "a", "meanwhile"));
        world.send(link, Packet::Pingreq);
        assert_eq!(world.take(link).all(), [Saw::Paused]);
        world.commit_all();
        let outcome = world.take(link);
        let sent = outcome.sent();
        assert!(matches!(sent[0], Packet::Connack(_)));
        assert_eq!(
            sent[1..],
            [
                Packet::Publish(qos1(1, "a", "queued")),
                Packet::Publish(qos1(2, "a", "meanwhile")),
                Packet::Pingresp,
            ]
        );
    }
}

/// [v3.1.1 MQTT-4.6.0-6] Also those that have nothing to wait for.
#[test]
fn pubacks_leave_in_the_order_of_their_publishes() {
    for version in crate::harness::VERSIONS {
        let mut world = Durable::new(Config::default());
        world.subscriber(V5, "reader");
        let (writer, _) = world.connect(connect_as(version, "writer"));
        world.send(writer, qos1(1, "a", "waits"));
        world.send(writer, qos1(2, "nobody", "need not wait"));
        assert_eq!(world.take(writer).packets(), []);
        world.commit_all();
        assert_eq!(
            acknowledged(&mut world, writer),
            [("PUBACK", 1), ("PUBACK", 2)]
        );
    }
}

/// [v3.1.1 MQTT-4.6.0-6] Also those that have nothing to wait for.
#[test]
fn pubrecs_leave_in_the_order_of_their_publishes() {
    for version in crate::harness::VERSIONS {
        let mut world = Durable::new(Config::default());
        world.subscriber(V5, "reader");
        let (writer, _) = world.connect(connect_as(version, "writer"));
        world.send(writer, qos2(1, "a", "waits"));
        world.send(writer, qos2(2, "nobody", "need not wait"));
        assert_eq!(world.take(writer).packets(), []);
        world.commit_all();
        assert_eq!(
            acknowledged(&mut world, writer),
            [("PUBREC", 1), ("PUBREC", 2)]
        );
    }
}

#[test]
fn pubacks_and_pubrecs_do_not_wait_for_each_other() {
    let mut world = Durable::new(Config::default());
    world.subscriber(V5, "reader");
    let (writer, _) = world.connect(connect("writer"));
    world.send(writer, qos1(1, "a", "waits"));
    world.send(writer, qos2(2, "nobody", "need not wait"));
    assert_eq!(acknowledged(&mut world, writer), [("PUBREC", 2)]);
    world.send(writer, qos2(3, "a", "waits"));
    world.send(writer, qos1(4, "nobody", "behind 1"));
    assert_eq!(acknowledged(&mut world, writer), []);
    world.commit();
    assert_eq!(
        acknowledged(&mut world, writer),
        [("PUBACK", 1), ("PUBACK", 4)]
    );
    world.commit();
    assert_eq!(acknowledged(&mut world, writer), [("PUBREC", 3)]);
}

/// [MQTT-4.3.3-10] PUBREC once more waits behind the first one, too.
#[test]
fn a_repeated_qos_2_publish_is_not_acknowledged_before_the_first_one() {
    let mut world = Durable::new(Config::default());
    let (writer, _) = world.connect(resuming(Version::V3_1_1, "writer", 600));
    world.send(writer, qos2(1, "a", "x"));
    world.send(writer, crate::harness::again(qos2(1, "a", "x")));
    assert_eq!(world.take(writer).packets(), []);
    world.commit_all();
    assert_eq!(world.take(writer).packets(), [pubrec(1), pubrec(1)]);
}

#[test]
fn suback_unsuback_pingresp_and_qos_0_and_1_overtake_held_acknowledgements() {
    let mut world = Durable::new(Config::default());
    world.subscriber(V5, "reader");
    let (client, _) = world.connect(connect("client"));
    world.send(client, qos1(1, "a", "waits"));
    world.send(client, qos2(2, "a", "waits"));
    world.send(client, subscribe(3, "b", QoS::ExactlyOnce));
    world.send(client, Packet::Pingreq);
    world.send(client, qos0("b", "zero"));
    let other = world.link();
    world.send(other, connect("other"));
    world.send(other, qos1(1, "b", "one"));
    world.send(other, qos2(2, "b", "two"));
    assert_eq!(
        world.take(client).packets(),
        [
            suback(3, &[SubscribeReasonCode::GrantedQoS2]),
            Packet::Pingresp,
            Packet::Publish(qos0("b", "zero")),
            Packet::Publish(qos1(1, "b", "one")),
        ]
    );
    world.commit_all();
    assert_eq!(
        world.take(client).packets(),
        [puback(1), pubrec(2), Packet::Publish(qos2(2, "b", "two"))]
    );
}

#[test]
fn qos_2_messages_go_out_in_their_order() {
    let mut world = Durable::new(Config::default());
    let (reader, _) = world.connect(connect("reader"));
    world.exchange(reader, subscribe(1, "+", QoS::ExactlyOnce));
    let (lasting, _) = world.connect(resuming(V5, "lasting", 600));
    let (passing, _) = world.connect(connect("passing"));
    world.send(lasting, qos2(1, "a", "must wait"));
    world.send(passing, qos2(1, "b", "need not wait"));
    world.send(passing, qos1(2, "b", "overtakes"));
    assert_eq!(
        world.take(reader).packets(),
        [Packet::Publish(qos1(3, "b", "overtakes"))]
    );
    world.commit_all();
    assert_eq!(
        world.take(reader).packets(),
        [
            Packet::Publish(qos2(1, "a", "must wait")),
            Packet::Publish(qos2(2, "b", "need not wait")),
        ]
    );
}

/// [MQTT-3.1.2-25] It goes on as if the message had been sent in full.
#[test]
fn a_held_message_that_is_too_large_for_the_client_makes_room_for_the_next() {
    let mut world = Durable::new(Config::default());
    let mut narrow = resuming(V5, "reader", 600);
    narrow.properties.maximum_packet_size = std::num::NonZeroU32::new(40);
    narrow.properties.receive_maximum = std::num::NonZeroU16::new(1);
    let (reader, _) = world.connect(narrow);
    world.exchange(reader, subscribe(1, "a", QoS::ExactlyOnce));
    let (writer, _) = world.connect(connect("writer"));
    world.send(
        writer,
        qos2(
            1,
            "a",
            "a text that is far too long for a packet of 40 bytes",
        ),
    );
    world.send(writer, qos2(2, "a", "short"));
    world.commit_all();
    assert_eq!(
        world.take(reader).packets(),
        [Packet::Publish(qos2(2, "a", "short"))]
    );
}

/// [often-wrong-22] An acknowledgement belongs to the connection that the PUBLISH came on.
#[test]
fn what_a_closed_link_still_held_is_discarded_and_the_state_is_not() {
    let mut world = Durable::new(Config::default());
    world.subscriber(V5, "reader");
    let (writer, _) = world.connect(resuming(V5, "writer", 600));
    world.send(writer, qos2(1, "a", "x"));
    world.send(writer, subscribe(2, "b", QoS::AtMostOnce));
    world.cut(writer);
    let writer = world.link();
    world.send(writer, resuming(V5, "writer", 600));
    world.commit_all();
    let mut present = connack();
    if let Packet::Connack(connack) = &mut present {
        connack.session_present = true;
    }
    assert_eq!(world.take(writer).sent(), [present]);
    // The packet id and the subscription are there.
    world.send(writer, crate::harness::again(qos2(1, "a", "x")));
    world.send(writer, qos0("b", "mine"));
    world.commit_all();
    assert_eq!(
        world.take(writer).packets(),
        [pubrec(1), Packet::Publish(qos0("b", "mine"))]
    );
}

#[test]
fn a_link_that_was_taken_over_sees_nothing_of_what_it_held() {
    let mut world = Durable::new(Config::default());
    world.subscriber(V5, "reader");
    let (old, _) = world.connect(resuming(V5, "writer", 600));
    world.send(old, qos1(1, "a", "x"));
    let (new, present) = world.connect(resuming(V5, "writer", 600));
    assert!(present);
    let taken_over = crate::harness::disconnect(DisconnectReasonCode::SessionTakenOver);
    assert_eq!(
        world.take(old).all(),
        [Saw::Packet(taken_over), Saw::Closed(CloseReason::TakenOver)]
    );
    assert_eq!(world.take(new).packets(), []);
}

/// When the store is slower than the publishers, the backlog is bounded: they are not read.
#[test]
fn a_full_backlog_pauses_publishers_until_the_store_has_caught_up() {
    let config = Config {
        persist_backlog: 10_000,
        ..Config::default()
    };
    let mut world = Durable::new(config);
    world.subscriber(V5, "reader");
    let (writer, _) = world.connect(connect("writer"));
    let (bystander, _) = world.connect(connect("bystander"));
    let payload: &'static str = Box::leak("x".repeat(6_000).into_boxed_str());
    world.send(writer, qos1(1, "a", payload));
    assert_eq!(world.take(writer).all(), []);
    world.send(writer, qos1(2, "a", payload));
    assert_eq!(world.take(writer).all(), [Saw::Paused]);
    world.send(writer, qos1(3, "a", "not read"));
    assert!(world.unread(writer) > 0);
    // Who publishes nothing is served.
    world.send(bystander, Packet::Pingreq);
    assert_eq!(world.take(bystander).packets(), [Packet::Pingresp]);

    world.commit();
    assert_eq!(
        world.take(writer).all(),
        [Saw::Packet(Packet::Puback(success(1))), Saw::Resumed]
    );
    assert_eq!(world.unread(writer), 0);
    world.commit_all();
    assert_eq!(world.take(writer).packets(), [puback(2), puback(3)]);
}

/// Whatever is recorded or held fills the backlog, acknowledged or not.
#[test]
fn every_kind_of_packet_is_bounded_by_the_backlog() {
    let config = Config {
        persist_backlog: 1_000,
        ..Config::default()
    };
    let payload: &'static str = Box::leak("x".repeat(2_000).into_boxed_str());
    for kind in 0..5 {
        let mut world = Durable::new(config.clone());
        let (link, _) = world.connect(resuming(V5, "client", 600));
        let mut packets = 0;
        while world.unread(link) == 0 && packets < 100 {
            packets += 1;
            let packet = match kind {
                0 => Packet::Publish(retained(qos0("a", payload))),
                1 => subscribe(packets, "a", QoS::AtMostOnce),
                2 if packets % 2 == 0 => unsubscribe(packets, "a"),
                // With the first one on its way to the store, the others change nothing and wait behind it.
                3 if packets > 1 => unsubscribe(packets, "b"),
                4 if packets > 1 => pubrel(9),
                _ => subscribe(packets, "a", QoS::AtMostOnce),
            };
            world.send(link, packet);
        }
        assert!(packets < 50, "kind {kind}: {packets}");
        let saw = world.take(link);
        assert_eq!(saw.all(), [Saw::Paused]);
        world.commit_all();
        assert_eq!(world.unread(link), 0);
        assert!(world.take(link).all().contains(&Saw::Resumed));
    }
}

#[test]
fn a_paused_publisher_that_was_closed_is_not_resumed() {
    let config = Config {
        persist_backlog: 1_000,
        ..Config::default()
    };
    let mut world = Durable::new(config);
    world.subscriber(V5, "reader");
    let (writer, _) = world.connect(connect("writer"));
    let payload: &'static str = Box::leak("x".repeat(2_000).into_boxed_str());
    world.send(writer, qos1(1, "a", payload));
    assert_eq!(world.take(writer).all(), [Saw::Paused]);
    let now = world.now;
    world
        .broker
        .disconnect(now, writer, DisconnectReasonCode::AdministrativeAction);
    world.settle();
    world.commit_all();
    let reason = DisconnectReasonCode::AdministrativeAction;
    assert_eq!(
        world.take(writer).all(),
        [
            Saw::Packet(crate::harness::disconnect(reason)),
            Saw::Closed(CloseReason::Disconnected { reason })
        ]
    );
}

/// [MQTT-4.6.0-4] [v3.1.1 MQTT-4.6.0-6] PUBRELs leave in the order of their PUBRECs.
#[test]
fn pubrels_leave_in_the_order_of_their_pubrecs() {
    for version in crate::harness::VERSIONS {
        let mut world = Durable::new(Config::default());
        let reader = world.subscriber(version, "reader");
        let (writer, _) = world.connect(connect("writer"));
        world.exchange(writer, qos2(1, "a", "x"));
        world.exchange(writer, qos2(2, "a", "y"));
        world.take(reader);
        world.send(reader, pubrec(2));
        world.send(reader, pubrec(1));
        world.commit_all();
        assert_eq!(world.take(reader).packets(), [pubrel(2), pubrel(1)]);
        world.send(reader, pubcomp(2));
        world.send(reader, pubcomp(1));
        assert_eq!(world.take(reader).packets(), []);
    }
}

/// The acknowledgements that a link saw, as their names and ids.
fn acknowledged(world: &mut Durable, link: mqtt_broker_core::LinkId) -> Vec<(&'static str, u16)> {
    let outcome = world.take(link);
    let short = |packet: &Packet<'_>| match packet {
        Packet::Puback(puback) => ("PUBACK", puback.packet_id.get()),
        Packet::Pubrec(pubrec) => ("PUBREC", pubrec.packet_id.get()),
        other => panic!("unexpected {other:?}"),
    };
    outcome.packets().iter().map(short).collect()
}

fn success(packet_id: u16) -> mqtt_codec::packet::Puback<'static> {
    mqtt_codec::packet::Puback::success(crate::harness::id(packet_id))
}
