use mqtt_codec::Packet;
use mqtt_codec::packet::{Connack, ConnackProperties, Disconnect, DisconnectProperties};

use super::{Action, ServerSession, State};
use crate::close_reason::is_from_server;
use crate::{CloseReason, Instant, Role};

/// Why DISCONNECT was not sent. Nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DisconnectError {
    /// There is no connection, or CONNACK was not sent [MQTT-3.14.0-1].
    #[error("not connected")]
    NotConnected,
    /// Only a client may say this, or nobody.
    #[error("no server may use this reason code")]
    ReasonForClients,
}

impl ServerSession {
    /// Ends the connection: DISCONNECT in 5.0, then [`Action::Close`]. A Session Expiry Interval is left out
    /// [MQTT-3.14.2-2]; so is what makes the packet too large for the client.
    ///
    /// # Errors
    ///
    /// [`DisconnectError`]; the connection goes on then.
    pub fn disconnect(
        &mut self,
        _now: Instant,
        disconnect: Disconnect<'_>,
    ) -> Result<(), DisconnectError> {
        let State::Connected(online) = &self.state else {
            return Err(DisconnectError::NotConnected);
        };
        if !is_from_server(disconnect.reason_code) {
            return Err(DisconnectError::ReasonForClients);
        }
        if online.link.connection.version().has_properties() {
            let properties = DisconnectProperties {
                session_expiry_interval: None,
                ..disconnect.properties
            };
            let disconnect = Disconnect {
                properties,
                ..disconnect
            };
            self.endpoint
                .put(&online.link.connection, Packet::Disconnect(disconnect));
        }
        self.end(CloseReason::Requested);
        Ok(())
    }

    /// Ends the connection, with what the version and the state have to say it.
    pub(super) fn close(&mut self, reason: CloseReason) {
        match &self.state {
            State::Idle => return,
            State::AwaitConnect { .. } => {}
            State::Deciding(deciding) => {
                // [MQTT-3.14.0-1]: before CONNACK there is no DISCONNECT.
                if let Some(reason_code) = reason.connect_reason_code() {
                    let properties = ConnackProperties::default();
                    let connack = Connack {
                        session_present: false,
                        reason_code,
                        properties,
                    };
                    self.endpoint
                        .put(&deciding.link.connection, Packet::Connack(connack));
                }
            }
            State::Connected(online) => {
                let connection = &online.link.connection;
                let code = reason.disconnect_reason_code(Role::Server);
                if let Some(reason_code) = code.filter(|_| connection.version().has_properties()) {
                    let disconnect = Disconnect {
                        reason_code,
                        properties: DisconnectProperties::default(),
                    };
                    self.endpoint
                        .put(connection, Packet::Disconnect(disconnect));
                }
            }
        }
        self.end(reason);
    }

    pub(super) fn end(&mut self, reason: CloseReason) {
        self.state = State::Idle;
        self.requests.clear();
        self.endpoint.state.session.disconnected();
        self.endpoint.hush();
        self.actions.push_back(Action::Close(reason));
    }
}
