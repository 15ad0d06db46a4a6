//! Subscriptions and retained messages.

use alloc::vec::Vec;

use mqtt_broker_core::Availability;
use mqtt_codec::QoS;
use mqtt_codec::packet::{Publish, Subscribe, Unsubscribe};
use mqtt_session::Instant;

use super::state::{Change, Retained, seconds};
use super::{Effect, Model};
use crate::messages::MessageNumber;
use crate::names::Topic;
use crate::observation::Context;

impl Model {
    /// Standard: MQTT 5.0 §3.3.1.3, §4.3.3.
    pub(super) fn publish(&mut self, context: &Context<'_>, client: usize, publish: &Publish<'_>) {
        if publish.delivery.qos() == QoS::ExactlyOnce {
            let Some(packet_id) = publish.delivery.packet_id() else {
                return;
            };
            if self.live.unreleased.contains(&(client, packet_id)) {
                // [MQTT-4.3.3-10]
                return;
            }
            self.change(Change::Unreleased(client, packet_id));
        }
        if !publish.retain {
            return;
        }
        let name = publish.topic.name();
        let Some(topic) = name.and_then(|it| context.setting.names.find_topic(it.as_str())) else {
            return;
        };
        if publish.payload.is_empty() {
            // [MQTT-3.3.1-6]
            self.clear(topic);
        } else if let Some(message) = MessageNumber::of(publish.payload) {
            let expiry = publish.properties.message_expiry_interval;
            self.retain(context.broker_now, topic, message, expiry);
        }
    }

    pub(super) fn retain(
        &mut self,
        now: Instant,
        topic: Topic,
        message: MessageNumber,
        expiry: Option<u32>,
    ) {
        let expires_at = expiry.map(|expiry| now + seconds(expiry));
        self.clear(topic);
        self.effects.push(Effect::Retained { message });
        self.due = self.due.min(expires_at.unwrap_or(Instant::MAX));
        let retained = Retained {
            message,
            expires_at,
        };
        self.change(Change::Retained(topic, retained));
    }

    pub(super) fn clear(&mut self, topic: Topic) {
        if let Some(retained) = self.live.retained.get(&topic) {
            let message = retained.message;
            self.effects.push(Effect::Unretained { message });
            self.change(Change::RetainedCleared(topic));
        }
    }

    /// Standard: MQTT 5.0 §3.8.4.
    pub(super) fn subscribe(
        &mut self,
        context: &Context<'_>,
        client: usize,
        packet: &Subscribe<'_>,
    ) {
        let names = &context.setting.names;
        for wanted in packet.subscriptions.iter() {
            let Some(filter) = names.find_filter(wanted.filter.as_str()) else {
                continue;
            };
            let shared = context.setting.broker.shared_subscriptions;
            if shared == Availability::Unavailable && names.is_shared(filter) {
                continue;
            }
            let options = wanted.options;
            let before = self.live.subscriptions.get(&(filter, client)).copied();
            self.effects.push(Effect::Subscribed {
                client,
                filter,
                options,
                before,
            });
            self.change(Change::Subscribed(client, filter, options));
        }
    }

    pub(super) fn unsubscribe(
        &mut self,
        context: &Context<'_>,
        client: usize,
        packet: &Unsubscribe<'_>,
    ) {
        for filter in packet.filters.iter() {
            let Some(filter) = context.setting.names.find_filter(filter.as_str()) else {
                continue;
            };
            if self.live.subscriptions.contains_key(&(filter, client)) {
                self.effects.push(Effect::Unsubscribed { client, filter });
                self.change(Change::Unsubscribed(client, filter));
            }
        }
    }

    /// Standard: MQTT 5.0 §3.3.2.3.3.
    pub(super) fn expire_retained(&mut self, now: Instant) {
        let is_over = |retained: &Retained| retained.expires_at.is_some_and(|at| at <= now);
        let retained = self.live.retained.iter();
        let over: Vec<_> = retained
            .filter(|(_, retained)| is_over(retained))
            .map(|(&topic, _)| topic)
            .collect();
        for topic in over {
            self.clear(topic);
        }
    }
}
