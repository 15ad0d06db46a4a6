//! CONNECT and CONNACK: MQTT 5.0 §3.1 and §3.2, MQTT 3.1.1 §3.1 and §3.2, and what differs in 3.1.
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
    Saw, VERSIONS, World, connack, connect, connect_as, disconnect, encoded, qos1, refused,
    resuming, retained,
};
use mqtt_broker_core::Config;
use mqtt_codec::packet::{Connack, ConnackProperties};
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{Packet, Text, Version};
use mqtt_session::{CloseReason, ProtocolError};

const V5: Version = Version::V5_0;

/// [MQTT-3.1.0-2] [v3.1.1 MQTT-3.1.0-2] [MQTT-3.2.0-2] A second CONNECT ends the connection, and gets no second CONNACK.
#[test]
fn a_second_connect_ends_the_connection() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        let link = world.connect(connect_as(version, "c"));
        world.send(link, connect_as(version, "c"));
        let closed = Saw::Closed(CloseReason::Protocol(ProtocolError::SecondConnect));
        let outcome = world.take(link);
        match version {
            Version::V5_0 => {
                let told = disconnect(DisconnectReasonCode::ProtocolError);
                assert_eq!(outcome.all(), [Saw::Packet(told), closed]);
            }
            Version::V3_1 | Version::V3_1_1 => assert_eq!(outcome.all(), [closed]),
        }
    }
}

/// [MQTT-3.1.2-1] [MQTT-3.1.2-2] [v3.1.1 MQTT-3.1.2-1] [v3.1.1 MQTT-3.1.2-2] Another name or level is refused in the form
/// that its sender may know.
#[test]
fn an_unsupported_protocol_is_refused_and_closed() {
    for (protocol, level, answered_as) in [
        (&b"MQTT"[..], 6, V5),
        (b"MQTT", 2, V5),
        (b"MQXX", 4, V5),
        (b"MQIsdp", 4, Version::V3_1),
        (b"MQIsdp", 9, Version::V3_1),
    ] {
        let mut world = World::new(Config::default());
        let link = world.link();
        world.speaks(link, answered_as);
        world.send_bytes(link, &connect_bytes(protocol, level, 2));
        let outcome = world.take(link);
        let seen = outcome.all();
        assert_eq!(
            seen[0],
            Saw::Packet(refused(ConnectReasonCode::UnsupportedProtocolVersion))
        );
        assert!(
            matches!(seen[1..], [Saw::Closed(CloseReason::Malformed(_))]),
            "{seen:?}"
        );
    }
}

/// [MQTT-3.1.4-1] [v3.1.1 MQTT-3.1.4-1] [MQTT-3.1.2-3] [v3.1.1 MQTT-3.1.2-3] The reserved flag is set: 3.1.1 forbids a
/// CONNACK.
#[test]
fn a_malformed_connect_is_closed_without_connack() {
    for level in [4, 5] {
        let mut world = World::new(Config::default());
        let link = world.link();
        world.send_bytes(link, &connect_bytes(b"MQTT", level, 3));
        let outcome = world.take(link);
        assert!(matches!(
            outcome.all()[..],
            [Saw::Closed(CloseReason::Malformed(_))]
        ));
    }
}

/// [MQTT-3.1.4-6] [v3.1.1 MQTT-3.1.4-5] What stands behind a refused CONNECT is not looked at.
#[test]
fn nothing_behind_a_refused_connect_is_processed() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            client_id_bytes: 3,
            ..Config::default()
        });
        let link = world.link();
        world.speaks(link, version);
        let bytes = [
            encoded(version, connect_as(version, "long")),
            encoded(version, retained(qos1(9, "a", "x"))),
            encoded(version, Packet::Pingreq),
        ]
        .concat();
        world.send_bytes(link, &bytes);
        let code = ConnectReasonCode::ClientIdentifierNotValid;
        assert_eq!(
            world.take(link).all(),
            [
                Saw::Packet(refused(code)),
                Saw::Closed(CloseReason::Refused(code))
            ]
        );
        assert_eq!(world.unread(link), 0);
        world.send(link, Packet::Pingreq);
        assert_eq!(world.take(link).all(), []);
        assert_eq!(world.broker.gauges().retained_messages, 0);
        assert_eq!(world.broker.gauges().sessions, 0);
        assert_eq!(world.broker.counters().packets_received, 1);
    }
}

/// [MQTT-3.1.3-5] [MQTT-3.1.4-5] [v3.1.1 MQTT-3.1.3-5] [v3.1.1 MQTT-3.1.4-4] 1 to 23 digits and letters are accepted.
#[test]
fn client_identifiers_of_1_to_23_letters_and_digits_are_accepted() {
    for version in VERSIONS {
        let mut world = World::new(Config::default());
        for id in [
            "a",
            "0",
            "abcdefghijklmnopqrstuvw",
            "ABCDEFGHIJKLMNOPQRSTUVW",
            "xyzXYZ0123456789",
        ] {
            let (_, outcome) = world.offer(connect_as(version, id));
            assert_eq!(outcome.packets(), [accepted(version, false)]);
        }
    }
}

/// [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16] [v3.1.1 MQTT-3.1.3-6]
#[test]
fn an_empty_client_identifier_gets_one_of_its_own() {
    let mut world = World::new(Config::default());
    let (_, outcome) = world.offer(connect(""));
    let mut expected = success(false);
    expected.properties.assigned_client_identifier = Some(Text::new("assigned-1").unwrap());
    assert_eq!(outcome.packets(), [Packet::Connack(expected)]);
    // It is a session like that of any other: the same id takes it over.
    world.offer(connect("assigned-1"));
    assert_eq!(world.broker.gauges().sessions, 1);

    let (_, outcome) = world.offer(connect_as(Version::V3_1_1, ""));
    assert_eq!(outcome.packets(), [accepted(Version::V3_1_1, false)]);
    assert_eq!(world.broker.gauges().sessions, 2);

    let (_, outcome) = world.offer(connect(""));
    expected.properties.assigned_client_identifier = Some(Text::new("assigned-4").unwrap());
    assert_eq!(outcome.packets(), [Packet::Connack(expected)]);
    assert_eq!(world.broker.gauges().sessions, 3);
}

/// [MQTT-3.1.3-8] [MQTT-3.2.2-7] [MQTT-3.2.0-2] [MQTT-4.13.2-1] [v3.1.1 MQTT-3.1.3-9] [v3.1.1 MQTT-3.2.2-5] One CONNACK
/// with the code, and the close.
#[test]
fn a_client_identifier_that_is_too_long_for_us_is_refused() {
    for version in VERSIONS {
        let config = Config {
            client_id_bytes: 3,
            ..Config::default()
        };
        let mut world = World::new(config);
        let (_, outcome) = world.offer(connect_as(version, "abc"));
        assert_eq!(outcome.packets(), [accepted(version, false)]);
        let (_, outcome) = world.offer(connect_as(version, "abcd"));
        let code = ConnectReasonCode::ClientIdentifierNotValid;
        assert_eq!(
            outcome.all(),
            [
                Saw::Packet(refused(code)),
                Saw::Closed(CloseReason::Refused(code))
            ]
        );
    }
}

/// [v3.1.1 MQTT-3.2.2-6] There 3.x has no word for it: a Will Topic that is too long for us.
#[test]
fn a_refusal_without_a_return_code_closes_without_connack() {
    for version in VERSIONS {
        let mut world = World::new(Config {
            topic_bytes: 3,
            ..Config::default()
        });
        let mut connect = connect_as(version, "c");
        connect.will = Some(crate::harness::will("gone", "c"));
        let (_, outcome) = world.offer(connect);
        let code = ConnectReasonCode::TopicNameInvalid;
        let closed = Saw::Closed(CloseReason::Refused(code));
        match version {
            Version::V5_0 => assert_eq!(outcome.all(), [Saw::Packet(refused(code)), closed]),
            Version::V3_1 | Version::V3_1_1 => assert_eq!(outcome.all(), [closed]),
        }
    }
}

/// [v3.1.1 MQTT-3.1.3-8] [often-wrong-34] With Clean Session 0; 3.1 refuses empty ones always.
#[test]
fn an_empty_client_identifier_that_cannot_be_kept_is_refused() {
    for (version, clean) in [
        (Version::V3_1_1, false),
        (Version::V3_1, false),
        (Version::V3_1, true),
    ] {
        let mut world = World::new(Config::default());
        let mut connect = connect_as(version, "");
        connect.clean_start = clean;
        let (_, outcome) = world.offer(connect);
        let code = ConnectReasonCode::ClientIdentifierNotValid;
        assert_eq!(
            outcome.all(),
            [
                Saw::Packet(refused(code)),
                Saw::Closed(CloseReason::Refused(code))
            ]
        );
    }
}

/// [MQTT-3.1.4-3] [v3.1.1 MQTT-3.1.4-2]
#[test]
fn a_new_connection_of_the_same_client_closes_the_old_one() {
    for version in VERSIONS {
        for clean in [true, false] {
            let mut world = World::new(Config::default());
            let old = world.connect(resuming(version, "c", 600));
            let mut again = resuming(version, "c", 600);
            again.clean_start = clean;
            let (new, outcome) = world.offer(again);
            assert_eq!(outcome.packets(), [accepted(version, !clean)]);
            let closed = Saw::Closed(CloseReason::TakenOver);
            let told = disconnect(DisconnectReasonCode::SessionTakenOver);
            match version {
                Version::V5_0 => assert_eq!(world.take(old).all(), [Saw::Packet(told), closed]),
                Version::V3_1 | Version::V3_1_1 => assert_eq!(world.take(old).all(), [closed]),
            }
            world.cut(old);
            world.send(new, Packet::Pingreq);
            assert_eq!(world.take(new).packets(), [Packet::Pingresp]);
            assert_eq!(world.broker.gauges().sessions, 1);
        }
    }
}

/// [MQTT-3.1.2-28] Response Information only for who asks, and only when there is some.
#[test]
fn response_information_goes_to_who_asks_for_it() {
    for (configured, asked, given) in [
        ("replies/", Some(true), true),
        ("replies/", Some(false), false),
        ("replies/", None, false),
        ("", Some(true), false),
    ] {
        let config = Config {
            response_information: configured.into(),
            ..Config::default()
        };
        let mut world = World::new(config);
        let mut connect = connect("c");
        connect.properties.request_response_information = asked;
        let (_, outcome) = world.offer(connect);
        let mut expected = success(false);
        expected.properties.response_information = given.then(|| Text::new("replies/").unwrap());
        assert_eq!(outcome.packets(), [Packet::Connack(expected)]);
    }
}

/// [MQTT-4.12.0-1] Nobody knows the method.
#[test]
fn an_authentication_method_that_is_not_supported_is_refused() {
    let mut world = World::new(Config::default());
    let mut connect = connect("c");
    connect.properties.authentication_method = Some(Text::new("GS2-KRB5").unwrap());
    let (_, outcome) = world.offer(connect);
    let code = ConnectReasonCode::BadAuthenticationMethod;
    assert_eq!(
        outcome.all(),
        [
            Saw::Packet(refused(code)),
            Saw::Closed(CloseReason::Refused(code))
        ]
    );
}

/// A CONNECT with Client Identifier `a` and Keep Alive 60.
fn connect_bytes(protocol: &[u8], level: u8, flags: u8) -> Vec<u8> {
    let mut body = vec![0, u8::try_from(protocol.len()).unwrap()];
    body.extend_from_slice(protocol);
    body.extend([level, flags, 0, 60]);
    if level == 5 {
        body.push(0);
    }
    body.extend([0, 1, b'a']);
    let mut packet = vec![0x10, u8::try_from(body.len()).unwrap()];
    packet.extend(body);
    packet
}

/// The CONNACK of success. 3.1 has no Session Present.
fn accepted(version: Version, session_present: bool) -> Packet<'static> {
    match version {
        Version::V5_0 => Packet::Connack(success(session_present)),
        Version::V3_1 | Version::V3_1_1 => Packet::Connack(Connack {
            session_present: session_present && version == Version::V3_1_1,
            reason_code: ConnectReasonCode::Success,
            properties: ConnackProperties::default(),
        }),
    }
}

fn success(session_present: bool) -> Connack<'static> {
    match connack() {
        Packet::Connack(connack) => Connack {
            session_present,
            ..connack
        },
        other => panic!("unexpected {other:?}"),
    }
}
