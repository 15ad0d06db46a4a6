//! MQTT 5.0 §3.6, MQTT 3.1.1 §3.6: PUBREL packets that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::{MalformedPacket, ProtocolError};
use mqtt_codec::{DecodeError as E, Field as F, PacketType, Version};

#[test]
fn each_malformed_pubrel_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[test]
fn each_malformed_pubrel_of_3_1_1_is_refused() {
    assert_refused(Version::V3_1_1, V3_1_1);
}

#[test]
fn each_malformed_pubrel_of_3_1_is_refused() {
    assert_refused(Version::V3_1, V3_1);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-3.6.1-1", "61 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubrel, flags: 0b0001 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-3.6.1-1", "64 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubrel, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-3.6.1-1", "68 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubrel, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-3.6.1-1", "6F 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubrel, flags: 0b1111 }, MalformedPacket),
    case("flags 0000 in the fixed header", "MQTT-3.6.1-1", "60 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubrel, flags: 0b0000 }, MalformedPacket),
    case("empty", "", "62 00", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("half a Packet Identifier", "", "62 01 01", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "MQTT-2.2.1-5", "62 02 00 00", E::PacketIdentifierZero { packet_type: PacketType::Pubrel }, ProtocolError),
    case("a code that it may not carry", "MQTT-3.6.2-1", "62 03 00 01 10", E::InvalidReasonCode { packet_type: PacketType::Pubrel, code: 0x10 }, ProtocolError),
    case("a code that it may not carry, with properties", "MQTT-3.6.2-1", "62 04 00 01 FF 00", E::InvalidReasonCode { packet_type: PacketType::Pubrel, code: 0xFF }, ProtocolError),
    case("a byte behind the properties", "", "62 05 00 01 00 00 00", E::TrailingBytes { after: F::PropertyLength, at: 6 }, MalformedPacket),
    case("properties that run past the packet", "MQTT-2.2.2-1", "62 08 00 01 00 05 1F 00 01 61", E::Truncated { field: F::PropertyLength, at: 6 }, MalformedPacket),
    case("Property Length cut", "MQTT-2.2.2-1", "62 04 00 01 00 80", E::Truncated { field: F::PropertyLength, at: 5 }, MalformedPacket),
    case("Property Length in more bytes than it needs", "MQTT-1.5.5-1", "62 09 00 01 00 80 00 00 01 61 00", E::VariableByteInteger { at: 5 }, MalformedPacket),
    case("Property Length of five bytes", "MQTT-1.5.5-1", "62 08 00 01 00 FF FF FF FF 7F", E::VariableByteInteger { at: 5 }, MalformedPacket),
    case("an identifier that no property has", "", "62 06 00 01 00 02 04 00", E::UnknownProperty { at: 6 }, MalformedPacket),
    case("an identifier of two bytes", "", "62 0C 00 01 00 08 A6 01 00 01 61 00 01 62", E::UnknownProperty { at: 6 }, MalformedPacket),
    case("a property that may not stand in it", "", "62 08 00 01 00 04 1C 00 01 61", E::PropertyNotAllowed { property: F::ServerReference, at: 6 }, MalformedPacket),
    case("a User Property without a value", "", "62 08 00 01 00 04 26 00 01 61", E::Truncated { field: F::UserProperty, at: 10 }, MalformedPacket),
    case("a User Property that runs past the Property Length", "", "62 0C 00 01 00 08 26 00 01 61 00 05 62 63", E::Truncated { field: F::UserProperty, at: 10 }, MalformedPacket),
    case("a User Property whose name is ill-formed UTF-8", "MQTT-1.5.7-1", "62 0B 00 01 00 07 26 00 01 FF 00 01 62", E::Utf8 { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property whose value has U+0000", "MQTT-1.5.7-1", "62 0C 00 01 00 08 26 00 01 61 00 02 61 00", E::NullCharacter { field: F::UserProperty, at: 13 }, MalformedPacket),
    case("a Reason String for the second time", "", "62 0C 00 01 00 08 1F 00 01 61 1F 00 01 61", E::RepeatedProperty { property: F::ReasonString, at: 10 }, ProtocolError),
    case("a Reason String of ill-formed UTF-8", "MQTT-1.5.4-1", "62 0A 00 01 00 06 1F 00 03 61 ED A0", E::Utf8 { field: F::ReasonString, at: 10 }, MalformedPacket),
    case("a Reason String with U+0000", "MQTT-1.5.4-2", "62 08 00 01 00 04 1F 00 01 00", E::NullCharacter { field: F::ReasonString, at: 9 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1_1: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-3.6.1-1", "61 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubrel, flags: 0b0001 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-3.6.1-1", "64 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubrel, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-3.6.1-1", "68 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubrel, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-3.6.1-1", "6F 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubrel, flags: 0b1111 }, MalformedPacket),
    case("flags 0000 in the fixed header", "MQTT-3.6.1-1", "60 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Pubrel, flags: 0b0000 }, MalformedPacket),
    case("empty", "MQTT-2.3.1-1", "62 00", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("half a Packet Identifier", "MQTT-2.3.1-1", "62 01 01", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "MQTT-2.3.1-6", "62 02 00 00", E::PacketIdentifierZero { packet_type: PacketType::Pubrel }, ProtocolError),
    case("a reason code, which 5.0 has", "", "62 03 00 01 00", E::TrailingBytes { after: F::PacketIdentifier, at: 4 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1: &[Case] = &[
    case("half a Packet Identifier", "", "62 01 01", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "", "62 02 00 00", E::PacketIdentifierZero { packet_type: PacketType::Pubrel }, ProtocolError),
    case("a reason code, which 5.0 has", "", "62 03 00 01 00", E::TrailingBytes { after: F::PacketIdentifier, at: 4 }, MalformedPacket),
];
