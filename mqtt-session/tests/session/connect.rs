//! MQTT 5.0 §3.1: CONNECT as the first packet, its protocol and its flags. MQTT 3.1.1 §3.1.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::{NonZeroU16, NonZeroU32};

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Connack, Connect, ConnectProperties};
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{DecodeError, QoS, Version};
use mqtt_session::client::{
    CleanStart, Config as ClientConfig, ConfigError, DisconnectError, Event as ClientEvent,
    RequestError,
};
use mqtt_session::server::{Accept, AcceptError, Config as ServerConfig};
use mqtt_session::{CloseReason, ProtocolError, PublishError, PublishOutcome, SessionState};

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

/// [MQTT-3.1.0-1] [v3.1.1 MQTT-3.1.0-1] Nothing can be sent before a connection begins, and what an earlier one left unwritten
/// is not written to the next.
#[test]
fn nothing_of_before_precedes_connect() {
    for version in VERSIONS {
        let mut client = Client::new(lasting(version));
        let now = client.now;
        let subscriptions = [subscription("a", QoS::AtMostOnce)];
        let machine = &mut client.machine;
        let publish = machine.publish(now, message(QoS::AtMostOnce, "a", "x"));
        assert_eq!(publish, Err(PublishError::NotConnected));
        let subscribe = machine.subscribe(now, &subscriptions, Default::default());
        assert_eq!(subscribe, Err(RequestError::NotConnected.into()));
        let unsubscribe = machine.unsubscribe(now, &[filter("a")], Default::default());
        assert_eq!(unsubscribe, Err(RequestError::NotConnected));
        let disconnect = machine.disconnect(now, disconnect(code(0)));
        assert_eq!(disconnect, Err(DisconnectError::NotConnected));
        assert_eq!(client.drain(), []);

        let is_connect = |outs: &[Out]| {
            let sent: Vec<_> = outs
                .iter()
                .filter(|out| matches!(out, Out::Send(_)))
                .collect();
            matches!(sent[..], [Out::Send(sent)] if sent.bytes[0] == 0x10)
        };
        let outs = client.connect();
        assert!(is_connect(&outs), "{outs:?}");
        client.receive(accepted());
        let machine = &mut client.machine;
        machine
            .publish(now, message(QoS::AtLeastOnce, "a", "unwritten"))
            .unwrap();
        machine.handle_closed(now);
        machine.handle_connected(now);
        let outs = client.drain();
        assert!(is_connect(&outs), "{outs:?}");
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
