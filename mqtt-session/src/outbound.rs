use alloc::collections::{VecDeque, vec_deque};
use alloc::vec::Vec;

use mqtt_codec::PacketId;

use crate::AcknowledgedQoS;

/// One exchange that we started.
///
/// ```text
/// QoS 1: AwaitPuback ──PUBACK──▶ done
/// QoS 2: AwaitPubrec ──PUBREC──▶ AwaitPubcomp ──PUBCOMP──▶ done
///        AwaitPubrec ──PUBREC of 0x80 or above──▶ done
/// ```
///
/// `T` is what is kept to send the PUBLISH again; it goes when the message has become the peer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboundExchange<T> {
    /// QoS 1: PUBLISH was sent.
    AwaitPuback(T),
    /// QoS 2: PUBLISH was sent.
    AwaitPubrec(T),
    /// QoS 2: PUBREC came; PUBREL was sent, or is about to be.
    AwaitPubcomp,
}

impl<T> OutboundExchange<T> {
    pub(crate) fn start(qos: AcknowledgedQoS, kept: T) -> Self {
        match qos {
            AcknowledgedQoS::AtLeastOnce => Self::AwaitPuback(kept),
            AcknowledgedQoS::ExactlyOnce => Self::AwaitPubrec(kept),
        }
    }

    /// What is kept to send the PUBLISH again, and at which QoS.
    #[must_use]
    pub const fn publish(&self) -> Option<(AcknowledgedQoS, &T)> {
        match self {
            Self::AwaitPuback(kept) => Some((AcknowledgedQoS::AtLeastOnce, kept)),
            Self::AwaitPubrec(kept) => Some((AcknowledgedQoS::ExactlyOnce, kept)),
            Self::AwaitPubcomp => None,
        }
    }

    /// What was kept to send the PUBLISH again.
    #[must_use]
    pub fn into_kept(self) -> Option<T> {
        match self {
            Self::AwaitPuback(kept) | Self::AwaitPubrec(kept) => Some(kept),
            Self::AwaitPubcomp => None,
        }
    }
}

/// The exchanges that we started, in the order in which they must go again.
///
/// An identifier is looked for from the front, where a peer that keeps the order has it; the last resort is a walk over
/// what is in flight, which the window bounds.
#[derive(Clone, Debug)]
pub(crate) struct Outbound<T> {
    /// In the order in which they were first sent [MQTT-4.6.0-1]. No `AwaitPubcomp` is among them.
    publishes: VecDeque<Publish<T>>,
    /// In the order of their PUBRECs [MQTT-4.6.0-4].
    releases: VecDeque<Release>,
    next_sequence: u32,
    /// What has a smaller sequence number belongs to an earlier connection.
    earlier: u32,
}

#[derive(Clone, Debug)]
struct Publish<T> {
    /// Rises in the queue, so that a [`Resend`](crate::Resend) finds its place.
    sequence: u32,
    packet_id: PacketId,
    exchange: OutboundExchange<T>,
}

#[derive(Clone, Copy, Debug)]
struct Release {
    /// Rises in the queue, as in `Publish`.
    sequence: u32,
    packet_id: PacketId,
}

/// A queue that became empty keeps memory for at most so many entries.
const KEPT_CAPACITY: usize = 16;

impl<T> Outbound<T> {
    pub(crate) const fn new() -> Self {
        Self {
            publishes: VecDeque::new(),
            releases: VecDeque::new(),
            next_sequence: 0,
            earlier: 0,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.publishes.len() + self.releases.len()
    }

    #[inline]
    pub(crate) fn releases(&self) -> usize {
        self.releases.len()
    }

    #[inline]
    pub(crate) fn push(&mut self, packet_id: PacketId, exchange: OutboundExchange<T>) {
        let sequence = self.take_sequence();
        match exchange {
            OutboundExchange::AwaitPuback(_) | OutboundExchange::AwaitPubrec(_) => {
                self.publishes.push_back(Publish {
                    sequence,
                    packet_id,
                    exchange,
                });
            }
            OutboundExchange::AwaitPubcomp => self.releases.push_back(Release {
                sequence,
                packet_id,
            }),
        }
    }

    /// Only a `Resend` compares the numbers, and only with `earlier`: behind the last number it is over.
    #[inline]
    fn take_sequence(&mut self) -> u32 {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.saturating_add(1);
        sequence
    }

    /// What waits for PUBACK or PUBREC under this identifier.
    #[inline]
    pub(crate) fn find_publish(
        &self,
        packet_id: PacketId,
    ) -> Option<(usize, &OutboundExchange<T>)> {
        let at = position(&self.publishes, |publish| publish.packet_id == packet_id)?;
        self.publishes
            .get(at)
            .map(|publish| (at, &publish.exchange))
    }

    #[inline]
    pub(crate) fn remove_publish(&mut self, at: usize) -> Option<OutboundExchange<T>> {
        let removed = take(&mut self.publishes, at)?;
        Some(removed.exchange)
    }

    #[inline]
    pub(crate) fn find_release(&self, packet_id: PacketId) -> Option<usize> {
        position(&self.releases, |release| release.packet_id == packet_id)
    }

    #[inline]
    pub(crate) fn remove_release(&mut self, at: usize) {
        take(&mut self.releases, at);
    }

    /// Takes away what still holds a message.
    pub(crate) fn take_publishes(&mut self) -> Vec<(PacketId, OutboundExchange<T>)> {
        let publishes = core::mem::take(&mut self.publishes);
        publishes
            .into_iter()
            .map(|publish| (publish.packet_id, publish.exchange))
            .collect()
    }

    /// From now on everything in it is of an earlier connection.
    pub(crate) fn end_connection(&mut self) {
        let mut sequence = 0;
        for publish in &mut self.publishes {
            publish.sequence = sequence;
            sequence += 1;
        }
        for release in &mut self.releases {
            release.sequence = sequence;
            sequence += 1;
        }
        (self.next_sequence, self.earlier) = (sequence, sequence);
        if self.publishes.is_empty() {
            self.publishes = VecDeque::new();
        }
        if self.releases.is_empty() {
            self.releases = VecDeque::new();
        }
    }

    /// What was pushed last is of an earlier connection, too: it was restored.
    pub(crate) fn mark_earlier(&mut self) {
        self.earlier = self.next_sequence;
    }

    /// The first PUBLISH of an earlier connection from `sequence` on, and how many PUBLISHes stand before it.
    pub(crate) fn earlier_publish(
        &self,
        sequence: u32,
    ) -> Option<(usize, u32, PacketId, &OutboundExchange<T>)> {
        let at = self
            .publishes
            .partition_point(|publish| publish.sequence < sequence);
        let publish = self
            .publishes
            .get(at)
            .filter(|publish| publish.sequence < self.earlier)?;
        Some((at, publish.sequence, publish.packet_id, &publish.exchange))
    }

    /// The first PUBREL of an earlier connection from `sequence` on.
    pub(crate) fn earlier_release(&self, sequence: u32) -> Option<(u32, PacketId)> {
        let at = self
            .releases
            .partition_point(|release| release.sequence < sequence);
        let release = self
            .releases
            .get(at)
            .filter(|release| release.sequence < self.earlier)?;
        Some((release.sequence, release.packet_id))
    }

    pub(crate) fn iter(&self) -> OutboundIter<'_, T> {
        OutboundIter {
            publishes: self.publishes.iter(),
            releases: self.releases.iter(),
        }
    }
}

/// The front and the back come first: a peer that keeps the order has it at the front.
#[inline]
fn position<T>(queue: &VecDeque<T>, is_it: impl Fn(&T) -> bool) -> Option<usize> {
    if is_it(queue.front()?) {
        return Some(0);
    }
    if is_it(queue.back()?) {
        return Some(queue.len() - 1);
    }
    queue.iter().position(is_it)
}

#[inline]
fn take<T>(queue: &mut VecDeque<T>, at: usize) -> Option<T> {
    let taken = if at == 0 {
        queue.pop_front()
    } else {
        queue.remove(at)
    };
    if queue.is_empty() && queue.capacity() > KEPT_CAPACITY {
        *queue = VecDeque::new();
    }
    taken
}

/// The exchanges of [`Session::outbound`](crate::Session::outbound).
#[derive(Clone, Debug)]
pub struct OutboundIter<'a, T> {
    publishes: vec_deque::Iter<'a, Publish<T>>,
    releases: vec_deque::Iter<'a, Release>,
}

impl<'a, T> Iterator for OutboundIter<'a, T> {
    type Item = (PacketId, &'a OutboundExchange<T>);

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(publish) = self.publishes.next() {
            return Some((publish.packet_id, &publish.exchange));
        }
        self.releases
            .next()
            .map(|release| (release.packet_id, &OutboundExchange::AwaitPubcomp))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.publishes.len() + self.releases.len();
        (len, Some(len))
    }
}

impl<T> ExactSizeIterator for OutboundIter<'_, T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_many_goes_when_all_are_done() {
        for (n, is_kept) in [(KEPT_CAPACITY, true), (KEPT_CAPACITY + 1, false)] {
            let mut outbound = Outbound::new();
            let ids = || (1..).map_while(PacketId::new).take(n);
            for id in ids() {
                outbound.push(id, OutboundExchange::AwaitPubrec(()));
            }
            for (done, id) in ids().enumerate() {
                let (at, _) = outbound.find_publish(id).unwrap();
                assert!(outbound.remove_publish(at).is_some());
                outbound.push(id, OutboundExchange::AwaitPubcomp);
                assert_eq!((outbound.len(), outbound.releases()), (n, done + 1));
            }
            assert_eq!(outbound.publishes.capacity() > 0, is_kept);
            for (done, id) in ids().enumerate() {
                outbound.remove_release(outbound.find_release(id).unwrap());
                assert_eq!(outbound.len(), n - done - 1);
            }
            assert_eq!(outbound.releases.capacity() > 0, is_kept);
        }
    }

    #[test]
    fn says_how_many_there_are_beforehand() {
        let mut outbound = Outbound::new();
        let (first, second) = (PacketId::MIN, PacketId::MIN.next());
        outbound.push(first, OutboundExchange::AwaitPuback(()));
        outbound.push(second, OutboundExchange::AwaitPubcomp);
        let mut iter = outbound.iter();
        for (left, id) in [(2, first), (1, second)] {
            assert_eq!((iter.len(), iter.size_hint()), (left, (left, Some(left))));
            assert_eq!(iter.next().map(|(id, _)| id), Some(id));
        }
        assert_eq!((iter.len(), iter.next()), (0, None));
    }
}
