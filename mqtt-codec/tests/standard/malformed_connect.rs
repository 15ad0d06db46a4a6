//! MQTT 5.0 §3.1, MQTT 3.1.1 §3.1: CONNECT packets that are none.

use crate::harness::{Case, assert_refused, case};
use mqtt_codec::ReasonCode::{MalformedPacket, ProtocolError, UnsupportedProtocolVersion};
use mqtt_codec::{DecodeError as E, Field as F, PacketType, ProtocolName, Version};

#[test]
fn each_malformed_connect_of_5_0_is_refused() {
    assert_refused(Version::V5_0, V5_0);
}

#[test]
fn each_malformed_connect_of_3_1_1_is_refused() {
    assert_refused(Version::V3_1_1, V3_1_1);
}

#[test]
fn each_malformed_connect_of_3_1_is_refused() {
    assert_refused(Version::V3_1, V3_1);
}

#[rustfmt::skip]
const V5_0: &[Case] = &[
    case("no Protocol Name", "", "10 00", E::Truncated { field: F::ProtocolName, at: 2 }, MalformedPacket),
    case("Protocol Name cut", "", "10 05 00 04 4D 51 54", E::Truncated { field: F::ProtocolName, at: 2 }, MalformedPacket),
    case("no Protocol Version", "", "10 06 00 04 4D 51 54 54", E::Truncated { field: F::ProtocolVersion, at: 8 }, MalformedPacket),
    case("Protocol Version 6", "MQTT-3.1.2-2", "10 0E 00 04 4D 51 54 54 06 02 00 3C 00 00 01 61", E::UnsupportedProtocolVersion { level: 6, name: ProtocolName::Mqtt }, UnsupportedProtocolVersion),
    case("Protocol Version 3 under the name of later versions", "MQTT-3.1.2-2", "10 0D 00 04 4D 51 54 54 03 02 00 3C 00 01 61", E::UnsupportedProtocolVersion { level: 3, name: ProtocolName::Mqtt }, UnsupportedProtocolVersion),
    case("Protocol Version 5 with the bit of bridges", "MQTT-3.1.2-2", "10 0E 00 04 4D 51 54 54 85 02 00 3C 00 00 01 61", E::UnsupportedProtocolVersion { level: 0x85, name: ProtocolName::Mqtt }, UnsupportedProtocolVersion),
    case("Protocol Version 4 under the name of 3.1", "MQTT-3.1.2-1", "10 0F 00 06 4D 51 49 73 64 70 04 02 00 3C 00 01 61", E::UnsupportedProtocolVersion { level: 4, name: ProtocolName::Mqisdp }, UnsupportedProtocolVersion),
    case("Protocol Name in small letters", "MQTT-3.1.2-1", "10 0E 00 04 6D 71 74 74 05 02 00 3C 00 00 01 61", E::UnsupportedProtocolVersion { level: 5, name: ProtocolName::Other }, UnsupportedProtocolVersion),
    case("another protocol", "MQTT-3.1.2-1", "10 06 00 04 48 54 54 50", E::UnsupportedProtocolVersion { level: 0, name: ProtocolName::Other }, UnsupportedProtocolVersion),
    case("flags 0001 in the fixed header", "MQTT-2.1.3-1", "11 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Connect, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.1.3-1", "12 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Connect, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.1.3-1", "14 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Connect, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.1.3-1", "18 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Connect, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.1.3-1", "1F 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Connect, flags: 0b1111 }, MalformedPacket),
    case("no Connect Flags", "", "10 07 00 04 4D 51 54 54 05", E::Truncated { field: F::ConnectFlags, at: 9 }, MalformedPacket),
    case("the reserved bit of the Connect Flags", "MQTT-3.1.2-3", "10 0E 00 04 4D 51 54 54 05 03 00 3C 00 00 01 61", E::ReservedBits { field: F::ConnectFlags, value: 0x03 }, MalformedPacket),
    case("Will QoS 1 without a Will", "MQTT-3.1.2-11", "10 0E 00 04 4D 51 54 54 05 0A 00 3C 00 00 01 61", E::WillQoSWithoutWill, MalformedPacket),
    case("Will QoS 3 without a Will", "MQTT-3.1.2-11", "10 0E 00 04 4D 51 54 54 05 1A 00 3C 00 00 01 61", E::WillQoSWithoutWill, MalformedPacket),
    case("Will Retain without a Will", "MQTT-3.1.2-13", "10 0E 00 04 4D 51 54 54 05 22 00 3C 00 00 01 61", E::WillRetainWithoutWill, MalformedPacket),
    case("Will QoS 3", "MQTT-3.1.2-12", "10 15 00 04 4D 51 54 54 05 1E 00 3C 00 00 01 63 00 00 01 61 00 01 62", E::QoS3 { field: F::ConnectFlags }, MalformedPacket),
    case("no Keep Alive", "", "10 08 00 04 4D 51 54 54 05 02", E::Truncated { field: F::KeepAlive, at: 10 }, MalformedPacket),
    case("Keep Alive of one byte", "", "10 09 00 04 4D 51 54 54 05 02 00", E::Truncated { field: F::KeepAlive, at: 10 }, MalformedPacket),
    case("no Client Identifier", "MQTT-3.1.3-3", "10 0B 00 04 4D 51 54 54 05 02 00 3C 00", E::Truncated { field: F::ClientIdentifier, at: 13 }, MalformedPacket),
    case("Client Identifier cut", "MQTT-3.1.3-3", "10 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 02 61", E::Truncated { field: F::ClientIdentifier, at: 13 }, MalformedPacket),
    case("Client Identifier of ill-formed UTF-8", "MQTT-1.5.4-1", "10 0F 00 04 4D 51 54 54 05 02 00 3C 00 00 02 61 C3", E::Utf8 { field: F::ClientIdentifier, at: 16 }, MalformedPacket),
    case("Client Identifier with U+0000", "MQTT-1.5.4-2", "10 0F 00 04 4D 51 54 54 05 02 00 3C 00 00 02 61 00", E::NullCharacter { field: F::ClientIdentifier, at: 16 }, MalformedPacket),
    case("Will without Will Topic", "MQTT-3.1.2-9", "10 0F 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00", E::Truncated { field: F::WillTopic, at: 17 }, MalformedPacket),
    case("Will without Will Payload", "MQTT-3.1.2-9", "10 12 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 01 61", E::Truncated { field: F::WillPayload, at: 20 }, MalformedPacket),
    case("Will Payload cut", "MQTT-3.1.2-9", "10 15 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 01 61 00 02 62", E::Truncated { field: F::WillPayload, at: 20 }, MalformedPacket),
    case("Will Topic with a wildcard", "MQTT-4.7.0-1", "10 16 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 02 61 23 00 01 62", E::TopicWildcard { field: F::WillTopic, at: 20 }, MalformedPacket),
    case("empty Will Topic", "MQTT-4.7.3-1", "10 14 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 00 00 01 62", E::EmptyTopic { field: F::WillTopic }, MalformedPacket),
    case("Will Topic of ill-formed UTF-8", "MQTT-1.5.4-1", "10 17 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 03 ED A0 80 00 01 62", E::Utf8 { field: F::WillTopic, at: 19 }, MalformedPacket),
    case("Will Topic with U+0000", "MQTT-1.5.4-2", "10 15 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 01 00 00 01 62", E::NullCharacter { field: F::WillTopic, at: 19 }, MalformedPacket),
    case("User Name Flag without User Name", "MQTT-3.1.2-17", "10 0E 00 04 4D 51 54 54 05 82 00 3C 00 00 01 63", E::Truncated { field: F::UserName, at: 16 }, MalformedPacket),
    case("User Name cut", "MQTT-3.1.2-17", "10 11 00 04 4D 51 54 54 05 82 00 3C 00 00 01 63 00 02 75", E::Truncated { field: F::UserName, at: 16 }, MalformedPacket),
    case("User Name of ill-formed UTF-8", "MQTT-1.5.4-1", "10 11 00 04 4D 51 54 54 05 82 00 3C 00 00 01 63 00 01 FE", E::Utf8 { field: F::UserName, at: 18 }, MalformedPacket),
    case("User Name with U+0000", "MQTT-1.5.4-2", "10 11 00 04 4D 51 54 54 05 82 00 3C 00 00 01 63 00 01 00", E::NullCharacter { field: F::UserName, at: 18 }, MalformedPacket),
    case("Password Flag without Password", "MQTT-3.1.2-19", "10 11 00 04 4D 51 54 54 05 C2 00 3C 00 00 01 63 00 01 75", E::Truncated { field: F::Password, at: 19 }, MalformedPacket),
    case("Password cut", "MQTT-3.1.2-19", "10 14 00 04 4D 51 54 54 05 C2 00 3C 00 00 01 63 00 01 75 00 02 70", E::Truncated { field: F::Password, at: 19 }, MalformedPacket),
    case("User Name without User Name Flag", "MQTT-3.1.2-16", "10 11 00 04 4D 51 54 54 05 02 00 3C 00 00 01 63 00 01 75", E::TrailingBytes { after: F::ClientIdentifier, at: 16 }, MalformedPacket),
    case("User Name behind a Will without User Name Flag", "MQTT-3.1.2-16", "10 18 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 01 61 00 01 62 00 01 75", E::TrailingBytes { after: F::WillPayload, at: 23 }, MalformedPacket),
    case("Password without Password Flag", "MQTT-3.1.2-18", "10 14 00 04 4D 51 54 54 05 82 00 3C 00 00 01 63 00 01 75 00 01 70", E::TrailingBytes { after: F::UserName, at: 19 }, MalformedPacket),
    case("a byte behind the Password", "", "10 15 00 04 4D 51 54 54 05 C2 00 3C 00 00 01 63 00 01 75 00 01 70 00", E::TrailingBytes { after: F::Password, at: 22 }, MalformedPacket),
    case("Property Length missing", "MQTT-2.2.2-1", "10 0A 00 04 4D 51 54 54 05 02 00 3C", E::Truncated { field: F::PropertyLength, at: 12 }, MalformedPacket),
    case("Property Length cut", "MQTT-2.2.2-1", "10 0B 00 04 4D 51 54 54 05 02 00 3C 80", E::Truncated { field: F::PropertyLength, at: 12 }, MalformedPacket),
    case("Property Length in more bytes than it needs", "MQTT-1.5.5-1", "10 10 00 04 4D 51 54 54 05 02 00 3C 80 00 00 01 61 00", E::VariableByteInteger { at: 12 }, MalformedPacket),
    case("Property Length of five bytes", "MQTT-1.5.5-1", "10 0F 00 04 4D 51 54 54 05 02 00 3C FF FF FF FF 7F", E::VariableByteInteger { at: 12 }, MalformedPacket),
    case("an identifier that no property has", "", "10 10 00 04 4D 51 54 54 05 02 00 3C 02 04 00 00 01 63", E::UnknownProperty { at: 13 }, MalformedPacket),
    case("an identifier of two bytes", "", "10 16 00 04 4D 51 54 54 05 02 00 3C 08 A6 01 00 01 61 00 01 62 00 01 63", E::UnknownProperty { at: 13 }, MalformedPacket),
    case("a property that may not stand in it", "", "10 12 00 04 4D 51 54 54 05 02 00 3C 04 1F 00 01 61 00 01 63", E::PropertyNotAllowed { property: F::ReasonString, at: 13 }, MalformedPacket),
    case("a User Property without a value", "", "10 12 00 04 4D 51 54 54 05 02 00 3C 04 26 00 01 61 00 01 63", E::Truncated { field: F::UserProperty, at: 17 }, MalformedPacket),
    case("a User Property that runs past the Property Length", "", "10 16 00 04 4D 51 54 54 05 02 00 3C 08 26 00 01 61 00 05 62 63 00 01 63", E::Truncated { field: F::UserProperty, at: 17 }, MalformedPacket),
    case("a User Property whose name is ill-formed UTF-8", "MQTT-1.5.7-1", "10 15 00 04 4D 51 54 54 05 02 00 3C 07 26 00 01 FF 00 01 62 00 01 63", E::Utf8 { field: F::UserProperty, at: 16 }, MalformedPacket),
    case("a User Property whose value has U+0000", "MQTT-1.5.7-1", "10 16 00 04 4D 51 54 54 05 02 00 3C 08 26 00 01 61 00 02 61 00 00 01 63", E::NullCharacter { field: F::UserProperty, at: 20 }, MalformedPacket),
    case("properties that run past the packet", "MQTT-2.2.2-1", "10 0E 00 04 4D 51 54 54 05 02 00 3C 04 00 01 63", E::Truncated { field: F::PropertyLength, at: 13 }, MalformedPacket),
    case("Session Expiry Interval cut", "", "10 12 00 04 4D 51 54 54 05 02 00 3C 04 11 00 00 00 00 01 63", E::Truncated { field: F::SessionExpiryInterval, at: 14 }, MalformedPacket),
    case("Session Expiry Interval for the second time", "", "10 18 00 04 4D 51 54 54 05 02 00 3C 0A 11 00 00 00 01 11 00 00 00 01 00 01 63", E::RepeatedProperty { property: F::SessionExpiryInterval, at: 18 }, ProtocolError),
    case("Receive Maximum 0", "", "10 11 00 04 4D 51 54 54 05 02 00 3C 03 21 00 00 00 01 63", E::PropertyValue { property: F::ReceiveMaximum, value: 0 }, ProtocolError),
    case("Maximum Packet Size 0", "", "10 13 00 04 4D 51 54 54 05 02 00 3C 05 27 00 00 00 00 00 01 63", E::PropertyValue { property: F::MaximumPacketSize, value: 0 }, ProtocolError),
    case("Request Problem Information 2", "", "10 10 00 04 4D 51 54 54 05 02 00 3C 02 17 02 00 01 63", E::PropertyValue { property: F::RequestProblemInformation, value: 2 }, ProtocolError),
    case("Authentication Data without Authentication Method", "", "10 12 00 04 4D 51 54 54 05 02 00 3C 04 16 00 01 64 00 01 63", E::AuthenticationDataWithoutMethod, ProtocolError),
    case("Will Properties missing", "MQTT-2.2.2-1", "10 0E 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63", E::Truncated { field: F::PropertyLength, at: 16 }, MalformedPacket),
    case("Will Properties that run past the packet", "MQTT-2.2.2-1", "10 15 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 07 00 01 61 00 01 62", E::Truncated { field: F::PropertyLength, at: 17 }, MalformedPacket),
    case("Will Delay Interval for the second time", "", "10 1F 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 0A 18 00 00 00 01 18 00 00 00 01 00 01 61 00 01 62", E::RepeatedProperty { property: F::WillDelayInterval, at: 22 }, ProtocolError),
    case("Will Delay Interval outside of the Will", "", "10 13 00 04 4D 51 54 54 05 02 00 3C 05 18 00 00 00 01 00 01 63", E::PropertyNotAllowed { property: F::WillDelayInterval, at: 13 }, MalformedPacket),
    case("Topic Alias in the Will", "", "10 18 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 03 23 00 01 00 01 61 00 01 62", E::PropertyNotAllowed { property: F::TopicAlias, at: 17 }, MalformedPacket),
    case("Payload Format Indicator 2 in the Will", "", "10 17 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 02 01 02 00 01 61 00 01 62", E::PropertyValue { property: F::PayloadFormatIndicator, value: 2 }, ProtocolError),
    case("Response Topic of the Will with a wildcard", "MQTT-3.3.2-14", "10 1B 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 06 08 00 03 61 2F 2B 00 01 61 00 01 62", E::TopicWildcard { field: F::ResponseTopic, at: 22 }, ProtocolError),
    case("Content Type of the Will of ill-formed UTF-8", "MQTT-1.5.4-1", "10 19 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 04 03 00 01 80 00 01 61 00 01 62", E::Utf8 { field: F::ContentType, at: 20 }, MalformedPacket),
    case("Password Flag without User Name and Password", "MQTT-3.1.2-19", "10 0E 00 04 4D 51 54 54 05 42 00 3C 00 00 01 63", E::Truncated { field: F::Password, at: 16 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1_1: &[Case] = &[
    case("no Protocol Name", "", "10 00", E::Truncated { field: F::ProtocolName, at: 2 }, MalformedPacket),
    case("Protocol Name cut", "", "10 05 00 04 4D 51 54", E::Truncated { field: F::ProtocolName, at: 2 }, MalformedPacket),
    case("no Protocol Version", "", "10 06 00 04 4D 51 54 54", E::Truncated { field: F::ProtocolVersion, at: 8 }, MalformedPacket),
    case("Protocol Version 6", "MQTT-3.1.2-2", "10 0E 00 04 4D 51 54 54 06 02 00 3C 00 00 01 61", E::UnsupportedProtocolVersion { level: 6, name: ProtocolName::Mqtt }, UnsupportedProtocolVersion),
    case("Protocol Version 3 under the name of later versions", "MQTT-3.1.2-2", "10 0D 00 04 4D 51 54 54 03 02 00 3C 00 01 61", E::UnsupportedProtocolVersion { level: 3, name: ProtocolName::Mqtt }, UnsupportedProtocolVersion),
    case("Protocol Version 5 with the bit of bridges", "MQTT-3.1.2-2", "10 0E 00 04 4D 51 54 54 85 02 00 3C 00 00 01 61", E::UnsupportedProtocolVersion { level: 0x85, name: ProtocolName::Mqtt }, UnsupportedProtocolVersion),
    case("Protocol Version 4 under the name of 3.1", "MQTT-3.1.2-1", "10 0F 00 06 4D 51 49 73 64 70 04 02 00 3C 00 01 61", E::UnsupportedProtocolVersion { level: 4, name: ProtocolName::Mqisdp }, UnsupportedProtocolVersion),
    case("Protocol Name in small letters", "MQTT-3.1.2-1", "10 0D 00 04 6D 71 74 74 04 02 00 3C 00 01 61", E::UnsupportedProtocolVersion { level: 4, name: ProtocolName::Other }, UnsupportedProtocolVersion),
    case("another protocol", "MQTT-3.1.2-1", "10 06 00 04 48 54 54 50", E::UnsupportedProtocolVersion { level: 0, name: ProtocolName::Other }, UnsupportedProtocolVersion),
    case("flags 0001 in the fixed header", "MQTT-2.2.2-2", "11 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Connect, flags: 0b0001 }, MalformedPacket),
    case("flags 0010 in the fixed header", "MQTT-2.2.2-2", "12 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Connect, flags: 0b0010 }, MalformedPacket),
    case("flags 0100 in the fixed header", "MQTT-2.2.2-2", "14 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Connect, flags: 0b0100 }, MalformedPacket),
    case("flags 1000 in the fixed header", "MQTT-2.2.2-2", "18 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Connect, flags: 0b1000 }, MalformedPacket),
    case("flags 1111 in the fixed header", "MQTT-2.2.2-2", "1F 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 61", E::FixedHeaderFlags { packet_type: PacketType::Connect, flags: 0b1111 }, MalformedPacket),
    case("no Connect Flags", "", "10 07 00 04 4D 51 54 54 04", E::Truncated { field: F::ConnectFlags, at: 9 }, MalformedPacket),
    case("the reserved bit of the Connect Flags", "MQTT-3.1.2-3", "10 0D 00 04 4D 51 54 54 04 03 00 3C 00 01 61", E::ReservedBits { field: F::ConnectFlags, value: 0x03 }, MalformedPacket),
    case("Will QoS 1 without a Will", "MQTT-3.1.2-13", "10 0D 00 04 4D 51 54 54 04 0A 00 3C 00 01 61", E::WillQoSWithoutWill, MalformedPacket),
    case("Will QoS 3 without a Will", "MQTT-3.1.2-13", "10 0D 00 04 4D 51 54 54 04 1A 00 3C 00 01 61", E::WillQoSWithoutWill, MalformedPacket),
    case("Will Retain without a Will", "MQTT-3.1.2-15", "10 0D 00 04 4D 51 54 54 04 22 00 3C 00 01 61", E::WillRetainWithoutWill, MalformedPacket),
    case("Will QoS 3", "MQTT-3.1.2-14", "10 13 00 04 4D 51 54 54 04 1E 00 3C 00 01 63 00 01 61 00 01 62", E::QoS3 { field: F::ConnectFlags }, MalformedPacket),
    case("no Keep Alive", "", "10 08 00 04 4D 51 54 54 04 02", E::Truncated { field: F::KeepAlive, at: 10 }, MalformedPacket),
    case("Keep Alive of one byte", "", "10 09 00 04 4D 51 54 54 04 02 00", E::Truncated { field: F::KeepAlive, at: 10 }, MalformedPacket),
    case("no Client Identifier", "MQTT-3.1.3-3", "10 0A 00 04 4D 51 54 54 04 02 00 3C", E::Truncated { field: F::ClientIdentifier, at: 12 }, MalformedPacket),
    case("Client Identifier cut", "MQTT-3.1.3-3", "10 0D 00 04 4D 51 54 54 04 02 00 3C 00 02 61", E::Truncated { field: F::ClientIdentifier, at: 12 }, MalformedPacket),
    case("Client Identifier of ill-formed UTF-8", "MQTT-1.5.3-1", "10 0E 00 04 4D 51 54 54 04 02 00 3C 00 02 61 C3", E::Utf8 { field: F::ClientIdentifier, at: 15 }, MalformedPacket),
    case("Client Identifier with U+0000", "MQTT-1.5.3-2", "10 0E 00 04 4D 51 54 54 04 02 00 3C 00 02 61 00", E::NullCharacter { field: F::ClientIdentifier, at: 15 }, MalformedPacket),
    case("Will without Will Topic", "MQTT-3.1.2-9", "10 0D 00 04 4D 51 54 54 04 06 00 3C 00 01 63", E::Truncated { field: F::WillTopic, at: 15 }, MalformedPacket),
    case("Will without Will Payload", "MQTT-3.1.2-9", "10 10 00 04 4D 51 54 54 04 06 00 3C 00 01 63 00 01 61", E::Truncated { field: F::WillPayload, at: 18 }, MalformedPacket),
    case("Will Payload cut", "MQTT-3.1.2-9", "10 13 00 04 4D 51 54 54 04 06 00 3C 00 01 63 00 01 61 00 02 62", E::Truncated { field: F::WillPayload, at: 18 }, MalformedPacket),
    case("Will Topic with a wildcard", "MQTT-4.7.1-1", "10 14 00 04 4D 51 54 54 04 06 00 3C 00 01 63 00 02 61 23 00 01 62", E::TopicWildcard { field: F::WillTopic, at: 18 }, MalformedPacket),
    case("empty Will Topic", "MQTT-4.7.3-1", "10 12 00 04 4D 51 54 54 04 06 00 3C 00 01 63 00 00 00 01 62", E::EmptyTopic { field: F::WillTopic }, MalformedPacket),
    case("Will Topic of ill-formed UTF-8", "MQTT-1.5.3-1", "10 15 00 04 4D 51 54 54 04 06 00 3C 00 01 63 00 03 ED A0 80 00 01 62", E::Utf8 { field: F::WillTopic, at: 17 }, MalformedPacket),
    case("Will Topic with U+0000", "MQTT-1.5.3-2", "10 13 00 04 4D 51 54 54 04 06 00 3C 00 01 63 00 01 00 00 01 62", E::NullCharacter { field: F::WillTopic, at: 17 }, MalformedPacket),
    case("User Name Flag without User Name", "MQTT-3.1.2-19", "10 0D 00 04 4D 51 54 54 04 82 00 3C 00 01 63", E::Truncated { field: F::UserName, at: 15 }, MalformedPacket),
    case("User Name cut", "MQTT-3.1.2-19", "10 10 00 04 4D 51 54 54 04 82 00 3C 00 01 63 00 02 75", E::Truncated { field: F::UserName, at: 15 }, MalformedPacket),
    case("User Name of ill-formed UTF-8", "MQTT-1.5.3-1", "10 10 00 04 4D 51 54 54 04 82 00 3C 00 01 63 00 01 FE", E::Utf8 { field: F::UserName, at: 17 }, MalformedPacket),
    case("User Name with U+0000", "MQTT-1.5.3-2", "10 10 00 04 4D 51 54 54 04 82 00 3C 00 01 63 00 01 00", E::NullCharacter { field: F::UserName, at: 17 }, MalformedPacket),
    case("Password Flag without Password", "MQTT-3.1.2-21", "10 10 00 04 4D 51 54 54 04 C2 00 3C 00 01 63 00 01 75", E::Truncated { field: F::Password, at: 18 }, MalformedPacket),
    case("Password cut", "MQTT-3.1.2-21", "10 13 00 04 4D 51 54 54 04 C2 00 3C 00 01 63 00 01 75 00 02 70", E::Truncated { field: F::Password, at: 18 }, MalformedPacket),
    case("User Name without User Name Flag", "MQTT-3.1.2-18", "10 10 00 04 4D 51 54 54 04 02 00 3C 00 01 63 00 01 75", E::TrailingBytes { after: F::ClientIdentifier, at: 15 }, MalformedPacket),
    case("User Name behind a Will without User Name Flag", "MQTT-3.1.2-18", "10 16 00 04 4D 51 54 54 04 06 00 3C 00 01 63 00 01 61 00 01 62 00 01 75", E::TrailingBytes { after: F::WillPayload, at: 21 }, MalformedPacket),
    case("Password without Password Flag", "MQTT-3.1.2-20", "10 13 00 04 4D 51 54 54 04 82 00 3C 00 01 63 00 01 75 00 01 70", E::TrailingBytes { after: F::UserName, at: 18 }, MalformedPacket),
    case("a byte behind the Password", "", "10 14 00 04 4D 51 54 54 04 C2 00 3C 00 01 63 00 01 75 00 01 70 00", E::TrailingBytes { after: F::Password, at: 21 }, MalformedPacket),
    case("Password without User Name", "MQTT-3.1.2-22", "10 10 00 04 4D 51 54 54 04 42 00 3C 00 01 63 00 01 70", E::PasswordWithoutUserName, MalformedPacket),
    case("the reserved bit of a bridge's Connect Flags", "MQTT-3.1.2-3", "10 0D 00 04 4D 51 54 54 84 03 00 3C 00 01 63", E::ReservedBits { field: F::ConnectFlags, value: 0x03 }, MalformedPacket),
];

#[rustfmt::skip]
const V3_1: &[Case] = &[
    case("Protocol Version 4 under the name of 3.1", "", "10 0F 00 06 4D 51 49 73 64 70 04 02 00 3C 00 01 61", E::UnsupportedProtocolVersion { level: 4, name: ProtocolName::Mqisdp }, UnsupportedProtocolVersion),
    case("Protocol Version 2", "", "10 0F 00 06 4D 51 49 73 64 70 02 02 00 3C 00 01 61", E::UnsupportedProtocolVersion { level: 2, name: ProtocolName::Mqisdp }, UnsupportedProtocolVersion),
    case("Client Identifier of ill-formed UTF-8", "", "10 0F 00 06 4D 51 49 73 64 70 03 02 00 3C 00 01 FF", E::Utf8 { field: F::ClientIdentifier, at: 16 }, MalformedPacket),
    case("Will QoS 3", "", "10 15 00 06 4D 51 49 73 64 70 03 1E 00 3C 00 01 63 00 01 61 00 01 62", E::QoS3 { field: F::ConnectFlags }, MalformedPacket),
    case("Password Flag without User Name Flag", "", "10 12 00 06 4D 51 49 73 64 70 03 42 00 3C 00 01 63 00 01 70", E::PasswordWithoutUserName, MalformedPacket),
    case("User Name cut", "", "10 12 00 06 4D 51 49 73 64 70 03 82 00 3C 00 01 63 00 02 75", E::Truncated { field: F::UserName, at: 17 }, MalformedPacket),
    case("bytes that the flags do not announce", "", "10 12 00 06 4D 51 49 73 64 70 03 02 00 3C 00 01 63 00 01 75", E::TrailingBytes { after: F::ClientIdentifier, at: 17 }, MalformedPacket),
    case("flags in the fixed header of a 3.1.1 CONNECT", "", "14 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 63", E::FixedHeaderFlags { packet_type: PacketType::Connect, flags: 0b0100 }, MalformedPacket),
];
