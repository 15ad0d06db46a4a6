//! MQTT 5.0 §3.11, MQTT 3.1.1 §3.11: UNSUBACK packets that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::{MalformedPacket, ProtocolError};
use mqtt_codec::{DecodeError as E, Field as F, PacketType, Version};

#[test]
fn each_malformed_unsuback_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[test]
fn each_malformed_unsuback_of_3_1_1_is_refused() {
    assert_refused(Version::V3_1_1, V3_1_1);
}

#[test]
fn each_malformed_unsuback_of_3_1_is_refused() {
    assert_refused(Version::V3_1, V3_1);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-2.1.3-1", "B1 04 00 01 00 00", E::FixedHeaderFlags { packet_type: PacketType::Unsuback, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.1.3-1", "B2 04 00 01 00 00", E::FixedHeaderFlags { packet_type: PacketType::Unsuback, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.1.3-1", "B4 04 00 01 00 00", E::FixedHeaderFlags { packet_type: PacketType::Unsuback, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.1.3-1", "B8 04 00 01 00 00", E::FixedHeaderFlags { packet_type: PacketType::Unsuback, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.1.3-1", "BF 04 00 01 00 00", E::FixedHeaderFlags { packet_type: PacketType::Unsuback, flags: 0b1111 }, MalformedPacket),
    case("empty", "", "B0 00", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "MQTT-2.2.1-6", "B0 04 00 00 00 00", E::PacketIdentifierZero { packet_type: PacketType::Unsuback }, ProtocolError),
    case("no reason code", "", "B0 03 00 01 00", E::EmptyList { packet_type: PacketType::Unsuback }, ProtocolError),
    case("a code that it may not carry", "MQTT-3.11.3-2", "B0 04 00 01 00 03", E::InvalidReasonCode { packet_type: PacketType::Unsuback, code: 0x03 }, ProtocolError),
    case("a second code that it may not carry", "MQTT-3.11.3-2", "B0 05 00 01 00 00 FF", E::InvalidReasonCode { packet_type: PacketType::Unsuback, code: 0xFF }, ProtocolError),
    case("properties that run past the packet", "MQTT-2.2.2-1", "B0 04 00 01 05 00", E::Truncated { field: F::PropertyLength, at: 5 }, MalformedPacket),
    case("Property Length missing", "MQTT-2.2.2-1", "B0 02 00 01", E::Truncated { field: F::PropertyLength, at: 4 }, MalformedPacket),
    case("Property Length cut", "MQTT-2.2.2-1", "B0 03 00 01 80", E::Truncated { field: F::PropertyLength, at: 4 }, MalformedPacket),
    case("Property Length in more bytes than it needs", "MQTT-1.5.5-1", "B0 08 00 01 80 00 00 01 61 00", E::VariableByteInteger { at: 4 }, MalformedPacket),
    case("Property Length of five bytes", "MQTT-1.5.5-1", "B0 07 00 01 FF FF FF FF 7F", E::VariableByteInteger { at: 4 }, MalformedPacket),
    case("an identifier that no property has", "", "B0 06 00 01 02 04 00 00", E::UnknownProperty { at: 5 }, MalformedPacket),
    case("an identifier of two bytes", "", "B0 0C 00 01 08 A6 01 00 01 61 00 01 62 00", E::UnknownProperty { at: 5 }, MalformedPacket),
    case("a property that may not stand in it", "", "B0 08 00 01 04 1C 00 01 61 00", E::PropertyNotAllowed { property: F::ServerReference, at: 5 }, MalformedPacket),
    case("a User Property without a value", "", "B0 08 00 01 04 26 00 01 61 00", E::Truncated { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property that runs past the Property Length", "", "B0 0C 00 01 08 26 00 01 61 00 05 62 63 00", E::Truncated { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property whose name is ill-formed UTF-8", "MQTT-1.5.7-1", "B0 0B 00 01 07 26 00 01 FF 00 01 62 00", E::Utf8 { field: F::UserProperty, at: 8 }, MalformedPacket),
    case("a User Property whose value has U+0000", "MQTT-1.5.7-1", "B0 0C 00 01 08 26 00 01 61 00 02 61 00 00", E::NullCharacter { field: F::UserProperty, at: 12 }, MalformedPacket),
    case("a Reason String for the second time", "", "B0 0C 00 01 08 1F 00 01 61 1F 00 01 61 00", E::RepeatedProperty { property: F::ReasonString, at: 9 }, ProtocolError),
    case("a Reason String of ill-formed UTF-8", "MQTT-1.5.4-1", "B0 0A 00 01 06 1F 00 03 61 ED A0 00", E::Utf8 { field: F::ReasonString, at: 9 }, MalformedPacket),
    case("a Reason String with U+0000", "MQTT-1.5.4-2", "B0 08 00 01 04 1F 00 01 00 00", E::NullCharacter { field: F::ReasonString, at: 8 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1_1: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-2.2.2-2", "B1 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Unsuback, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.2.2-2", "B2 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Unsuback, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.2.2-2", "B4 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Unsuback, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.2.2-2", "B8 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Unsuback, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.2.2-2", "BF 02 00 01", E::FixedHeaderFlags { packet_type: PacketType::Unsuback, flags: 0b1111 }, MalformedPacket),
    case("empty", "MQTT-2.3.1-1", "B0 00", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "MQTT-2.3.1-7", "B0 02 00 00", E::PacketIdentifierZero { packet_type: PacketType::Unsuback }, ProtocolError),
    case("a reason code, which 5.0 has", "", "B0 03 00 01 00", E::TrailingBytes { after: F::PacketIdentifier, at: 4 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1: &[Case] = &[
    case("Packet Identifier 0", "", "B0 02 00 00", E::PacketIdentifierZero { packet_type: PacketType::Unsuback }, ProtocolError),
    case("a reason code, which 5.0 has", "", "B0 03 00 01 00", E::TrailingBytes { after: F::PacketIdentifier, at: 4 }, MalformedPacket),
];
