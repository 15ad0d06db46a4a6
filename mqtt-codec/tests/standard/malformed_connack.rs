//! MQTT 5.0 §3.2, MQTT 3.1.1 §3.2: CONNACK packets that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::{MalformedPacket, ProtocolError};
use mqtt_codec::{DecodeError as E, Field as F, PacketType, Version};

#[test]
fn each_malformed_connack_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[test]
fn each_malformed_connack_of_3_1_1_is_refused() {
    assert_refused(Version::V3_1_1, V3_1_1);
}

#[test]
fn each_malformed_connack_of_3_1_is_refused() {
    assert_refused(Version::V3_1, V3_1);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-2.1.3-1", "21 03 00 00 00", E::FixedHeaderFlags { packet_type: PacketType::Connack, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.1.3-1", "22 03 00 00 00", E::FixedHeaderFlags { packet_type: PacketType::Connack, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.1.3-1", "24 03 00 00 00", E::FixedHeaderFlags { packet_type: PacketType::Connack, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.1.3-1", "28 03 00 00 00", E::FixedHeaderFlags { packet_type: PacketType::Connack, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.1.3-1", "2F 03 00 00 00", E::FixedHeaderFlags { packet_type: PacketType::Connack, flags: 0b1111 }, MalformedPacket),
    case("empty", "", "20 00", E::Truncated { field: F::ConnectAcknowledgeFlags, at: 2 }, MalformedPacket),
    case("no Reason Code", "", "20 01 00", E::Truncated { field: F::ReasonCode, at: 3 }, MalformedPacket),
    case("a reserved acknowledge flag", "MQTT-3.2.2-1", "20 03 02 00 00", E::ReservedBits { field: F::ConnectAcknowledgeFlags, value: 0x02 }, MalformedPacket),
    case("all reserved acknowledge flags", "MQTT-3.2.2-1", "20 03 FF 00 00", E::ReservedBits { field: F::ConnectAcknowledgeFlags, value: 0xFF }, MalformedPacket),
    case("a return code of 3.1.1", "MQTT-3.2.2-8", "20 03 00 05 00", E::InvalidReasonCode { packet_type: PacketType::Connack, code: 0x05 }, ProtocolError),
    case("a code of other packets", "MQTT-3.2.2-8", "20 03 00 8E 00", E::InvalidReasonCode { packet_type: PacketType::Connack, code: 0x8E }, ProtocolError),
    case("Session Present with an error code", "MQTT-3.2.2-6", "20 03 01 87 00", E::SessionPresentWithError, ProtocolError),
    case("a byte behind the properties", "", "20 04 00 00 00 00", E::TrailingBytes { after: F::PropertyLength, at: 5 }, MalformedPacket),
    case("Maximum QoS 2", "", "20 05 00 00 02 24 02", E::PropertyValue { property: F::MaximumQoS, value: 2 }, ProtocolError),
    case("Receive Maximum 0", "", "20 06 00 00 03 21 00 00", E::PropertyValue { property: F::ReceiveMaximum, value: 0 }, ProtocolError),
    case("Server Keep Alive for the second time", "", "20 09 00 00 06 13 00 01 13 00 01", E::RepeatedProperty { property: F::ServerKeepAlive, at: 8 }, ProtocolError),
    case("properties that run past the packet", "MQTT-2.2.2-1", "20 06 00 00 05 13 00 01", E::Truncated { field: F::PropertyLength, at: 5 }, MalformedPacket),
    case("Property Length missing", "MQTT-2.2.2-1", "20 02 00 00", E::Truncated { field: F::PropertyLength, at: 4 }, MalformedPacket),
    case("Property Length cut", "MQTT-2.2.2-1", "20 03 00 00 80", E::Truncated { field: F::PropertyLength, at: 4 }, MalformedPacket),
    case("Property Length in more bytes than it needs", "MQTT-1.5.5-1", "20 08 00 00 80 00 00 01 61 00", E::VariableByteInteger { at: 4 }, MalformedPacket),
    case("Property Length of five bytes", "MQTT-1.5.5-1", "20 07 00 00 FF FF FF FF 7F", E::VariableByteInteger { at: 4 }, MalformedPacket),
    case("an identifier that no property has", "", "20 05 00 00 02 04 00", E::UnknownProperty { at: 5 }, MalformedPacket),
    case("an identifier of two bytes", "", "20 0B 00 00 08 A6 01 00 01 61 00 01 62", E::UnknownProperty { at: 5 }, MalformedPacket),
    case("a property that may not stand in it", "", "20 06 00 00 03 23 00 01", E::PropertyNotAllowed { property: F::TopicAlias, at: 5 }, MalformedPacket),
    case("a User Property without a value", "", "20 07 00 00 04 26 00 01 61", E::Truncated { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property that runs past the Property Length", "", "20 0B 00 00 08 26 00 01 61 00 05 62 63", E::Truncated { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property whose name is ill-formed UTF-8", "MQTT-1.5.7-1", "20 0A 00 00 07 26 00 01 FF 00 01 62", E::Utf8 { field: F::UserProperty, at: 8 }, MalformedPacket),
    case("a User Property whose value has U+0000", "MQTT-1.5.7-1", "20 0B 00 00 08 26 00 01 61 00 02 61 00", E::NullCharacter { field: F::UserProperty, at: 12 }, MalformedPacket),
    case("a Reason String for the second time", "", "20 0B 00 00 08 1F 00 01 61 1F 00 01 61", E::RepeatedProperty { property: F::ReasonString, at: 9 }, ProtocolError),
    case("a Reason String of ill-formed UTF-8", "MQTT-1.5.4-1", "20 09 00 00 06 1F 00 03 61 ED A0", E::Utf8 { field: F::ReasonString, at: 9 }, MalformedPacket),
    case("a Reason String with U+0000", "MQTT-1.5.4-2", "20 07 00 00 04 1F 00 01 00", E::NullCharacter { field: F::ReasonString, at: 8 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1_1: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-2.2.2-2", "21 02 00 00", E::FixedHeaderFlags { packet_type: PacketType::Connack, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.2.2-2", "22 02 00 00", E::FixedHeaderFlags { packet_type: PacketType::Connack, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.2.2-2", "24 02 00 00", E::FixedHeaderFlags { packet_type: PacketType::Connack, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.2.2-2", "28 02 00 00", E::FixedHeaderFlags { packet_type: PacketType::Connack, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.2.2-2", "2F 02 00 00", E::FixedHeaderFlags { packet_type: PacketType::Connack, flags: 0b1111 }, MalformedPacket),
    case("empty", "", "20 00", E::Truncated { field: F::ConnectAcknowledgeFlags, at: 2 }, MalformedPacket),
    case("no return code", "", "20 01 00", E::Truncated { field: F::ReasonCode, at: 3 }, MalformedPacket),
    case("a reserved acknowledge flag", "", "20 02 02 00", E::ReservedBits { field: F::ConnectAcknowledgeFlags, value: 0x02 }, MalformedPacket),
    case("return code 6", "", "20 02 00 06", E::InvalidReasonCode { packet_type: PacketType::Connack, code: 0x06 }, ProtocolError),
    case("a code of 5.0", "", "20 02 00 87", E::InvalidReasonCode { packet_type: PacketType::Connack, code: 0x87 }, ProtocolError),
    case("Session Present with an error code", "MQTT-3.2.2-4", "20 02 01 05", E::SessionPresentWithError, ProtocolError),
    case("a byte behind the return code", "", "20 03 00 00 00", E::TrailingBytes { after: F::ReasonCode, at: 4 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1: &[Case] = &[
    case("no return code", "", "20 01 00", E::Truncated { field: F::ReasonCode, at: 3 }, MalformedPacket),
    case("return code 6", "", "20 02 00 06", E::InvalidReasonCode { packet_type: PacketType::Connack, code: 0x06 }, ProtocolError),
    case("a byte behind the return code", "", "20 03 00 00 00", E::TrailingBytes { after: F::ReasonCode, at: 4 }, MalformedPacket),
];
