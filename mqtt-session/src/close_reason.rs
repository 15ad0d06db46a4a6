use core::fmt;

use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{DecodeError, ReasonCode, Version};

use crate::{ProtocolError, Role};

/// Why a connection ended.
///
/// Its text is for logs. It names the broken statement by its number in 5.0; for that of another version see
/// [`statement`](Self::statement).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer sent bytes that are not MQTT.
    Malformed(DecodeError),
    /// The peer broke a rule.
    Protocol(ProtocolError),
    /// The client was silent for one and a half times its Keep Alive, or the server did not answer PINGREQ.
    KeepAliveTimeout,
    /// The peer sent DISCONNECT.
    PeerDisconnected {
        /// Why.
        reason: DisconnectReasonCode,
    },
    /// The network connection was lost, or the peer closed it without a word.
    ConnectionLost,
    /// CONNACK refused the connection: the server's to us, or ours to the client.
    Refused(ConnectReasonCode),
    /// CONNECT or CONNACK did not come in time.
    ConnectTimeout,
    /// Our caller asked for it.
    Requested,
    /// Another connection with the same Client Identifier took the session over.
    TakenOver,
    /// The peer does not take what waits to be written: the send buffer is at its bound, or made no progress.
    SlowPeer,
    /// We are shutting down.
    ServerShuttingDown,
    /// Closed by this side with this reason code: a limit or a right of its own.
    Disconnected {
        /// What DISCONNECT says in 5.0.
        reason: DisconnectReasonCode,
    },
    /// What the connection needs could not be stored.
    StorageFailed,
}

impl CloseReason {
    /// What the DISCONNECT says that goes before the close; `None` when none is sent, since the peer has left, is not
    /// there, or got a CONNACK instead. A client says nothing that only a server may.
    #[must_use]
    pub fn disconnect_reason_code(self, role: Role) -> Option<DisconnectReasonCode> {
        let code = match self {
            Self::Malformed(error) => decode_reason_code(error),
            Self::Protocol(error) => error.reason_code(),
            Self::KeepAliveTimeout => DisconnectReasonCode::KeepAliveTimeout,
            Self::PeerDisconnected { .. }
            | Self::ConnectionLost
            | Self::Refused(_)
            | Self::ConnectTimeout => {
                return None;
            }
            Self::Requested => DisconnectReasonCode::Success,
            Self::TakenOver => DisconnectReasonCode::SessionTakenOver,
            Self::SlowPeer => DisconnectReasonCode::UnspecifiedError,
            Self::ServerShuttingDown => DisconnectReasonCode::ServerShuttingDown,
            Self::Disconnected { reason } => reason,
            Self::StorageFailed => DisconnectReasonCode::ImplementationSpecificError,
        };
        match role {
            Role::Client if !is_from_client(code) => Some(DisconnectReasonCode::UnspecifiedError),
            Role::Client | Role::Server => Some(code),
        }
    }

    /// What the CONNACK says that goes before the close when there was none yet; `None` when none is sent.
    #[must_use]
    pub fn connect_reason_code(self) -> Option<ConnectReasonCode> {
        match self {
            Self::Malformed(error) => {
                let code = ConnectReasonCode::from_byte(error.reason_code().byte());
                Some(code.unwrap_or(ConnectReasonCode::ProtocolError))
            }
            Self::Protocol(error) => Some(error.connect_reason_code()),
            Self::Refused(reason) => Some(reason),
            Self::Disconnected { reason } => Some(in_connack(reason)),
            Self::ServerShuttingDown | Self::StorageFailed => {
                Some(ConnectReasonCode::ServerUnavailable)
            }
            Self::KeepAliveTimeout
            | Self::PeerDisconnected { .. }
            | Self::ConnectionLost
            | Self::ConnectTimeout
            | Self::Requested
            | Self::TakenOver
            | Self::SlowPeer => None,
        }
    }

    /// Whether the client has left in order, so that the server drops the Will: DISCONNECT 0x00 alone [MQTT-3.14.4-3], in
    /// 3.x every DISCONNECT.
    #[must_use]
    pub const fn drops_will(self) -> bool {
        matches!(
            self,
            Self::PeerDisconnected {
                reason: DisconnectReasonCode::Success
            }
        )
    }

    /// The statement that the peer broke, if it broke one that has a number.
    #[must_use]
    pub fn statement(self, version: Version) -> Option<&'static str> {
        match self {
            Self::Malformed(error) => error.statement(version),
            Self::Protocol(error) => error.statement(version),
            Self::KeepAliveTimeout => match version {
                Version::V3_1 => None,
                Version::V3_1_1 => Some("MQTT-3.1.2-24"),
                Version::V5_0 => Some("MQTT-3.1.2-22"),
            },
            Self::PeerDisconnected { .. }
            | Self::ConnectionLost
            | Self::Refused(_)
            | Self::ConnectTimeout
            | Self::Requested
            | Self::TakenOver
            | Self::SlowPeer
            | Self::ServerShuttingDown
            | Self::Disconnected { .. }
            | Self::StorageFailed => None,
        }
    }
}

/// The same in CONNACK, as far as it has it.
fn in_connack(reason: DisconnectReasonCode) -> ConnectReasonCode {
    ConnectReasonCode::from_byte(reason.byte())
        .filter(|code| code.is_error())
        .unwrap_or(ConnectReasonCode::UnspecifiedError)
}

/// Whether a client may say it. Standard: MQTT 5.0 §3.14.2.1, and §3.3.4 for QoS not supported.
pub(crate) const fn is_from_client(code: DisconnectReasonCode) -> bool {
    match code {
        DisconnectReasonCode::Success
        | DisconnectReasonCode::DisconnectWithWillMessage
        | DisconnectReasonCode::UnspecifiedError
        | DisconnectReasonCode::MalformedPacket
        | DisconnectReasonCode::ProtocolError
        | DisconnectReasonCode::ImplementationSpecificError
        | DisconnectReasonCode::TopicNameInvalid
        | DisconnectReasonCode::ReceiveMaximumExceeded
        | DisconnectReasonCode::TopicAliasInvalid
        | DisconnectReasonCode::PacketTooLarge
        | DisconnectReasonCode::MessageRateTooHigh
        | DisconnectReasonCode::QuotaExceeded
        | DisconnectReasonCode::AdministrativeAction
        | DisconnectReasonCode::PayloadFormatInvalid
        | DisconnectReasonCode::QoSNotSupported => true,
        DisconnectReasonCode::NotAuthorized
        | DisconnectReasonCode::ServerBusy
        | DisconnectReasonCode::ServerShuttingDown
        | DisconnectReasonCode::BadAuthenticationMethod
        | DisconnectReasonCode::KeepAliveTimeout
        | DisconnectReasonCode::SessionTakenOver
        | DisconnectReasonCode::TopicFilterInvalid
        | DisconnectReasonCode::RetainNotSupported
        | DisconnectReasonCode::UseAnotherServer
        | DisconnectReasonCode::ServerMoved
        | DisconnectReasonCode::SharedSubscriptionsNotSupported
        | DisconnectReasonCode::ConnectionRateExceeded
        | DisconnectReasonCode::MaximumConnectTime
        | DisconnectReasonCode::SubscriptionIdentifiersNotSupported
        | DisconnectReasonCode::WildcardSubscriptionsNotSupported => false,
    }
}

/// Whether a server may say it. Standard: MQTT 5.0 §3.14.2.1.
pub(crate) const fn is_from_server(code: DisconnectReasonCode) -> bool {
    !matches!(
        code,
        DisconnectReasonCode::DisconnectWithWillMessage
            | DisconnectReasonCode::BadAuthenticationMethod
    )
}

/// What DISCONNECT says of bytes that are not MQTT.
fn decode_reason_code(error: DecodeError) -> DisconnectReasonCode {
    DisconnectReasonCode::from_byte(error.reason_code().byte())
        .unwrap_or(DisconnectReasonCode::ProtocolError)
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(
                f,
                "malformed packet: {error}{}",
                Id(error.statement(Version::V5_0))
            ),
            Self::Protocol(error) => write!(
                f,
                "protocol error: {error}{}",
                Id(error.statement(Version::V5_0))
            ),
            Self::KeepAliveTimeout => f.write_str("keep alive timeout"),
            Self::PeerDisconnected {
                reason: DisconnectReasonCode::Success,
            } => f.write_str("the peer disconnected"),
            Self::PeerDisconnected { reason } => {
                write!(f, "the peer disconnected: {}", ReasonCode::from(*reason))
            }
            Self::ConnectionLost => f.write_str("connection lost"),
            Self::Refused(reason) => write!(f, "refused: {}", ReasonCode::from(*reason)),
            Self::ConnectTimeout => f.write_str("not connected in time"),
            Self::Requested => f.write_str("requested"),
            Self::TakenOver => f.write_str("session taken over by another connection"),
            Self::SlowPeer => f.write_str("the peer does not read"),
            Self::Disconnected { reason } => {
                write!(f, "disconnected: {}", ReasonCode::from(*reason))
            }
            Self::ServerShuttingDown => f.write_str("shutting down"),
            Self::StorageFailed => f.write_str("storage failed"),
        }
    }
}

/// A statement in brackets, if there is one.
struct Id(Option<&'static str>);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .map_or(Ok(()), |statement| write!(f, " [{statement}]"))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_log_line_names_the_broken_statement() {
        let reason = CloseReason::Protocol(ProtocolError::SecondConnect);
        assert_eq!(
            reason.to_string(),
            "protocol error: a second CONNECT [MQTT-3.1.0-2]"
        );
        assert_eq!(
            reason.disconnect_reason_code(Role::Server),
            Some(DisconnectReasonCode::ProtocolError)
        );
        assert_eq!(reason.statement(Version::V3_1), None);
    }
}
