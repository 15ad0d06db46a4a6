use bytes::Bytes;
use mqtt_codec::packet::{Auth, AuthProperties};
use mqtt_codec::reason_code::AuthReasonCode;
use mqtt_codec::{Binary, Packet};

use super::connect::Reading;
use super::{Action, Event, ServerSession, State};
use crate::{AuthenticateError, AuthenticationStep, Instant, ProtocolError};

impl ServerSession {
    /// Asks the client for the next step of the authentication: AUTH 0x18 [MQTT-4.12.0-2].
    ///
    /// # Errors
    ///
    /// [`AuthenticateError`]; nothing is sent then.
    pub fn authenticate(
        &mut self,
        _now: Instant,
        data: Option<&[u8]>,
    ) -> Result<(), AuthenticateError> {
        self.send_auth(AuthReasonCode::ContinueAuthentication, data)?;
        if let State::Deciding(deciding) = &mut self.state {
            deciding.reading = Reading::Auth;
            self.actions.push_back(Action::Resume);
        }
        Ok(())
    }

    /// Says that the client is authenticated again: AUTH 0x00.
    ///
    /// # Errors
    ///
    /// [`AuthenticateError`]; nothing is sent then.
    pub fn reauthenticated(
        &mut self,
        _now: Instant,
        data: Option<&[u8]>,
    ) -> Result<(), AuthenticateError> {
        self.send_auth(AuthReasonCode::Success, data)
    }

    fn send_auth(
        &mut self,
        reason_code: AuthReasonCode,
        data: Option<&[u8]>,
    ) -> Result<(), AuthenticateError> {
        let connection = match &self.state {
            State::Idle | State::AwaitConnect { .. } => {
                return Err(AuthenticateError::NotConnected);
            }
            State::Deciding(deciding) => &deciding.link.connection,
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
        Ok(())
    }

    /// AUTH came.
    pub(super) fn auth(&mut self, auth: &Auth<'_>) -> Result<(), ProtocolError> {
        let data = auth
            .properties
            .authentication_data
            .map(|data| Bytes::copy_from_slice(data.as_bytes()));
        match self.authentication.receive(auth)? {
            AuthenticationStep::Continue => self.notify(Event::Authenticate { data }),
            AuthenticationStep::Reauthenticate => self.notify(Event::Reauthenticate { data }),
            // A client's to receive.
            AuthenticationStep::Success => return Err(ProtocolError::UnexpectedAuth),
        }
        if let State::Deciding(deciding) = &mut self.state {
            deciding.reading = Reading::Paused;
            self.actions.push_back(Action::Pause);
        }
        Ok(())
    }
}
