//! MQTT 5.0 §2.4: each reason code in each packet. MQTT 3.1.1 §3.9.3: the return codes of SUBACK.

use crate::harness::{accepted, assert_breaks, assert_same, bytes, encoded, hex, id, refused};
use mqtt_codec::packet::{
    AcknowledgementProperties, Suback, SubscribeReasonCodes, Unsuback, UnsubscribeReasonCodes,
};
use mqtt_codec::reason_code::{SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{DecodeError as E, Packet, PacketType, ReasonCode, Version};

/// [MQTT-3.2.2-8] CONNACK carries the codes listed for it.
#[test]
fn connack_carries_its_codes_and_no_other() {
    assert_codes(PacketType::Connack, "MQTT-3.2.2-8", "20 03 00", "00");
}

/// [MQTT-3.4.2-1] PUBACK carries the codes listed for it.
#[test]
fn puback_carries_its_codes_and_no_other() {
    assert_codes(PacketType::Puback, "MQTT-3.4.2-1", "40 03 00 01", "");
    assert_codes(
        PacketType::Puback,
        "MQTT-3.4.2-1",
        "40 08 00 01",
        "04 1F 00 01 72",
    );
}

/// [MQTT-3.5.2-1] PUBREC carries the codes listed for it.
#[test]
fn pubrec_carries_its_codes_and_no_other() {
    assert_codes(PacketType::Pubrec, "MQTT-3.5.2-1", "50 03 00 01", "");
    assert_codes(
        PacketType::Pubrec,
        "MQTT-3.5.2-1",
        "50 08 00 01",
        "04 1F 00 01 72",
    );
}

/// [MQTT-3.6.2-1] PUBREL carries the codes listed for it.
#[test]
fn pubrel_carries_its_codes_and_no_other() {
    assert_codes(PacketType::Pubrel, "MQTT-3.6.2-1", "62 03 00 01", "");
    assert_codes(
        PacketType::Pubrel,
        "MQTT-3.6.2-1",
        "62 08 00 01",
        "04 1F 00 01 72",
    );
}

/// [MQTT-3.7.2-1] PUBCOMP carries the codes listed for it.
#[test]
fn pubcomp_carries_its_codes_and_no_other() {
    assert_codes(PacketType::Pubcomp, "MQTT-3.7.2-1", "70 03 00 01", "");
    assert_codes(
        PacketType::Pubcomp,
        "MQTT-3.7.2-1",
        "70 08 00 01",
        "04 1F 00 01 72",
    );
}

/// [MQTT-3.9.3-2] SUBACK carries the codes listed for it, each in each place.
#[test]
fn suback_carries_its_codes_and_no_other() {
    assert_codes(PacketType::Suback, "MQTT-3.9.3-2", "90 04 00 01 00", "");
    assert_codes(
        PacketType::Suback,
        "MQTT-3.9.3-2",
        "90 06 00 01 00 00",
        "02",
    );
}

/// [MQTT-3.11.3-2] UNSUBACK carries the codes listed for it, each in each place.
#[test]
fn unsuback_carries_its_codes_and_no_other() {
    assert_codes(PacketType::Unsuback, "MQTT-3.11.3-2", "B0 04 00 01 00", "");
    assert_codes(
        PacketType::Unsuback,
        "MQTT-3.11.3-2",
        "B0 06 00 01 00 00",
        "11",
    );
}

/// [MQTT-3.14.2-1] DISCONNECT carries the codes listed for it.
#[test]
fn disconnect_carries_its_codes_and_no_other() {
    assert_codes(PacketType::Disconnect, "MQTT-3.14.2-1", "E0 01", "");
    assert_codes(
        PacketType::Disconnect,
        "MQTT-3.14.2-1",
        "E0 06",
        "04 1F 00 01 72",
    );
}

/// [MQTT-3.15.2-1] AUTH carries the codes listed for it.
#[test]
fn auth_carries_its_codes_and_no_other() {
    assert_codes(PacketType::Auth, "MQTT-3.15.2-1", "F0 06", "04 15 00 01 6D");
}

/// The table is complete and has the names of the standard.
#[test]
fn every_reason_code_has_its_name() {
    for code in 0..=u8::MAX {
        let listed: Vec<_> = CODES.iter().filter(|row| row.0 == code).collect();
        let names = ReasonCode::from_byte(code).map(ReasonCode::name);
        assert_eq!(names.is_some(), !listed.is_empty(), "{code:#04x}");
        // 0x00 has three names.
        if let Some(name) = names {
            assert!(listed.iter().any(|row| row.1 == name), "{name}");
        }
    }
    assert_eq!(ReasonCode::ALL.len(), CODES.len() - 2);
    assert_eq!(
        ReasonCode::PacketTooLarge.to_string(),
        "Packet too large (0x95)"
    );
}

/// [v3.1.1 MQTT-3.9.3-2] SUBACK of 3.1.1 carries 0x00, 0x01, 0x02 and 0x80. 3.1 has no code to refuse with.
#[test]
fn suback_of_3_x_carries_grants_and_in_3_1_1_one_failure() {
    for code in 0..=u8::MAX {
        let packet_type = PacketType::Suback;
        let error = E::InvalidReasonCode { packet_type, code };
        let hex = format!("90 04 00 01 02 {code:02X}");
        if matches!(code, 0..=2 | 0x80) {
            let codes = [2, code].map(|code| SubscribeReasonCode::from_byte(code).unwrap());
            assert_same(Version::V3_1_1, &hex, suback(&codes));
        } else {
            assert_breaks(Version::V3_1_1, "MQTT-3.9.3-2", &hex, error);
        }
        if code <= 2 {
            accepted(Version::V3_1, &hex);
        } else {
            assert_eq!(refused(Version::V3_1, &hex), error);
        }
    }
}

/// A refusal of 5.0 is 0x80 in 3.1.1, and a grant in 3.1, which cannot say it.
#[test]
fn a_refused_subscription_is_told_as_the_version_can() {
    for &code in SubscribeReasonCode::ALL {
        let packet = Packet::from(suback(core::slice::from_ref(&code)));
        let [five, four, three] = [Version::V5_0, Version::V3_1_1, Version::V3_1]
            .map(|version| *encoded(version, &packet).last().unwrap());
        let expected = if code.is_error() {
            (0x80, 0x00)
        } else {
            (code.byte(), code.byte())
        };
        assert_eq!((five, (four, three)), (code.byte(), expected), "{code}");
    }
}

/// UNSUBACK of 3.x has no codes, that of 5.0 is never without. Standard: MQTT 3.1.1 §3.11, MQTT 5.0 §3.11.3.
#[test]
fn unsuback_has_codes_in_5_0_only() {
    let properties = AcknowledgementProperties::EMPTY;
    let reason_codes = UnsubscribeReasonCodes::EMPTY;
    let bare = Unsuback {
        packet_id: id(1),
        properties,
        reason_codes,
    };
    for version in [Version::V3_1, Version::V3_1_1] {
        assert_same(version, "B0 02 00 01", bare);
    }
    assert_eq!(bare.encoded_len(Version::V5_0), None);
    let codes = [
        UnsubscribeReasonCode::NoSubscriptionExisted,
        UnsubscribeReasonCode::Success,
    ];
    let reason_codes = UnsubscribeReasonCodes::new(&codes).unwrap();
    assert_same(
        Version::V5_0,
        "B0 05 00 01 00 11 00",
        Unsuback {
            reason_codes,
            ..bare
        },
    );
}

fn suback(codes: &[SubscribeReasonCode]) -> Suback<'_> {
    let properties = AcknowledgementProperties::EMPTY;
    let reason_codes = SubscribeReasonCodes::new(codes).unwrap();
    Suback {
        packet_id: id(1),
        properties,
        reason_codes,
    }
}

/// All 256 bytes as the code of a packet. `before` and `after` are the bytes around it.
fn assert_codes(packet_type: PacketType, statement: &str, before: &str, after: &str) {
    for code in 0..=u8::MAX {
        let packet = [bytes(before), vec![code], bytes(after)].concat();
        let listed = CODES
            .iter()
            .any(|row| row.0 == code && row.2.split(' ').any(|name| name == packet_type.name()));
        if listed {
            let packet = accepted(Version::V5_0, &hex(&packet));
            assert_eq!(packet.packet_type(), packet_type);
            assert!(
                codes(&packet).contains(&ReasonCode::from_byte(code).unwrap()),
                "{packet:?}"
            );
        } else {
            let error = E::InvalidReasonCode { packet_type, code };
            assert_breaks(Version::V5_0, statement, &hex(&packet), error);
            assert_eq!(error.reason_code(), ReasonCode::ProtocolError);
        }
    }
}

/// What a packet says.
fn codes(packet: &Packet<'_>) -> Vec<ReasonCode> {
    match packet {
        Packet::Connack(packet) => vec![packet.reason_code.into()],
        Packet::Puback(packet) => vec![packet.reason_code.into()],
        Packet::Pubrec(packet) => vec![packet.reason_code.into()],
        Packet::Pubrel(packet) => vec![packet.reason_code.into()],
        Packet::Pubcomp(packet) => vec![packet.reason_code.into()],
        Packet::Suback(packet) => packet.reason_codes.iter().map(ReasonCode::from).collect(),
        Packet::Unsuback(packet) => packet.reason_codes.iter().map(ReasonCode::from).collect(),
        Packet::Disconnect(packet) => vec![packet.reason_code.into()],
        Packet::Auth(packet) => vec![packet.reason_code.into()],
        Packet::Connect(_)
        | Packet::Publish(_)
        | Packet::Subscribe(_)
        | Packet::Unsubscribe(_)
        | Packet::Pingreq
        | Packet::Pingresp => vec![],
    }
}

/// The table of the standard: the code, its name and the packets that may carry it. Standard: MQTT 5.0 §2.4. DISCONNECT
/// has 0x8C there, but not in its own table.
#[rustfmt::skip]
const CODES: &[(u8, &str, &str)] = &[
    (0x00, "Success", "CONNACK PUBACK PUBREC PUBREL PUBCOMP UNSUBACK AUTH"),
    (0x00, "Normal disconnection", "DISCONNECT"),
    (0x00, "Granted QoS 0", "SUBACK"),
    (0x01, "Granted QoS 1", "SUBACK"),
    (0x02, "Granted QoS 2", "SUBACK"),
    (0x04, "Disconnect with Will Message", "DISCONNECT"),
    (0x10, "No matching subscribers", "PUBACK PUBREC"),
    (0x11, "No subscription existed", "UNSUBACK"),
    (0x18, "Continue authentication", "AUTH"),
    (0x19, "Re-authenticate", "AUTH"),
    (0x80, "Unspecified error", "CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT"),
    (0x81, "Malformed Packet", "CONNACK DISCONNECT"),
    (0x82, "Protocol Error", "CONNACK DISCONNECT"),
    (0x83, "Implementation specific error", "CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT"),
    (0x84, "Unsupported Protocol Version", "CONNACK"),
    (0x85, "Client Identifier not valid", "CONNACK"),
    (0x86, "Bad User Name or Password", "CONNACK"),
    (0x87, "Not authorized", "CONNACK PUBACK PUBREC SUBACK UNSUBACK DISCONNECT"),
    (0x88, "Server unavailable", "CONNACK"),
    (0x89, "Server busy", "CONNACK DISCONNECT"),
    (0x8A, "Banned", "CONNACK"),
    (0x8B, "Server shutting down", "DISCONNECT"),
    (0x8C, "Bad authentication method", "CONNACK DISCONNECT"),
    (0x8D, "Keep Alive timeout", "DISCONNECT"),
    (0x8E, "Session taken over", "DISCONNECT"),
    (0x8F, "Topic Filter invalid", "SUBACK UNSUBACK DISCONNECT"),
    (0x90, "Topic Name invalid", "CONNACK PUBACK PUBREC DISCONNECT"),
    (0x91, "Packet Identifier in use", "PUBACK PUBREC SUBACK UNSUBACK"),
    (0x92, "Packet Identifier not found", "PUBREL PUBCOMP"),
    (0x93, "Receive Maximum exceeded", "DISCONNECT"),
    (0x94, "Topic Alias invalid", "DISCONNECT"),
    (0x95, "Packet too large", "CONNACK DISCONNECT"),
    (0x96, "Message rate too high", "DISCONNECT"),
    (0x97, "Quota exceeded", "CONNACK PUBACK PUBREC SUBACK DISCONNECT"),
    (0x98, "Administrative action", "DISCONNECT"),
    (0x99, "Payload format invalid", "CONNACK PUBACK PUBREC DISCONNECT"),
    (0x9A, "Retain not supported", "CONNACK DISCONNECT"),
    (0x9B, "QoS not supported", "CONNACK DISCONNECT"),
    (0x9C, "Use another server", "CONNACK DISCONNECT"),
    (0x9D, "Server moved", "CONNACK DISCONNECT"),
    (0x9E, "Shared Subscriptions not supported", "SUBACK DISCONNECT"),
    (0x9F, "Connection rate exceeded", "CONNACK DISCONNECT"),
    (0xA0, "Maximum connect time", "DISCONNECT"),
    (0xA1, "Subscription Identifiers not supported", "SUBACK DISCONNECT"),
    (0xA2, "Wildcard Subscriptions not supported", "SUBACK DISCONNECT"),
];
