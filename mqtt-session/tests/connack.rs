//! MQTT 5.0 §3.2: CONNACK, at both ends. MQTT 3.1.1 §3.2.

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
    Connack, ConnackProperties, Connect, ConnectProperties, SubscribeProperties, Will,
    WillProperties,
};
use mqtt_codec::property::{SubscriptionIdentifier, UserProperties};
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode, SubscribeReasonCode};
use mqtt_codec::{Binary, Packet, PacketType, QoS, Text, Version};
use mqtt_session::client::{
    CleanStart, Config as ClientConfig, Event as ClientEvent, SubscribeError, UnknownSession,
};
use mqtt_session::server::{Accept, Config as ServerConfig, Event as ServerEvent};
use mqtt_session::{
    AbandonCause, Capabilities, CloseReason, Message, ProtocolError, PublishError, PublishOutcome,
    SessionState,
};
use support::packets::*;
use support::*;

/// [MQTT-3.2.0-1] [v3.1.1 MQTT-3.2.0-1] Nothing but AUTH precedes CONNACK: until then the server's commands are refused,
/// and the client takes nothing else.
#[test]
fn nothing_precedes_connack() {
    for version in VERSIONS {
        let mut server = Server::new(ServerConfig::default(), version);
        server.open(&connect(version));
        let refused = server
            .machine
            .publish(server.now, message(QoS::AtMostOnce, "a", "x"));
        assert_eq!(refused, Err(PublishError::NotConnected));
        assert!(
            server
                .machine
                .disconnect(server.now, disconnect(DisconnectReasonCode::Success))
                .is_err()
        );
        assert_eq!(server.drain(), []);

        for (packet, packet_type) in [
            (Packet::Publish(qos0("a", "x")), PacketType::Publish),
            (Packet::Pingresp, PacketType::Pingresp),
            (
                Packet::Suback(suback(1, &[SubscribeReasonCode::Success])),
                PacketType::Suback,
            ),
        ] {
            let mut client = Client::new(client_config(version));
            client.connect();
            let error = ProtocolError::UnexpectedPacket(packet_type);
            assert_eq!(
                client.receive(packet).last(),
                Some(&Out::Close(CloseReason::Protocol(error)))
            );
        }
    }
}

/// [MQTT-3.2.0-2] There is one CONNACK on a connection.
#[test]
fn a_second_connack_is_a_protocol_error() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        let error = ProtocolError::UnexpectedPacket(PacketType::Connack);
        assert_eq!(
            client.receive(accepted()).last(),
            Some(&Out::Close(CloseReason::Protocol(error)))
        );

        let mut server = Server::connected(version);
        assert!(
            server
                .machine
                .accept(server.now, Accept::default())
                .is_err()
        );
        assert_eq!(server.drain(), []);
    }
}

/// [MQTT-3.2.2-2] [MQTT-3.2.2-3] [v3.1.1 MQTT-3.2.2-1] [v3.1.1 MQTT-3.2.2-2] [v3.1.1 MQTT-3.2.2-3] Session Present says
/// whether the server goes on with a session.
#[test]
fn session_present_says_whether_there_is_a_session() {
    for version in [Version::V3_1_1, Version::V5_0] {
        for (clean_start, stored, session_present) in [
            (true, false, false),
            (false, false, false),
            (false, true, true),
        ] {
            let mut server = Server::new(ServerConfig::default(), version);
            server.open(&Connect {
                clean_start,
                ..connect(version)
            });
            let session = stored.then(SessionState::new);
            let outs = server.accept(Accept {
                session,
                ..Accept::default()
            });
            let [Out::Resume, Out::Send(sent)] = outs.as_slice() else {
                panic!("{outs:?}")
            };
            assert_eq!(sent.bytes[2..4], [u8::from(session_present), 0]);
        }
    }
}

/// [MQTT-3.2.2-4] A client without the session that the server goes on with closes the connection, unless it was told to
/// take it over.
#[test]
fn an_unknown_session_is_not_resumed() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let config = ClientConfig {
            clean_start: CleanStart::Never,
            ..lasting(version)
        };
        let present = Connack {
            session_present: true,
            ..accepted()
        };
        let close = Out::Close(CloseReason::Protocol(ProtocolError::UnknownSessionPresent));

        let mut client = Client::new(config.clone());
        client.connect();
        assert_eq!(client.receive(present).last(), Some(&close));

        let adopting = ClientConfig {
            unknown_session: UnknownSession::Adopt,
            ..config.clone()
        };
        let client = Client::connected_with(adopting, present);
        assert!(client.machine.poll_timeout().is_some());

        // Not even then where an empty session was asked for.
        let mut client = Client::new(ClientConfig {
            clean_start: CleanStart::Always,
            unknown_session: UnknownSession::Adopt,
            ..config
        });
        client.connect();
        assert_eq!(client.receive(present).last(), Some(&close));
    }
}

/// [MQTT-3.2.2-5] A client whose session the server does not have discards it, and says what became of its messages.
#[test]
fn a_session_that_the_server_has_lost_is_discarded() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut client = Client::connected(lasting(version));
        let kept = message(QoS::ExactlyOnce, "a", "x");
        let (first, _) = client.publish(kept.clone());
        let (second, _) = client.publish(message(QoS::ExactlyOnce, "a", "y"));
        client.receive(pubrec(2));
        client.receive(qos2(9, "a", "x"));
        client.lose_connection();
        let cause = AbandonCause::SessionEnded;
        assert_eq!(
            client.reconnect(false),
            [
                published(PublishOutcome::Abandoned {
                    token: first,
                    message: Some(Box::new(kept)),
                    cause
                }),
                published(PublishOutcome::Abandoned {
                    token: second,
                    message: None,
                    cause
                }),
            ]
        );
        assert_eq!(client.machine.in_flight(), 0);
        assert_eq!(
            client.receive(qos2(9, "a", "z")),
            [deliver("a", "z"), send(version, pubrec(9))]
        );
    }
}

/// [MQTT-3.2.2-7] [v3.1.1 MQTT-3.2.2-5] A CONNACK with an error ends the connection at both ends.
#[test]
fn a_refusing_connack_ends_the_connection() {
    for version in VERSIONS {
        let reason = ConnectReasonCode::ServerUnavailable;
        let refusal = Connack {
            reason_code: reason,
            ..accepted()
        };
        let mut server = Server::new(ServerConfig::default(), version);
        server.open(&connect(version));
        server
            .machine
            .refuse(server.now, reason, ConnackProperties::default())
            .unwrap();
        assert_eq!(
            server.drain(),
            [
                send(version, refusal),
                Out::Close(CloseReason::Refused(reason))
            ]
        );

        let mut client = Client::new(client_config(version));
        client.connect();
        let outs = client.receive(refusal);
        assert!(
            matches!(outs[0], Out::Client(ClientEvent::Refused(_))),
            "{outs:?}"
        );
        assert_eq!(outs[1..], [Out::Close(CloseReason::Refused(reason))]);
    }
}

/// [v3.1.1 MQTT-3.2.2-6] Where no return code fits, the connection is closed without CONNACK.
#[test]
fn a_reason_that_3_x_cannot_say_is_not_sent() {
    for version in VERSIONS {
        let reason = ConnectReasonCode::PayloadFormatInvalid;
        let mut server = Server::new(ServerConfig::default(), version);
        server.open(&connect(version));
        server
            .machine
            .refuse(server.now, reason, ConnackProperties::default())
            .unwrap();
        let close = Out::Close(CloseReason::Refused(reason));
        match version {
            Version::V5_0 => {
                let refusal = Connack {
                    reason_code: reason,
                    ..accepted()
                };
                assert_eq!(server.drain(), [send(version, refusal), close]);
            }
            Version::V3_1 | Version::V3_1_1 => assert_eq!(server.drain(), [close]),
        }
    }
}

/// [MQTT-3.2.2-9] [MQTT-3.2.2-10] A server without QoS 1 or 2 says so; subscriptions may ask for more all the same.
#[test]
fn the_maximum_qos_is_announced_and_any_qos_can_be_subscribed() {
    let version = Version::V5_0;
    for (maximum_qos, sent) in [
        (QoS::AtMostOnce, Some(QoS::AtMostOnce)),
        (QoS::AtLeastOnce, Some(QoS::AtLeastOnce)),
    ] {
        let capabilities = Capabilities {
            maximum_qos,
            ..Capabilities::default()
        };
        let mut server = Server::new(
            ServerConfig {
                capabilities,
                ..ServerConfig::default()
            },
            version,
        );
        server.open(&connect(version));
        let expected = ConnackProperties {
            maximum_qos: sent,
            ..announced()
        };
        assert_eq!(
            server.accept(Accept::default()),
            [Out::Resume, send(version, connack(expected))]
        );
        let outs = server.receive(subscribe(1, &[subscription("a", QoS::ExactlyOnce)]));
        assert!(matches!(
            outs.as_slice(),
            [Out::Server(ServerEvent::Subscribe(_))]
        ));
    }
}

/// [MQTT-3.2.2-11] [MQTT-3.2.2-14] The client publishes nothing that the server does not take; a server that gets it
/// ends the connection with the code for it.
#[test]
fn a_message_that_the_server_does_not_take_is_not_published() {
    let version = Version::V5_0;
    let properties = ConnackProperties {
        maximum_qos: Some(QoS::AtLeastOnce),
        retain_available: Some(false),
        ..ConnackProperties::default()
    };
    let mut client = Client::connected_with(client_config(version), connack(properties));
    let publish = |client: &mut Client, message| client.machine.publish(client.now, message);
    let refused = publish(&mut client, message(QoS::ExactlyOnce, "a", "x"));
    assert_eq!(
        refused,
        Err(PublishError::QoSNotSupported {
            maximum: QoS::AtLeastOnce
        })
    );
    let retained = Message {
        retain: true,
        ..message(QoS::AtMostOnce, "a", "x")
    };
    assert_eq!(
        publish(&mut client, retained),
        Err(PublishError::RetainNotSupported)
    );
    assert_eq!(client.drain(), []);
    assert!(publish(&mut client, message(QoS::AtLeastOnce, "a", "x")).is_ok());

    let capabilities = Capabilities {
        maximum_qos: QoS::AtLeastOnce,
        retain: false,
        ..Capabilities::default()
    };
    let retained = mqtt_codec::packet::Publish {
        retain: true,
        ..qos0("a", "x")
    };
    for (publish, error) in [
        (qos2(1, "a", "x"), ProtocolError::QoSNotSupported),
        (retained, ProtocolError::RetainNotSupported),
    ] {
        let config = ServerConfig {
            capabilities,
            ..ServerConfig::default()
        };
        let mut server = Server::connected_with(config, &connect(version));
        let goodbye = send(version, disconnect(error.reason_code()));
        assert_eq!(
            server.receive(publish),
            [goodbye, Out::Close(CloseReason::Protocol(error))]
        );
    }
}

/// [MQTT-3.2.2-12] [MQTT-3.2.2-13] A Will that the server cannot keep is refused with the code for it.
#[test]
fn a_will_that_the_server_cannot_keep_is_refused() {
    let version = Version::V5_0;
    let capabilities = Capabilities {
        maximum_qos: QoS::AtMostOnce,
        retain: false,
        ..Capabilities::default()
    };
    for (qos, retain, reason_code) in [
        (
            QoS::AtLeastOnce,
            false,
            Some(ConnectReasonCode::QoSNotSupported),
        ),
        (
            QoS::AtMostOnce,
            true,
            Some(ConnectReasonCode::RetainNotSupported),
        ),
        (QoS::AtMostOnce, false, None),
    ] {
        let payload = Binary::new(b"gone").unwrap();
        let will = Will {
            topic: topic("will"),
            payload,
            qos,
            retain,
            properties: WillProperties::default(),
        };
        let mut server = Server::new(
            ServerConfig {
                capabilities,
                ..ServerConfig::default()
            },
            version,
        );
        let outs = server.open(&Connect {
            will: Some(will),
            ..connect(version)
        });
        match reason_code {
            Some(reason_code) => {
                let refusal = send(
                    version,
                    Connack {
                        reason_code,
                        ..accepted()
                    },
                );
                assert_eq!(
                    outs,
                    [refusal, Out::Close(CloseReason::Refused(reason_code))]
                );
            }
            None => assert!(matches!(
                outs.as_slice(),
                [Out::Server(ServerEvent::Connect(_)), Out::Pause]
            )),
        }
    }
}

/// [MQTT-3.2.2-15] The client sends nothing larger than the server takes; equal is allowed.
#[test]
fn the_client_keeps_to_the_servers_maximum_packet_size() {
    let version = Version::V5_0;
    let properties = ConnackProperties {
        maximum_packet_size: NonZeroU32::new(20),
        ..ConnackProperties::default()
    };
    let mut client = Client::connected_with(client_config(version), connack(properties));
    let (_, outs) = client.publish(message(QoS::AtLeastOnce, "a", &"x".repeat(12)));
    let [Out::Send(sent)] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert_eq!(sent.bytes.len(), 20);
    let refused = client
        .machine
        .publish(client.now, message(QoS::AtLeastOnce, "a", &"x".repeat(13)));
    assert_eq!(
        refused,
        Err(PublishError::TooLarge {
            len: Some(21),
            maximum: 20
        })
    );
    assert_eq!(
        (client.machine.in_flight(), client.machine.send_quota()),
        (1, 1_023)
    );

    let subscriptions = [subscription("123456789012345", QoS::AtMostOnce)];
    let refused =
        client
            .machine
            .subscribe(client.now, &subscriptions, SubscribeProperties::default());
    assert!(matches!(
        refused,
        Err(SubscribeError::Request(
            mqtt_session::client::RequestError::TooLarge { .. }
        ))
    ));
    let refused = client.machine.unsubscribe(
        client.now,
        &[filter("123456789012345")],
        UserProperties::EMPTY,
    );
    assert!(matches!(
        refused,
        Err(mqtt_session::client::RequestError::TooLarge {
            len: Some(22),
            maximum: 20
        })
    ));
    assert_eq!(client.drain(), []);
}

/// A message that the server took before and is too large for it now is given up: identifier and window are free.
#[test]
fn a_message_that_has_become_too_large_is_abandoned() {
    let version = Version::V5_0;
    let mut client = Client::connected(lasting(version));
    let large = message(QoS::ExactlyOnce, "a", &"x".repeat(100));
    let (token, _) = client.publish(large.clone());
    client.publish(message(QoS::AtLeastOnce, "a", "y"));
    client.lose_connection();
    let properties = ConnackProperties {
        maximum_packet_size: NonZeroU32::new(50),
        ..ConnackProperties::default()
    };
    let outs = client.reconnect_with(Connack {
        session_present: true,
        ..connack(properties)
    });
    let (message, cause) = (Some(Box::new(large)), AbandonCause::TooLarge);
    let abandoned = published(PublishOutcome::Abandoned {
        token,
        message,
        cause,
    });
    assert_eq!(outs, [abandoned, send(version, again(qos1(2, "a", "y")))]);
    assert_eq!(client.machine.in_flight(), 1);
}

/// What the server does not offer is not asked for; a server that is asked ends the connection with the code for it.
#[test]
fn subscriptions_keep_to_what_the_server_offers() {
    let version = Version::V5_0;
    let none = Capabilities {
        wildcard_subscriptions: false,
        shared_subscriptions: false,
        subscription_identifiers: false,
        ..Capabilities::default()
    };
    let mut connack = accepted();
    none.put(&mut connack);
    let mut client = Client::connected_with(client_config(version), connack);
    let identified = SubscribeProperties {
        subscription_identifier: SubscriptionIdentifier::new(7),
        ..SubscribeProperties::default()
    };
    let plain = SubscribeProperties::default();
    for (name, properties, error, protocol_error) in [
        (
            "a/+",
            plain,
            SubscribeError::WildcardsNotSupported,
            ProtocolError::WildcardSubscriptionsNotSupported,
        ),
        (
            "#",
            plain,
            SubscribeError::WildcardsNotSupported,
            ProtocolError::WildcardSubscriptionsNotSupported,
        ),
        (
            "$share/g/a",
            plain,
            SubscribeError::SharedNotSupported,
            ProtocolError::SharedSubscriptionsNotSupported,
        ),
        (
            "a",
            identified,
            SubscribeError::IdentifiersNotSupported,
            ProtocolError::SubscriptionIdentifiersNotSupported,
        ),
    ] {
        let subscriptions = [subscription(name, QoS::AtMostOnce)];
        assert_eq!(
            client
                .machine
                .subscribe(client.now, &subscriptions, properties),
            Err(error)
        );

        let config = ServerConfig {
            capabilities: none,
            ..ServerConfig::default()
        };
        let mut server = Server::connected_with(config, &connect(version));
        let packet = mqtt_codec::packet::Subscribe {
            properties,
            ..subscribe(1, &subscriptions)
        };
        let goodbye = send(version, disconnect(protocol_error.reason_code()));
        assert_eq!(
            server.receive(packet),
            [goodbye, Out::Close(CloseReason::Protocol(protocol_error))]
        );
    }
    assert_eq!(client.drain(), []);
    assert!(
        client
            .machine
            .subscribe(client.now, &[subscription("a", QoS::AtMostOnce)], plain)
            .is_ok()
    );
}

/// [MQTT-3.2.2-19] [MQTT-3.2.2-20] User Properties and then the Reason String give way when CONNACK would be too large.
#[test]
fn connack_leaves_out_what_does_not_fit() {
    let version = Version::V5_0;
    let pairs = [(Text::new("name").unwrap(), Text::new("value").unwrap())];
    let (reason_string, user_properties) = (Text::new("because").ok(), UserProperties::new(&pairs));
    let full = ConnackProperties {
        reason_string,
        user_properties,
        ..announced()
    };
    let some = ConnackProperties {
        reason_string,
        ..announced()
    };
    let len = |properties| encode(version, &connack(properties).into()).len();
    for (maximum, expected) in [
        (len(full), full),
        (len(full) - 1, some),
        (len(some), some),
        (len(some) - 1, announced()),
        (len(announced()), announced()),
    ] {
        let maximum_packet_size = NonZeroU32::new(maximum.try_into().unwrap());
        let properties = ConnectProperties {
            maximum_packet_size,
            ..ConnectProperties::default()
        };
        let mut server = Server::new(ServerConfig::default(), version);
        server.open(&Connect {
            properties,
            ..connect(version)
        });
        let outs = server.accept(Accept {
            reason_string,
            user_properties,
            ..Accept::default()
        });
        assert_eq!(outs, [Out::Resume, send(version, connack(expected))]);
    }
}

/// [MQTT-3.2.2-21] [MQTT-3.1.2-21] The client runs on Server Keep Alive, also when that is 0.
#[test]
fn the_servers_keep_alive_counts() {
    let version = Version::V5_0;
    for (said, interval) in [
        (None, Some(60)),
        (Some(5), Some(5)),
        (Some(600), Some(600)),
        (Some(0), None),
    ] {
        let properties = ConnackProperties {
            server_keep_alive: said,
            ..ConnackProperties::default()
        };
        let client = Client::connected_with(client_config(version), connack(properties));
        let expected = interval.map(|seconds| client.now + Duration::from_secs(seconds));
        assert_eq!(client.machine.poll_timeout(), expected);
    }
}

/// [MQTT-3.2.2-22] The server runs on what it has said, or else on what CONNECT said.
#[test]
fn the_server_runs_on_the_keep_alive_in_force() {
    for version in VERSIONS {
        for (server_keep_alive, micros) in [
            (None, Some(90_000_000)),
            (Some(3), Some(4_500_000)),
            (Some(0), None),
        ] {
            let mut server = Server::new(ServerConfig::default(), version);
            server.open(&connect(version));
            server.accept(Accept {
                server_keep_alive,
                ..Accept::default()
            });
            let expected = micros.map(|micros| server.now + Duration::from_micros(micros));
            assert_eq!(server.machine.poll_timeout(), expected);
        }
    }
}

/// All that CONNACK says reaches the application.
#[test]
fn the_application_learns_what_connack_says() {
    let version = Version::V5_0;
    let properties = ConnackProperties {
        session_expiry_interval: Some(u32::MAX),
        receive_maximum: NonZeroU16::new(7),
        maximum_packet_size: NonZeroU32::new(1_000),
        server_keep_alive: Some(11),
        response_information: Text::new("responses").ok(),
        server_reference: Text::new("other").ok(),
        reason_string: Text::new("welcome").ok(),
        ..ConnackProperties::default()
    };
    let mut client = Client::new(client_config(version));
    client.connect();
    let outs = client.receive(connack(properties));
    let [Out::Client(ClientEvent::Connected(connected))] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert_eq!(
        (connected.send_maximum, connected.maximum_packet_size),
        (7, 1_000)
    );
    assert_eq!(
        (connected.keep_alive, connected.session_expiry),
        (Duration::from_secs(11), Duration::MAX)
    );
    assert_eq!(
        connected.response_information.as_ref().unwrap().as_str(),
        "responses"
    );
    assert_eq!(
        connected.server_reference.as_ref().unwrap().as_str(),
        "other"
    );
    assert_eq!(
        connected.reason_string.as_ref().unwrap().as_str(),
        "welcome"
    );
    assert_eq!(connected.capabilities, Capabilities::default());
    assert_eq!(connected.client_id.as_str(), "me");
}

/// 3.1 has no Session Present: who keeps its session goes on with it.
#[test]
fn mqtt_3_1_resumes_without_being_told() {
    let version = Version::V3_1;
    let mut client = Client::connected(lasting(version));
    client.publish(message(QoS::AtLeastOnce, "a", "x"));
    client.lose_connection();
    assert_eq!(
        client.reconnect(false),
        [send(version, again(qos1(1, "a", "x")))]
    );
}

/// A client that was started anew with what it had stored has a session.
#[test]
fn a_restored_session_is_resumed() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut client = Client::connected(lasting(version));
        client.publish(message(QoS::AtLeastOnce, "a", "x"));
        let mut state = Vec::new();
        client.machine.encode_state(&mut state);

        let mut client = Client::new(lasting(version));
        client.machine.restore_state(&state).unwrap();
        assert_eq!(
            client.reconnect(true),
            [send(version, again(qos1(1, "a", "x")))]
        );
    }
}

fn published(outcome: PublishOutcome) -> Out {
    Out::Client(ClientEvent::Published(outcome))
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
