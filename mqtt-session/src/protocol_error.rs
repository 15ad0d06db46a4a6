use mqtt_codec::property::TopicAlias;
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{PacketId, PacketType, ReasonCode, Version};

/// The peer sent a packet that can be parsed and broke a rule with it. Standard: MQTT 5.0 §4.13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// CONNECT on a connection that has one.
    #[error("a second CONNECT")]
    SecondConnect,
    /// A packet that this side does not take, or not yet, or not any more.
    #[error("{0} from this side or in this state of the connection")]
    UnexpectedPacket(PacketType),
    /// More QoS 1 and 2 PUBLISHes are open than we take.
    #[error("more than {limit} QoS 1 and 2 PUBLISH packets are open")]
    ReceiveMaximumExceeded {
        /// Our Receive Maximum.
        limit: u16,
    },
    /// An alias above our Topic Alias Maximum.
    #[error("Topic Alias {} is above the maximum of {maximum}", alias.get())]
    TopicAliasInvalid {
        /// The alias.
        alias: TopicAlias,
        /// Our Topic Alias Maximum.
        maximum: u16,
    },
    /// An alias without a Topic Name, for which none was given.
    #[error("Topic Alias {} stands for no Topic Name", alias.get())]
    UnknownTopicAlias {
        /// The alias.
        alias: TopicAlias,
    },
    /// A Subscription Identifier in a client's PUBLISH.
    #[error("a Subscription Identifier in a PUBLISH from a client")]
    SubscriptionIdentifierFromClient,
    /// No Local on a shared subscription.
    #[error("No Local on a shared subscription")]
    NoLocalOnShared,
    /// An acknowledgement of another kind than the exchange wants.
    #[error("{packet_type} for Packet Identifier {packet_id}, whose exchange wants another packet")]
    WrongAcknowledgement {
        /// What came.
        packet_type: PacketType,
        /// Of the exchange.
        packet_id: PacketId,
    },
    /// SUBACK or UNSUBACK for no request of ours.
    #[error("{packet_type} for Packet Identifier {packet_id}, under which nothing was asked")]
    UnknownRequest {
        /// What came.
        packet_type: PacketType,
        /// What it named.
        packet_id: PacketId,
    },
    /// SUBACK or UNSUBACK with more or fewer codes than Topic Filters were asked for.
    #[error("{codes} reason codes for {filters} Topic Filters")]
    ReasonCodeCount {
        /// How many came.
        codes: usize,
        /// How many were asked for.
        filters: usize,
    },
    /// A Reason String or User Property where the client asked for none.
    #[error("a Reason String or User Property in {0}, which the client asked to leave out")]
    UnwantedProblemInformation(PacketType),
    /// A Session Expiry Interval in DISCONNECT, where CONNECT had none or 0.
    #[error("a Session Expiry Interval in DISCONNECT after 0 in CONNECT")]
    SessionExpiryRaised,
    /// A Session Expiry Interval in a server's DISCONNECT.
    #[error("a Session Expiry Interval in a DISCONNECT from a server")]
    SessionExpiryFromServer,
    /// A Server Reference in a client's DISCONNECT.
    #[error("a Server Reference in a DISCONNECT from a client")]
    ServerReferenceFromClient,
    /// A reason code that only the other side may say in this packet.
    #[error("{packet_type} with {reason_code}, which is the other side's to say")]
    UnexpectedReasonCode {
        /// PUBACK, PUBREC or DISCONNECT.
        packet_type: PacketType,
        /// What it said.
        reason_code: ReasonCode,
    },
    /// Session Present for a session that we do not have.
    #[error("Session Present for a session that the client does not have")]
    UnknownSessionPresent,
    /// An empty Client Identifier, and no assigned one in CONNACK.
    #[error("no Assigned Client Identifier in CONNACK")]
    NoAssignedClientIdentifier,
    /// AUTH without an Authentication Method, or where CONNECT had none.
    #[error("AUTH without an Authentication Method in it or in CONNECT")]
    AuthWithoutMethod,
    /// Another Authentication Method than CONNECT's, or none in CONNACK.
    #[error("another Authentication Method than that of CONNECT")]
    AuthMethodChanged,
    /// An AUTH whose reason code does not fit the state of the authentication.
    #[error("an AUTH that does not fit the state of the authentication")]
    UnexpectedAuth,
    /// A PUBLISH above our Maximum QoS.
    #[error("a PUBLISH above the Maximum QoS")]
    QoSNotSupported,
    /// A retained PUBLISH, which we do not take.
    #[error("a retained PUBLISH to a server without retained messages")]
    RetainNotSupported,
    /// A shared subscription, which we do not offer.
    #[error("a shared subscription at a server without them")]
    SharedSubscriptionsNotSupported,
    /// A Subscription Identifier, which we do not offer.
    #[error("a Subscription Identifier at a server without them")]
    SubscriptionIdentifiersNotSupported,
    /// A wildcard in a Topic Filter, which we do not offer.
    #[error("a wildcard subscription at a server without them")]
    WildcardSubscriptionsNotSupported,
}

impl ProtocolError {
    /// What DISCONNECT says of it.
    #[must_use]
    pub const fn reason_code(self) -> DisconnectReasonCode {
        match self {
            Self::SecondConnect
            | Self::UnexpectedPacket(_)
            | Self::UnknownTopicAlias { .. }
            | Self::SubscriptionIdentifierFromClient
            | Self::NoLocalOnShared
            | Self::WrongAcknowledgement { .. }
            | Self::UnknownRequest { .. }
            | Self::ReasonCodeCount { .. }
            | Self::UnwantedProblemInformation(_)
            | Self::SessionExpiryRaised
            | Self::SessionExpiryFromServer
            | Self::ServerReferenceFromClient
            | Self::UnexpectedReasonCode { .. }
            | Self::UnknownSessionPresent
            | Self::NoAssignedClientIdentifier
            | Self::AuthWithoutMethod
            | Self::AuthMethodChanged
            | Self::UnexpectedAuth => DisconnectReasonCode::ProtocolError,
            Self::ReceiveMaximumExceeded { .. } => DisconnectReasonCode::ReceiveMaximumExceeded,
            Self::TopicAliasInvalid { .. } => DisconnectReasonCode::TopicAliasInvalid,
            Self::QoSNotSupported => DisconnectReasonCode::QoSNotSupported,
            Self::RetainNotSupported => DisconnectReasonCode::RetainNotSupported,
            Self::SharedSubscriptionsNotSupported => {
                DisconnectReasonCode::SharedSubscriptionsNotSupported
            }
            Self::SubscriptionIdentifiersNotSupported => {
                DisconnectReasonCode::SubscriptionIdentifiersNotSupported
            }
            Self::WildcardSubscriptionsNotSupported => {
                DisconnectReasonCode::WildcardSubscriptionsNotSupported
            }
        }
    }

    /// What CONNACK says of it, when it happens before CONNACK was sent.
    #[must_use]
    pub const fn connect_reason_code(self) -> ConnectReasonCode {
        match self {
            Self::QoSNotSupported => ConnectReasonCode::QoSNotSupported,
            Self::RetainNotSupported => ConnectReasonCode::RetainNotSupported,
            Self::SecondConnect
            | Self::UnexpectedPacket(_)
            | Self::ReceiveMaximumExceeded { .. }
            | Self::TopicAliasInvalid { .. }
            | Self::UnknownTopicAlias { .. }
            | Self::SubscriptionIdentifierFromClient
            | Self::NoLocalOnShared
            | Self::WrongAcknowledgement { .. }
            | Self::UnknownRequest { .. }
            | Self::ReasonCodeCount { .. }
            | Self::UnwantedProblemInformation(_)
            | Self::SessionExpiryRaised
            | Self::SessionExpiryFromServer
            | Self::ServerReferenceFromClient
            | Self::UnexpectedReasonCode { .. }
            | Self::UnknownSessionPresent
            | Self::NoAssignedClientIdentifier
            | Self::AuthWithoutMethod
            | Self::AuthMethodChanged
            | Self::UnexpectedAuth
            | Self::SharedSubscriptionsNotSupported
            | Self::SubscriptionIdentifiersNotSupported
            | Self::WildcardSubscriptionsNotSupported => ConnectReasonCode::ProtocolError,
        }
    }

    /// The normative statement of a version's standard that the peer broke; `None` when the rule stands in the text
    /// without a number, as all of 3.1 do.
    #[must_use]
    pub const fn statement(self, version: Version) -> Option<&'static str> {
        match version {
            Version::V3_1 => None,
            Version::V3_1_1 => self.statement_v3_1_1(),
            Version::V5_0 => self.statement_v5_0(),
        }
    }

    const fn statement_v3_1_1(self) -> Option<&'static str> {
        match self {
            Self::SecondConnect => Some("MQTT-3.1.0-2"),
            Self::UnexpectedPacket(PacketType::Connack) => Some("MQTT-3.2.0-1"),
            Self::WrongAcknowledgement { .. } => Some("MQTT-2.3.1-6"),
            Self::UnknownRequest { .. } => Some("MQTT-2.3.1-7"),
            Self::ReasonCodeCount { .. } => Some("MQTT-3.8.4-5"),
            // Every other violation has this rule alone to say that it ends the connection.
            Self::UnexpectedPacket(_) => Some("MQTT-4.8.0-1"),
            Self::ReceiveMaximumExceeded { .. }
            | Self::TopicAliasInvalid { .. }
            | Self::UnknownTopicAlias { .. }
            | Self::SubscriptionIdentifierFromClient
            | Self::NoLocalOnShared
            | Self::UnwantedProblemInformation(_)
            | Self::SessionExpiryRaised
            | Self::SessionExpiryFromServer
            | Self::ServerReferenceFromClient
            | Self::UnexpectedReasonCode { .. }
            | Self::UnknownSessionPresent
            | Self::NoAssignedClientIdentifier
            | Self::AuthWithoutMethod
            | Self::AuthMethodChanged
            | Self::UnexpectedAuth
            | Self::QoSNotSupported
            | Self::RetainNotSupported
            | Self::SharedSubscriptionsNotSupported
            | Self::SubscriptionIdentifiersNotSupported
            | Self::WildcardSubscriptionsNotSupported => None,
        }
    }

    const fn statement_v5_0(self) -> Option<&'static str> {
        match self {
            Self::SecondConnect => Some("MQTT-3.1.0-2"),
            Self::UnexpectedPacket(PacketType::Connack) => Some("MQTT-3.2.0-2"),
            Self::ReceiveMaximumExceeded { .. } => Some("MQTT-4.9.0-2"),
            Self::TopicAliasInvalid { .. } => Some("MQTT-3.3.2-9"),
            Self::SubscriptionIdentifierFromClient => Some("MQTT-3.3.4-6"),
            Self::NoLocalOnShared => Some("MQTT-3.8.3-4"),
            Self::WrongAcknowledgement { .. } => Some("MQTT-2.2.1-5"),
            Self::UnknownRequest { .. } => Some("MQTT-2.2.1-6"),
            Self::ReasonCodeCount { .. } => Some("MQTT-3.8.4-6"),
            Self::UnwantedProblemInformation(_) => Some("MQTT-3.1.2-29"),
            Self::SessionExpiryFromServer => Some("MQTT-3.14.2-2"),
            Self::UnexpectedReasonCode { packet_type, .. } => unexpected_reason_code(packet_type),
            Self::UnknownSessionPresent => Some("MQTT-3.2.2-4"),
            Self::NoAssignedClientIdentifier => Some("MQTT-3.1.3-7"),
            Self::AuthWithoutMethod => Some("MQTT-4.12.0-7"),
            Self::AuthMethodChanged => Some("MQTT-4.12.0-5"),
            Self::QoSNotSupported => Some("MQTT-3.2.2-11"),
            Self::RetainNotSupported => Some("MQTT-3.2.2-14"),
            Self::UnexpectedPacket(_)
            | Self::UnknownTopicAlias { .. }
            | Self::SessionExpiryRaised
            | Self::ServerReferenceFromClient
            | Self::UnexpectedAuth
            | Self::SharedSubscriptionsNotSupported
            | Self::SubscriptionIdentifiersNotSupported
            | Self::WildcardSubscriptionsNotSupported => None,
        }
    }
}

/// The list of the packet's codes says whose each is.
const fn unexpected_reason_code(packet_type: PacketType) -> Option<&'static str> {
    match packet_type {
        PacketType::Puback => Some("MQTT-3.4.2-1"),
        PacketType::Pubrec => Some("MQTT-3.5.2-1"),
        PacketType::Disconnect => Some("MQTT-3.14.2-1"),
        PacketType::Connect
        | PacketType::Connack
        | PacketType::Publish
        | PacketType::Pubrel
        | PacketType::Pubcomp
        | PacketType::Subscribe
        | PacketType::Suback
        | PacketType::Unsubscribe
        | PacketType::Unsuback
        | PacketType::Pingreq
        | PacketType::Pingresp
        | PacketType::Auth => None,
    }
}
