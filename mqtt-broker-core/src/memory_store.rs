//! Stores in memory: to test with, and the model that other stores are tested against.

mod check;
mod delayed;
mod stored_session;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use mqtt_codec::{ClientIdBuf, TopicNameBuf};

pub use delayed::DelayedStore;

use crate::memory_store::stored_session::StoredSession;
use crate::message::{Message, MessageId};
use crate::record::Record;
use crate::store::{Loaded, Page, Store, StoreError};

/// A [`Store`] that forgets everything when it is dropped.
///
/// A message's body is in it once, however many sessions queue it, and leaves with the last that refers to it. It checks
/// what a batch refers to ([`StoreError::Dangling`]), so that mistakes show in tests.
///
/// ```
/// use bytes::Bytes;
/// use mqtt_broker_core::{Loaded, MemoryStore, Message, MessageId, Record, Store};
/// use mqtt_codec::TopicNameBuf;
///
/// let id = MessageId { incarnation: 1, shard: 0, sequence: 1 };
/// let topic = TopicNameBuf::new("sensors/door").unwrap();
/// let message = Message::builder(topic.clone(), Bytes::from_static(b"open")).id(id).build();
///
/// let mut store = MemoryStore::new();
/// store.commit(&[Record::Message(message.clone()), Record::Retained { message: id, topic }])?;
///
/// let mut loaded = Vec::new();
/// store.load(100, &mut |it| loaded.push(it))?;
/// assert_eq!(loaded, [Loaded::Retained(message)]);
/// assert_eq!(store.incarnation()?, 2);
/// # Ok::<(), mqtt_broker_core::StoreError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryStore {
    messages: BTreeMap<MessageId, StoredMessage>,
    retained: BTreeMap<TopicNameBuf, MessageId>,
    sessions: BTreeMap<ClientIdBuf, StoredSession>,
}

/// A message with the number of those that refer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct StoredMessage {
    message: Message,
    references: usize,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            messages: BTreeMap::new(),
            retained: BTreeMap::new(),
            sessions: BTreeMap::new(),
        }
    }

    /// How many messages it keeps, each counted once.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// How many topics have a retained message.
    #[must_use]
    pub fn retained(&self) -> usize {
        self.retained.len()
    }

    /// How many sessions it keeps.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Carries out one record that was checked. What may have lost its last reference goes to `loose`.
    fn apply(&mut self, record: &Record, loose: &mut Vec<MessageId>) {
        match record {
            Record::Session(session) => match self.sessions.get_mut(session.client_id.as_str()) {
                Some(stored) => stored.record = (**session).clone(),
                None => {
                    self.sessions.insert(
                        session.client_id.clone(),
                        StoredSession::new((**session).clone()),
                    );
                }
            },
            Record::SessionEnded { client_id } => {
                let ended = self.sessions.remove(client_id.as_str());
                for id in ended.iter().flat_map(StoredSession::references) {
                    self.unrefer(id, loose);
                }
            }
            Record::Message(message) => {
                let id = message.id();
                self.messages.entry(id).or_insert_with(|| StoredMessage {
                    message: message.clone(),
                    references: 0,
                });
                loose.push(id);
            }
            Record::Retained { message, topic } => {
                self.refer(*message);
                if let Some(replaced) = self.retained.insert(topic.clone(), *message) {
                    self.unrefer(replaced, loose);
                }
            }
            Record::RetainedCleared { topic } => {
                if let Some(cleared) = self.retained.remove(topic.as_str()) {
                    self.unrefer(cleared, loose);
                }
            }
            Record::Subscribed { .. }
            | Record::Unsubscribed { .. }
            | Record::Queued { .. }
            | Record::Sent { .. }
            | Record::Received { .. }
            | Record::Settled { .. }
            | Record::Unreleased { .. }
            | Record::Released { .. } => {
                if let Record::Queued { message, .. } = record {
                    self.refer(*message);
                }
                let session = record
                    .client_id()
                    .and_then(|client_id| self.sessions.get_mut(client_id.as_str()));
                if let Some(left) = session.and_then(|session| session.apply(record)) {
                    self.unrefer(left, loose);
                }
            }
        }
    }

    fn refer(&mut self, id: MessageId) {
        if let Some(stored) = self.messages.get_mut(&id) {
            stored.references += 1;
        }
    }

    fn unrefer(&mut self, id: MessageId, loose: &mut Vec<MessageId>) {
        if let Some(stored) = self.messages.get_mut(&id) {
            stored.references -= 1;
            if stored.references == 0 {
                loose.push(id);
            }
        }
    }

    fn message(&self, id: MessageId) -> Option<&Message> {
        self.messages.get(&id).map(|stored| &stored.message)
    }
}

impl Store for MemoryStore {
    fn incarnation(&mut self) -> Result<u32, StoreError> {
        let last = self
            .messages
            .last_key_value()
            .map_or(0, |(id, _)| id.incarnation);
        Ok(last.saturating_add(1))
    }

    fn load(&mut self, queue_head: usize, each: &mut dyn FnMut(Loaded)) -> Result<(), StoreError> {
        for message in self.retained.values().filter_map(|id| self.message(*id)) {
            each(Loaded::Retained(message.clone()));
        }
        for session in self.sessions.values() {
            each(Loaded::Session(
                session.load(queue_head, &|id| self.message(id).cloned()),
            ));
        }
        Ok(())
    }

    fn commit(&mut self, batch: &[Record]) -> Result<(), StoreError> {
        check::check(self, batch)?;
        let mut loose = Vec::new();
        for record in batch {
            self.apply(record, &mut loose);
        }
        for id in loose {
            if self
                .messages
                .get(&id)
                .is_some_and(|stored| stored.references == 0)
            {
                self.messages.remove(&id);
            }
        }
        Ok(())
    }

    fn page(
        &mut self,
        client_id: &ClientIdBuf,
        from: u64,
        messages: usize,
        bytes: usize,
    ) -> Result<Page, StoreError> {
        let page = self
            .sessions
            .get(client_id.as_str())
            .map(|session| session.page(from, messages, bytes, &|id| self.message(id).cloned()));
        Ok(page.unwrap_or_else(|| Page {
            client_id: client_id.clone(),
            from,
            messages: Vec::new(),
            next: None,
        }))
    }
}
