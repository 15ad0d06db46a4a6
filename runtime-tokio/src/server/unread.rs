//! What was read of a connection and is not consumed yet.

use bytes::{Buf, BufMut, Bytes};
use mqtt_codec::fixed_header;

/// The bytes of a connection that the broker has not consumed: the beginning of a packet, or packets that it did not take
/// yet. Without any it owns no memory.
///
/// It is fed piece by piece and copies each byte once, whatever the pieces are. It grows with the bytes that are there,
/// never to a length that was only claimed.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    bytes: Vec<u8>,
    /// How many bytes at the front are consumed.
    consumed: usize,
    /// The length of the packet at the front, as far as it is known; 0 before.
    packet: usize,
}

/// The memory of all [`Unread`]s of a shard.
#[derive(Debug)]
pub(crate) struct UnreadBytes {
    held: usize,
    limit: usize,
    /// How many connections were closed at the limit.
    pub(crate) closed: u64,
}

impl UnreadBytes {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            held: 0,
            limit,
            closed: 0,
        }
    }

    /// One of them has changed its size. False when it has grown beyond the limit.
    #[inline]
    pub(crate) fn changed(&mut self, before: usize, after: usize) -> bool {
        self.held = self.held - before + after;
        after <= before || self.held <= self.limit
    }
}

/// What is at the front of [`Unread`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// Nothing.
    Empty,
    /// A packet of unknown length.
    Header,
    /// A packet of this length, of which so many bytes are missing.
    Incomplete { packet: usize, missing: usize },
    /// A whole packet of this length, or bytes that can be none.
    Whole(usize),
}

impl Unread {
    /// What is at the front.
    #[inline]
    pub(crate) fn front(&self) -> Front {
        match (self.bytes().len(), self.packet) {
            (0, _) => Front::Empty,
            (_, 0) => Front::Header,
            (len, packet) if len < packet => Front::Incomplete {
                packet,
                missing: packet - len,
            },
            (_, packet) => Front::Whole(packet),
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How much memory it has.
    #[inline]
    pub(crate) fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    /// All bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(self.consumed..).unwrap_or_default()
    }

    /// Adds bytes behind the others.
    pub(crate) fn keep(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.look();
    }

    /// Adds from the front of `bytes` what the packet at the front still needs, or what its header may need, and says how
    /// many bytes that was. It is 0 when the packet is whole.
    pub(crate) fn complete(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        loop {
            let wanted = match self.front() {
                Front::Empty | Front::Whole(_) => 0,
                Front::Header => 1,
                Front::Incomplete { missing, .. } => missing,
            };
            let rest = bytes.get(taken..).unwrap_or_default();
            let now = rest.get(..wanted).unwrap_or(rest);
            if now.is_empty() {
                return taken;
            }
            self.grow(now.len());
            self.bytes.extend_from_slice(now);
            taken += now.len();
            self.look();
        }
    }

    /// Room for the next bytes of a long packet, to read into; at most as many as it misses. [`look`](Self::look) follows.
    pub(crate) fn room(&mut self, missing: usize) -> impl BufMut + '_ {
        let chunk = missing.min(CHUNK);
        self.grow(chunk);
        (&mut self.bytes).limit(chunk)
    }

    /// Looks at what was added.
    pub(crate) fn look(&mut self) {
        if self.packet == 0 {
            let bytes = self.bytes();
            self.packet = match fixed_header(bytes) {
                Ok(None) => 0,
                Ok(Some(header)) => header.packet_len(),
                // The decoder says what is wrong with it.
                Err(_) => bytes.len().min(1),
            };
        }
    }

    /// Takes `n` bytes off the front.
    pub(crate) fn consume(&mut self, n: usize) {
        if n == 0 {
            return;
        }
        self.consumed += n;
        self.packet = 0;
        if self.consumed >= self.bytes.len() {
            *self = Self::default();
            return;
        }
        if self.consumed > self.bytes.len() / 2 {
            self.bytes.drain(..self.consumed);
            self.consumed = 0;
            self.bytes.shrink_to_fit();
        }
        self.look();
    }

    /// Takes everything as one allocation.
    pub(crate) fn take(&mut self) -> Bytes {
        let Self {
            bytes, consumed, ..
        } = core::mem::take(self);
        let mut bytes = Bytes::from(bytes);
        bytes.advance(consumed);
        bytes
    }

    /// Puts back what was taken and is not wanted yet.
    pub(crate) fn put_back(&mut self, bytes: Bytes) {
        *self = Self {
            bytes: bytes.into(),
            ..Self::default()
        };
        self.look();
    }

    /// Four times the bytes that are there at most, and not beyond the packet at the front.
    fn grow(&mut self, more: usize) {
        let (len, capacity) = (self.bytes.len(), self.bytes.capacity());
        if len + more <= capacity {
            return;
        }
        let end = if self.packet == 0 {
            usize::MAX
        } else {
            self.consumed + self.packet
        };
        let target = (4 * len).max(len + more).min(end.max(len + more));
        self.bytes.reserve_exact(target - len);
    }
}

/// How much is read at once into a long packet.
const CHUNK: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_comes_together_from_single_bytes() {
        let mut unread = Unread::default();
        unread.keep(&[0x30]);
        assert_eq!(unread.front(), Front::Header);
        assert_eq!(unread.complete(&[0x81]), 1);
        assert_eq!(unread.front(), Front::Header);
        assert_eq!(unread.complete(&[0x01]), 1);
        assert_eq!(
            unread.front(),
            Front::Incomplete {
                packet: 132,
                missing: 129
            }
        );
        for missing in (1..=129).rev() {
            assert_eq!(
                unread.front(),
                Front::Incomplete {
                    packet: 132,
                    missing
                }
            );
            assert_eq!(unread.complete(&[7]), 1);
        }
        assert_eq!(unread.front(), Front::Whole(132));
        assert_eq!(unread.complete(&[0x30, 0]), 0);
        unread.consume(132);
        assert!(unread.is_empty());
        assert_eq!(unread.bytes.capacity(), 0);
    }

    #[test]
    fn no_more_is_taken_than_the_packet_at_the_front_needs() {
        let mut unread = Unread::default();
        unread.keep(&[0x30]);
        assert_eq!(unread.complete(&[2, 1, 2, 0xC0, 0]), 3);
        assert_eq!(unread.bytes(), [0x30, 2, 1, 2]);
        assert_eq!(unread.front(), Front::Whole(4));
    }

    #[test]
    fn kept_packets_go_one_by_one_from_the_front() {
        let mut unread = Unread::default();
        unread.keep(&[0xC0, 0, 0x30, 3, 1, 2, 3, 0xC0]);
        assert_eq!(unread.front(), Front::Whole(2));
        unread.consume(2);
        assert_eq!(
            (unread.front(), unread.bytes()),
            (Front::Whole(5), &[0x30, 3, 1, 2, 3, 0xC0][..])
        );
        unread.consume(5);
        assert_eq!(
            (unread.front(), unread.bytes()),
            (Front::Header, &[0xC0][..])
        );
        assert_eq!(unread.complete(&[0]), 1);
        assert_eq!(unread.front(), Front::Whole(2));
    }

    #[test]
    fn what_can_be_no_packet_counts_as_whole_so_that_it_is_presented() {
        let mut unread = Unread::default();
        unread.keep(&[0x30, 0xFF, 0xFF, 0xFF]);
        assert_eq!(unread.front(), Front::Header);
        assert_eq!(unread.complete(&[0xFF, 1, 2]), 1);
        assert!(matches!(unread.front(), Front::Whole(_)));
    }

    #[test]
    fn memory_grows_with_the_bytes_and_ends_at_the_packet() {
        let mut unread = Unread::default();
        // It claims 268,435,455 bytes.
        unread.keep(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F]);
        assert!(unread.bytes.capacity() <= 64);
        unread.complete(&[0; 1_000]);
        assert!(unread.bytes.capacity() <= 4 * 1_005);
        let Front::Incomplete { missing, .. } = unread.front() else {
            panic!()
        };
        let mut room = unread.room(missing);
        assert_eq!(room.remaining_mut(), CHUNK);
        room.put_bytes(1, 10);
        drop(room);
        assert!(unread.bytes.capacity() <= 4 * 1_005 + CHUNK);

        let mut unread = Unread::default();
        unread.keep(&[0x30, 0x80, 0x80, 0x40]);
        while let Front::Incomplete { missing, .. } = unread.front() {
            let mut room = unread.room(missing);
            let n = room.remaining_mut().min(1_460);
            room.put_bytes(1, n);
            drop(room);
            unread.look();
        }
        assert_eq!(unread.bytes.capacity(), unread.bytes.len());
        assert_eq!(unread.take().len(), 4 + 1024 * 1024);
        assert!(unread.is_empty());
    }
}
