use mqtt_codec::Packet;
use mqtt_codec::packet::{Disconnect, DisconnectProperties};
use mqtt_codec::reason_code::DisconnectReasonCode;

use super::{Action, ClientSession, Event, State};
use crate::close_reason::is_from_client;
use crate::{CloseReason, Instant, Role};

/// DISCONNECT 0x00, Normal disconnection: the server drops the Will.
pub const NORMAL_DISCONNECTION: Disconnect<'static> = plain(DisconnectReasonCode::Success);

/// Why DISCONNECT was not sent. Nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DisconnectError {
    /// There is no connection.
    #[error("not connected")]
    NotConnected,
    /// Only a server may say this.
    #[error("only a server may use this reason code")]
    ReasonForServers,
    /// A Session Expiry Interval where CONNECT had none or 0.
    #[error("a Session Expiry Interval after 0 in CONNECT")]
    SessionExpiryRaised,
    /// The packet is larger than the server takes, even without what may be left out.
    #[error("the packet is larger than the server takes")]
    TooLarge,
}

impl ClientSession {
    /// Ends the connection in order: DISCONNECT, then [`Action::Close`]. With Success the server drops the Will; it can
    /// also set the Session Expiry Interval anew.
    ///
    /// In 3.x the packet says nothing, and always drops the Will.
    ///
    /// # Errors
    ///
    /// [`DisconnectError`]; the connection goes on then.
    pub fn disconnect(
        &mut self,
        now: Instant,
        disconnect: Disconnect<'_>,
    ) -> Result<(), DisconnectError> {
        let (connection, announced) = match &self.state {
            State::Idle => return Err(DisconnectError::NotConnected),
            State::Connecting { link, .. } => (&link.connection, None),
            State::Connected(online) => (&online.link.connection, Some(online.announced_expiry)),
        };
        let expiry = disconnect
            .properties
            .session_expiry_interval
            .filter(|_| connection.version().has_properties());
        if connection.version().has_properties() {
            if !is_from_client(disconnect.reason_code) {
                return Err(DisconnectError::ReasonForServers);
            }
            let announced = announced
                .unwrap_or_else(|| super::config::whole_seconds(self.config.session_expiry));
            if announced == 0 && expiry.is_some_and(|expiry| expiry > 0) {
                return Err(DisconnectError::SessionExpiryRaised);
            }
        }
        let disconnect = without_server_reference(disconnect);
        if !self
            .endpoint
            .put(connection, Packet::Disconnect(disconnect))
        {
            return Err(DisconnectError::TooLarge);
        }
        if let (State::Connected(online), Some(expiry)) = (&mut self.state, expiry) {
            online.session_expiry = expiry;
        }
        self.end(now, CloseReason::Requested);
        Ok(())
    }

    /// The network connection is gone. Answered by [`Action::Close`], unless that was given.
    pub fn handle_closed(&mut self, now: Instant) {
        self.close(now, CloseReason::ConnectionLost);
    }

    /// Ends the connection, with a DISCONNECT where the version and the reason have one.
    pub(super) fn close(&mut self, now: Instant, reason: CloseReason) {
        let connection = match &self.state {
            State::Idle => return,
            State::Connecting { link, .. } => &link.connection,
            State::Connected(online) => &online.link.connection,
        };
        // In 3.x a DISCONNECT says that all is well, and the server would drop the Will.
        if connection.version().has_properties() {
            if let Some(reason_code) = reason.disconnect_reason_code(Role::Client) {
                self.endpoint
                    .put(connection, Packet::Disconnect(plain(reason_code)));
            }
        }
        self.end(now, reason);
    }

    fn end(&mut self, _now: Instant, reason: CloseReason) {
        let ended = core::mem::replace(&mut self.state, State::Idle);
        while let Some((packet_id, request)) = self.requests.pop_first() {
            self.endpoint.state.session.free_id(packet_id);
            self.notify(Event::Unanswered {
                token: request.token,
            });
        }
        self.endpoint.state.session.disconnected();
        match ended {
            State::Connected(online) if online.session_expiry == 0 => self.discard_session(),
            State::Idle | State::Connecting { .. } | State::Connected(_) => {}
        }
        self.endpoint.hush();
        self.actions.push_back(Action::Close(reason));
    }
}

const fn plain(reason_code: DisconnectReasonCode) -> Disconnect<'static> {
    Disconnect {
        reason_code,
        properties: DisconnectProperties::EMPTY,
    }
}

/// Only a server sends one.
const fn without_server_reference(mut disconnect: Disconnect<'_>) -> Disconnect<'_> {
    disconnect.properties.server_reference = None;
    disconnect
}
