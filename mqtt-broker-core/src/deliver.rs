//! One message to one session: now, or by its queue.

use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::Bytes;
use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::{PacketId, QoS};
use mqtt_session::{AcknowledgedQoS, Instant};

use crate::config::Overflow;
use crate::counters::Cause;
use crate::durable::Held;
use crate::hub::{Hub, announce};
use crate::link::{Link, LinkState};
use crate::matching::SessionKey;
use crate::outgoing::{Dup, Form, Put, Source};
use crate::queue::Queued;
use crate::record::{Position, Record};
use crate::session::BrokerSession;
use crate::timer::Timer;

/// What became of a message for one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// Sent, or kept to be sent.
    Taken,
    /// Dropped by a stated policy, and counted.
    Dropped,
    /// QoS 0 to a client that is not there.
    Absent,
}

impl Hub {
    /// A QoS 0 message to a connected session. Allocates nothing in steady state.
    #[inline]
    pub(crate) fn deliver_at_most_once(
        &mut self,
        now: Instant,
        key: SessionKey,
        retain: bool,
        identifiers: Option<&Arc<[SubscriptionIdentifier]>>,
        source: &Source<'_>,
        shared: Option<&Bytes>,
    ) -> Delivered {
        let Some(id) = self.sessions.get(key).and_then(|session| session.link) else {
            return Delivered::Absent;
        };
        let Some(link) = self.links.get_mut(id) else {
            return Delivered::Absent;
        };
        if !matches!(link.state, LinkState::Connected { .. }) {
            return Delivered::Absent;
        }
        if !admits(link, self.config.send_buffer) {
            self.counters.count(Cause::SendBufferFull);
            return Delivered::Dropped;
        }
        let form = Form {
            version: link.version,
            qos: QoS::AtMostOnce,
            retain,
            identifiers: identifiers.cloned(),
        };
        match self
            .variants
            .put(source, shared, &form, None, link, &mut self.pool)
        {
            Put::Done => {
                self.counters.count_publish_sent();
                announce(link, &self.config, now, &mut self.timers, &mut self.actions);
                Delivered::Taken
            }
            Put::TooLarge => {
                self.counters.count(Cause::PacketTooLargeForClient);
                Delivered::Dropped
            }
        }
    }

    /// A QoS 1 or 2 message to a session, connected or not.
    pub(crate) fn deliver_kept(
        &mut self,
        now: Instant,
        key: SessionKey,
        mut queued: Queued,
    ) -> Delivered {
        let Some(session) = self.sessions.get(key) else {
            return Delivered::Absent;
        };
        let full = self.is_full(session, queued.bytes());
        let ready = session.queue.is_empty() && self.can_start(key);
        if !ready && full && !self.make_room(key, queued.bytes()) {
            self.counters.count(Cause::QueueFull);
            return Delivered::Dropped;
        }
        let Some(session) = self.sessions.get_mut(key) else {
            return Delivered::Absent;
        };
        queued.sequence = session.take_sequence();
        self.record_queued(key, &queued);
        if ready {
            self.start(now, key, queued);
        } else {
            self.enqueue(key, queued);
        }
        Delivered::Taken
    }

    /// Whether a session's queue has no room for so many bytes of topic and payload.
    pub(crate) fn is_full(&self, session: &BrokerSession, bytes: usize) -> bool {
        session.queue.len() >= self.config.queue_messages
            || session.queue.bytes() + bytes > self.config.queue_bytes
    }

    /// Whether a new exchange with this session may begin at once: nothing waits before it, the client's window is open and
    /// the send buffer has room.
    pub(crate) fn can_start(&self, key: SessionKey) -> bool {
        let Some(session) = self.sessions.get(key) else {
            return false;
        };
        let Some(link) = session.link.and_then(|id| self.links.get(id)) else {
            return false;
        };
        matches!(link.state, LinkState::Connected { .. })
            && link.resend.is_none()
            && session
                .rare
                .as_ref()
                .is_none_or(|rare| rare.unsent.is_empty())
            && admits(link, self.config.send_buffer)
            && session.flows.send_quota(&link.connection) > 0
    }

    /// Begins an exchange. The caller has asked `can_start`.
    pub(crate) fn start(&mut self, now: Instant, key: SessionKey, queued: Queued) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let Some(link) = session.link.and_then(|id| self.links.get_mut(id)) else {
            return;
        };
        let qos = match queued.qos {
            QoS::AtMostOnce | QoS::AtLeastOnce => AcknowledgedQoS::AtLeastOnce,
            QoS::ExactlyOnce => AcknowledgedQoS::ExactlyOnce,
        };
        let sequence = queued.sequence;
        let packet_id = match session.flows.start(&link.connection, qos, queued) {
            Ok(packet_id) => packet_id,
            Err(refused) => return self.enqueue(key, refused.into_inner()),
        };
        let link = link.id;
        let mark = self.durable.mark();
        self.record_of(key, |client_id| Record::Sent {
            client_id,
            sequence,
            packet_id,
        });
        // The client must not meet a QoS 2 message, or its packet id, that a crash makes unknown to us.
        let wait = match qos {
            AcknowledgedQoS::ExactlyOnce => {
                self.durable.since(mark).or_else(|| self.durable.pending())
            }
            AcknowledgedQoS::AtLeastOnce => None,
        };
        match wait {
            Some(position) => self
                .durable
                .hold(position, Held::Transmit { link, packet_id }),
            None => self.transmit(now, key, packet_id, Dup::First),
        }
    }

    /// Puts the PUBLISH of an exchange into the send buffer. An exchange whose packet is too large for the client ends.
    /// Who sends another message than the last one calls `variants.start()` before.
    pub(crate) fn transmit(
        &mut self,
        now: Instant,
        key: SessionKey,
        packet_id: PacketId,
        dup: Dup,
    ) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let Some(link) = session.link.and_then(|id| self.links.get_mut(id)) else {
            return;
        };
        let Some(queued) = session.flows.kept(packet_id) else {
            return;
        };
        let source = Source::of(&queued.message, now);
        let form = Form {
            version: link.version,
            qos: queued.qos,
            retain: queued.retain,
            identifiers: queued.identifiers.clone(),
        };
        let id = Some((packet_id, dup));
        match self.variants.put(
            &source,
            Some(queued.message.payload()),
            &form,
            id,
            link,
            &mut self.pool,
        ) {
            Put::Done => {
                self.counters.count_publish_sent();
                announce(link, &self.config, now, &mut self.timers, &mut self.actions);
            }
            Put::TooLarge => self.abandon(key, packet_id, Cause::PacketTooLargeForClient),
        }
    }

    /// Ends an exchange whose PUBLISH the client does not get.
    pub(crate) fn abandon(&mut self, key: SessionKey, packet_id: PacketId, cause: Cause) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let gone = session.flows.abandon(packet_id);
        self.counters.count(cause);
        if let Some(gone) = gone {
            self.record_of(key, |client_id| Record::Settled {
                client_id,
                sequence: gone.sequence,
            });
        }
    }

    /// Puts a message at the end of a session's queue, in memory or only in the store.
    pub(crate) fn enqueue(&mut self, key: SessionKey, queued: Queued) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let stored = session.is_stored;
        let long = session.queue.in_memory() >= self.config.queue_head_messages;
        if stored && (session.queue.tail().messages > 0 || long) {
            let bytes = queued.bytes();
            session.queue.push_tail(queued.sequence, bytes);
        } else {
            let first = session.queue.next_expiry();
            session.queue.push(queued);
            if session.queue.next_expiry() != first {
                self.watch_queue_expiry(key);
            }
        }
        let link = self.sessions.get(key).and_then(|session| session.link);
        if let Some(link) = link.and_then(|id| self.links.get_mut(id)) {
            link.wants_room = true;
        }
    }

    /// Sets the timer for what expires first in a session's queue, in this stretch of the session.
    pub(crate) fn watch_queue_expiry(&mut self, key: SessionKey) {
        let Some(session) = self.sessions.get(key) else {
            return;
        };
        if let Some(at) = session.queue.next_expiry() {
            self.timers.set(Timer::QueueExpiry(key, session.epoch), at);
            self.tidy_timers();
        }
    }

    /// Makes room in a full queue, when the policy says so and something in memory can go.
    fn make_room(&mut self, key: SessionKey, bytes: usize) -> bool {
        match self.config.overflow {
            Overflow::DropNewest => return false,
            // What never fits drives nothing out.
            Overflow::DropOldest
                if bytes > self.config.queue_bytes || self.config.queue_messages == 0 =>
            {
                return false;
            }
            Overflow::DropOldest => {}
        }
        loop {
            let Some(session) = self.sessions.get_mut(key) else {
                return false;
            };
            let fits = session.queue.len() < self.config.queue_messages
                && session.queue.bytes() + bytes <= self.config.queue_bytes;
            if fits {
                return true;
            }
            let Some(oldest) = session.queue.pop() else {
                return false;
            };
            self.counters.count(Cause::QueueFull);
            self.record_of(key, |client_id| Record::Settled {
                client_id,
                sequence: oldest.sequence,
            });
        }
    }

    /// Records that a message is in a session's queue, when the store has the session.
    fn record_queued(&mut self, key: SessionKey, queued: &Queued) {
        if !self
            .sessions
            .get(key)
            .is_some_and(|session| session.is_stored)
        {
            return;
        }
        self.durable.record_message(&queued.message);
        self.record_of(key, |client_id| Record::Queued {
            client_id,
            sequence: queued.sequence,
            message: queued.message.id(),
            qos: queued.qos,
            retain: queued.retain,
            identifiers: queued
                .identifiers
                .as_deref()
                .map(Vec::from)
                .unwrap_or_default(),
            group: queued.group.clone(),
        });
    }

    /// What to wait for, when a session is asked again for what was done, and what did it may not be durable.
    pub(crate) fn pending_of(&self, key: SessionKey) -> Option<Position> {
        self.sessions.get(key).filter(|session| session.is_stored)?;
        self.durable.pending()
    }

    /// Records a change of a session that the store has.
    #[inline]
    pub(crate) fn record_of(
        &mut self,
        key: SessionKey,
        record: impl FnOnce(mqtt_codec::ClientIdBuf) -> Record,
    ) {
        let Some(session) = self.sessions.get(key) else {
            return;
        };
        if session.is_stored {
            let client_id = session.client_id.clone();
            let bytes = client_id.as_str().len();
            self.durable.record(record(client_id), bytes);
        }
    }
}

/// Whether a link's send buffer takes one more packet.
#[inline]
pub(crate) fn admits(link: &Link, bound: usize) -> bool {
    link.tx.is_empty() || link.tx.len() < bound
}
