use alloc::vec::Vec;

use mqtt_session::Instant;

/// One direction of a connection: bytes that were sent and have not arrived.
#[derive(Debug)]
pub(super) struct Pipe {
    bytes: Vec<u8>,
    /// How many bytes at the front of `bytes` have arrived.
    arrived: usize,
    capacity: usize,
    /// Nothing is sent behind what there is.
    pub(super) is_finished: bool,
    /// Whether the next arrival is known.
    pub(super) is_scheduled: bool,
    pub(super) stalled_until: Instant,
}

impl Pipe {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            bytes: Vec::new(),
            arrived: 0,
            capacity,
            is_finished: false,
            is_scheduled: false,
            stalled_until: Instant::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.arrived
    }

    /// Takes as many bytes as there is room for.
    pub(super) fn write(&mut self, bytes: &[u8]) -> usize {
        let room = self.capacity.saturating_sub(self.len());
        let (now, _) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        if !self.is_finished {
            self.bytes.extend_from_slice(now);
        }
        now.len()
    }

    /// Takes the last bytes.
    pub(super) fn finish(&mut self, bytes: &[u8]) {
        if !self.is_finished {
            self.bytes.extend_from_slice(bytes);
            self.is_finished = true;
        }
    }

    /// The first `n` bytes arrive.
    pub(super) fn take(&mut self, n: usize, into: &mut Vec<u8>) {
        let end = (self.arrived + n).min(self.bytes.len());
        into.extend_from_slice(self.bytes.get(self.arrived..end).unwrap_or_default());
        self.arrived = end;
        if self.arrived == self.bytes.len() {
            self.bytes.clear();
            self.arrived = 0;
        } else if self.arrived > COMPACT {
            self.bytes.drain(..self.arrived);
            self.arrived = 0;
        }
    }

    pub(super) fn clear(&mut self) {
        self.bytes = Vec::new();
        self.arrived = 0;
    }
}

/// How many bytes that have arrived are kept at most.
const COMPACT: usize = 64 * 1_024;
