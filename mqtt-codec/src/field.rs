use core::fmt;

/// Declares [`Field`]: the name in the standard beside each.
macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident = $value:literal, $name:literal;)+) => {
        /// A field of a packet, by its name in the standard.
        ///
        /// A property has its identifier as its number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Field { $(#[doc = $name] $field = $value,)+ }

        impl Field {
            /// The name in the standard.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$field => $name,)+ }
            }

            const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($value => Some(Self::$field),)+
                    _ => None,
                }
            }
        }
    };
}

fields! {
    PayloadFormatIndicator = 0x01, "Payload Format Indicator";
    MessageExpiryInterval = 0x02, "Message Expiry Interval";
    ContentType = 0x03, "Content Type";
    ResponseTopic = 0x08, "Response Topic";
    CorrelationData = 0x09, "Correlation Data";
    SubscriptionIdentifier = 0x0B, "Subscription Identifier";
    SessionExpiryInterval = 0x11, "Session Expiry Interval";
    AssignedClientIdentifier = 0x12, "Assigned Client Identifier";
    ServerKeepAlive = 0x13, "Server Keep Alive";
    AuthenticationMethod = 0x15, "Authentication Method";
    AuthenticationData = 0x16, "Authentication Data";
    RequestProblemInformation = 0x17, "Request Problem Information";
    WillDelayInterval = 0x18, "Will Delay Interval";
    RequestResponseInformation = 0x19, "Request Response Information";
    ResponseInformation = 0x1A, "Response Information";
    ServerReference = 0x1C, "Server Reference";
    ReasonString = 0x1F, "Reason String";
    ReceiveMaximum = 0x21, "Receive Maximum";
    TopicAliasMaximum = 0x22, "Topic Alias Maximum";
    TopicAlias = 0x23, "Topic Alias";
    MaximumQoS = 0x24, "Maximum QoS";
    RetainAvailable = 0x25, "Retain Available";
    UserProperty = 0x26, "User Property";
    MaximumPacketSize = 0x27, "Maximum Packet Size";
    WildcardSubscriptionAvailable = 0x28, "Wildcard Subscription Available";
    SubscriptionIdentifierAvailable = 0x29, "Subscription Identifier Available";
    SharedSubscriptionAvailable = 0x2A, "Shared Subscription Available";

    PacketTypeAndFlags = 0x80, "Packet Type and Flags";
    RemainingLength = 0x81, "Remaining Length";
    ProtocolName = 0x82, "Protocol Name";
    ProtocolVersion = 0x83, "Protocol Version";
    ConnectFlags = 0x84, "Connect Flags";
    KeepAlive = 0x85, "Keep Alive";
    PropertyLength = 0x86, "Property Length";
    PropertyIdentifier = 0x87, "Property Identifier";
    ClientIdentifier = 0x88, "Client Identifier";
    WillTopic = 0x89, "Will Topic";
    WillPayload = 0x8A, "Will Payload";
    UserName = 0x8B, "User Name";
    Password = 0x8C, "Password";
    ConnectAcknowledgeFlags = 0x8D, "Connect Acknowledge Flags";
    ReasonCode = 0x8E, "Reason Code";
    TopicName = 0x8F, "Topic Name";
    PacketIdentifier = 0x90, "Packet Identifier";
    Payload = 0x91, "Payload";
    TopicFilter = 0x92, "Topic Filter";
    SubscriptionOptions = 0x93, "Subscription Options";
}

impl Field {
    /// The identifier, when it is a property. Standard: MQTT 5.0 §2.2.2.2.
    #[must_use]
    #[inline]
    pub const fn property_identifier(self) -> Option<u8> {
        match self as u8 {
            id @ ..0x80 => Some(id),
            _ => None,
        }
    }

    /// The property of an identifier. Standard: MQTT 5.0 §2.2.2.2.
    #[must_use]
    pub const fn from_property_identifier(id: u8) -> Option<Self> {
        match id {
            ..0x80 => Self::from_number(id),
            _ => None,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
