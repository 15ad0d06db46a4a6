//! MQTT 5.0 §3.8, MQTT 3.1.1 §3.8: SUBSCRIBE packets that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::{MalformedPacket, ProtocolError};
use mqtt_codec::{DecodeError as E, Field as F, PacketType, Version};

#[test]
fn each_malformed_subscribe_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[test]
fn each_malformed_subscribe_of_3_1_1_is_refused() {
    assert_refused(Version::V3_1_1, V3_1_1);
}

#[test]
fn each_malformed_subscribe_of_3_1_is_refused() {
    assert_refused(Version::V3_1, V3_1);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-3.8.1-1", "81 07 00 01 00 00 01 61 00", E::FixedHeaderFlags { packet_type: PacketType::Subscribe, flags: 0b0001 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-3.8.1-1", "84 07 00 01 00 00 01 61 00", E::FixedHeaderFlags { packet_type: PacketType::Subscribe, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-3.8.1-1", "88 07 00 01 00 00 01 61 00", E::FixedHeaderFlags { packet_type: PacketType::Subscribe, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-3.8.1-1", "8F 07 00 01 00 00 01 61 00", E::FixedHeaderFlags { packet_type: PacketType::Subscribe, flags: 0b1111 }, MalformedPacket),
    case("flags 0000 in the fixed header", "MQTT-3.8.1-1", "80 07 00 01 00 00 01 61 00", E::FixedHeaderFlags { packet_type: PacketType::Subscribe, flags: 0b0000 }, MalformedPacket),
    case("empty", "", "82 00", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("half a Packet Identifier", "", "82 01 01", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "MQTT-2.2.1-3", "82 07 00 00 00 00 01 61 00", E::PacketIdentifierZero { packet_type: PacketType::Subscribe }, ProtocolError),
    case("no Topic Filter", "MQTT-3.8.3-2", "82 03 00 01 00", E::EmptyList { packet_type: PacketType::Subscribe }, ProtocolError),
    case("a Topic Filter cut in its length", "", "82 04 00 01 00 00", E::Truncated { field: F::TopicFilter, at: 5 }, MalformedPacket),
    case("a Topic Filter that runs past the packet", "", "82 06 00 01 00 00 02 61", E::Truncated { field: F::TopicFilter, at: 5 }, MalformedPacket),
    case("an empty Topic Filter", "MQTT-4.7.3-1", "82 06 00 01 00 00 00 00", E::EmptyTopicFilter { at: 7 }, MalformedPacket),
    case("a Topic Filter of ill-formed UTF-8", "MQTT-1.5.4-1", "82 08 00 01 00 00 02 61 FF 00", E::Utf8 { field: F::TopicFilter, at: 8 }, MalformedPacket),
    case("a Topic Filter with a surrogate", "MQTT-1.5.4-1", "82 0A 00 01 00 00 04 61 ED A0 80 00", E::Utf8 { field: F::TopicFilter, at: 8 }, MalformedPacket),
    case("a Topic Filter with U+0000", "MQTT-1.5.4-2", "82 08 00 01 00 00 02 61 00 00", E::NullCharacter { field: F::TopicFilter, at: 8 }, MalformedPacket),
    case("# behind a letter", "MQTT-4.7.1-1", "82 08 00 01 00 00 02 61 23 00", E::MultiLevelWildcard { at: 8 }, MalformedPacket),
    case("# that is not the last character", "MQTT-4.7.1-1", "82 09 00 01 00 00 03 23 2F 61 00", E::MultiLevelWildcard { at: 7 }, MalformedPacket),
    case("# before a separator at the end", "MQTT-4.7.1-1", "82 0A 00 01 00 00 04 61 2F 23 2F 00", E::MultiLevelWildcard { at: 9 }, MalformedPacket),
    case("# twice", "MQTT-4.7.1-1", "82 08 00 01 00 00 02 23 23 00", E::MultiLevelWildcard { at: 7 }, MalformedPacket),
    case("+ behind a letter", "MQTT-4.7.1-2", "82 08 00 01 00 00 02 61 2B 00", E::SingleLevelWildcard { at: 8 }, MalformedPacket),
    case("+ before a letter", "MQTT-4.7.1-2", "82 08 00 01 00 00 02 2B 61 00", E::SingleLevelWildcard { at: 7 }, MalformedPacket),
    case("+ twice", "MQTT-4.7.1-2", "82 08 00 01 00 00 02 2B 2B 00", E::SingleLevelWildcard { at: 7 }, MalformedPacket),
    case("+ behind a letter in a long Topic Filter", "MQTT-4.7.1-2", "82 21 00 01 00 00 1B 73 65 6E 73 6F 72 73 2F 72 6F 6F 6D 2F 37 2F 2B 2F 64 6F 6F 72 2F 6C 65 66 74 2B 00", E::SingleLevelWildcard { at: 33 }, MalformedPacket),
    case("a second Topic Filter that is empty", "MQTT-4.7.3-1", "82 0A 00 01 00 00 01 61 00 00 00 00", E::EmptyTopicFilter { at: 11 }, MalformedPacket),
    case("$share/ alone", "MQTT-4.8.2-2", "82 0D 00 01 00 00 07 24 73 68 61 72 65 2F 00", E::ShareWithoutFilter { at: 7 }, MalformedPacket),
    case("a ShareName without filter", "MQTT-4.8.2-2", "82 0E 00 01 00 00 08 24 73 68 61 72 65 2F 67 00", E::ShareWithoutFilter { at: 7 }, MalformedPacket),
    case("a ShareName with an empty filter", "MQTT-4.7.3-1", "82 0F 00 01 00 00 09 24 73 68 61 72 65 2F 67 2F 00", E::EmptyTopicFilter { at: 7 }, MalformedPacket),
    case("an empty ShareName", "MQTT-4.8.2-1", "82 0F 00 01 00 00 09 24 73 68 61 72 65 2F 2F 61 00", E::EmptyShareName { at: 7 }, MalformedPacket),
    case("a ShareName with +", "MQTT-4.8.2-2", "82 11 00 01 00 00 0B 24 73 68 61 72 65 2F 67 2B 2F 61 00", E::ShareNameWildcard { at: 7 }, MalformedPacket),
    case("a ShareName with #", "MQTT-4.8.2-2", "82 10 00 01 00 00 0A 24 73 68 61 72 65 2F 23 2F 61 00", E::ShareNameWildcard { at: 7 }, MalformedPacket),
    case("a shared filter with a misplaced #", "MQTT-4.7.1-1", "82 11 00 01 00 00 0B 24 73 68 61 72 65 2F 67 2F 61 23 00", E::MultiLevelWildcard { at: 17 }, MalformedPacket),
    case("properties that run past the packet", "MQTT-2.2.2-1", "82 07 00 01 0A 00 01 61 00", E::Truncated { field: F::PropertyLength, at: 5 }, MalformedPacket),
    case("Property Length missing", "MQTT-2.2.2-1", "82 02 00 01", E::Truncated { field: F::PropertyLength, at: 4 }, MalformedPacket),
    case("Property Length cut", "MQTT-2.2.2-1", "82 03 00 01 80", E::Truncated { field: F::PropertyLength, at: 4 }, MalformedPacket),
    case("Property Length in more bytes than it needs", "MQTT-1.5.5-1", "82 08 00 01 80 00 00 01 61 00", E::VariableByteInteger { at: 4 }, MalformedPacket),
    case("Property Length of five bytes", "MQTT-1.5.5-1", "82 07 00 01 FF FF FF FF 7F", E::VariableByteInteger { at: 4 }, MalformedPacket),
    case("an identifier that no property has", "", "82 09 00 01 02 04 00 00 01 61 00", E::UnknownProperty { at: 5 }, MalformedPacket),
    case("an identifier of two bytes", "", "82 0F 00 01 08 A6 01 00 01 61 00 01 62 00 01 61 00", E::UnknownProperty { at: 5 }, MalformedPacket),
    case("a property that may not stand in it", "", "82 0B 00 01 04 1F 00 01 61 00 01 61 00", E::PropertyNotAllowed { property: F::ReasonString, at: 5 }, MalformedPacket),
    case("a User Property without a value", "", "82 0B 00 01 04 26 00 01 61 00 01 61 00", E::Truncated { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property that runs past the Property Length", "", "82 0F 00 01 08 26 00 01 61 00 05 62 63 00 01 61 00", E::Truncated { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property whose name is ill-formed UTF-8", "MQTT-1.5.7-1", "82 0E 00 01 07 26 00 01 FF 00 01 62 00 01 61 00", E::Utf8 { field: F::UserProperty, at: 8 }, MalformedPacket),
    case("a User Property whose value has U+0000", "MQTT-1.5.7-1", "82 0F 00 01 08 26 00 01 61 00 02 61 00 00 01 61 00", E::NullCharacter { field: F::UserProperty, at: 12 }, MalformedPacket),
    case("no Subscription Options", "", "82 06 00 01 00 00 01 61", E::Truncated { field: F::SubscriptionOptions, at: 8 }, MalformedPacket),
    case("bit 6 of the Subscription Options", "MQTT-3.8.3-5", "82 07 00 01 00 00 01 61 40", E::ReservedBits { field: F::SubscriptionOptions, value: 0x40 }, MalformedPacket),
    case("bit 7 of the Subscription Options", "MQTT-3.8.3-5", "82 07 00 01 00 00 01 61 81", E::ReservedBits { field: F::SubscriptionOptions, value: 0x81 }, MalformedPacket),
    case("QoS 3", "", "82 07 00 01 00 00 01 61 03", E::QoS3 { field: F::SubscriptionOptions }, ProtocolError),
    case("Retain Handling 3", "", "82 07 00 01 00 00 01 61 30", E::RetainHandling3, ProtocolError),
    case("QoS 3 in the second subscription", "", "82 0B 00 01 00 00 01 61 00 00 01 62 03", E::QoS3 { field: F::SubscriptionOptions }, ProtocolError),
    case("Subscription Identifier 0", "", "82 09 00 01 02 0B 00 00 01 61 00", E::PropertyValue { property: F::SubscriptionIdentifier, value: 0 }, ProtocolError),
    case("Subscription Identifier for the second time", "", "82 0B 00 01 04 0B 01 0B 01 00 01 61 00", E::RepeatedProperty { property: F::SubscriptionIdentifier, at: 7 }, ProtocolError),
];

#[rustfmt::skip]
const V3_1_1: &[Case] = &[
    case("flags 0001 in the fixed header", "MQTT-3.8.1-1", "81 06 00 01 00 01 61 00", E::FixedHeaderFlags { packet_type: PacketType::Subscribe, flags: 0b0001 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-3.8.1-1", "84 06 00 01 00 01 61 00", E::FixedHeaderFlags { packet_type: PacketType::Subscribe, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-3.8.1-1", "88 06 00 01 00 01 61 00", E::FixedHeaderFlags { packet_type: PacketType::Subscribe, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-3.8.1-1", "8F 06 00 01 00 01 61 00", E::FixedHeaderFlags { packet_type: PacketType::Subscribe, flags: 0b1111 }, MalformedPacket),
    case("flags 0000 in the fixed header", "MQTT-3.8.1-1", "80 06 00 01 00 01 61 00", E::FixedHeaderFlags { packet_type: PacketType::Subscribe, flags: 0b0000 }, MalformedPacket),
    case("empty", "MQTT-2.3.1-1", "82 00", E::Truncated { field: F::PacketIdentifier, at: 2 }, MalformedPacket),
    case("Packet Identifier 0", "MQTT-2.3.1-1", "82 06 00 00 00 01 61 00", E::PacketIdentifierZero { packet_type: PacketType::Subscribe }, ProtocolError),
    case("no Topic Filter", "MQTT-3.8.3-3", "82 02 00 01", E::EmptyList { packet_type: PacketType::Subscribe }, ProtocolError),
    case("a Topic Filter cut in its length", "", "82 03 00 01 00", E::Truncated { field: F::TopicFilter, at: 4 }, MalformedPacket),
    case("a Topic Filter that runs past the packet", "", "82 05 00 01 00 02 61", E::Truncated { field: F::TopicFilter, at: 4 }, MalformedPacket),
    case("an empty Topic Filter", "MQTT-4.7.3-1", "82 05 00 01 00 00 00", E::EmptyTopicFilter { at: 6 }, MalformedPacket),
    case("a Topic Filter of ill-formed UTF-8", "MQTT-1.5.3-1", "82 07 00 01 00 02 61 FF 00", E::Utf8 { field: F::TopicFilter, at: 7 }, MalformedPacket),
    case("a Topic Filter with a surrogate", "MQTT-1.5.3-1", "82 09 00 01 00 04 61 ED A0 80 00", E::Utf8 { field: F::TopicFilter, at: 7 }, MalformedPacket),
    case("a Topic Filter with U+0000", "MQTT-1.5.3-2", "82 07 00 01 00 02 61 00 00", E::NullCharacter { field: F::TopicFilter, at: 7 }, MalformedPacket),
    case("# behind a letter", "MQTT-4.7.1-2", "82 07 00 01 00 02 61 23 00", E::MultiLevelWildcard { at: 7 }, MalformedPacket),
    case("# that is not the last character", "MQTT-4.7.1-2", "82 08 00 01 00 03 23 2F 61 00", E::MultiLevelWildcard { at: 6 }, MalformedPacket),
    case("# before a separator at the end", "MQTT-4.7.1-2", "82 09 00 01 00 04 61 2F 23 2F 00", E::MultiLevelWildcard { at: 8 }, MalformedPacket),
    case("# twice", "MQTT-4.7.1-2", "82 07 00 01 00 02 23 23 00", E::MultiLevelWildcard { at: 6 }, MalformedPacket),
    case("+ behind a letter", "MQTT-4.7.1-3", "82 07 00 01 00 02 61 2B 00", E::SingleLevelWildcard { at: 7 }, MalformedPacket),
    case("+ before a letter", "MQTT-4.7.1-3", "82 07 00 01 00 02 2B 61 00", E::SingleLevelWildcard { at: 6 }, MalformedPacket),
    case("+ twice", "MQTT-4.7.1-3", "82 07 00 01 00 02 2B 2B 00", E::SingleLevelWildcard { at: 6 }, MalformedPacket),
    case("+ behind a letter in a long Topic Filter", "MQTT-4.7.1-3", "82 20 00 01 00 1B 73 65 6E 73 6F 72 73 2F 72 6F 6F 6D 2F 37 2F 2B 2F 64 6F 6F 72 2F 6C 65 66 74 2B 00", E::SingleLevelWildcard { at: 32 }, MalformedPacket),
    case("a second Topic Filter that is empty", "MQTT-4.7.3-1", "82 09 00 01 00 01 61 00 00 00 00", E::EmptyTopicFilter { at: 10 }, MalformedPacket),
    case("$share/ alone", "", "82 0C 00 01 00 07 24 73 68 61 72 65 2F 00", E::ShareWithoutFilter { at: 6 }, MalformedPacket),
    case("a ShareName without filter", "", "82 0D 00 01 00 08 24 73 68 61 72 65 2F 67 00", E::ShareWithoutFilter { at: 6 }, MalformedPacket),
    case("a ShareName with an empty filter", "MQTT-4.7.3-1", "82 0E 00 01 00 09 24 73 68 61 72 65 2F 67 2F 00", E::EmptyTopicFilter { at: 6 }, MalformedPacket),
    case("an empty ShareName", "", "82 0E 00 01 00 09 24 73 68 61 72 65 2F 2F 61 00", E::EmptyShareName { at: 6 }, MalformedPacket),
    case("a ShareName with +", "", "82 10 00 01 00 0B 24 73 68 61 72 65 2F 67 2B 2F 61 00", E::ShareNameWildcard { at: 6 }, MalformedPacket),
    case("a ShareName with #", "", "82 0F 00 01 00 0A 24 73 68 61 72 65 2F 23 2F 61 00", E::ShareNameWildcard { at: 6 }, MalformedPacket),
    case("a shared filter with a misplaced #", "MQTT-4.7.1-2", "82 10 00 01 00 0B 24 73 68 61 72 65 2F 67 2F 61 23 00", E::MultiLevelWildcard { at: 16 }, MalformedPacket),
    case("no QoS", "", "82 05 00 01 00 01 61", E::Truncated { field: F::SubscriptionOptions, at: 7 }, MalformedPacket),
    case("QoS 3", "MQTT-3.8.3-4", "82 06 00 01 00 01 61 03", E::QoS3 { field: F::SubscriptionOptions }, ProtocolError),
    case("the No Local bit of 5.0", "MQTT-3.8.3-4", "82 06 00 01 00 01 61 04", E::ReservedBits { field: F::SubscriptionOptions, value: 0x04 }, MalformedPacket),
    case("the top bit of the QoS byte", "MQTT-3.8.3-4", "82 06 00 01 00 01 61 80", E::ReservedBits { field: F::SubscriptionOptions, value: 0x80 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1: &[Case] = &[
    case("Packet Identifier 0", "", "82 06 00 00 00 01 61 00", E::PacketIdentifierZero { packet_type: PacketType::Subscribe }, ProtocolError),
    case("no Topic Filter", "", "82 02 00 01", E::EmptyList { packet_type: PacketType::Subscribe }, ProtocolError),
    case("an empty Topic Filter", "", "82 05 00 01 00 00 00", E::EmptyTopicFilter { at: 6 }, MalformedPacket),
    case("a misplaced #", "", "82 07 00 01 00 02 61 23 00", E::MultiLevelWildcard { at: 7 }, MalformedPacket),
    case("QoS 3", "", "82 06 00 01 00 01 61 03", E::QoS3 { field: F::SubscriptionOptions }, ProtocolError),
];
