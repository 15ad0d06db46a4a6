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
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{PacketType, QoS, Version};
use mqtt_session::server::Config as ServerConfig;
use mqtt_session::{CloseReason, ProtocolError};

/// Packets of 5.0 that cannot be parsed, or may not be so, and the code for it.
const WRONG: [(&str, &[u8], u8); 22] = [
    ("reserved packet type", b"\x00\x00", 0x81),
    ("PUBREL with the flags 0000", b"\x60\x02\0\x01", 0x81),
    ("DISCONNECT with the flags 0001", b"\xe1\x00", 0x81),
    ("ill-formed UTF-8", b"\x30\x04\0\x01\xff\0", 0x81),
    ("U+0000", b"\x30\x04\0\x01\0\0", 0x81),
    ("wildcard in a Topic Name", b"\x30\x06\0\x03a/#\0", 0x81),
    ("QoS 3", b"\x36\x07\0\x01a\0\x01\0x", 0x81),
    ("reserved option bits", b"\x82\x07\0\x01\0\0\x01a\x40", 0x81),
    (
        "property of another packet",
        b"\x30\x09\0\x01a\x05\x11\0\0\0\x01",
        0x81,
    ),
    (
        "property of another type",
        b"\x30\x06\0\x01a\x02\x23\x01",
        0x81,
    ),
    (
        "Remaining Length of five bytes",
        b"\x30\xff\xff\xff\xff",
        0x81,
    ),
    ("QoS 3 in a SUBSCRIBE", b"\x82\x07\0\x01\0\0\x01a\x03", 0x82),
    ("Retain Handling 3", b"\x82\x07\0\x01\0\0\x01a\x30", 0x82),
    ("SUBSCRIBE of nothing", b"\x82\x03\0\x01\0", 0x82),
    ("UNSUBSCRIBE of nothing", b"\xa2\x03\0\x01\0", 0x82),
    (
        "repeated property",
        b"\x30\x0a\0\x01a\x06\x23\0\x01\x23\0\x01",
        0x82,
    ),
    (
        "repeated Payload Format Indicator",
        b"\x30\x08\0\x01a\x04\x01\x01\x01\x01",
        0x82,
    ),
    ("identifier 0", b"\x32\x07\0\x01a\0\0\0x", 0x82),
    (
        "Subscription Identifier 0",
        b"\x82\x09\0\x01\x02\x0b\0\0\x01a\0",
        0x82,
    ),
    ("neither topic nor alias", b"\x30\x03\0\0\0", 0x82),
    ("Topic Alias 0", b"\x30\x07\0\x01a\x03\x23\0\0", 0x94),
    ("larger than announced", b"\x30\x80\x80\x80\x01", 0x95),
];

/// [MQTT-4.13.1-1] [5.0-1] [5.0-2] [choice-3] Bytes that are not MQTT end the connection, with the reason code for it. What
/// stood before them is taken.
#[test]
fn a_malformed_packet_ends_a_5_0_connection_with_its_reason() {
    for (name, bytes, byte) in WRONG {
        let good = encode(Version::V5_0, &qos1(1, "a", "x").into());
        let bytes = [good.as_slice(), bytes].concat();
        let client = Client::connected(client_config(Version::V5_0)).receive_bytes(&bytes);
        let server = Server::connected(Version::V5_0).receive_bytes(&bytes);
        for outs in [client, server] {
            let goodbye = send(Version::V5_0, disconnect(code(byte)));
            // It is handed out when there is no connection left for its PUBACK.
            let [taken, said @ .., Out::Close(CloseReason::Malformed(_))] = &outs[..] else {
                panic!("{name}: {outs:?}")
            };
            assert_eq!(
                (taken, said),
                (&deliver("a", "x"), &[goodbye][..]),
                "{name}"
            );
        }
    }
}

/// [v3.1.1 MQTT-1.5.3-1] [v3.1.1 MQTT-1.5.3-2] [v3.1.1 MQTT-2.2.2-2] [v3.1.1 MQTT-3.3.1-4] [MQTT-1.5.4-1] [MQTT-1.5.4-2]
/// [MQTT-2.1.3-1] [MQTT-3.3.1-4] Either side closes the connection, in 5.0 with 0x81.
#[test]
fn a_malformed_packet_closes_the_connection_at_either_side() {
    let malformed: &[(&[u8], &[u8])] = &[
        (b"\x30\x03\0\x01\xFF", b"\x30\x04\0\x01\xFF\0"), // ill-formed UTF-8
        (b"\x30\x03\0\x01\0", b"\x30\x04\0\x01\0\0"),     // U+0000
        (b"\x60\x02\0\x01", b"\x60\x02\0\x01"),           // flags
        (b"\x36\x05\0\x01a\0\x01", b"\x36\x06\0\x01a\0\x01\0"), // QoS 3
    ];
    for &(of_3_1_1, of_5_0) in malformed {
        for (version, bytes) in [(Version::V3_1_1, of_3_1_1), (Version::V5_0, of_5_0)] {
            let mut server = Server::connected(version);
            let mut client = Client::connected(client_config(version));
            for outs in [server.receive_bytes(bytes), client.receive_bytes(bytes)] {
                let Some((Out::Close(CloseReason::Malformed(_)), before)) = outs.split_last()
                else {
                    panic!("{outs:?}")
                };
                let said = send(version, disconnect(DisconnectReasonCode::MalformedPacket));
                let said = (version == Version::V5_0).then_some(said);
                assert_eq!(before, Vec::from_iter(said));
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

/// [MQTT-3.3.4-6] [often-wrong-18] A client's PUBLISH has no Subscription Identifier; a server's may have many.
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
