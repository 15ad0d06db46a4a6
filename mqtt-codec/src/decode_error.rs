use crate::field::Field;
use crate::packet::PacketType;
use crate::reason_code::ReasonCode;

/// Why bytes of a peer are no packet. `at` is a byte of the packet, counted from its first one.
///
/// A rule that needs to know more than one packet (the state, the direction, earlier packets) is not checked here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Packet type 0, or AUTH in 3.x. Standard: MQTT 5.0 §2.1.2.
    #[error("packet type {packet_type} is reserved")]
    ReservedPacketType {
        /// The high four bits of the first byte.
        packet_type: u8,
    },
    /// Reserved flag bits of the fixed header are not as they must be. Standard: MQTT 5.0 §2.1.3.
    #[error("{packet_type} with flags {flags:#06b} in its fixed header")]
    FixedHeaderFlags {
        /// The packet type.
        packet_type: PacketType,
        /// The low four bits of the first byte.
        flags: u8,
    },
    /// A Variable Byte Integer of more than four bytes, or of more than it needs. Standard: MQTT 5.0 §1.5.5.
    #[error(
        "the Variable Byte Integer at byte {at} is longer than four bytes, or longer than its value needs"
    )]
    VariableByteInteger {
        /// Its first byte.
        at: u32,
    },
    /// Longer than [`Limits::packet_size`](crate::Limits::packet_size). Standard: MQTT 5.0 §3.1.2.11.4, §3.2.2.3.6.
    #[error("a packet of {len} bytes where at most {limit} are accepted")]
    PacketTooLarge {
        /// The bytes of the whole packet.
        len: u32,
        /// How many are accepted.
        limit: u32,
    },
    /// The packet, or the property block, ends before or within a field.
    #[error("{field} at byte {at} is not there or runs past the end")]
    Truncated {
        /// Which field.
        field: Field,
        /// Where it begins, or would begin.
        at: u32,
    },
    /// Bytes behind the last field.
    #[error("bytes from {at} on, behind {after}, belong to no field")]
    TrailingBytes {
        /// The last field.
        after: Field,
        /// The first byte too much.
        at: u32,
    },
    /// A string is no well-formed UTF-8. Standard: MQTT 5.0 §1.5.4.
    #[error("{field} is ill-formed UTF-8 at byte {at}")]
    Utf8 {
        /// The string.
        field: Field,
        /// Where it breaks.
        at: u32,
    },
    /// U+0000 in a string. Standard: MQTT 5.0 §1.5.4.
    #[error("{field} has U+0000 at byte {at}")]
    NullCharacter {
        /// The string.
        field: Field,
        /// Where it stands.
        at: u32,
    },
    /// A wildcard in a topic name. Standard: MQTT 5.0 §4.7.1.
    #[error("{field} has a wildcard at byte {at}")]
    TopicWildcard {
        /// The topic name.
        field: Field,
        /// Where it stands.
        at: u32,
    },
    /// A topic name without a character. Standard: MQTT 5.0 §4.7.3.
    #[error("{field} is empty")]
    EmptyTopic {
        /// The topic name.
        field: Field,
    },
    /// A PUBLISH of 5.0 has neither Topic Name nor Topic Alias. Standard: MQTT 5.0 §3.3.2.1.
    #[error("neither a Topic Name nor a Topic Alias")]
    NoTopic,
    /// A Topic Filter without a character. Standard: MQTT 5.0 §4.7.3.
    #[error("the Topic Filter at byte {at} is empty")]
    EmptyTopicFilter {
        /// Where the string begins.
        at: u32,
    },
    /// `#` is not alone in its level, or not in the last one. Standard: MQTT 5.0 §4.7.1.2.
    #[error("`#` at byte {at} is not alone in the last level of its Topic Filter")]
    MultiLevelWildcard {
        /// Where it stands.
        at: u32,
    },
    /// `+` is not alone in its level. Standard: MQTT 5.0 §4.7.1.3.
    #[error("`+` at byte {at} is not alone in its level")]
    SingleLevelWildcard {
        /// Where it stands.
        at: u32,
    },
    /// The ShareName of a shared subscription is empty. Standard: MQTT 5.0 §4.8.2.
    #[error("the ShareName of the Topic Filter at byte {at} is empty")]
    EmptyShareName {
        /// Where the string begins.
        at: u32,
    },
    /// The ShareName of a shared subscription has a wildcard. Standard: MQTT 5.0 §4.8.2.
    #[error("the ShareName of the Topic Filter at byte {at} has a wildcard in it")]
    ShareNameWildcard {
        /// Where the string begins.
        at: u32,
    },
    /// No `/` behind the ShareName. Standard: MQTT 5.0 §4.8.2.
    #[error("no `/` and Topic Filter behind the ShareName of the Topic Filter at byte {at}")]
    ShareWithoutFilter {
        /// Where the string begins.
        at: u32,
    },
    /// A CONNECT of a version that is not known here. Standard: MQTT 5.0 §3.1.2.1, §3.1.2.2.
    #[error("protocol level {level} under the name {name}")]
    UnsupportedProtocolVersion {
        /// The Protocol Version byte; 0 when there is none.
        level: u8,
        /// Under which name, so that a server knows in which form to answer.
        name: ProtocolName,
    },
    /// A reserved bit of a flags or options byte is set.
    #[error("reserved bits of {field} are set: {value:#010b}")]
    ReservedBits {
        /// Which byte.
        field: Field,
        /// Its value.
        value: u8,
    },
    /// QoS 3. Standard: MQTT 5.0 §3.3.1.2, §3.1.2.6, §3.8.3.1.
    #[error("QoS 3 in {field}")]
    QoS3 {
        /// Where: the first byte of PUBLISH, the Connect Flags, the Subscription Options.
        field: Field,
    },
    /// A PUBLISH of QoS 0 with the DUP flag. Standard: MQTT 5.0 §3.3.1.1.
    #[error("the DUP flag at QoS 0")]
    DupAtMostOnce,
    /// Will QoS without a Will. Standard: MQTT 5.0 §3.1.2.6.
    #[error("Will QoS without the Will Flag")]
    WillQoSWithoutWill,
    /// Will Retain without a Will. Standard: MQTT 5.0 §3.1.2.7.
    #[error("Will Retain without the Will Flag")]
    WillRetainWithoutWill,
    /// A password without a user name, which 3.x forbids. Standard: MQTT 3.1.1 §3.1.2.9.
    #[error("a password without a user name")]
    PasswordWithoutUserName,
    /// Authentication Data without Authentication Method in CONNECT. Standard: MQTT 5.0 §3.1.2.11.10.
    #[error("Authentication Data without Authentication Method")]
    AuthenticationDataWithoutMethod,
    /// Session Present in a CONNACK that refuses. Standard: MQTT 5.0 §3.2.2.1.1.
    #[error("Session Present with an error code")]
    SessionPresentWithError,
    /// Packet Identifier 0. Standard: MQTT 5.0 §2.2.1.
    #[error("{packet_type} with Packet Identifier 0")]
    PacketIdentifierZero {
        /// In which packet.
        packet_type: PacketType,
    },
    /// A SUBSCRIBE, UNSUBSCRIBE, SUBACK or UNSUBACK with an empty list.
    #[error("{packet_type} with an empty list")]
    EmptyList {
        /// Which packet.
        packet_type: PacketType,
    },
    /// Retain Handling 3. Standard: MQTT 5.0 §3.8.3.1.
    #[error("Retain Handling 3")]
    RetainHandling3,
    /// A code that the packet may not carry. Standard: MQTT 5.0 §2.4.
    #[error("{packet_type} may not carry code {code:#04x}")]
    InvalidReasonCode {
        /// Which packet.
        packet_type: PacketType,
        /// The code.
        code: u8,
    },
    /// No property has this identifier. Standard: MQTT 5.0 §2.2.2.2.
    #[error("no property has the identifier at byte {at}")]
    UnknownProperty {
        /// Where the identifier stands.
        at: u32,
    },
    /// The packet may not carry this property. Standard: MQTT 5.0 §2.2.2.2.
    #[error("{property}, at byte {at}, may not stand here")]
    PropertyNotAllowed {
        /// The property.
        property: Field,
        /// Where its identifier stands.
        at: u32,
    },
    /// A property that may stand once stands twice.
    #[error("{property} for the second time, at byte {at}")]
    RepeatedProperty {
        /// The property.
        property: Field,
        /// Where the second one's identifier stands.
        at: u32,
    },
    /// A property has a value that it may not have.
    #[error("{property} may not be {value}")]
    PropertyValue {
        /// The property.
        property: Field,
        /// Its value.
        value: u32,
    },
}

/// The Protocol Name of a CONNECT whose version is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProtocolName {
    /// `MQTT`: 3.1.1 and later.
    Mqtt,
    /// `MQIsdp`: 3.1.
    Mqisdp,
    /// No name of MQTT.
    Other,
}

impl core::fmt::Display for ProtocolName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Mqtt => "MQTT",
            Self::Mqisdp => "MQIsdp",
            Self::Other => "of another protocol",
        })
    }
}

impl DecodeError {
    /// What DISCONNECT or CONNACK says of it: Malformed Packet for what cannot be parsed, Protocol Error or a code of its own
    /// for what can be parsed and is not allowed. Standard: MQTT 5.0 §4.13.
    #[must_use]
    pub const fn reason_code(self) -> ReasonCode {
        match self {
            Self::ReservedPacketType { .. }
            | Self::FixedHeaderFlags { .. }
            | Self::VariableByteInteger { .. }
            | Self::Truncated { .. }
            | Self::TrailingBytes { .. }
            | Self::Utf8 { .. }
            | Self::NullCharacter { .. }
            | Self::EmptyTopicFilter { .. }
            | Self::MultiLevelWildcard { .. }
            | Self::SingleLevelWildcard { .. }
            | Self::EmptyShareName { .. }
            | Self::ShareNameWildcard { .. }
            | Self::ShareWithoutFilter { .. }
            | Self::ReservedBits { .. }
            | Self::DupAtMostOnce
            | Self::WillQoSWithoutWill
            | Self::WillRetainWithoutWill
            | Self::PasswordWithoutUserName
            | Self::UnknownProperty { .. }
            | Self::PropertyNotAllowed { .. } => ReasonCode::MalformedPacket,
            Self::NoTopic
            | Self::AuthenticationDataWithoutMethod
            | Self::SessionPresentWithError
            | Self::PacketIdentifierZero { .. }
            | Self::EmptyList { .. }
            | Self::RetainHandling3
            | Self::InvalidReasonCode { .. }
            | Self::RepeatedProperty { .. }
            | Self::TopicWildcard {
                field: Field::ResponseTopic,
                ..
            }
            | Self::EmptyTopic {
                field: Field::ResponseTopic,
            }
            | Self::QoS3 {
                field: Field::SubscriptionOptions,
            } => ReasonCode::ProtocolError,
            Self::TopicWildcard { .. } | Self::EmptyTopic { .. } | Self::QoS3 { .. } => {
                ReasonCode::MalformedPacket
            }
            Self::PropertyValue {
                property: Field::TopicAlias,
                ..
            } => ReasonCode::TopicAliasInvalid,
            Self::PropertyValue { .. } => ReasonCode::ProtocolError,
            Self::PacketTooLarge { .. } => ReasonCode::PacketTooLarge,
            Self::UnsupportedProtocolVersion { .. } => ReasonCode::UnsupportedProtocolVersion,
        }
    }
}

#[cfg(feature = "std")]
impl From<DecodeError> for std::io::Error {
    /// Of the kind `InvalidData`.
    fn from(error: DecodeError) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, error)
    }
}
