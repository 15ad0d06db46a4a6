//! Batches as a broker could hand them out.

use bytes::Bytes;
use mqtt_broker_core::{MemoryStore, Message, MessageId, Record, SessionRecord, Store};
use mqtt_codec::packet::{RetainHandling, SubscriptionOptions};
use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::{ClientIdBuf, PacketId, QoS, TopicFilterBuf, TopicNameBuf, Version};
use mqtt_sim::Random;

/// A broker as a store sees it, with what the store must have.
#[derive(Clone, Default)]
pub(crate) struct Script {
    pub(crate) contents: MemoryStore,
    sessions: [Option<Session>; 3],
    retained: [Option<MessageId>; 2],
    published: u64,
}

#[derive(Clone, Default)]
struct Session {
    /// Places that are taken.
    queue: Vec<u64>,
    next: u64,
    unreleased: Vec<PacketId>,
}

impl Script {
    /// The next batch.
    pub(crate) fn batch(&mut self, incarnation: u32, random: &mut Random) -> Vec<Record> {
        let mut batch = Vec::new();
        for _ in 0..=random.below(6) {
            self.step(incarnation, random, &mut batch);
        }
        self.contents
            .commit(&batch)
            .expect("scripts keep their promises");
        batch
    }

    fn step(&mut self, incarnation: u32, random: &mut Random, batch: &mut Vec<Record>) {
        let number = random.below(self.sessions.len());
        let client_id = client_id(number);
        match random.below(12) {
            0 => {
                self.sessions[number] = None;
                batch.push(Record::SessionEnded { client_id });
            }
            1..=3 => self.publish(incarnation, random, batch),
            4 => {
                let number = random.below(self.retained.len());
                let topic = topic(number);
                if let Some(message) = self.retained[number].filter(|_| random.percent(50)) {
                    // The retained message goes to all sessions.
                    self.queue(message, 7, random, batch);
                } else {
                    self.retained[number] = None;
                    batch.push(Record::RetainedCleared { topic });
                }
            }
            kind => match &mut self.sessions[number] {
                Some(session) => batch.extend(session.step(kind, client_id, random)),
                session @ None => {
                    *session = Some(Session::default());
                    batch.push(Record::Session(Box::new(SessionRecord {
                        client_id,
                        version: Version::V5_0,
                        principal: None,
                        expiry_interval: u32::MAX,
                        disconnected_at: None,
                        will: None,
                    })));
                }
            },
        }
    }

    fn publish(&mut self, incarnation: u32, random: &mut Random, batch: &mut Vec<Record>) {
        self.published += 1;
        let number = random.below(self.retained.len());
        let id = MessageId {
            incarnation,
            shard: 0,
            sequence: self.published,
        };
        let payload = vec![random.number().to_be_bytes()[0]; random.below(1500)];
        let message = Message::builder(topic(number), Bytes::from(payload));
        batch.push(Record::Message(message.id(id).build()));
        if random.percent(30) {
            self.retained[number] = Some(id);
            batch.push(Record::Retained {
                message: id,
                topic: topic(number),
            });
        }
        let sessions = random.below(8);
        self.queue(id, sessions, random, batch);
    }

    /// To the sessions whose bits are set.
    fn queue(
        &mut self,
        message: MessageId,
        to: usize,
        random: &mut Random,
        batch: &mut Vec<Record>,
    ) {
        for (number, session) in self.sessions.iter_mut().enumerate() {
            let Some(session) = session.as_mut().filter(|_| to & (1 << number) != 0) else {
                continue;
            };
            session.queue.push(session.next);
            batch.push(Record::Queued {
                client_id: client_id(number),
                sequence: session.next,
                message,
                qos: QoS::ExactlyOnce,
                retain: random.percent(50),
                identifiers: Vec::from_iter(identifier(random)),
                group: random.percent(20).then(|| filter(number)),
            });
            session.next += 1;
        }
    }
}

impl Session {
    fn step(&mut self, kind: usize, client_id: ClientIdBuf, random: &mut Random) -> Option<Record> {
        let packet_id = PacketId::new(1 + u16::try_from(random.below(5)).unwrap()).unwrap();
        let sequence = random.pick(&self.queue).copied();
        match kind {
            5 => Some(Record::Subscribed {
                client_id,
                filter: filter(random.below(2)),
                options: SubscriptionOptions {
                    maximum_qos: QoS::AtLeastOnce,
                    no_local: random.percent(50),
                    retain_as_published: true,
                    retain_handling: RetainHandling::DoNotSend,
                },
                identifier: identifier(random),
            }),
            6 => Some(Record::Unsubscribed {
                client_id,
                filter: filter(random.below(2)),
            }),
            7 => sequence.map(|sequence| Record::Sent {
                client_id,
                sequence,
                packet_id,
            }),
            8 => sequence.map(|sequence| Record::Received {
                client_id,
                sequence,
            }),
            9 => sequence.map(|sequence| {
                self.queue.retain(|place| *place != sequence);
                Record::Settled {
                    client_id,
                    sequence,
                }
            }),
            _ if self.unreleased.contains(&packet_id) => {
                self.unreleased.retain(|id| *id != packet_id);
                Some(Record::Released {
                    client_id,
                    packet_id,
                })
            }
            _ => {
                self.unreleased.push(packet_id);
                Some(Record::Unreleased {
                    client_id,
                    packet_id,
                })
            }
        }
    }
}

fn client_id(number: usize) -> ClientIdBuf {
    ClientIdBuf::new(&format!("client-{number}")).unwrap()
}

fn topic(number: usize) -> TopicNameBuf {
    TopicNameBuf::new(&format!("topic/{number}")).unwrap()
}

fn filter(number: usize) -> TopicFilterBuf {
    TopicFilterBuf::new(&format!("$share/group/topic/{number}")).unwrap()
}

fn identifier(random: &mut Random) -> Option<SubscriptionIdentifier> {
    SubscriptionIdentifier::new(u32::try_from(random.below(3)).unwrap())
}
