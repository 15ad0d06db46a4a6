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
            let good = encode(version, &qos1(1, "a", "x").into());
            let mut server = Server::connected(version);
            let outs = server.receive_bytes(&[good.as_slice(), bytes].concat());
            assert_eq!(outs[0], deliver("a", "x"));
            let Some(Out::Close(reason @ CloseReason::Malformed(_))) = outs.last() else {
                panic!("{outs:?}")
            };
            let reason_code = DisconnectReasonCode::from_byte(code).unwrap();
            assert_eq!(
                reason.disconnect_reason_code(Role::Server),
                Some(reason_code)
            );
            if version == Version::V5_0 {
                assert_eq!(outs[outs.len() - 2], send(version, disconnect(reason_code)));
            }

            let mut client = Client::connected(client_config(version));
            let outs = client.receive_bytes(&[good.as_slice(), bytes].concat());
            assert_eq!(outs[0], deliver("a", "x"));
            assert!(
                matches!(outs.last(), Some(Out::Close(CloseReason::Malformed(_)))),
                "{outs:?}"
            );
            if version == Version::V5_0 {
                assert_eq!(outs[outs.len() - 2], send(version, disconnect(reason_code)));
            }
        }
    }
}

/// [MQTT-3.6.1-1] [MQTT-3.14.1-1] [MQTT-3.15.1-1] [v3.1.1 MQTT-3.6.1-1] A client, too, looks at the reserved bits of what it
/// gets: in 5.0 it says 0x81, in 3.1.1 it only closes.
#[test]
fn reserved_bits_that_are_wrong_end_the_connection() {
    for (version, packets) in [
        (
            Version::V3_1_1,
            &[&b"\x60\x02\0\x01"[..], b"\x63\x02\0\x01"][..],
        ),
        (
            Version::V5_0,
            &[
                &b"\x60\x02\0\x01"[..],
                b"\x63\x02\0\x01",
                b"\xe1\0",
                b"\xe8\x01\x8b",
                b"\xf1\x06\x18\x04\x15\0\x01m",
            ],
        ),
    ] {
        for packet in packets {
            let mut client = Client::connected(client_config(version));
            let outs = client.receive_bytes(packet);
            let Some((Out::Close(CloseReason::Malformed(_)), before)) = outs.split_last() else {
                panic!("{outs:?}")
            };
            let goodbye = send(version, disconnect(DisconnectReasonCode::MalformedPacket));
            match version {
                Version::V5_0 => assert_eq!(before, [goodbye]),
                Version::V3_1 | Version::V3_1_1 => assert_eq!(before, []),
            }
        }
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
    for &reason in DisconnectReasonCode::ALL {
        let mut client = Client::connected(client_config(Version::V5_0));
        let goodbye = disconnect(reason);
        if client.machine.disconnect(client.now, goodbye).is_ok() {
            let close = Out::Close(CloseReason::Requested);
            assert_eq!(client.drain(), [send(Version::V5_0, goodbye), close]);
        }
        let mut server = Server::connected(Version::V5_0);
        if server.machine.disconnect(server.now, goodbye).is_ok() {
            let close = Out::Close(CloseReason::Requested);
            assert_eq!(server.drain(), [send(Version::V5_0, goodbye), close]);
        }

        let mut client = Client::connected(client_config(Version::V5_0));
        let outs = client.receive(disconnect(reason));
        assert_eq!(
            outs.last(),
            Some(&Out::Close(CloseReason::PeerDisconnected { reason }))
        );
        let mut server = Server::connected(Version::V5_0);
        let outs = server.receive(disconnect(reason));
        assert_eq!(
            outs.last(),
            Some(&Out::Close(CloseReason::PeerDisconnected { reason }))
        );
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
