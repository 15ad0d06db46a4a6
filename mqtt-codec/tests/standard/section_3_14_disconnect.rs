//! MQTT 5.0 §3.12 to §3.15, MQTT 3.1.1 §3.12 to §3.14: PINGREQ, PINGRESP, DISCONNECT and AUTH.

use crate::harness::{VERSIONS, accepted, assert_breaks, assert_same, binary, refused, text};
use mqtt_codec::packet::{Auth, AuthProperties, Disconnect, DisconnectProperties};
use mqtt_codec::reason_code::{AuthReasonCode, DisconnectReasonCode};
use mqtt_codec::{DecodeError as E, Field, Packet, PacketType, ReasonCode, Version};

const V3_1_1: Version = Version::V3_1_1;
const V5_0: Version = Version::V5_0;

/// [MQTT-3.14.1-1] [v3.1.1 MQTT-3.14.1-1] The reserved bits of DISCONNECT are checked.
#[test]
fn the_reserved_bits_of_disconnect_are_0() {
    let normal = Disconnect::new(DisconnectReasonCode::Success);
    let packet_type = PacketType::Disconnect;
    for version in VERSIONS {
        assert_same(version, "E0 00", normal);
    }
    for flags in 1..16 {
        let error = E::FixedHeaderFlags { packet_type, flags };
        assert_breaks(V5_0, "MQTT-3.14.1-1", &format!("E{flags:X} 00"), error);
        assert_breaks(V3_1_1, "MQTT-3.14.1-1", &format!("E{flags:X} 00"), error);
        assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
        assert_eq!(
            accepted(Version::V3_1, &format!("E{flags:X} 00")),
            Packet::from(normal)
        );
    }
}

/// Nothing, a code, or a code and properties. Standard: MQTT 5.0 §3.14.2.1, §3.14.2.2.1.
#[test]
fn all_short_forms_of_disconnect_are_taken_and_the_shortest_is_sent() {
    let normal = Packet::from(Disconnect::new(DisconnectReasonCode::Success));
    for hex in ["E0 00", "E0 01 00", "E0 02 00 00"] {
        assert_eq!(accepted(V5_0, hex), normal);
    }
    let shutting_down = Disconnect::new(DisconnectReasonCode::ServerShuttingDown);
    assert_same(V5_0, "E0 01 8B", shutting_down);
    assert_eq!(accepted(V5_0, "E0 02 8B 00"), Packet::from(shutting_down));
    let properties = DisconnectProperties {
        session_expiry_interval: Some(0),
        ..DisconnectProperties::EMPTY
    };
    let with_expiry = Disconnect {
        reason_code: DisconnectReasonCode::Success,
        properties,
    };
    assert_same(V5_0, "E0 07 00 05 11 00 00 00 00", with_expiry);
    let properties = DisconnectProperties {
        reason_string: Some(text("r")),
        server_reference: Some(text("s")),
        ..DisconnectProperties::EMPTY
    };
    let moved = Disconnect {
        reason_code: DisconnectReasonCode::ServerMoved,
        properties,
    };
    assert_same(V5_0, "E0 0A 9D 08 1F 00 01 72 1C 00 01 73", moved);
    // 3.x has neither.
    assert_eq!(crate::harness::encoded(V3_1_1, &moved.into()), [0xE0, 0]);
    let error = E::TrailingBytes {
        after: Field::RemainingLength,
        at: 2,
    };
    assert_eq!(refused(V3_1_1, "E0 01 00"), error);
    assert_eq!(refused(Version::V3_1, "E0 01 00"), error);
}

/// [MQTT-3.15.1-1] The low four bits of AUTH are 0, anything else is malformed.
#[test]
fn the_reserved_bits_of_auth_are_0() {
    let properties = AuthProperties {
        authentication_method: Some(text("m")),
        authentication_data: Some(binary(b"\0d")),
        ..AuthProperties::default()
    };
    let auth = Auth {
        reason_code: AuthReasonCode::ContinueAuthentication,
        properties,
    };
    assert_same(V5_0, "F0 0B 18 09 15 00 01 6D 16 00 02 00 64", auth);
    let packet_type = PacketType::Auth;
    for flags in 1..16 {
        let error = E::FixedHeaderFlags { packet_type, flags };
        assert_breaks(
            V5_0,
            "MQTT-3.15.1-1",
            &format!("F{flags:X} 02 00 00"),
            error,
        );
        assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
    }
}

/// AUTH without anything is Success without properties; a code alone is no AUTH. 3.x has none. Standard: MQTT 5.0
/// §3.15.2.1.
#[test]
fn the_short_form_of_auth_is_empty() {
    let properties = AuthProperties::default();
    let success = Auth {
        reason_code: AuthReasonCode::Success,
        properties,
    };
    assert_same(V5_0, "F0 00", success);
    assert_eq!(accepted(V5_0, "F0 02 00 00"), Packet::from(success));
    let continued = Auth {
        reason_code: AuthReasonCode::ContinueAuthentication,
        properties,
    };
    assert_same(V5_0, "F0 02 18 00", continued);
    for hex in ["F0 01 00", "F0 01 18"] {
        let error = E::Truncated {
            field: Field::PropertyLength,
            at: 3,
        };
        assert_eq!(refused(V5_0, hex), error);
    }
    for version in [Version::V3_1, V3_1_1] {
        assert_eq!(success.encoded_len(version), None);
        assert_eq!(success.encode(version, &mut [0; 2]), 0);
    }
}

/// A fixed header and nothing else. Standard: MQTT 5.0 §3.12, §3.13.
#[test]
fn pings_are_a_fixed_header() {
    for version in VERSIONS {
        assert_same(version, "C0 00", Packet::Pingreq);
        assert_same(version, "D0 00", Packet::Pingresp);
        let error = E::TrailingBytes {
            after: Field::RemainingLength,
            at: 2,
        };
        assert_eq!(refused(version, "C0 01 00"), error);
        assert_eq!(refused(version, "D0 01 00"), error);
    }
}
