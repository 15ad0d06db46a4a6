use alloc::format;

use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_session::CloseReason;

use super::{Broken, Check, Rule};
use crate::observation::{Context, Observation};

/// [`Rule::Protocol`]: no connection ends because one side takes what the other does for a mistake.
#[derive(Debug, Default)]
pub struct Protocol;

impl Check for Protocol {
    fn observe(&mut self, _: &Context<'_>, observation: &Observation<'_>) -> Result<(), Broken> {
        let (client, reason, who) = if let Observation::Closed { client, reason } = observation {
            (*client, *reason, "client")
        } else if let Observation::Ended {
            client: Some(client),
            reason,
            ..
        } = observation
        {
            (*client, *reason, "server")
        } else {
            return Ok(());
        };
        if may_happen(reason) {
            return Ok(());
        }
        let what = format!("the {who} ends a connection of client {client}: {reason}");
        Err(Broken::new(Rule::Protocol, what).of_client(client))
    }
}

/// Networks fail, and clients and servers come and go.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "every other reason is somebody's mistake"
)]
const fn may_happen(reason: CloseReason) -> bool {
    match reason {
        CloseReason::ConnectionLost
        | CloseReason::KeepAliveTimeout
        | CloseReason::ConnectTimeout
        | CloseReason::Requested
        | CloseReason::TakenOver
        | CloseReason::SlowPeer
        | CloseReason::ServerShuttingDown => true,
        CloseReason::PeerDisconnected { reason } => matches!(
            reason,
            DisconnectReasonCode::Success
                | DisconnectReasonCode::DisconnectWithWillMessage
                | DisconnectReasonCode::SessionTakenOver
                | DisconnectReasonCode::KeepAliveTimeout
                | DisconnectReasonCode::ServerShuttingDown
                // A peer that does not read.
                | DisconnectReasonCode::UnspecifiedError
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use mqtt_session::ProtocolError;

    use super::*;

    #[test]
    fn a_peer_may_go_and_may_not_be_wrong() {
        let taken_over = DisconnectReasonCode::SessionTakenOver;
        let wrong = DisconnectReasonCode::ProtocolError;
        assert!(may_happen(CloseReason::ConnectionLost));
        assert!(may_happen(CloseReason::PeerDisconnected {
            reason: taken_over
        }));
        assert!(!may_happen(CloseReason::PeerDisconnected { reason: wrong }));
        assert!(!may_happen(CloseReason::Disconnected { reason: wrong }));
        assert!(!may_happen(CloseReason::Protocol(
            ProtocolError::SecondConnect
        )));
    }
}
