//! MQTT 5.0 §2.4: each reason code in each packet of a client, as `reason-codes-v5.0.csv` has it.
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
    Saw, World, connect, disconnect, pubcomp, pubrec, pubrel, qos1, qos2, refused, subscribe, will,
};
use crate::tables::{CODED, Coded, Place, Sender};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{DecodeError, Packet, PacketType, QoS, ReasonCode};
use mqtt_session::{CloseReason, ProtocolError};

/// [MQTT-4.13.1-1] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] [MQTT-3.14.2-1] [MQTT-3.15.2-1] A code that is none
/// of the packet's ends the connection.
#[test]
fn a_reason_code_that_is_none_of_the_packets_is_a_protocol_error() {
    let mut world = World::new(Config::default());
    for (place, byte) in every_code() {
        if Coded::of(place, byte).is_some() {
            continue;
        }
        let error = DecodeError::InvalidReasonCode {
            packet_type: place.packet_type(),
            code: byte,
        };
        for (link, is_connected) in links(&mut world, place) {
            world.send_bytes(link, &place.coded(byte, method(place)));
            let closed = Saw::Closed(CloseReason::Malformed(error));
            let goodbye = is_connected.then(protocol_error);
            let expected: Vec<_> = goodbye.into_iter().chain([closed]).collect();
            assert_eq!(world.take(link).all(), expected, "{byte:#04x} in {place:?}");
            world.cut(link);
        }
    }
}

/// [MQTT-4.13.1-1] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.14.2-1] [MQTT-3.15.2-1] A code that is a server's in this packet ends the
/// connection.
#[test]
fn a_reason_code_of_servers_is_a_protocol_error() {
    let mut world = World::new(Config::default());
    let mut seen = Vec::new();
    for (place, byte) in every_code() {
        if Coded::of(place, byte).is_none_or(|it| it.taken_from.includes(Sender::Client)) {
            continue;
        }
        let error = match place {
            Place::Auth => ProtocolError::UnexpectedAuth,
            _ => ProtocolError::UnexpectedReasonCode {
                packet_type: place.packet_type(),
                reason_code: ReasonCode::from_byte(byte).unwrap(),
            },
        };
        let link = match place {
            Place::Auth => world.connected_by("m"),
            _ => world.connect(connect("c")),
        };
        world.send_bytes(link, &place.coded(byte, method(place)));
        let closed = Saw::Closed(CloseReason::Protocol(error));
        let expected = [protocol_error(), closed];
        assert_eq!(world.take(link).all(), expected, "{byte:#04x} in {place:?}");
        world.cut(link);
        seen.push(place);
    }
    let of = |place| seen.iter().filter(|it| **it == place).count();
    let counts = [Place::Puback, Place::Pubrec, Place::Disconnect, Place::Auth].map(of);
    assert_eq!(counts, [1, 1, 14, 1]);
}

/// [MQTT-3.15.2-1] Before CONNACK, AUTH goes on and nothing else; the refusal is a CONNACK.
#[test]
fn auth_before_connack_says_continue() {
    for byte in [0x00, 0x18, 0x19] {
        let mut world = World::new(Config::default());
        let link = world.awaiting_auth("m");
        world.send_bytes(link, &Place::Auth.coded(byte, method(Place::Auth)));
        let outcome = world.take(link);
        let code = ConnectReasonCode::ProtocolError;
        let refusal = [
            Saw::Packet(refused(code)),
            Saw::Closed(CloseReason::Refused(code)),
        ];
        match byte {
            0x18 => assert_eq!(outcome.all(), [Saw::Paused]),
            _ => assert_eq!(outcome.all(), refusal),
        }
    }
}

/// [MQTT-4.4.0-2] [often-wrong-4] [often-wrong-24] Each code that an acknowledgement of a client may have goes on with the
/// exchange, or with an error ends it: then its place in the window is the next message's.
#[test]
fn each_acknowledgement_of_a_client_is_taken() {
    for (place, byte) in every_code() {
        let is_theirs =
            Coded::of(place, byte).is_some_and(|it| it.taken_from.includes(Sender::Client));
        if !is_theirs || matches!(place, Place::Disconnect | Place::Auth) {
            continue;
        }
        let (mut world, link) = under_way(place);
        world.send_bytes(link, &place.coded(byte, b""));
        let expected = match place {
            Place::Puback => Packet::Publish(qos1(2, "a", "next")),
            Place::Pubrec if byte < 0x80 => pubrel(1),
            Place::Pubrel => pubcomp(1),
            _ => Packet::Publish(qos2(2, "a", "next")),
        };
        let outcome = world.take(link);
        assert_eq!(outcome.packets(), [expected], "{byte:#04x} in {place:?}");
    }
}

/// [MQTT-3.14.4-3] [MQTT-4.13.2-1] [MQTT-3.1.2-8] [often-wrong-11] Each code of DISCONNECT ends the connection; 0x00 alone
/// drops the Will, and also one that the client may not say leaves it.
#[test]
fn each_disconnect_of_a_client_ends_the_connection() {
    let mut world = World::new(Config::default());
    let reader = world.connect(connect("reader"));
    world.send(reader, subscribe(1, "w", QoS::AtMostOnce));
    world.take(reader);
    for byte in 0..=u8::MAX {
        let mut with_will = connect("c");
        with_will.will = Some(will("w", "x"));
        let link = world.connect(with_will);
        world.send_bytes(link, &Place::Disconnect.coded(byte, b""));
        let outcome = world.take(link);
        if is_said_by_clients(byte) {
            let reason = DisconnectReasonCode::from_byte(byte).unwrap();
            let closed = Saw::Closed(CloseReason::PeerDisconnected { reason });
            assert_eq!(outcome.all(), [closed]);
        }
        assert!(matches!(outcome.all().last(), Some(Saw::Closed(_))));
        let wills = world.take(reader).packets().len();
        assert_eq!(wills, usize::from(byte != 0), "{byte:#04x}");
        world.cut(link);
    }
}

/// [MQTT-3.14.2-1] [MQTT-4.13.1-1] Before CONNACK, while AUTH is awaited, DISCONNECT ends the connection with its code
/// [MQTT-3.1.2-30]; a code or a property that is a server's is a Protocol Error there, too, and nothing is said.
#[test]
fn a_disconnect_before_connack_ends_the_connection() {
    let mut world = World::new(Config::default());
    let mut counts = [0, 0];
    for byte in 0..=u8::MAX {
        let Some(reason) = DisconnectReasonCode::from_byte(byte) else {
            continue;
        };
        let is_said = is_said_by_clients(byte);
        counts[usize::from(is_said)] += 1;
        let expected = match is_said {
            true => CloseReason::PeerDisconnected { reason },
            false => CloseReason::Protocol(ProtocolError::UnexpectedReasonCode {
                packet_type: PacketType::Disconnect,
                reason_code: reason.into(),
            }),
        };
        let reference = CloseReason::Protocol(ProtocolError::ServerReferenceFromClient);
        for (properties, expected) in [(&b""[..], expected), (b"\x1c\0\x01s", reference)] {
            let link = world.awaiting_auth("m");
            world.send_bytes(link, &Place::Disconnect.coded(byte, properties));
            let closed = Saw::Closed(expected);
            assert_eq!(world.take(link).all(), [closed], "{byte:#04x}");
            world.cut(link);
        }
    }
    assert_eq!(counts, [14, 16]);
}

fn is_said_by_clients(byte: u8) -> bool {
    Coded::of(Place::Disconnect, byte).is_some_and(|it| it.taken_from.includes(Sender::Client))
}

/// Each byte as the code of each packet of a client that has one.
fn every_code() -> impl Iterator<Item = (Place, u8)> {
    CODED
        .into_iter()
        .filter(|place| place.sender().includes(Sender::Client))
        .flat_map(|place| (0..=u8::MAX).map(move |byte| (place, byte)))
}

/// A link in each state in which such a packet may come, and whether it is connected.
fn links(world: &mut World, place: Place) -> Vec<(LinkId, bool)> {
    match place {
        Place::Auth => vec![
            (world.awaiting_auth("m"), false),
            (world.connected_by("m"), true),
        ],
        Place::Disconnect => vec![
            (world.awaiting_auth("m"), false),
            (world.connect(connect("c")), true),
        ],
        _ => vec![(world.connect(connect("c")), true)],
    }
}

/// A client with a window of one, to which that acknowledgement is due under Packet Identifier 1, and another message behind
/// it; for PUBREL the broker's answer is due.
fn under_way(place: Place) -> (World, LinkId) {
    let mut world = World::new(Config::default());
    let mut narrow = connect("c");
    narrow.properties.receive_maximum = NonZeroU16::new(1);
    let link = world.connect(narrow);
    world.send(link, subscribe(1, "a", QoS::ExactlyOnce));
    let writer = world.connect(connect("writer"));
    match place {
        Place::Pubrel => world.send(link, qos2(1, "b", "x")),
        Place::Puback => {
            world.send(writer, qos1(1, "a", "x"));
            world.send(writer, qos1(2, "a", "next"));
        }
        _ => {
            world.send(writer, qos2(1, "a", "x"));
            world.send(writer, qos2(2, "a", "next"));
        }
    }
    if place == Place::Pubcomp {
        world.send(link, pubrec(1));
    }
    world.forget();
    (world, link)
}

/// The Authentication Method, without which AUTH would be refused.
fn method(place: Place) -> &'static [u8] {
    match place {
        Place::Auth => b"\x15\0\x01m",
        _ => b"",
    }
}

fn protocol_error() -> Saw<'static> {
    Saw::Packet(disconnect(DisconnectReasonCode::ProtocolError))
}
