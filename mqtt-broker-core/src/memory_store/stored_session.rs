use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::{PacketId, QoS, TopicFilterBuf};

use crate::message::{Message, MessageId};
use crate::record::{Record, SessionRecord};
use crate::store::{LoadedSession, LoadedSubscription, Page, PagedMessage, QueueTail};

/// What a [`MemoryStore`](crate::MemoryStore) keeps of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredSession {
    pub(super) record: SessionRecord,
    subscriptions: BTreeMap<TopicFilterBuf, (SubscriptionOptions, Option<SubscriptionIdentifier>)>,
    unreleased: BTreeSet<PacketId>,
    queue: BTreeMap<u64, Entry>,
}

/// A place in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    message: MessageId,
    qos: QoS,
    retain: bool,
    identifiers: Vec<SubscriptionIdentifier>,
    group: Option<TopicFilterBuf>,
    packet_id: Option<PacketId>,
    received: bool,
}

impl StoredSession {
    pub(super) fn new(record: SessionRecord) -> Self {
        Self {
            record,
            subscriptions: BTreeMap::new(),
            unreleased: BTreeSet::new(),
            queue: BTreeMap::new(),
        }
    }

    /// Whether there is something at this place in the queue.
    pub(super) fn has(&self, sequence: u64) -> bool {
        self.queue.contains_key(&sequence)
    }

    /// The messages in the queue; one may be there more than once.
    pub(super) fn references(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.queue.values().map(|entry| entry.message)
    }

    /// Carries out a record about a part of the session. Gives the message to which there is one reference less.
    pub(super) fn apply(&mut self, record: &Record) -> Option<MessageId> {
        match record {
            Record::Subscribed {
                filter,
                options,
                identifier,
                ..
            } => {
                self.subscriptions
                    .insert(filter.clone(), (*options, *identifier));
            }
            Record::Unsubscribed { filter, .. } => {
                self.subscriptions.remove(filter);
            }
            Record::Queued {
                sequence,
                message,
                qos,
                retain,
                identifiers,
                group,
                ..
            } => {
                let entry = Entry {
                    message: *message,
                    qos: *qos,
                    retain: *retain,
                    identifiers: identifiers.clone(),
                    group: group.clone(),
                    packet_id: None,
                    received: false,
                };
                return self
                    .queue
                    .insert(*sequence, entry)
                    .map(|replaced| replaced.message);
            }
            Record::Sent {
                sequence,
                packet_id,
                ..
            } => {
                if let Some(entry) = self.queue.get_mut(sequence) {
                    entry.packet_id = Some(*packet_id);
                }
            }
            Record::Received { sequence, .. } => {
                if let Some(entry) = self.queue.get_mut(sequence) {
                    entry.received = true;
                }
            }
            Record::Settled { sequence, .. } => {
                return self.queue.remove(sequence).map(|entry| entry.message);
            }
            Record::Unreleased { packet_id, .. } => {
                self.unreleased.insert(*packet_id);
            }
            Record::Released { packet_id, .. } => {
                self.unreleased.remove(packet_id);
            }
            Record::Session(_)
            | Record::SessionEnded { .. }
            | Record::Message(_)
            | Record::Retained { .. }
            | Record::RetainedCleared { .. } => {}
        }
        None
    }

    pub(super) fn load(
        &self,
        head: usize,
        message: &dyn Fn(MessageId) -> Option<Message>,
    ) -> LoadedSession {
        let sent = self
            .queue
            .values()
            .rposition(|entry| entry.packet_id.is_some())
            .map_or(0, |last| last + 1);
        let head = head.max(sent);
        LoadedSession {
            record: self.record.clone(),
            subscriptions: self.subscriptions().collect(),
            unreleased: self.unreleased.iter().copied().collect(),
            queue: self
                .queue
                .iter()
                .take(head)
                .filter_map(|(at, entry)| entry.load(*at, message))
                .collect(),
            tail: self.tail(head, message),
        }
    }

    fn subscriptions(&self) -> impl Iterator<Item = LoadedSubscription> + '_ {
        self.subscriptions
            .iter()
            .map(|(filter, &(options, identifier))| LoadedSubscription {
                filter: filter.clone(),
                options,
                identifier,
            })
    }

    fn tail(
        &self,
        head: usize,
        message: &dyn Fn(MessageId) -> Option<Message>,
    ) -> Option<QueueTail> {
        let (&first, _) = self.queue.iter().nth(head)?;
        let (&last, _) = self.queue.last_key_value()?;
        Some(QueueTail {
            first,
            last,
            messages: self.queue.len() - head,
            bytes: self
                .queue
                .range(first..)
                .filter_map(|(_, entry)| message(entry.message))
                .map(|it| cost(&it))
                .sum(),
        })
    }

    pub(super) fn page(
        &self,
        from: u64,
        messages: usize,
        bytes: usize,
        message: &dyn Fn(MessageId) -> Option<Message>,
    ) -> Page {
        let mut page = Page {
            client_id: self.record.client_id.clone(),
            from,
            messages: Vec::new(),
            next: None,
        };
        let mut taken = 0;
        for (sequence, entry) in self.queue.range(from..) {
            let Some(paged) = entry.load(*sequence, message) else {
                continue;
            };
            taken += cost(&paged.message);
            let first = page.messages.is_empty();
            if !first && (page.messages.len() >= messages || taken > bytes) {
                page.next = Some(*sequence);
                break;
            }
            page.messages.push(paged);
        }
        page
    }
}

impl Entry {
    fn load(
        &self,
        sequence: u64,
        message: &dyn Fn(MessageId) -> Option<Message>,
    ) -> Option<PagedMessage> {
        Some(PagedMessage {
            sequence,
            message: message(self.message)?,
            qos: self.qos,
            retain: self.retain,
            identifiers: self.identifiers.clone(),
            group: self.group.clone(),
            packet_id: self.packet_id,
            received: self.received,
        })
    }
}

/// What a message counts in a queue: the bytes of its topic and payload.
fn cost(message: &Message) -> usize {
    message.topic().as_str().len() + message.payload().len()
}
