use alloc::collections::{BTreeMap, BTreeSet};

use crate::memory_store::MemoryStore;
use crate::memory_store::stored_session::StoredSession;
use crate::message::MessageId;
use crate::record::Record;
use crate::store::StoreError;

/// Looks whether everything is there that the records of a batch refer to, before the first of them is carried out.
///
/// # Errors
///
/// [`StoreError::Dangling`] for the first record for which it is not.
pub(super) fn check(store: &MemoryStore, batch: &[Record]) -> Result<(), StoreError> {
    let mut check = Check {
        store,
        messages: BTreeSet::new(),
        sessions: BTreeMap::new(),
    };
    match batch.iter().position(|record| !check.holds(record)) {
        Some(index) => Err(StoreError::Dangling { index }),
        None => Ok(()),
    }
}

/// A store with the records of a batch that were checked already.
struct Check<'a> {
    store: &'a MemoryStore,
    /// The messages of the batch.
    messages: BTreeSet<MessageId>,
    /// What the batch did to sessions.
    sessions: BTreeMap<&'a str, Changed<'a>>,
}

/// A session with the changes of the batch.
struct Changed<'a> {
    exists: bool,
    /// What is left of it from before the batch.
    before: Option<&'a StoredSession>,
    /// The places in its queue that the batch took (true) or freed (false).
    places: BTreeMap<u64, bool>,
}

impl<'a> Check<'a> {
    fn holds(&mut self, record: &'a Record) -> bool {
        if let Record::Message(message) = record {
            self.messages.insert(message.id());
            return true;
        }
        if let Record::Retained { message, .. } | Record::Queued { message, .. } = record {
            if !self.messages.contains(message) && !self.store.messages.contains_key(message) {
                return false;
            }
        }
        match record.client_id() {
            Some(client_id) => self.session(client_id.as_str()).holds(record),
            None => true,
        }
    }

    fn session(&mut self, client_id: &'a str) -> &mut Changed<'a> {
        let before = self.store.sessions.get(client_id);
        self.sessions.entry(client_id).or_insert_with(|| Changed {
            exists: before.is_some(),
            before,
            places: BTreeMap::new(),
        })
    }
}

impl Changed<'_> {
    fn holds(&mut self, record: &Record) -> bool {
        match record {
            Record::Session(_) => {
                self.exists = true;
                true
            }
            Record::SessionEnded { .. } => {
                *self = Self {
                    exists: false,
                    before: None,
                    places: BTreeMap::new(),
                };
                true
            }
            Record::Subscribed { .. } | Record::Unreleased { .. } => self.exists,
            Record::Queued { sequence, .. } => {
                self.places.insert(*sequence, true);
                self.exists
            }
            Record::Settled { sequence, .. } => {
                self.places.insert(*sequence, false);
                true
            }
            Record::Sent { sequence, .. } | Record::Received { sequence, .. } => {
                let before = || self.before.is_some_and(|session| session.has(*sequence));
                self.places.get(sequence).copied().unwrap_or_else(before)
            }
            Record::Unsubscribed { .. }
            | Record::Released { .. }
            | Record::Message(_)
            | Record::Retained { .. }
            | Record::RetainedCleared { .. } => true,
        }
    }
}
