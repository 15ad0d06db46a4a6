//! MQTT 5.0 §3.3, MQTT 3.1.1 §3.3: PUBLISH packets that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::{MalformedPacket, ProtocolError, TopicAliasInvalid};
use mqtt_codec::{DecodeError as E, Field as F, PacketType, Version};

#[test]
fn each_malformed_publish_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[test]
fn each_malformed_publish_of_3_1_1_is_refused() {
    assert_refused(Version::V3_1_1, V3_1_1);
}

#[test]
fn each_malformed_publish_of_3_1_is_refused() {
    assert_refused(Version::V3_1, V3_1);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("both QoS bits set", "MQTT-3.3.1-4", "36 06 00 01 61 00 01 00", E::QoS3 { field: F::PacketTypeAndFlags }, MalformedPacket),
    case("both QoS bits and DUP set", "MQTT-3.3.1-4", "3E 06 00 01 61 00 01 00", E::QoS3 { field: F::PacketTypeAndFlags }, MalformedPacket),
    case("DUP at QoS 0", "MQTT-3.3.1-2", "38 04 00 01 61 00", E::DupAtMostOnce, MalformedPacket),
    case("empty", "MQTT-3.3.2-1", "30 00", E::Truncated { field: F::TopicName, at: 2 }, MalformedPacket),
    case("Topic Name cut in its length", "MQTT-3.3.2-1", "30 01 00", E::Truncated { field: F::TopicName, at: 2 }, MalformedPacket),
    case("Topic Name that runs past the packet", "MQTT-3.3.2-1", "30 04 00 03 61 62", E::Truncated { field: F::TopicName, at: 2 }, MalformedPacket),
    case("Topic Name with +", "MQTT-3.3.2-2", "30 06 00 03 61 2F 2B 00", E::TopicWildcard { field: F::TopicName, at: 6 }, MalformedPacket),
    case("Topic Name with #", "MQTT-3.3.2-2", "30 04 00 01 23 00", E::TopicWildcard { field: F::TopicName, at: 4 }, MalformedPacket),
    case("long Topic Name with #", "MQTT-3.3.2-2", "30 1D 00 1A 73 65 6E 73 6F 72 73 2F 72 6F 6F 6D 2F 37 2F 64 6F 6F 72 2F 6C 65 66 74 2F 23 00", E::TopicWildcard { field: F::TopicName, at: 29 }, MalformedPacket),
    case("Topic Name with a wildcard behind letters beyond ASCII", "MQTT-3.3.2-2", "30 06 00 03 C3 A9 2B 00", E::TopicWildcard { field: F::TopicName, at: 6 }, MalformedPacket),
    case("Topic Name of a lone continuation byte", "MQTT-1.5.4-1", "30 05 00 02 61 80 00", E::Utf8 { field: F::TopicName, at: 5 }, MalformedPacket),
    case("Topic Name with an overlong U+0000", "MQTT-1.5.4-1", "30 05 00 02 C0 80 00", E::Utf8 { field: F::TopicName, at: 4 }, MalformedPacket),
    case("Topic Name with a surrogate", "MQTT-1.5.4-1", "30 06 00 03 ED BF BF 00", E::Utf8 { field: F::TopicName, at: 4 }, MalformedPacket),
    case("Topic Name with a character above U+10FFFF", "MQTT-1.5.4-1", "30 07 00 04 F4 90 80 80 00", E::Utf8 { field: F::TopicName, at: 4 }, MalformedPacket),
    case("Topic Name cut within a character", "MQTT-1.5.4-1", "30 06 00 03 61 E2 82 00", E::Utf8 { field: F::TopicName, at: 5 }, MalformedPacket),
    case("Topic Name with U+0000", "MQTT-1.5.4-2", "30 06 00 03 61 00 62 00", E::NullCharacter { field: F::TopicName, at: 5 }, MalformedPacket),
    case("Topic Name with U+0000 and letters beyond ASCII", "MQTT-1.5.4-2", "30 06 00 03 C3 A9 00 00", E::NullCharacter { field: F::TopicName, at: 6 }, MalformedPacket),
    case("QoS 1 without Packet Identifier", "", "32 03 00 01 61", E::Truncated { field: F::PacketIdentifier, at: 5 }, MalformedPacket),
    case("QoS 2 with half a Packet Identifier", "", "34 04 00 01 61 01", E::Truncated { field: F::PacketIdentifier, at: 5 }, MalformedPacket),
    case("QoS 1 with Packet Identifier 0", "MQTT-2.2.1-3", "32 06 00 01 61 00 00 00", E::PacketIdentifierZero { packet_type: PacketType::Publish }, ProtocolError),
    case("QoS 2 with Packet Identifier 0", "MQTT-2.2.1-3", "34 06 00 01 61 00 00 00", E::PacketIdentifierZero { packet_type: PacketType::Publish }, ProtocolError),
    case("Property Length missing", "MQTT-2.2.2-1", "30 03 00 01 61", E::Truncated { field: F::PropertyLength, at: 5 }, MalformedPacket),
    case("Property Length cut", "MQTT-2.2.2-1", "30 04 00 01 61 80", E::Truncated { field: F::PropertyLength, at: 5 }, MalformedPacket),
    case("Property Length in more bytes than it needs", "MQTT-1.5.5-1", "30 09 00 01 61 80 00 00 01 61 00", E::VariableByteInteger { at: 5 }, MalformedPacket),
    case("Property Length of five bytes", "MQTT-1.5.5-1", "30 08 00 01 61 FF FF FF FF 7F", E::VariableByteInteger { at: 5 }, MalformedPacket),
    case("an identifier that no property has", "", "30 06 00 01 61 02 04 00", E::UnknownProperty { at: 6 }, MalformedPacket),
    case("an identifier of two bytes", "", "30 0C 00 01 61 08 A6 01 00 01 61 00 01 62", E::UnknownProperty { at: 6 }, MalformedPacket),
    case("a property that may not stand in it", "", "30 09 00 01 61 05 11 00 00 00 01", E::PropertyNotAllowed { property: F::SessionExpiryInterval, at: 6 }, MalformedPacket),
    case("a User Property without a value", "", "30 08 00 01 61 04 26 00 01 61", E::Truncated { field: F::UserProperty, at: 10 }, MalformedPacket),
    case("a User Property that runs past the Property Length", "", "30 0C 00 01 61 08 26 00 01 61 00 05 62 63", E::Truncated { field: F::UserProperty, at: 10 }, MalformedPacket),
    case("a User Property whose name is ill-formed UTF-8", "MQTT-1.5.7-1", "30 0B 00 01 61 07 26 00 01 FF 00 01 62", E::Utf8 { field: F::UserProperty, at: 9 }, MalformedPacket),
    case("a User Property whose value has U+0000", "MQTT-1.5.7-1", "30 0C 00 01 61 08 26 00 01 61 00 02 61 00", E::NullCharacter { field: F::UserProperty, at: 13 }, MalformedPacket),
    case("neither Topic Name nor Topic Alias", "MQTT-4.7.3-1", "30 03 00 00 00", E::NoTopic, ProtocolError),
    case("neither Topic Name nor Topic Alias, with properties", "MQTT-4.7.3-1", "30 05 00 00 02 01 01", E::NoTopic, ProtocolError),
    case("properties that run past the packet", "MQTT-2.2.2-1", "30 06 00 01 61 03 01 01", E::Truncated { field: F::PropertyLength, at: 6 }, MalformedPacket),
    case("Payload Format Indicator 2", "", "30 06 00 01 61 02 01 02", E::PropertyValue { property: F::PayloadFormatIndicator, value: 2 }, ProtocolError),
    case("Payload Format Indicator for the second time", "", "30 08 00 01 61 04 01 01 01 01", E::RepeatedProperty { property: F::PayloadFormatIndicator, at: 8 }, ProtocolError),
    case("Message Expiry Interval for the second time", "", "30 0E 00 01 61 0A 02 00 00 00 01 02 00 00 00 02", E::RepeatedProperty { property: F::MessageExpiryInterval, at: 11 }, ProtocolError),
    case("Message Expiry Interval cut", "", "30 08 00 01 61 04 02 00 00 00", E::Truncated { field: F::MessageExpiryInterval, at: 7 }, MalformedPacket),
    case("Topic Alias 0", "MQTT-3.3.2-8", "30 07 00 01 61 03 23 00 00", E::PropertyValue { property: F::TopicAlias, value: 0 }, TopicAliasInvalid),
    case("Topic Alias for the second time", "", "30 0A 00 01 61 06 23 00 01 23 00 01", E::RepeatedProperty { property: F::TopicAlias, at: 9 }, ProtocolError),
    case("Response Topic with a wildcard", "MQTT-3.3.2-14", "30 0A 00 01 61 06 08 00 03 61 2F 23", E::TopicWildcard { field: F::ResponseTopic, at: 11 }, ProtocolError),
    case("empty Response Topic", "MQTT-4.7.3-1", "30 07 00 01 61 03 08 00 00", E::EmptyTopic { field: F::ResponseTopic }, ProtocolError),
    case("Response Topic of ill-formed UTF-8", "MQTT-1.5.4-1", "30 08 00 01 61 04 08 00 01 C3", E::Utf8 { field: F::ResponseTopic, at: 9 }, MalformedPacket),
    case("Correlation Data that runs past the Property Length", "", "30 0A 00 01 61 06 09 00 04 61 62 63", E::Truncated { field: F::CorrelationData, at: 7 }, MalformedPacket),
    case("Content Type of ill-formed UTF-8", "MQTT-1.5.4-1", "30 09 00 01 61 05 03 00 02 61 F8", E::Utf8 { field: F::ContentType, at: 10 }, MalformedPacket),
    case("Content Type with U+0000", "MQTT-1.5.4-2", "30 09 00 01 61 05 03 00 02 61 00", E::NullCharacter { field: F::ContentType, at: 10 }, MalformedPacket),
    case("Subscription Identifier 0", "", "30 06 00 01 61 02 0B 00", E::PropertyValue { property: F::SubscriptionIdentifier, value: 0 }, ProtocolError),
    case("Subscription Identifier in more bytes than it needs", "MQTT-1.5.5-1", "30 07 00 01 61 03 0B 81 00", E::VariableByteInteger { at: 7 }, MalformedPacket),
    case("Subscription Identifier cut", "", "30 06 00 01 61 02 0B 80", E::Truncated { field: F::SubscriptionIdentifier, at: 7 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1_1: &[Case] = &[
    case("both QoS bits set", "MQTT-3.3.1-4", "36 05 00 01 61 00 01", E::QoS3 { field: F::PacketTypeAndFlags }, MalformedPacket),
    case("both QoS bits and DUP set", "MQTT-3.3.1-4", "3E 05 00 01 61 00 01", E::QoS3 { field: F::PacketTypeAndFlags }, MalformedPacket),
    case("DUP at QoS 0", "MQTT-3.3.1-2", "38 03 00 01 61", E::DupAtMostOnce, MalformedPacket),
    case("empty", "MQTT-3.3.2-1", "30 00", E::Truncated { field: F::TopicName, at: 2 }, MalformedPacket),
    case("Topic Name cut in its length", "MQTT-3.3.2-1", "30 01 00", E::Truncated { field: F::TopicName, at: 2 }, MalformedPacket),
    case("Topic Name that runs past the packet", "MQTT-3.3.2-1", "30 04 00 03 61 62", E::Truncated { field: F::TopicName, at: 2 }, MalformedPacket),
    case("Topic Name with +", "MQTT-3.3.2-2", "30 05 00 03 61 2F 2B", E::TopicWildcard { field: F::TopicName, at: 6 }, MalformedPacket),
    case("Topic Name with #", "MQTT-3.3.2-2", "30 03 00 01 23", E::TopicWildcard { field: F::TopicName, at: 4 }, MalformedPacket),
    case("long Topic Name with #", "MQTT-3.3.2-2", "30 1C 00 1A 73 65 6E 73 6F 72 73 2F 72 6F 6F 6D 2F 37 2F 64 6F 6F 72 2F 6C 65 66 74 2F 23", E::TopicWildcard { field: F::TopicName, at: 29 }, MalformedPacket),
    case("Topic Name with a wildcard behind letters beyond ASCII", "MQTT-3.3.2-2", "30 05 00 03 C3 A9 2B", E::TopicWildcard { field: F::TopicName, at: 6 }, MalformedPacket),
    case("Topic Name of a lone continuation byte", "MQTT-1.5.3-1", "30 04 00 02 61 80", E::Utf8 { field: F::TopicName, at: 5 }, MalformedPacket),
    case("Topic Name with an overlong U+0000", "MQTT-1.5.3-1", "30 04 00 02 C0 80", E::Utf8 { field: F::TopicName, at: 4 }, MalformedPacket),
    case("Topic Name with a surrogate", "MQTT-1.5.3-1", "30 05 00 03 ED BF BF", E::Utf8 { field: F::TopicName, at: 4 }, MalformedPacket),
    case("Topic Name with a character above U+10FFFF", "MQTT-1.5.3-1", "30 06 00 04 F4 90 80 80", E::Utf8 { field: F::TopicName, at: 4 }, MalformedPacket),
    case("Topic Name cut within a character", "MQTT-1.5.3-1", "30 05 00 03 61 E2 82", E::Utf8 { field: F::TopicName, at: 5 }, MalformedPacket),
    case("Topic Name with U+0000", "MQTT-1.5.3-2", "30 05 00 03 61 00 62", E::NullCharacter { field: F::TopicName, at: 5 }, MalformedPacket),
    case("Topic Name with U+0000 and letters beyond ASCII", "MQTT-1.5.3-2", "30 05 00 03 C3 A9 00", E::NullCharacter { field: F::TopicName, at: 6 }, MalformedPacket),
    case("QoS 1 without Packet Identifier", "MQTT-2.3.1-1", "32 03 00 01 61", E::Truncated { field: F::PacketIdentifier, at: 5 }, MalformedPacket),
    case("QoS 2 with half a Packet Identifier", "MQTT-2.3.1-1", "34 04 00 01 61 01", E::Truncated { field: F::PacketIdentifier, at: 5 }, MalformedPacket),
    case("QoS 1 with Packet Identifier 0", "MQTT-2.3.1-1", "32 05 00 01 61 00 00", E::PacketIdentifierZero { packet_type: PacketType::Publish }, ProtocolError),
    case("QoS 2 with Packet Identifier 0", "MQTT-2.3.1-1", "34 05 00 01 61 00 00", E::PacketIdentifierZero { packet_type: PacketType::Publish }, ProtocolError),
    case("empty Topic Name", "MQTT-4.7.3-1", "30 09 00 00 70 61 79 6C 6F 61 64", E::EmptyTopic { field: F::TopicName }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1: &[Case] = &[
    case("both QoS bits set", "", "36 05 00 01 61 00 01", E::QoS3 { field: F::PacketTypeAndFlags }, MalformedPacket),
    case("Topic Name with #", "", "30 03 00 01 23", E::TopicWildcard { field: F::TopicName, at: 4 }, MalformedPacket),
    case("Topic Name of ill-formed UTF-8", "", "30 03 00 01 FF", E::Utf8 { field: F::TopicName, at: 4 }, MalformedPacket),
    case("QoS 1 with Packet Identifier 0", "", "32 05 00 01 61 00 00", E::PacketIdentifierZero { packet_type: PacketType::Publish }, ProtocolError),
    case("empty Topic Name", "", "30 02 00 00", E::EmptyTopic { field: F::TopicName }, MalformedPacket),
];
