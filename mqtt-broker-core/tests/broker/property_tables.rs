//! MQTT 5.0 §2.2.2: each property in each packet of a client, as `properties-v5.0.csv` has it.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{Saw, World, connect, disconnect, subscribe};
use crate::tables::{Place, Sender, malformed, properties};
use mqtt_broker_core::{Authentication, Config, LinkId};
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{Field, Limits, Packet, QoS, Version, decode};
use mqtt_session::{CloseReason, ProtocolError};

/// [MQTT-4.13.1-1] [MQTT-3.1.4-1] [5.0-1] [5.0-2] [often-wrong-29] [often-wrong-30] [choice-3] [MQTT-3.3.2-8] Properties that break
/// a rule end the connection: with DISCONNECT and the code for it, before CONNACK without a word. Nothing of the packet is
/// done.
#[test]
fn properties_that_break_a_rule_end_the_connection_with_its_code() {
    let (mut world, reader) = world();
    for place in from_clients() {
        for it in malformed(place) {
            let limits = Limits {
                packet_size: Limits::MAX_PACKET_SIZE,
            };
            let error = decode(Version::V5_0, &limits, &it.packet).unwrap_err();
            let code = DisconnectReasonCode::from_byte(it.code.byte()).unwrap();
            for (link, is_connected) in links(&mut world, place) {
                world.send_bytes(link, &it.packet);
                let goodbye = is_connected.then(|| Saw::Packet(disconnect(code)));
                let closed = Saw::Closed(CloseReason::Malformed(error));
                let expected: Vec<_> = goodbye.into_iter().chain([closed]).collect();
                assert_eq!(world.take(link).all(), expected, "{}", it.why);
                world.cut(link);
            }
            assert_eq!(world.take(reader).packets(), [], "{}", it.why);
        }
    }
}

/// [MQTT-4.13.1-1] [MQTT-3.3.4-6] [often-wrong-18] A property that a packet has from servers only is a Protocol Error.
#[test]
fn a_property_of_servers_is_a_protocol_error() {
    let (mut world, reader) = world();
    let mut seen = Vec::new();
    for place in from_clients() {
        for property in properties() {
            if property.sender(place) != Some(Sender::Server) {
                continue;
            }
            let error = match property.field {
                Field::SubscriptionIdentifier => ProtocolError::SubscriptionIdentifierFromClient,
                Field::ServerReference => ProtocolError::ServerReferenceFromClient,
                other => panic!("{other} is of both sides"),
            };
            for value in property.good() {
                let link = world.connect(connect("c"));
                world.send_bytes(link, &place.packet(&property.with(&value)));
                let expected = [
                    Saw::Packet(disconnect(DisconnectReasonCode::ProtocolError)),
                    Saw::Closed(CloseReason::Protocol(error)),
                ];
                assert_eq!(world.take(link).all(), expected);
                world.cut(link);
            }
            seen.push((place, property.field));
        }
    }
    assert_eq!(world.take(reader).packets(), []);
    let expected = [
        (Place::Publish, Field::SubscriptionIdentifier),
        (Place::Disconnect, Field::ServerReference),
    ];
    assert_eq!(seen, expected);
}

/// A property that a packet may have from a client changes nothing about what the client sees.
#[test]
fn each_property_is_taken_from_clients() {
    let (mut world, _) = world();
    for place in from_clients() {
        let baseline = seen_after(&mut world, place, &place.packet(required(place)));
        for property in properties() {
            let is_method = property.field == Field::AuthenticationMethod;
            let is_theirs = property
                .sender(place)
                .is_some_and(|it| it.includes(Sender::Client));
            // Those of CONNECT change CONNACK, see below; the method of AUTH is that of CONNECT.
            if !is_theirs || is_method || place == Place::Connect {
                continue;
            }
            for value in property.good() {
                let block = [required(place), &property.with(&value)].concat();
                let seen = seen_after(&mut world, place, &place.packet(&block));
                assert_eq!(seen, baseline, "{} in {place:?}", property.field);
            }
        }
    }
}

/// CONNECT is accepted with each of its properties, or asked about when they are for authentication.
#[test]
fn each_property_is_taken_in_connect() {
    let mut world = World::new(Config::default());
    for property in properties() {
        if property.sender(Place::Connect).is_none() {
            continue;
        }
        for value in property.good() {
            let block = [property.prefix(Place::Connect), &property.with(&value)].concat();
            let is_authentication = matches!(
                property.field,
                Field::AuthenticationMethod | Field::AuthenticationData
            );
            let link = match is_authentication {
                true => world.link_from(Authentication::Ask),
                false => world.link(),
            };
            world.send_bytes(link, &Place::Connect.packet(&block));
            let outcome = world.take(link);
            match outcome.all()[..] {
                [Saw::Paused] => assert!(is_authentication),
                [Saw::Packet(Packet::Connack(connack))] => {
                    assert!(!is_authentication);
                    assert_eq!(connack.reason_code, ConnectReasonCode::Success);
                }
                // [MQTT-3.1.2-24]: who takes 1 or 2 bytes takes no CONNACK.
                [Saw::Closed(CloseReason::Refused(ConnectReasonCode::PacketTooLarge))] => {
                    assert_eq!(property.field, Field::MaximumPacketSize);
                    assert!(matches!(value[..], [0, 0, 0, 1 | 2]), "{value:?}");
                }
                ref other => panic!("{}: {other:?}", property.field),
            }
            world.cut(link);
        }
    }
}

/// A broker, and a reader of all topics.
fn world() -> (World, LinkId) {
    let mut world = World::new(Config {
        topic_alias_maximum: u16::MAX,
        ..Config::default()
    });
    let reader = world.connect(connect("reader"));
    world.send(reader, subscribe(1, "#", QoS::AtMostOnce));
    world.take(reader);
    (world, reader)
}

/// Each packet of a client that has properties.
fn from_clients() -> impl Iterator<Item = Place> {
    Place::ALL
        .into_iter()
        .filter(|it| it.has_properties() && it.sender().includes(Sender::Client))
}

/// A link in each state in which such a packet may come, and whether it is connected.
fn links(world: &mut World, place: Place) -> Vec<(LinkId, bool)> {
    match place {
        Place::Connect | Place::Will => vec![(world.link(), false)],
        Place::Auth => vec![
            (world.awaiting_auth("m"), false),
            (world.connected_by("m"), true),
            (world.connect(connect("c")), true),
        ],
        Place::Disconnect => vec![
            (world.awaiting_auth("m"), false),
            (world.connect(connect("c")), true),
        ],
        _ => vec![(world.connect(connect("c")), true)],
    }
}

/// Without which the packet would be refused.
fn required(place: Place) -> &'static [u8] {
    match place {
        Place::Auth => b"\x15\0\x01m",
        _ => b"",
    }
}

/// All that a client sees that sends a packet and then PINGREQ.
fn seen_after(world: &mut World, place: Place, packet: &[u8]) -> String {
    let link = match place {
        Place::Connect | Place::Will => world.link(),
        Place::Auth => world.awaiting_auth("m"),
        _ => {
            // So that DISCONNECT may raise it.
            let mut connect = connect("c");
            connect.properties.session_expiry_interval = Some(1);
            world.connect(connect)
        }
    };
    world.send_bytes(link, packet);
    world.send_bytes(link, b"\xC0\0");
    let seen = format!("{:?}", world.take(link).all());
    world.cut(link);
    seen
}
