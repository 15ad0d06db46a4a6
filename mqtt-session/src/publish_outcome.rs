use alloc::boxed::Box;

use mqtt_codec::QoS;
use mqtt_codec::reason_code::PublishReasonCode;

use crate::{Message, PublishToken};

/// What became of a message that was published with QoS 1 or 2. Each has one outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishOutcome {
    /// The exchange is over: PUBACK, PUBCOMP, or a PUBREC of 0x80 or above.
    Acknowledged {
        /// Which message.
        token: PublishToken,
        /// What the peer says; of 0x80 and above it has refused the message.
        reason: PublishReasonCode,
    },
    /// The exchange cannot go on. Whether the peer has the message is not known.
    Abandoned {
        /// Which message.
        token: PublishToken,
        /// The message; `None` when PUBREC has come and it was the peer's to keep.
        message: Option<Box<Message>>,
        /// Why.
        cause: AbandonCause,
    },
}

/// Why an exchange was abandoned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AbandonCause {
    /// The session ended, at one end or the other.
    SessionEnded,
    /// The peer takes smaller packets on this connection than it did when the message was published.
    TooLarge,
    /// The server takes no message of this QoS, or none that is retained, on this connection, and did when the message was
    /// published [MQTT-3.2.2-11] [MQTT-3.2.2-14].
    NotSupported,
}

/// Why a message was not published. Nothing was sent and nothing is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// There is no connection, or CONNACK has not come.
    #[error("not connected")]
    NotConnected,
    /// The peer's Receive Maximum, or our own limit, is in use; try again after the next acknowledgement.
    #[error("{limit} publishes already await acknowledgement")]
    QuotaExhausted {
        /// How many may be open.
        limit: u16,
    },
    /// What an earlier connection left unacknowledged has to go first; try again after the next acknowledgement or when
    /// something was written.
    #[error("messages of an earlier connection have to be sent again first")]
    Resuming,
    /// All Packet Identifiers are in use.
    #[error("no Packet Identifier is free")]
    NoPacketId,
    /// The send buffer is at its limit; try again when something was written.
    #[error("the send buffer holds its limit of {limit} bytes")]
    SendBufferFull {
        /// Bytes.
        limit: usize,
    },
    /// The packet is larger than the peer takes [MQTT-3.2.2-15], or than the protocol can express.
    #[error("a packet of {len:?} bytes, where the peer takes {maximum}")]
    TooLarge {
        /// Bytes of the packet; `None` when the protocol cannot express it.
        len: Option<usize>,
        /// Bytes that the peer takes.
        maximum: u32,
    },
    /// The server takes no message of this QoS [MQTT-3.2.2-11].
    #[error("the server takes at most {maximum:?}")]
    QoSNotSupported {
        /// The highest that it takes.
        maximum: QoS,
    },
    /// The server keeps no retained messages [MQTT-3.2.2-14].
    #[error("the server takes no retained messages")]
    RetainNotSupported,
}
