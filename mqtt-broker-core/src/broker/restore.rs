//! A broker comes back from what a store kept.

use alloc::vec::Vec;

use mqtt_codec::QoS;
use mqtt_session::{Instant, OutboundExchange};

use super::Broker;
use crate::counters::Cause;
use crate::kept_will::KeptWill;
use crate::matching::{SessionKey, Subscription};
use crate::queue::{Queued, Tail};
use crate::record::Record;
use crate::session::BrokerSession;
use crate::store::{Loaded, LoadedSession, PagedMessage};
use crate::timer::Timer;

impl Broker {
    /// Takes back one thing that a store kept, before the first connection. `incarnation` is the store's for this start.
    ///
    /// The end of the last run counts as the loss of every connection: sessions run towards their expiry from `now`, and
    /// wills towards their delay.
    pub fn restore(&mut self, now: Instant, incarnation: u32, loaded: Loaded) {
        self.incarnation = incarnation;
        match loaded {
            Loaded::Retained(message) => {
                if message.is_expired(now) {
                    let topic = message.topic().clone();
                    return self.record_cleared(topic);
                }
                let message = message.charged(&self.hub.kept);
                self.set_retained(now, message);
            }
            Loaded::Session(session) => self.restore_session(now, session),
        }
    }

    fn restore_session(&mut self, now: Instant, loaded: LoadedSession) {
        let record = loaded.record;
        let mut session = BrokerSession::new(record.client_id, record.version, record.principal);
        session.expiry_interval = record.expiry_interval;
        session.will = record.will.map(|will| KeptWill::new(*will, &self.hub.kept));
        session.disconnected_at = Some(record.disconnected_at.unwrap_or(now));
        session.is_stored = true;
        session.epoch = self.hub.next_epoch();
        let epoch = session.epoch;
        for packet_id in loaded.unreleased {
            session.flows.restore_unreleased(packet_id);
        }
        session.next_sequence = loaded.queue.last().map_or(0, |last| last.sequence + 1);
        let mut expired = Vec::new();
        for paged in loaded.queue {
            let sequence = paged.sequence;
            if !self.restore_queued(now, &mut session, paged) {
                expired.push(sequence);
            }
        }
        if let Some(tail) = loaded.tail {
            session.next_sequence = tail.last + 1;
            *session.queue.tail_mut() = Tail {
                from: tail.first,
                messages: tail.messages,
                bytes: tail.bytes,
                paging: false,
            };
        }
        let ended_at = session.disconnected_at.unwrap_or(now);
        let (expiry, will_due_at) = (session.expiry_interval, session.will_due_at());
        let queue_expiry = session.queue.next_expiry();
        let Some(key) = self.hub.sessions.insert(session) else {
            return;
        };
        for sequence in expired {
            self.hub.counters.count(Cause::Expired);
            self.hub.record_of(key, |client_id| Record::Settled {
                client_id,
                sequence,
            });
        }
        if record.disconnected_at.is_none() {
            // The crash was the end of its connection: another one does not put that off.
            self.record_session(key);
        }
        for subscription in loaded.subscriptions {
            self.restore_subscription(key, &subscription);
        }
        if expiry < u32::MAX {
            let at = ended_at + core::time::Duration::from_secs(u64::from(expiry));
            self.hub
                .timers
                .set(Timer::SessionExpiry(key, epoch), at.max(now));
        }
        if let Some(at) = will_due_at {
            self.hub
                .timers
                .set(Timer::WillDelay(key, epoch), at.max(now));
        }
        if let Some(at) = queue_expiry {
            self.hub
                .timers
                .set(Timer::QueueExpiry(key, epoch), at.max(now));
        }
    }

    fn restore_subscription(
        &mut self,
        key: SessionKey,
        subscription: &crate::store::LoadedSubscription,
    ) {
        let (options, identifier) = (subscription.options, subscription.identifier);
        let filter = subscription.filter.borrowed();
        let subscribed = self.subscriptions.subscribe(
            key,
            filter,
            Subscription {
                options,
                identifier,
            },
        );
        if let (Some(subscribed), Some(session)) = (subscribed, self.hub.sessions.get_mut(key)) {
            session.subscribed(subscribed.key);
        }
    }

    /// False: its lifetime ran out, and it was not sent.
    fn restore_queued(
        &self,
        now: Instant,
        session: &mut BrokerSession,
        paged: PagedMessage,
    ) -> bool {
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
        let Some(packet_id) = paged.packet_id else {
            if queued.message.is_expired(now) {
                return false;
            }
            session.queue.push(queued);
            return true;
        };
        let sequence = paged.sequence;
        let exchange = match (paged.qos, paged.received) {
            (QoS::ExactlyOnce, true) => {
                session
                    .rare_mut()
                    .releasing
                    .push_back((packet_id, sequence));
                OutboundExchange::AwaitPubcomp
            }
            (QoS::ExactlyOnce, false) => OutboundExchange::AwaitPubrec(queued),
            (QoS::AtMostOnce | QoS::AtLeastOnce, _) => OutboundExchange::AwaitPuback(queued),
        };
        session.flows.restore_outbound(packet_id, exchange);
        true
    }
}
