use bytes::Bytes;
use mqtt_codec::packet::{Auth, AuthProperties};
use mqtt_codec::reason_code::AuthReasonCode;
use mqtt_codec::{Binary, Packet};

use super::connect::owned;
use super::{ClientSession, Event, State};
use crate::{AuthenticateError, AuthenticationStep, Instant, ProtocolError};

impl ClientSession {
    /// Answers [`Event::Authenticate`] with the method's data [MQTT-4.12.0-3].
    ///
    /// # Errors
    ///
    /// [`AuthenticateError`]; nothing is sent then.
    pub fn authenticate(
        &mut self,
        now: Instant,
        data: Option<&[u8]>,
    ) -> Result<(), AuthenticateError> {
        self.send_auth(now, AuthReasonCode::ContinueAuthentication, data)
    }

    /// Begins to authenticate again on this connection, with the method of CONNECT [MQTT-4.12.1-1].
    /// [`Event::Authenticate`] and [`Event::Reauthenticated`] follow; when the server refuses it closes the connection.
    ///
    /// # Errors
    ///
    /// [`AuthenticateError`]; nothing is sent then.
    pub fn reauthenticate(
        &mut self,
        now: Instant,
        data: Option<&[u8]>,
    ) -> Result<(), AuthenticateError> {
        if !matches!(self.state, State::Connected(_)) {
            return Err(AuthenticateError::NotConnected);
        }
        self.send_auth(now, AuthReasonCode::ReAuthenticate, data)
    }

    fn send_auth(
        &mut self,
        now: Instant,
        reason_code: AuthReasonCode,
        data: Option<&[u8]>,
    ) -> Result<(), AuthenticateError> {
        let connection = match &self.state {
            State::Idle => return Err(AuthenticateError::NotConnected),
            State::Connecting { link, .. } => &link.connection,
            State::Connected(online) => &online.link.connection,
        };
        let mut next = self.authentication.clone();
        next.send(reason_code)?;
        let authentication_data = data
            .map(Binary::new)
            .transpose()
            .map_err(|_| AuthenticateError::TooLarge)?;
        let properties = AuthProperties {
            authentication_method: next.method(),
            authentication_data,
            ..AuthProperties::default()
        };
        if !self.endpoint.put(
            connection,
            Packet::Auth(Auth {
                reason_code,
                properties,
            }),
        ) {
            return Err(AuthenticateError::TooLarge);
        }
        self.authentication = next;
        self.note_sent(now);
        Ok(())
    }

    /// AUTH came.
    pub(super) fn auth(&mut self, auth: &Auth<'_>) -> Result<(), ProtocolError> {
        let data: Option<Bytes> = auth.properties.authentication_data.map(owned);
        match self.authentication.receive(auth)? {
            AuthenticationStep::Continue => self.notify(Event::Authenticate { data }),
            AuthenticationStep::Success => self.notify(Event::Reauthenticated { data }),
            // A server's to receive.
            AuthenticationStep::Reauthenticate => return Err(ProtocolError::UnexpectedAuth),
        }
        Ok(())
    }
}
