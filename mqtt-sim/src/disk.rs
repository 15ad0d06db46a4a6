//! A disk that knows the difference between written and durable.

mod directory;
mod error;
mod file;

use alloc::collections::BTreeMap;
use core::mem;

use mqtt_broker_core::Operation;

pub use error::DiskError;

use crate::disk::directory::{Directory, Inode};
use crate::disk::file::File;
use crate::random::Random;

/// Named files of which a program sees everything that was written, while a loss of power takes what was not synced.
///
/// Bytes are durable after [`sync`](Self::sync) of their file; a creation, a new name and a removal after
/// [`sync_directory`](Self::sync_directory). The disk knows no time: how long a write or a sync takes is its owner's
/// business.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    directory: Directory,
    files: BTreeMap<Inode, File>,
    /// Of the next file.
    next: u64,
    /// The bytes of all files together.
    used: u64,
    capacity: Option<u64>,
    failed_append: FailedAppend,
    fails_write: bool,
    fails_sync: bool,
    /// How many operations are answered yet.
    left: Option<u64>,
    counters: DiskCounters,
}

/// What ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// `kill -9`: everything that was written stays.
    Process,
    /// What was not synced survives in part.
    Power,
}

/// What an append that fails has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FailedAppend {
    /// Nothing.
    #[default]
    WritesNothing,
    /// What there was space for; half of it when the write itself failed.
    WritesPart,
}

/// What a disk was asked for since it was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DiskCounters {
    /// Everything but reads: appends, truncations, syncs and changes of the directory.
    pub operations: u64,
    /// The bytes that were appended.
    pub written: u64,
    /// Syncs, of files and of the directory.
    pub syncs: u64,
}

impl Disk {
    /// An empty disk without limit.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an empty file. One that had the name has none any more.
    ///
    /// # Errors
    ///
    /// [`DiskError::Io`].
    pub fn create(&mut self, file: &str) -> Result<(), DiskError> {
        self.begin(Operation::Write)?;
        self.release(file);
        let inode = Inode(self.next);
        self.next += 1;
        self.files.insert(inode, File::default());
        self.directory.create(file, inode);
        Ok(())
    }

    /// Writes at the end of a file.
    ///
    /// # Errors
    ///
    /// [`DiskError`]. What was written then, [`FailedAppend`] says.
    pub fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.begin(Operation::Write)?;
        let inode = self.directory.find(file)?;
        let length = bytes.len() as u64;
        let room = self
            .capacity
            .map_or(u64::MAX, |capacity| capacity.saturating_sub(self.used));
        let (part, outcome) = if mem::take(&mut self.fails_write) {
            (length / 2, Err(failed(Operation::Write)))
        } else if room < length {
            (room, Err(DiskError::OutOfSpace))
        } else {
            (length, Ok(()))
        };
        let part = match self.failed_append {
            FailedAppend::WritesNothing if outcome.is_err() => 0,
            FailedAppend::WritesNothing | FailedAppend::WritesPart => part,
        };
        let part = usize::try_from(part)
            .ok()
            .and_then(|part| bytes.get(..part));
        let part = part.unwrap_or(bytes);
        if let Some(file) = self.files.get_mut(&inode) {
            file.append(part);
        }
        self.used += part.len() as u64;
        self.counters.written += part.len() as u64;
        outcome
    }

    /// Cuts a file off behind `length` bytes. That is durable after [`sync`](Self::sync), too.
    ///
    /// # Errors
    ///
    /// [`DiskError::Io`] or [`DiskError::NotFound`].
    pub fn truncate(&mut self, file: &str, length: u64) -> Result<(), DiskError> {
        self.begin(Operation::Write)?;
        let inode = self.directory.find(file)?;
        if let Some(file) = self.files.get_mut(&inode) {
            let before = file.bytes().len();
            file.truncate(usize::try_from(length).unwrap_or(usize::MAX));
            self.used -= (before - file.bytes().len()) as u64;
        }
        Ok(())
    }

    /// Makes durable what is in a file.
    ///
    /// # Errors
    ///
    /// [`DiskError::Io`] or [`DiskError::NotFound`].
    pub fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        self.begin(Operation::Sync)?;
        let inode = self.directory.find(file)?;
        self.counters.syncs += 1;
        let Some(file) = self.files.get_mut(&inode) else {
            return Err(DiskError::NotFound);
        };
        if mem::take(&mut self.fails_sync) {
            file.fail_sync();
            return Err(failed(Operation::Sync));
        }
        file.sync();
        Ok(())
    }

    /// Gives a file another name. One that had that name has none any more.
    ///
    /// # Errors
    ///
    /// [`DiskError::Io`] or [`DiskError::NotFound`].
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        self.begin(Operation::Write)?;
        self.directory.find(from)?;
        if from != to {
            self.release(to);
            self.directory.rename(from, to);
        }
        Ok(())
    }

    /// Takes a file's name from it.
    ///
    /// # Errors
    ///
    /// [`DiskError::Io`] or [`DiskError::NotFound`].
    pub fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        self.begin(Operation::Write)?;
        self.directory.find(file)?;
        self.release(file);
        self.directory.remove(file);
        Ok(())
    }

    /// Makes durable which files there are.
    ///
    /// # Errors
    ///
    /// [`DiskError::Io`]. A later sync that goes well makes the same durable.
    pub fn sync_directory(&mut self) -> Result<(), DiskError> {
        self.begin(Operation::Sync)?;
        self.counters.syncs += 1;
        if mem::take(&mut self.fails_sync) {
            return Err(failed(Operation::Sync));
        }
        self.directory.sync();
        self.forget_unnamed();
        Ok(())
    }

    /// What is in a file, durable or not.
    ///
    /// # Errors
    ///
    /// [`DiskError::NotFound`].
    pub fn read(&self, file: &str) -> Result<&[u8], DiskError> {
        let inode = self.directory.find(file)?;
        let file = self.files.get(&inode).ok_or(DiskError::NotFound)?;
        Ok(file.bytes())
    }

    /// The names of all files, in their order.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.directory.names()
    }

    /// Ends the run, and with it what [`stop_after`](Self::stop_after) said.
    ///
    /// After [`Loss::Power`], of the bytes that were not synced any 512-byte sectors are there; instead of the others stand
    /// zeros, something random or something old, and the last may be torn. The file's length may count them or not. Of
    /// the changes of the directory that were not synced some first ones are there.
    pub fn crash(&mut self, random: &mut Random, loss: Loss) {
        self.left = None;
        match loss {
            Loss::Process => {}
            Loss::Power => {
                self.directory.lose_power(random);
                self.forget_unnamed();
                for file in self.files.values_mut() {
                    file.lose_power(random);
                }
                let lengths = self.files.values().map(|file| file.bytes().len() as u64);
                self.used = lengths.sum();
            }
        }
    }

    /// How many bytes all files together may have; `None` for any. What is there stays.
    pub fn set_capacity(&mut self, capacity: Option<u64>) {
        self.capacity = capacity;
    }

    /// What appends do that fail from now on.
    pub fn set_failed_append(&mut self, failed_append: FailedAppend) {
        self.failed_append = failed_append;
    }

    /// It has space, and nothing that was to fail fails.
    pub fn heal(&mut self) {
        self.capacity = None;
        (self.fails_write, self.fails_sync) = (false, false);
    }

    /// The next append fails with EIO.
    pub fn fail_next_write(&mut self) {
        self.fails_write = true;
    }

    /// The next sync fails with EIO. What it should have made durable counts as clean from then on, as on Linux: later
    /// syncs of the file go well, and those bytes are on the disk only by luck.
    pub fn fail_next_sync(&mut self) {
        self.fails_sync = true;
    }

    /// After so many more operations nothing is done any more: each fails with EIO until [`crash`](Self::crash). This is
    /// how a run ends in the middle of something that takes several.
    pub fn stop_after(&mut self, operations: u64) {
        self.left = Some(operations);
    }

    /// The bytes of all files together.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used
    }

    /// What it was asked for until now.
    #[must_use]
    pub fn counters(&self) -> DiskCounters {
        self.counters
    }

    /// Counts an operation, if it is answered.
    fn begin(&mut self, operation: Operation) -> Result<(), DiskError> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1).ok_or(failed(operation))?;
        }
        self.counters.operations += 1;
        Ok(())
    }

    /// Gives back the space of a file that loses its name.
    fn release(&mut self, file: &str) {
        self.used -= self.read(file).map_or(0, |bytes| bytes.len() as u64);
    }

    fn forget_unnamed(&mut self) {
        self.files
            .retain(|inode, _| self.directory.may_name(*inode));
    }
}

fn failed(operation: Operation) -> DiskError {
    DiskError::Io { operation }
}
