//! MQTT 5.0 §3.1.2.11, §3.2.2.3: what an absent property of CONNECT and CONNACK means, and what CONNACK must say.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests, too, may fail"
)]

use core::num::NonZeroU16;
use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use crate::tables::{Place, Property, Rule, properties};
use mqtt_codec::packet::AcknowledgementProperties;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{ClientId, Field, QoS, Text, Version};
use mqtt_session::client::{self, Event, InitialAuthentication};
use mqtt_session::server;
use mqtt_session::{Acknowledgement, CloseReason, ProtocolError};

const V5: Version = Version::V5_0;

/// [5.0-10] [often-wrong-1] A client that misses a property in CONNACK behaves as with its default, and otherwise with
/// another value.
#[test]
fn an_absent_property_of_connack_means_its_default() {
    let fields = assert_defaults(Place::Connack, |block| {
        let mut client = Client::new(client::Config {
            in_flight: NonZeroU16::MAX,
            outbound_topic_aliases: 10,
            ..client_config(V5)
        });
        client.connect();
        let connected = client.receive_bytes(&Place::Connack.packet(block));
        let once = client.publish(message(QoS::AtMostOnce, "a", "x")).1;
        let again = client.publish(message(QoS::AtMostOnce, "a", "x")).1;
        format!("{connected:?} {once:?} {again:?}")
    });
    assert_eq!(
        fields,
        [
            Field::ReceiveMaximum,
            Field::TopicAliasMaximum,
            Field::MaximumQoS,
            Field::RetainAvailable,
            Field::WildcardSubscriptionAvailable,
            Field::SubscriptionIdentifierAvailable,
            Field::SharedSubscriptionAvailable,
        ]
    );
    // Maximum QoS cannot say its default.
    let mut client = Client::connected(client::Config {
        in_flight: NonZeroU16::MAX,
        ..client_config(V5)
    });
    assert_eq!(client.machine.send_quota(), u16::MAX);
    let (_, outs) = client.publish(message(QoS::ExactlyOnce, "a", "x"));
    assert_eq!(outs, [send(V5, qos2(1, "a", "x"))]);
}

/// What CONNACK says of Session Expiry Interval and Keep Alive counts; where it says nothing
/// CONNECT does.
#[test]
fn an_absent_property_of_connack_leaves_what_connect_said() {
    for (block, expiry, keep_alive) in [
        (&b""[..], 3_600, 60),
        (b"\x11\0\0\0\x07\x13\0\x09", 7, 9),
        (b"\x11\0\0\0\0\x13\0\0", 0, 0),
    ] {
        let mut client = Client::new(lasting(V5));
        client.connect();
        let outs = client.receive_bytes(&Place::Connack.packet(block));
        let [Out::Client(Event::Connected(connected))] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        assert_eq!(connected.session_expiry, Duration::from_secs(expiry));
        assert_eq!(connected.keep_alive, Duration::from_secs(keep_alive));
    }
}

/// [5.0-10] [often-wrong-1] [often-wrong-33] The same of a server and CONNECT.
#[test]
fn an_absent_property_of_connect_means_its_default() {
    let fields = assert_defaults(Place::Connect, |block| {
        let mut server = Server::new(
            server::Config {
                in_flight: NonZeroU16::MAX,
                outbound_topic_aliases: 10,
                acknowledgement: Acknowledgement::Manual,
                ..server::Config::default()
            },
            V5,
        );
        server.machine.handle_connected(server.now);
        let asked = server.receive_bytes(&Place::Connect.packet(block));
        let accepted = server.accept(server::Accept {
            response_information: Text::new("r").ok(),
            ..server::Accept::default()
        });
        let quota = server.machine.send_quota();
        let once = server.publish(message(QoS::AtMostOnce, "a", "x")).1;
        let again = server.publish(message(QoS::AtMostOnce, "a", "x")).1;
        let refused = refuse_with_reason(&mut server);
        format!("{asked:?} {accepted:?} {quota} {once:?} {again:?} {refused:?}")
    });
    assert_eq!(
        fields,
        [
            Field::SessionExpiryInterval,
            Field::RequestProblemInformation,
            Field::RequestResponseInformation,
            Field::ReceiveMaximum,
            Field::TopicAliasMaximum,
        ]
    );
}

/// [MQTT-4.13.1-1] [MQTT-4.12.0-5] [often-wrong-36] CONNACK gives an identifier to who has none, and says the method of CONNECT;
/// a client that misses that ends the connection.
#[test]
fn a_connack_that_does_not_fit_its_connect_is_a_protocol_error() {
    let nameless = client::Config {
        client_id: ClientId::EMPTY.into(),
        ..client_config(V5)
    };
    let with_method = client::Config {
        authentication: Some(InitialAuthentication {
            method: text("m"),
            data: None,
        }),
        ..client_config(V5)
    };
    let no_identifier = ProtocolError::NoAssignedClientIdentifier;
    let another_method = ProtocolError::AuthMethodChanged;
    for (config, good, bad, error) in [
        (&nameless, &b"\x12\0\x01i"[..], &b""[..], no_identifier),
        (&nameless, b"\x12\0\x01i", b"\x12\0\0", no_identifier),
        (&with_method, b"\x15\0\x01m", b"", another_method),
        (&with_method, b"\x15\0\x01m", b"\x15\0\x01n", another_method),
        (&client_config(V5), b"", b"\x15\0\x01m", another_method),
    ] {
        let receive = |block| {
            let mut client = Client::new(config.clone());
            client.connect();
            client.receive_bytes(&Place::Connack.packet(block))
        };
        assert_eq!(shapes(&receive(good)), ["Connected"]);
        let expected = [
            send(V5, disconnect(code(0x82))),
            Out::Close(CloseReason::Protocol(error)),
        ];
        assert_eq!(receive(bad), expected, "{bad:02x?}");
    }
}

/// What a server says without having been asked is no error where the standard does not call it one. The client keeps its own
/// identifier.
#[test]
fn what_connack_says_unasked_is_taken() {
    let mut client = Client::new(client_config(V5));
    client.connect();
    // Assigned Client Identifier, Response Information, Server Reference.
    let block = b"\x12\0\x01i\x1A\0\x01r\x1C\0\x01s";
    let outs = client.receive_bytes(&Place::Connack.packet(block));
    let [Out::Client(Event::Connected(connected))] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert_eq!(connected.client_id.as_str(), "me");
    assert_eq!(connected.response_information, Some(text("r")));
    assert_eq!(connected.server_reference, Some(text("s")));
}

/// What is seen without a property is what is seen with its default, and not with another value. The properties that have a
/// default there.
fn assert_defaults(place: Place, observe: impl Fn(&[u8]) -> String) -> Vec<Field> {
    let has_default = |property: &&Property| {
        property.sender(place).is_some() && default(property, place).is_some()
    };
    let properties = properties().iter().filter(has_default);
    let check = |property: &Property| {
        let (default, (first, last)) =
            (default(property, place).unwrap(), property.range().unwrap());
        let with = |number| observe(&property.with(&property.wire_type.number(number)));
        if (first..=last).contains(&default) {
            assert_eq!(with(default), observe(b""), "{}", property.field);
        }
        let other = if default == first { last } else { first };
        assert_ne!(with(other), observe(b""), "{}", property.field);
        property.field
    };
    properties.map(check).collect()
}

fn default(property: &Property, place: Place) -> Option<u32> {
    property.rules.iter().find_map(|rule| match rule {
        Rule::Default(only, number) if only.is_none_or(|only| only == place) => Some(*number),
        _ => None,
    })
}

/// A PUBACK that says why, as far as the client wants to know.
fn refuse_with_reason(server: &mut Server) -> Vec<Out> {
    server.receive(qos1(1, "a", "x"));
    let token = server.tokens.remove(0);
    let properties = AcknowledgementProperties {
        reason_string: Text::new("why").ok(),
        ..AcknowledgementProperties::default()
    };
    let (now, reason) = (server.now, PublishReasonCode::QuotaExceeded);
    server
        .machine
        .acknowledge(now, token, reason, &properties)
        .unwrap();
    server.drain()
}
