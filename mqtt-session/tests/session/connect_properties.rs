//! MQTT 5.0 §3.1.2.11: what the properties of CONNECT ask for.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{
    AcknowledgementProperties, Auth, AuthProperties, Connack, ConnackProperties, Connect,
    ConnectProperties, Puback,
};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{AuthReasonCode, ConnectReasonCode, PublishReasonCode};
use mqtt_codec::{PacketType, QoS, Text, Version};
use mqtt_session::client::{Config as ClientConfig, Event as ClientEvent, RequestError};
use mqtt_session::server::{Accept, Config as ServerConfig};
use mqtt_session::{Acknowledgement, CloseReason, ProtocolError, PublishError, PublishOutcome};

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

/// [MQTT-3.1.2-29] [often-wrong-33] A client that wants no problem information gets none, but on CONNACK, DISCONNECT
/// and PUBLISH; one that gets it all the same may end the connection.
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

/// [often-wrong-33] A client that wants none says so, and takes it on CONNACK, PUBLISH and DISCONNECT alone.
#[test]
fn unwanted_problem_information_is_a_protocol_error_but_on_three_packets() {
    let version = Version::V5_0;
    let config = || ClientConfig {
        problem_information: mqtt_session::ProblemInformation::Unwanted,
        ..client_config(version)
    };
    let mut client = Client::new(config());
    let outs = client.connect();
    let [Out::Send(sent)] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert!(sent.bytes.windows(2).any(|bytes| bytes == [0x17, 0]));
    let why = [0x1F, 0, 1, b'w'];
    let pair = [0x26, 0, 1, b'n', 0, 1, b'v'];
    let with = |first, before: &[u8], property: &[u8], after: &[u8]| {
        let len = [u8::try_from(property.len()).unwrap()];
        let body = [before, &len, property, after].concat();
        [&[first, u8::try_from(body.len()).unwrap()], body.as_slice()].concat()
    };
    for property in [&why[..], &pair] {
        let mut client = Client::new(config());
        client.connect();
        let outs = client.receive_bytes(&with(0x20, b"\0\0", property, b""));
        assert!(matches!(outs[..], [Out::Client(ClientEvent::Connected(_))]));
        let outs = client.receive_bytes(&with(0x30, b"\0\x01a", &pair, b"x"));
        assert_eq!(outs, [deliver("a", "x")]);
        let outs = client.receive_bytes(&with(0xE0, b"\x8B", property, b""));
        let reason = mqtt_codec::reason_code::DisconnectReasonCode::ServerShuttingDown;
        let close = Out::Close(CloseReason::PeerDisconnected { reason });
        assert_eq!(outs.last(), Some(&close));

        for (packet_type, first, before, after) in [
            (PacketType::Puback, 0x40, &b"\0\x01\0"[..], &b""[..]),
            (PacketType::Pubrec, 0x50, b"\0\x01\0", b""),
            (PacketType::Pubrel, 0x62, b"\0\x01\0", b""),
            (PacketType::Pubcomp, 0x70, b"\0\x01\0", b""),
            (PacketType::Suback, 0x90, b"\0\x01", b"\0"),
            (PacketType::Unsuback, 0xB0, b"\0\x01", b"\0"),
            (PacketType::Auth, 0xF0, b"\x18", b""),
        ] {
            let mut client = Client::connected(config());
            let outs = client.receive_bytes(&with(first, before, property, after));
            let error = ProtocolError::UnwantedProblemInformation(packet_type);
            let close = Out::Close(CloseReason::Protocol(error));
            assert_eq!(outs, [send(version, disconnect(code(0x82))), close]);
        }
    }
}

/// [MQTT-3.1.2-30] AUTH goes out before CONNACK; requests and PINGREQ do not, however long it takes.
#[test]
fn a_client_that_authenticates_only_answers_before_connack() {
    let version = Version::V5_0;
    let mut client = Client::new(ClientConfig {
        authentication: Some(mqtt_session::client::InitialAuthentication {
            method: text("X"),
            data: None,
        }),
        keep_alive: Duration::from_secs(5),
        ..client_config(version)
    });
    client.connect();
    let subscriptions = [subscription("a", QoS::AtMostOnce)];
    let (machine, now) = (&mut client.machine, client.now);
    let subscribe = machine.subscribe(now, &subscriptions, Default::default());
    assert_eq!(subscribe, Err(RequestError::NotConnected.into()));
    let unsubscribe = machine.unsubscribe(now, &[filter("a")], Default::default());
    assert_eq!(unsubscribe, Err(RequestError::NotConnected));
    assert_eq!(client.advance(Duration::from_secs(9)), []);

    let properties = AuthProperties {
        authentication_method: Text::new("X").ok(),
        ..AuthProperties::default()
    };
    let auth = Auth {
        reason_code: AuthReasonCode::ContinueAuthentication,
        properties,
    };
    let data = None;
    assert_eq!(
        client.receive(auth),
        [Out::Client(ClientEvent::Authenticate { data })]
    );
    client.machine.authenticate(client.now, None).unwrap();
    assert_eq!(client.drain(), [send(version, auth)]);
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
