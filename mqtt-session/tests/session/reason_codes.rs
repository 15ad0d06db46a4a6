//! MQTT 5.0 §2.4: each reason code in each packet, at both ends, as `reason-codes-v5.0.csv` has it.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use crate::tables::{CODED, Coded, Place, Sender};
use mqtt_codec::packet::{AcknowledgementProperties, Puback, Pubrec};
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode, PublishReasonCode};
use mqtt_codec::{DecodeError, Packet, ReasonCode, Version};
use mqtt_session::client::{self, DisconnectError};
use mqtt_session::server::{self, DisconnectError as ServerDisconnectError};
use mqtt_session::{AcknowledgeError, Acknowledgement, CloseReason, ProtocolError};

const V5: Version = Version::V5_0;

/// [MQTT-4.13.1-1] [MQTT-3.2.2-8] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] [MQTT-3.9.3-2]
/// [MQTT-3.11.3-2] [MQTT-3.14.2-1] [MQTT-3.15.2-1] A code that is none of the packet's ends the connection.
#[test]
fn a_reason_code_that_is_none_of_the_packets_is_a_protocol_error() {
    for (peer, place, byte) in every_code() {
        if Coded::of(place, byte).is_some() {
            continue;
        }
        let error = DecodeError::InvalidReasonCode {
            packet_type: place.packet_type(),
            code: byte,
        };
        for mut receiver in receivers(peer, place) {
            let reason = CloseReason::Malformed(error);
            let expected = receiver.refusal(ReasonCode::ProtocolError, reason);
            let outs = receiver.receive(&place.coded(byte, b""));
            assert_eq!(outs, expected, "{byte:#04x} in {place:?}");
        }
    }
}

/// [MQTT-4.13.1-1] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.14.2-1] [MQTT-3.15.2-1] A code that is the other side's in this packet
/// ends the connection.
#[test]
fn a_reason_code_of_the_other_side_is_a_protocol_error() {
    let mut seen = Vec::new();
    for (peer, place, byte) in every_code() {
        let Some(coded) = Coded::of(place, byte) else {
            continue;
        };
        if coded.taken_from.includes(peer) {
            continue;
        }
        seen.push((place, byte));
        let error = match place {
            Place::Auth => ProtocolError::UnexpectedAuth,
            _ => ProtocolError::UnexpectedReasonCode {
                packet_type: place.packet_type(),
                reason_code: ReasonCode::from_byte(byte).unwrap(),
            },
        };
        let packet = place.coded(byte, properties(place));
        for mut receiver in receivers(peer, place) {
            let reason = CloseReason::Protocol(error);
            let expected = receiver.refusal(ReasonCode::ProtocolError, reason);
            let outs = receiver.receive(&packet);
            assert_eq!(outs, expected, "{byte:#04x} in {place:?}");
        }
    }
    let of = |place| seen.iter().filter(move |it| it.0 == place);
    assert_eq!(of(Place::Puback).count() + of(Place::Pubrec).count(), 2);
    assert_eq!(of(Place::Auth).count(), 2);
    assert_eq!(of(Place::Disconnect).count(), 15);
}

/// [MQTT-3.4.2-1] [MQTT-3.5.2-1] What a client says as if it were a server settles nothing: the message is sent again.
#[test]
fn no_matching_subscribers_from_a_client_settles_nothing() {
    for place in [Place::Puback, Place::Pubrec] {
        let mut receiver = Receiver::taking(Sender::Client, place, None);
        let error = ProtocolError::UnexpectedReasonCode {
            packet_type: place.packet_type(),
            reason_code: ReasonCode::NoMatchingSubscribers,
        };
        let reason = CloseReason::Protocol(error);
        let expected = receiver.refusal(ReasonCode::ProtocolError, reason);
        assert_eq!(receiver.receive(&place.coded(0x10, b"")), expected);
        assert_eq!(receiver.in_flight(), 1);
    }
}

/// Each code that the packet may have from this side does what such a code does.
#[test]
fn each_reason_code_is_taken_from_who_may_say_it() {
    for (peer, place, byte) in every_code() {
        if !Coded::of(place, byte).is_some_and(|it| it.taken_from.includes(peer)) {
            continue;
        }
        let mut receiver = match (place, byte) {
            (Place::Auth, 0x00 | 0x19) => Receiver::connected(peer, Some("m")),
            (Place::Auth, _) => Receiver::taking(peer, place, Some("m")),
            _ => Receiver::taking(peer, place, None),
        };
        if (place, byte) == (Place::Auth, 0x00) {
            receiver.reauthenticate();
        }
        let outs = receiver.receive(&place.coded(byte, properties(place)));
        let expected = outcome(peer, place, byte);
        assert_eq!(shapes(&outs), expected, "{byte:#04x} in {place:?}");
    }
}

/// [MQTT-3.14.2-1] Each side says only what is its to say when it leaves; the other codes are refused to the caller.
#[test]
fn each_side_has_its_reason_codes_for_disconnect() {
    for &reason_code in DisconnectReasonCode::ALL {
        let coded = Coded::of(Place::Disconnect, reason_code.byte()).unwrap();
        let sends = |side| coded.sent_by.is_some_and(|it| it.includes(side));
        let goodbye = [
            send(V5, disconnect(reason_code)),
            Out::Close(CloseReason::Requested),
        ];

        let mut client = Client::connected(client_config(V5));
        let result = client
            .machine
            .disconnect(client.now, disconnect(reason_code));
        if sends(Sender::Client) {
            assert_eq!((result, client.drain().as_slice()), (Ok(()), &goodbye[..]));
        } else {
            assert_eq!(result, Err(DisconnectError::ReasonForServers));
            assert_eq!(client.drain(), []);
        }

        let mut server = Server::connected(V5);
        let result = server
            .machine
            .disconnect(server.now, disconnect(reason_code));
        if sends(Sender::Server) {
            assert_eq!((result, server.drain().as_slice()), (Ok(()), &goodbye[..]));
        } else {
            assert_eq!(result, Err(ServerDisconnectError::ReasonForClients));
            assert_eq!(server.drain(), []);
        }
    }
}

/// [MQTT-3.4.2-1] [MQTT-3.5.2-1] Each side acknowledges with its codes; a client cannot say No matching subscribers.
#[test]
fn each_side_has_its_reason_codes_for_acknowledgements() {
    for &reason in PublishReasonCode::ALL {
        let (puback, pubrec) = (Puback::new(id(1), reason), Pubrec::new(id(1), reason));
        for (place, publish, answer) in [
            (Place::Puback, qos1(1, "a", "x"), Packet::Puback(puback)),
            (Place::Pubrec, qos2(1, "a", "x"), Packet::Pubrec(pubrec)),
        ] {
            let coded = Coded::of(place, reason.byte()).unwrap();
            let sends = |side| coded.sent_by.is_some_and(|it| it.includes(side));
            let (mut client, mut server) = manual();

            client.receive(publish);
            let (token, now) = (client.tokens.remove(0), client.now);
            let result = client.machine.acknowledge(now, token, reason);
            if sends(Sender::Client) {
                assert_eq!((result, client.drain()), (Ok(()), vec![send(V5, answer)]));
            } else {
                assert_eq!(result, Err(AcknowledgeError::ReasonForServers));
                assert_eq!(client.drain(), []);
            }

            assert!(sends(Sender::Server));
            server.receive(publish);
            let (token, now) = (server.tokens.remove(0), server.now);
            let properties = AcknowledgementProperties::default();
            let result = server.machine.acknowledge(now, token, reason, &properties);
            assert_eq!((result, server.drain()), (Ok(()), vec![send(V5, answer)]));
        }
    }
}

/// Both sides, whose applications acknowledge.
fn manual() -> (Client, Server) {
    let acknowledgement = Acknowledgement::Manual;
    let client = client::Config {
        acknowledgement,
        ..client_config(V5)
    };
    let server = server::Config {
        acknowledgement,
        ..server::Config::default()
    };
    (
        Client::connected(client),
        Server::connected_with(server, &connect(V5)),
    )
}

/// Each byte as the code of each packet that has one, from each side that sends it.
fn every_code() -> impl Iterator<Item = (Sender, Place, u8)> {
    [Sender::Client, Sender::Server]
        .into_iter()
        .flat_map(|peer| CODED.map(|place| (peer, place)))
        .filter(|(peer, place)| place.sender().includes(*peer))
        .flat_map(|(peer, place)| (0..=u8::MAX).map(move |byte| (peer, place, byte)))
}

/// In each state in which they may meet such a packet, and nothing is under way.
fn receivers(peer: Sender, place: Place) -> Vec<Receiver> {
    match place {
        Place::Connack => vec![Receiver::taking(peer, place, None)],
        Place::Auth => vec![
            Receiver::taking(peer, place, Some("m")),
            Receiver::connected(peer, Some("m")),
        ],
        // Also while AUTH is awaited [MQTT-3.1.2-30].
        Place::Disconnect if peer == Sender::Client => vec![
            Receiver::taking(peer, Place::Auth, Some("m")),
            Receiver::connected(peer, None),
        ],
        _ => vec![Receiver::connected(peer, None)],
    }
}

/// Without which the packet would be refused.
fn properties(place: Place) -> &'static [u8] {
    match place {
        Place::Auth => b"\x15\0\x01m",
        _ => b"",
    }
}

/// What becomes of a code.
fn outcome(peer: Sender, place: Place, byte: u8) -> Vec<String> {
    let event = |name: &str| vec![name.to_owned()];
    let sends = |out: Out| shapes(&[out]);
    let closes = |name: &str, reason| [event(name), shapes(&[Out::Close(reason)])].concat();
    let is_error = byte >= 0x80;
    match place {
        Place::Connack if is_error => {
            let reason = ConnectReasonCode::from_byte(byte).unwrap();
            closes("Refused", CloseReason::Refused(reason))
        }
        Place::Connack => event("Connected"),
        Place::Puback | Place::Pubcomp => event("Published"),
        Place::Pubrec if is_error => event("Published"),
        Place::Pubrec => sends(send(V5, pubrel(1))),
        Place::Pubrel => sends(send(V5, pubcomp(1))),
        Place::Suback => event("Subscribed"),
        Place::Unsuback => event("Unsubscribed"),
        Place::Disconnect => {
            let reason = code(byte);
            closes("Disconnected", CloseReason::PeerDisconnected { reason })
        }
        Place::Auth => match (peer, byte) {
            (_, 0x18) if peer == Sender::Client => {
                ["Authenticate", "Pause"].map(str::to_owned).into()
            }
            (_, 0x18) => event("Authenticate"),
            (_, 0x19) => event("Reauthenticate"),
            _ => event("Reauthenticated"),
        },
        other => panic!("{other:?} has no reason code"),
    }
}
