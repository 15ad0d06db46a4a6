//! MQTT 5.0 §3.15: AUTH packets that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::{MalformedPacket, ProtocolError};
use mqtt_codec::{DecodeError as E, Field as F, PacketType, Version};

#[test]
fn each_malformed_auth_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-3.15.1-1", "F1 06 18 04 15 00 01 6D", E::FixedHeaderFlags { packet_type: PacketType::Auth, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-3.15.1-1", "F2 06 18 04 15 00 01 6D", E::FixedHeaderFlags { packet_type: PacketType::Auth, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-3.15.1-1", "F4 06 18 04 15 00 01 6D", E::FixedHeaderFlags { packet_type: PacketType::Auth, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-3.15.1-1", "F8 06 18 04 15 00 01 6D", E::FixedHeaderFlags { packet_type: PacketType::Auth, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-3.15.1-1", "FF 06 18 04 15 00 01 6D", E::FixedHeaderFlags { packet_type: PacketType::Auth, flags: 0b1111 }, MalformedPacket),
    case("a code that it may not carry", "MQTT-3.15.2-1", "F0 02 01 00", E::InvalidReasonCode { packet_type: PacketType::Auth, code: 0x01 }, ProtocolError),
    case("a code of failures", "MQTT-3.15.2-1", "F0 02 87 00", E::InvalidReasonCode { packet_type: PacketType::Auth, code: 0x87 }, ProtocolError),
    case("a byte behind the properties", "", "F0 03 18 00 00", E::TrailingBytes { after: F::PropertyLength, at: 4 }, MalformedPacket),
    case("properties that run past the packet", "MQTT-2.2.2-1", "F0 06 18 05 15 00 01 6D", E::Truncated { field: F::PropertyLength, at: 4 }, MalformedPacket),
    case("Authentication Method for the second time", "", "F0 0A 18 08 15 00 01 6D 15 00 01 6D", E::RepeatedProperty { property: F::AuthenticationMethod, at: 8 }, ProtocolError),
    case("Authentication Method of ill-formed UTF-8", "MQTT-1.5.4-1", "F0 06 18 04 15 00 01 FF", E::Utf8 { field: F::AuthenticationMethod, at: 7 }, MalformedPacket),
    case("Authentication Data that runs past the Property Length", "", "F0 0A 18 08 15 00 01 6D 16 00 02 64", E::Truncated { field: F::AuthenticationData, at: 9 }, MalformedPacket),
    case("Property Length missing", "MQTT-2.2.2-1", "F0 01 18", E::Truncated { field: F::PropertyLength, at: 3 }, MalformedPacket),
    case("Property Length cut", "MQTT-2.2.2-1", "F0 02 18 80", E::Truncated { field: F::PropertyLength, at: 3 }, MalformedPacket),
    case("Property Length in more bytes than it needs", "MQTT-1.5.5-1", "F0 07 18 80 00 00 01 61 00", E::VariableByteInteger { at: 3 }, MalformedPacket),
    case("Property Length of five bytes", "MQTT-1.5.5-1", "F0 06 18 FF FF FF FF 7F", E::VariableByteInteger { at: 3 }, MalformedPacket),
    case("an identifier that no property has", "", "F0 04 18 02 04 00", E::UnknownProperty { at: 4 }, MalformedPacket),
    case("an identifier of two bytes", "", "F0 0A 18 08 A6 01 00 01 61 00 01 62", E::UnknownProperty { at: 4 }, MalformedPacket),
    case("a property that may not stand in it", "", "F0 06 18 04 1C 00 01 61", E::PropertyNotAllowed { property: F::ServerReference, at: 4 }, MalformedPacket),
    case("a User Property without a value", "", "F0 06 18 04 26 00 01 61", E::Truncated { field: F::UserProperty, at: 8 }, MalformedPacket),
    case("a User Property that runs past the Property Length", "", "F0 0A 18 08 26 00 01 61 00 05 62 63", E::Truncated { field: F::UserProperty, at: 8 }, MalformedPacket),
    case("a User Property whose name is ill-formed UTF-8", "MQTT-1.5.7-1", "F0 09 18 07 26 00 01 FF 00 01 62", E::Utf8 { field: F::UserProperty, at: 7 }, MalformedPacket),
    case("a User Property whose value has U+0000", "MQTT-1.5.7-1", "F0 0A 18 08 26 00 01 61 00 02 61 00", E::NullCharacter { field: F::UserProperty, at: 11 }, MalformedPacket),
    case("a Reason String for the second time", "", "F0 0A 18 08 1F 00 01 61 1F 00 01 61", E::RepeatedProperty { property: F::ReasonString, at: 8 }, ProtocolError),
    case("a Reason String of ill-formed UTF-8", "MQTT-1.5.4-1", "F0 08 18 06 1F 00 03 61 ED A0", E::Utf8 { field: F::ReasonString, at: 8 }, MalformedPacket),
    case("a Reason String with U+0000", "MQTT-1.5.4-2", "F0 06 18 04 1F 00 01 00", E::NullCharacter { field: F::ReasonString, at: 7 }, MalformedPacket),
];
