//! MQTT 5.0 §2.2.2.2: the rules of properties that need to know more than one packet, each with its code as
//! `properties-v5.0.csv` has it.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{
    Saw, World, connack, connect, disconnect, options, qos0, qos1, qos2, refused, retained,
    subscribe_as, subscribe_with,
};
use crate::tables::{Breach, Place, Property, framed, properties, property};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::property::TopicAlias;
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{DecodeError, Field, Packet, QoS, ReasonCode, Version};
use mqtt_session::{CloseReason, ProtocolError};

/// What is refused, and beside it what is just allowed.
struct Case {
    world: World,
    link: LinkId,
    allowed: Option<Vec<u8>>,
    refused: Vec<u8>,
    reason: CloseReason,
}

/// [MQTT-4.13.1-1] [5.0-2] [often-wrong-2] [often-wrong-3] [often-wrong-27] [MQTT-3.3.4-6] [MQTT-4.12.0-1] Each violation of the
/// table ends the connection, with its code; what is just allowed does not.
#[test]
fn each_violation_ends_the_connection_with_its_code() {
    for property in properties() {
        for violation in &property.violations {
            for case in cases(violation.breach) {
                let (mut world, link) = (case.world, case.link);
                let what = format!("{}: {:?}", property.field, violation.breach);
                if let Some(allowed) = case.allowed {
                    world.send_bytes(link, &allowed);
                    world.take(link).packets();
                }
                world.send_bytes(link, &case.refused);
                let goodbye = goodbye(case.reason, violation.code);
                let expected = [Saw::Packet(goodbye), Saw::Closed(case.reason)];
                assert_eq!(world.take(link).all(), expected, "{what}");
            }
        }
    }
}

/// The broker has all that a CONNACK can deny: it says so by saying nothing, and takes it.
#[test]
fn what_connack_does_not_deny_is_taken() {
    let denials = [
        Breach::QoSAbove,
        Breach::Retained,
        Breach::WildcardFilter,
        Breach::IdentifierInSubscribe,
        Breach::SharedFilter,
    ];
    let denies = |it: &&Property| {
        it.sender(Place::Connack).is_some()
            && denials.iter().any(|&denial| it.code(denial).is_some())
    };
    let fields: Vec<_> = properties()
        .iter()
        .filter(denies)
        .map(|it| it.field)
        .collect();
    assert_eq!(
        fields,
        [
            Field::MaximumQoS,
            Field::RetainAvailable,
            Field::WildcardSubscriptionAvailable,
            Field::SubscriptionIdentifierAvailable,
            Field::SharedSubscriptionAvailable,
        ]
    );
    let mut world = World::new(Config::default());
    let (link, outcome) = world.offer(connect("c"));
    assert_eq!(outcome.packets(), [connack()]);
    let at_most_once = options(QoS::AtMostOnce);
    world.send(link, qos2(1, "a", "x"));
    world.send(link, retained(qos0("b", "x")));
    world.send(link, subscribe_with(2, "+/#", at_most_once));
    world.send(link, subscribe_as(7, "a", QoS::AtMostOnce));
    world.send(link, subscribe_with(3, "$share/g/a", at_most_once));
    assert_eq!(world.take(link).packets().len(), 5);
}

/// Whether a payload is the text that it says is not looked at, as the standard allows.
#[test]
fn a_payload_that_is_not_what_it_says_is_forwarded() {
    let text = property(Field::PayloadFormatIndicator);
    assert!(text.code(Breach::PayloadMismatch).is_some());
    let mut world = World::new(Config::default());
    let link = world.connect(connect("c"));
    world.send(link, subscribe_with(1, "a", options(QoS::AtMostOnce)));
    world.forget();
    world.send_bytes(link, &framed(0x30, b"\0\x01a\x02\x01\x01\xFF"));
    let outcome = world.take(link);
    let [Packet::Publish(publish)] = outcome.packets()[..] else {
        panic!("{:?}", outcome.all())
    };
    assert_eq!(publish.payload, [0xFF]);
}

/// The ways to break a rule that a client has.
fn cases(breach: Breach) -> Vec<Case> {
    match breach {
        // One packet alone shows these, see `property_tables.rs`.
        Breach::Repeated(_)
        | Breach::Value
        | Breach::IllFormed
        | Breach::Wildcard
        | Breach::WithoutMethod => vec![],
        // A server's to break.
        Breach::InDisconnectFromServer | Breach::UnwantedReasons => vec![],
        // The broker allows these, see above.
        Breach::PayloadMismatch
        | Breach::QoSAbove
        | Breach::Retained
        | Breach::WildcardFilter
        | Breach::IdentifierInSubscribe
        | Breach::SharedFilter => vec![],
        Breach::InPublishFromClient => vec![simple(
            Some(Place::Publish.packet(b"")),
            Place::Publish.packet(b"\x0B\x01"),
            CloseReason::Protocol(ProtocolError::SubscriptionIdentifierFromClient),
        )],
        Breach::AuthAfterNone => vec![simple(
            None,
            Place::Auth.packet(b"\x15\0\x01m"),
            CloseReason::Protocol(ProtocolError::AuthWithoutMethod),
        )],
        Breach::UnknownAlias => vec![simple(
            Some(named(16)),
            framed(0x30, b"\0\0\x03\x23\0\x01x"),
            CloseReason::Protocol(ProtocolError::UnknownTopicAlias { alias: alias(1) }),
        )],
        Breach::NoTopic => vec![simple(
            Some(named(16)),
            framed(0x30, b"\0\0\0x"),
            CloseReason::Malformed(DecodeError::NoTopic),
        )],
        Breach::AliasAboveMaximum => vec![alias_above(16), alias_above(0)],
        Breach::RaisedInDisconnect => [None, Some(0)].map(raised_expiry).into(),
        Breach::MissingInAuth => missing_method(),
        Breach::UnsupportedMethod => vec![unsupported_method()],
        Breach::MoreInFlight => vec![
            more_in_flight(QoS::AtLeastOnce),
            more_in_flight(QoS::ExactlyOnce),
        ],
        Breach::PacketAbove => vec![larger_packet()],
    }
}

/// A client of a broker with the default configuration.
fn simple(allowed: Option<Vec<u8>>, refused: Vec<u8>, reason: CloseReason) -> Case {
    connected(Config::default(), allowed, refused, reason)
}

fn connected(
    config: Config,
    allowed: Option<Vec<u8>>,
    refused: Vec<u8>,
    reason: CloseReason,
) -> Case {
    let mut world = World::new(config);
    let link = world.connect(connect("c"));
    Case {
        world,
        link,
        allowed,
        refused,
        reason,
    }
}

fn alias_above(maximum: u8) -> Case {
    let config = Config {
        topic_alias_maximum: maximum.into(),
        ..Config::default()
    };
    let allowed = if maximum == 0 {
        Place::Publish.packet(b"")
    } else {
        named(maximum)
    };
    let error = ProtocolError::TopicAliasInvalid {
        alias: alias(maximum + 1),
        maximum: maximum.into(),
    };
    let reason = CloseReason::Protocol(error);
    connected(config, Some(allowed), named(maximum + 1), reason)
}

fn raised_expiry(announced: Option<u32>) -> Case {
    let mut world = World::new(Config::default());
    let mut connect = connect("c");
    connect.properties.session_expiry_interval = announced;
    let link = world.connect(connect);
    Case {
        world,
        link,
        allowed: None,
        refused: Place::Disconnect.packet(b"\x11\0\0\0\x01"),
        reason: CloseReason::Protocol(ProtocolError::SessionExpiryRaised),
    }
}

/// Before CONNACK and behind it; also the short form.
fn missing_method() -> Vec<Case> {
    let mut cases = Vec::new();
    for refused in [Place::Auth.packet(b""), framed(0xF0, b"")] {
        for is_connected in [true, false] {
            let mut world = World::new(Config::default());
            let (link, reason) = if is_connected {
                let error = ProtocolError::AuthWithoutMethod;
                (world.connected_by("m"), CloseReason::Protocol(error))
            } else {
                let code = ConnectReasonCode::ProtocolError;
                (world.awaiting_auth("m"), CloseReason::Refused(code))
            };
            cases.push(Case {
                world,
                link,
                allowed: None,
                refused: refused.clone(),
                reason,
            });
        }
    }
    cases
}

/// Nobody is there who knows a method.
fn unsupported_method() -> Case {
    let mut world = World::new(Config::default());
    let link = world.link();
    Case {
        world,
        link,
        allowed: None,
        refused: Place::Connect.packet(b"\x15\0\x01m"),
        reason: CloseReason::Refused(ConnectReasonCode::BadAuthenticationMethod),
    }
}

/// A message is open until its PUBCOMP.
fn more_in_flight(qos: QoS) -> Case {
    let config = Config {
        receive_maximum: 1,
        ..Config::default()
    };
    let second = match qos {
        QoS::ExactlyOnce => qos2(2, "a", "x"),
        _ => qos1(2, "a", "x"),
    };
    let error = ProtocolError::ReceiveMaximumExceeded { limit: 1 };
    let reason = CloseReason::Protocol(error);
    let first = encoded(Packet::Publish(qos2(1, "a", "x")));
    connected(
        config,
        Some(first),
        encoded(Packet::Publish(second)),
        reason,
    )
}

/// The fixed header counts.
fn larger_packet() -> Case {
    let (maximum_packet_size, len) = (64, 65);
    let config = Config {
        maximum_packet_size,
        ..Config::default()
    };
    let error = DecodeError::PacketTooLarge {
        len,
        limit: maximum_packet_size,
    };
    let publish = |payload: usize| framed(0x30, &[b"\0\x01a\0", &vec![b'x'; payload][..]].concat());
    let reason = CloseReason::Malformed(error);
    connected(config, Some(publish(58)), publish(59), reason)
}

/// What the broker says of it.
fn goodbye(reason: CloseReason, code: ReasonCode) -> Packet<'static> {
    match reason {
        CloseReason::Refused(_) => refused(ConnectReasonCode::from_byte(code.byte()).unwrap()),
        _ => disconnect(DisconnectReasonCode::from_byte(code.byte()).unwrap()),
    }
}

fn alias(number: u8) -> TopicAlias {
    TopicAlias::new(number.into()).unwrap()
}

/// With a name and an alias.
fn named(alias: u8) -> Vec<u8> {
    Place::Publish.packet(&[0x23, 0, alias])
}

fn encoded(packet: Packet<'_>) -> Vec<u8> {
    let mut bytes = vec![0; packet.encoded_len(Version::V5_0).unwrap()];
    packet.encode(Version::V5_0, &mut bytes);
    bytes
}
