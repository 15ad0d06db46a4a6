//! MQTT 5.0 §3.1.4: what a server does with CONNECT. MQTT 3.1.1 §3.1.4.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Connack, ConnackProperties, Connect, Will, WillProperties};
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{Binary, QoS, Text, Version};
use mqtt_session::CloseReason;
use mqtt_session::client::Config as ClientConfig;
use mqtt_session::server::{
    Accept, AcceptError, Config as ServerConfig, Event as ServerEvent, RefuseError,
};

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
