//! What waited for room in a send buffer, or for the client's window, goes on.

use mqtt_codec::QoS;
use mqtt_session::{Instant, ToResend, Tx};

use crate::action::Action;
use crate::counters::Cause;
use crate::deliver::admits;
use crate::hub::Hub;
use crate::link::LinkState;
use crate::matching::SessionKey;
use crate::outgoing::Dup;
use crate::record::Record;

impl Hub {
    /// Sends what may be sent to a session now, in this order: what an earlier connection left unacknowledged, what became
    /// durable while the buffer was full, the queue. Retained messages follow, see `Broker::replay`.
    pub(crate) fn refill(&mut self, now: Instant, key: SessionKey) {
        if !self.is_connected(key) || !self.resend(now, key) || !self.send_unsent(now, key) {
            return;
        }
        while self.can_start(key) {
            let Some(session) = self.sessions.get_mut(key) else {
                return;
            };
            let Some(queued) = session.queue.pop() else {
                break;
            };
            if queued.message.is_expired(now) {
                // [MQTT-3.3.2-5]: its delivery has not begun.
                self.counters.count(Cause::Expired);
                self.record_of(key, |client_id| Record::Settled {
                    client_id,
                    sequence: queued.sequence,
                });
                continue;
            }
            self.variants.start();
            self.start(now, key, queued);
        }
        self.page(key);
        let waits = self.sessions.get(key).is_some_and(|session| {
            !session.queue.is_empty()
                || session
                    .rare
                    .as_ref()
                    .is_some_and(|rare| !rare.replays.is_empty())
        });
        if let Some(link) = self.link_of(key) {
            link.wants_room = waits;
        }
    }

    fn is_connected(&self, key: SessionKey) -> bool {
        let link = self
            .sessions
            .get(key)
            .and_then(|session| session.link)
            .and_then(|id| self.links.get(id));
        link.is_some_and(|link| matches!(link.state, LinkState::Connected { .. }))
    }

    fn link_of(&mut self, key: SessionKey) -> Option<&mut crate::link::Link> {
        let link = self.sessions.get(key)?.link?;
        self.links.get_mut(link)
    }

    /// [MQTT-4.4.0-1]: what was not acknowledged goes again under its old id, before anything new. True when all did.
    fn resend(&mut self, now: Instant, key: SessionKey) -> bool {
        loop {
            let bound = self.config.send_buffer;
            let Some(session) = self.sessions.get_mut(key) else {
                return false;
            };
            let Some(link) = session.link.and_then(|id| self.links.get_mut(id)) else {
                return false;
            };
            let Some(cursor) = &mut link.resend else {
                return true;
            };
            if !(link.tx.is_empty() || link.tx.len() < bound) {
                link.wants_room = true;
                return false;
            }
            let id = link.id;
            match session.flows.resend_next(cursor, &link.connection) {
                Some(ToResend::Publish { packet_id, .. }) => {
                    self.variants.start();
                    self.transmit(now, key, packet_id, Dup::Again);
                }
                Some(ToResend::Release { packet_id }) => {
                    let mut tx = Tx {
                        buffer: &mut link.tx,
                        pool: &mut self.pool,
                    };
                    session.flows.release(&link.connection, packet_id, &mut tx);
                    self.counters.packets_sent += 1;
                    self.announce(now, id);
                }
                Some(ToResend::WindowFull) => return false,
                None => {
                    link.resend = None;
                    return true;
                }
            }
        }
    }

    /// QoS 2 exchanges that became durable while the buffer was full, in their order. True when all went.
    fn send_unsent(&mut self, now: Instant, key: SessionKey) -> bool {
        loop {
            let bound = self.config.send_buffer;
            let Some(session) = self.sessions.get_mut(key) else {
                return false;
            };
            let Some(rare) = &mut session.rare else {
                return true;
            };
            let Some(&packet_id) = rare.unsent.front() else {
                return true;
            };
            let Some(link) = session.link.and_then(|id| self.links.get_mut(id)) else {
                return false;
            };
            if !admits(link, bound) {
                link.wants_room = true;
                return false;
            }
            rare.unsent.pop_front();
            session.tidy();
            if session
                .flows
                .kept(packet_id)
                .is_some_and(|queued| queued.message.is_expired(now))
            {
                // [MQTT-3.3.2-5]: its delivery has not begun, either.
                self.abandon(key, packet_id, Cause::Expired);
                continue;
            }
            self.variants.start();
            self.transmit(now, key, packet_id, Dup::First);
        }
    }

    /// The PUBLISH of a QoS 2 exchange that is durable now.
    pub(crate) fn transmit_durable(
        &mut self,
        now: Instant,
        key: SessionKey,
        packet_id: mqtt_codec::PacketId,
    ) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        session.rare_mut().unsent.push_back(packet_id);
        // One that is too large for the client gives its place in the window to the next.
        self.refill(now, key);
    }

    /// Asks the store for more of a queue whose head has become short.
    fn page(&mut self, key: SessionKey) {
        let head = self.config.queue_head_messages;
        let bytes = self.config.queue_bytes;
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let in_memory = session.queue.in_memory();
        let tail = session.queue.tail_mut();
        if tail.messages == 0 || tail.paging || in_memory > head / 2 {
            return;
        }
        tail.paging = true;
        let from = tail.from;
        let client_id = session.client_id.clone();
        // What was recorded of the tail must be in the store before it is read back.
        self.hand_out_batch();
        self.actions.push_back(Action::Page {
            client_id,
            from,
            messages: head.max(1),
            bytes,
        });
    }

    /// Hands the collected records out.
    pub(crate) fn hand_out_batch(&mut self) {
        if let Some((records, position)) = self.durable.take_batch() {
            self.actions
                .push_back(Action::Persist { records, position });
        }
    }

    /// Takes what expired out of a session's queue.
    pub(crate) fn expire_queue(&mut self, now: Instant, key: SessionKey) {
        let Some(session) = self.sessions.get_mut(key) else {
            return;
        };
        let mut gone = alloc::vec::Vec::new();
        session
            .queue
            .remove_expired(now, |queued| gone.push(queued.sequence));
        let (next, epoch) = (session.queue.next_expiry(), session.epoch);
        for sequence in gone {
            self.counters.count(Cause::Expired);
            self.record_of(key, |client_id| Record::Settled {
                client_id,
                sequence,
            });
        }
        if let Some(at) = next {
            // Delivery looks at each message's own time; this only frees memory, so a second's grain is enough.
            let at = at.max(now + core::time::Duration::from_secs(1));
            self.timers
                .set(crate::timer::Timer::QueueExpiry(key, epoch), at);
        }
    }

    /// The QoS at which a message of `qos` goes to a subscriber with `granted` [MQTT-3.8.4-8].
    pub(crate) fn effective_qos(qos: QoS, granted: QoS) -> QoS {
        qos.min(granted)
    }
}
