use alloc::boxed::Box;
use core::time::Duration;

use bytes::Bytes;
use mqtt_codec::packet::Connack;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Binary, ClientIdBuf, Limits, Packet, TextBuf, Version};

use super::{
    Action, CleanStart, ClientSession, Connected, Event, Online, Refusal, State, UnknownSession,
};
use crate::client::config::whole_seconds;
use crate::endpoint::Link;
use crate::{
    Authentication, Capabilities, CloseReason, Instant, Negotiated, Ping, ProtocolError, Role,
};

impl ClientSession {
    /// There is a network connection: CONNECT goes out as its first packet [MQTT-3.1.0-1].
    pub fn handle_connected(&mut self, now: Instant) {
        if !matches!(self.state, State::Idle) {
            debug_assert!(false, "handle_connected while there is a connection");
            self.close(now, CloseReason::ConnectionLost);
        }
        let clean_start = match self.config.clean_start {
            CleanStart::Never => false,
            CleanStart::First => !self.has_connected || !self.config.version.has_properties(),
            CleanStart::Always => true,
        };
        if clean_start {
            // [MQTT-3.1.2-4]
            self.discard_session();
        }
        self.endpoint.begin();
        let method = self
            .config
            .authentication
            .as_ref()
            .map(|it| it.method.clone());
        self.authentication = Authentication::new(Role::Client, method.filter(|_| self.is_v5()));
        let link = Link::connecting(self.negotiated());
        let connect = self.config.connect(&self.client_id, clean_start);
        // The server's limits are not known yet.
        self.endpoint
            .tx_mut()
            .put(self.config.version, &Packet::Connect(connect));
        let deadline = now + self.config.connect_timeout;
        self.state = State::Connecting {
            link: Box::new(link),
            deadline,
            last_sent: now,
            clean_start,
        };
    }

    pub(super) const fn is_v5(&self) -> bool {
        self.config.version.has_properties()
    }

    /// What holds as long as the server has said nothing.
    fn negotiated(&self) -> Negotiated {
        Negotiated {
            receive_maximum: if self.is_v5() {
                self.config.receive_maximum.get()
            } else {
                u16::MAX
            },
            packet_size_in: self.config.maximum_packet_size,
            topic_alias_maximum_in: self.config.topic_alias_maximum,
            problem_information: self.config.problem_information,
            ..Negotiated::new(self.config.version, Role::Client)
        }
    }

    /// CONNACK came.
    pub(super) fn connack(
        &mut self,
        now: Instant,
        connack: &Connack<'_>,
    ) -> Result<(), CloseReason> {
        let State::Connecting {
            clean_start,
            last_sent,
            ..
        } = self.state
        else {
            return Ok(());
        };
        if connack.reason_code.is_error() {
            return Err(self.refused(connack));
        }
        let negotiated = self.negotiated_with(connack);
        if let State::Connecting { link, .. } = &mut self.state {
            // [MQTT-3.2.2-15]: of a DISCONNECT, too.
            link.connection.negotiated = negotiated;
        }
        if negotiated.packet_size_out < ACKNOWLEDGEMENT {
            return Err(CloseReason::Disconnected {
                reason: DisconnectReasonCode::PacketTooLarge,
            });
        }
        if self.is_v5() {
            self.authentication
                .connack(connack)
                .map_err(CloseReason::Protocol)?;
        }
        let session_present = self
            .session_present(connack, clean_start)
            .map_err(CloseReason::Protocol)?;
        self.assign_client_id(connack)
            .map_err(CloseReason::Protocol)?;

        let announced_expiry = if self.is_v5() {
            whole_seconds(self.config.session_expiry)
        } else if clean_start {
            0
        } else {
            u32::MAX
        };
        let session_expiry = connack
            .properties
            .session_expiry_interval
            .unwrap_or(announced_expiry);
        let keep_alive = self.keep_alive(connack);
        let link = Link::new(negotiated, Capabilities::of(connack));
        let patience = self.config.ping_timeout.max(Duration::from_millis(1));
        let mut ping = Ping::new(keep_alive, patience, last_sent);
        ping.note_received(now);
        self.notify_connected(connack, &link, session_present, keep_alive, session_expiry);
        if !session_present {
            // [MQTT-3.2.2-5]
            self.discard_session();
        }
        (self.has_session, self.has_connected) = (true, true);
        self.state = State::Connected(Box::new(Online {
            link,
            ping,
            session_expiry,
            announced_expiry,
        }));
        self.resend(now);
        Ok(())
    }

    fn refused(&mut self, connack: &Connack<'_>) -> CloseReason {
        let properties = &connack.properties;
        self.notify(Event::Refused(Box::new(Refusal {
            reason: connack.reason_code,
            reason_string: properties.reason_string.map(TextBuf::from),
            server_reference: properties.server_reference.map(TextBuf::from),
            user_properties: properties.user_properties.into(),
        })));
        CloseReason::Refused(connack.reason_code)
    }

    /// Whether the server goes on with our session.
    fn session_present(
        &self,
        connack: &Connack<'_>,
        clean_start: bool,
    ) -> Result<bool, ProtocolError> {
        if self.config.version == Version::V3_1 {
            // It has no such flag.
            return Ok(self.has_session && !clean_start);
        }
        let is_unknown = clean_start
            || (!self.has_session && self.config.unknown_session == UnknownSession::Close);
        if connack.session_present && is_unknown {
            // [MQTT-3.2.2-4], and a server that was told to begin an empty one [MQTT-3.2.2-2].
            return Err(ProtocolError::UnknownSessionPresent);
        }
        Ok(connack.session_present)
    }

    fn assign_client_id(&mut self, connack: &Connack<'_>) -> Result<(), ProtocolError> {
        if !self.is_v5() || !self.client_id.as_str().is_empty() {
            return Ok(());
        }
        let assigned = connack.properties.assigned_client_identifier;
        let assigned = assigned
            .filter(|id| !id.is_empty())
            .ok_or(ProtocolError::NoAssignedClientIdentifier)?;
        self.client_id = ClientIdBuf::new(assigned.as_str())
            .map_err(|_| ProtocolError::NoAssignedClientIdentifier)?;
        Ok(())
    }

    fn negotiated_with(&self, connack: &Connack<'_>) -> Negotiated {
        let properties = &connack.properties;
        let receive_maximum = properties
            .receive_maximum
            .map_or(u16::MAX, core::num::NonZeroU16::get);
        let maximum_packet_size = properties
            .maximum_packet_size
            .map_or(u32::MAX, core::num::NonZeroU32::get);
        Negotiated {
            send_maximum: receive_maximum.min(self.config.in_flight.get()),
            packet_size_out: maximum_packet_size.min(Limits::MAX_PACKET_SIZE),
            topic_alias_maximum_out: properties
                .topic_alias_maximum
                .unwrap_or(0)
                .min(self.config.outbound_topic_aliases),
            ..self.negotiated()
        }
    }

    /// [MQTT-3.1.2-21] [MQTT-3.2.2-21]: the server's word counts.
    fn keep_alive(&self, connack: &Connack<'_>) -> u16 {
        let ours = u16::try_from(whole_seconds(self.config.keep_alive)).unwrap_or(u16::MAX);
        connack.properties.server_keep_alive.unwrap_or(ours)
    }

    fn notify_connected(
        &mut self,
        connack: &Connack<'_>,
        link: &Link,
        session_present: bool,
        keep_alive: u16,
        session_expiry: u32,
    ) {
        let properties = &connack.properties;
        let negotiated = link.connection.negotiated();
        self.actions
            .push_back(Action::Notify(Event::Connected(Box::new(Connected {
                session_present,
                client_id: self.client_id.clone(),
                capabilities: link.capabilities,
                send_maximum: negotiated.send_maximum,
                maximum_packet_size: negotiated.packet_size_out,
                keep_alive: Duration::from_secs(keep_alive.into()),
                session_expiry: match session_expiry {
                    u32::MAX => Duration::MAX,
                    seconds => Duration::from_secs(seconds.into()),
                },
                response_information: properties.response_information.map(TextBuf::from),
                server_reference: properties.server_reference.map(TextBuf::from),
                reason_string: properties.reason_string.map(TextBuf::from),
                user_properties: properties.user_properties.into(),
                authentication_data: properties.authentication_data.map(owned),
            }))));
    }

    /// The session ended: what is left of it has its outcome.
    pub(super) fn discard_session(&mut self) {
        let outcomes = self.endpoint.state.discard();
        self.notify_outcomes(outcomes);
        self.has_session = false;
    }
}

/// The bytes of an acknowledgement with a reason code, the least that a client must be able to send.
const ACKNOWLEDGEMENT: u32 = 5;

pub(super) fn owned(data: Binary<'_>) -> Bytes {
    Bytes::copy_from_slice(data.as_bytes())
}
