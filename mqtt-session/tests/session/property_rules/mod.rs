//! MQTT 5.0 §2.2.2.2: the rules of properties that need to know more than one packet, at both ends, each with its code as
//! `properties-v5.0.csv` has it.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

mod limits;

use crate::support::packets::*;
use crate::support::*;
use crate::tables::{Breach, Place, Sender, framed, properties, property};
use mqtt_codec::packet::{Connack, ConnackProperties, Connect, ConnectProperties};
use mqtt_codec::{Field, Text, Version};
use mqtt_session::client::{self, Event as ClientEvent};
use mqtt_session::server;
use mqtt_session::{CloseReason, ProblemInformation, ProtocolError};

const V5: Version = Version::V5_0;

/// What is refused, and beside it what is just allowed.
struct Case {
    receiver: Receiver,
    allowed: Option<Vec<u8>>,
    refused: Vec<u8>,
    reason: CloseReason,
}

/// [MQTT-4.13.1-1] [5.0-2] [often-wrong-2] [often-wrong-3] [often-wrong-13] [often-wrong-27] [MQTT-3.3.4-6] Each violation of the
/// table ends the connection, with its code; what is just allowed does not.
#[test]
fn each_violation_ends_the_connection_with_its_code() {
    for property in properties() {
        for violation in &property.violations {
            for mut case in cases(violation.breach) {
                let what = format!("{}: {:?}", property.field, violation.breach);
                if let Some(allowed) = case.allowed {
                    let outs = case.receiver.receive(&allowed);
                    assert!(!outs.is_empty(), "{what}");
                    assert!(
                        !outs.iter().any(|it| matches!(it, Out::Close(_))),
                        "{what}: {outs:?}"
                    );
                }
                let expected = case.receiver.refusal(violation.code, case.reason);
                assert_eq!(case.receiver.receive(&case.refused), expected, "{what}");
            }
        }
    }
}

/// [often-wrong-33] Who wants no reasons takes them on CONNACK, PUBLISH and DISCONNECT all the same.
#[test]
fn reasons_are_taken_where_the_server_may_always_give_them() {
    let block = b"\x1F\0\x01r\x26\0\x01k\0\x01v";
    let mut client = Client::new(unwanted(None));
    client.connect();
    let outs = client.receive_bytes(&Place::Connack.packet(block));
    assert_eq!(shapes(&outs), ["Connected"]);
    let outs = client.receive_bytes(&Place::Publish.packet(&block[4..]));
    assert_eq!(outs, [deliver("a", "hi")]);
    let outs = client.receive_bytes(&Place::Disconnect.packet(block));
    let reason = CloseReason::PeerDisconnected { reason: code(0) };
    assert!(matches!(outs[0], Out::Client(ClientEvent::Disconnected(_))));
    assert_eq!(outs[1..], [Out::Close(reason)]);
}

/// Whether a payload is the text that it says is not looked at, as the standard allows.
#[test]
fn a_payload_that_is_not_what_it_says_is_delivered() {
    assert!(
        property(Field::PayloadFormatIndicator)
            .code(Breach::PayloadMismatch)
            .is_some()
    );
    for peer in [Sender::Client, Sender::Server] {
        let mut receiver = Receiver::connected(peer, None);
        let outs = receiver.receive(&framed(0x30, b"\0\x01a\x02\x01\x01\xFF"));
        let topic = mqtt_codec::TopicNameBuf::new("a").unwrap();
        assert_eq!(outs, [Out::Deliver(topic, vec![0xFF])]);
    }
}

/// The ways to break a rule, at each side that can meet it.
fn cases(breach: Breach) -> Vec<Case> {
    match breach {
        // One packet alone shows these, see `property_tables.rs`.
        Breach::Repeated(_)
        | Breach::Value
        | Breach::IllFormed
        | Breach::Wildcard
        | Breach::WithoutMethod => vec![],
        // These are the application's to look at.
        Breach::PayloadMismatch | Breach::UnsupportedMethod => vec![],
        Breach::InPublishFromClient => identifier_from_client(),
        Breach::InDisconnectFromServer => expiry_from_server(),
        Breach::RaisedInDisconnect => raised_expiry(),
        Breach::MissingInAuth => missing_method(),
        Breach::AuthAfterNone => method_after_none(),
        Breach::UnwantedReasons => unwanted_reasons(),
        Breach::MoreInFlight => limits::more_in_flight(),
        Breach::PacketAbove => limits::larger_packet(),
        Breach::AliasAboveMaximum => limits::alias_above_maximum(),
        Breach::UnknownAlias => limits::unknown_alias(),
        Breach::NoTopic => limits::no_topic(),
        Breach::QoSAbove => limits::qos_above(),
        Breach::Retained => limits::retained(),
        Breach::WildcardFilter => limits::wildcard_filter(),
        Breach::IdentifierInSubscribe => limits::identifier_in_subscribe(),
        Breach::SharedFilter => limits::shared_filter(),
    }
}

fn identifier_from_client() -> Vec<Case> {
    vec![Case {
        receiver: Receiver::connected(Sender::Client, None),
        allowed: Some(Place::Publish.packet(b"")),
        refused: Place::Publish.packet(b"\x0B\x01"),
        reason: CloseReason::Protocol(ProtocolError::SubscriptionIdentifierFromClient),
    }]
}

fn expiry_from_server() -> Vec<Case> {
    vec![Case {
        receiver: Receiver::connected(Sender::Server, None),
        allowed: None,
        refused: Place::Disconnect.packet(b"\x11\0\0\0\0"),
        reason: CloseReason::Protocol(ProtocolError::SessionExpiryFromServer),
    }]
}

fn raised_expiry() -> Vec<Case> {
    [None, Some(0)]
        .map(|session_expiry_interval| {
            let properties = ConnectProperties {
                session_expiry_interval,
                ..ConnectProperties::default()
            };
            let connect = Connect {
                properties,
                ..connect(V5)
            };
            Case {
                receiver: Server::connected_with(server::Config::default(), &connect).into(),
                allowed: None,
                refused: Place::Disconnect.packet(b"\x11\0\0\0\x01"),
                reason: CloseReason::Protocol(ProtocolError::SessionExpiryRaised),
            }
        })
        .into()
}

/// AUTH without a method, before CONNACK and behind it; also the short form.
fn missing_method() -> Vec<Case> {
    let mut cases = Vec::new();
    for peer in [Sender::Client, Sender::Server] {
        for refused in [Place::Auth.packet(b""), framed(0xF0, b"")] {
            let early = Receiver::taking(peer, Place::Auth, Some("m"));
            for receiver in [early, Receiver::connected(peer, Some("m"))] {
                cases.push(Case {
                    receiver,
                    allowed: None,
                    refused: refused.clone(),
                    reason: CloseReason::Protocol(ProtocolError::AuthWithoutMethod),
                });
            }
        }
    }
    cases
}

/// AUTH where CONNECT had no method. A server reads none before its CONNACK then.
fn method_after_none() -> Vec<Case> {
    [
        Receiver::connected(Sender::Client, None),
        Receiver::connected(Sender::Server, None),
        Receiver::taking(Sender::Server, Place::Auth, None),
    ]
    .map(|receiver| Case {
        receiver,
        allowed: None,
        refused: Place::Auth.packet(b"\x15\0\x01m"),
        reason: CloseReason::Protocol(ProtocolError::AuthWithoutMethod),
    })
    .into()
}

/// In every packet that may have them from a server, but for three.
fn unwanted_reasons() -> Vec<Case> {
    let mut cases = Vec::new();
    for (field, value) in [
        (Field::ReasonString, &b"\0\0"[..]),
        (Field::UserProperty, b"\0\0\0\0"),
    ] {
        let property = property(field);
        for &(place, sender) in &property.places {
            let exempt = matches!(place, Place::Connack | Place::Publish | Place::Disconnect);
            if exempt || !sender.includes(Sender::Server) {
                continue;
            }
            let method = Some("m").filter(|_| place == Place::Auth);
            let required = method.map_or(&b""[..], |_| b"\x15\0\x01m");
            let client = Client::connected_with(unwanted(method), connack_with(method));
            let error = ProtocolError::UnwantedProblemInformation(place.packet_type());
            cases.push(Case {
                receiver: client.into(),
                allowed: Some(Place::Publish.packet(b"\x26\0\0\0\0")),
                refused: place.packet(&[required, &property.with(value)].concat()),
                reason: CloseReason::Protocol(error),
            });
        }
    }
    assert_eq!(cases.len(), 14);
    cases
}

/// Of a client that wants no reasons.
fn unwanted(method: Option<&str>) -> client::Config {
    client::Config {
        problem_information: ProblemInformation::Unwanted,
        authentication: method.map(|method| client::InitialAuthentication {
            method: text(method),
            data: None,
        }),
        ..client_config(V5)
    }
}

fn connack_with(method: Option<&'static str>) -> Connack<'static> {
    connack(ConnackProperties {
        authentication_method: method.map(|method| Text::new(method).unwrap()),
        ..ConnackProperties::default()
    })
}
