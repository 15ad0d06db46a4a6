//! MQTT 5.0 §3.1: CONNECT, and what a server does with it. MQTT 3.1.1 §3.1.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

mod support;

use core::num::{NonZeroU16, NonZeroU32};
use core::time::Duration;

use mqtt_codec::packet::{
    AcknowledgementProperties, Auth, AuthProperties, Connack, ConnackProperties, Connect,
    ConnectProperties, Puback, Will, WillProperties,
};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{AuthReasonCode, ConnectReasonCode, PublishReasonCode};
use mqtt_codec::{Binary, ClientId, ClientIdBuf, DecodeError, PacketType, QoS, Text, Version};
use mqtt_session::client::{CleanStart, Config as ClientConfig, ConfigError, Event as ClientEvent};
use mqtt_session::server::{
    Accept, AcceptError, Config as ServerConfig, Event as ServerEvent, RefuseError,
};
use mqtt_session::{
    Acknowledgement, CloseReason, ProtocolError, PublishError, PublishOutcome, SessionState,
};
use support::packets::*;
use support::*;

/// [MQTT-3.1.0-1] [v3.1.1 MQTT-3.1.0-1] The first packet of a client on a connection is CONNECT, and one CONNECT only.
#[test]
fn the_first_packet_is_connect() {
    for version in VERSIONS {
        let mut client = Client::new(client_config(version));
        let properties = ConnectProperties {
            receive_maximum: NonZeroU16::new(1_024),
            maximum_packet_size: NonZeroU32::new(2 * 1024 * 1024),
            topic_alias_maximum: Some(16),
            ..ConnectProperties::default()
        };
        assert_eq!(
            client.connect(),
            [send(
                version,
                Connect {
                    properties,
                    ..connect(version)
                }
            )]
        );
        let refused = client
            .machine
            .publish(client.now, message(QoS::AtMostOnce, "a", "x"));
        assert_eq!(refused, Err(PublishError::NotConnected));
        assert_eq!(client.drain(), []);
    }
}

/// A server closes a connection whose first packet is another one, without a word.
#[test]
fn another_first_packet_closes_the_connection() {
    for version in VERSIONS {
        let mut server = Server::new(ServerConfig::default(), version);
        server.machine.handle_connected(server.now);
        let error = ProtocolError::UnexpectedPacket(PacketType::Publish);
        assert_eq!(
            server.receive(qos0("a", "x")),
            [Out::Close(CloseReason::Protocol(error))]
        );
    }
}

/// [MQTT-3.1.0-2] [v3.1.1 MQTT-3.1.0-2] A second CONNECT ends the connection.
#[test]
fn a_second_connect_is_a_protocol_error() {
    for version in VERSIONS {
        let mut server = Server::connected(version);
        let close = Out::Close(CloseReason::Protocol(ProtocolError::SecondConnect));
        let outs = server.receive(connect(version));
        match version {
            Version::V5_0 => assert_eq!(outs, [send(version, disconnect(code(0x82))), close]),
            Version::V3_1 | Version::V3_1_1 => assert_eq!(outs, [close]),
        }
    }
}

/// [MQTT-3.1.2-1] [MQTT-3.1.2-2] [v3.1.1 MQTT-3.1.2-1] [v3.1.1 MQTT-3.1.2-2] Another protocol or version is answered in the
/// form that its name suggests, and the connection is closed.
#[test]
fn an_unknown_protocol_or_version_is_refused() {
    let cases: [(&[u8], Version); 3] = [
        (b"\x10\x0f\0\x04MQTT\x06\x02\0\x3c\0\0\x02me", Version::V5_0),
        (b"\x10\x0f\0\x04MQXX\x04\x02\0\x3c\0\x02me\0", Version::V5_0),
        (
            b"\x10\x10\0\x06MQIsdp\x09\x02\0\x3c\0\x02me",
            Version::V3_1_1,
        ),
    ];
    for (bytes, answer) in cases {
        let mut server = Server::new(ServerConfig::default(), answer);
        server.machine.handle_connected(server.now);
        let reason_code = ConnectReasonCode::UnsupportedProtocolVersion;
        let outs = server.receive_bytes(bytes);
        let [sent, Out::Close(CloseReason::Malformed(error))] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        assert_eq!(
            sent,
            &send(
                answer,
                Connack {
                    reason_code,
                    ..accepted()
                }
            )
        );
        assert!(matches!(
            error,
            DecodeError::UnsupportedProtocolVersion { .. }
        ));
    }
}

/// [MQTT-3.1.2-4] Clean Start throws away what either end has.
#[test]
fn clean_start_begins_an_empty_session() {
    let version = Version::V5_0;
    let mut client = Client::connected(ClientConfig {
        clean_start: CleanStart::Always,
        ..lasting(version)
    });
    let kept = message(QoS::AtLeastOnce, "a", "x");
    let (token, _) = client.publish(kept.clone());
    client.lose_connection();
    client.machine.handle_connected(client.now);
    let cause = mqtt_session::AbandonCause::SessionEnded;
    let lost = PublishOutcome::Abandoned {
        token,
        message: Some(Box::new(kept)),
        cause,
    };
    assert_eq!(
        client.drain().first(),
        Some(&Out::Client(ClientEvent::Published(lost)))
    );
    client.receive(accepted());
    assert_eq!(client.machine.in_flight(), 0);

    let mut server = Server::new(ServerConfig::default(), version);
    server.open(&connect(version));
    let session = Some(SessionState::new());
    let refused = server.machine.accept(
        server.now,
        Accept {
            session,
            ..Accept::default()
        },
    );
    assert_eq!(refused, Err(AcceptError::CleanStart));
}

/// [MQTT-3.1.2-23] With a Session Expiry Interval above 0 the state outlives the connection, at 0 it does not.
#[test]
fn the_state_is_kept_for_a_session_that_does_not_expire_with_its_connection() {
    for (expiry, kept) in [
        (Duration::ZERO, 0),
        (Duration::from_secs(1), 1),
        (Duration::MAX, 1),
    ] {
        let config = ClientConfig {
            session_expiry: expiry,
            ..client_config(Version::V5_0)
        };
        let mut client = Client::connected(config);
        client.publish(message(QoS::AtLeastOnce, "a", "x"));
        client.lose_connection();
        assert_eq!(client.machine.in_flight(), kept);
    }
    // The server's word counts.
    let properties = ConnackProperties {
        session_expiry_interval: Some(0),
        ..ConnackProperties::default()
    };
    let mut client = Client::connected_with(lasting(Version::V5_0), connack(properties));
    client.publish(message(QoS::AtLeastOnce, "a", "x"));
    client.lose_connection();
    assert_eq!(client.machine.in_flight(), 0);

    let mut server = Server::connected(Version::V5_0);
    server.publish(message(QoS::AtLeastOnce, "a", "x"));
    server.lose_connection();
    assert_eq!(server.machine.take_state().unwrap().in_flight(), 1);
}

/// [MQTT-3.1.2-24] The server sends nothing larger than the client takes; equal is allowed, the fixed header counts.
#[test]
fn the_server_keeps_to_the_clients_maximum_packet_size() {
    let version = Version::V5_0;
    let properties = ConnectProperties {
        maximum_packet_size: NonZeroU32::new(40),
        ..ConnectProperties::default()
    };
    let mut server = Server::connected_with(
        ServerConfig::default(),
        &Connect {
            properties,
            ..connect(version)
        },
    );
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let head = if qos == QoS::AtMostOnce { 6 } else { 8 };
        let (_, outs) = server.publish(message(qos, "a", &"x".repeat(40 - head)));
        let [Out::Send(sent)] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        assert_eq!(sent.bytes.len(), 40);
        let refused = server
            .machine
            .publish(server.now, message(qos, "a", &"x".repeat(41 - head)));
        assert_eq!(
            refused,
            Err(PublishError::TooLarge {
                len: Some(41),
                maximum: 40
            })
        );
        assert_eq!(server.drain(), []);
    }
}

/// [MQTT-3.1.2-28] Response Information goes to who has asked for it.
#[test]
fn response_information_is_sent_on_request_only() {
    let version = Version::V5_0;
    for (asked, sent) in [(None, false), (Some(false), false), (Some(true), true)] {
        let properties = ConnectProperties {
            request_response_information: asked,
            ..ConnectProperties::default()
        };
        let mut server = Server::new(ServerConfig::default(), version);
        server.open(&Connect {
            properties,
            ..connect(version)
        });
        let response_information = Some(Text::new("responses/me").unwrap());
        let outs = server.accept(Accept {
            response_information,
            ..Accept::default()
        });
        let expected = ConnackProperties {
            response_information: response_information.filter(|_| sent),
            ..announced()
        };
        assert_eq!(outs, [Out::Resume, send(version, connack(expected))]);
    }
}

/// [MQTT-3.1.2-29] A client that wants no problem information gets none, but on CONNACK, DISCONNECT and PUBLISH; one that
/// gets it all the same may end the connection.
#[test]
fn problem_information_is_left_out_where_it_is_not_wanted() {
    let version = Version::V5_0;
    let properties = ConnectProperties {
        request_problem_information: Some(false),
        ..ConnectProperties::default()
    };
    let config = ServerConfig {
        acknowledgement: Acknowledgement::Manual,
        ..ServerConfig::default()
    };
    let mut server = Server::new(config, version);
    server.open(&Connect {
        properties,
        ..connect(version)
    });
    let pairs = [(Text::new("name").unwrap(), Text::new("value").unwrap())];
    let (reason_string, user_properties) = (Text::new("why").ok(), UserProperties::new(&pairs));
    let outs = server.accept(Accept {
        reason_string,
        user_properties,
        ..Accept::default()
    });
    let expected = ConnackProperties {
        reason_string,
        user_properties,
        ..announced()
    };
    assert_eq!(outs, [Out::Resume, send(version, connack(expected))]);

    server.receive(qos1(1, "a", "x"));
    let (token, reason) = (server.tokens.remove(0), PublishReasonCode::NotAuthorized);
    let properties = AcknowledgementProperties {
        reason_string,
        user_properties,
    };
    server
        .machine
        .acknowledge(server.now, token, reason, &properties)
        .unwrap();
    assert_eq!(server.drain(), [send(version, Puback::new(id(1), reason))]);

    let problem_information = mqtt_session::ProblemInformation::Unwanted;
    let mut client = Client::connected(ClientConfig {
        problem_information,
        ..client_config(version)
    });
    client.publish(message(QoS::AtLeastOnce, "a", "x"));
    let outs = client.receive(Puback {
        properties,
        ..puback(1)
    });
    let error = ProtocolError::UnwantedProblemInformation(PacketType::Puback);
    assert!(matches!(
        outs[0],
        Out::Client(ClientEvent::Published(PublishOutcome::Abandoned { .. }))
    ));
    assert_eq!(
        outs[1..],
        [
            send(version, disconnect(code(0x82))),
            Out::Close(CloseReason::Protocol(error))
        ]
    );
}

/// [MQTT-3.1.2-30] With an Authentication Method the client sends nothing but AUTH and DISCONNECT until CONNACK; a server
/// that meets something else ends the connection.
#[test]
fn only_auth_and_disconnect_precede_connack_in_an_authentication() {
    let version = Version::V5_0;
    let authentication = mqtt_session::client::InitialAuthentication {
        method: text("X"),
        data: None,
    };
    let mut client = Client::new(ClientConfig {
        authentication: Some(authentication),
        ..client_config(version)
    });
    client.connect();
    let refused = client
        .machine
        .publish(client.now, message(QoS::AtMostOnce, "a", "x"));
    assert_eq!(refused, Err(PublishError::NotConnected));
    assert_eq!(client.machine.send_quota(), 0);
    client
        .machine
        .disconnect(client.now, disconnect(code(0)))
        .unwrap();
    assert_eq!(
        client.drain(),
        [
            send(version, disconnect(code(0))),
            Out::Close(CloseReason::Requested)
        ]
    );

    let method = Some(Text::new("X").unwrap());
    let properties = ConnectProperties {
        authentication_method: method,
        ..ConnectProperties::default()
    };
    let mut server = Server::new(ServerConfig::default(), version);
    server.open(&Connect {
        properties,
        ..connect(version)
    });
    server.machine.authenticate(server.now, None).unwrap();
    let properties = AuthProperties {
        authentication_method: method,
        ..AuthProperties::default()
    };
    let auth = Auth {
        reason_code: AuthReasonCode::ContinueAuthentication,
        properties,
    };
    assert_eq!(server.drain(), [Out::Resume, send(version, auth)]);
    let error = ProtocolError::UnexpectedPacket(PacketType::Publish);
    let refusal = Connack {
        reason_code: ConnectReasonCode::ProtocolError,
        ..accepted()
    };
    assert_eq!(
        server.receive(qos0("a", "x")),
        [
            send(version, refusal),
            Out::Close(CloseReason::Protocol(error))
        ]
    );
}

/// [MQTT-3.1.3-5] [v3.1.1 MQTT-3.1.3-5] A Client Identifier of 1 to 23 digits and letters is the caller's to accept.
#[test]
fn any_plain_client_identifier_reaches_the_caller() {
    for version in VERSIONS {
        for name in ["a", "0123456789ABCDEFGHIJKLM", "nopqrstuvwxyzNOPQRSTUVWX"] {
            let mut server = Server::new(ServerConfig::default(), version);
            let outs = server.open(&Connect {
                client_id: ClientId::new(name).unwrap(),
                ..connect(version)
            });
            let [Out::Server(ServerEvent::Connect(request)), Out::Pause] = outs.as_slice() else {
                panic!("{outs:?}")
            };
            assert_eq!(request.client_id.as_str(), name);
        }
    }
}

/// [MQTT-3.1.3-7] An assigned Client Identifier is returned, is obligatory, and stays the client's.
#[test]
fn an_assigned_client_identifier_is_returned_and_used() {
    let version = Version::V5_0;
    let mut server = Server::new(ServerConfig::default(), version);
    server.open(&Connect {
        client_id: ClientId::EMPTY,
        ..connect(version)
    });
    assert_eq!(
        server.machine.accept(server.now, Accept::default()),
        Err(AcceptError::NoClientId)
    );
    let assigned_client_id = ClientId::new("auto-1").ok();
    let outs = server.accept(Accept {
        assigned_client_id,
        ..Accept::default()
    });
    let expected = ConnackProperties {
        assigned_client_identifier: Text::new("auto-1").ok(),
        ..announced()
    };
    assert_eq!(outs, [Out::Resume, send(version, connack(expected))]);

    let config = ClientConfig {
        client_id: ClientId::EMPTY.into(),
        ..lasting(version)
    };
    let mut client = Client::connected_with(config.clone(), connack(expected));
    assert_eq!(
        client.machine.client_id(),
        &ClientIdBuf::new("auto-1").unwrap()
    );
    client.lose_connection();
    let outs = client.connect();
    let [Out::Send(sent)] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert!(sent.bytes.ends_with(b"\0\x06auto-1"));

    let mut client = Client::new(config);
    client.connect();
    let error = ProtocolError::NoAssignedClientIdentifier;
    assert_eq!(
        client.receive(accepted()).last(),
        Some(&Out::Close(CloseReason::Protocol(error)))
    );
}

/// [MQTT-3.1.3-8] [v3.1.1 MQTT-3.1.3-9] A Client Identifier that the server does not want is refused, and the connection
/// closed.
#[test]
fn a_client_identifier_can_be_refused() {
    for version in VERSIONS {
        let mut server = Server::new(ServerConfig::default(), version);
        server.open(&connect(version));
        let reason = ConnectReasonCode::ClientIdentifierNotValid;
        server
            .machine
            .refuse(server.now, reason, ConnackProperties::default())
            .unwrap();
        let refusal = send(
            version,
            Connack {
                reason_code: reason,
                ..accepted()
            },
        );
        assert_eq!(
            server.drain(),
            [refusal, Out::Close(CloseReason::Refused(reason))]
        );
    }
}

/// [v3.1.1 MQTT-3.1.3-7] [v3.1.1 MQTT-3.1.3-8] Without Client Identifier there is no session to keep in 3.1.1, and no
/// connection at all in 3.1.
#[test]
fn an_empty_client_identifier_needs_a_clean_session_in_3_1_1() {
    for (version, clean_start, accepted_there) in [
        (Version::V3_1, true, false),
        (Version::V3_1, false, false),
        (Version::V3_1_1, true, true),
        (Version::V3_1_1, false, false),
        (Version::V5_0, false, true),
    ] {
        let mut server = Server::new(ServerConfig::default(), version);
        let outs = server.open(&Connect {
            client_id: ClientId::EMPTY,
            clean_start,
            ..connect(version)
        });
        if accepted_there {
            assert!(
                matches!(
                    outs.as_slice(),
                    [Out::Server(ServerEvent::Connect(_)), Out::Pause]
                ),
                "{outs:?}"
            );
        } else {
            let reason = ConnectReasonCode::ClientIdentifierNotValid;
            let refusal = send(
                version,
                Connack {
                    reason_code: reason,
                    ..accepted()
                },
            );
            assert_eq!(outs, [refusal, Out::Close(CloseReason::Refused(reason))]);
        }
    }
    let config = |version, clean_start| ClientConfig {
        client_id: ClientId::EMPTY.into(),
        clean_start,
        ..client_config(version)
    };
    let error = |config| mqtt_session::ClientSession::new(config).err();
    assert_eq!(
        error(config(Version::V3_1, CleanStart::Always)),
        Some(ConfigError::NoClientId)
    );
    assert_eq!(
        error(config(Version::V3_1_1, CleanStart::Never)),
        Some(ConfigError::NoClientIdForSession)
    );
    assert_eq!(error(config(Version::V3_1_1, CleanStart::First)), None);
    assert_eq!(error(config(Version::V5_0, CleanStart::Never)), None);
}

/// [MQTT-3.1.4-1] [v3.1.1 MQTT-3.1.4-1] A CONNECT that is none closes the connection: in 3.1.1 without CONNACK, in 5.0 with
/// one that says why.
#[test]
fn a_malformed_connect_closes_the_connection() {
    let mut server = Server::new(ServerConfig::default(), Version::V3_1_1);
    server.machine.handle_connected(server.now);
    let outs = server.receive_bytes(b"\x10\x0e\0\x04MQTT\x04\x03\0\x3c\0\x02me");
    assert!(
        matches!(outs.as_slice(), [Out::Close(CloseReason::Malformed(_))]),
        "{outs:?}"
    );

    let mut server = Server::new(ServerConfig::default(), Version::V5_0);
    server.machine.handle_connected(server.now);
    let outs = server.receive_bytes(b"\x10\x0f\0\x04MQTT\x05\x03\0\x3c\0\0\x02me");
    let refusal = Connack {
        reason_code: ConnectReasonCode::MalformedPacket,
        ..accepted()
    };
    assert_eq!(outs[0], send(Version::V5_0, refusal));
    assert!(
        matches!(outs.as_slice(), [_, Out::Close(CloseReason::Malformed(_))]),
        "{outs:?}"
    );

    // Larger than a CONNECT may be, as soon as that is known.
    let mut server = Server::new(ServerConfig::default(), Version::V5_0);
    server.machine.handle_connected(server.now);
    let outs = server.receive_bytes(b"\x10\x80\x80\x80\x01");
    assert!(matches!(
        outs.as_slice(),
        [Out::Close(CloseReason::Malformed(
            DecodeError::PacketTooLarge { .. }
        ))]
    ));
}

/// [MQTT-3.1.4-2] [MQTT-3.1.4-6] [v3.1.1 MQTT-3.1.4-5] Who is refused is told so, and nothing that it sent behind its
/// CONNECT is processed.
#[test]
fn nothing_behind_a_refused_connect_is_processed() {
    for version in VERSIONS {
        let mut server = Server::new(ServerConfig::default(), version);
        server.machine.handle_connected(server.now);
        let mut bytes = encode(version, &connect(version).into());
        let connect_len = bytes.len();
        bytes.extend(encode(version, &qos0("a", "x").into()));
        assert_eq!(server.machine.handle_bytes(server.now, &bytes), connect_len);
        assert!(matches!(
            server.drain().as_slice(),
            [Out::Server(ServerEvent::Connect(_)), Out::Pause]
        ));
        assert_eq!(
            server
                .machine
                .handle_bytes(server.now, &bytes[connect_len..]),
            0
        );

        let reason = ConnectReasonCode::NotAuthorized;
        server
            .machine
            .refuse(server.now, reason, ConnackProperties::default())
            .unwrap();
        let refusal = send(
            version,
            Connack {
                reason_code: reason,
                ..accepted()
            },
        );
        assert_eq!(
            server.drain(),
            [refusal, Out::Close(CloseReason::Refused(reason))]
        );
        assert_eq!(server.receive_bytes(&bytes[connect_len..]), []);
    }
}

/// [MQTT-3.1.4-4] [MQTT-3.1.4-5] [v3.1.1 MQTT-3.1.4-3] [v3.1.1 MQTT-3.1.4-4] The caller decides with all that CONNECT says,
/// and success is one CONNACK.
#[test]
fn an_accepted_connect_is_answered_by_connack() {
    for version in VERSIONS {
        let mut server = Server::new(ServerConfig::default(), version);
        let will = Will {
            topic: topic("will"),
            payload: Binary::new(b"gone").unwrap(),
            qos: QoS::AtLeastOnce,
            retain: true,
            properties: WillProperties::default(),
        };
        let connect = Connect {
            will: Some(will),
            user_name: Text::new("ann").ok(),
            password: Binary::new(b"secret").ok(),
            ..connect(version)
        };
        let outs = server.open(&connect);
        let [Out::Server(ServerEvent::Connect(request)), Out::Pause] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        assert_eq!(
            (request.version, request.clean_start, request.keep_alive),
            (version, true, 60)
        );
        assert_eq!(request.will.as_ref().unwrap().borrowed(), will);
        assert_eq!(request.user_name, Some(text("ann")));
        assert_eq!(request.password.as_ref().unwrap().as_bytes(), b"secret");
        assert!(!format!("{request:?}").contains("secret"));
        assert_eq!(
            server.accept(Accept::default()),
            [Out::Resume, send(version, connack(announced()))]
        );
        assert_eq!(
            server.machine.accept(server.now, Accept::default()),
            Err(AcceptError::NotConnecting)
        );
        let refused = server.machine.refuse(
            server.now,
            ConnectReasonCode::Banned,
            ConnackProperties::default(),
        );
        assert_eq!(refused, Err(RefuseError::NotConnecting));
    }
}

/// A CONNECT that does not come in time, or a decision that does not, closes the connection.
#[test]
fn connect_has_to_come_in_time() {
    for version in VERSIONS {
        let mut server = Server::new(ServerConfig::default(), version);
        server.machine.handle_connected(server.now);
        assert_eq!(server.advance(Duration::from_micros(9_999_999)), []);
        let closed = [Out::Close(CloseReason::ConnectTimeout)];
        assert_eq!(server.advance(Duration::from_micros(1)), closed);

        server.machine.handle_connected(server.now);
        server.now = server.now + Duration::from_secs(6);
        server.receive(connect(version));
        assert_eq!(server.advance(Duration::from_secs(4)), closed);

        let mut client = Client::new(client_config(version));
        client.connect();
        assert_eq!(client.advance(Duration::from_micros(9_999_999)), []);
        assert_eq!(client.advance(Duration::from_micros(1)), closed);
    }
}

/// A configuration of which no CONNECT can be made is refused when the session is made.
#[test]
fn a_password_needs_a_user_name_in_3_x() {
    let password = mqtt_session::Password::new("secret").ok();
    for version in VERSIONS {
        let config = ClientConfig {
            password: password.clone(),
            ..client_config(version)
        };
        let error = mqtt_session::ClientSession::new(config).err();
        assert_eq!(
            error,
            (version != Version::V5_0).then_some(ConfigError::PasswordWithoutUserName)
        );
    }
}

/// A will that the server cannot keep is refused with the code for it, see also `connack.rs`.
#[test]
fn a_will_reaches_the_server() {
    let version = Version::V5_0;
    let will = Will {
        topic: topic("will"),
        payload: Binary::new(b"gone").unwrap(),
        qos: QoS::AtMostOnce,
        retain: false,
        properties: WillProperties {
            will_delay_interval: Some(5),
            ..WillProperties::default()
        },
    };
    let mut client = Client::new(ClientConfig {
        will: Some((&will).into()),
        ..client_config(version)
    });
    let outs = client.connect();
    let [Out::Send(sent)] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    let mut server = Server::new(ServerConfig::default(), version);
    server.machine.handle_connected(server.now);
    let outs = server.receive_bytes(&sent.bytes);
    let [Out::Server(ServerEvent::Connect(request)), Out::Pause] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert_eq!(request.will.as_ref().unwrap().borrowed(), will);
}

/// What a server with the default configuration announces.
fn announced() -> ConnackProperties<'static> {
    ConnackProperties {
        receive_maximum: NonZeroU16::new(1_024),
        maximum_packet_size: NonZeroU32::new(2 * 1024 * 1024),
        topic_alias_maximum: Some(16),
        ..ConnackProperties::default()
    }
}

fn text(text: &str) -> mqtt_codec::TextBuf {
    mqtt_codec::TextBuf::new(text).unwrap()
}

fn code(byte: u8) -> mqtt_codec::reason_code::DisconnectReasonCode {
    mqtt_codec::reason_code::DisconnectReasonCode::from_byte(byte).unwrap()
}
