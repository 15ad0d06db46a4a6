//! What the store says: durable up to here, and more of a queue.

use mqtt_session::{CloseReason, Instant};

use super::Broker;
use crate::durable::Held;
use crate::queue::Queued;
use crate::record::Position;
use crate::store::Page;

impl Broker {
    /// Every batch up to and with `position` is durable: what waited for it leaves.
    pub fn handle_persisted(&mut self, now: Instant, position: Position) {
        self.hub.durable.persisted(position);
        while let Some(held) = self.hub.durable.pop_held(position) {
            self.let_go(now, held);
        }
        while self.hub.durable.backlog() <= self.hub.config.persist_backlog {
            let Some(link) = self.hub.waiting_for_store.pop_front() else {
                break;
            };
            self.hub.resume(now, link);
        }
    }

    fn let_go(&mut self, now: Instant, held: Held) {
        match held {
            Held::Acknowledge {
                link,
                qos,
                packet_id,
                reason,
            } => {
                self.acknowledge_now(now, link, qos, packet_id, reason);
            }
            Held::Complete {
                link,
                packet_id,
                known,
            } => self.complete(now, link, packet_id, known),
            Held::Release { link, packet_id } => self.release(now, link, packet_id),
            Held::Transmit { link, packet_id } => {
                if let Some(session) = self.hub.session_of(link) {
                    self.hub.transmit_durable(now, session, packet_id);
                }
            }
            Held::Packet {
                link,
                bytes,
                replays,
            } => {
                if self.hub.session_of(link).is_some() {
                    self.answer(now, link, &bytes, replays);
                }
            }
            Held::Connack { link } => self.send_connack(now, link),
            // The state has the reason, and gives it.
            Held::Leave { link } => self.end_link(now, link, CloseReason::ConnectionLost),
        }
    }

    /// More of a session's queue, as [`Action::Page`](crate::Action::Page) asked for.
    pub fn handle_paged(&mut self, now: Instant, page: Page) {
        let Some(key) = self.hub.sessions.find(page.client_id.as_str()) else {
            return;
        };
        let Some(session) = self.hub.sessions.get_mut(key) else {
            return;
        };
        let tail = session.queue.tail_mut();
        if !tail.paging || page.from != tail.from {
            return;
        }
        tail.paging = false;
        let asked = tail.from;
        let mut last = None;
        for paged in page.messages {
            if paged.sequence < asked {
                continue;
            }
            last = Some(paged.sequence);
            let identifiers =
                (!paged.identifiers.is_empty()).then(|| paged.identifiers.as_slice().into());
            let queued = Queued {
                message: paged.message.charged(&self.hub.kept),
                sequence: paged.sequence,
                qos: paged.qos,
                retain: paged.retain,
                identifiers,
                group: paged.group,
            };
            session.queue.push_paged(queued);
        }
        let tail = session.queue.tail_mut();
        match last {
            Some(last) => tail.from = last + 1,
            // The store has nothing more of it: what was counted is gone.
            None => *tail = Default::default(),
        }
        self.refill(now, key);
        // [MQTT-3.3.2-5]: what still waits expires in memory now.
        self.hub.watch_queue_expiry(key);
    }
}
