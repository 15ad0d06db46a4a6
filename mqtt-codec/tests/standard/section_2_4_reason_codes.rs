//! MQTT 5.0 §2.4: each reason code in each packet. MQTT 3.1.1 §3.9.3: the return codes of SUBACK.

use crate::harness::{accepted, assert_breaks, assert_same, encoded, hex, id, refused};
use crate::tables::{Coded, Place, reason_codes};
use mqtt_codec::packet::{
    AcknowledgementProperties, Suback, SubscribeReasonCodes, Unsuback, UnsubscribeReasonCodes,
};
use mqtt_codec::reason_code::{SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{DecodeError as E, Packet, PacketType, ReasonCode, Version};

/// [MQTT-3.2.2-8] CONNACK carries the codes listed for it.
#[test]
fn connack_carries_its_codes_and_no_other() {
    assert_codes(Place::Connack, "MQTT-3.2.2-8");
}

/// [MQTT-3.4.2-1] PUBACK carries the codes listed for it.
#[test]
fn puback_carries_its_codes_and_no_other() {
    assert_codes(Place::Puback, "MQTT-3.4.2-1");
}

/// [MQTT-3.5.2-1] PUBREC carries the codes listed for it.
#[test]
fn pubrec_carries_its_codes_and_no_other() {
    assert_codes(Place::Pubrec, "MQTT-3.5.2-1");
}

/// [MQTT-3.6.2-1] PUBREL carries the codes listed for it.
#[test]
fn pubrel_carries_its_codes_and_no_other() {
    assert_codes(Place::Pubrel, "MQTT-3.6.2-1");
}

/// [MQTT-3.7.2-1] PUBCOMP carries the codes listed for it.
#[test]
fn pubcomp_carries_its_codes_and_no_other() {
    assert_codes(Place::Pubcomp, "MQTT-3.7.2-1");
}

/// [MQTT-3.9.3-2] SUBACK carries the codes listed for it, each in each place.
#[test]
fn suback_carries_its_codes_and_no_other() {
    assert_codes(Place::Suback, "MQTT-3.9.3-2");
}

/// [MQTT-3.11.3-2] UNSUBACK carries the codes listed for it, each in each place.
#[test]
fn unsuback_carries_its_codes_and_no_other() {
    assert_codes(Place::Unsuback, "MQTT-3.11.3-2");
}

/// [MQTT-3.14.2-1] DISCONNECT carries the codes listed for it.
#[test]
fn disconnect_carries_its_codes_and_no_other() {
    assert_codes(Place::Disconnect, "MQTT-3.14.2-1");
}

/// [MQTT-3.15.2-1] AUTH carries the codes listed for it.
#[test]
fn auth_carries_its_codes_and_no_other() {
    assert_codes(Place::Auth, "MQTT-3.15.2-1");
}

/// The table has each code that the codec knows, no other, and its name.
#[test]
fn every_reason_code_has_its_name() {
    let rows = reason_codes();
    for code in 0..=u8::MAX {
        let name = ReasonCode::from_byte(code).map(ReasonCode::name);
        let listed: Vec<_> = rows.iter().filter(|row| row.byte == code).collect();
        assert_eq!(name.is_some(), !listed.is_empty(), "{code:#04x}");
        // 0x00 has three names.
        if let Some(name) = name {
            assert!(listed.iter().any(|row| row.name == name), "{name}");
        }
    }
    assert_eq!(ReasonCode::ALL.len(), rows.len() - 2);
    let text = ReasonCode::PacketTooLarge.to_string();
    assert_eq!(text, "Packet too large (0x95)");
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

/// All 256 bytes as the code of a packet, in each form that the packet has.
fn assert_codes(place: Place, statement: &str) {
    let packet_type = place.packet_type();
    for code in 0..=u8::MAX {
        for packet in forms(place, code) {
            let packet = hex(&packet);
            if Coded::of(place, code).is_some() {
                let decoded = accepted(Version::V5_0, &packet);
                assert_eq!(decoded.packet_type(), packet_type);
                let code = ReasonCode::from_byte(code).unwrap();
                assert!(codes(&decoded).contains(&code), "{decoded:?}");
            } else {
                let error = E::InvalidReasonCode { packet_type, code };
                assert_breaks(Version::V5_0, statement, &packet, error);
                assert_eq!(error.reason_code(), ReasonCode::ProtocolError);
            }
        }
        if Coded::of(place, code).is_some() {
            let packet = place.coded(code, PROPERTIES);
            let again = encoded(Version::V5_0, &accepted(Version::V5_0, &hex(&packet)));
            assert_eq!(again, packet, "{code:#04x} in {place:?}");
        }
    }
}

/// With properties and without, with a Property Length and without, and in front of another code.
fn forms(place: Place, code: u8) -> Vec<Vec<u8>> {
    let long = [place.coded(code, PROPERTIES), place.coded(code, b"")];
    let short = [
        (Place::Puback, vec![0x40, 3, 0, 1, code]),
        (Place::Pubrec, vec![0x50, 3, 0, 1, code]),
        (Place::Pubrel, vec![0x62, 3, 0, 1, code]),
        (Place::Pubcomp, vec![0x70, 3, 0, 1, code]),
        (Place::Suback, vec![0x90, 5, 0, 1, 0, code, 2]),
        (Place::Unsuback, vec![0xB0, 5, 0, 1, 0, code, 0x11]),
        (Place::Disconnect, vec![0xE0, 1, code]),
    ];
    let short = short.into_iter().filter(|(it, _)| *it == place);
    long.into_iter().chain(short.map(|(_, it)| it)).collect()
}

/// A Reason String, which all packets with codes may have.
const PROPERTIES: &[u8] = b"\x1F\0\x01r";

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
