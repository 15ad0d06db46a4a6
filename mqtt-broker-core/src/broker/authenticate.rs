//! The answer to `Action::Authenticate`, and the enhanced authentication. Standard: MQTT 5.0 §4.12.

use alloc::boxed::Box;

use mqtt_codec::packet::{Auth, AuthProperties};
use mqtt_codec::reason_code::{AuthReasonCode, ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{Binary, Packet, TextBuf};
use mqtt_session::Instant;

use super::Broker;
use super::connect::encode;
use super::limits;
use crate::access::{AuthenticationOutcome, AuthenticationRequest, EnhancedData};
use crate::action::Action;
use crate::counters::Cause;
use crate::link::LinkState;
use crate::link_id::LinkId;

impl Broker {
    /// The answer to [`Action::Authenticate`].
    pub fn handle_authenticated(
        &mut self,
        now: Instant,
        link: LinkId,
        outcome: AuthenticationOutcome,
    ) {
        let Some(at) = self.hub.links.get_mut(link) else {
            return;
        };
        if matches!(at.state, LinkState::Connected { .. }) {
            return self.finish_reauthentication(now, link, outcome);
        }
        let state = core::mem::replace(&mut at.state, LinkState::AwaitConnect);
        let LinkState::Authenticating(pending) = state else {
            at.state = state;
            return;
        };
        match outcome {
            AuthenticationOutcome::Accepted { principal, data } => {
                // CONNACK resumes the link.
                self.establish(now, link, &pending, principal, data);
            }
            AuthenticationOutcome::Continue { data } => {
                at.state = LinkState::AwaitAuth(pending);
                let code = AuthReasonCode::ContinueAuthentication;
                match self.send_auth(now, link, code, Some(&data)) {
                    Ok(()) => self.hub.resume(now, link),
                    // Whoever has no method has no further step.
                    Err(NotSent::Turn) => {
                        self.refuse_authentication(now, link, ConnectReasonCode::NotAuthorized);
                    }
                    Err(NotSent::TooLarge) => {
                        self.refuse_connect(now, link, ConnectReasonCode::PacketTooLarge);
                    }
                }
            }
            AuthenticationOutcome::Refused(code) => {
                let code = if code.is_error() {
                    code
                } else {
                    ConnectReasonCode::NotAuthorized
                };
                self.refuse_authentication(now, link, code);
            }
        }
    }

    fn refuse_authentication(&mut self, now: Instant, link: LinkId, code: ConnectReasonCode) {
        self.hub.refuse(link, Cause::Authentication);
        self.refuse_connect(now, link, code);
    }

    /// AUTH before CONNACK: a further step, with the method of CONNECT [MQTT-4.12.0-5].
    pub(super) fn handle_auth_before_connack(
        &mut self,
        now: Instant,
        link: LinkId,
        auth: &Auth<'_>,
    ) {
        if !limits::user_properties(&self.hub.config, &auth.properties.user_properties) {
            self.hub.refuse(link, Cause::UserProperties);
            return self.refuse_connect(now, link, ConnectReasonCode::QuotaExceeded);
        }
        let Some(at) = self.hub.links.get_mut(link) else {
            return;
        };
        if at.authentication.receive(auth).is_err() {
            return self.refuse_connect(now, link, ConnectReasonCode::ProtocolError);
        }
        let state = core::mem::replace(&mut at.state, LinkState::AwaitConnect);
        let LinkState::AwaitAuth(pending) = state else {
            at.state = state;
            return;
        };
        let request = AuthenticationRequest {
            client_id: pending.client_id.clone(),
            version: pending.version,
            address: at.peer.address,
            user_name: None,
            password: None,
            enhanced: enhanced(auth),
            again: false,
        };
        at.state = LinkState::Authenticating(pending);
        self.ask(link, request);
    }

    /// AUTH of a connected client. Standard: MQTT 5.0 §4.12.1.
    pub(super) fn handle_reauthentication(&mut self, now: Instant, link: LinkId, auth: &Auth<'_>) {
        let Some(at) = self.hub.links.get_mut(link) else {
            return;
        };
        // [MQTT-4.12.0-7] [MQTT-4.12.1-1]
        if let Err(error) = at.authentication.receive(auth) {
            return self.fail_protocol(now, link, error);
        }
        let Some(session) = at
            .connected_session()
            .and_then(|key| self.hub.sessions.get(key))
        else {
            return;
        };
        let request = AuthenticationRequest {
            client_id: session.client_id.clone(),
            version: at.version,
            address: at.peer.address,
            user_name: None,
            password: None,
            enhanced: enhanced(auth),
            again: true,
        };
        self.ask(link, request);
    }

    fn ask(&mut self, link: LinkId, request: AuthenticationRequest) {
        self.hub.pause(link);
        self.hub.actions.push_back(Action::Authenticate {
            link,
            request: Box::new(request),
        });
    }

    fn finish_reauthentication(
        &mut self,
        now: Instant,
        link: LinkId,
        outcome: AuthenticationOutcome,
    ) {
        let Some(at) = self.hub.links.get(link) else {
            return;
        };
        if !at.authentication.is_under_way() {
            // Nothing was asked.
            return;
        }
        let (reason_code, data) = match outcome {
            AuthenticationOutcome::Accepted { principal, data } => {
                let session = at
                    .connected_session()
                    .and_then(|key| self.hub.sessions.get(key));
                if session.is_some_and(|session| session.principal != principal) {
                    self.hub.refuse(link, Cause::Principal);
                    return self.fail(now, link, DisconnectReasonCode::NotAuthorized);
                }
                (AuthReasonCode::Success, data)
            }
            AuthenticationOutcome::Continue { data } => {
                (AuthReasonCode::ContinueAuthentication, Some(data))
            }
            // [MQTT-4.12.1-2]
            AuthenticationOutcome::Refused(_) => {
                self.hub.refuse(link, Cause::Authentication);
                return self.fail(now, link, DisconnectReasonCode::NotAuthorized);
            }
        };
        match self.send_auth(now, link, reason_code, data.as_deref()) {
            Ok(()) => self.hub.resume(now, link),
            Err(NotSent::Turn) => {}
            Err(NotSent::TooLarge) => self.fail(now, link, DisconnectReasonCode::PacketTooLarge),
        }
    }

    /// AUTH with the method of CONNECT.
    fn send_auth(
        &mut self,
        now: Instant,
        link: LinkId,
        reason_code: AuthReasonCode,
        data: Option<&[u8]>,
    ) -> Result<(), NotSent> {
        let Some(at) = self.hub.links.get_mut(link) else {
            return Err(NotSent::Turn);
        };
        if at.authentication.send(reason_code).is_err() {
            return Err(NotSent::Turn);
        }
        let properties = AuthProperties {
            authentication_method: at.authentication.method(),
            authentication_data: data.and_then(|data| Binary::new(data).ok()),
            ..AuthProperties::default()
        };
        let packet = Packet::Auth(Auth {
            reason_code,
            properties,
        });
        let bytes = encode(&packet, at.version);
        if !self.hub.fits(link, bytes.len()) {
            self.hub.counters.count(Cause::PacketTooLargeForClient);
            return Err(NotSent::TooLarge);
        }
        self.hub.send_encoded(now, link, &bytes);
        Ok(())
    }
}

/// Why an AUTH was not sent.
enum NotSent {
    /// It is not our turn.
    Turn,
    /// The client takes no packet of this size.
    TooLarge,
}

/// A step of the client's.
fn enhanced(auth: &Auth<'_>) -> Option<EnhancedData> {
    let data = auth
        .properties
        .authentication_data
        .map(|data| data.as_bytes().to_vec());
    let method = auth.properties.authentication_method.map(TextBuf::from);
    method.map(|method| EnhancedData { method, data })
}
