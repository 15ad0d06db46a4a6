//! The messages of a session that wait to be sent.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use mqtt_codec::property::SubscriptionIdentifier;
use mqtt_codec::{QoS, TopicFilterBuf};
use mqtt_session::Instant;

use crate::message::Message;

/// A message on its way to one session.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) message: Message,
    /// Its place in the session's queue.
    pub(crate) sequence: u64,
    /// The QoS at which it goes to this session: 1 or 2.
    pub(crate) qos: QoS,
    /// The RETAIN flag with which it goes to this session.
    pub(crate) retain: bool,
    pub(crate) identifiers: Option<Arc<[SubscriptionIdentifier]>>,
    /// The whole filter of the shared group that it came through: whither it goes back.
    pub(crate) group: Option<TopicFilterBuf>,
}

impl Queued {
    /// What it counts against the bound of the queue: the bytes of topic and payload.
    pub(crate) fn bytes(&self) -> usize {
        self.message.topic().as_str().len() + self.message.payload().len()
    }
}

/// First in, first out; bounded by its owner. The head is in memory, the tail is in the store only.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    head: VecDeque<Queued>,
    bytes: usize,
    tail: Tail,
    /// Not later than the first expiry of a message in the head.
    next_expiry: Option<Instant>,
}

/// What is in the store only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The place of the first message that is not in memory.
    pub(crate) from: u64,
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    /// Whether `Action::Page` waits for its answer.
    pub(crate) paging: bool,
}

impl Queue {
    /// How many messages wait, in memory and in the store.
    pub(crate) fn len(&self) -> usize {
        self.head.len() + self.tail.messages
    }

    /// The bytes that wait, in memory and in the store.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.tail.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.tail.messages == 0
    }

    pub(crate) fn in_memory(&self) -> usize {
        self.head.len()
    }

    pub(crate) fn tail(&self) -> &Tail {
        &self.tail
    }

    pub(crate) fn tail_mut(&mut self) -> &mut Tail {
        &mut self.tail
    }

    pub(crate) fn next_expiry(&self) -> Option<Instant> {
        self.next_expiry
    }

    pub(crate) fn push(&mut self, queued: Queued) {
        self.bytes += queued.bytes();
        if let Some(at) = queued.message.expires_at() {
            self.next_expiry = Some(self.next_expiry.map_or(at, |first| first.min(at)));
        }
        self.head.push_back(queued);
    }

    /// Notes a message that is in the store only.
    pub(crate) fn push_tail(&mut self, sequence: u64, bytes: usize) {
        if self.tail.messages == 0 {
            self.tail.from = sequence;
        }
        self.tail.messages += 1;
        self.tail.bytes += bytes;
    }

    /// Takes in a message that was in the store only.
    pub(crate) fn push_paged(&mut self, queued: Queued) {
        self.tail.messages = self.tail.messages.saturating_sub(1);
        self.tail.bytes = self.tail.bytes.saturating_sub(queued.bytes());
        self.push(queued);
    }

    pub(crate) fn pop(&mut self) -> Option<Queued> {
        let queued = self.head.pop_front()?;
        self.bytes -= queued.bytes();
        if self.head.is_empty() {
            // A long queue does not keep its memory for ever.
            self.head = VecDeque::new();
            self.next_expiry = None;
        }
        Some(queued)
    }

    /// Takes out what expired by `now`, for `each`.
    pub(crate) fn remove_expired(&mut self, now: Instant, mut each: impl FnMut(Queued)) {
        if self.next_expiry.is_none_or(|at| at > now) {
            return;
        }
        let mut kept = VecDeque::with_capacity(self.head.len());
        self.bytes = 0;
        self.next_expiry = None;
        let head = core::mem::take(&mut self.head);
        for queued in head {
            if queued.message.is_expired(now) {
                each(queued);
                continue;
            }
            self.bytes += queued.bytes();
            if let Some(at) = queued.message.expires_at() {
                self.next_expiry =
                    Some(self.next_expiry.map_or(at, |first: Instant| first.min(at)));
            }
            kept.push_back(queued);
        }
        self.head = kept;
    }

    /// Everything that is in memory, in its order.
    pub(crate) fn drain(&mut self) -> VecDeque<Queued> {
        self.bytes = 0;
        self.next_expiry = None;
        core::mem::take(&mut self.head)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use bytes::Bytes;
    use mqtt_codec::TopicNameBuf;

    use super::*;

    #[test]
    fn messages_in_memory_and_in_the_store_count_together() {
        let mut queue = Queue::default();
        for (sequence, payload) in [(1, 10), (2, 20)] {
            queue.push(queued(sequence, payload, None));
        }
        for (sequence, payload) in [(3, 30), (4, 40)] {
            queue.push_tail(sequence, "a/b".len() + payload);
        }
        assert_eq!((queue.len(), queue.in_memory(), queue.bytes()), (4, 2, 112));
        assert_eq!((queue.tail().from, queue.tail().bytes), (3, 76));

        queue.push_paged(queued(3, 30, None));
        assert_eq!((queue.len(), queue.in_memory(), queue.bytes()), (4, 3, 112));
        assert_eq!((queue.tail().messages, queue.tail().bytes), (1, 43));
        for (sequence, left) in [(1, 99), (2, 76), (3, 43)] {
            assert_eq!(queue.pop().map(|queued| queued.sequence), Some(sequence));
            assert_eq!(queue.bytes(), left);
        }
        assert!(queue.pop().is_none());
        assert!(!queue.is_empty(), "one is in the store");
        queue.push_paged(queued(4, 40, None));
        assert_eq!(queue.drain().len(), 1);
        assert_eq!((queue.is_empty(), queue.bytes()), (true, 0));
    }

    #[test]
    fn what_expired_goes_at_its_time_or_later_and_the_rest_keeps_its_order() {
        let expiries = [30, 20, 10].map(Some).into_iter().chain([None]);
        let mut queue = Queue::default();
        for (sequence, at) in (1..).zip(expiries) {
            queue.push(queued(sequence, 1, at));
        }
        let expired = |queue: &mut Queue, now| {
            let mut gone = Vec::new();
            queue.remove_expired(Instant::from_micros(now), |queued| {
                gone.push(queued.sequence);
            });
            (gone, queue.next_expiry().map(Instant::as_micros))
        };
        assert_eq!(expired(&mut queue, 9), (vec![], Some(10)));
        assert_eq!(expired(&mut queue, 10), (vec![3], Some(20)));
        assert_eq!((queue.len(), queue.bytes()), (3, 12));
        assert_eq!(expired(&mut queue, 1_000), (vec![1, 2], None));
        assert_eq!((queue.len(), queue.bytes()), (1, 4));
        assert_eq!(queue.pop().map(|queued| queued.sequence), Some(4));
    }

    fn queued(sequence: u64, payload: usize, expires_at: Option<u64>) -> Queued {
        let topic = TopicNameBuf::new("a/b").unwrap();
        Queued {
            message: Message::builder(topic, Bytes::from(vec![0; payload]))
                .expires_at(expires_at.map(Instant::from_micros))
                .build(),
            sequence,
            qos: QoS::AtLeastOnce,
            retain: false,
            identifiers: None,
            group: None,
        }
    }
}
