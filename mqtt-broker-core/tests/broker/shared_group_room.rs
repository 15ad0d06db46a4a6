//! Shared subscriptions: who of a group can take a message, at the bounds of its queue and of its send buffer.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{World, connect, leak, puback, qos0, qos1, resuming, subscribe};
use mqtt_broker_core::{Cause, Config, LinkId};
use mqtt_codec::packet::Publish;
use mqtt_codec::{Packet, QoS, Version};

/// QoS 0 goes to nobody whose send buffer is full while there is another one.
#[test]
fn a_member_whose_send_buffer_is_full_is_passed_over() {
    let mut world = World::new(Config {
        send_buffer: 100,
        ..Config::default()
    });
    let writer = world.connect(connect("writer"));
    let [slow, quick] =
        ["slow", "quick"].map(|id| member(&mut world, id, "slow only", QoS::AtMostOnce));
    world.draining = false;
    world.send(writer, qos0("slow only/slow", leak("x".repeat(100))));
    for n in 0..4 {
        let publish = qos0("a", leak(n.to_string()));
        world.send(writer, publish);
        world.write(quick, usize::MAX);
        assert_eq!(world.take(quick).packets(), [Packet::Publish(publish)]);
    }
    assert_eq!(world.refused(Cause::SendBufferFull), 0);
    // When there is none, it is dropped as for any subscriber.
    world.send(writer, qos0("slow only/quick", leak("x".repeat(100))));
    world.send(writer, qos0("a", "dropped"));
    assert_eq!(world.refused(Cause::SendBufferFull), 1);
    for link in [slow, quick] {
        world.write(link, usize::MAX);
        assert_eq!(world.take(link).packets().len(), 1);
    }
}

/// Without a queue there is room only in the window of who acknowledged.
#[test]
fn a_member_whose_window_is_open_goes_before_one_that_has_no_room_in_its_queue() {
    let mut world = World::new(Config {
        queue_messages: 0,
        send_maximum: 1,
        ..Config::default()
    });
    let writer = world.connect(connect("writer"));
    let members = ["first", "second"].map(|id| member(&mut world, id, "own", QoS::AtLeastOnce));
    for link in members {
        world.send(writer, qos1(1, "a", "fills the window"));
        assert_eq!(world.take(link).packets().len(), 1);
    }
    let mut packet_ids = [1, 1];
    for turn in [0, 0, 1, 1, 0, 1, 0, 0] {
        let (link, packet_id) = (members[turn], &mut packet_ids[turn]);
        world.send(link, puback(*packet_id));
        *packet_id += 1;
        world.send(writer, qos1(1, "a", "x"));
        let expected = Packet::Publish(qos1(*packet_id, "a", "x"));
        assert_eq!(world.take(link).packets(), [expected]);
        assert_eq!(world.take(members[1 - turn]).packets(), []);
    }
    assert_eq!(world.refused(Cause::QueueFull), 0);
}

/// Topic and payload count, as in the queue itself.
#[test]
fn a_member_whose_queue_would_pass_its_bytes_is_passed_over() {
    let mut world = World::new(Config {
        queue_bytes: 50,
        ..Config::default()
    });
    let writer = world.connect(connect("writer"));
    for id in ["first", "second"] {
        let link = member(&mut world, id, "own", QoS::AtLeastOnce);
        world.cut(link);
    }
    // 30 bytes wait for the first one.
    world.send(writer, qos1(1, "own/first", leak("x".repeat(21))));
    // 21 bytes are too many for it, 20 are not.
    let publishes = [(20, "second"), (19, "first"), (19, "second")];
    for (size, payload) in publishes {
        let payload = leak(format!("{payload:size$}"));
        world.send(writer, qos1(1, "a", payload));
    }
    assert_eq!(world.refused(Cause::QueueFull), 0);
    for id in ["first", "second"] {
        let link = world.connect_and_keep(resuming(Version::V5_0, id, 600));
        let outcome = world.take(link);
        let came: Vec<_> = outcome
            .packets()
            .iter()
            .map(text)
            .filter(|text| !text.starts_with('x'))
            .collect();
        let expected: Vec<_> = publishes
            .iter()
            .map(|it| it.1)
            .filter(|it| *it == id)
            .collect();
        assert_eq!(came, expected);
    }
}

/// A long name and a short payload, or none at all.
#[test]
fn the_bytes_of_a_message_are_those_of_its_topic_and_of_its_payload() {
    for (payload, topic) in [("", "long/name"), ("0123456789", "long/name")] {
        let mut world = World::new(Config {
            queue_bytes: topic.len() + payload.len(),
            ..Config::default()
        });
        let writer = world.connect(connect("writer"));
        for id in ["first", "second"] {
            let link = member(&mut world, id, "own", QoS::AtLeastOnce);
            world.send(link, subscribe(1, "$share/g/long/name", QoS::AtLeastOnce));
            world.cut(link);
        }
        for _ in 0..2 {
            world.send(writer, qos1(1, topic, payload));
        }
        assert_eq!(world.refused(Cause::QueueFull), 0, "one for each of them");
        world.send(writer, qos1(1, topic, payload));
        assert_eq!(world.refused(Cause::QueueFull), 1);
    }
}

/// A client with a lasting session, subscribed to `$share/g/a` and, alone, to a topic of its own.
fn member(world: &mut World, client_id: &'static str, own: &str, qos: QoS) -> LinkId {
    let link = world.connect(resuming(Version::V5_0, client_id, 600));
    world.send(link, subscribe(1, "$share/g/a", qos));
    world.send(link, subscribe(2, leak(format!("{own}/{client_id}")), qos));
    assert_eq!(world.take(link).packets().len(), 2);
    link
}

fn text(packet: &Packet<'_>) -> String {
    let Packet::Publish(Publish { payload, .. }) = packet else {
        panic!("{packet:?}")
    };
    String::from_utf8(payload.to_vec())
        .unwrap()
        .trim_end()
        .to_owned()
}
