//! MQTT 5.0 §3.14, MQTT 3.1.1 §3.14: DISCONNECT packets that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::{MalformedPacket, ProtocolError};
use mqtt_codec::{DecodeError as E, Field as F, PacketType, Version};

#[test]
fn each_malformed_disconnect_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[test]
fn each_malformed_disconnect_of_3_1_1_is_refused() {
    assert_refused(Version::V3_1_1, V3_1_1);
}

#[test]
fn each_malformed_disconnect_of_3_1_is_refused() {
    assert_refused(Version::V3_1, V3_1);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-3.14.1-1", "E1 02 00 00", E::FixedHeaderFlags { packet_type: PacketType::Disconnect, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-3.14.1-1", "E2 02 00 00", E::FixedHeaderFlags { packet_type: PacketType::Disconnect, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-3.14.1-1", "E4 02 00 00", E::FixedHeaderFlags { packet_type: PacketType::Disconnect, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-3.14.1-1", "E8 02 00 00", E::FixedHeaderFlags { packet_type: PacketType::Disconnect, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-3.14.1-1", "EF 02 00 00", E::FixedHeaderFlags { packet_type: PacketType::Disconnect, flags: 0b1111 }, MalformedPacket),
    case("a code that it may not carry", "MQTT-3.14.2-1", "E0 01 01", E::InvalidReasonCode { packet_type: PacketType::Disconnect, code: 0x01 }, ProtocolError),
    case("a code of CONNACK, with properties", "MQTT-3.14.2-1", "E0 02 84 00", E::InvalidReasonCode { packet_type: PacketType::Disconnect, code: 0x84 }, ProtocolError),
    case("a byte behind the properties", "", "E0 03 00 00 00", E::TrailingBytes { after: F::PropertyLength, at: 4 }, MalformedPacket),
    case("properties that run past the packet", "MQTT-2.2.2-1", "E0 07 00 06 11 00 00 00 01", E::Truncated { field: F::PropertyLength, at: 4 }, MalformedPacket),
    case("Session Expiry Interval for the second time", "", "E0 0C 00 0A 11 00 00 00 01 11 00 00 00 01", E::RepeatedProperty { property: F::SessionExpiryInterval, at: 9 }, ProtocolError),
    case("Server Reference of ill-formed UTF-8", "MQTT-1.5.4-1", "E0 06 9C 04 1C 00 01 FF", E::Utf8 { field: F::ServerReference, at: 7 }, MalformedPacket),
    case("Property Length cut", "MQTT-2.2.2-1", "E0 02 00 80", E::Truncated { field: F::PropertyLength, at: 3 }, MalformedPacket),
    case("Property Length in more bytes than it needs", "MQTT-1.5.5-1", "E0 07 00 80 00 00 01 61 00", E::VariableByteInteger { at: 3 }, MalformedPacket),
    case("Property Length of five bytes", "MQTT-1.5.5-1", "E0 06 00 FF FF FF FF 7F", E::VariableByteInteger { at: 3 }, MalformedPacket),
    case("an identifier that no property has", "", "E0 04 00 02 04 00", E::UnknownProperty { at: 4 }, MalformedPacket),
    case("an identifier of two bytes", "", "E0 0A 00 08 A6 01 00 01 61 00 01 62", E::UnknownProperty { at: 4 }, MalformedPacket),
    case("a property that may not stand in it", "", "E0 05 00 03 23 00 01", E::PropertyNotAllowed { property: F::TopicAlias, at: 4 }, MalformedPacket),
    case("a User Property without a value", "", "E0 06 00 04 26 00 01 61", E::Truncated { field: F::UserProperty, at: 8 }, MalformedPacket),
    case("a User Property that runs past the Property Length", "", "E0 0A 00 08 26 00 01 61 00 05 62 63", E::Truncated { field: F::UserProperty, at: 8 }, MalformedPacket),
    case("a User Property whose name is ill-formed UTF-8", "MQTT-1.5.7-1", "E0 09 00 07 26 00 01 FF 00 01 62", E::Utf8 { field: F::UserProperty, at: 7 }, MalformedPacket),
    case("a User Property whose value has U+0000", "MQTT-1.5.7-1", "E0 0A 00 08 26 00 01 61 00 02 61 00", E::NullCharacter { field: F::UserProperty, at: 11 }, MalformedPacket),
    case("a Reason String for the second time", "", "E0 0A 00 08 1F 00 01 61 1F 00 01 61", E::RepeatedProperty { property: F::ReasonString, at: 8 }, ProtocolError),
    case("a Reason String of ill-formed UTF-8", "MQTT-1.5.4-1", "E0 08 00 06 1F 00 03 61 ED A0", E::Utf8 { field: F::ReasonString, at: 8 }, MalformedPacket),
    case("a Reason String with U+0000", "MQTT-1.5.4-2", "E0 06 00 04 1F 00 01 00", E::NullCharacter { field: F::ReasonString, at: 7 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1_1: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-3.14.1-1", "E1 00", E::FixedHeaderFlags { packet_type: PacketType::Disconnect, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-3.14.1-1", "E2 00", E::FixedHeaderFlags { packet_type: PacketType::Disconnect, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-3.14.1-1", "E4 00", E::FixedHeaderFlags { packet_type: PacketType::Disconnect, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-3.14.1-1", "E8 00", E::FixedHeaderFlags { packet_type: PacketType::Disconnect, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-3.14.1-1", "EF 00", E::FixedHeaderFlags { packet_type: PacketType::Disconnect, flags: 0b1111 }, MalformedPacket),
    case("a reason code, which 5.0 has", "", "E0 01 00", E::TrailingBytes { after: F::RemainingLength, at: 2 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1: &[Case] = &[
    case("a reason code, which 5.0 has", "", "E0 01 00", E::TrailingBytes { after: F::RemainingLength, at: 2 }, MalformedPacket),
];
