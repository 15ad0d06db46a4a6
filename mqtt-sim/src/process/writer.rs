//! The thread that owns the store, as events: what waits is written as one batch and synced once.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use mqtt_broker_core::{Position, Record, Store, StoreError, compact};
use mqtt_codec::ClientIdBuf;

use super::{Process, Running, broker_clock};
use crate::check::{Broken, Rule};
use crate::disk::Loss;
use crate::events::Event;
use crate::observation::Observation;
use crate::plan::Crash;
use crate::sabotage::Sabotage;
use crate::stage::Stage;

/// What the store is asked for, and what it is at.
#[derive(Debug, Default)]
pub(super) struct Writer {
    records: Vec<Record>,
    /// Of the last batch in `records`.
    submitted: Position,
    /// Up to where everything is durable.
    durable: Position,
    pages: VecDeque<(Position, Wanted)>,
    at: At,
}

/// A part of a queue that the broker has asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) client_id: ClientIdBuf,
    pub(super) from: u64,
    pub(super) messages: usize,
    pub(super) bytes: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Nothing,
    /// A batch is being written.
    Writing,
    /// A batch is being synced.
    Syncing,
    /// There was no space: it is tried again.
    Waiting,
}

impl Writer {
    pub(super) fn submit(&mut self, records: Vec<Record>, position: Position) {
        self.records.extend(records);
        self.submitted = position;
    }

    /// A page sees what was handed out before.
    pub(super) fn ask(&mut self, page: Wanted) {
        self.pages.push_back((self.submitted, page));
    }

    pub(super) fn is_idle(&self) -> bool {
        self.at == At::Nothing && self.records.is_empty() && self.pages.is_empty()
    }
}

impl Process {
    /// The store's writer has done what it was at.
    pub(crate) fn handle_written(&mut self, stage: &mut Stage, start: u64) {
        let Some(running) = self.running().filter(|running| running.start == start) else {
            return;
        };
        match running.written(stage) {
            Ok(()) => running.settle(stage),
            // What is durable is not known: only a new start can tell.
            Err(_) => {
                let down = running.random.span(SYNC_SLOW..=RESTART);
                self.crash(
                    stage,
                    Crash {
                        loss: Loss::Process,
                        down,
                        again: 0,
                    },
                );
            }
        }
    }
}

impl Running {
    /// Begins the next batch, if the writer is idle and something waits.
    pub(super) fn write_next(&mut self, stage: &mut Stage) {
        if self.writer.at != At::Nothing {
            return;
        }
        if !self.writer.records.is_empty() {
            self.writer.at = At::Writing;
            let delay = self.random.span(WRITE_FAST..=WRITE_SLOW);
            stage.after(delay, Event::Written(self.start));
        } else if !self.writer.pages.is_empty() {
            // A read takes time, too.
            self.writer.at = At::Syncing;
            let delay = self.random.span(WRITE_FAST..=WRITE_SLOW);
            stage.after(delay, Event::Written(self.start));
        }
    }

    fn written(&mut self, stage: &mut Stage) -> Result<(), StoreError> {
        match self.writer.at {
            At::Nothing => Ok(()),
            At::Writing | At::Waiting => self.write(stage),
            At::Syncing => self.sync(stage),
        }
    }

    fn write(&mut self, stage: &mut Stage) -> Result<(), StoreError> {
        let mut records = compact(core::mem::take(&mut self.writer.records));
        if let Some(sabotage) = stage.sabotage {
            records.retain(|record| sabotage.stores(record));
        }
        let delay = match self.store.write(&records, self.writer.submitted) {
            Ok(()) => {
                self.writer.at = At::Syncing;
                match self.random.below(64) {
                    0 => self.random.span(SYNC_FAST..=SYNC_SLOWEST),
                    _ => self.random.span(SYNC_FAST..=SYNC_SLOW),
                }
            }
            Err(StoreError::OutOfSpace) => {
                self.writer.records = records;
                self.writer.at = At::Waiting;
                RETRY
            }
            Err(error) => return Err(error),
        };
        stage.after(delay, Event::Written(self.start));
        Ok(())
    }

    fn sync(&mut self, stage: &mut Stage) -> Result<(), StoreError> {
        self.writer.at = At::Nothing;
        let position = self.store.sync()?;
        let now = broker_clock(stage);
        if position > self.writer.durable && !stage.is_sabotaged(Sabotage::NeverDurable) {
            self.writer.durable = position;
            stage.observe(&Observation::Durable { position });
            self.broker.handle_persisted(now, position);
        }
        while let Some((behind, page)) = self.writer.pages.pop_front() {
            if behind > position {
                self.writer.pages.push_front((behind, page));
                break;
            }
            let Wanted {
                client_id,
                from,
                messages,
                bytes,
            } = page;
            match self.store.page(&client_id, from, messages, bytes) {
                Ok(page) => self.broker.handle_paged(now, page),
                Err(error) => {
                    let what = alloc::format!("a page cannot be read: {error}");
                    stage.break_rule(Broken::new(Rule::Restart, what));
                }
            }
        }
        Ok(())
    }
}

/// How long a write takes.
const WRITE_FAST: Duration = Duration::from_micros(10);
const WRITE_SLOW: Duration = Duration::from_micros(200);
/// How long a sync takes.
const SYNC_FAST: Duration = Duration::from_micros(200);
const SYNC_SLOW: Duration = Duration::from_millis(5);
const SYNC_SLOWEST: Duration = Duration::from_millis(300);
/// After how long a full disk is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// How long it takes at most until a process that ended by itself is started again.
const RESTART: Duration = Duration::from_secs(1);
