//! Retained messages: stored, cleared, expired, and sent to new subscriptions in slices.

use alloc::sync::Arc;

use mqtt_codec::packet::Will;
use mqtt_codec::{QoS, TopicName, TopicNameBuf};
use mqtt_session::Instant;

use super::Broker;
use crate::counters::Cause;
use crate::deliver::{Delivered, admits};
use crate::hub::Hub;
use crate::matching::SessionKey;
use crate::message::Message;
use crate::outgoing::Source;
use crate::queue::Queued;
use crate::record::Record;
use crate::session::Replay;
use crate::timer::Timer;

impl Broker {
    /// Sends what may be sent to a session now: its queue, then retained messages.
    pub(super) fn refill(&mut self, now: Instant, key: SessionKey) {
        self.hub.refill(now, key);
        let waits = self
            .hub
            .sessions
            .get(key)
            .and_then(|session| session.rare.as_ref());
        if waits.is_some_and(|rare| !rare.replays.is_empty()) {
            self.replay(now, key);
        }
    }

    /// Sends a slice of the retained messages that a session is still owed.
    pub(super) fn replay(&mut self, now: Instant, key: SessionKey) {
        let mut budget = self.hub.config.slice;
        while self.hub.may_replay(key) {
            let Some(session) = self.hub.sessions.get_mut(key) else {
                return;
            };
            let Some(replay) = session
                .rare
                .as_mut()
                .and_then(|rare| rare.replays.front_mut())
            else {
                break;
            };
            if let Some(message) = replay.found.pop_front() {
                let (maximum_qos, identifier) = (replay.maximum_qos, replay.identifier);
                let identifiers = identifier.map(|identifier| Arc::from([identifier].as_slice()));
                self.hub
                    .send_retained(now, key, message, maximum_qos, identifiers);
                continue;
            }
            if budget == 0 {
                // The others have their turn; the timer goes on with this one, and not the next write.
                let Some(link) = session.link.and_then(|link| self.hub.links.get_mut(link)) else {
                    return;
                };
                link.wants_room = false;
                self.hub.timers.set(
                    Timer::Replay(link.id),
                    now + core::time::Duration::from_micros(1),
                );
                return;
            }
            let more = find(&self.retained, replay, &mut budget);
            if !more {
                if let Some(rare) = &mut session.rare {
                    rare.replays.pop_front();
                }
                session.tidy();
            }
        }
        if let Some(link) = self.hub.sessions.get(key).and_then(|session| session.link) {
            let waits = self.hub.sessions.get(key).is_some_and(|session| {
                !session.queue.is_empty()
                    || session
                        .rare
                        .as_ref()
                        .is_some_and(|rare| !rare.replays.is_empty())
            });
            if let Some(link) = self.hub.links.get_mut(link) {
                link.wants_room = waits;
            }
        }
    }

    pub(super) fn may_retain_will(&mut self, will: &Will<'_>) -> bool {
        will.payload.as_bytes().is_empty()
            || self.may_retain(will.topic, will.payload.as_bytes().len())
    }

    pub(super) fn set_retained(&mut self, now: Instant, message: Message) {
        self.retained_bytes += retained_bytes(&message);
        if let Some(at) = message.expires_at() {
            if self
                .retained_expiry
                .first()
                .is_none_or(|(first, _)| at < *first)
            {
                self.hub.timers.set(Timer::RetainedExpiry, at.max(now));
                self.hub.tidy_timers();
            }
            self.retained_expiry.insert((at, message.topic().clone()));
        }
        let topic = message.topic().clone();
        if let Some(old) = self.retained.set(&topic, message) {
            self.forget(&old);
        }
    }

    /// Clears a topic's retained message; false when there was none.
    pub(super) fn clear_retained(&mut self, topic: TopicName<'_>) -> bool {
        match self.retained.clear(topic) {
            Some(old) => {
                self.forget(&old);
                true
            }
            None => false,
        }
    }

    fn forget(&mut self, old: &Message) {
        self.retained_bytes -= retained_bytes(old);
        if let Some(at) = old.expires_at() {
            let same = self
                .retained
                .get(old.topic().borrowed())
                .is_some_and(|new| new.expires_at() == Some(at));
            if !same {
                self.retained_expiry.remove(&(at, old.topic().clone()));
            }
        }
    }

    /// Retained messages expire with their Message Expiry Interval. Standard: MQTT 5.0 §3.3.2.3.3.
    /// Many at the same moment go slice by slice; nobody gets them meanwhile.
    pub(super) fn expire_retained(&mut self, now: Instant) {
        for done in 0.. {
            let Some((at, topic)) = self.retained_expiry.first().cloned() else {
                return;
            };
            if at > now || done >= self.hub.config.slice {
                let soon = now + core::time::Duration::from_micros(1);
                self.hub.timers.set(Timer::RetainedExpiry, at.max(soon));
                return;
            }
            self.retained_expiry.pop_first();
            self.hub.counters.count(Cause::Expired);
            self.clear_retained(topic.borrowed());
            self.record_cleared(topic);
        }
    }

    pub(super) fn record_cleared(&mut self, topic: TopicNameBuf) {
        if self.hub.durable.is_on() {
            let bytes = topic.as_str().len();
            self.hub
                .durable
                .record(Record::RetainedCleared { topic }, bytes);
        }
    }
}

/// Looks for the next retained messages of a replay. False when there are no more.
fn find(
    retained: &crate::retained::Retained<Message>,
    replay: &mut Replay,
    budget: &mut usize,
) -> bool {
    let visited = (*budget).min(NODES_AT_A_TIME);
    *budget -= visited;
    let found = retained.replay(replay.filter.borrowed(), &mut replay.cursor, visited);
    let more = found.is_some();
    replay.found.extend(found.into_iter().flatten());
    more
}

/// What a retained message counts against their bound: nothing under `$SYS/`.
fn retained_bytes(message: &Message) -> usize {
    let topic = message.topic().as_str();
    if topic.starts_with("$SYS/") {
        0
    } else {
        topic.len() + message.payload().len()
    }
}

impl Hub {
    /// Whether one more retained message may go to a session: nothing else waits before it.
    fn may_replay(&self, key: SessionKey) -> bool {
        let Some(session) = self.sessions.get(key) else {
            return false;
        };
        let Some(link) = session.link.and_then(|id| self.links.get(id)) else {
            return false;
        };
        session.queue.is_empty() && self.can_start(key) && admits(link, self.config.send_buffer)
    }

    /// [v3.1.1 MQTT-3.3.1-8]: with RETAIN 1, whatever Retain As Published says.
    fn send_retained(
        &mut self,
        now: Instant,
        key: SessionKey,
        message: Message,
        maximum_qos: QoS,
        identifiers: Option<Arc<[mqtt_codec::property::SubscriptionIdentifier]>>,
    ) {
        if message.is_expired(now) {
            return;
        }
        self.variants.start();
        let qos = Self::effective_qos(message.qos(), maximum_qos);
        if qos == QoS::AtMostOnce {
            let source = Source::of(&message, now);
            let shared = Some(message.payload());
            let sent =
                self.deliver_at_most_once(now, key, true, identifiers.as_ref(), &source, shared);
            debug_assert_ne!(sent, Delivered::Absent, "asked before");
            return;
        }
        let queued = Queued {
            message,
            sequence: 0,
            qos,
            retain: true,
            identifiers,
            group: None,
        };
        self.deliver_kept(now, key, queued);
    }
}

/// How many nodes of the tree are looked at between two messages.
const NODES_AT_A_TIME: usize = 64;
