use alloc::string::String;
use alloc::vec::Vec;

use mqtt_broker_core::{
    Damage, MemoryStore, Place, Position, Record, RecordError, Store, StoreError,
};

use crate::log_store::frame::{Frame, Kind, MAGIC, take};
use crate::log_store::preamble;

/// What was found when a [`LogStore`](crate::LogStore) was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Recovery {
    /// The incarnation of the broker whose batch is the last that survived; 0 if none ever did.
    pub incarnation: u32,
    /// The position of that batch, in its broker's run: all up to it survived, nothing behind it did.
    pub position: Position,
    /// How many bytes at the end were cut off, since they were not written as a whole.
    pub torn: u64,
    /// How many batches were read, behind those that a snapshot stood for.
    pub batches: u64,
}

impl Recovery {
    /// Up to which position the batches of the broker with this incarnation survived, if no other has committed since; 0
    /// if none of them did.
    #[must_use]
    pub fn position_of(&self, incarnation: u32) -> Position {
        if self.incarnation == incarnation {
            self.position
        } else {
            Position(0)
        }
    }
}

/// What a log had in it.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    pub(super) contents: MemoryStore,
    /// Of the broker that wrote the file.
    pub(super) incarnation: u32,
    pub(super) recovery: Recovery,
}

impl Recovered {
    /// Reads a log. Its snapshot was durable before the file got its name, so nothing in that may be missing.
    pub(super) fn read(name: &str, file: &[u8]) -> Result<Self, StoreError> {
        let mut log = Self::default();
        let mut scratch = Vec::new();
        let mut is_complete = false;
        let mut offset = preamble::check(name, file)?;
        while offset < file.len() || !is_complete {
            let Some((frame, body, next)) = Frame::read(file, offset) else {
                if !is_complete || was_durable(file, offset) {
                    return Err(damaged(name, offset, Damage::Checksum));
                }
                log.recovery.torn = (file.len() - offset) as u64;
                break;
            };
            let records = next - body.len();
            match frame.kind {
                Kind::Snapshot => apply(name, records, body, &mut scratch, &mut log.contents)?,
                Kind::SnapshotEnd => {
                    let mut body = body;
                    let Some(incarnation) = take(&mut body) else {
                        return Err(damaged(name, offset, Damage::Checksum));
                    };
                    log.incarnation = u32::from_be_bytes(incarnation);
                    log.reach(&frame);
                    is_complete = true;
                }
                Kind::Batch => {
                    apply(name, records, body, &mut scratch, &mut log.contents)?;
                    log.reach(&frame);
                    log.recovery.batches += 1;
                }
            }
            offset = next;
        }
        Ok(log)
    }

    fn reach(&mut self, frame: &Frame) {
        self.recovery.incarnation = frame.incarnation;
        self.recovery.position = frame.position;
    }
}

/// Decodes the records of a body, which begins at `offset`, and carries them out as one batch.
pub(super) fn apply(
    name: &str,
    offset: usize,
    body: &[u8],
    scratch: &mut Vec<Record>,
    contents: &mut MemoryStore,
) -> Result<(), StoreError> {
    scratch.clear();
    let mut rest = body;
    while !rest.is_empty() {
        let at = offset + body.len() - rest.len();
        let (record, length) = Record::decode(rest).map_err(|error| unreadable(name, at, error))?;
        scratch.push(record);
        rest = rest.get(length..).unwrap_or_default();
    }
    contents.commit(scratch)
}

/// Whether a frame behind this byte says that the byte was durable. If so it has not been lost with the power but is
/// another one than was written.
fn was_durable(file: &[u8], offset: usize) -> bool {
    let behind = file.get(offset + 1..).unwrap_or_default();
    behind
        .windows(MAGIC.len())
        .enumerate()
        .filter(|(_, bytes)| **bytes == MAGIC)
        .filter_map(|(at, _)| Frame::read(file, offset + 1 + at))
        .any(|(frame, _, _)| frame.durable > offset as u64)
}

pub(super) fn damaged(name: &str, offset: usize, damage: Damage) -> StoreError {
    let place = Place::File {
        file: String::from(name),
        offset: offset as u64,
    };
    StoreError::Damaged { place, damage }
}

fn unreadable(name: &str, offset: usize, error: RecordError) -> StoreError {
    if let RecordError::NewerVersion { found, supported } = error {
        return StoreError::NewerVersion {
            found: found.into(),
            supported: supported.into(),
        };
    }
    damaged(name, offset, Damage::Record(error))
}
