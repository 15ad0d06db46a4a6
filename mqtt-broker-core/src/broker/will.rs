//! Wills. Standard: MQTT 5.0 §3.1.2.5.

use mqtt_codec::PacketId;
use mqtt_codec::QoS;
use mqtt_codec::packet::{Delivery, Publish, PublishProperties, PublishTopic, WillBuf};
use mqtt_session::Instant;

use super::Broker;
use super::route::{Incoming, Origin, expires_at};
use crate::counters::Cause;
use crate::kept_will::KeptWill;
use crate::matching::SessionKey;
use crate::message::Publisher;
use crate::session::BrokerSession;
use crate::timer::Timer;

/// A will that waits for its turn: many connections were lost at once.
#[derive(Debug)]
pub(super) enum DueWill {
    /// The session keeps it until then, so that a crash does not lose it. With its epoch.
    Kept(SessionKey, u32),
    /// The session is gone.
    Orphan {
        will: KeptWill,
        publisher: Publisher,
    },
}

impl Broker {
    /// Publishes a session's will and forgets it [MQTT-3.1.2-10]. More than a slice of wills at the same moment wait for
    /// their turn, so that a mass loss does not stall everybody else.
    pub(super) fn publish_will(&mut self, now: Instant, key: SessionKey) {
        let Some(session) = self
            .hub
            .sessions
            .get(key)
            .filter(|session| session.will.is_some())
        else {
            return;
        };
        let due = DueWill::Kept(key, session.epoch);
        if self.will_has_its_turn(now) {
            return self.publish_will_now(now, key);
        }
        self.wait_for_turn(now, due);
    }

    /// The same for a session that is about to go. What the store had of it goes with it, so such a will does not wait.
    pub(super) fn publish_last_will(&mut self, now: Instant, key: SessionKey) {
        let Some(session) = self
            .hub
            .sessions
            .get(key)
            .filter(|session| session.will.is_some())
        else {
            return;
        };
        let publisher = session.publisher();
        if session.is_stored || self.will_has_its_turn(now) {
            return self.publish_will_now(now, key);
        }
        if let Some(will) = self.hub.take_will(key) {
            self.wait_for_turn(now, DueWill::Orphan { will, publisher });
        }
    }

    pub(super) fn publish_will_now(&mut self, now: Instant, key: SessionKey) {
        let Some(will) = self.hub.take_will(key) else {
            return;
        };
        let Some(publisher) = self.hub.sessions.get(key).map(BrokerSession::publisher) else {
            return;
        };
        self.route_will(now, &will, &publisher);
    }

    fn will_has_its_turn(&mut self, now: Instant) -> bool {
        if self.wills_at.0 != now {
            self.wills_at = (now, 0);
        }
        let has = self.wills_at.1 < self.hub.config.slice && self.due_wills.is_empty();
        self.wills_at.1 += usize::from(has);
        has
    }

    fn wait_for_turn(&mut self, now: Instant, due: DueWill) {
        if self.due_wills.is_empty() {
            self.hub
                .timers
                .set(Timer::Work, now + core::time::Duration::from_micros(1));
        }
        self.due_wills.push_back(due);
    }

    /// Publishes up to `limit` of the wills that wait.
    pub(super) fn publish_due_wills(&mut self, now: Instant, limit: usize) {
        for _ in 0..limit {
            let Some(due) = self.due_wills.pop_front() else {
                return;
            };
            match due {
                DueWill::Kept(key, epoch) if self.is_current(key, epoch) => {
                    self.publish_will_now(now, key);
                    self.record_session(key);
                }
                // It was resumed or ended meanwhile, and its will went then.
                DueWill::Kept(..) => {}
                DueWill::Orphan { will, publisher } => self.route_will(now, &will, &publisher),
            }
        }
        if !self.due_wills.is_empty() {
            self.hub
                .timers
                .set(Timer::Work, now + core::time::Duration::from_micros(1));
        }
    }

    fn route_will(&mut self, now: Instant, will: &WillBuf, publisher: &Publisher) {
        let will = will.borrowed();
        let topic = will.topic.as_str();
        if topic.starts_with("$SYS/") || topic.starts_with("$CONTROL/") {
            let client_id = publisher.client_id.clone();
            return self.hub.refuse_will(client_id, Cause::NotAuthorized);
        }
        // [MQTT-3.1.2-14] [MQTT-3.1.2-15]
        let retain = will.retain && self.may_retain_will(&will);
        if retain != will.retain {
            self.hub
                .refuse_will(publisher.client_id.clone(), Cause::Retained);
        }
        let publish = Publish {
            delivery: delivery(will.qos),
            retain,
            topic: PublishTopic::Name(will.topic),
            properties: PublishProperties {
                payload_format_indicator: will.properties.payload_format_indicator,
                message_expiry_interval: will.properties.message_expiry_interval,
                response_topic: will.properties.response_topic,
                correlation_data: will.properties.correlation_data,
                user_properties: will.properties.user_properties,
                content_type: will.properties.content_type,
                ..PublishProperties::default()
            },
            payload: will.payload.as_bytes(),
        };
        let origin = Origin::Will(publisher);
        self.route(
            now,
            &Incoming {
                topic: will.topic,
                publish: &publish,
                origin,
                expires_at: expires_at(now, &publish),
                whole: None,
            },
        );
    }
}

/// The QoS of a message that has no Packet Identifier of a publisher.
pub(super) fn delivery(qos: QoS) -> Delivery {
    let packet_id = PacketId::MIN;
    match qos {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => Delivery::AtLeastOnce {
            packet_id,
            dup: false,
        },
        QoS::ExactlyOnce => Delivery::ExactlyOnce {
            packet_id,
            dup: false,
        },
    }
}
