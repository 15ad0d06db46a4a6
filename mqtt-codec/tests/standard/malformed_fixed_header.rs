//! MQTT 5.0 §2.1, MQTT 3.1.1 §2.2: fixed headers that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::MalformedPacket;
use mqtt_codec::{DecodeError as E, Version};

#[test]
fn each_malformed_fixed_header_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[test]
fn each_malformed_fixed_header_of_3_1_1_is_refused() {
    assert_refused(Version::V3_1_1, V3_1_1);
}

#[test]
fn each_malformed_fixed_header_of_3_1_is_refused() {
    assert_refused(Version::V3_1, V3_1);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("Remaining Length of five bytes", "MQTT-1.5.5-1", "10 FF FF FF FF 7F", E::VariableByteInteger { at: 1 }, MalformedPacket),
    case("Remaining Length in two bytes where one will do", "MQTT-1.5.5-1", "C0 80 00", E::VariableByteInteger { at: 1 }, MalformedPacket),
    case("Remaining Length in three bytes where two will do", "MQTT-1.5.5-1", "30 FF FF 00", E::VariableByteInteger { at: 1 }, MalformedPacket),
    case("Remaining Length in four bytes where three will do", "MQTT-1.5.5-1", "30 FF FF FF 00", E::VariableByteInteger { at: 1 }, MalformedPacket),
    case("packet type 0", "", "00 00", E::ReservedPacketType { packet_type: 0 }, MalformedPacket),
    case("packet type 0 with flags", "", "0F 00", E::ReservedPacketType { packet_type: 0 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1_1: &[Case] = &[
    case("Remaining Length of five bytes", "", "10 FF FF FF FF 7F", E::VariableByteInteger { at: 1 }, MalformedPacket),
    case("Remaining Length in two bytes where one will do", "", "C0 80 00", E::VariableByteInteger { at: 1 }, MalformedPacket),
    case("Remaining Length in three bytes where two will do", "", "30 FF FF 00", E::VariableByteInteger { at: 1 }, MalformedPacket),
    case("Remaining Length in four bytes where three will do", "", "30 FF FF FF 00", E::VariableByteInteger { at: 1 }, MalformedPacket),
    case("packet type 0", "", "00 00", E::ReservedPacketType { packet_type: 0 }, MalformedPacket),
    case("packet type 15, which 5.0 has", "", "F0 00", E::ReservedPacketType { packet_type: 15 }, MalformedPacket),
    case("packet type 15 with flags", "", "F1 00", E::ReservedPacketType { packet_type: 15 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1: &[Case] = &[
    case("Remaining Length of five bytes", "", "10 FF FF FF FF 7F", E::VariableByteInteger { at: 1 }, MalformedPacket),
    case("Remaining Length in two bytes where one will do", "", "C0 80 00", E::VariableByteInteger { at: 1 }, MalformedPacket),
    case("Remaining Length in three bytes where two will do", "", "30 FF FF 00", E::VariableByteInteger { at: 1 }, MalformedPacket),
    case("Remaining Length in four bytes where three will do", "", "30 FF FF FF 00", E::VariableByteInteger { at: 1 }, MalformedPacket),
    case("packet type 0", "", "00 00", E::ReservedPacketType { packet_type: 0 }, MalformedPacket),
    case("packet type 15, which 5.0 has", "", "F0 00", E::ReservedPacketType { packet_type: 15 }, MalformedPacket),
];
