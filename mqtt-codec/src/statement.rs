use crate::decode_error::ProtocolName;
use crate::field::Field;
use crate::packet::PacketType;
use crate::{DecodeError, Version};

impl DecodeError {
    /// The normative statement that the peer broke, by its number in the standard of that version, such as `MQTT-3.3.1-4`.
    ///
    /// `None` when the rule stands in the text without a number, as all rules of 3.1 do.
    ///
    /// ```
    /// use mqtt_codec::{Limits, Version, decode};
    ///
    /// let error = decode(Version::V5_0, &Limits::default(), &[0x36, 0]).unwrap_err();
    /// assert_eq!(error.statement(Version::V5_0), Some("MQTT-3.3.1-4"));
    /// assert_eq!(error.to_string(), "QoS 3 in Packet Type and Flags");
    /// ```
    #[must_use]
    pub const fn statement(self, version: Version) -> Option<&'static str> {
        match version {
            Version::V3_1 => None,
            Version::V3_1_1 => v3_1_1(self),
            Version::V5_0 => v5_0(self),
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most packet types and fields share a statement"
)]
const fn v5_0(error: DecodeError) -> Option<&'static str> {
    Some(match error {
        DecodeError::FixedHeaderFlags { packet_type, .. } => match packet_type {
            PacketType::Pubrel => "MQTT-3.6.1-1",
            PacketType::Subscribe => "MQTT-3.8.1-1",
            PacketType::Unsubscribe => "MQTT-3.10.1-1",
            PacketType::Disconnect => "MQTT-3.14.1-1",
            PacketType::Auth => "MQTT-3.15.1-1",
            _ => "MQTT-2.1.3-1",
        },
        DecodeError::VariableByteInteger { .. } => "MQTT-1.5.5-1",
        DecodeError::Truncated { field, .. } => match field {
            Field::PropertyLength => "MQTT-2.2.2-1",
            Field::ClientIdentifier => "MQTT-3.1.3-3",
            Field::WillTopic | Field::WillPayload => "MQTT-3.1.2-9",
            Field::UserName => "MQTT-3.1.2-17",
            Field::Password => "MQTT-3.1.2-19",
            Field::TopicName => "MQTT-3.3.2-1",
            _ => return None,
        },
        DecodeError::TrailingBytes { after, .. } => match after {
            Field::ClientIdentifier | Field::WillPayload => "MQTT-3.1.2-16",
            Field::UserName => "MQTT-3.1.2-18",
            _ => return None,
        },
        DecodeError::Utf8 {
            field: Field::UserProperty,
            ..
        }
        | DecodeError::NullCharacter {
            field: Field::UserProperty,
            ..
        } => "MQTT-1.5.7-1",
        DecodeError::Utf8 { .. } => "MQTT-1.5.4-1",
        DecodeError::NullCharacter { .. } => "MQTT-1.5.4-2",
        DecodeError::TopicWildcard {
            field: Field::TopicName,
            ..
        } => "MQTT-3.3.2-2",
        DecodeError::TopicWildcard {
            field: Field::ResponseTopic,
            ..
        } => "MQTT-3.3.2-14",
        DecodeError::TopicWildcard { .. } => "MQTT-4.7.0-1",
        DecodeError::EmptyTopic { .. }
        | DecodeError::NoTopic
        | DecodeError::EmptyTopicFilter { .. } => "MQTT-4.7.3-1",
        DecodeError::MultiLevelWildcard { .. } => "MQTT-4.7.1-1",
        DecodeError::SingleLevelWildcard { .. } => "MQTT-4.7.1-2",
        DecodeError::EmptyShareName { .. } => "MQTT-4.8.2-1",
        DecodeError::ShareNameWildcard { .. } | DecodeError::ShareWithoutFilter { .. } => {
            "MQTT-4.8.2-2"
        }
        DecodeError::UnsupportedProtocolVersion {
            name: ProtocolName::Mqtt,
            ..
        } => "MQTT-3.1.2-2",
        DecodeError::UnsupportedProtocolVersion { .. } => "MQTT-3.1.2-1",
        DecodeError::ReservedBits { field, .. } => match field {
            Field::ConnectFlags => "MQTT-3.1.2-3",
            Field::ConnectAcknowledgeFlags => "MQTT-3.2.2-1",
            _ => "MQTT-3.8.3-5",
        },
        DecodeError::QoS3 {
            field: Field::PacketTypeAndFlags,
        } => "MQTT-3.3.1-4",
        DecodeError::QoS3 {
            field: Field::ConnectFlags,
        } => "MQTT-3.1.2-12",
        DecodeError::DupAtMostOnce => "MQTT-3.3.1-2",
        DecodeError::WillQoSWithoutWill => "MQTT-3.1.2-11",
        DecodeError::WillRetainWithoutWill => "MQTT-3.1.2-13",
        DecodeError::SessionPresentWithError => "MQTT-3.2.2-6",
        DecodeError::PacketIdentifierZero { packet_type } => match packet_type {
            PacketType::Publish | PacketType::Subscribe | PacketType::Unsubscribe => "MQTT-2.2.1-3",
            PacketType::Suback | PacketType::Unsuback => "MQTT-2.2.1-6",
            _ => "MQTT-2.2.1-5",
        },
        DecodeError::EmptyList { packet_type } => match packet_type {
            PacketType::Subscribe => "MQTT-3.8.3-2",
            PacketType::Suback => "MQTT-3.9.3-1",
            PacketType::Unsubscribe => "MQTT-3.10.3-2",
            _ => "MQTT-3.11.3-1",
        },
        DecodeError::InvalidReasonCode { packet_type, .. } => match packet_type {
            PacketType::Connack => "MQTT-3.2.2-8",
            PacketType::Puback => "MQTT-3.4.2-1",
            PacketType::Pubrec => "MQTT-3.5.2-1",
            PacketType::Pubrel => "MQTT-3.6.2-1",
            PacketType::Pubcomp => "MQTT-3.7.2-1",
            PacketType::Suback => "MQTT-3.9.3-2",
            PacketType::Unsuback => "MQTT-3.11.3-2",
            PacketType::Disconnect => "MQTT-3.14.2-1",
            PacketType::Auth => "MQTT-3.15.2-1",
            _ => return None,
        },
        DecodeError::PropertyValue {
            property: Field::TopicAlias,
            ..
        } => "MQTT-3.3.2-8",
        DecodeError::ReservedPacketType { .. }
        | DecodeError::PacketTooLarge { .. }
        | DecodeError::QoS3 { .. }
        | DecodeError::PasswordWithoutUserName
        | DecodeError::AuthenticationDataWithoutMethod
        | DecodeError::RetainHandling3
        | DecodeError::UnknownProperty { .. }
        | DecodeError::PropertyNotAllowed { .. }
        | DecodeError::RepeatedProperty { .. }
        | DecodeError::PropertyValue { .. } => return None,
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most packet types and fields share a statement"
)]
const fn v3_1_1(error: DecodeError) -> Option<&'static str> {
    Some(match error {
        DecodeError::FixedHeaderFlags { packet_type, .. } => match packet_type {
            PacketType::Pubrel => "MQTT-3.6.1-1",
            PacketType::Subscribe => "MQTT-3.8.1-1",
            PacketType::Unsubscribe => "MQTT-3.10.1-1",
            PacketType::Disconnect => "MQTT-3.14.1-1",
            _ => "MQTT-2.2.2-2",
        },
        DecodeError::Truncated { field, .. } => match field {
            Field::PacketIdentifier => "MQTT-2.3.1-1",
            Field::ClientIdentifier => "MQTT-3.1.3-3",
            Field::WillTopic | Field::WillPayload => "MQTT-3.1.2-9",
            Field::UserName => "MQTT-3.1.2-19",
            Field::Password => "MQTT-3.1.2-21",
            Field::TopicName => "MQTT-3.3.2-1",
            _ => return None,
        },
        DecodeError::TrailingBytes { after, .. } => match after {
            Field::ClientIdentifier | Field::WillPayload => "MQTT-3.1.2-18",
            Field::UserName => "MQTT-3.1.2-20",
            _ => return None,
        },
        DecodeError::Utf8 { .. } => "MQTT-1.5.3-1",
        DecodeError::NullCharacter { .. } => "MQTT-1.5.3-2",
        DecodeError::TopicWildcard {
            field: Field::TopicName,
            ..
        } => "MQTT-3.3.2-2",
        DecodeError::TopicWildcard { .. } => "MQTT-4.7.1-1",
        DecodeError::EmptyTopic { .. } | DecodeError::EmptyTopicFilter { .. } => "MQTT-4.7.3-1",
        DecodeError::MultiLevelWildcard { .. } => "MQTT-4.7.1-2",
        DecodeError::SingleLevelWildcard { .. } => "MQTT-4.7.1-3",
        DecodeError::UnsupportedProtocolVersion {
            name: ProtocolName::Other,
            ..
        } => "MQTT-3.1.2-1",
        DecodeError::UnsupportedProtocolVersion { .. } => "MQTT-3.1.2-2",
        DecodeError::ReservedBits {
            field: Field::ConnectFlags,
            ..
        } => "MQTT-3.1.2-3",
        DecodeError::ReservedBits {
            field: Field::SubscriptionOptions,
            ..
        }
        | DecodeError::QoS3 {
            field: Field::SubscriptionOptions,
        } => "MQTT-3.8.3-4",
        DecodeError::QoS3 {
            field: Field::PacketTypeAndFlags,
        } => "MQTT-3.3.1-4",
        DecodeError::QoS3 {
            field: Field::ConnectFlags,
        } => "MQTT-3.1.2-14",
        DecodeError::DupAtMostOnce => "MQTT-3.3.1-2",
        DecodeError::WillQoSWithoutWill => "MQTT-3.1.2-13",
        DecodeError::WillRetainWithoutWill => "MQTT-3.1.2-15",
        DecodeError::PasswordWithoutUserName => "MQTT-3.1.2-22",
        DecodeError::SessionPresentWithError => "MQTT-3.2.2-4",
        DecodeError::PacketIdentifierZero { packet_type } => match packet_type {
            PacketType::Publish | PacketType::Subscribe | PacketType::Unsubscribe => "MQTT-2.3.1-1",
            PacketType::Suback | PacketType::Unsuback => "MQTT-2.3.1-7",
            _ => "MQTT-2.3.1-6",
        },
        DecodeError::EmptyList {
            packet_type: PacketType::Subscribe,
        } => "MQTT-3.8.3-3",
        DecodeError::EmptyList {
            packet_type: PacketType::Suback,
        } => "MQTT-3.9.3-1",
        DecodeError::EmptyList {
            packet_type: PacketType::Unsubscribe,
        } => "MQTT-3.10.3-2",
        DecodeError::InvalidReasonCode {
            packet_type: PacketType::Suback,
            ..
        } => "MQTT-3.9.3-2",
        DecodeError::ReservedPacketType { .. }
        | DecodeError::VariableByteInteger { .. }
        | DecodeError::PacketTooLarge { .. }
        | DecodeError::NoTopic
        | DecodeError::EmptyShareName { .. }
        | DecodeError::ShareNameWildcard { .. }
        | DecodeError::ShareWithoutFilter { .. }
        | DecodeError::ReservedBits { .. }
        | DecodeError::QoS3 { .. }
        | DecodeError::AuthenticationDataWithoutMethod
        | DecodeError::EmptyList { .. }
        | DecodeError::RetainHandling3
        | DecodeError::InvalidReasonCode { .. }
        | DecodeError::UnknownProperty { .. }
        | DecodeError::PropertyNotAllowed { .. }
        | DecodeError::RepeatedProperty { .. }
        | DecodeError::PropertyValue { .. } => return None,
    })
}
