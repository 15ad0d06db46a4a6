//! MQTT 5.0 §3.10, MQTT 3.1.1 §3.10: UNSUBSCRIBE packets that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::{MalformedPacket, ProtocolError};
use mqtt_codec::{DecodeError as E, Field as F, PacketType, Version};

#[test]
fn each_malformed_unsubscribe_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[test]
fn each_malformed_unsubscribe_of_3_1_1_is_refused() {
    assert_refused(Version::V3_1_1, V3_1_1);
}

#[test]
fn each_malformed_unsubscribe_of_3_1_is_refused() {
    assert_refused(Version::V3_1, V3_1);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-3.10.1-1", "A1 06 00 01 00 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Unsubscribe, flags: 0b0001 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-3.10.1-1", "A4 06 00 01 00 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Unsubscribe, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-3.10.1-1", "A8 06 00 01 00 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Unsubscribe, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-3.10.1-1", "AF 06 00 01 00 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Unsubscribe, flags: 0b1111 }, MalformedPacket),
    case("flags 0000 in the fixed header", "MQTT-3.10.1-1", "A0 06 00 01 00 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Unsubscribe, flags: 0b0000 }, MalformedPacket),
    case("empty", "", "A2 00", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("half a Packet Identifier", "", "A2 01 01", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "MQTT-2.2.1-3", "A2 06 00 00 00 00 01 61", E::PacketIdentifierZero { packet_type: PacketType::Unsubscribe }, ProtocolError),
    case("no Topic Filter", "MQTT-3.10.3-2", "A2 03 00 01 00", E::EmptyList { packet_type: PacketType::Unsubscribe }, ProtocolError),
    case("a Topic Filter cut in its length", "", "A2 04 00 01 00 00", E::Truncated { field: F::TopicFilter, at: 5 }, MalformedPacket),
    case("a Topic Filter that runs past the packet", "", "A2 06 00 01 00 00 02 61", E::Truncated { field: F::TopicFilter, at: 5 }, MalformedPacket),
    case("an empty Topic Filter", "MQTT-4.7.3-1", "A2 05 00 01 00 00 00", E::EmptyTopicFilter { at: 7 }, MalformedPacket),
    case("a Topic Filter of ill-formed UTF-8", "MQTT-1.5.4-1", "A2 07 00 01 00 00 02 61 FF", E::Utf8 { field: F::TopicFilter, at: 8 }, MalformedPacket),
    case("a Topic Filter with a surrogate", "MQTT-1.5.4-1", "A2 09 00 01 00 00 04 61 ED A0 80", E::Utf8 { field: F::TopicFilter, at: 8 }, MalformedPacket),
    case("a Topic Filter with U+0000", "MQTT-1.5.4-2", "A2 07 00 01 00 00 02 61 00", E::NullCharacter { field: F::TopicFilter, at: 8 }, MalformedPacket),
    case("# behind a letter", "MQTT-4.7.1-1", "A2 07 00 01 00 00 02 61 23", E::MultiLevelWildcard { at: 8 }, MalformedPacket),
    case("# that is not the last character", "MQTT-4.7.1-1", "A2 08 00 01 00 00 03 23 2F 61", E::MultiLevelWildcard { at: 7 }, MalformedPacket),
    case("# before a separator at the end", "MQTT-4.7.1-1", "A2 09 00 01 00 00 04 61 2F 23 2F", E::MultiLevelWildcard { at: 9 }, MalformedPacket),
    case("# twice", "MQTT-4.7.1-1", "A2 07 00 01 00 00 02 23 23", E::MultiLevelWildcard { at: 7 }, MalformedPacket),
    case("+ behind a letter", "MQTT-4.7.1-2", "A2 07 00 01 00 00 02 61 2B", E::SingleLevelWildcard { at: 8 }, MalformedPacket),
    case("+ before a letter", "MQTT-4.7.1-2", "A2 07 00 01 00 00 02 2B 61", E::SingleLevelWildcard { at: 7 }, MalformedPacket),
    case("+ twice", "MQTT-4.7.1-2", "A2 07 00 01 00 00 02 2B 2B", E::SingleLevelWildcard { at: 7 }, MalformedPacket),
    case("+ behind a letter in a long Topic Filter", "MQTT-4.7.1-2", "A2 20 00 01 00 00 1B 73 65 6E 73 6F 72 73 2F 72 6F 6F 6D 2F 37 2F 2B 2F 64 6F 6F 72 2F 6C 65 66 74 2B", E::SingleLevelWildcard { at: 33 }, MalformedPacket),
    case("a second Topic Filter that is empty", "MQTT-4.7.3-1", "A2 08 00 01 00 00 01 61 00 00", E::EmptyTopicFilter { at: 10 }, MalformedPacket),
    case("$share/ alone", "MQTT-4.8.2-2", "A2 0C 00 01 00 00 07 24 73 68 61 72 65 2F", E::ShareWithoutFilter { at: 7 }, MalformedPacket),
    case("a ShareName without filter", "MQTT-4.8.2-2", "A2 0D 00 01 00 00 08 24 73 68 61 72 65 2F 67", E::ShareWithoutFilter { at: 7 }, MalformedPacket),
    case("a ShareName with an empty filter", "MQTT-4.7.3-1", "A2 0E 00 01 00 00 09 24 73 68 61 72 65 2F 67 2F", E::EmptyTopicFilter { at: 7 }, MalformedPacket),
    case("an empty ShareName", "MQTT-4.8.2-1", "A2 0E 00 01 00 00 09 24 73 68 61 72 65 2F 2F 61", E::EmptyShareName { at: 7 }, MalformedPacket),
    case("a ShareName with +", "MQTT-4.8.2-2", "A2 10 00 01 00 00 0B 24 73 68 61 72 65 2F 67 2B 2F 61", E::ShareNameWildcard { at: 7 }, MalformedPacket),
    case("a ShareName with #", "MQTT-4.8.2-2", "A2 0F 00 01 00 00 0A 24 73 68 61 72 65 2F 23 2F 61", E::ShareNameWildcard { at: 7 }, MalformedPacket),
    case("a shared filter with a misplaced #", "MQTT-4.7.1-1", "A2 10 00 01 00 00 0B 24 73 68 61 72 65 2F 67 2F 61 23", E::MultiLevelWildcard { at: 17 }, MalformedPacket),
    case("properties that run past the packet", "MQTT-2.2.2-1", "A2 06 00 01 0A 00 01 61", E::Truncated { field: F::PropertyLength, at: 5 }, MalformedPacket),
    case("Property Length missing", "MQTT-2.2.2-1", "A2 02 00 01", E::Truncated { field: F::PropertyLength, at: 4 }, MalformedPacket),
    case("Property Length cut", "MQTT-2.2.2-1", "A2 03 00 01 80", E::Truncated { field: F::PropertyLength, at: 4 }, MalformedPacket),
    case("Property Length in more bytes than it needs", "MQTT-1.5.5-1", "A2 08 00 01 80 00 00 01 61 00", E::VariableByteInteger { at: 4 }, MalformedPacket),
    case("Property Length of five bytes", "MQTT-1.5.5-1", "A2 07 00 01 FF FF FF FF 7F", E::VariableByteInteger { at: 4 }, MalformedPacket),
    case("an identifier that no property has", "", "A2 08 00 01 02 04 00 00 01 61", E::UnknownProperty { at: 5 }, MalformedPacket),
    case("an identifier of two bytes", "", "A2 0E 00 01 08 A6 01 00 01 61 00 01 62 00 01 61", E::UnknownProperty { at: 5 }, MalformedPacket),
    case("a property that may not stand in it", "", "A2 0A 00 01 04 1F 00 01 61 00 01 61", E::PropertyNotAllowed { property: F::ReasonString, at: 5 }, MalformedPacket),
    case("a User Property without a value", "", "A2 0A 00 01 04 26 00 01 61 00 01 61", E::Truncated { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property that runs past the Property Length", "", "A2 0E 00 01 08 26 00 01 61 00 05 62 63 00 01 61", E::Truncated { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property whose name is ill-formed UTF-8", "MQTT-1.5.7-1", "A2 0D 00 01 07 26 00 01 FF 00 01 62 00 01 61", E::Utf8 { field: F::UserProperty, at: 8 }, MalformedPacket),
    case("a User Property whose value has U+0000", "MQTT-1.5.7-1", "A2 0E 00 01 08 26 00 01 61 00 02 61 00 00 01 61", E::NullCharacter { field: F::UserProperty, at: 12 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1_1: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-3.10.1-1", "A1 05 00 01 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Unsubscribe, flags: 0b0001 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-3.10.1-1", "A4 05 00 01 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Unsubscribe, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-3.10.1-1", "A8 05 00 01 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Unsubscribe, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-3.10.1-1", "AF 05 00 01 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Unsubscribe, flags: 0b1111 }, MalformedPacket),
    case("flags 0000 in the fixed header", "MQTT-3.10.1-1", "A0 05 00 01 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Unsubscribe, flags: 0b0000 }, MalformedPacket),
    case("empty", "MQTT-2.3.1-1", "A2 00", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "MQTT-2.3.1-1", "A2 05 00 00 00 01 61", E::PacketIdentifierZero { packet_type: PacketType::Unsubscribe }, ProtocolError),
    case("no Topic Filter", "MQTT-3.10.3-2", "A2 02 00 01", E::EmptyList { packet_type: PacketType::Unsubscribe }, ProtocolError),
    case("a Topic Filter cut in its length", "", "A2 03 00 01 00", E::Truncated { field: F::TopicFilter, at: 4 }, MalformedPacket),
    case("a Topic Filter that runs past the packet", "", "A2 05 00 01 00 02 61", E::Truncated { field: F::TopicFilter, at: 4 }, MalformedPacket),
    case("an empty Topic Filter", "MQTT-4.7.3-1", "A2 04 00 01 00 00", E::EmptyTopicFilter { at: 6 }, MalformedPacket),
    case("a Topic Filter of ill-formed UTF-8", "MQTT-1.5.3-1", "A2 06 00 01 00 02 61 FF", E::Utf8 { field: F::TopicFilter, at: 7 }, MalformedPacket),
    case("a Topic Filter with a surrogate", "MQTT-1.5.3-1", "A2 08 00 01 00 04 61 ED A0 80", E::Utf8 { field: F::TopicFilter, at: 7 }, MalformedPacket),
    case("a Topic Filter with U+0000", "MQTT-1.5.3-2", "A2 06 00 01 00 02 61 00", E::NullCharacter { field: F::TopicFilter, at: 7 }, MalformedPacket),
    case("# behind a letter", "MQTT-4.7.1-2", "A2 06 00 01 00 02 61 23", E::MultiLevelWildcard { at: 7 }, MalformedPacket),
    case("# that is not the last character", "MQTT-4.7.1-2", "A2 07 00 01 00 03 23 2F 61", E::MultiLevelWildcard { at: 6 }, MalformedPacket),
    case("# before a separator at the end", "MQTT-4.7.1-2", "A2 08 00 01 00 04 61 2F 23 2F", E::MultiLevelWildcard { at: 8 }, MalformedPacket),
    case("# twice", "MQTT-4.7.1-2", "A2 06 00 01 00 02 23 23", E::MultiLevelWildcard { at: 6 }, MalformedPacket),
    case("+ behind a letter", "MQTT-4.7.1-3", "A2 06 00 01 00 02 61 2B", E::SingleLevelWildcard { at: 7 }, MalformedPacket),
    case("+ before a letter", "MQTT-4.7.1-3", "A2 06 00 01 00 02 2B 61", E::SingleLevelWildcard { at: 6 }, MalformedPacket),
    case("+ twice", "MQTT-4.7.1-3", "A2 06 00 01 00 02 2B 2B", E::SingleLevelWildcard { at: 6 }, MalformedPacket),
    case("+ behind a letter in a long Topic Filter", "MQTT-4.7.1-3", "A2 1F 00 01 00 1B 73 65 6E 73 6F 72 73 2F 72 6F 6F 6D 2F 37 2F 2B 2F 64 6F 6F 72 2F 6C 65 66 74 2B", E::SingleLevelWildcard { at: 32 }, MalformedPacket),
    case("a second Topic Filter that is empty", "MQTT-4.7.3-1", "A2 07 00 01 00 01 61 00 00", E::EmptyTopicFilter { at: 9 }, MalformedPacket),
    case("$share/ alone", "", "A2 0B 00 01 00 07 24 73 68 61 72 65 2F", E::ShareWithoutFilter { at: 6 }, MalformedPacket),
    case("a ShareName without filter", "", "A2 0C 00 01 00 08 24 73 68 61 72 65 2F 67", E::ShareWithoutFilter { at: 6 }, MalformedPacket),
    case("a ShareName with an empty filter", "MQTT-4.7.3-1", "A2 0D 00 01 00 09 24 73 68 61 72 65 2F 67 2F", E::EmptyTopicFilter { at: 6 }, MalformedPacket),
    case("an empty ShareName", "", "A2 0D 00 01 00 09 24 73 68 61 72 65 2F 2F 61", E::EmptyShareName { at: 6 }, MalformedPacket),
    case("a ShareName with +", "", "A2 0F 00 01 00 0B 24 73 68 61 72 65 2F 67 2B 2F 61", E::ShareNameWildcard { at: 6 }, MalformedPacket),
    case("a ShareName with #", "", "A2 0E 00 01 00 0A 24 73 68 61 72 65 2F 23 2F 61", E::ShareNameWildcard { at: 6 }, MalformedPacket),
    case("a shared filter with a misplaced #", "MQTT-4.7.1-2", "A2 0F 00 01 00 0B 24 73 68 61 72 65 2F 67 2F 61 23", E::MultiLevelWildcard { at: 16 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1: &[Case] = &[
    case("Packet Identifier 0", "", "A2 05 00 00 00 01 61", E::PacketIdentifierZero { packet_type: PacketType::Unsubscribe }, ProtocolError),
    case("no Topic Filter", "", "A2 02 00 01", E::EmptyList { packet_type: PacketType::Unsubscribe }, ProtocolError),
    case("an empty Topic Filter", "", "A2 04 00 01 00 00", E::EmptyTopicFilter { at: 6 }, MalformedPacket),
    case("a misplaced #", "", "A2 06 00 01 00 02 61 23", E::MultiLevelWildcard { at: 7 }, MalformedPacket),
];
