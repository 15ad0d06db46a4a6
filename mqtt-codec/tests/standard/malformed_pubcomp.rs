//! MQTT 5.0 §3.7, MQTT 3.1.1 §3.7: PUBCOMP packets that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::{MalformedPacket, ProtocolError};
use mqtt_codec::{DecodeError as E, Field as F, PacketType, Version};

#[test]
fn each_malformed_pubcomp_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[test]
fn each_malformed_pubcomp_of_3_1_1_is_refused() {
    assert_refused(Version::V3_1_1, V3_1_1);
}

#[test]
fn each_malformed_pubcomp_of_3_1_is_refused() {
    assert_refused(Version::V3_1, V3_1);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-2.1.3-1", "71 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubcomp, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.1.3-1", "72 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubcomp, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.1.3-1", "74 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubcomp, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.1.3-1", "78 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubcomp, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.1.3-1", "7F 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubcomp, flags: 0b1111 }, MalformedPacket),
    case("empty", "", "70 00", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("half a Packet Identifier", "", "70 01 01", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "MQTT-2.2.1-5", "70 02 00 00", E::PacketIdentifierZero { packet_type: PacketType::Pubcomp }, ProtocolError),
    case("a code that it may not carry", "MQTT-3.7.2-1", "70 03 00 01 80", E::InvalidReasonCode { packet_type: PacketType::Pubcomp, code: 0x80 }, ProtocolError),
    case("a code that it may not carry, with properties", "MQTT-3.7.2-1", "70 04 00 01 FF 00", E::InvalidReasonCode { packet_type: PacketType::Pubcomp, code: 0xFF }, ProtocolError),
    case("a byte behind the properties", "", "70 05 00 01 00 00 00", E::TrailingBytes { after: F::PropertyLength, at: 6 }, MalformedPacket),
    case("properties that run past the packet", "MQTT-2.2.2-1", "70 08 00 01 00 05 1F 00 01 61", E::Truncated { field: F::PropertyLength, at: 6 }, MalformedPacket),
    case("Property Length cut", "MQTT-2.2.2-1", "70 04 00 01 00 80", E::Truncated { field: F::PropertyLength, at: 5 }, MalformedPacket),
    case("Property Length in more bytes than it needs", "MQTT-1.5.5-1", "70 09 00 01 00 80 00 00 01 61 00", E::VariableByteInteger { at: 5 }, MalformedPacket),
    case("Property Length of five bytes", "MQTT-1.5.5-1", "70 08 00 01 00 FF FF FF FF 7F", E::VariableByteInteger { at: 5 }, MalformedPacket),
    case("an identifier that no property has", "", "70 06 00 01 00 02 04 00", E::UnknownProperty { at: 6 }, MalformedPacket),
    case("an identifier of two bytes", "", "70 0C 00 01 00 08 A6 01 00 01 61 00 01 62", E::UnknownProperty { at: 6 }, MalformedPacket),
    case("a property that may not stand in it", "", "70 08 00 01 00 04 1C 00 01 61", E::PropertyNotAllowed { property: F::ServerReference, at: 6 }, MalformedPacket),
    case("a User Property without a value", "", "70 08 00 01 00 04 26 00 01 61", E::Truncated { field: F::UserProperty, at: 10 }, MalformedPacket),
    case("a User Property that runs past the Property Length", "", "70 0C 00 01 00 08 26 00 01 61 00 05 62 63", E::Truncated { field: F::UserProperty, at: 10 }, MalformedPacket),
    case("a User Property whose name is ill-formed UTF-8", "MQTT-1.5.7-1", "70 0B 00 01 00 07 26 00 01 FF 00 01 62", E::Utf8 { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property whose value has U+0000", "MQTT-1.5.7-1", "70 0C 00 01 00 08 26 00 01 61 00 02 61 00", E::NullCharacter { field: F::UserProperty, at: 13 }, MalformedPacket),
    case("a Reason String for the second time", "", "70 0C 00 01 00 08 1F 00 01 61 1F 00 01 61", E::RepeatedProperty { property: F::ReasonString, at: 10 }, ProtocolError),
    case("a Reason String of ill-formed UTF-8", "MQTT-1.5.4-1", "70 0A 00 01 00 06 1F 00 03 61 ED A0", E::Utf8 { field: F::ReasonString, at: 10 }, MalformedPacket),
    case("a Reason String with U+0000", "MQTT-1.5.4-2", "70 08 00 01 00 04 1F 00 01 00", E::NullCharacter { field: F::ReasonString, at: 9 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1_1: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-2.2.2-2", "71 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubcomp, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.2.2-2", "72 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubcomp, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.2.2-2", "74 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubcomp, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.2.2-2", "78 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubcomp, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.2.2-2", "7F 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubcomp, flags: 0b1111 }, MalformedPacket),
    case("empty", "MQTT-2.3.1-1", "70 00", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("half a Packet Identifier", "MQTT-2.3.1-1", "70 01 01", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "MQTT-2.3.1-6", "70 02 00 00", E::PacketIdentifierZero { packet_type: PacketType::Pubcomp }, ProtocolError),
    case("a reason code, which 5.0 has", "", "70 03 00 01 00", E::TrailingBytes { after: F::PacketIdentifier, at: 4 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1: &[Case] = &[
    case("half a Packet Identifier", "", "70 01 01", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "", "70 02 00 00", E::PacketIdentifierZero { packet_type: PacketType::Pubcomp }, ProtocolError),
    case("a reason code, which 5.0 has", "", "70 03 00 01 00", E::TrailingBytes { after: F::PacketIdentifier, at: 4 }, MalformedPacket),
];
