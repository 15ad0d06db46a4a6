//! Sessions and their wills.

use alloc::vec::Vec;

use mqtt_codec::Version;
use mqtt_codec::packet::{Connect, Disconnect};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_session::Instant;

use super::state::{Change, Keeping, Place, Session, Will};
use super::{Effect, Model, Process};
use crate::messages::MessageNumber;
use crate::observation::{ConnectionNumber, Context};

impl Model {
    /// Standard: MQTT 5.0 §3.1.4, §3.1.2.4.
    pub(super) fn connect(
        &mut self,
        context: &Context<'_>,
        client: usize,
        connection: ConnectionNumber,
        connect: &Connect<'_>,
    ) {
        let maximum = context.setting.broker.maximum_session_expiry;
        let expiry = match connect.version {
            Version::V5_0 => connect.properties.session_expiry_interval.unwrap_or(0),
            Version::V3_1 | Version::V3_1_1 if connect.clean_start => 0,
            Version::V3_1 | Version::V3_1_1 => maximum,
        };
        let expiry = expiry.min(maximum);
        let resumed = self.take_over(context.broker_now, client, connect.clean_start);
        if resumed.is_none() {
            self.effects.push(Effect::SessionStarted { client });
        }
        let kept = match (expiry, resumed) {
            (0, Some(session)) => session.kept,
            (0, None) => Keeping::Unstored,
            (_, _) => Keeping::Stored,
        };
        let will = connect.will.as_ref().and_then(|will| {
            Some(Will {
                message: MessageNumber::of(will.payload.as_bytes())?,
                topic: context.setting.names.find_topic(will.topic.as_str())?,
                retain: will.retain,
                delay: will.properties.will_delay_interval.unwrap_or(0),
                expiry: will.properties.message_expiry_interval,
            })
        });
        let session = Session {
            version: connect.version,
            expiry,
            kept,
            place: Place::On(connection),
            will,
        };
        self.change(Change::Session(client, session));
    }

    /// What becomes of the session that there was; it is returned when it goes on [MQTT-3.1.3-9] [MQTT-3.1.4-3].
    pub(super) fn take_over(
        &mut self,
        now: Instant,
        client: usize,
        clean_start: bool,
    ) -> Option<Session> {
        let session = *self.live.sessions.get(&client)?;
        let goes_on = match session.place {
            Place::On(_) => !clean_start && session.expiry > 0,
            Place::Off { .. } => !clean_start && !session.is_over(now),
        };
        if !goes_on {
            self.end(now, client);
            return None;
        }
        if let Some(will) = session.will {
            let is_in_time = match session.place {
                Place::On(_) => will.delay > 0,
                Place::Off { .. } => session.will_due_at().is_some_and(|at| at > now),
            };
            let message = will.message;
            match is_in_time {
                true => self.effects.push(Effect::WillDropped { client, message }),
                false => self.publish_will(now, client),
            }
        }
        Some(session)
    }

    /// Standard: MQTT 5.0 §3.14.4.
    pub(super) fn disconnect(
        &mut self,
        context: &Context<'_>,
        client: usize,
        packet: &Disconnect<'_>,
    ) {
        let Some(mut session) = self.live.sessions.get(&client).copied() else {
            return;
        };
        if let Some(expiry) = packet.properties.session_expiry_interval {
            session.expiry = expiry.min(context.setting.broker.maximum_session_expiry);
        }
        if packet.reason_code == DisconnectReasonCode::Success {
            if let Some(will) = session.will.take() {
                let message = will.message;
                self.effects.push(Effect::WillDropped { client, message });
            }
        }
        self.change(Change::Session(client, session));
        self.detach(context.broker_now, client);
    }

    /// A session's connection has ended.
    pub(super) fn detach(&mut self, now: Instant, client: usize) {
        let Some(mut session) = self.live.sessions.get(&client).copied() else {
            return;
        };
        self.next_order += 1;
        session.place = Place::Off {
            since: now,
            order: self.next_order,
        };
        self.change(Change::Session(client, session));
        if session.expiry == 0 {
            return self.end(now, client);
        }
        match session.will_due_at() {
            Some(at) if at <= now => self.publish_will(now, client),
            Some(at) => self.due = self.due.min(at),
            None => {}
        }
        self.due = self.due.min(session.ends_at().unwrap_or(Instant::MAX));
    }

    /// Ends a session, and with it the delay of its will.
    pub(super) fn end(&mut self, now: Instant, client: usize) {
        self.publish_will(now, client);
        let filters = self.live.subscriptions_of(client);
        let gone = filters.map(|(filter, _)| Effect::Unsubscribed { client, filter });
        self.effects.extend(gone);
        self.effects.push(Effect::SessionEnded { client });
        self.change(Change::SessionEnded(client));
    }

    /// Publishes a session's will, if it has one, and forgets it [MQTT-3.1.2-8] [MQTT-3.1.2-10].
    pub(super) fn publish_will(&mut self, now: Instant, client: usize) {
        let Some(mut session) = self.live.sessions.get(&client).copied() else {
            return;
        };
        let Some(will) = session.will.take() else {
            return;
        };
        let message = will.message;
        self.effects.push(Effect::WillPublished { client, message });
        self.change(Change::Session(client, session));
        if will.retain {
            self.retain(now, will.topic, message, will.expiry);
        }
    }

    /// Does what is due: wills in their order, then the ends of sessions and of retained messages.
    pub(super) fn timed_out(&mut self, now: Instant) {
        if now < self.due || self.process == Process::Crashed {
            return;
        }
        let mut wills = Vec::new();
        let mut over = Vec::new();
        for (&client, session) in &self.live.sessions {
            if let Some(at) = session.will_due_at().filter(|at| *at <= now) {
                wills.push((at.max(self.started_at), session.order(), client));
            }
            if session.is_over(now) {
                over.push(client);
            }
        }
        wills.sort_unstable();
        for (_, _, client) in wills {
            self.publish_will(now, client);
        }
        for client in over {
            self.end(now, client);
        }
        self.expire_retained(now);
        let sessions = self.live.sessions.values();
        let of_sessions = sessions.flat_map(|it| [it.will_due_at(), it.ends_at()]);
        let of_retained = self.live.retained.values().map(|it| it.expires_at);
        let due = of_sessions.chain(of_retained).flatten().min();
        self.due = due.unwrap_or(Instant::MAX);
    }
}
