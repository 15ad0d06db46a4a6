//! Wills. Standard: MQTT 5.0 §3.1.2.5.

use alloc::boxed::Box;

use mqtt_codec::PacketId;
use mqtt_codec::packet::{Delivery, Publish, PublishProperties, PublishTopic, WillBuf};
use mqtt_codec::QoS;
use mqtt_session::Instant;

use super::Broker;
use super::route::{Incoming, Origin};
use crate::counters::Cause;
use crate::matching::SessionKey;
use crate::message::Publisher;
use crate::session::BrokerSession;
use crate::timer::Timer;

/// A will that waits for its turn: many connections were lost at once.
#[derive(Debug)]
pub(super) struct DueWill {
    will: Box<WillBuf>,
    publisher: Publisher,
}

impl Broker {
    /// Publishes a session's will and forgets it [MQTT-3.1.2-10]. More than a slice of wills at the same moment wait for
    /// their turn, so that a mass loss does not stall everybody else.
    pub(super) fn publish_will(&mut self, now: Instant, key: SessionKey) {
        let Some(will) = self.hub.take_will(key) else { return };
        let Some(publisher) = self.hub.sessions.get(key).map(BrokerSession::publisher) else { return };
        let due = DueWill { will, publisher };
        if self.wills_at.0 != now {
            self.wills_at = (now, 0);
        }
        if self.wills_at.1 < self.hub.config.slice && self.due_wills.is_empty() {
            self.wills_at.1 += 1;
            return self.route_will(now, &due);
        }
        if self.due_wills.is_empty() {
            self.hub.timers.set(Timer::Work, now + core::time::Duration::from_micros(1));
        }
        self.due_wills.push_back(due);
    }

    /// Publishes up to `limit` of the wills that wait.
    pub(super) fn publish_due_wills(&mut self, now: Instant, limit: usize) {
        for _ in 0..limit {
            let Some(due) = self.due_wills.pop_front() else { return };
            self.route_will(now, &due);
        }
        if !self.due_wills.is_empty() {
            self.hub.timers.set(Timer::Work, now + core::time::Duration::from_micros(1));
        }
    }

    fn route_will(&mut self, now: Instant, due: &DueWill) {
        let will = due.will.borrowed();
        let topic = will.topic.as_str();
        if topic.starts_with("$SYS/") || topic.starts_with("$CONTROL/") {
            return self.hub.counters.count(Cause::NotAuthorized);
        }
        let publish = Publish {
            delivery: delivery(will.qos),
            // [MQTT-3.1.2-14] [MQTT-3.1.2-15]
            retain: will.retain && self.may_retain_will(&will),
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
        let origin = Origin::Will(&due.publisher);
        self.route(now, &Incoming { topic: will.topic, publish: &publish, origin, whole: None });
    }
}

/// The QoS of a message that has no Packet Identifier of a publisher.
pub(super) fn delivery(qos: QoS) -> Delivery {
    let packet_id = PacketId::MIN;
    match qos {
        QoS::AtMostOnce => Delivery::AtMostOnce,
        QoS::AtLeastOnce => Delivery::AtLeastOnce { packet_id, dup: false },
        QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup: false },
    }
}
