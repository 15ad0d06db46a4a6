//! Batches as a broker could hand them out, with what a store must keep of them.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use mqtt_broker_core::{
    Loaded, LoadedSession, LoadedSubscription, Message, PagedMessage, Record, SessionRecord,
};
use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::{PacketId, QoS};
use proptest::prelude::*;

use super::{
    any_identifier, any_options, client_id, filter, full_session, message_id, packet_id,
    plain_session, topic,
};

/// What happens at a broker. Sessions, filters and topics have numbers; what makes no sense is left out.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Connect {
        session: u8,
        full: bool,
    },
    End {
        session: u8,
    },
    Subscribe {
        session: u8,
        filter: u8,
        options: SubscriptionOptions,
        identifier: Option<SubscriptionIdentifier>,
    },
    Unsubscribe {
        session: u8,
        filter: u8,
    },
    /// To the sessions whose bits are set, and perhaps retained.
    Publish {
        sessions: u8,
        retained: Option<u8>,
        identifiers: Vec<SubscriptionIdentifier>,
    },
    /// The retained message goes to a session.
    Replay {
        session: u8,
        topic: u8,
    },
    Clear {
        topic: u8,
    },
    Send {
        session: u8,
        nth: usize,
    },
    Receive {
        session: u8,
        nth: usize,
    },
    Settle {
        session: u8,
        nth: usize,
    },
    Unrelease {
        session: u8,
        packet_id: u16,
    },
    Release {
        session: u8,
        packet_id: u16,
    },
    Commit,
}

/// Any steps, with a commit at their end.
pub(crate) fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let session = || 0..3u8;
    let small = || 0..2u8;
    let nth = || 0..4usize;
    let packet_id = || 1..4u16;
    let identifiers = || prop::collection::vec(any_identifier(), 0..2);
    let step = prop_oneof![
        3 => (session(), any::<bool>()).prop_map(|(session, full)| Step::Connect { session, full }),
        1 => session().prop_map(|session| Step::End { session }),
        2 => (session(), small(), any_options(), prop::option::of(any_identifier())).prop_map(
            |(session, filter, options, identifier)| Step::Subscribe { session, filter, options, identifier }
        ),
        1 => (session(), small()).prop_map(|(session, filter)| Step::Unsubscribe { session, filter }),
        6 => (0..8u8, prop::option::of(small()), identifiers()).prop_map(
            |(sessions, retained, identifiers)| Step::Publish { sessions, retained, identifiers }
        ),
        1 => (session(), small()).prop_map(|(session, topic)| Step::Replay { session, topic }),
        1 => small().prop_map(|topic| Step::Clear { topic }),
        3 => (session(), nth()).prop_map(|(session, nth)| Step::Send { session, nth }),
        2 => (session(), nth()).prop_map(|(session, nth)| Step::Receive { session, nth }),
        4 => (session(), nth()).prop_map(|(session, nth)| Step::Settle { session, nth }),
        2 => (session(), packet_id()).prop_map(|(session, packet_id)| Step::Unrelease { session, packet_id }),
        2 => (session(), packet_id()).prop_map(|(session, packet_id)| Step::Release { session, packet_id }),
        2 => Just(Step::Commit),
    ];
    prop::collection::vec(step, 0..60).prop_map(|mut steps| {
        steps.push(Step::Commit);
        steps
    })
}

/// A batch, and everything that is kept when it was committed.
#[derive(Clone, Debug)]
pub(crate) struct Committed {
    pub(crate) batch: Vec<Record>,
    pub(crate) kept: Vec<Loaded>,
}

/// Carries the steps out.
pub(crate) fn batches(steps: &[Step]) -> Vec<Committed> {
    let mut world = World::default();
    let mut batches = Vec::new();
    for step in steps {
        if matches!(step, Step::Commit) {
            batches.push(Committed {
                batch: core::mem::take(&mut world.batch),
                kept: world.kept(),
            });
        } else {
            world.step(step);
        }
    }
    batches
}

#[derive(Default)]
struct World {
    sessions: BTreeMap<u8, Session>,
    retained: BTreeMap<u8, Message>,
    published: u64,
    batch: Vec<Record>,
}

struct Session {
    record: SessionRecord,
    subscriptions: BTreeMap<u8, LoadedSubscription>,
    unreleased: BTreeSet<PacketId>,
    queue: Vec<PagedMessage>,
    next: u64,
}

impl World {
    fn kept(&self) -> Vec<Loaded> {
        let retained = self.retained.values().cloned().map(Loaded::Retained);
        let sessions = self.sessions.values().map(|session| {
            Loaded::Session(LoadedSession {
                record: session.record.clone(),
                subscriptions: session.subscriptions.values().cloned().collect(),
                unreleased: session.unreleased.iter().copied().collect(),
                queue: session.queue.clone(),
                tail: None,
            })
        });
        retained.chain(sessions).collect()
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Connect { session, full } => {
                let record = if *full {
                    full_session(&name(*session))
                } else {
                    plain_session(&name(*session))
                };
                self.batch.push(Record::Session(Box::new(record.clone())));
                let kept = self
                    .sessions
                    .entry(*session)
                    .or_insert_with(|| Session::new(record.clone()));
                kept.record = record;
            }
            Step::End { session } => {
                self.batch.push(Record::SessionEnded {
                    client_id: client_id(&name(*session)),
                });
                self.sessions.remove(session);
            }
            Step::Publish {
                sessions,
                retained,
                identifiers,
            } => self.publish(*sessions, *retained, identifiers),
            Step::Replay { session, topic } => {
                if let Some(message) = self.retained.get(topic).cloned() {
                    self.queue(*session, &message, &[]);
                }
            }
            Step::Clear { topic: number } => {
                self.batch.push(Record::RetainedCleared {
                    topic: topic(&name(*number)),
                });
                self.retained.remove(number);
            }
            Step::Subscribe { session, .. }
            | Step::Unsubscribe { session, .. }
            | Step::Send { session, .. }
            | Step::Receive { session, .. }
            | Step::Settle { session, .. }
            | Step::Unrelease { session, .. }
            | Step::Release { session, .. } => {
                if let Some(kept) = self.sessions.get_mut(session) {
                    self.batch.extend(kept.step(step));
                }
            }
            Step::Commit => {}
        }
    }

    fn publish(
        &mut self,
        sessions: u8,
        retained: Option<u8>,
        identifiers: &[SubscriptionIdentifier],
    ) {
        self.published += 1;
        let id = message_id(self.published);
        let number = retained.unwrap_or(0);
        let payload = Bytes::from(vec![b'x'; usize::try_from(self.published % 7).unwrap()]);
        let message = Message::builder(topic(&name(number)), payload)
            .id(id)
            .build();
        self.batch.push(Record::Message(message.clone()));
        if retained.is_some() {
            self.batch.push(Record::Retained {
                message: id,
                topic: topic(&name(number)),
            });
            self.retained.insert(number, message.clone());
        }
        for session in (0..8).filter(|bit| sessions & (1 << bit) != 0) {
            self.queue(session, &message, identifiers);
        }
    }

    fn queue(&mut self, session: u8, message: &Message, identifiers: &[SubscriptionIdentifier]) {
        let Some(kept) = self.sessions.get_mut(&session) else {
            return;
        };
        let sequence = kept.next;
        kept.next += 1;
        self.batch.push(Record::Queued {
            client_id: client_id(&name(session)),
            sequence,
            message: message.id(),
            qos: QoS::ExactlyOnce,
            retain: sequence % 2 == 0,
            identifiers: identifiers.to_vec(),
            group: None,
        });
        kept.queue.push(PagedMessage {
            sequence,
            message: message.clone(),
            qos: QoS::ExactlyOnce,
            retain: sequence % 2 == 0,
            identifiers: identifiers.to_vec(),
            group: None,
            packet_id: None,
            received: false,
        });
    }
}

impl Session {
    fn new(record: SessionRecord) -> Self {
        Self {
            record,
            subscriptions: BTreeMap::new(),
            unreleased: BTreeSet::new(),
            queue: Vec::new(),
            next: 0,
        }
    }

    fn step(&mut self, step: &Step) -> Option<Record> {
        let client_id = self.record.client_id.clone();
        match *step {
            Step::Subscribe {
                filter: number,
                options,
                identifier,
                ..
            } => {
                let filter = filter(&name(number));
                self.subscriptions.insert(
                    number,
                    LoadedSubscription {
                        filter: filter.clone(),
                        options,
                        identifier,
                    },
                );
                Some(Record::Subscribed {
                    client_id,
                    filter,
                    options,
                    identifier,
                })
            }
            Step::Unsubscribe { filter: number, .. } => {
                self.subscriptions.remove(&number);
                Some(Record::Unsubscribed {
                    client_id,
                    filter: filter(&name(number)),
                })
            }
            Step::Send { nth, .. } | Step::Receive { nth, .. } | Step::Settle { nth, .. } => {
                self.step_in_queue(step, nth)
            }
            Step::Unrelease {
                packet_id: number, ..
            } => self
                .unreleased
                .insert(packet_id(number))
                .then(|| Record::Unreleased {
                    client_id,
                    packet_id: packet_id(number),
                }),
            Step::Release {
                packet_id: number, ..
            } => {
                self.unreleased.remove(&packet_id(number));
                Some(Record::Released {
                    client_id,
                    packet_id: packet_id(number),
                })
            }
            Step::Connect { .. }
            | Step::End { .. }
            | Step::Publish { .. }
            | Step::Replay { .. }
            | Step::Clear { .. }
            | Step::Commit => None,
        }
    }

    fn step_in_queue(&mut self, step: &Step, nth: usize) -> Option<Record> {
        let client_id = self.record.client_id.clone();
        match *step {
            Step::Send { .. } => {
                let entry = self.queue.get_mut(nth)?;
                let packet_id = packet_id(u16::try_from(entry.sequence % 100).unwrap() + 1);
                entry.packet_id = Some(packet_id);
                Some(Record::Sent {
                    client_id,
                    sequence: entry.sequence,
                    packet_id,
                })
            }
            Step::Receive { .. } => {
                let entry = self.queue.get_mut(nth)?;
                entry.received = true;
                Some(Record::Received {
                    client_id,
                    sequence: entry.sequence,
                })
            }
            Step::Settle { .. } => {
                self.queue.get(nth)?;
                Some(Record::Settled {
                    client_id,
                    sequence: self.queue.remove(nth).sequence,
                })
            }
            Step::Connect { .. }
            | Step::End { .. }
            | Step::Subscribe { .. }
            | Step::Unsubscribe { .. }
            | Step::Publish { .. }
            | Step::Replay { .. }
            | Step::Clear { .. }
            | Step::Unrelease { .. }
            | Step::Release { .. }
            | Step::Commit => None,
        }
    }
}

fn name(number: u8) -> String {
    char::from(b'a' + number).to_string()
}
