use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use mqtt_codec::PacketId;

use crate::message::MessageId;
use crate::record::Record;

/// The same change with fewer records: what one batch both begins and ends is not written, and of several values of the
/// same thing only the last is.
///
/// Committing `compact(batch)` leaves a [`Store`](crate::Store) as committing `batch` does, when `batch` keeps the
/// promises of that trait. Several batches of a shard, one behind the other, are one batch here.
///
/// ```
/// use mqtt_broker_core::{Record, compact};
/// use mqtt_codec::{ClientIdBuf, PacketId};
///
/// let client_id = ClientIdBuf::new("c").unwrap();
/// let packet_id = PacketId::MIN;
/// let unreleased = Record::Unreleased { client_id: client_id.clone(), packet_id };
/// let released = Record::Released { client_id, packet_id };
/// assert_eq!(compact(vec![unreleased, released]), []);
/// ```
#[must_use]
pub fn compact(mut batch: Vec<Record>) -> Vec<Record> {
    let Plan { keep, swaps, .. } = Plan::of(&batch);
    for (earlier, later) in swaps {
        batch.swap(earlier, later);
    }
    let mut keep = keep.into_iter();
    batch.retain(|_| keep.next().unwrap_or(true));
    batch
}

/// What to do with a batch. It is read from its end, so that what comes later is known.
struct Plan<'a> {
    batch: &'a [Record],
    /// Which records stay.
    keep: Vec<bool>,
    /// Records that change their places before the others are taken out, in this order.
    swaps: Vec<(usize, usize)>,
    /// The record that comes next about a thing.
    next: BTreeMap<Thing<'a>, usize>,
    /// The sessions that end later.
    ended: BTreeSet<&'a str>,
    /// The messages that something refers to later.
    referenced: BTreeSet<MessageId>,
}

/// What a record is about, when a later record about the same can make it superfluous.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing<'a> {
    Session(&'a str),
    Subscription(&'a str, &'a str),
    /// A place in a queue, as it is settled.
    Place(&'a str, u64),
    Sent(&'a str, u64),
    Received(&'a str, u64),
    Unreleased(&'a str, PacketId),
    Retained(&'a str),
}

impl<'a> Plan<'a> {
    fn of(batch: &'a [Record]) -> Self {
        let mut plan = Self {
            batch,
            keep: alloc::vec![true; batch.len()],
            swaps: Vec::new(),
            next: BTreeMap::new(),
            ended: BTreeSet::new(),
            referenced: BTreeSet::new(),
        };
        for (index, record) in batch.iter().enumerate().rev() {
            if plan.is_superfluous(index, record) {
                plan.drop(index);
            }
        }
        plan
    }

    fn drop(&mut self, index: usize) {
        if let Some(keep) = self.keep.get_mut(index) {
            *keep = false;
        }
    }

    fn is_superfluous(&mut self, index: usize, record: &'a Record) -> bool {
        if let Some(client_id) = record.client_id() {
            let client_id = client_id.as_str();
            return self.ended.contains(client_id)
                || self.is_superfluous_in(client_id, index, record);
        }
        match record {
            Record::Message(message) => !self.referenced.contains(&message.id()),
            Record::Retained { message, topic } => {
                let replaced = self.is_replaced(Thing::Retained(topic.as_str()), index);
                if !replaced {
                    self.referenced.insert(*message);
                }
                replaced
            }
            Record::RetainedCleared { topic } => {
                self.is_replaced(Thing::Retained(topic.as_str()), index)
            }
            Record::Session(_)
            | Record::SessionEnded { .. }
            | Record::Subscribed { .. }
            | Record::Unsubscribed { .. }
            | Record::Queued { .. }
            | Record::Sent { .. }
            | Record::Received { .. }
            | Record::Settled { .. }
            | Record::Unreleased { .. }
            | Record::Released { .. } => false,
        }
    }

    /// As [`Self::is_superfluous`], of a session.
    fn is_superfluous_in(&mut self, id: &'a str, index: usize, record: &'a Record) -> bool {
        match record {
            Record::Session(_) => {
                // The session exists from its first record on, so the last value goes there.
                if let Some(later) = self.next.insert(Thing::Session(id), index) {
                    self.swaps.push((index, later));
                    self.drop(later);
                }
                false
            }
            Record::SessionEnded { .. } => {
                self.ended.insert(id);
                false
            }
            Record::Subscribed { filter, .. } | Record::Unsubscribed { filter, .. } => {
                self.is_replaced(Thing::Subscription(id, filter.as_str()), index)
            }
            Record::Queued {
                sequence, message, ..
            } => {
                // No place is used twice, so before this batch there was nothing to settle.
                let settled = self.next.get(&Thing::Place(id, *sequence)).copied();
                match settled {
                    Some(settled) => self.drop(settled),
                    None => _ = self.referenced.insert(*message),
                }
                settled.is_some()
            }
            Record::Sent { sequence, .. } => {
                self.is_settled(id, *sequence)
                    || self.is_replaced(Thing::Sent(id, *sequence), index)
            }
            Record::Received { sequence, .. } => {
                self.is_settled(id, *sequence)
                    || self.is_replaced(Thing::Received(id, *sequence), index)
            }
            Record::Settled { sequence, .. } => {
                self.is_replaced(Thing::Place(id, *sequence), index)
            }
            Record::Unreleased { packet_id, .. } => {
                self.is_released(Thing::Unreleased(id, *packet_id), index)
            }
            Record::Released { packet_id, .. } => {
                self.is_replaced(Thing::Unreleased(id, *packet_id), index)
            }
            Record::Message(_) | Record::Retained { .. } | Record::RetainedCleared { .. } => false,
        }
    }

    /// Whether a later record says something else of the thing. If not, this one is the last.
    fn is_replaced(&mut self, thing: Thing<'a>, index: usize) -> bool {
        if self.next.contains_key(&thing) {
            return true;
        }
        self.next.insert(thing, index);
        false
    }

    fn is_settled(&self, client_id: &'a str, sequence: u64) -> bool {
        self.next.contains_key(&Thing::Place(client_id, sequence))
    }

    /// As [`Self::is_replaced`], for an `Unreleased`. It is not said twice, so before it the packet id was not unreleased,
    /// and if it is released next nothing has changed.
    fn is_released(&mut self, thing: Thing<'a>, index: usize) -> bool {
        let Some(&next) = self.next.get(&thing) else {
            self.next.insert(thing, index);
            return false;
        };
        if matches!(self.batch.get(next), Some(Record::Released { .. })) {
            self.drop(next);
            self.next.remove(&thing);
        }
        true
    }
}
