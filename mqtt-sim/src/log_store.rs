//! A store in one file of a [`Disk`]: a snapshot, and behind it batch after batch.

mod frame;
mod preamble;
mod recovery;
mod snapshot;

use alloc::boxed::Box;
use alloc::vec::Vec;

use mqtt_broker_core::{Loaded, MemoryStore, Page, Position, Record, Store, StoreError};
use mqtt_codec::ClientIdBuf;

pub use recovery::Recovery;

use crate::disk::{Disk, DiskError};
use crate::log_store::frame::{Frame, Kind};
use crate::log_store::recovery::Recovered;
use crate::log_store::snapshot::Head;

/// A [`Store`] whose commits have two halves, so that time can pass between them: [`write`](Self::write) and
/// [`sync`](Self::sync).
///
/// Each start begins a file of its own with a snapshot of what it found. So a torn end is gone for good, the incarnation is
/// durable, and nothing is relied on that a sync which failed left in the page cache.
///
/// After [`StoreError::Io`] every call fails with the same error; what is durable, [`open`](Self::open) says. So it is
/// after [`StoreError::Dangling`], which is found only when the batch is durable. [`StoreError::OutOfSpace`] changes
/// nothing.
#[derive(Debug)]
pub struct LogStore {
    disk: Disk,
    /// What is durable. It is made of what was written, so nothing in it is shared with the broker.
    contents: MemoryStore,
    incarnation: u32,
    /// The broker that made the last durable batch, and its position.
    reached: (u32, Position),
    /// Of the last batch of this run that was written.
    written: Position,
    /// The length of the log, and how much of it is durable.
    length: u64,
    durable: u64,
    /// At this length the log is written anew.
    limit: u64,
    failed: Option<StoreError>,
    counters: LogCounters,
    buffer: Vec<u8>,
    scratch: Vec<Record>,
}

/// What a [`LogStore`] did since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LogCounters {
    /// The records that were written, without those of snapshots.
    pub records: u64,
    /// The batches that were written.
    pub batches: u64,
    /// The bytes of these batches.
    pub bytes: u64,
    /// How often the log was written anew.
    pub compactions: u64,
}

impl LogStore {
    /// Reads what is on a disk, and begins a new log with it. What a loss of power did to the end of the old one is cut.
    ///
    /// # Errors
    ///
    /// The disk, and:
    ///
    /// - [`StoreError::Damaged`] when a byte that was durable is another one,
    /// - [`StoreError::NewerVersion`] when a newer format was written,
    /// - [`StoreError::OutOfSpace`] when there is no space for the new log beside the old one,
    /// - [`StoreError::Io`].
    ///
    /// Nothing is lost then.
    pub fn open(disk: Disk) -> Result<(Self, Recovery), Box<(Disk, StoreError)>> {
        let found = match disk.read(LOG) {
            Ok(file) => Recovered::read(LOG, file),
            Err(_) => Ok(Recovered::default()),
        };
        let mut found = match found {
            Ok(found) => found,
            Err(error) => return Err(Box::new((disk, error))),
        };
        // Above all that is kept, too, whoever named it.
        let above = found.contents.incarnation().unwrap_or(1);
        let mut store = Self {
            disk,
            contents: found.contents,
            incarnation: above.max(found.incarnation.saturating_add(1)),
            reached: (found.recovery.incarnation, found.recovery.position),
            written: Position(0),
            length: 0,
            durable: 0,
            limit: 0,
            failed: None,
            counters: LogCounters::default(),
            buffer: Vec::new(),
            scratch: Vec::new(),
        };
        match store.rewrite() {
            Ok(()) => {
                store.counters = LogCounters::default();
                Ok((store, found.recovery))
            }
            Err(error) => Err(Box::new((store.disk, error))),
        }
    }

    /// The first half of a commit: the records are written, not durable, and not seen by `load` and `page`.
    ///
    /// # Errors
    ///
    /// [`StoreError::OutOfSpace`] or [`StoreError::Io`].
    pub fn write(&mut self, records: &[Record], position: Position) -> Result<(), StoreError> {
        self.check()?;
        Frame::begin(&mut self.buffer);
        for record in records {
            record.encode(&mut self.buffer);
        }
        let frame = Frame {
            kind: Kind::Batch,
            incarnation: self.incarnation,
            position,
            offset: self.length,
            durable: self.durable,
        };
        frame.end(&mut self.buffer);
        if let Err(error) = self.disk.append(LOG, &self.buffer) {
            return Err(self.undo_write(error));
        }
        let bytes = self.buffer.len() as u64;
        self.length += bytes;
        self.written = position;
        self.counters.records += records.len() as u64;
        self.counters.batches += 1;
        self.counters.bytes += bytes;
        Ok(())
    }

    /// The second half: what was written is durable and seen. Gives the position up to which everything is, 0 if nothing
    /// was written since the store was opened.
    ///
    /// When the log has become twice as long as its snapshot, and longer than 1 MiB, it is written anew here. That this
    /// fails is no error of the sync.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`], or [`StoreError::Dangling`] when a batch broke the promises of [`Store`].
    pub fn sync(&mut self) -> Result<Position, StoreError> {
        self.check()?;
        if self.durable < self.length {
            self.disk
                .sync(LOG)
                .map_err(|error| self.fail(error.into()))?;
            self.show().map_err(|error| self.fail(error))?;
            self.durable = self.length;
            self.reached = (self.incarnation, self.written);
        }
        if self.length >= self.limit && self.rewrite().is_err() {
            self.limit = self.length + LEAST;
        }
        Ok(self.written)
    }

    /// Writes the log anew, shorter.
    ///
    /// # Errors
    ///
    /// As [`sync`](Self::sync), and [`StoreError::OutOfSpace`] or [`StoreError::Io`] when the new log could not be written:
    /// the old one goes on then.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        self.rewrite()
    }

    /// What is durable.
    #[must_use]
    pub fn contents(&self) -> &MemoryStore {
        &self.contents
    }

    /// What was done since it was opened.
    #[must_use]
    pub fn counters(&self) -> LogCounters {
        self.counters
    }

    /// Its disk.
    #[must_use]
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Its disk, to let it fail.
    pub fn disk_mut(&mut self) -> &mut Disk {
        &mut self.disk
    }

    /// Ends the process. The disk goes on.
    #[must_use]
    pub fn into_disk(self) -> Disk {
        self.disk
    }

    /// Writes a snapshot of what is durable and puts it in the place of the log. Nothing may wait for a sync.
    fn rewrite(&mut self) -> Result<(), StoreError> {
        self.check()?;
        let (of, position) = self.reached;
        let head = Head {
            incarnation: self.incarnation,
            of,
            position,
        };
        let written = snapshot::write(
            &mut self.disk,
            NEW_LOG,
            &mut self.contents,
            head,
            &mut self.buffer,
        );
        let length = match written {
            Ok(length) => length,
            Err(error) => {
                // The log is as it was. If the name stays, the next snapshot replaces the file.
                let _ = self.disk.remove(NEW_LOG);
                return Err(error);
            }
        };
        let renamed = self.disk.rename(NEW_LOG, LOG);
        let renamed = renamed.and_then(|()| self.disk.sync_directory());
        // Which of the two the next start finds is not known. They say the same, as long as nothing is added to one.
        renamed.map_err(|error| self.fail(error.into()))?;
        self.length = length;
        self.durable = length;
        self.limit = LEAST.max(2 * length);
        self.counters.compactions += 1;
        Ok(())
    }

    /// Carries out what became durable.
    fn show(&mut self) -> Result<(), StoreError> {
        let file = self.disk.read(LOG)?;
        let mut offset = usize::try_from(self.durable).unwrap_or(usize::MAX);
        while let Some((_, body, next)) = Frame::read(file, offset) {
            let at = next - body.len();
            recovery::apply(LOG, at, body, &mut self.scratch, &mut self.contents)?;
            offset = next;
        }
        Ok(())
    }

    /// Takes back what an append wrote before it failed.
    fn undo_write(&mut self, error: DiskError) -> StoreError {
        match error {
            DiskError::OutOfSpace => match self.disk.truncate(LOG, self.length) {
                Ok(()) => StoreError::OutOfSpace,
                Err(error) => self.fail(error.into()),
            },
            DiskError::Io { .. } | DiskError::NotFound => self.fail(error.into()),
        }
    }

    fn check(&self) -> Result<(), StoreError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn fail(&mut self, error: StoreError) -> StoreError {
        self.failed = Some(error.clone());
        error
    }
}

impl Store for LogStore {
    fn incarnation(&mut self) -> Result<u32, StoreError> {
        self.check()?;
        Ok(self.incarnation)
    }

    fn load(&mut self, queue_head: usize, each: &mut dyn FnMut(Loaded)) -> Result<(), StoreError> {
        self.check()?;
        self.contents.load(queue_head, each)
    }

    fn commit(&mut self, batch: &[Record]) -> Result<(), StoreError> {
        self.write(batch, Position(self.written.0 + 1))?;
        self.sync().map(drop)
    }

    fn page(
        &mut self,
        client_id: &ClientIdBuf,
        from: u64,
        messages: usize,
        bytes: usize,
    ) -> Result<Page, StoreError> {
        self.check()?;
        self.contents.page(client_id, from, messages, bytes)
    }
}

/// The file, and the one that takes its place.
const LOG: &str = "log";
const NEW_LOG: &str = "log.new";

/// A log that is shorter is left as it is.
const LEAST: u64 = 1024 * 1024;
