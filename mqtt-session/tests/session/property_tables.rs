//! MQTT 5.0 §2.2.2: each property in each packet, at both ends, as `properties-v5.0.csv` has it.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::{Out, Receiver, limits, shapes};
use crate::tables::{Place, Property, Sender, malformed, properties};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Field, ReasonCode, Version, decode};
use mqtt_session::{CloseReason, ProtocolError};

const V5: Version = Version::V5_0;

/// A property that a packet may have from this side changes nothing about what becomes of the packet.
#[test]
fn each_property_is_taken_from_who_may_send_it() {
    for (peer, place) in packets() {
        for property in properties() {
            if !property.sender(place).is_some_and(|it| it.includes(peer)) {
                continue;
            }
            for value in property.good() {
                let method = method(property, place, &value);
                let required = required(place, method.as_deref());
                let with = match property.field {
                    Field::AuthenticationMethod => property.with(&value),
                    _ => [
                        &required[..],
                        property.prefix(place),
                        &property.with(&value),
                    ]
                    .concat(),
                };
                let receive = |block: &[u8]| {
                    Receiver::taking(peer, place, method.as_deref()).receive(&place.packet(block))
                };
                let outs = receive(&with);
                let expected = if takes_no_acknowledgement(place, property.field, &value) {
                    // [MQTT-3.2.2-15]: the client could not answer anything.
                    let reason = DisconnectReasonCode::PacketTooLarge;
                    vec![Out::Close(CloseReason::Disconnected { reason })]
                } else {
                    receive(&required)
                };
                assert!(!outs.is_empty(), "{place:?} is taken");
                let what = format!("{} in {place:?}: {outs:?}", property.field);
                assert_eq!(shapes(&outs), shapes(&expected), "{what}");
            }
        }
    }
}

/// [MQTT-4.13.1-1] [5.0-1] [5.0-2] [often-wrong-29] [often-wrong-30] [choice-3] [MQTT-3.3.2-8] Properties that break a rule
/// end the connection: with CONNACK before there was one, with DISCONNECT from then on, and with the code for it.
#[test]
fn properties_that_break_a_rule_end_the_connection_with_its_code() {
    for (peer, place) in packets() {
        for it in malformed(place) {
            let error = decode(V5, &limits(), &it.packet).unwrap_err();
            for mut receiver in receivers(peer, place) {
                let expected = receiver.refusal(it.code, CloseReason::Malformed(error));
                assert_eq!(receiver.receive(&it.packet), expected, "{}", it.why);
            }
        }
    }
}

/// [MQTT-4.13.1-1] [MQTT-3.3.4-6] [often-wrong-18] A property that the packet has from the other side only is
/// a Protocol Error.
#[test]
fn a_property_of_the_other_side_is_a_protocol_error() {
    let mut seen = Vec::new();
    for (peer, place) in packets() {
        for property in properties() {
            let Some(sender) = property.sender(place) else {
                continue;
            };
            if sender.includes(peer) {
                continue;
            }
            let error = of_the_other_side(property.field);
            for value in property.good() {
                let packet = place.packet(&property.with(&value));
                let mut receiver = Receiver::connected(peer, None);
                let expected =
                    receiver.refusal(ReasonCode::ProtocolError, CloseReason::Protocol(error));
                assert_eq!(receiver.receive(&packet), expected, "{}", property.field);
            }
            seen.push(property.field);
        }
    }
    assert_eq!(
        seen,
        [
            Field::SubscriptionIdentifier,
            Field::ServerReference,
            Field::SessionExpiryInterval
        ]
    );
}

/// Each packet that has properties, with each side that sends it.
fn packets() -> impl Iterator<Item = (Sender, Place)> {
    [Sender::Client, Sender::Server]
        .into_iter()
        .flat_map(|peer| Place::ALL.map(|place| (peer, place)))
        .filter(|(peer, place)| place.has_properties() && place.sender().includes(*peer))
}

/// In each state in which they may meet such a packet, and nothing is under way.
fn receivers(peer: Sender, place: Place) -> Vec<Receiver> {
    match place {
        Place::Connect | Place::Will | Place::Connack => {
            vec![Receiver::taking(peer, place, None)]
        }
        Place::Auth => vec![
            Receiver::taking(peer, place, Some("m")),
            Receiver::connected(peer, Some("m")),
            Receiver::connected(peer, None),
        ],
        _ => vec![Receiver::connected(peer, None)],
    }
}

/// The Authentication Method that CONNECT must have had.
fn method(property: &Property, place: Place, value: &[u8]) -> Option<String> {
    match (place, property.field) {
        (Place::Auth | Place::Connack, Field::AuthenticationMethod) => {
            Some(String::from_utf8(value[2..].to_vec()).unwrap())
        }
        (Place::Auth, _) | (Place::Connack, Field::AuthenticationData) => Some("m".to_owned()),
        _ => None,
    }
}

/// The properties that the packet must have.
fn required(place: Place, method: Option<&str>) -> Vec<u8> {
    let Some(method) = method.filter(|_| matches!(place, Place::Auth | Place::Connack)) else {
        return Vec::new();
    };
    let len = u8::try_from(method.len()).unwrap();
    [&[0x15, 0, len], method.as_bytes()].concat()
}

fn of_the_other_side(field: Field) -> ProtocolError {
    match field {
        Field::SubscriptionIdentifier => ProtocolError::SubscriptionIdentifierFromClient,
        Field::SessionExpiryInterval => ProtocolError::SessionExpiryFromServer,
        Field::ServerReference => ProtocolError::ServerReferenceFromClient,
        other => panic!("{other} is of both sides"),
    }
}

/// A Maximum Packet Size of a server, below the 4 bytes of the shortest acknowledgement.
fn takes_no_acknowledgement(place: Place, field: Field, value: &[u8]) -> bool {
    let is_limit = place == Place::Connack && field == Field::MaximumPacketSize;
    is_limit && matches!(value, [0, 0, 0, 0..4])
}
