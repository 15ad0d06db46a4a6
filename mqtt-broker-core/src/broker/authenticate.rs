//! The answer to `Action::Authenticate`, and the enhanced authentication. Standard: MQTT 5.0 §4.12.

use alloc::boxed::Box;

use mqtt_codec::packet::{Auth, AuthProperties};
use mqtt_codec::reason_code::{AuthReasonCode, ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{Binary, Packet, TextBuf};
use mqtt_session::{Instant, ProtocolError};

use super::Broker;
use crate::access::{AuthenticationOutcome, AuthenticationRequest, EnhancedData};
use crate::action::Action;
use crate::counters::Cause;
use crate::link::LinkState;
use crate::link_id::LinkId;

impl Broker {
    /// The answer to [`Action::Authenticate`].
    pub fn handle_authenticated(&mut self, now: Instant, link: LinkId, outcome: AuthenticationOutcome) {
        let Some(at) = self.hub.links.get_mut(link) else { return };
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
                self.hub.resume(link);
                self.establish(now, link, &pending, principal, data);
            }
            AuthenticationOutcome::Continue { data } => {
                at.state = LinkState::AwaitAuth(pending);
                self.send_auth(now, link, AuthReasonCode::ContinueAuthentication, Some(&data));
                self.hub.resume(link);
            }
            AuthenticationOutcome::Refused(code) => {
                self.hub.refuse(link, Cause::Authentication);
                let code = if code.is_error() { code } else { ConnectReasonCode::NotAuthorized };
                self.refuse_connect(now, link, code);
            }
        }
    }

    /// AUTH before CONNACK: a further step, with the method of CONNECT [MQTT-4.12.0-5].
    pub(super) fn handle_auth_before_connack(&mut self, now: Instant, link: LinkId, auth: &Auth<'_>) {
        let Some(at) = self.hub.links.get_mut(link) else { return };
        let method = at.authentication_method.clone();
        let fits = auth.properties.authentication_method == method.as_ref().map(TextBuf::borrowed);
        if !fits || auth.reason_code != AuthReasonCode::ContinueAuthentication {
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
            enhanced: enhanced(method, auth),
            again: false,
        };
        at.state = LinkState::Authenticating(pending);
        self.ask(link, request);
    }

    /// AUTH of a connected client. Standard: MQTT 5.0 §4.12.1.
    pub(super) fn handle_reauthentication(&mut self, now: Instant, link: LinkId, auth: &Auth<'_>) {
        let Some(at) = self.hub.links.get(link) else { return };
        let method = at.authentication_method.clone();
        let given = auth.properties.authentication_method;
        if method.is_none() || given != method.as_ref().map(TextBuf::borrowed) {
            // [MQTT-4.12.0-7] [MQTT-4.12.1-1]
            let error = if given.is_none() { ProtocolError::AuthWithoutMethod } else { ProtocolError::AuthMethodChanged };
            return self.fail_protocol(now, link, error);
        }
        if auth.reason_code == AuthReasonCode::Success {
            return self.fail_protocol(now, link, ProtocolError::UnexpectedPacket(mqtt_codec::PacketType::Auth));
        }
        let Some(session) = at.connected_session().and_then(|key| self.hub.sessions.get(key)) else { return };
        let request = AuthenticationRequest {
            client_id: session.client_id.clone(),
            version: at.version,
            address: at.peer.address,
            user_name: None,
            password: None,
            enhanced: enhanced(method, auth),
            again: true,
        };
        self.ask(link, request);
    }

    fn ask(&mut self, link: LinkId, request: AuthenticationRequest) {
        self.hub.pause(link);
        self.hub.actions.push_back(Action::Authenticate { link, request: Box::new(request) });
    }

    fn finish_reauthentication(&mut self, now: Instant, link: LinkId, outcome: AuthenticationOutcome) {
        match outcome {
            AuthenticationOutcome::Accepted { principal, data } => {
                let session = self.hub.session_of(link).and_then(|key| self.hub.sessions.get(key));
                if session.is_some_and(|session| session.principal != principal) {
                    self.hub.refuse(link, Cause::Principal);
                    return self.fail(now, link, DisconnectReasonCode::NotAuthorized);
                }
                self.send_auth(now, link, AuthReasonCode::Success, data.as_deref());
                self.hub.resume(link);
            }
            AuthenticationOutcome::Continue { data } => {
                self.send_auth(now, link, AuthReasonCode::ContinueAuthentication, Some(&data));
                self.hub.resume(link);
            }
            // [MQTT-4.12.1-2]
            AuthenticationOutcome::Refused(_) => {
                self.hub.refuse(link, Cause::Authentication);
                self.fail(now, link, DisconnectReasonCode::NotAuthorized);
            }
        }
    }

    fn send_auth(&mut self, now: Instant, link: LinkId, reason_code: AuthReasonCode, data: Option<&[u8]>) {
        let method = self.hub.links.get(link).and_then(|link| link.authentication_method.clone());
        let properties = AuthProperties {
            authentication_method: method.as_ref().map(TextBuf::borrowed),
            authentication_data: data.and_then(|data| Binary::new(data).ok()),
            ..AuthProperties::default()
        };
        self.hub.send(now, link, &Packet::Auth(Auth { reason_code, properties }));
    }
}

fn enhanced(method: Option<TextBuf>, auth: &Auth<'_>) -> Option<EnhancedData> {
    let data = auth.properties.authentication_data.map(|data| data.as_bytes().to_vec());
    method.map(|method| EnhancedData { method, data })
}
