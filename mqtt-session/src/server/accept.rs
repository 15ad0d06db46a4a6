use alloc::boxed::Box;

use mqtt_codec::packet::{Connack, ConnackProperties};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{Binary, ClientId, Limits, Packet, Text};

use super::connect::Deciding;
use super::{Action, Config, Online, ServerSession, State};
use crate::endpoint::Link;
use crate::{CloseReason, Instant, KeepAlive, SessionState};

/// What a server says when it accepts a connection.
#[derive(Debug, Default)]
pub struct Accept<'a> {
    /// The session to go on with; a new one otherwise. None with Clean Start. A state that the last connection has left and
    /// nobody has [taken](ServerSession::take_state) ends: what was under way in it is abandoned.
    pub session: Option<SessionState>,
    /// For how many seconds the session will be kept, where that is not what the client asked for.
    pub session_expiry_interval: Option<u32>,
    /// The Keep Alive in force, in seconds, where that is not what the client asked for.
    pub server_keep_alive: Option<u16>,
    /// For a client that has none. Obligatory there in 5.0.
    pub assigned_client_id: Option<ClientId<'a>>,
    /// The base of response topics; sent only to who asked for it [MQTT-3.1.2-28].
    pub response_information: Option<Text<'a>>,
    /// Where to go another time.
    pub server_reference: Option<Text<'a>>,
    /// The authentication method's last data.
    pub authentication_data: Option<Binary<'a>>,
    /// For people.
    pub reason_string: Option<Text<'a>>,
    /// For diagnostics.
    pub user_properties: UserProperties<'a>,
}

/// Why a connection was not accepted. Nothing is sent and nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// No CONNECT waits for a decision.
    #[error("no CONNECT waits for a decision")]
    NotConnecting,
    /// The client asked for an empty session [MQTT-3.1.2-4].
    #[error("the client asked for an empty session")]
    CleanStart,
    /// The client has no Client Identifier, and none was assigned.
    #[error("a Client Identifier must be assigned")]
    NoClientId,
    /// The client takes no packet of this size.
    #[error("CONNACK is larger than the client takes")]
    TooLarge,
}

/// Why a connection was not refused. Nothing is sent and nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RefuseError {
    /// No CONNECT waits for a decision.
    #[error("no CONNECT waits for a decision")]
    NotConnecting,
    /// Success is no reason to refuse.
    #[error("Success is no reason to refuse")]
    Success,
}

impl ServerSession {
    /// Lets the client in: CONNACK 0x00 [MQTT-3.1.4-5], and then what its session left unacknowledged.
    ///
    /// # Errors
    ///
    /// [`AcceptError`].
    pub fn accept(&mut self, now: Instant, accept: Accept<'_>) -> Result<(), AcceptError> {
        let State::Deciding(deciding) = &self.state else {
            return Err(AcceptError::NotConnecting);
        };
        let connection = &deciding.link.connection;
        if deciding.clean_start && accept.session.is_some() {
            return Err(AcceptError::CleanStart);
        }
        let is_v5 = connection.version().has_properties();
        if is_v5
            && !deciding.has_client_id
            && accept.assigned_client_id.is_none_or(ClientId::is_empty)
        {
            return Err(AcceptError::NoClientId);
        }
        let connack = connack(
            &self.config,
            self.authentication.method(),
            deciding,
            &accept,
        );
        if !self.endpoint.put(connection, Packet::Connack(connack)) {
            return Err(AcceptError::TooLarge);
        }
        let State::Deciding(deciding) = core::mem::replace(&mut self.state, State::Idle) else {
            return Err(AcceptError::NotConnecting);
        };
        self.authentication.connected();
        let mut left = self
            .endpoint
            .replace_state(accept.session.unwrap_or_default());
        self.endpoint.state.generation += 1;
        self.notify_outcomes(left.discard());
        // [MQTT-3.2.2-22]
        let keep_alive =
            KeepAlive::new(accept.server_keep_alive.unwrap_or(deciding.keep_alive), now);
        let may_change_expiry = deciding.session_expiry_interval > 0;
        self.state = State::Connected(Box::new(Online {
            link: deciding.link,
            keep_alive,
            may_change_expiry,
        }));
        self.actions.push_back(Action::Resume);
        self.resend();
        Ok(())
    }

    /// Keeps the client out: a CONNACK of 0x80 or above, then [`Action::Close`] [MQTT-3.2.2-7]. Of `properties` the Reason
    /// String, User Properties and Server Reference are sent. In 3.x there is no CONNACK where no return code fits
    /// [v3.1.1 MQTT-3.2.2-6].
    ///
    /// # Errors
    ///
    /// [`RefuseError`].
    pub fn refuse(
        &mut self,
        _now: Instant,
        reason: ConnectReasonCode,
        properties: ConnackProperties<'_>,
    ) -> Result<(), RefuseError> {
        if !matches!(self.state, State::Deciding(_)) {
            return Err(RefuseError::NotConnecting);
        }
        if !reason.is_error() {
            return Err(RefuseError::Success);
        }
        let state = core::mem::replace(&mut self.state, State::Idle);
        if let State::Deciding(deciding) = state {
            self.refuse_with(&deciding.link, reason, properties);
        }
        Ok(())
    }

    pub(super) fn refuse_with(
        &mut self,
        link: &Link,
        reason: ConnectReasonCode,
        properties: ConnackProperties<'_>,
    ) {
        if link.connection.version().has_properties() || reason.return_code().is_some() {
            let ConnackProperties {
                reason_string,
                user_properties,
                server_reference,
                ..
            } = properties;
            let properties = ConnackProperties {
                reason_string,
                user_properties,
                server_reference,
                ..ConnackProperties::default()
            };
            let connack = Connack {
                session_present: false,
                reason_code: reason,
                properties,
            };
            self.endpoint
                .put(&link.connection, Packet::Connack(connack));
        }
        self.end(CloseReason::Refused(reason));
    }
}

fn connack<'a>(
    config: &Config,
    method: Option<Text<'a>>,
    deciding: &Deciding,
    accept: &Accept<'a>,
) -> Connack<'a> {
    let properties = ConnackProperties {
        session_expiry_interval: accept.session_expiry_interval,
        receive_maximum: (config.receive_maximum.get() < u16::MAX)
            .then_some(config.receive_maximum),
        maximum_packet_size: (config.maximum_packet_size < Limits::MAX_PACKET_SIZE)
            .then(|| config.maximum_packet_size.try_into().ok())
            .flatten(),
        assigned_client_identifier: accept
            .assigned_client_id
            .filter(|_| !deciding.has_client_id)
            .map(ClientId::as_text),
        topic_alias_maximum: (config.topic_alias_maximum > 0).then_some(config.topic_alias_maximum),
        reason_string: accept.reason_string,
        user_properties: accept.user_properties,
        server_keep_alive: accept.server_keep_alive,
        response_information: accept
            .response_information
            .filter(|_| deciding.wants_response_information),
        server_reference: accept.server_reference,
        // [MQTT-4.12.0-5] [MQTT-4.12.0-6]
        authentication_method: method,
        authentication_data: accept.authentication_data.filter(|_| method.is_some()),
        ..ConnackProperties::default()
    };
    // [MQTT-3.2.2-2] [MQTT-3.2.2-3]
    let session_present = accept.session.is_some();
    let mut connack = Connack {
        session_present,
        reason_code: ConnectReasonCode::Success,
        properties,
    };
    config.capabilities.put(&mut connack);
    connack
}
