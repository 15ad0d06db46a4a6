//! MQTT 5.0 §3.3.2.3, §3.1.3.2: which properties of a PUBLISH and of a Will reach subscribers, as `properties-v5.0.csv` has it.
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

use crate::harness::{World, connect, resuming, subscribe};
use crate::tables::{Place, Property, Rule, Sender, framed, properties, sized};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::{Field, Packet, QoS, Version};

const V5: Version = Version::V5_0;

/// [MQTT-3.3.2-4] [MQTT-3.3.2-6] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-20] Each property of a PUBLISH, to who is
/// there, to who comes back, and to who finds it retained.
#[test]
fn each_property_of_a_publish_is_forwarded_or_is_the_connections() {
    for property in from_clients(Place::Publish) {
        for value in values(property) {
            let block = property.with(&value);
            let mut world = World::new(Config {
                topic_alias_maximum: u16::MAX,
                ..Config::default()
            });
            let reader = reader(&mut world, "reader");
            let offline = reader_of(&mut world, resuming(V5, "offline", 600), "a");
            world.cut(offline);
            let writer = world.connect(connect("writer"));
            // QoS 1, retained.
            let body = [b"\0\x01a\0\x01", &sized(&block)[..], b"hi"].concat();
            world.send_bytes(writer, &framed(0x33, &body));
            let expected = if is_forwarded(property) {
                &block[..]
            } else {
                b""
            };
            let what = format!("{}", property.field);
            assert_eq!(blocks(&mut world, reader), [expected], "{what}");
            let offline = world.connect_and_keep(resuming(V5, "offline", 600));
            assert_eq!(blocks(&mut world, offline), [expected], "{what}");
            let late = world.connect(connect("late"));
            world.send(late, subscribe(1, "a", QoS::AtMostOnce));
            assert_eq!(blocks(&mut world, late), [expected], "{what}");
        }
    }
}

/// [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-20] Each property of a Will; its delay is the
/// broker's to keep.
#[test]
fn each_property_of_a_will_is_published_or_is_the_brokers() {
    for property in from_clients(Place::Will) {
        for value in values(property) {
            let block = property.with(&value);
            let mut world = World::new(Config::default());
            let reader = reader(&mut world, "reader");
            let link = world.link();
            world.send_bytes(link, &Place::Will.packet(&block));
            world.cut(link);
            world.advance(Duration::from_micros(1));
            let expected = if is_forwarded(property) {
                &block[..]
            } else {
                b""
            };
            assert_eq!(blocks(&mut world, reader), [expected], "{}", property.field);
        }
    }
}

/// [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.1.3-10] User Properties keep their order and their repetitions, whatever stands between
/// them.
#[test]
fn user_properties_keep_their_order() {
    let pairs: [&[u8]; 4] = [
        b"\x26\0\x01b\0\x011",
        b"\x26\0\x01a\0\x012",
        b"\x26\0\x01b\0\x011",
        b"\x26\0\0\0\0",
    ];
    let content_type: &[u8] = b"\x03\0\x01t";
    let sent = [pairs[0], pairs[1], content_type, pairs[2], pairs[3]].concat();
    // The order of different properties has no meaning.
    let expected = [&pairs.concat(), content_type].concat();
    let mut world = World::new(Config::default());
    let reader = reader(&mut world, "reader");
    let writer = world.connect(connect("writer"));
    world.send_bytes(writer, &Place::Publish.packet(&sent));
    assert_eq!(blocks(&mut world, reader), [&expected[..]]);
    let link = world.link();
    world.send_bytes(link, &Place::Will.packet(&sent));
    world.cut(link);
    assert_eq!(blocks(&mut world, reader), [&expected[..]]);
}

/// Those that a packet may have from a client.
fn from_clients(place: Place) -> impl Iterator<Item = &'static Property> {
    properties().iter().filter(move |it| {
        it.sender(place)
            .is_some_and(|it| it.includes(Sender::Client))
    })
}

/// A message that has expired is not for subscribers.
fn values(property: &Property) -> Vec<Vec<u8>> {
    let mut values = property.good();
    if property.field == Field::MessageExpiryInterval {
        values.retain(|value| value != b"\0\0\0\0");
    }
    values
}

/// Of an expiry interval the rest is sent on, which is all of it when no time has passed.
fn is_forwarded(property: &Property) -> bool {
    // The table leaves it to [MQTT-3.3.2-4].
    property.field == Field::PayloadFormatIndicator
        || property.rules.contains(&Rule::Forwarded)
        || property.rules.contains(&Rule::ForwardedInPart)
}

/// A client that is subscribed to all that these tests publish.
fn reader(world: &mut World, client_id: &'static str) -> LinkId {
    reader_of(world, connect(client_id), "#")
}

fn reader_of(
    world: &mut World,
    connect: impl Into<Packet<'static>>,
    filter: &'static str,
) -> LinkId {
    let link = world.connect(connect);
    world.send(link, subscribe(1, filter, QoS::AtLeastOnce));
    world.take(link);
    link
}

/// The properties of each PUBLISH that a link saw, encoded.
fn blocks(world: &mut World, link: LinkId) -> Vec<Vec<u8>> {
    let outcome = world.take(link);
    let publishes = outcome
        .sent()
        .into_iter()
        .filter_map(|packet| match packet {
            Packet::Publish(publish) => Some(publish),
            _ => None,
        });
    publishes
        .map(|publish| {
            let topic = publish.topic.name().unwrap().as_str().len();
            let packet = Packet::Publish(publish);
            let mut bytes = vec![0; packet.encoded_len(V5).unwrap()];
            packet.encode(V5, &mut bytes);
            let id = 2 * usize::from(publish.delivery.packet_id().is_some());
            let begin = 2 + 2 + topic + id;
            let len = usize::from(bytes[begin]);
            bytes[begin + 1..begin + 1 + len].to_vec()
        })
        .collect()
}
