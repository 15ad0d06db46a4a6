//! MQTT 5.0 §3.4 to §3.7, MQTT 3.1.1 §3.4 to §3.7: PUBACK, PUBREC, PUBREL and PUBCOMP.

use crate::harness::{VERSIONS, accepted, assert_breaks, assert_same, hex, id, text};
use mqtt_codec::packet::{AcknowledgementProperties, Puback, Pubcomp, Pubrec, Pubrel};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{PublishReasonCode, ReleaseReasonCode};
use mqtt_codec::{DecodeError as E, Packet, PacketType, Version};

/// [MQTT-3.6.1-1] [v3.1.1 MQTT-3.6.1-1] The flags of PUBREL are 0010, anything else is malformed. 3.1 has no such rule.
#[test]
fn the_flags_of_pubrel_are_0010() {
    for version in VERSIONS {
        assert_same(version, "62 02 00 01", Pubrel::success(id(1)));
    }
    let packet_type = PacketType::Pubrel;
    for flags in (0..16).filter(|&flags| flags != 2) {
        let hex = format!("6{flags:X} 02 00 01");
        for version in [Version::V5_0, Version::V3_1_1] {
            assert_breaks(
                version,
                "MQTT-3.6.1-1",
                &hex,
                E::FixedHeaderFlags { packet_type, flags },
            );
        }
        let packet = Packet::from(Pubrel::success(id(1)));
        assert_eq!(accepted(Version::V3_1, &hex), packet);
    }
}

/// Nothing, a code, or a code and properties behind the Packet Identifier. Standard: MQTT 5.0 §3.4.2.1, §3.4.2.2.1.
#[test]
fn all_short_forms_are_taken_and_the_shortest_is_sent() {
    let packets: [(&str, Packet<'_>); 4] = [
        ("40", Puback::success(id(0x0102)).into()),
        ("50", Pubrec::success(id(0x0102)).into()),
        ("62", Pubrel::success(id(0x0102)).into()),
        ("70", Pubcomp::success(id(0x0102)).into()),
    ];
    for (first, packet) in packets {
        for version in VERSIONS {
            assert_same(version, &format!("{first} 02 01 02"), packet);
        }
        assert_eq!(
            accepted(Version::V5_0, &format!("{first} 03 01 02 00")),
            packet
        );
        assert_eq!(
            accepted(Version::V5_0, &format!("{first} 04 01 02 00 00")),
            packet
        );
    }
    let refusal = Puback::new(id(1), PublishReasonCode::QuotaExceeded);
    assert_same(Version::V5_0, "40 03 00 01 97", refusal);
    assert_eq!(
        accepted(Version::V5_0, "40 04 00 01 97 00"),
        Packet::from(refusal)
    );
    let refusal = Pubcomp::new(id(1), ReleaseReasonCode::PacketIdentifierNotFound);
    assert_same(Version::V5_0, "70 03 00 01 92", refusal);
}

/// With properties the code stands before them, Success too; 3.x has neither.
#[test]
fn properties_come_behind_the_code() {
    let pairs = [(text("k"), text("v"))];
    let properties = AcknowledgementProperties {
        reason_string: Some(text("why")),
        user_properties: UserProperties::new(&pairs),
    };
    let puback = Puback {
        properties,
        ..Puback::success(id(1))
    };
    let block = "1F 00 03 77 68 79 26 00 01 6B 00 01 76";
    assert_same(Version::V5_0, &format!("40 11 00 01 00 0D {block}"), puback);
    let pubrec = Pubrec {
        properties,
        ..Pubrec::new(id(1), PublishReasonCode::NotAuthorized)
    };
    assert_same(Version::V5_0, &format!("50 11 00 01 87 0D {block}"), pubrec);
    for version in [Version::V3_1, Version::V3_1_1] {
        assert_eq!(
            crate::harness::encoded(version, &pubrec.into()),
            [0x50, 2, 0, 1]
        );
    }
}

/// In 3.1 the flags carry QoS and DUP in packets of all types.
#[test]
fn flags_in_acknowledgements_of_3_1_are_taken() {
    for first in [0x42, 0x4A, 0x52, 0x5A, 0x6A, 0x72, 0x7A] {
        let packet = [first, 2, 0, 1];
        let packet_type = accepted(Version::V3_1, &hex(&packet)).packet_type();
        assert_eq!(packet_type.bits(), first >> 4);
    }
}
