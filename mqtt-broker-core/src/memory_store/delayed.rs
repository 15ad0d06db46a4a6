use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::memory_store::MemoryStore;
use crate::record::{Position, Record};
use crate::store::{Store, StoreError};

/// A store that commits only when it is told to, so that a test decides what a crash loses.
///
/// It stands where an adapter has its writer thread: what [`Action::Persist`](crate::Action::Persist) hands out is
/// [submitted](Self::submit), and what [`commit_next`](Self::commit_next) gives back goes to `handle_persisted`. With
/// [`crash`](Self::crash) everything that was not committed is gone, and a new broker starts from
/// [`store_mut`](Self::store_mut).
///
/// ```
/// use mqtt_broker_core::{DelayedStore, MemoryStore, Position, Record, StoreError};
/// use mqtt_codec::TopicNameBuf;
///
/// let cleared = || vec![Record::RetainedCleared { topic: TopicNameBuf::new("a").unwrap() }];
/// let mut store = DelayedStore::new(MemoryStore::new());
/// store.submit(Position(1), cleared());
/// store.submit(Position(2), cleared());
///
/// assert_eq!(store.commit_next(), Some(Ok(Position(1))));
/// store.fail_next(StoreError::OutOfSpace);
/// assert_eq!(store.commit_next(), Some(Err(StoreError::OutOfSpace)));
/// assert_eq!(store.crash(), 1);
/// assert_eq!(store.commit_next(), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct DelayedStore<S = MemoryStore> {
    store: S,
    waiting: VecDeque<(Position, Vec<Record>)>,
    failure: Option<StoreError>,
}

impl<S: Store> DelayedStore<S> {
    /// Delays the commits of a store.
    #[must_use]
    pub const fn new(store: S) -> Self {
        Self {
            store,
            waiting: VecDeque::new(),
            failure: None,
        }
    }

    /// Takes a batch, behind those that wait already.
    pub fn submit(&mut self, position: Position, records: Vec<Record>) {
        self.waiting.push_back((position, records));
    }

    /// How many batches wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Commits the batch that waits longest; `None` when none waits. A batch that failed waits on.
    pub fn commit_next(&mut self) -> Option<Result<Position, StoreError>> {
        let (position, records) = self.waiting.front()?;
        let done = match self.failure.take() {
            Some(failure) => Err(failure),
            None => self.store.commit(records).map(|()| *position),
        };
        if done.is_ok() {
            self.waiting.pop_front();
        }
        Some(done)
    }

    /// Makes the next [`commit_next`](Self::commit_next) that has something to commit fail, with nothing changed.
    pub fn fail_next(&mut self, failure: StoreError) {
        self.failure = Some(failure);
    }

    /// Loses what waits: how many batches that was.
    pub fn crash(&mut self) -> usize {
        self.failure = None;
        core::mem::take(&mut self.waiting).len()
    }

    /// What was committed.
    #[must_use]
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// What was committed, to load or page from.
    pub const fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }
}
