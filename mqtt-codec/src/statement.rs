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
        let Statements(v3_1_1, v5_0) = statements(self);
        let statement = match version {
            Version::V3_1 => "",
            Version::V3_1_1 => v3_1_1,
            Version::V5_0 => v5_0,
        };
        if statement.is_empty() {
            None
        } else {
            Some(statement)
        }
    }
}

/// The number of a rule in 3.1.1 and in 5.0; empty when it has none there.
struct Statements(&'static str, &'static str);

const fn statements(error: DecodeError) -> Statements {
    use Statements as S;
    match error {
        DecodeError::FixedHeaderFlags { packet_type, .. } => fixed_header_flags(packet_type),
        DecodeError::Truncated { field, .. } => truncated(field),
        DecodeError::TrailingBytes { after, .. } => trailing_bytes(after),
        DecodeError::Utf8 { field, .. } => text(field, S("MQTT-1.5.3-1", "MQTT-1.5.4-1")),
        DecodeError::NullCharacter { field, .. } => text(field, S("MQTT-1.5.3-2", "MQTT-1.5.4-2")),
        DecodeError::TopicWildcard { field, .. } => topic_wildcard(field),
        DecodeError::UnsupportedProtocolVersion { name, .. } => unsupported_protocol_version(name),
        DecodeError::ReservedBits { field, .. } => reserved_bits(field),
        DecodeError::QoS3 { field } => qos_3(field),
        DecodeError::PacketIdentifierZero { packet_type } => packet_identifier_zero(packet_type),
        DecodeError::EmptyList { packet_type } => empty_list(packet_type),
        DecodeError::InvalidReasonCode { packet_type, .. } => invalid_reason_code(packet_type),
        DecodeError::PropertyValue {
            property: Field::TopicAlias,
            ..
        } => S("", "MQTT-3.3.2-8"),
        DecodeError::VariableByteInteger { .. } => S("", "MQTT-1.5.5-1"),
        DecodeError::EmptyTopic { .. } => S("MQTT-4.7.3-1", "MQTT-4.7.3-1"),
        DecodeError::EmptyTopicFilter { .. } => S("MQTT-4.7.3-1", "MQTT-4.7.3-1"),
        DecodeError::NoTopic => S("", "MQTT-4.7.3-1"),
        DecodeError::MultiLevelWildcard { .. } => S("MQTT-4.7.1-2", "MQTT-4.7.1-1"),
        DecodeError::SingleLevelWildcard { .. } => S("MQTT-4.7.1-3", "MQTT-4.7.1-2"),
        DecodeError::EmptyShareName { .. } => S("", "MQTT-4.8.2-1"),
        DecodeError::ShareNameWildcard { .. } => S("", "MQTT-4.8.2-2"),
        DecodeError::ShareWithoutFilter { .. } => S("", "MQTT-4.8.2-2"),
        DecodeError::DupAtMostOnce => S("MQTT-3.3.1-2", "MQTT-3.3.1-2"),
        DecodeError::WillQoSWithoutWill => S("MQTT-3.1.2-13", "MQTT-3.1.2-11"),
        DecodeError::WillRetainWithoutWill => S("MQTT-3.1.2-15", "MQTT-3.1.2-13"),
        DecodeError::PasswordWithoutUserName => S("MQTT-3.1.2-22", ""),
        DecodeError::SessionPresentWithError => S("MQTT-3.2.2-4", "MQTT-3.2.2-6"),
        DecodeError::ReservedPacketType { .. }
        | DecodeError::PacketTooLarge { .. }
        | DecodeError::AuthenticationDataWithoutMethod
        | DecodeError::RetainHandling3
        | DecodeError::UnknownProperty { .. }
        | DecodeError::PropertyNotAllowed { .. }
        | DecodeError::RepeatedProperty { .. }
        | DecodeError::PropertyValue { .. } => S("", ""),
    }
}

/// A User Property has a rule of its own.
const fn text(field: Field, general: Statements) -> Statements {
    if matches!(field, Field::UserProperty) {
        Statements("", "MQTT-1.5.7-1")
    } else {
        general
    }
}

const fn unsupported_protocol_version(name: ProtocolName) -> Statements {
    match name {
        ProtocolName::Mqtt => Statements("MQTT-3.1.2-2", "MQTT-3.1.2-2"),
        ProtocolName::Mqisdp | ProtocolName::Other => Statements("MQTT-3.1.2-1", "MQTT-3.1.2-1"),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all others share one")]
const fn topic_wildcard(field: Field) -> Statements {
    match field {
        Field::TopicName => Statements("MQTT-3.3.2-2", "MQTT-3.3.2-2"),
        Field::ResponseTopic => Statements("", "MQTT-3.3.2-14"),
        _ => Statements("MQTT-4.7.1-1", "MQTT-4.7.0-1"),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other field has reserved bits"
)]
const fn reserved_bits(field: Field) -> Statements {
    match field {
        Field::ConnectFlags => Statements("MQTT-3.1.2-3", "MQTT-3.1.2-3"),
        Field::ConnectAcknowledgeFlags => Statements("", "MQTT-3.2.2-1"),
        Field::SubscriptionOptions => Statements("MQTT-3.8.3-4", "MQTT-3.8.3-5"),
        _ => Statements("", ""),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "no other field has a QoS")]
const fn qos_3(field: Field) -> Statements {
    match field {
        Field::PacketTypeAndFlags => Statements("MQTT-3.3.1-4", "MQTT-3.3.1-4"),
        Field::ConnectFlags => Statements("MQTT-3.1.2-14", "MQTT-3.1.2-12"),
        Field::SubscriptionOptions => Statements("MQTT-3.8.3-4", ""),
        _ => Statements("", ""),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other packet has a list that must not be empty by number"
)]
const fn empty_list(packet_type: PacketType) -> Statements {
    match packet_type {
        PacketType::Subscribe => Statements("MQTT-3.8.3-3", "MQTT-3.8.3-2"),
        PacketType::Unsubscribe => Statements("MQTT-3.10.3-2", "MQTT-3.10.3-2"),
        _ => Statements("", ""),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others have no statement of their own"
)]
const fn fixed_header_flags(packet_type: PacketType) -> Statements {
    match packet_type {
        PacketType::Pubrel => Statements("MQTT-3.6.1-1", "MQTT-3.6.1-1"),
        PacketType::Subscribe => Statements("MQTT-3.8.1-1", "MQTT-3.8.1-1"),
        PacketType::Unsubscribe => Statements("MQTT-3.10.1-1", "MQTT-3.10.1-1"),
        PacketType::Disconnect => Statements("MQTT-3.14.1-1", "MQTT-3.14.1-1"),
        PacketType::Auth => Statements("", "MQTT-3.15.1-1"),
        _ => Statements("MQTT-2.2.2-2", "MQTT-2.1.3-1"),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most fields have no such statement"
)]
const fn truncated(field: Field) -> Statements {
    match field {
        Field::PropertyLength => Statements("", "MQTT-2.2.2-1"),
        Field::PacketIdentifier => Statements("MQTT-2.3.1-1", ""),
        Field::ClientIdentifier => Statements("MQTT-3.1.3-3", "MQTT-3.1.3-3"),
        Field::WillTopic | Field::WillPayload => Statements("MQTT-3.1.2-9", "MQTT-3.1.2-9"),
        Field::UserName => Statements("MQTT-3.1.2-19", "MQTT-3.1.2-17"),
        Field::Password => Statements("MQTT-3.1.2-21", "MQTT-3.1.2-19"),
        Field::TopicName => Statements("MQTT-3.3.2-1", "MQTT-3.3.2-1"),
        _ => Statements("", ""),
    }
}

/// In CONNECT they are a field that its flags do not announce.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "most fields have no such statement"
)]
const fn trailing_bytes(after: Field) -> Statements {
    match after {
        Field::ClientIdentifier | Field::WillPayload => {
            Statements("MQTT-3.1.2-18", "MQTT-3.1.2-16")
        }
        Field::UserName => Statements("MQTT-3.1.2-20", "MQTT-3.1.2-18"),
        _ => Statements("", ""),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all others acknowledge a PUBLISH"
)]
const fn packet_identifier_zero(packet_type: PacketType) -> Statements {
    match packet_type {
        PacketType::Publish | PacketType::Subscribe | PacketType::Unsubscribe => {
            Statements("MQTT-2.3.1-1", "MQTT-2.2.1-3")
        }
        PacketType::Suback | PacketType::Unsuback => Statements("MQTT-2.3.1-7", "MQTT-2.2.1-6"),
        _ => Statements("MQTT-2.3.1-6", "MQTT-2.2.1-5"),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others have no reason code"
)]
const fn invalid_reason_code(packet_type: PacketType) -> Statements {
    match packet_type {
        PacketType::Connack => Statements("", "MQTT-3.2.2-8"),
        PacketType::Puback => Statements("", "MQTT-3.4.2-1"),
        PacketType::Pubrec => Statements("", "MQTT-3.5.2-1"),
        PacketType::Pubrel => Statements("", "MQTT-3.6.2-1"),
        PacketType::Pubcomp => Statements("", "MQTT-3.7.2-1"),
        PacketType::Suback => Statements("MQTT-3.9.3-2", "MQTT-3.9.3-2"),
        PacketType::Unsuback => Statements("", "MQTT-3.11.3-2"),
        PacketType::Disconnect => Statements("", "MQTT-3.14.2-1"),
        PacketType::Auth => Statements("", "MQTT-3.15.2-1"),
        _ => Statements("", ""),
    }
}
