//! MQTT 5.0 §3.9, MQTT 3.1.1 §3.9: SUBACK packets that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::{MalformedPacket, ProtocolError};
use mqtt_codec::{DecodeError as E, Field as F, PacketType, Version};

#[test]
fn each_malformed_suback_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[test]
fn each_malformed_suback_of_3_1_1_is_refused() {
    assert_refused(Version::V3_1_1, V3_1_1);
}

#[test]
fn each_malformed_suback_of_3_1_is_refused() {
    assert_refused(Version::V3_1, V3_1);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-2.1.3-1", "91 04 00 01 00 00", E::FixedHeaderFlags { packet_type: PacketType::Suback, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.1.3-1", "92 04 00 01 00 00", E::FixedHeaderFlags { packet_type: PacketType::Suback, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.1.3-1", "94 04 00 01 00 00", E::FixedHeaderFlags { packet_type: PacketType::Suback, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.1.3-1", "98 04 00 01 00 00", E::FixedHeaderFlags { packet_type: PacketType::Suback, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.1.3-1", "9F 04 00 01 00 00", E::FixedHeaderFlags { packet_type: PacketType::Suback, flags: 0b1111 }, MalformedPacket),
    case("empty", "", "90 00", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "MQTT-2.2.1-6", "90 04 00 00 00 00", E::PacketIdentifierZero { packet_type: PacketType::Suback }, ProtocolError),
    case("no reason code", "", "90 03 00 01 00", E::EmptyList { packet_type: PacketType::Suback }, ProtocolError),
    case("a code that it may not carry", "MQTT-3.9.3-2", "90 04 00 01 00 03", E::InvalidReasonCode { packet_type: PacketType::Suback, code: 0x03 }, ProtocolError),
    case("a second code that it may not carry", "MQTT-3.9.3-2", "90 05 00 01 00 00 FF", E::InvalidReasonCode { packet_type: PacketType::Suback, code: 0xFF }, ProtocolError),
    case("properties that run past the packet", "MQTT-2.2.2-1", "90 04 00 01 05 00", E::Truncated { field: F::PropertyLength, at: 5 }, MalformedPacket),
    case("Property Length missing", "MQTT-2.2.2-1", "90 02 00 01", E::Truncated { field: F::PropertyLength, at: 4 }, MalformedPacket),
    case("Property Length cut", "MQTT-2.2.2-1", "90 03 00 01 80", E::Truncated { field: F::PropertyLength, at: 4 }, MalformedPacket),
    case("Property Length in more bytes than it needs", "MQTT-1.5.5-1", "90 08 00 01 80 00 00 01 61 00", E::VariableByteInteger { at: 4 }, MalformedPacket),
    case("Property Length of five bytes", "MQTT-1.5.5-1", "90 07 00 01 FF FF FF FF 7F", E::VariableByteInteger { at: 4 }, MalformedPacket),
    case("an identifier that no property has", "", "90 06 00 01 02 04 00 00", E::UnknownProperty { at: 5 }, MalformedPacket),
    case("an identifier of two bytes", "", "90 0C 00 01 08 A6 01 00 01 61 00 01 62 00", E::UnknownProperty { at: 5 }, MalformedPacket),
    case("a property that may not stand in it", "", "90 08 00 01 04 1C 00 01 61 00", E::PropertyNotAllowed { property: F::ServerReference, at: 5 }, MalformedPacket),
    case("a User Property without a value", "", "90 08 00 01 04 26 00 01 61 00", E::Truncated { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property that runs past the Property Length", "", "90 0C 00 01 08 26 00 01 61 00 05 62 63 00", E::Truncated { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property whose name is ill-formed UTF-8", "MQTT-1.5.7-1", "90 0B 00 01 07 26 00 01 FF 00 01 62 00", E::Utf8 { field: F::UserProperty, at: 8 }, MalformedPacket),
    case("a User Property whose value has U+0000", "MQTT-1.5.7-1", "90 0C 00 01 08 26 00 01 61 00 02 61 00 00", E::NullCharacter { field: F::UserProperty, at: 12 }, MalformedPacket),
    case("a Reason String for the second time", "", "90 0C 00 01 08 1F 00 01 61 1F 00 01 61 00", E::RepeatedProperty { property: F::ReasonString, at: 9 }, ProtocolError),
    case("a Reason String of ill-formed UTF-8", "MQTT-1.5.4-1", "90 0A 00 01 06 1F 00 03 61 ED A0 00", E::Utf8 { field: F::ReasonString, at: 9 }, MalformedPacket),
    case("a Reason String with U+0000", "MQTT-1.5.4-2", "90 08 00 01 04 1F 00 01 00 00", E::NullCharacter { field: F::ReasonString, at: 8 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1_1: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-2.2.2-2", "91 03 00 01 00", E::FixedHeaderFlags { packet_type: PacketType::Suback, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.2.2-2", "92 03 00 01 00", E::FixedHeaderFlags { packet_type: PacketType::Suback, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.2.2-2", "94 03 00 01 00", E::FixedHeaderFlags { packet_type: PacketType::Suback, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.2.2-2", "98 03 00 01 00", E::FixedHeaderFlags { packet_type: PacketType::Suback, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.2.2-2", "9F 03 00 01 00", E::FixedHeaderFlags { packet_type: PacketType::Suback, flags: 0b1111 }, MalformedPacket),
    case("empty", "MQTT-2.3.1-1", "90 00", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "MQTT-2.3.1-7", "90 03 00 00 00", E::PacketIdentifierZero { packet_type: PacketType::Suback }, ProtocolError),
    case("no return code", "", "90 02 00 01", E::EmptyList { packet_type: PacketType::Suback }, ProtocolError),
    case("return code 3", "MQTT-3.9.3-2", "90 04 00 01 00 03", E::InvalidReasonCode { packet_type: PacketType::Suback, code: 0x03 }, ProtocolError),
    case("a code of 5.0", "MQTT-3.9.3-2", "90 03 00 01 87", E::InvalidReasonCode { packet_type: PacketType::Suback, code: 0x87 }, ProtocolError),
];

#[rustfmt::skip]
const V3_1: &[Case] = &[
    case("Packet Identifier 0", "", "90 03 00 00 00", E::PacketIdentifierZero { packet_type: PacketType::Suback }, ProtocolError),
    case("no return code", "", "90 02 00 01", E::EmptyList { packet_type: PacketType::Suback }, ProtocolError),
    case("the refusal of 3.1.1", "", "90 03 00 01 80", E::InvalidReasonCode { packet_type: PacketType::Suback, code: 0x80 }, ProtocolError),
];
