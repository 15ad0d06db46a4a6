//! MQTT 5.0 §3.14: DISCONNECT, in both directions. MQTT 3.1.1 §3.14.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Disconnect, DisconnectProperties};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, PacketType, QoS, Text, Version};
use mqtt_session::client::{Config as ClientConfig, DisconnectError, Event as ClientEvent};
use mqtt_session::server::{
    Config as ServerConfig, DisconnectError as ServerDisconnectError, Event as ServerEvent,
};
use mqtt_session::{CloseReason, ProtocolError, PublishError};

const NORMAL: Disconnect<'static> = Disconnect {
    reason_code: DisconnectReasonCode::Success,
    properties: DisconnectProperties {
        session_expiry_interval: None,
        reason_string: None,
        user_properties: mqtt_codec::property::UserProperties::EMPTY,
        server_reference: None,
    },
};

/// [MQTT-3.14.0-1] A server says nothing but CONNACK before CONNACK: an error of an early packet goes there.
#[test]
fn a_server_sends_no_disconnect_before_connack() {
    for version in VERSIONS {
        let mut server = Server::new(ServerConfig::default(), version);
        server.machine.handle_connected(server.now);
        let refused = server.machine.disconnect(server.now, NORMAL);
        assert_eq!(refused, Err(ServerDisconnectError::NotConnected));
        server.receive(connect(version));
        let refused = server.machine.disconnect(server.now, NORMAL);
        assert_eq!(refused, Err(ServerDisconnectError::NotConnected));
        assert_eq!(
            server.lose_connection(),
            [Out::Close(CloseReason::ConnectionLost)]
        );
    }
    // A client that meets one takes it for what it is.
    let mut client = Client::new(client_config(Version::V5_0));
    client.connect();
    let error = ProtocolError::UnexpectedPacket(PacketType::Disconnect);
    assert_eq!(
        client.receive(NORMAL).last(),
        Some(&Out::Close(CloseReason::Protocol(error)))
    );
}

/// [MQTT-3.14.2-2] A server's DISCONNECT has no Session Expiry Interval; one that has it breaks the rules.
#[test]
fn a_server_says_nothing_of_the_session_expiry() {
    let version = Version::V5_0;
    let properties = DisconnectProperties {
        session_expiry_interval: Some(5),
        ..NORMAL.properties
    };
    let disconnect = Disconnect {
        properties,
        reason_code: DisconnectReasonCode::ServerBusy,
    };
    let mut server = Server::connected(version);
    server.machine.disconnect(server.now, disconnect).unwrap();
    let sent = send(
        version,
        Disconnect {
            properties: NORMAL.properties,
            ..disconnect
        },
    );
    assert_eq!(server.drain(), [sent, Out::Close(CloseReason::Requested)]);

    let mut client = Client::connected(client_config(version));
    let close = Out::Close(CloseReason::Protocol(
        ProtocolError::SessionExpiryFromServer,
    ));
    assert_eq!(client.receive(disconnect).last(), Some(&close));
}

/// [MQTT-3.14.4-1] [MQTT-3.14.4-2] [v3.1.1 MQTT-3.14.4-1] [v3.1.1 MQTT-3.14.4-2] DISCONNECT is the last packet, and the close
/// follows.
#[test]
fn nothing_follows_a_disconnect() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        client.machine.disconnect(client.now, NORMAL).unwrap();
        assert_eq!(
            client.drain(),
            [send(version, NORMAL), Out::Close(CloseReason::Requested)]
        );
        let refused = client
            .machine
            .publish(client.now, message(QoS::AtMostOnce, "a", "x"));
        assert_eq!(refused, Err(PublishError::NotConnected));
        assert_eq!(
            client.machine.disconnect(client.now, NORMAL),
            Err(DisconnectError::NotConnected)
        );
        assert_eq!(client.receive(qos1(1, "a", "x")), []);
        assert_eq!(client.lose_connection(), []);
        assert_eq!(client.machine.poll_timeout(), None);

        let mut server = Server::connected(version);
        server.machine.disconnect(server.now, NORMAL).unwrap();
        let outs = server.drain();
        match version {
            Version::V5_0 => assert_eq!(
                outs,
                [send(version, NORMAL), Out::Close(CloseReason::Requested)]
            ),
            // Only the client has one.
            Version::V3_1 | Version::V3_1_1 => {
                assert_eq!(outs, [Out::Close(CloseReason::Requested)])
            }
        }
        assert_eq!(server.receive(qos1(1, "a", "x")), []);
    }
}

/// The server learns from DISCONNECT how the client leaves, and whether the Will goes.
#[test]
fn a_disconnect_says_what_becomes_of_the_will() {
    for version in VERSIONS {
        let mut server = Server::connected(version);
        let reason = CloseReason::PeerDisconnected {
            reason: DisconnectReasonCode::Success,
        };
        let outs = server.receive(NORMAL);
        assert!(matches!(outs[0], Out::Server(ServerEvent::Disconnected(_))));
        assert_eq!(outs[1..], [Out::Close(reason)]);
        assert!(reason.drops_will());
    }
    let mut server = Server::connected(Version::V5_0);
    let reason = DisconnectReasonCode::DisconnectWithWillMessage;
    let outs = server.receive(disconnect(reason));
    assert_eq!(
        outs[1..],
        [Out::Close(CloseReason::PeerDisconnected { reason })]
    );
    assert!(!CloseReason::PeerDisconnected { reason }.drops_will());
}

/// [often-wrong-27] Without a Session Expiry Interval the one of CONNECT stays in force and the client keeps its session;
/// 0 goes out as such and ends it.
#[test]
fn an_absent_session_expiry_is_not_0() {
    let version = Version::V5_0;
    let with = |session_expiry_interval| Disconnect {
        properties: DisconnectProperties {
            session_expiry_interval,
            ..NORMAL.properties
        },
        ..NORMAL
    };
    for (said, kept) in [(None, 1), (Some(0), 0), (Some(1), 1)] {
        let mut client = Client::connected(lasting(version));
        client.publish(message(QoS::AtLeastOnce, "a", "x"));
        client.machine.disconnect(client.now, with(said)).unwrap();
        let outs = client.drain();
        assert!(outs.contains(&send(version, with(said))), "{outs:?}");
        assert_eq!(client.machine.in_flight(), kept);
    }
    // The bytes tell them apart.
    assert_eq!(encode(version, &with(None).into()), [0xE0, 0]);
    let zero = [0xE0, 7, 0, 5, 0x11, 0, 0, 0, 0];
    assert_eq!(encode(version, &with(Some(0)).into()), zero);
}

/// What the server says when it leaves reaches the application.
#[test]
fn the_application_learns_why_the_server_leaves() {
    let version = Version::V5_0;
    let properties = DisconnectProperties {
        reason_string: Text::new("elsewhere").ok(),
        server_reference: Text::new("other:1883").ok(),
        ..NORMAL.properties
    };
    let reason = DisconnectReasonCode::UseAnotherServer;
    let mut client = Client::connected(client_config(version));
    let outs = client.receive(Disconnect {
        reason_code: reason,
        properties,
    });
    let [Out::Client(ClientEvent::Disconnected(said)), close] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert_eq!(said.reason, reason);
    assert_eq!(
        said.server_reference.as_ref().unwrap().as_str(),
        "other:1883"
    );
    assert_eq!(said.reason_string.as_ref().unwrap().as_str(), "elsewhere");
    assert_eq!(close, &Out::Close(CloseReason::PeerDisconnected { reason }));
}

/// In 3.x a server has no DISCONNECT.
#[test]
fn a_disconnect_from_a_server_is_a_protocol_error_in_3_x() {
    for version in [Version::V3_1, Version::V3_1_1] {
        let mut client = Client::connected(client_config(version));
        let error = ProtocolError::UnexpectedPacket(PacketType::Disconnect);
        assert_eq!(
            client.receive(NORMAL),
            [Out::Close(CloseReason::Protocol(error))]
        );
    }
}

/// A network connection that is lost is closed once, whatever it was doing.
#[test]
fn a_lost_connection_is_closed_once() {
    for version in VERSIONS {
        let mut client = Client::new(client_config(version));
        assert_eq!(client.lose_connection(), []);
        client.connect();
        assert_eq!(
            client.lose_connection(),
            [Out::Close(CloseReason::ConnectionLost)]
        );
        assert_eq!(client.lose_connection(), []);

        let mut server = Server::connected(version);
        assert_eq!(
            server.lose_connection(),
            [Out::Close(CloseReason::ConnectionLost)]
        );
        assert_eq!(server.lose_connection(), []);
        assert_eq!(server.advance(Duration::from_secs(1_000)), []);
    }
    let config = ClientConfig {
        keep_alive: Duration::from_secs(1),
        ..client_config(Version::V5_0)
    };
    let mut client = Client::connected(config);
    client.receive(Packet::Pingresp);
    assert_eq!(
        client.lose_connection(),
        [Out::Close(CloseReason::ConnectionLost)]
    );
}
