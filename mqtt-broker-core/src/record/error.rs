use core::fmt;

/// Why bytes are no [`Record`](crate::Record).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// A newer version of this software wrote it; nothing is wrong with it.
    #[error("written in format {found}; this version reads up to format {supported}")]
    NewerVersion {
        /// The format version of the record.
        found: u8,
        /// The newest that is known here.
        supported: u8,
    },
    /// No record of this format version begins so.
    #[error("no kind of record has the number {kind}")]
    UnknownKind {
        /// The second byte.
        kind: u8,
    },
    /// The bytes end before the field does.
    #[error("the record ends in its {field}, which begins at byte {offset}")]
    Truncated {
        /// Which field.
        field: RecordField,
        /// Where it begins, counted from the record's first byte.
        offset: usize,
    },
    /// The field holds what it cannot hold.
    #[error("no {field} is what stands at byte {offset}")]
    Invalid {
        /// Which field.
        field: RecordField,
        /// Where it begins, counted from the record's first byte.
        offset: usize,
    },
}

/// Declares the fields with their names.
macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident = $name:literal,)+) => {
        /// A field of an encoded [`Record`](crate::Record).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum RecordField { $($(#[$doc])* $field,)+ }

        impl RecordField {
            /// Its name, for logs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$field => $name,)+ }
            }
        }
    };
}

fields! {
    /// The first byte.
    FormatVersion = "format version",
    /// The second byte.
    Kind = "kind",
    /// Whose.
    ClientId = "client identifier",
    /// Of the session's last connection.
    ProtocolVersion = "protocol version",
    /// What else is there.
    Flags = "flags",
    /// Of a session or a publisher.
    Principal = "principal",
    /// Of a session.
    ExpiryInterval = "session expiry interval",
    /// Of a session.
    DisconnectedAt = "time of disconnection",
    /// Of a subscription.
    Filter = "topic filter",
    /// Of a subscription.
    Options = "subscription options",
    /// Of a subscription or a queued message.
    SubscriptionIdentifier = "subscription identifier",
    /// The name of a message.
    MessageId = "message identifier",
    /// Of a message.
    ExpiresAt = "time of expiry",
    /// The Client Identifier of a message's publisher.
    Publisher = "publisher",
    /// Of a message or a will.
    Topic = "topic name",
    /// Of a message or a will.
    Payload = "payload",
    /// The identifier of a property.
    PropertyIdentifier = "property identifier",
    /// The value of a property.
    Property = "property",
    /// A place in a queue.
    Sequence = "sequence",
    /// Of an exchange.
    PacketId = "packet identifier",
}

impl fmt::Display for RecordField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
