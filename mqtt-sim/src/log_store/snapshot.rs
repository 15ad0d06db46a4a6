use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use mqtt_broker_core::{
    Loaded, LoadedSession, MemoryStore, Message, MessageId, PagedMessage, Position, Record, Store,
    StoreError,
};
use mqtt_codec::ClientIdBuf;

use crate::disk::{Disk, DiskError};
use crate::log_store::frame::{Frame, Kind};
use crate::log_store::preamble::preamble;

/// Who writes a snapshot, and what it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// Of the broker that runs.
    pub(super) incarnation: u32,
    /// The incarnation of the broker that came to the position.
    pub(super) of: u32,
    /// The last position in it.
    pub(super) position: Position,
}

/// Writes everything that is kept into a new file, makes it durable, and says how long it is.
pub(super) fn write(
    disk: &mut Disk,
    name: &str,
    contents: &mut MemoryStore,
    head: Head,
    buffer: &mut Vec<u8>,
) -> Result<u64, StoreError> {
    disk.create(name)?;
    disk.append(name, &preamble())?;
    Frame::begin(buffer);
    let mut snapshot = Snapshot {
        disk,
        name,
        head,
        buffer,
        length: preamble().len() as u64,
        messages: BTreeSet::new(),
        outcome: Ok(()),
    };
    contents.load(usize::MAX, &mut |loaded| snapshot.put(loaded))?;
    snapshot.end().map_err(StoreError::from)
}

/// A snapshot that is being written.
struct Snapshot<'a> {
    disk: &'a mut Disk,
    name: &'a str,
    head: Head,
    /// The frame that is being filled.
    buffer: &'a mut Vec<u8>,
    length: u64,
    /// Those whose bodies are in it.
    messages: BTreeSet<MessageId>,
    /// After an error nothing more is written.
    outcome: Result<(), DiskError>,
}

impl Snapshot<'_> {
    fn put(&mut self, loaded: Loaded) {
        match loaded {
            Loaded::Retained(message) => {
                let (id, topic) = (message.id(), message.topic().clone());
                self.message(message);
                self.record(&Record::Retained { message: id, topic });
                self.flush_if_large();
            }
            Loaded::Session(session) => self.session(session),
        }
    }

    fn session(&mut self, session: LoadedSession) {
        let client_id = session.record.client_id.clone();
        self.record(&Record::Session(Box::new(session.record)));
        for subscription in session.subscriptions {
            self.record(&Record::Subscribed {
                client_id: client_id.clone(),
                filter: subscription.filter,
                options: subscription.options,
                identifier: subscription.identifier,
            });
        }
        for packet_id in session.unreleased {
            self.record(&Record::Unreleased {
                client_id: client_id.clone(),
                packet_id,
            });
        }
        for queued in session.queue {
            self.queued(&client_id, queued);
            self.flush_if_large();
        }
        self.flush_if_large();
    }

    fn queued(&mut self, client_id: &ClientIdBuf, queued: PagedMessage) {
        let sequence = queued.sequence;
        let message = queued.message.id();
        self.message(queued.message);
        self.record(&Record::Queued {
            client_id: client_id.clone(),
            sequence,
            message,
            qos: queued.qos,
            retain: queued.retain,
            identifiers: queued.identifiers,
            group: queued.group,
        });
        if let Some(packet_id) = queued.packet_id {
            self.record(&Record::Sent {
                client_id: client_id.clone(),
                sequence,
                packet_id,
            });
        }
        if queued.received {
            self.record(&Record::Received {
                client_id: client_id.clone(),
                sequence,
            });
        }
    }

    /// Writes the body of a message, once.
    fn message(&mut self, message: Message) {
        if self.messages.insert(message.id()) {
            self.record(&Record::Message(message));
        }
    }

    fn record(&mut self, record: &Record) {
        record.encode(self.buffer);
    }

    /// Called behind what refers to the messages of the frame only: a message that nothing refers to at the end of a
    /// batch is gone.
    fn flush_if_large(&mut self) {
        if self.buffer.len() >= FRAME {
            self.flush(Kind::Snapshot);
        }
    }

    fn flush(&mut self, kind: Kind) {
        let frame = Frame {
            kind,
            incarnation: self.head.of,
            position: self.head.position,
            offset: self.length,
            durable: 0,
        };
        frame.end(self.buffer);
        self.length += self.buffer.len() as u64;
        if self.outcome.is_ok() {
            self.outcome = self.disk.append(self.name, self.buffer);
        }
        Frame::begin(self.buffer);
    }

    fn end(mut self) -> Result<u64, DiskError> {
        self.flush(Kind::Snapshot);
        let incarnation = self.head.incarnation.to_be_bytes();
        self.buffer.extend_from_slice(&incarnation);
        self.flush(Kind::SnapshotEnd);
        self.outcome?;
        self.disk.sync(self.name)?;
        Ok(self.length)
    }
}

/// A frame that is as long is written.
const FRAME: usize = 64 * 1024;
