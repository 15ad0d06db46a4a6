//! MQTT 5.0 §3.1.3.1: the Client Identifier. MQTT 3.1.1 §3.1.3.1.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Connack, ConnackProperties, Connect};
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{ClientId, ClientIdBuf, Text, Version};
use mqtt_session::client::{CleanStart, Config as ClientConfig, ConfigError};
use mqtt_session::server::{Accept, AcceptError, Config as ServerConfig, Event as ServerEvent};
use mqtt_session::{CloseReason, ProtocolError};

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
    for clean_start in [CleanStart::First, CleanStart::Always] {
        let mut client = Client::new(config(Version::V3_1_1, clean_start));
        for _ in 0..2 {
            let outs = client.connect();
            let [.., Out::Send(sent)] = outs.as_slice() else {
                panic!("{outs:?}")
            };
            // Connect Flags: Clean Session alone.
            assert_eq!(sent.bytes[9], 0x02);
            client.receive(accepted());
            client.lose_connection();
        }
    }
    assert_eq!(error(config(Version::V5_0, CleanStart::Never)), None);
}
