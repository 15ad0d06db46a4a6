//! MQTT 5.0 §3.2: CONNACK, at both ends. MQTT 3.1.1 §3.2.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::{NonZeroU16, NonZeroU32};
use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Connack, ConnackProperties, Connect, ConnectProperties};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode, SubscribeReasonCode};
use mqtt_codec::{Packet, PacketType, QoS, Text, Version};
use mqtt_session::client::Event as ClientEvent;
use mqtt_session::server::{Accept, Config as ServerConfig};
use mqtt_session::{Capabilities, CloseReason, ProtocolError, PublishError};

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

/// [MQTT-3.2.2-21] [MQTT-3.1.2-21] [often-wrong-32] The client runs on Server Keep Alive, also when that is 0.
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
        let mut client = Client::connected_with(client_config(version), connack(properties));
        let expected = interval.map(|seconds| client.now + Duration::from_secs(seconds));
        assert_eq!(client.machine.poll_timeout(), expected);
        let (silence, pingreq) = match interval {
            Some(seconds) => (seconds, Some(send(version, Packet::Pingreq))),
            None => (100_000, None),
        };
        let micro = Duration::from_micros(1);
        assert_eq!(client.advance(Duration::from_secs(silence) - micro), []);
        assert_eq!(client.advance(micro), Vec::from_iter(pingreq));
    }
}

/// [MQTT-3.2.2-22] [often-wrong-32] The server runs on what it has said, or else on what CONNECT said.
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
