//! CONNECT, and what it leads to.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use mqtt_codec::packet::{Connack, ConnackProperties, Connect};
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{ClientIdBuf, DecodeError, Packet, ProtocolName, TextBuf, Version};
use mqtt_session::Authentication as EnhancedAuthentication;
use mqtt_session::{CloseReason, Connection, Instant, KeepAlive, Password, Resend, Role};

use super::Broker;
use super::connect_limits;
use super::pending_connect::{PendingConnect, negotiated};
use crate::access::{Authentication, AuthenticationRequest, EnhancedData};
use crate::action::Action;
use crate::config::Config;
use crate::counters::Cause;
use crate::durable::{Held, Mark};
use crate::event::Event;
use crate::kept_will::KeptWill;
use crate::link::LinkState;
use crate::link_id::LinkId;
use crate::matching::SessionKey;
use crate::record::{Record, SessionRecord};
use crate::session::BrokerSession;
use crate::timer::Timer;

/// What was found out about a client that is let in.
struct Admission {
    key: SessionKey,
    session_present: bool,
    /// The server's last Authentication Data.
    data: Option<Vec<u8>>,
    /// CONNACK waits for what was recorded since: the end of an older session, too.
    mark: Mark,
}

impl Broker {
    pub(super) fn handle_connect(&mut self, now: Instant, link: LinkId, connect: &Connect<'_>) {
        let Some(at) = self.hub.links.get_mut(link) else {
            return;
        };
        at.version = connect.version;
        at.connection = Connection::new(negotiated(&self.hub.config, connect));
        if !connect.client_id.is_empty() {
            at.client_id = Some(ClientIdBuf::from(connect.client_id));
        }
        let address = at.peer.address;
        let authentication = at.peer.authentication;
        let assigned = at.peer.assigned_client_id.clone();
        if let Err((cause, code)) = connect_limits::check(&self.hub.config, connect) {
            if let Some(cause) = cause {
                self.hub.refuse(link, cause);
            }
            return self.refuse_connect(now, link, code);
        }
        let pending = Box::new(PendingConnect::new(&self.hub.config, connect, assigned));
        if authentication == Authentication::Anonymous
            && connect.properties.authentication_method.is_none()
        {
            return self.establish(now, link, &pending, None, None);
        }
        if authentication == Authentication::Anonymous {
            // [MQTT-4.12.0-1]: nobody is there who knows the method.
            self.hub.refuse(link, Cause::Authentication);
            return self.refuse_connect(now, link, ConnectReasonCode::BadAuthenticationMethod);
        }
        let data = connect
            .properties
            .authentication_data
            .map(|data| data.as_bytes().to_vec());
        let request = Box::new(AuthenticationRequest {
            client_id: pending.client_id.clone(),
            version: connect.version,
            address,
            user_name: pending.user_name.clone(),
            password: connect.password.map(Password::from),
            enhanced: pending
                .method
                .clone()
                .map(|method| EnhancedData { method, data }),
            again: false,
        });
        if let Some(at) = self.hub.links.get_mut(link) {
            at.authentication = EnhancedAuthentication::new(Role::Server, pending.method.clone());
            at.state = LinkState::Authenticating(pending);
        }
        self.hub.pause(link);
        self.hub
            .actions
            .push_back(Action::Authenticate { link, request });
    }

    /// CONNACK with an error code, where the version has one for it, then the close [MQTT-3.2.2-7].
    pub(super) fn refuse_connect(
        &mut self,
        now: Instant,
        link: LinkId,
        reason_code: ConnectReasonCode,
    ) {
        let Some(at) = self.hub.links.get(link) else {
            return;
        };
        // [v3.1.1 MQTT-3.2.2-6]
        if at.version == Version::V5_0 || reason_code.return_code().is_some() {
            let properties = ConnackProperties::default();
            self.hub.send(
                now,
                link,
                &Packet::Connack(Connack {
                    session_present: false,
                    reason_code,
                    properties,
                }),
            );
        }
        self.end_link(now, link, CloseReason::Refused(reason_code));
    }

    /// A first packet that is no CONNECT of ours. [v3.1.1 MQTT-3.1.4-1] [MQTT-3.1.4-1]: 3.x gets no CONNACK, but for a
    /// level that is not served.
    pub(super) fn refuse_malformed_connect(
        &mut self,
        now: Instant,
        link: LinkId,
        error: DecodeError,
    ) {
        if let Some((version, code)) = connack_for(&error) {
            if let Some(at) = self.hub.links.get_mut(link) {
                at.version = version;
            }
            let properties = ConnackProperties::default();
            let connack = Connack {
                session_present: false,
                reason_code: code,
                properties,
            };
            self.hub.send(now, link, &Packet::Connack(connack));
        }
        self.end_link(now, link, CloseReason::Malformed(error));
    }

    /// Lets a client in: takeover, Clean Start, session, CONNACK.
    pub(super) fn establish(
        &mut self,
        now: Instant,
        link: LinkId,
        pending: &PendingConnect,
        principal: Option<TextBuf>,
        data: Option<Vec<u8>>,
    ) {
        // Session Present does not change its length.
        let connack = pending.connack(&self.hub.config, false, data.as_deref());
        if !self.hub.fits(link, connack.len()) {
            self.hub.counters.count(Cause::PacketTooLargeForClient);
            return self.refuse_connect(now, link, ConnectReasonCode::PacketTooLarge);
        }
        let mark = self.hub.durable.mark();
        let mut existing = self.hub.sessions.find(pending.client_id.as_str());
        if let Some(key) =
            existing.filter(|&key| self.hub.sessions.get(key).is_some_and(|it| it.is_over(now)))
        {
            // [MQTT-4.1.0-2], also when the timer comes late.
            self.end_session(now, key);
            existing = None;
        }
        if let Some(key) = existing {
            if self
                .hub
                .sessions
                .get(key)
                .is_some_and(|session| session.principal != principal)
            {
                self.hub.refuse(link, Cause::Principal);
                return self.refuse_connect(now, link, ConnectReasonCode::ClientIdentifierNotValid);
            }
            self.take_over(now, key, pending.clean_start);
        } else if let Some(cause) = self.session_refusal(principal.as_ref()) {
            // Only of who brings a new session; one that replaces its own is not more than there was.
            self.hub.refuse(link, cause);
            return self.refuse_connect(now, link, ConnectReasonCode::QuotaExceeded);
        }
        // Taking over may have ended the session.
        let existing = self.hub.sessions.find(pending.client_id.as_str());
        let new = || BrokerSession::new(pending.client_id.clone(), pending.version, principal);
        let Some(key) = existing.or_else(|| self.hub.sessions.insert(new())) else {
            return self.refuse_connect(now, link, ConnectReasonCode::QuotaExceeded);
        };
        let session_present = existing.is_some();
        self.attach(
            now,
            link,
            pending,
            Admission {
                key,
                session_present,
                data,
                mark,
            },
        );
    }

    /// [MQTT-3.1.4-3]: the older connection of the session ends, and with Clean Start the session too.
    fn take_over(&mut self, now: Instant, key: SessionKey, clean_start: bool) {
        let Some(session) = self.hub.sessions.get(key) else {
            return;
        };
        let old = session.link;
        let will_goes = clean_start || session.expiry_interval == 0;
        let delayed = session
            .will
            .as_ref()
            .is_some_and(|will| will.borrowed().properties.will_delay_interval.unwrap_or(0) > 0);
        if let Some(old) = old {
            if !will_goes && delayed {
                // The session goes on within the delay [MQTT-3.1.3-9].
                self.hub.take_will(key);
            }
            self.end_link(now, old, CloseReason::TakenOver);
        }
        if clean_start {
            self.end_session(now, key);
        } else if old.is_none() {
            // A delay that ran out already is no longer cut short.
            match self
                .hub
                .sessions
                .get(key)
                .and_then(BrokerSession::will_due_at)
                .is_some_and(|due| due <= now)
            {
                true => self.publish_will_now(now, key),
                false => _ = self.hub.take_will(key),
            }
        }
    }

    fn session_refusal(&mut self, principal: Option<&TextBuf>) -> Option<Cause> {
        if self.hub.sessions.len() >= self.hub.config.sessions {
            return Some(Cause::Sessions);
        }
        let of_principal =
            principal.map_or(0, |principal| self.hub.sessions.of_principal(principal));
        if of_principal >= self.hub.config.sessions_per_principal {
            return Some(Cause::SessionsPerPrincipal);
        }
        self.memory_is_above(80).then_some(Cause::Memory)
    }

    /// Puts a session onto a link and prepares CONNACK.
    fn attach(
        &mut self,
        now: Instant,
        link: LinkId,
        pending: &PendingConnect,
        admission: Admission,
    ) {
        let Admission {
            key,
            session_present,
            data,
            mark,
        } = admission;
        let epoch = self.hub.next_epoch();
        let expiry = pending.session_expiry_in_force(&self.hub.config);
        let keep_alive = pending.keep_alive_in_force(&self.hub.config);
        let Some(session) = self.hub.sessions.get_mut(key) else {
            return;
        };
        session.link = Some(link);
        session.version = pending.version;
        session.expiry_interval = expiry;
        session.disconnected_at = None;
        session.epoch = epoch;
        session.will = pending
            .will
            .as_deref()
            .map(|will| KeptWill::new(will.clone(), &self.hub.kept));
        self.record_session(key);
        let connack = pending.connack(&self.hub.config, session_present, data.as_deref());
        let Some(at) = self.hub.links.get_mut(link) else {
            return;
        };
        at.client_id = Some(pending.client_id.clone());
        at.silence = silence(&self.hub.config, keep_alive);
        at.may_change_expiry = pending.session_expiry > 0;
        at.resend = session_present.then(|| Box::new(Resend::new()));
        at.state = LinkState::AwaitStore {
            session: key,
            connack,
        };
        self.hub
            .timers
            .set(Timer::KeepAlive(link), now + at.silence);
        self.hub.watch_queue_expiry(key);
        let client_id = pending.client_id.clone();
        self.hub.actions.push_back(Action::Notify(Event::Connected {
            link,
            client_id,
            version: pending.version,
            clean_start: pending.clean_start,
            session_present,
            keep_alive,
            session_expiry_interval: expiry,
            user_name: pending.user_name.clone(),
        }));
        // The end of an older session may have been recorded for a connection that is gone.
        let durable = &self.hub.durable;
        let ended = || durable.end_of(pending.client_id.as_str());
        match durable.since(mark).or_else(ended) {
            Some(position) => {
                self.hub.pause(link);
                self.hub.durable.hold(position, Held::Connack { link });
            }
            None => self.send_connack(now, link),
        }
    }

    /// CONNACK [MQTT-3.1.4-5], which nothing precedes, and what the session has waiting behind it.
    pub(super) fn send_connack(&mut self, now: Instant, link: LinkId) {
        let Some(at) = self.hub.links.get_mut(link) else {
            return;
        };
        let state = core::mem::replace(&mut at.state, LinkState::AwaitConnect);
        let LinkState::AwaitStore { session, connack } = state else {
            at.state = state;
            return;
        };
        at.state = LinkState::Connected { session };
        at.last_packet = now;
        at.authentication.connected();
        self.hub.counters.connections_accepted += 1;
        self.hub.connected += 1;
        self.hub.send_encoded(now, link, &connack);
        self.hub.resume(now, link);
        self.refill(now, session);
    }

    /// Records a session's values, when it outlives its connection or did so once.
    pub(super) fn record_session(&mut self, key: SessionKey) {
        if !self.hub.durable.is_on() {
            return;
        }
        let Some(session) = self.hub.sessions.get_mut(key) else {
            return;
        };
        session.is_stored |= session.is_persistent();
        if !session.is_stored {
            return;
        }
        let record = SessionRecord {
            client_id: session.client_id.clone(),
            version: session.version,
            principal: session.principal.clone(),
            expiry_interval: session.expiry_interval,
            disconnected_at: session.disconnected_at,
            will: session.will.as_deref().cloned().map(Box::new),
        };
        let bytes = record.client_id.as_str().len() + self.hub.config.will_bytes.min(256);
        self.hub
            .durable
            .record(Record::Session(Box::new(record)), bytes);
    }
}

/// The answer to a CONNECT whose version is not served, in the form that its sender may know: that of 5.0, but for the
/// protocol name of 3.1.
fn connack_for(error: &DecodeError) -> Option<(Version, ConnectReasonCode)> {
    if let DecodeError::UnsupportedProtocolVersion { name, .. } = error {
        let version = match name {
            ProtocolName::Mqisdp => Version::V3_1,
            ProtocolName::Mqtt | ProtocolName::Other => Version::V5_0,
        };
        return Some((version, ConnectReasonCode::UnsupportedProtocolVersion));
    }
    None
}

/// How long a client may be silent [MQTT-3.1.2-22]. Some time it always has: while it is not read, its timer begins anew.
fn silence(config: &Config, keep_alive: u16) -> Duration {
    match keep_alive {
        0 => config.idle_limit.max(Duration::from_micros(1)),
        seconds => KeepAlive::allowed_silence(seconds),
    }
}

/// A packet as bytes of its own, to be sent later.
pub(super) fn encode(packet: &Packet<'_>, version: Version) -> Vec<u8> {
    let mut bytes = vec![0; packet.encoded_len(version).unwrap_or(0)];
    packet.encode(version, &mut bytes);
    bytes
}
