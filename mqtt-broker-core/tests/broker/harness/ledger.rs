//! What clients have published through the broker, and what may become of it.

use std::collections::{BTreeMap, BTreeSet};

use mqtt_codec::QoS;
use mqtt_session::{PublishOutcome, PublishToken};

use super::network::Network;

/// What one client has published. A payload is the client and the place in here.
#[derive(Default)]
pub struct Ledger {
    published: Vec<(QoS, &'static str)>,
    /// Those without an outcome.
    waiting: BTreeMap<PublishToken, usize>,
}

impl Ledger {
    /// Publishes the next message, if the client takes it.
    pub fn publish(&mut self, network: &mut Network, client: usize, qos: QoS, topic: &'static str) {
        let n = self.published.len();
        if let Ok(token) = network.publish(client, qos, topic, &format!("{client}-{n}")) {
            self.published.push((qos, topic));
            if qos != QoS::AtMostOnce {
                self.waiting.insert(token, n);
            }
        }
    }

    /// Each message has one outcome, which is that it was acknowledged.
    pub fn note(&mut self, outcomes: Vec<PublishOutcome>) {
        for outcome in outcomes {
            let PublishOutcome::Acknowledged { token, .. } = outcome else {
                panic!("{outcome:?}");
            };
            assert!(self.waiting.remove(&token).is_some(), "{token:?} twice");
        }
    }

    /// The client's program ended: it will not get to know what becomes of its messages.
    pub fn forget(&mut self) {
        self.waiting.clear();
    }

    pub fn is_done(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Of each message of a topic: its QoS, and how often it was delivered.
    pub fn count(&self, client: usize, topic: &str, delivered: &[String]) -> Vec<(QoS, usize)> {
        let published = self.published.iter().enumerate();
        published
            .filter(|(_, it)| it.1 == topic)
            .map(|(n, &(qos, _))| {
                let payload = format!("{client}-{n}");
                (qos, delivered.iter().filter(|it| **it == payload).count())
            })
            .collect()
    }

    /// Messages of one topic and QoS are delivered in their order: each for the first time behind those before it.
    pub fn check_order(&self, client: usize, topics: &[&str], delivered: &[String]) {
        let mut streams: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for payload in delivered {
            let Some(n) = payload.strip_prefix(&format!("{client}-")) else {
                continue;
            };
            let n: usize = n.parse().unwrap();
            let (qos, topic) = self.published[n];
            let stream = streams.entry((topic, qos as u8)).or_default();
            if topics.contains(&topic) && !stream.contains(&n) {
                stream.push(n);
            }
        }
        for (stream, messages) in streams {
            assert!(
                messages.is_sorted(),
                "client {client}, {stream:?}: {messages:?}"
            );
        }
    }
}

/// What has gone over the connections of one session, in one direction.
#[derive(Default)]
pub struct Wire {
    /// Which message an identifier means, and those, with it, whose PUBREL has gone.
    open: BTreeMap<u16, String>,
    released: BTreeSet<(u16, String)>,
}

impl Wire {
    /// What went over one connection: no packet twice; what goes again before anything new, and in its order, which is
    /// that of the identifiers; no PUBLISH behind its PUBREL.
    pub fn check(&mut self, words: &[String]) {
        let (mut publishes, mut pubrels) = (BTreeSet::new(), BTreeSet::new());
        let (mut last, mut is_new) = (None, false);
        for word in words {
            match word.split(' ').collect::<Vec<_>>()[..] {
                ["PUBLISH", id, payload, ref again @ ..] => {
                    let id: u16 = id.parse().unwrap();
                    let message = (id, payload.to_owned());
                    assert!(
                        !self.released.contains(&message),
                        "{word} behind its PUBREL"
                    );
                    assert!(publishes.insert(message), "{word} twice");
                    assert!(again.is_empty() || !is_new, "{word} behind a new one");
                    assert!(
                        again.is_empty() || last < Some(id),
                        "{word} behind {last:?}"
                    );
                    is_new |= again.is_empty();
                    last = Some(id);
                    self.open.insert(id, payload.to_owned());
                }
                ["PUBREL", id] => {
                    let id: u16 = id.parse().unwrap();
                    assert!(pubrels.insert(id), "PUBREL {id} twice");
                    let released = self.open.get(&id).map(|payload| (id, payload.clone()));
                    self.released.extend(released);
                }
                _ => {}
            }
        }
    }
}
