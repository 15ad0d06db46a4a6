//! What waits to become durable, and what waits for it.
//!
//! Output commit: nothing that a client may rely on leaves before what it depends on is durable.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{ClientIdBuf, PacketId};
use mqtt_session::{AcknowledgedQoS, Known};

use crate::config::Persistence;
use crate::link_id::LinkId;
use crate::message::{Message, MessageId};
use crate::record::{Position, Record};
use crate::session::Replay;

/// Something that leaves when its position is durable. Of a link that is gone by then, nothing leaves.
#[derive(Debug)]
pub(crate) enum Held {
    /// PUBACK or PUBREC.
    Acknowledge {
        link: LinkId,
        qos: AcknowledgedQoS,
        packet_id: PacketId,
        reason: PublishReasonCode,
    },
    /// PUBCOMP.
    Complete {
        link: LinkId,
        packet_id: PacketId,
        known: Known,
    },
    /// PUBREL.
    Release { link: LinkId, packet_id: PacketId },
    /// PUBLISH of QoS 2.
    Transmit { link: LinkId, packet_id: PacketId },
    /// SUBACK or UNSUBACK, and the retained messages behind it.
    Packet {
        link: LinkId,
        bytes: Vec<u8>,
        replays: Vec<Replay>,
    },
    /// CONNACK, which the link has ready.
    Connack { link: LinkId },
    /// The close that answers DISCONNECT.
    Leave { link: LinkId },
}

impl Held {
    /// What it takes while it waits, about.
    fn bytes(&self) -> usize {
        let packet = match self {
            Self::Packet { bytes, replays, .. } => {
                bytes.len() + replays.len() * size_of::<Replay>()
            }
            Self::Acknowledge { .. }
            | Self::Complete { .. }
            | Self::Release { .. }
            | Self::Transmit { .. }
            | Self::Connack { .. }
            | Self::Leave { .. } => 0,
        };
        size_of::<(Position, Self)>() + packet
    }
}

/// The records of a shard on their way to the store.
#[derive(Debug)]
pub(crate) struct Durable {
    persistence: Persistence,
    /// Not handed out yet.
    batch: Vec<Record>,
    batch_bytes: usize,
    /// Of the batch that is being collected.
    next: Position,
    /// Handed out and not durable yet, with their bytes.
    handed: VecDeque<(Position, usize)>,
    handed_bytes: usize,
    held: VecDeque<(Position, Held)>,
    held_bytes: usize,
    /// The sessions whose end is not durable.
    ends: BTreeMap<ClientIdBuf, Position>,
    /// Recorded last in this batch: a message goes to many sessions, one after the other.
    last_message: Option<MessageId>,
}

/// A moment in the collecting of records, to see whether something was recorded since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(Position, usize);

impl Durable {
    pub(crate) fn new(persistence: Persistence) -> Self {
        Self {
            persistence,
            batch: Vec::new(),
            batch_bytes: 0,
            next: Position(1),
            handed: VecDeque::new(),
            handed_bytes: 0,
            held: VecDeque::new(),
            held_bytes: 0,
            ends: BTreeMap::new(),
            last_message: None,
        }
    }

    /// Whether records are wanted at all.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.persistence == Persistence::Store
    }

    /// Adds a record of about `bytes` bytes to the batch.
    pub(crate) fn record(&mut self, record: Record, bytes: usize) {
        debug_assert!(self.is_on(), "callers ask first");
        self.batch.push(record);
        self.batch_bytes += bytes + RECORD_OVERHEAD;
    }

    /// Adds the message itself, once for all records that refer to it next.
    pub(crate) fn record_message(&mut self, message: &Message) {
        if self.last_message != Some(message.id()) {
            self.last_message = Some(message.id());
            self.record(Record::Message(message.clone()), message.bytes());
        }
    }

    /// Adds the end of a session.
    pub(crate) fn record_end(&mut self, client_id: ClientIdBuf) {
        self.ends.insert(client_id.clone(), self.next);
        let bytes = client_id.as_str().len();
        self.record(Record::SessionEnded { client_id }, bytes);
    }

    /// What to wait for until the session that a client had before is gone for good.
    pub(crate) fn end_of(&self, client_id: &str) -> Option<Position> {
        self.ends.get(client_id).copied()
    }

    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.next, self.batch.len())
    }

    /// What to wait for, when something was recorded since `mark`.
    #[inline]
    pub(crate) fn since(&self, mark: Mark) -> Option<Position> {
        let is_same = self.next == mark.0 && self.batch.len() == mark.1;
        if is_same { None } else { self.pending() }
    }

    /// What to wait for, when anything at all is not durable yet, or is and has not been let go.
    pub(crate) fn pending(&self) -> Option<Position> {
        if !self.batch.is_empty() {
            return Some(self.next);
        }
        let handed = self.handed.back().map(|&(position, _)| position);
        handed.or_else(|| self.held.back().map(|&(position, _)| position))
    }

    /// Behind all that is held already, also when `position` is an older one.
    pub(crate) fn hold(&mut self, position: Position, held: Held) {
        self.held_bytes += held.bytes();
        self.held.push_back((position, held));
    }

    /// The batch, if it has something in it.
    pub(crate) fn take_batch(&mut self) -> Option<(Vec<Record>, Position)> {
        if self.batch.is_empty() {
            return None;
        }
        let position = self.next;
        self.next = Position(position.0 + 1);
        self.handed.push_back((position, self.batch_bytes));
        self.handed_bytes += self.batch_bytes;
        self.batch_bytes = 0;
        // A message lives in the store only while something refers to it at the end of a batch.
        self.last_message = None;
        Some((core::mem::take(&mut self.batch), position))
    }

    /// Notes that everything up to `position` is durable.
    pub(crate) fn persisted(&mut self, position: Position) {
        while let Some(&(first, bytes)) = self.handed.front() {
            if first > position {
                break;
            }
            self.handed.pop_front();
            self.handed_bytes -= bytes;
        }
        self.ends.retain(|_, ended| *ended > position);
    }

    /// The next that waited for `position` or earlier.
    pub(crate) fn pop_held(&mut self, position: Position) -> Option<Held> {
        match self.held.front() {
            Some(&(first, _)) if first <= position => {}
            Some(_) | None => return None,
        }
        let (_, held) = self.held.pop_front()?;
        self.held_bytes -= held.bytes();
        Some(held)
    }

    /// The bytes of records that are not durable yet, and of what is held. A client can have more held than it has recorded,
    /// since it may ask again for what was done.
    #[inline]
    pub(crate) fn backlog(&self) -> usize {
        self.batch_bytes + self.handed_bytes + self.held_bytes
    }
}

/// What a record takes beside its strings and payload, about.
const RECORD_OVERHEAD: usize = 64;

#[cfg(test)]
mod tests {
    use alloc::vec;

    use mqtt_codec::{ClientIdBuf, QoS, TopicFilterBuf};

    use super::*;
    use crate::retained::ReplayCursor;

    const BATCH: usize = RECORD_OVERHEAD + 10;

    /// The backlog is what was recorded and is not durable, handed out or not.
    #[test]
    fn the_backlog_falls_as_batches_become_durable() {
        let mut durable = three_batches();
        record(&mut durable);
        assert_eq!(durable.backlog(), 4 * BATCH);
        assert_eq!(durable.pending(), Some(Position(4)));
        for (position, left) in [(0, 4), (1, 3), (1, 3), (3, 1)] {
            durable.persisted(Position(position));
            assert_eq!(durable.backlog(), left * BATCH, "{position}");
        }
        assert!(durable.take_batch().is_some());
        assert!(durable.take_batch().is_none());
        durable.persisted(Position(4));
        assert_eq!((durable.backlog(), durable.pending()), (0, None));
    }

    #[test]
    fn what_is_held_comes_out_in_order_and_not_before_its_position() {
        let mut durable = three_batches();
        for position in [1, 1, 3] {
            let link = LinkId {
                generation: 1,
                index: 0,
            };
            durable.hold(Position(position), Held::Leave { link });
        }
        let link = LinkId {
            generation: 1,
            index: 0,
        };
        let one = size_of::<(Position, Held)>();
        let batches = 3 * BATCH;
        assert_eq!(durable.backlog(), batches + 3 * one);
        let replay = || Replay {
            filter: TopicFilterBuf::new("a").unwrap(),
            cursor: ReplayCursor::default(),
            maximum_qos: QoS::AtMostOnce,
            identifier: None,
            found: VecDeque::new(),
        };
        let packet = Held::Packet {
            link,
            bytes: vec![0; 100],
            replays: vec![replay(), replay()],
        };
        durable.hold(Position(3), packet);
        let packet = one + 100 + 2 * size_of::<Replay>();
        for (position, out, left) in [
            (0, 0, 3 * one + packet),
            (1, 2, one + packet),
            (2, 0, one + packet),
            (3, 2, 0),
        ] {
            let held = core::iter::from_fn(|| durable.pop_held(Position(position)));
            assert_eq!(held.count(), out);
            assert_eq!(durable.backlog(), batches + left);
        }
    }

    fn three_batches() -> Durable {
        let mut durable = Durable::new(Persistence::Store);
        for position in 1..=3 {
            record(&mut durable);
            assert_eq!(durable.backlog(), position * BATCH);
            let batch = durable.take_batch();
            assert!(
                batch.is_some_and(
                    |(records, at)| records.len() == 1 && at == Position(position as u64)
                )
            );
        }
        durable
    }

    fn record(durable: &mut Durable) {
        let client_id = ClientIdBuf::new("c").unwrap();
        durable.record(Record::SessionEnded { client_id }, 10);
    }
}
