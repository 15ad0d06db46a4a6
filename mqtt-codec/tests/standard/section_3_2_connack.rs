//! MQTT 5.0 §3.2, MQTT 3.1.1 §3.2: CONNACK.

use crate::harness::{accepted, assert_breaks, assert_same, refused};
use mqtt_codec::packet::{Connack, ConnackProperties};
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{DecodeError as E, Field, Packet, PacketType, Version};

/// [MQTT-3.2.2-1] Bits 7 to 1 of the acknowledge flags are 0.
#[test]
fn reserved_acknowledge_flags_are_0() {
    assert_same(
        Version::V5_0,
        "20 03 00 00 00",
        connack(ConnectReasonCode::Success),
    );
    let present = Connack {
        session_present: true,
        ..connack(ConnectReasonCode::Success)
    };
    assert_same(Version::V5_0, "20 03 01 00 00", present);
    for value in 2..=u8::MAX {
        let error = E::ReservedBits {
            field: Field::ConnectAcknowledgeFlags,
            value,
        };
        assert_breaks(
            Version::V5_0,
            "MQTT-3.2.2-1",
            &format!("20 03 {value:02X} 00 00"),
            error,
        );
        assert_eq!(
            refused(Version::V3_1_1, &format!("20 02 {value:02X} 00")),
            error
        );
    }
}

/// [3.1-4] The first byte of a CONNACK is not in use in 3.1: it has no Session Present.
#[test]
fn acknowledge_flags_mean_nothing_in_3_1() {
    let plain = connack(ConnectReasonCode::Success);
    for flags in 0..=u8::MAX {
        let packet = accepted(Version::V3_1, &format!("20 02 {flags:02X} 00"));
        assert_eq!(packet, Packet::from(plain));
    }
    let present = Connack {
        session_present: true,
        ..plain
    };
    assert_eq!(
        crate::harness::encoded(Version::V3_1, &present.into()),
        [0x20, 2, 0, 0]
    );
}

/// [MQTT-3.2.2-6] A refusal has Session Present 0: otherwise it is refused when it comes, and not sent.
#[test]
fn a_refusal_of_5_0_has_no_session() {
    for &code in ConnectReasonCode::ALL.iter().filter(|code| code.is_error()) {
        let hex = format!("20 03 01 {:02X} 00", code.byte());
        assert_breaks(
            Version::V5_0,
            "MQTT-3.2.2-6",
            &hex,
            E::SessionPresentWithError,
        );
        let present = Connack {
            session_present: true,
            ..connack(code)
        };
        assert_eq!(
            crate::harness::encoded(Version::V5_0, &present.into()),
            [0x20, 3, 0, code.byte(), 0]
        );
    }
}

/// [v3.1.1 MQTT-3.2.2-4] A refusal has Session Present 0: otherwise it is refused when it comes, and not sent.
#[test]
fn a_refusal_of_3_1_1_has_no_session() {
    for code in 1..=5 {
        let hex = format!("20 02 01 {code:02X}");
        assert_breaks(
            Version::V3_1_1,
            "MQTT-3.2.2-4",
            &hex,
            E::SessionPresentWithError,
        );
        let reason_code = ConnectReasonCode::from_return_code(code).unwrap();
        let present = Connack {
            session_present: true,
            ..connack(reason_code)
        };
        assert_eq!(
            crate::harness::encoded(Version::V3_1_1, &present.into()),
            [0x20, 2, 0, code]
        );
    }
}

/// [MQTT-3.2.2-8] Of all bytes CONNACK carries the codes listed for it and no other.
#[test]
fn connack_of_5_0_carries_its_codes_only() {
    let listed = [
        0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95,
        0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F,
    ];
    for code in 0..=u8::MAX {
        let hex = format!("20 03 00 {code:02X} 00");
        if listed.contains(&code) {
            assert_same(
                Version::V5_0,
                &hex,
                connack(ConnectReasonCode::from_byte(code).unwrap()),
            );
        } else {
            let packet_type = PacketType::Connack;
            assert_breaks(
                Version::V5_0,
                "MQTT-3.2.2-8",
                &hex,
                E::InvalidReasonCode { packet_type, code },
            );
        }
    }
}

/// The return codes of 3.x are 0 to 5; what has none there cannot be said. Standard: MQTT 3.1.1 §3.2.2.3.
#[test]
fn connack_of_3_x_carries_six_return_codes() {
    for version in [Version::V3_1, Version::V3_1_1] {
        for code in 0..=u8::MAX {
            let hex = format!("20 02 00 {code:02X}");
            match ConnectReasonCode::from_return_code(code) {
                Some(reason_code) => assert_same(version, &hex, connack(reason_code)),
                None => {
                    let packet_type = PacketType::Connack;
                    assert_eq!(
                        refused(version, &hex),
                        E::InvalidReasonCode { packet_type, code }
                    );
                }
            }
            assert_eq!(
                ConnectReasonCode::from_return_code(code).is_some(),
                code <= 5
            );
        }
        for &code in ConnectReasonCode::ALL {
            let len = code.return_code().map(|_| 4);
            assert_eq!(connack(code).encoded_len(version), len, "{code}");
        }
    }
}

fn connack(reason_code: ConnectReasonCode) -> Connack<'static> {
    Connack {
        session_present: false,
        reason_code,
        properties: ConnackProperties::default(),
    }
}
