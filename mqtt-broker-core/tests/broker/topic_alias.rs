//! Topic aliases, in both directions: MQTT 5.0 §3.3.2.3.4.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::num::NonZeroU16;

use crate::harness::{
    Saw, World, again, connect, disconnect, name, puback, qos0, qos1, qos2, resuming, retained,
    subscribe,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::{Connect, Publish, PublishTopic};
use mqtt_codec::property::TopicAlias;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::{CloseReason, ProtocolError};

const V5: Version = Version::V5_0;

/// [often-wrong-1] [often-wrong-2] However a message is sent, it has its Topic Name and no alias: live at each QoS, from
/// the queue, again, for a SUBSCRIBE, behind the window, whatever this or an earlier connection of the client allows.
#[test]
fn no_way_of_sending_uses_an_alias() {
    for maxima in [
        [None, None],
        [None, Some(0)],
        [Some(10), None],
        [Some(10), Some(0)],
        [Some(10), Some(10)],
    ] {
        let mut world = World::new(Config::default());
        let writer = world.connect(connect("writer"));
        world.send(writer, retained(qos1(1, "r", "retained")));
        let reader = world.connect(allowing(maxima[0]));
        world.send(reader, subscribe(1, "+", QoS::ExactlyOnce));
        world.forget();
        world.send(writer, qos0("a", "0"));
        world.send(writer, qos1(1, "a", "1"));
        world.send(writer, qos2(2, "a", "2"));
        let live = [
            Packet::Publish(qos0("a", "0")),
            Packet::Publish(qos1(2, "a", "1")),
        ];
        assert_eq!(world.take(reader).packets(), live, "the window is full");
        world.cut(reader);
        world.send(writer, qos1(3, "a", "3"));

        let reader = world.connect_and_keep(allowing(maxima[1]));
        let again = [
            Packet::Publish(again(retained(qos1(1, "r", "retained")))),
            Packet::Publish(again(qos1(2, "a", "1"))),
        ];
        assert_eq!(world.take(reader).packets(), again);
        world.send(reader, puback(1));
        world.send(reader, puback(2));
        let queued = [
            Packet::Publish(qos2(3, "a", "2")),
            Packet::Publish(qos1(4, "a", "3")),
        ];
        assert_eq!(world.take(reader).packets(), queued);
    }
}

/// [often-wrong-1] A broker that announces no Topic Alias Maximum takes no alias at all.
#[test]
fn no_maximum_announced_is_a_maximum_of_0() {
    let mut world = World::new(Config {
        topic_alias_maximum: 0,
        ..Config::default()
    });
    let (link, outcome) = world.offer(connect("c"));
    let [Packet::Connack(connack)] = outcome.packets()[..] else {
        panic!("CONNACK alone")
    };
    assert_eq!(connack.properties.topic_alias_maximum, None);
    world.send(link, aliased(PublishTopic::Both(name("a"), alias(1))));
    let error = ProtocolError::TopicAliasInvalid {
        alias: alias(1),
        maximum: 0,
    };
    let told = disconnect(DisconnectReasonCode::TopicAliasInvalid);
    assert_closed(&mut world, link, told, error);
}

/// [often-wrong-2] [5.0-2] An alias that was never given, with an empty Topic Name, is a Protocol Error: nothing is
/// swallowed, and nothing delivered.
#[test]
fn an_alias_that_stands_for_nothing_ends_the_connection() {
    for given in [None, Some(2)] {
        let mut world = World::new(Config::default());
        let reader = world.connect(connect("reader"));
        world.send(reader, subscribe(1, "#", QoS::AtMostOnce));
        let link = world.connect(connect("c"));
        if let Some(given) = given {
            world.send(link, aliased(PublishTopic::Both(name("a"), alias(given))));
        }
        world.forget();
        world.send(link, aliased(PublishTopic::Alias(alias(1))));
        let error = ProtocolError::UnknownTopicAlias { alias: alias(1) };
        let told = disconnect(DisconnectReasonCode::ProtocolError);
        assert_closed(&mut world, link, told, error);
        assert_eq!(world.take(reader).packets(), []);
    }
}

/// With a session that lasts, a window of 2, and that Topic Alias Maximum.
fn allowing(topic_alias_maximum: Option<u16>) -> Connect<'static> {
    let mut connect = resuming(V5, "reader", 600);
    connect.properties.topic_alias_maximum = topic_alias_maximum;
    connect.properties.receive_maximum = NonZeroU16::new(2);
    connect
}

fn aliased(topic: PublishTopic<'static>) -> Publish<'static> {
    Publish {
        topic,
        ..qos0("x", "x")
    }
}

fn alias(number: u16) -> TopicAlias {
    TopicAlias::new(number).unwrap()
}

fn assert_closed(world: &mut World, link: LinkId, told: Packet<'static>, error: ProtocolError) {
    let closed = Saw::Closed(CloseReason::Protocol(error));
    assert_eq!(world.take(link).all(), [Saw::Packet(told), closed]);
}
