//! Reason Codes: one enum per packet with the codes that it may carry, and one of all. Standard: MQTT 5.0 §2.4.

use core::fmt;

/// Declares an enum of reason codes: the codes that one kind of packet may carry.
macro_rules! reason_codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$code_doc:meta])* $code:ident = $value:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$code_doc])* $code = $value,)+ }

        impl $name {
            /// All of them, in the order of their values.
            pub const ALL: &'static [Self] = &[$(Self::$code,)+];

            /// The code of a byte; `None` when the packet may not carry it.
            #[must_use]
            #[inline]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($value => Some(Self::$code),)+
                    _ => None,
                }
            }

            /// The byte on the wire.
            #[must_use]
            #[inline]
            pub const fn byte(self) -> u8 {
                self as u8
            }

            /// Whether it tells of a failure: 0x80 and above. Standard: MQTT 5.0 §2.4.
            #[must_use]
            #[inline]
            pub const fn is_error(self) -> bool {
                self as u8 >= 0x80
            }
        }
    };
}

reason_codes! {
    /// Every Reason Code of MQTT 5.0, for logs and counters. Standard: MQTT 5.0 §2.4.
    ///
    /// Packets carry an enum of their own with the codes that they may carry; each converts into this one.
    ReasonCode {
        /// Success; Normal disconnection; Granted QoS 0.
        Success = 0x00,
        /// Granted QoS 1.
        GrantedQoS1 = 0x01,
        /// Granted QoS 2.
        GrantedQoS2 = 0x02,
        /// Disconnect with Will Message.
        DisconnectWithWillMessage = 0x04,
        /// No matching subscribers.
        NoMatchingSubscribers = 0x10,
        /// No subscription existed.
        NoSubscriptionExisted = 0x11,
        /// Continue authentication.
        ContinueAuthentication = 0x18,
        /// Re-authenticate.
        ReAuthenticate = 0x19,
        /// Unspecified error.
        UnspecifiedError = 0x80,
        /// Malformed Packet.
        MalformedPacket = 0x81,
        /// Protocol Error.
        ProtocolError = 0x82,
        /// Implementation specific error.
        ImplementationSpecificError = 0x83,
        /// Unsupported Protocol Version.
        UnsupportedProtocolVersion = 0x84,
        /// Client Identifier not valid.
        ClientIdentifierNotValid = 0x85,
        /// Bad User Name or Password.
        BadUserNameOrPassword = 0x86,
        /// Not authorized.
        NotAuthorized = 0x87,
        /// Server unavailable.
        ServerUnavailable = 0x88,
        /// Server busy.
        ServerBusy = 0x89,
        /// Banned.
        Banned = 0x8A,
        /// Server shutting down.
        ServerShuttingDown = 0x8B,
        /// Bad authentication method.
        BadAuthenticationMethod = 0x8C,
        /// Keep Alive timeout.
        KeepAliveTimeout = 0x8D,
        /// Session taken over.
        SessionTakenOver = 0x8E,
        /// Topic Filter invalid.
        TopicFilterInvalid = 0x8F,
        /// Topic Name invalid.
        TopicNameInvalid = 0x90,
        /// Packet Identifier in use.
        PacketIdentifierInUse = 0x91,
        /// Packet Identifier not found.
        PacketIdentifierNotFound = 0x92,
        /// Receive Maximum exceeded.
        ReceiveMaximumExceeded = 0x93,
        /// Topic Alias invalid.
        TopicAliasInvalid = 0x94,
        /// Packet too large.
        PacketTooLarge = 0x95,
        /// Message rate too high.
        MessageRateTooHigh = 0x96,
        /// Quota exceeded.
        QuotaExceeded = 0x97,
        /// Administrative action.
        AdministrativeAction = 0x98,
        /// Payload format invalid.
        PayloadFormatInvalid = 0x99,
        /// Retain not supported.
        RetainNotSupported = 0x9A,
        /// QoS not supported.
        QoSNotSupported = 0x9B,
        /// Use another server.
        UseAnotherServer = 0x9C,
        /// Server moved.
        ServerMoved = 0x9D,
        /// Shared Subscriptions not supported.
        SharedSubscriptionsNotSupported = 0x9E,
        /// Connection rate exceeded.
        ConnectionRateExceeded = 0x9F,
        /// Maximum connect time.
        MaximumConnectTime = 0xA0,
        /// Subscription Identifiers not supported.
        SubscriptionIdentifiersNotSupported = 0xA1,
        /// Wildcard Subscriptions not supported.
        WildcardSubscriptionsNotSupported = 0xA2,
    }
}

impl ReasonCode {
    /// The name that the standard gives the code; for 0x00 "Success".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::GrantedQoS1 => "Granted QoS 1",
            Self::GrantedQoS2 => "Granted QoS 2",
            Self::DisconnectWithWillMessage => "Disconnect with Will Message",
            Self::NoMatchingSubscribers => "No matching subscribers",
            Self::NoSubscriptionExisted => "No subscription existed",
            Self::ContinueAuthentication => "Continue authentication",
            Self::ReAuthenticate => "Re-authenticate",
            Self::UnspecifiedError => "Unspecified error",
            Self::MalformedPacket => "Malformed Packet",
            Self::ProtocolError => "Protocol Error",
            Self::ImplementationSpecificError => "Implementation specific error",
            Self::UnsupportedProtocolVersion => "Unsupported Protocol Version",
            Self::ClientIdentifierNotValid => "Client Identifier not valid",
            Self::BadUserNameOrPassword => "Bad User Name or Password",
            Self::NotAuthorized => "Not authorized",
            Self::ServerUnavailable => "Server unavailable",
            Self::ServerBusy => "Server busy",
            Self::Banned => "Banned",
            Self::ServerShuttingDown => "Server shutting down",
            Self::BadAuthenticationMethod => "Bad authentication method",
            Self::KeepAliveTimeout => "Keep Alive timeout",
            Self::SessionTakenOver => "Session taken over",
            Self::TopicFilterInvalid => "Topic Filter invalid",
            Self::TopicNameInvalid => "Topic Name invalid",
            Self::PacketIdentifierInUse => "Packet Identifier in use",
            Self::PacketIdentifierNotFound => "Packet Identifier not found",
            Self::ReceiveMaximumExceeded => "Receive Maximum exceeded",
            Self::TopicAliasInvalid => "Topic Alias invalid",
            Self::PacketTooLarge => "Packet too large",
            Self::MessageRateTooHigh => "Message rate too high",
            Self::QuotaExceeded => "Quota exceeded",
            Self::AdministrativeAction => "Administrative action",
            Self::PayloadFormatInvalid => "Payload format invalid",
            Self::RetainNotSupported => "Retain not supported",
            Self::QoSNotSupported => "QoS not supported",
            Self::UseAnotherServer => "Use another server",
            Self::ServerMoved => "Server moved",
            Self::SharedSubscriptionsNotSupported => "Shared Subscriptions not supported",
            Self::ConnectionRateExceeded => "Connection rate exceeded",
            Self::MaximumConnectTime => "Maximum connect time",
            Self::SubscriptionIdentifiersNotSupported => "Subscription Identifiers not supported",
            Self::WildcardSubscriptionsNotSupported => "Wildcard Subscriptions not supported",
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:02X})", self.name(), self.byte())
    }
}

/// Declares the codes of one packet, by their names in [`ReasonCode`].
macro_rules! packet_reason_codes {
    ($(#[$doc:meta])* $name:ident { $($code:ident = $value:literal,)+ }) => {
        reason_codes! {
            $(#[$doc])*
            $name { $(#[doc = concat!("[`ReasonCode::", stringify!($code), "`]")] $code = $value,)+ }
        }

        impl From<$name> for ReasonCode {
            fn from(code: $name) -> Self {
                match code { $($name::$code => Self::$code,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                ReasonCode::from(*self).fmt(f)
            }
        }
    };
}

packet_reason_codes! {
    /// What CONNACK may say [MQTT-3.2.2-8]. In 3.x it stands for a Connect Return code.
    ConnectReasonCode {
        Success = 0x00, UnspecifiedError = 0x80, MalformedPacket = 0x81, ProtocolError = 0x82,
        ImplementationSpecificError = 0x83, UnsupportedProtocolVersion = 0x84, ClientIdentifierNotValid = 0x85,
        BadUserNameOrPassword = 0x86, NotAuthorized = 0x87, ServerUnavailable = 0x88, ServerBusy = 0x89, Banned = 0x8A,
        BadAuthenticationMethod = 0x8C, TopicNameInvalid = 0x90, PacketTooLarge = 0x95, QuotaExceeded = 0x97,
        PayloadFormatInvalid = 0x99, RetainNotSupported = 0x9A, QoSNotSupported = 0x9B, UseAnotherServer = 0x9C,
        ServerMoved = 0x9D, ConnectionRateExceeded = 0x9F,
    }
}

impl ConnectReasonCode {
    /// The Connect Return code of 3.x that says it: 0 to 5; `None` when none does, and the server then closes without a
    /// CONNACK [v3.1.1 MQTT-3.2.2-6].
    #[must_use]
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "3.x has six codes, whatever 5.0 adds"
    )]
    pub const fn return_code(self) -> Option<u8> {
        match self {
            Self::Success => Some(0),
            Self::UnsupportedProtocolVersion => Some(1),
            Self::ClientIdentifierNotValid => Some(2),
            Self::ServerUnavailable
            | Self::ServerBusy
            | Self::QuotaExceeded
            | Self::ConnectionRateExceeded => Some(3),
            Self::BadUserNameOrPassword => Some(4),
            Self::NotAuthorized | Self::Banned => Some(5),
            _ => None,
        }
    }

    /// The code for a Connect Return code of 3.x.
    #[must_use]
    pub const fn from_return_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Success),
            1 => Some(Self::UnsupportedProtocolVersion),
            2 => Some(Self::ClientIdentifierNotValid),
            3 => Some(Self::ServerUnavailable),
            4 => Some(Self::BadUserNameOrPassword),
            5 => Some(Self::NotAuthorized),
            _ => None,
        }
    }
}

packet_reason_codes! {
    /// What PUBACK and PUBREC may say [MQTT-3.4.2-1] [MQTT-3.5.2-1].
    PublishReasonCode {
        Success = 0x00, NoMatchingSubscribers = 0x10, UnspecifiedError = 0x80, ImplementationSpecificError = 0x83,
        NotAuthorized = 0x87, TopicNameInvalid = 0x90, PacketIdentifierInUse = 0x91, QuotaExceeded = 0x97,
        PayloadFormatInvalid = 0x99,
    }
}

packet_reason_codes! {
    /// What PUBREL and PUBCOMP may say [MQTT-3.6.2-1] [MQTT-3.7.2-1].
    ReleaseReasonCode { Success = 0x00, PacketIdentifierNotFound = 0x92, }
}

packet_reason_codes! {
    /// What SUBACK may say of a Topic Filter [MQTT-3.9.3-2]. 3.1.1 has the grants and 0x80 [v3.1.1 MQTT-3.9.3-2].
    SubscribeReasonCode {
        Success = 0x00, GrantedQoS1 = 0x01, GrantedQoS2 = 0x02, UnspecifiedError = 0x80,
        ImplementationSpecificError = 0x83, NotAuthorized = 0x87, TopicFilterInvalid = 0x8F,
        PacketIdentifierInUse = 0x91, QuotaExceeded = 0x97, SharedSubscriptionsNotSupported = 0x9E,
        SubscriptionIdentifiersNotSupported = 0xA1, WildcardSubscriptionsNotSupported = 0xA2,
    }
}

impl SubscribeReasonCode {
    /// The grant of a QoS.
    #[must_use]
    pub const fn granted(qos: crate::QoS) -> Self {
        match qos {
            crate::QoS::AtMostOnce => Self::Success,
            crate::QoS::AtLeastOnce => Self::GrantedQoS1,
            crate::QoS::ExactlyOnce => Self::GrantedQoS2,
        }
    }
}

packet_reason_codes! {
    /// What UNSUBACK may say of a Topic Filter [MQTT-3.11.3-2].
    UnsubscribeReasonCode {
        Success = 0x00, NoSubscriptionExisted = 0x11, UnspecifiedError = 0x80, ImplementationSpecificError = 0x83,
        NotAuthorized = 0x87, TopicFilterInvalid = 0x8F, PacketIdentifierInUse = 0x91,
    }
}

packet_reason_codes! {
    /// What DISCONNECT may say [MQTT-3.14.2-1]. `Success` is Normal disconnection. `BadAuthenticationMethod` stands in one
    /// of the standard's two tables only: it is taken from a peer and never sent.
    DisconnectReasonCode {
        Success = 0x00, DisconnectWithWillMessage = 0x04, UnspecifiedError = 0x80, MalformedPacket = 0x81,
        ProtocolError = 0x82, ImplementationSpecificError = 0x83, NotAuthorized = 0x87, ServerBusy = 0x89,
        ServerShuttingDown = 0x8B, BadAuthenticationMethod = 0x8C, KeepAliveTimeout = 0x8D, SessionTakenOver = 0x8E,
        TopicFilterInvalid = 0x8F, TopicNameInvalid = 0x90, ReceiveMaximumExceeded = 0x93, TopicAliasInvalid = 0x94,
        PacketTooLarge = 0x95, MessageRateTooHigh = 0x96, QuotaExceeded = 0x97, AdministrativeAction = 0x98,
        PayloadFormatInvalid = 0x99, RetainNotSupported = 0x9A, QoSNotSupported = 0x9B, UseAnotherServer = 0x9C,
        ServerMoved = 0x9D, SharedSubscriptionsNotSupported = 0x9E, ConnectionRateExceeded = 0x9F,
        MaximumConnectTime = 0xA0, SubscriptionIdentifiersNotSupported = 0xA1,
        WildcardSubscriptionsNotSupported = 0xA2,
    }
}

packet_reason_codes! {
    /// What AUTH may say [MQTT-3.15.2-1].
    AuthReasonCode { Success = 0x00, ContinueAuthentication = 0x18, ReAuthenticate = 0x19, }
}
