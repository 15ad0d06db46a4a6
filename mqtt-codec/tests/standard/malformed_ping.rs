//! MQTT 5.0 §3.12, §3.13, MQTT 3.1.1 §3.12, §3.13: PINGREQ and PINGRESP packets that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::MalformedPacket;
use mqtt_codec::{DecodeError as E, Field as F, PacketType, Version};

#[test]
fn each_malformed_ping_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[test]
fn each_malformed_ping_of_3_1_1_is_refused() {
    assert_refused(Version::V3_1_1, V3_1_1);
}

#[test]
fn each_malformed_ping_of_3_1_is_refused() {
    assert_refused(Version::V3_1, V3_1);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-2.1.3-1", "C1 00", E::FixedHeaderFlags { packet_type: PacketType::Pingreq, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.1.3-1", "C2 00", E::FixedHeaderFlags { packet_type: PacketType::Pingreq, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.1.3-1", "C4 00", E::FixedHeaderFlags { packet_type: PacketType::Pingreq, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.1.3-1", "C8 00", E::FixedHeaderFlags { packet_type: PacketType::Pingreq, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.1.3-1", "CF 00", E::FixedHeaderFlags { packet_type: PacketType::Pingreq, flags: 0b1111 }, MalformedPacket),
    case("flags 0001 in the fixed header", "MQTT-2.1.3-1", "D1 00", E::FixedHeaderFlags { packet_type: PacketType::Pingresp, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.1.3-1", "D2 00", E::FixedHeaderFlags { packet_type: PacketType::Pingresp, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.1.3-1", "D4 00", E::FixedHeaderFlags { packet_type: PacketType::Pingresp, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.1.3-1", "D8 00", E::FixedHeaderFlags { packet_type: PacketType::Pingresp, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.1.3-1", "DF 00", E::FixedHeaderFlags { packet_type: PacketType::Pingresp, flags: 0b1111 }, MalformedPacket),
    case("PINGREQ with a byte behind its fixed header", "", "C0 01 00", E::TrailingBytes { after: F::RemainingLength, at: 2 }, MalformedPacket),
    case("PINGRESP with a byte behind its fixed header", "", "D0 01 00", E::TrailingBytes { after: F::RemainingLength, at: 2 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1_1: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-2.2.2-2", "C1 00", E::FixedHeaderFlags { packet_type: PacketType::Pingreq, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.2.2-2", "C2 00", E::FixedHeaderFlags { packet_type: PacketType::Pingreq, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.2.2-2", "C4 00", E::FixedHeaderFlags { packet_type: PacketType::Pingreq, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.2.2-2", "C8 00", E::FixedHeaderFlags { packet_type: PacketType::Pingreq, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.2.2-2", "CF 00", E::FixedHeaderFlags { packet_type: PacketType::Pingreq, flags: 0b1111 }, MalformedPacket),
    case("flags 0001 in the fixed header", "MQTT-2.2.2-2", "D1 00", E::FixedHeaderFlags { packet_type: PacketType::Pingresp, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.2.2-2", "D2 00", E::FixedHeaderFlags { packet_type: PacketType::Pingresp, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.2.2-2", "D4 00", E::FixedHeaderFlags { packet_type: PacketType::Pingresp, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.2.2-2", "D8 00", E::FixedHeaderFlags { packet_type: PacketType::Pingresp, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.2.2-2", "DF 00", E::FixedHeaderFlags { packet_type: PacketType::Pingresp, flags: 0b1111 }, MalformedPacket),
    case("PINGREQ with a byte behind its fixed header", "", "C0 01 00", E::TrailingBytes { after: F::RemainingLength, at: 2 }, MalformedPacket),
    case("PINGRESP with a byte behind its fixed header", "", "D0 01 00", E::TrailingBytes { after: F::RemainingLength, at: 2 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1: &[Case] = &[
    case("PINGREQ with a byte behind its fixed header", "", "C0 01 00", E::TrailingBytes { after: F::RemainingLength, at: 2 }, MalformedPacket),
    case("PINGRESP with a byte behind its fixed header", "", "D0 01 00", E::TrailingBytes { after: F::RemainingLength, at: 2 }, MalformedPacket),
];
