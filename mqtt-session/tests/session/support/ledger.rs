//! What one end has published, and what may become of it.

use std::collections::{BTreeMap, BTreeSet};

use mqtt_codec::packet::{Publish, PublishTopic};
use mqtt_codec::{Packet, PacketId, QoS, decode};
use mqtt_session::{PublishOutcome, PublishToken};

use super::packets::{message, topic};
use super::wire::End;
use super::{Machine, Sent, limits};

/// Each message's payload is its place in here.
#[derive(Default)]
pub(crate) struct Ledger {
    published: Vec<(QoS, &'static str)>,
    /// Those without an outcome.
    waiting: BTreeMap<PublishToken, usize>,
    acknowledged: BTreeSet<usize>,
    abandoned: BTreeSet<usize>,
    /// What was on a wire, and what must not be there any more, since its PUBREL was.
    sent: BTreeSet<usize>,
    released: BTreeSet<usize>,
    /// Which message an identifier means.
    open: BTreeMap<PacketId, usize>,
}

/// What went over one connection so far.
#[derive(Default)]
struct Connection {
    publishes: BTreeSet<usize>,
    pubrels: BTreeSet<PacketId>,
    /// The last one that went again.
    again: Option<usize>,
    /// Whether a new one of QoS 1 or 2 went.
    is_new: bool,
}

impl Ledger {
    /// Publishes the next message, if the end takes it.
    pub(crate) fn publish<M: Machine>(&mut self, end: &mut End<M>, qos: QoS, topic: &'static str) {
        let n = self.published.len();
        if let Ok(token) = end.publish(message(qos, topic, &n.to_string())) {
            self.published.push((qos, topic));
            if qos != QoS::AtMostOnce {
                self.waiting.insert(token, n);
            }
        }
    }

    /// What became of messages. Each has one outcome.
    pub(crate) fn note(&mut self, outcomes: Vec<PublishOutcome>) {
        for outcome in outcomes {
            let (PublishOutcome::Acknowledged { token, .. }
            | PublishOutcome::Abandoned { token, .. }) = outcome;
            let n = self.waiting.remove(&token).unwrap();
            match outcome {
                PublishOutcome::Acknowledged { .. } => self.acknowledged.insert(n),
                PublishOutcome::Abandoned { .. } => self.abandoned.insert(n),
            };
        }
    }

    /// What went over one connection: each packet once, and first what goes again, in the order in which it went at
    /// first.
    pub(crate) fn check_sent(&mut self, sent: &[Sent]) {
        let mut connection = Connection::default();
        for Sent { version, bytes } in sent {
            let (packet, _) = decode(*version, &limits(), bytes).unwrap().unwrap();
            if let Packet::Publish(publish) = packet {
                self.check_publish(&mut connection, &publish);
            } else if let Packet::Pubrel(pubrel) = packet {
                assert_eq!(bytes[0], 0x62, "PUBREL has no DUP");
                let id = pubrel.packet_id;
                assert!(connection.pubrels.insert(id), "PUBREL {id} twice");
                self.released.insert(self.open[&id]);
            }
        }
    }

    fn check_publish(&mut self, connection: &mut Connection, publish: &Publish<'_>) {
        let n: usize = core::str::from_utf8(publish.payload)
            .unwrap()
            .parse()
            .unwrap();
        let (qos, name) = self.published[n];
        assert_eq!(publish.topic, PublishTopic::Name(topic(name)));
        assert_eq!(publish.delivery.qos(), qos);
        assert_eq!(publish.delivery.dup(), !self.sent.insert(n), "DUP of {n}");
        assert!(!self.released.contains(&n), "{n} behind its PUBREL");
        assert!(connection.publishes.insert(n), "{n} twice");
        let Some(packet_id) = publish.delivery.packet_id() else {
            return;
        };
        if publish.delivery.dup() {
            assert_eq!(self.open[&packet_id], n, "under the old identifier");
            assert!(!connection.is_new, "{n} behind a new one");
            assert!(
                connection.again < Some(n),
                "{n} behind {:?}",
                connection.again
            );
            connection.again = Some(n);
        } else {
            connection.is_new = true;
        }
        self.open.insert(packet_id, n);
    }

    /// Each message has its outcome, and was delivered as often as its QoS promises, in the order of its topic and QoS.
    pub(crate) fn check_delivered(&self, delivered: &[String]) {
        assert!(self.waiting.is_empty(), "{:?}", self.waiting);
        let delivered: Vec<usize> = delivered.iter().map(|it| it.parse().unwrap()).collect();
        let mut streams: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for &n in &delivered {
            let (qos, topic) = self.published[n];
            let stream = streams.entry((topic, qos as u8)).or_default();
            if qos != QoS::AtLeastOnce || !stream.contains(&n) {
                stream.push(n);
            }
        }
        for (stream, messages) in streams {
            let mut in_order = messages.clone();
            in_order.sort_unstable();
            in_order.dedup();
            assert_eq!(messages, in_order, "{stream:?}");
        }
        for n in &self.acknowledged {
            assert!(delivered.contains(n), "{n} was acknowledged");
        }
    }
}
