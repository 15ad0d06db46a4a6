//! MQTT 5.0 §4.13: what is done about errors. MQTT 3.1.1 §4.8.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Publish, PublishProperties};
use mqtt_codec::property::{SubscriptionIdentifier, SubscriptionIdentifiers};
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode, SubscribeReasonCode};
use mqtt_codec::{Packet, PacketType, QoS, Version};
use mqtt_session::server::Config as ServerConfig;
use mqtt_session::{CloseReason, ProtocolError, Role};

/// [MQTT-4.13.1-1] [v3.1.1 MQTT-4.8.0-1] Bytes that are not MQTT, and packets that break a rule, end the connection; in 5.0
/// with the reason code for it. What stood before them is done.
#[test]
fn an_error_ends_the_connection_with_its_reason() {
    let malformed: &[(&[u8], u8)] = &[
        (b"\x00\x00", 0x81),               // reserved packet type
        (b"\x36\x06\0\x01a\0\x01x", 0x81), // QoS 3
        (b"\x60\x02\0\x01", 0x81),         // PUBREL with flags 0000
        (b"\x30\x05\0\x03a/#", 0x81),      // wildcard in a Topic Name
        (b"\x30\xff\xff\xff\xff", 0x81),   // Remaining Length of five bytes
        (b"\x30\x80\x80\x80\x01", 0x95),   // larger than announced
    ];
    for version in [Version::V3_1_1, Version::V5_0] {
        for &(bytes, code) in malformed {
            let reason_code = DisconnectReasonCode::from_byte(code).unwrap();
            let mut client = Client::connected(client_config(version));
            ends_with(&mut client, Role::Client, bytes, reason_code);
            let mut server = Server::connected(version);
            ends_with(&mut server, Role::Server, bytes, reason_code);
        }
    }
}

fn ends_with<M: Machine>(
    side: &mut Side<M>,
    role: Role,
    bytes: &[u8],
    reason_code: DisconnectReasonCode,
) {
    let version = side.version;
    let good = encode(version, &qos1(1, "a", "x").into());
    let outs = side.receive_bytes(&[good.as_slice(), bytes].concat());
    let [before @ .., Out::Close(reason @ CloseReason::Malformed(_))] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert_eq!(reason.disconnect_reason_code(role), Some(reason_code));
    assert_eq!(before[0], deliver("a", "x"));
    let told = send(version, disconnect(reason_code));
    match version {
        Version::V5_0 => assert_eq!(before.last(), Some(&told)),
        Version::V3_1 | Version::V3_1_1 => assert!(!before.contains(&told)),
    }
}

/// [MQTT-4.13.1-1] A packet that only the other side sends, at each side.
#[test]
fn a_packet_from_the_wrong_side_is_a_protocol_error() {
    for version in VERSIONS {
        let subscriptions = [subscription("a", QoS::AtMostOnce)];
        let filters = [filter("a")];
        let from_clients: [(Packet<'_>, PacketType); 4] = [
            (connect(version).into(), PacketType::Connect),
            (subscribe(1, &subscriptions).into(), PacketType::Subscribe),
            (unsubscribe(1, &filters).into(), PacketType::Unsubscribe),
            (Packet::Pingreq, PacketType::Pingreq),
        ];
        for (packet, packet_type) in from_clients {
            let mut client = Client::connected(client_config(version));
            let error = ProtocolError::UnexpectedPacket(packet_type);
            assert_eq!(
                client.receive(packet).last(),
                Some(&Out::Close(CloseReason::Protocol(error)))
            );
        }
        let from_servers: [(Packet<'_>, PacketType); 3] = [
            (accepted().into(), PacketType::Connack),
            (
                suback(1, &[SubscribeReasonCode::Success]).into(),
                PacketType::Suback,
            ),
            (Packet::Pingresp, PacketType::Pingresp),
        ];
        for (packet, packet_type) in from_servers {
            let mut server = Server::connected(version);
            let error = ProtocolError::UnexpectedPacket(packet_type);
            assert_eq!(
                server.receive(packet).last(),
                Some(&Out::Close(CloseReason::Protocol(error)))
            );
        }
    }
}

/// [MQTT-3.3.4-6] A client's PUBLISH has no Subscription Identifier; a server's may have many.
#[test]
fn a_subscription_identifier_from_a_client_is_a_protocol_error() {
    let version = Version::V5_0;
    let identifiers = [7, 268_435_455].map(|value| SubscriptionIdentifier::new(value).unwrap());
    let properties = PublishProperties {
        subscription_identifiers: SubscriptionIdentifiers::new(&identifiers),
        ..PublishProperties::default()
    };
    for publish in [qos0("a", "x"), qos1(1, "a", "x")] {
        let publish = Publish {
            properties,
            ..publish
        };
        let mut server = Server::connected(version);
        let goodbye = send(version, disconnect(DisconnectReasonCode::ProtocolError));
        let close = Out::Close(CloseReason::Protocol(
            ProtocolError::SubscriptionIdentifierFromClient,
        ));
        assert_eq!(server.receive(publish), [goodbye, close]);

        let mut client = Client::connected(client_config(version));
        let bytes = encode(version, &publish.into());
        client.machine.handle_bytes(client.now, &bytes);
        let Some(mqtt_session::client::Action::Deliver(delivered)) = client.machine.poll_action()
        else {
            panic!("nothing delivered")
        };
        assert_eq!(delivered.subscription_identifiers, identifiers);
    }
    // And our client has no way to send one: its messages have no place for it.
    let mut client = Client::connected(client_config(version));
    let sent = mqtt_session::Message {
        properties: (&properties).into(),
        ..message(QoS::AtMostOnce, "a", "x")
    };
    assert_eq!(client.publish(sent).1, [send(version, qos0("a", "x"))]);
}

/// [MQTT-4.13.2-1] Reason codes of 0x80 and above go with the close, whether or not they can be said.
#[test]
fn every_refusal_goes_with_a_close() {
    for version in VERSIONS {
        for &reason in ConnectReasonCode::ALL.iter().filter(|code| code.is_error()) {
            let mut server = Server::new(ServerConfig::default(), version);
            server.open(&connect(version));
            server
                .machine
                .refuse(server.now, reason, Default::default())
                .unwrap();
            assert_eq!(
                server.drain().last(),
                Some(&Out::Close(CloseReason::Refused(reason)))
            );

            if version == Version::V5_0 || reason.return_code().is_some() {
                let mut client = Client::new(client_config(version));
                client.connect();
                let connack = mqtt_codec::packet::Connack {
                    reason_code: reason,
                    ..accepted()
                };
                let outs = client.receive(connack);
                assert!(
                    matches!(outs.last(), Some(Out::Close(CloseReason::Refused(_)))),
                    "{outs:?}"
                );
            }
        }
    }
    // Also one that the other side may not say, see `reason_codes.rs`.
    for &reason in DisconnectReasonCode::ALL {
        let mut client = Client::connected(client_config(Version::V5_0));
        let outs = client.receive(disconnect(reason));
        assert!(matches!(outs.last(), Some(Out::Close(_))), "{outs:?}");
        let mut server = Server::connected(Version::V5_0);
        let outs = server.receive(disconnect(reason));
        assert!(matches!(outs.last(), Some(Out::Close(_))), "{outs:?}");
    }
}

/// An error says which statement of the connection's version was broken.
#[test]
fn an_error_names_the_broken_statement() {
    let error = ProtocolError::UnexpectedPacket(PacketType::Connack);
    assert_eq!(error.statement(Version::V5_0), Some("MQTT-3.2.0-2"));
    assert_eq!(error.statement(Version::V3_1_1), Some("MQTT-3.2.0-1"));
    assert_eq!(error.statement(Version::V3_1), None);
    let reason = CloseReason::Protocol(ProtocolError::NoLocalOnShared);
    assert_eq!(
        reason.to_string(),
        "protocol error: No Local on a shared subscription [MQTT-3.8.3-4]"
    );
    assert_eq!(
        CloseReason::KeepAliveTimeout.statement(Version::V3_1_1),
        Some("MQTT-3.1.2-24")
    );
}

/// For a reason code of the other side each packet has a statement of its own.
#[test]
fn a_reason_code_of_the_other_side_names_its_packets_statement() {
    for (packet_type, statement) in [
        (PacketType::Puback, Some("MQTT-3.4.2-1")),
        (PacketType::Pubrec, Some("MQTT-3.5.2-1")),
        (PacketType::Disconnect, Some("MQTT-3.14.2-1")),
        (PacketType::Suback, None),
    ] {
        let error = ProtocolError::UnexpectedReasonCode {
            packet_type,
            reason_code: mqtt_codec::ReasonCode::NoMatchingSubscribers,
        };
        assert_eq!(error.statement(Version::V5_0), statement);
    }
}
