//! MQTT 5.0 §3.3.2.3.4: the topic aliases of clients. The broker gives none.
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
    Saw, World, again, connect, disconnect, encoded, leak, name, puback, qos0, qos1, qos2,
    resuming, retained, subscribe,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::{Connect, Publish, PublishTopic};
use mqtt_codec::property::TopicAlias;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{DecodeError, Field, Packet, QoS, Version};
use mqtt_session::{CloseReason, ProtocolError};

const V5: Version = Version::V5_0;

/// [MQTT-3.1.2-26] [MQTT-3.1.2-27] [MQTT-3.3.2-11] [often-wrong-1] None is used, whatever the client offers.
#[test]
fn the_broker_sends_no_topic_alias() {
    for maximum in [None, Some(0), Some(10)] {
        let mut world = World::new(Config::default());
        let mut connect = connect("reader");
        connect.properties.topic_alias_maximum = maximum;
        let reader = world.connect(connect);
        world.send(reader, subscribe(1, "a", QoS::AtMostOnce));
        world.forget();
        let writer = world.connect(crate::harness::connect("writer"));
        world.send(writer, aliased("a", 1, "one"));
        world.send(writer, aliased("", 1, "two"));
        assert_eq!(
            world.take(reader).packets(),
            [
                Packet::Publish(qos0("a", "one")),
                Packet::Publish(qos0("a", "two"))
            ]
        );
    }
}

/// [MQTT-3.3.2-12] [MQTT-3.3.2-9] From 1 up to what was announced; an alias may be given anew.
#[test]
fn aliases_up_to_the_announced_maximum_are_taken() {
    let (mut world, writer, reader) = world(16);
    for alias in 1..=16 {
        let topic = leak(format!("topic/{alias}"));
        world.send(writer, aliased(topic, alias, "1"));
        world.send(writer, aliased("", alias, "2"));
        assert_eq!(
            world.take(reader).packets(),
            [
                Packet::Publish(qos0(topic, "1")),
                Packet::Publish(qos0(topic, "2"))
            ]
        );
    }
    world.send(writer, aliased("a", 16, "1"));
    world.send(writer, aliased("", 16, "2"));
    world.send(writer, aliased("b", 16, "3"));
    world.send(writer, aliased("", 16, "4"));
    assert_eq!(
        world.take(reader).packets(),
        [
            Packet::Publish(qos0("a", "1")),
            Packet::Publish(qos0("a", "2")),
            Packet::Publish(qos0("b", "3")),
            Packet::Publish(qos0("b", "4")),
        ]
    );
}

/// [MQTT-3.3.2-8] [MQTT-3.3.2-9] [often-wrong-1] [often-wrong-2] [5.0-2] An alias of 0 and one above the maximum end the
/// connection with 0x94, and one that stands for nothing with 0x82: at each QoS, with a topic or without, whether another one
/// was given or not, and each alias where none is announced. Nothing is delivered.
#[test]
fn an_alias_that_is_not_allowed_ends_the_connection() {
    let above = |value, maximum| {
        let alias = alias(value);
        CloseReason::Protocol(ProtocolError::TopicAliasInvalid { alias, maximum })
    };
    let unknown = CloseReason::Protocol(ProtocolError::UnknownTopicAlias { alias: alias(3) });
    let zero = CloseReason::Malformed(DecodeError::PropertyValue {
        property: Field::TopicAlias,
        value: 0,
    });
    for plain in [qos0("a", "x"), qos1(1, "a", "x"), qos2(1, "a", "x")] {
        let with = |topic| encoded(V5, Packet::Publish(Publish { topic, ..plain }));
        let both = |value| with(PublishTopic::Both(name("a"), alias(value)));
        let alone = |value| with(PublishTopic::Alias(alias(value)));
        let mut of_zero = both(1);
        let at = of_zero.windows(3).position(|it| it == [0x23, 0, 1]);
        of_zero[at.unwrap() + 2] = 0;
        for (maximum, bytes, code, reason) in [
            (16, both(17), 0x94, above(17, 16)),
            (16, alone(17), 0x94, above(17, 16)),
            (0, both(1), 0x94, above(1, 0)),
            (0, alone(1), 0x94, above(1, 0)),
            (16, alone(3), 0x82, unknown),
            (16, of_zero, 0x94, zero),
        ] {
            for gives_another in [false, maximum > 0] {
                let (mut world, writer, reader) = world(maximum);
                if gives_another {
                    world.send(writer, aliased("a", 2, "x"));
                    world.forget();
                }
                world.send_bytes(writer, &bytes);
                let said = disconnect(DisconnectReasonCode::from_byte(code).unwrap());
                let expected = [Saw::Packet(said), Saw::Closed(reason)];
                assert_eq!(world.take(writer).all(), expected);
                assert_eq!(world.take(reader).packets(), []);
            }
        }
    }
}

/// [MQTT-3.3.2-7] [often-wrong-1] Aliases end with the connection, not with the session.
#[test]
fn an_alias_of_an_earlier_connection_is_unknown() {
    let (mut world, _, reader) = world(16);
    let writer = world.connect(resuming(V5, "w", 600));
    world.send(writer, aliased("a", 1, "x"));
    world.cut(writer);
    let writer = world.connect(resuming(V5, "w", 600));
    world.forget();
    world.send(writer, aliased("", 1, "y"));
    let error = ProtocolError::UnknownTopicAlias { alias: alias(1) };
    let told = disconnect(DisconnectReasonCode::ProtocolError);
    assert_closed(&mut world, writer, told, error);
    assert_eq!(world.take(reader).packets(), []);
}

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

/// With a session that lasts, a window of 2, and that Topic Alias Maximum.
fn allowing(topic_alias_maximum: Option<u16>) -> Connect<'static> {
    let mut connect = resuming(V5, "reader", 600);
    connect.properties.topic_alias_maximum = topic_alias_maximum;
    connect.properties.receive_maximum = NonZeroU16::new(2);
    connect
}

/// A broker that announces this maximum, and 0 by leaving it out.
fn world(topic_alias_maximum: u16) -> (World, LinkId, LinkId) {
    let mut world = World::new(Config {
        topic_alias_maximum,
        ..Config::default()
    });
    let reader = world.connect(connect("reader"));
    world.send(reader, subscribe(1, "#", QoS::AtMostOnce));
    let (writer, outcome) = world.offer(connect("writer"));
    let [Packet::Connack(connack)] = outcome.packets()[..] else {
        panic!("CONNACK alone")
    };
    let announced = (topic_alias_maximum > 0).then_some(topic_alias_maximum);
    assert_eq!(connack.properties.topic_alias_maximum, announced);
    world.forget();
    (world, writer, reader)
}

fn alias(value: u16) -> TopicAlias {
    TopicAlias::new(value).unwrap()
}

fn assert_closed(world: &mut World, link: LinkId, told: Packet<'static>, error: ProtocolError) {
    let closed = Saw::Closed(CloseReason::Protocol(error));
    assert_eq!(world.take(link).all(), [Saw::Packet(told), closed]);
}

/// QoS 0, by an alias alone when the topic is empty.
fn aliased(topic: &'static str, value: u16, payload: &'static str) -> Publish<'static> {
    let mut publish = qos0("x", payload);
    publish.topic = match topic {
        "" => PublishTopic::Alias(alias(value)),
        topic => PublishTopic::Both(name(topic), alias(value)),
    };
    publish
}
