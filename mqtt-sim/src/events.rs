use alloc::collections::BinaryHeap;
use core::cmp::{Ordering, Reverse};

use mqtt_session::Instant;

use crate::network::{Direction, End};
use crate::observation::ConnectionNumber;

/// Something that happens at a time that is known already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Bytes of a connection arrive, or its end.
    Arrival(ConnectionNumber, Direction),
    /// An end of a connection hears that it is gone.
    Notice(ConnectionNumber, End),
    /// A client's session may have something to do.
    ClientTimer(usize),
    /// A client opens a connection.
    Connect(usize),
    /// The broker may have something to do.
    BrokerTimer,
    /// The time for CONNECT is over.
    ConnectDeadline(ConnectionNumber),
    /// The store's writer has done what it was at, if its process still runs.
    Written(u64),
    /// The disk has space again.
    SpaceIsBack,
    /// The broker's process is started.
    Start,
    /// A client of the echo server may have something to do there.
    EchoTimer(ConnectionNumber),
    /// A hostile client sends the next of what it has.
    Hostile(usize),
}

/// What happens next. Of what happens at one time, that which was said first.
#[derive(Debug, Default)]
pub(crate) struct Events {
    heap: BinaryHeap<Reverse<Entry>>,
    said: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    at: Instant,
    said: u64,
    event: Event,
}

impl Events {
    pub(crate) fn add(&mut self, at: Instant, event: Event) {
        self.said += 1;
        let said = self.said;
        self.heap.push(Reverse(Entry { at, said, event }));
    }

    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    pub(crate) fn pop(&mut self) -> Option<(Instant, Event)> {
        self.heap
            .pop()
            .map(|Reverse(entry)| (entry.at, entry.event))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.said).cmp(&(other.at, other.said))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
