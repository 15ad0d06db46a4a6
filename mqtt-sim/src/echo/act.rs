//! What the sessions of the echo server ask for, and how it is done.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use mqtt_codec::QoS;
use mqtt_codec::packet::{
    AcknowledgementProperties, ConnackProperties, Disconnect, DisconnectProperties,
};
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_session::server::{
    Accept, Action, ConnectRequest, Event, SubscribeRequest, UnsubscribeRequest,
};
use mqtt_session::{CloseReason, PublishError};

use super::session::{EchoSession, Presence};
use super::{Echo, EchoEnd, SEND_BUFFER};
use crate::check::{Broken, Rule};
use crate::events::Event::Arrival;
use crate::network::Direction;
use crate::observation::ConnectionNumber;
use crate::process::Reading;
use crate::profile::Profile;
use crate::stage::Stage;

impl Echo {
    /// Does what a connection asks for until it asks for nothing more.
    pub(super) fn settle(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        loop {
            while let Some(end) = self.ends.get_mut(&connection) {
                let Some(action) = end.session.poll_action() else {
                    break;
                };
                self.act(stage, connection, action);
            }
            self.send_back(stage, connection);
            let Some(end) = self.ends.get_mut(&connection) else {
                return;
            };
            if end.flush(stage) == 0 {
                break;
            }
        }
        self.set_timer(stage, connection);
    }

    fn act(&mut self, stage: &mut Stage, connection: ConnectionNumber, action: Action) {
        let Some(end) = self.ends.get_mut(&connection) else {
            return;
        };
        match action {
            Action::Transmit => {}
            Action::Pause => end.reading = Reading::Paused,
            Action::Resume => {
                let was = core::mem::replace(&mut end.reading, Reading::On);
                end.present(stage);
                // Behind what is presented: it may be the end.
                if was == Reading::Due {
                    let arrival = Arrival(connection, Direction::Up);
                    stage.after(Duration::ZERO, arrival);
                }
            }
            Action::Deliver(delivered) => {
                let bound = stage.setting.broker.queue_messages;
                if let Some(session) = self.sessions.get_mut(&end.client) {
                    session.echo(stage.now, delivered.message, bound);
                }
            }
            Action::Notify(event) => self.notified(stage, connection, event),
            Action::Close(reason) => {
                end.tap.copy(stage, end.session.tx());
                // The server asks for it when another connection takes over.
                let reason = if reason == CloseReason::Requested {
                    CloseReason::TakenOver
                } else {
                    reason
                };
                let written = end.tap.end(stage, reason);
                end.session.handle_written(stage.now, written);
                if let Some(mut end) = self.ends.remove(&connection) {
                    self.part(stage, connection, &mut end);
                }
            }
        }
    }

    fn notified(&mut self, stage: &mut Stage, connection: ConnectionNumber, event: Event) {
        match event {
            Event::Connect(request) => self.connected(stage, connection, &request),
            Event::Subscribe(request) => self.subscribe(stage, connection, *request),
            Event::Unsubscribe(request) => self.unsubscribe(stage, connection, &request),
            Event::Disconnected(disconnection) => {
                let session = self
                    .ends
                    .get(&connection)
                    .and_then(|end| self.sessions.get_mut(&end.client));
                if let (Some(session), Some(expiry)) =
                    (session, disconnection.session_expiry_interval)
                {
                    session.expiry = expiry.min(stage.setting.broker.maximum_session_expiry);
                }
            }
            Event::Published(_) | Event::Authenticate { .. } | Event::Reauthenticate { .. } => {}
        }
    }

    /// CONNECT has come: the client's last connection ends, and its session goes on.
    fn connected(
        &mut self,
        stage: &mut Stage,
        connection: ConnectionNumber,
        request: &ConnectRequest,
    ) {
        let Some(client) = self.ends.get(&connection).map(|end| end.client) else {
            return;
        };
        let is_known = Profile::client(request.client_id.as_str()) == Some(client);
        if let Some(session) = self.sessions.get(&client).filter(|_| is_known) {
            if let Presence::Connected(last) = session.presence {
                self.take_over(stage, last);
            }
        }
        let Some(end) = self.ends.get_mut(&connection) else {
            return;
        };
        end.tap.version = request.version;
        if !is_known {
            let reason = ConnectReasonCode::ClientIdentifierNotValid;
            let properties = ConnackProperties::default();
            // Nothing else could be decided about this CONNECT.
            let _ = end.session.refuse(stage.now, reason, properties);
            return;
        }
        let expiry = request
            .session_expiry_interval
            .min(stage.setting.broker.maximum_session_expiry);
        let kept = self
            .sessions
            .remove(&client)
            .filter(|session| !request.clean_start && session.is_alive(stage.now));
        let mut session = kept.unwrap_or_else(|| EchoSession::new(connection));
        session.expiry = expiry;
        let presence = core::mem::replace(&mut session.presence, Presence::Connected(connection));
        let state = match presence {
            Presence::Away { state, .. } => Some(*state),
            Presence::Connected(_) => None,
        };
        self.sessions.insert(client, session);
        let accept = Accept {
            session: state,
            session_expiry_interval: (expiry != request.session_expiry_interval
                && request.version.has_properties())
            .then_some(expiry),
            ..Accept::default()
        };
        // A client that takes no CONNACK is left to its own time limit.
        let _ = end.session.accept(stage.now, accept);
    }

    fn take_over(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        if let Some(end) = self.ends.get_mut(&connection) {
            let disconnect = Disconnect {
                reason_code: DisconnectReasonCode::SessionTakenOver,
                properties: DisconnectProperties::EMPTY,
            };
            // It can: the connection has the session.
            let _ = end.session.disconnect(stage.now, disconnect);
            self.settle(stage, connection);
        }
    }

    fn subscribe(
        &mut self,
        stage: &Stage,
        connection: ConnectionNumber,
        request: SubscribeRequest,
    ) {
        let Some((end, session)) = self.of(connection) else {
            return;
        };
        let codes: Vec<_> = request
            .subscriptions
            .into_iter()
            .map(|(filter, options)| session.subscribe(filter, options))
            .collect();
        // The request is there, and has as many filters; a client that takes no SUBACK has none.
        let _ = end.session.suback(
            stage.now,
            request.token,
            &codes,
            AcknowledgementProperties::EMPTY,
        );
    }

    fn unsubscribe(
        &mut self,
        stage: &Stage,
        connection: ConnectionNumber,
        request: &UnsubscribeRequest,
    ) {
        let Some((end, session)) = self.of(connection) else {
            return;
        };
        let codes: Vec<_> = request
            .filters
            .iter()
            .map(|filter| session.unsubscribe(filter))
            .collect();
        // As with SUBACK.
        let _ = end.session.unsuback(
            stage.now,
            request.token,
            &codes,
            AcknowledgementProperties::EMPTY,
        );
    }

    fn of(&mut self, connection: ConnectionNumber) -> Option<(&mut EchoEnd, &mut EchoSession)> {
        let end = self.ends.get_mut(&connection)?;
        let session = self.sessions.get_mut(&end.client)?;
        Some((end, session))
    }

    /// Sends back what waits, as far as the session takes it.
    fn send_back(&mut self, stage: &Stage, connection: ConnectionNumber) {
        let Some((end, session)) = self.of(connection) else {
            return;
        };
        if !matches!(session.presence, Presence::Connected(it) if it == connection) {
            return;
        }
        while let Some(message) = session.next(stage.now) {
            if message.qos != QoS::AtMostOnce && end.session.send_quota() == 0 {
                return;
            }
            match end.session.publish(stage.now, message) {
                // What the client does not take [MQTT-3.1.2-25] counts as sent.
                Ok(_) | Err(PublishError::TooLarge { .. }) => session.sent(),
                // The window or the send buffer is full: it goes on after the next input.
                Err(_) => return,
            }
        }
    }
}

impl EchoEnd {
    /// Writes what there is room for: how many bytes that is.
    fn flush(&mut self, stage: &mut Stage) -> usize {
        let len = self.session.tx().len();
        if len > SEND_BUFFER_BOUND {
            let what = format!("a send buffer of the echo server holds {len} bytes");
            stage.break_rule(Broken::new(Rule::Bounds, what).of_client(self.client));
        }
        self.tap.copy(stage, self.session.tx());
        let written = self.tap.write(stage);
        self.session.handle_written(stage.now, written);
        written
    }
}

/// Answers may double what is wanted, and the last packet may be a large one.
const SEND_BUFFER_BOUND: usize = 2 * SEND_BUFFER + 16 * 1_024;
