use alloc::collections::{VecDeque, vec_deque};
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::ChunkPool;

/// Encoded bytes that wait for the socket, in segments.
///
/// A segment is a chunk of the [`ChunkPool`], into which packets are copied one behind the other, or a shared
/// allocation, which is not copied. [`Tx`](crate::Tx) writes into it. An empty buffer owns no memory.
#[derive(Default)]
pub struct TxBuffer {
    /// What stands before the tail.
    older: VecDeque<Segment>,
    /// All bytes of `older`, with those that were taken off its front.
    older_len: usize,
    /// The chunk that is written to.
    tail: Vec<u8>,
    /// How many bytes were taken off the front segment.
    taken: usize,
}

enum Segment {
    Chunk(Vec<u8>),
    Shared(Bytes),
}

impl Segment {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Chunk(chunk) => chunk,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl TxBuffer {
    /// An empty one. It owns no memory.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            older: VecDeque::new(),
            older_len: 0,
            tail: Vec::new(),
            taken: 0,
        }
    }

    /// How many bytes wait.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.older_len + self.tail.len() - self.taken
    }

    /// Whether none wait.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What waits, from the front, in slices that are not empty.
    #[must_use]
    pub fn segments(&self) -> Segments<'_> {
        Segments {
            older: self.older.iter(),
            tail: Some(&self.tail),
            skip: self.taken,
        }
    }

    /// Takes `n` bytes off the front: they are written. Whole chunks go back to the pool.
    ///
    /// More than wait are as many as wait.
    pub fn advance(&mut self, n: usize, pool: &mut ChunkPool) {
        debug_assert!(n <= self.len(), "{n} of {} bytes written", self.len());
        if n >= self.len() {
            return self.clear(pool);
        }
        self.taken += n;
        while let Some(front) = self.older.front().map(|segment| segment.bytes().len()) {
            if self.taken < front {
                break;
            }
            self.taken -= front;
            self.older_len -= front;
            if let Some(Segment::Chunk(chunk)) = self.older.pop_front() {
                pool.put_back(chunk);
            }
        }
        if self.older.is_empty() {
            self.older = VecDeque::new();
        }
    }

    /// Drops what waits.
    pub fn clear(&mut self, pool: &mut ChunkPool) {
        pool.put_back(core::mem::take(&mut self.tail));
        for segment in core::mem::take(&mut self.older) {
            if let Segment::Chunk(chunk) = segment {
                pool.put_back(chunk);
            }
        }
        (self.older_len, self.taken) = (0, 0);
    }

    /// Whether `n` bytes fit into the tail, so that [`append`](Self::append) copies and does nothing else.
    #[inline]
    pub(crate) fn has_room(&self, n: usize) -> bool {
        self.tail.capacity() - self.tail.len() >= n
    }

    /// Behind what waits, across chunks.
    #[inline]
    pub(crate) fn append(&mut self, bytes: &[u8], pool: &mut ChunkPool) {
        if self.has_room(bytes.len()) {
            self.tail.extend_from_slice(bytes);
        } else {
            self.append_across(bytes, pool);
        }
    }

    #[cold]
    fn append_across(&mut self, mut bytes: &[u8], pool: &mut ChunkPool) {
        loop {
            let room = self.tail.capacity() - self.tail.len();
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.tail.extend_from_slice(now);
            if later.is_empty() {
                return;
            }
            self.next_chunk(later.len(), pool);
            bytes = later;
        }
    }

    /// Room for `n` bytes in one piece, zeroed, at most [`ChunkPool::SMALL`] of them.
    pub(crate) fn reserve(&mut self, n: usize, pool: &mut ChunkPool) -> &mut [u8] {
        debug_assert!(n <= ChunkPool::SMALL);
        if !self.has_room(n) {
            self.next_chunk(n, pool);
        }
        let start = self.tail.len();
        self.tail.resize(start + n, 0);
        self.tail.get_mut(start..).unwrap_or_default()
    }

    /// A segment of its own, not copied.
    pub(crate) fn append_shared(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        self.close_tail();
        self.older_len += bytes.len();
        self.older.push_back(Segment::Shared(bytes));
    }

    /// The first chunk is small, and so is one behind a shared segment (it holds the head of the next packet); one that
    /// follows a full chunk or is asked for much is large.
    fn next_chunk(&mut self, wanted: usize, pool: &mut ChunkPool) {
        let is_large = !self.tail.is_empty() || wanted > ChunkPool::SMALL;
        self.close_tail();
        self.tail = if is_large { pool.large() } else { pool.small() };
    }

    fn close_tail(&mut self) {
        if !self.tail.is_empty() {
            self.older_len += self.tail.len();
            self.older
                .push_back(Segment::Chunk(core::mem::take(&mut self.tail)));
        }
    }
}

impl fmt::Debug for TxBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.segments()).finish()
    }
}

/// The slices of a [`TxBuffer`], from the front.
#[derive(Clone)]
pub struct Segments<'a> {
    older: vec_deque::Iter<'a, Segment>,
    tail: Option<&'a [u8]>,
    /// Bytes of the next segment that are written already.
    skip: usize,
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let segment = match self.older.next() {
            Some(segment) => segment.bytes(),
            None => self.tail.take()?,
        };
        let rest = segment
            .get(core::mem::take(&mut self.skip)..)
            .unwrap_or_default();
        // Only the tail may be empty.
        (!rest.is_empty()).then_some(rest)
    }
}

impl core::iter::FusedIterator for Segments<'_> {}

impl fmt::Debug for Segments<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes_of(buffer: &TxBuffer) -> Vec<u8> {
        buffer.segments().flatten().copied().collect()
    }

    #[test]
    fn the_first_chunk_is_small_and_the_next_are_large() {
        let (mut buffer, mut pool) = (TxBuffer::new(), ChunkPool::default());
        buffer.append(&[1; ChunkPool::SMALL], &mut pool);
        assert_eq!(
            buffer.segments().map(<[u8]>::len).collect::<Vec<_>>(),
            [ChunkPool::SMALL]
        );
        buffer.append(&[2; ChunkPool::LARGE + 1], &mut pool);
        let lens = buffer.segments().map(<[u8]>::len).collect::<Vec<_>>();
        assert_eq!(lens, [ChunkPool::SMALL, ChunkPool::LARGE, 1]);
        buffer.advance(ChunkPool::SMALL, &mut pool);
        assert_eq!(pool.retained(), ChunkPool::SMALL);
        buffer.advance(ChunkPool::LARGE + 1, &mut pool);
        assert_eq!(pool.retained(), ChunkPool::SMALL + 2 * ChunkPool::LARGE);
    }

    #[test]
    fn shared_bytes_are_not_copied() {
        let (mut buffer, mut pool) = (TxBuffer::new(), ChunkPool::default());
        let payload = Bytes::from(alloc::vec![7; 10_000]);
        buffer.append(b"head", &mut pool);
        buffer.append_shared(payload.clone());
        buffer.append(b"tail", &mut pool);
        assert_eq!(
            buffer.segments().map(<[u8]>::len).collect::<Vec<_>>(),
            [4, 10_000, 4]
        );
        assert_eq!(buffer.segments().nth(1).unwrap().as_ptr(), payload.as_ptr());
    }

    #[test]
    fn a_drained_buffer_owns_no_memory() {
        let (mut buffer, mut pool) = (TxBuffer::new(), ChunkPool::new(0));
        buffer.append(&[0; 5_000], &mut pool);
        buffer.append_shared(Bytes::from_static(b"shared"));
        buffer.advance(5_006, &mut pool);
        assert_eq!(
            (
                buffer.len(),
                buffer.tail.capacity(),
                buffer.older.capacity()
            ),
            (0, 0, 0)
        );
        assert_eq!(pool.retained(), 0);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Append(usize),
        Reserve(usize),
        Share(usize),
        Advance(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..5_000usize).prop_map(Step::Append),
            (0..ChunkPool::SMALL).prop_map(Step::Reserve),
            (0..9_000usize).prop_map(Step::Share),
            (0..70_000usize).prop_map(Step::Advance),
        ]
    }

    proptest! {
        #[test]
        fn is_a_queue_of_bytes(steps in prop::collection::vec(step(), 0..60)) {
            let (mut buffer, mut pool) = (TxBuffer::new(), ChunkPool::new(100_000));
            let mut model: Vec<u8> = Vec::new();
            let mut byte = 0u8;
            for step in steps {
                byte = byte.wrapping_add(1);
                match step {
                    Step::Append(n) => {
                        model.extend(core::iter::repeat_n(byte, n));
                        buffer.append(&alloc::vec![byte; n], &mut pool);
                    }
                    Step::Reserve(n) => {
                        model.extend(core::iter::repeat_n(byte, n));
                        buffer.reserve(n, &mut pool).fill(byte);
                    }
                    Step::Share(n) => {
                        model.extend(core::iter::repeat_n(byte, n));
                        buffer.append_shared(alloc::vec![byte; n].into());
                    }
                    Step::Advance(n) => {
                        let n = n.min(model.len());
                        model.drain(..n);
                        buffer.advance(n, &mut pool);
                    }
                }
                prop_assert_eq!(buffer.len(), model.len());
                prop_assert!(buffer.segments().all(|segment| !segment.is_empty()));
                prop_assert!(pool.retained() <= 100_000);
            }
            prop_assert_eq!(bytes_of(&buffer), model);
        }
    }

    #[test]
    fn a_chunk_is_filled_before_there_is_another() {
        let (mut buffer, mut pool) = (TxBuffer::new(), ChunkPool::default());
        let mut waiting = ChunkPool::SMALL;
        buffer.append(&[1], &mut pool);
        buffer.reserve(ChunkPool::SMALL - 1, &mut pool);
        assert_eq!(
            (lens(&buffer), pool.lent()),
            (alloc::vec![waiting], waiting)
        );
        // Nothing goes into a chunk beyond what it has.
        buffer.append(&[2], &mut pool);
        waiting += ChunkPool::LARGE;
        assert_eq!(lens(&buffer), [ChunkPool::SMALL, 1]);
        assert_eq!(pool.lent(), waiting);
    }

    #[test]
    fn the_first_chunk_is_as_large_as_what_goes_into_it() {
        for (n, expected) in [
            (1, ChunkPool::SMALL),
            (ChunkPool::SMALL, ChunkPool::SMALL),
            (ChunkPool::SMALL + 1, ChunkPool::LARGE),
        ] {
            let (mut buffer, mut pool) = (TxBuffer::new(), ChunkPool::default());
            buffer.append(&alloc::vec![0; n], &mut pool);
            assert_eq!((lens(&buffer), pool.lent()), (alloc::vec![n], expected));
        }
    }

    #[test]
    fn shows_what_waits() {
        let (mut buffer, mut pool) = (TxBuffer::new(), ChunkPool::default());
        buffer.append(&[1, 2], &mut pool);
        buffer.append_shared(Bytes::from_static(&[3]));
        assert_eq!(alloc::format!("{buffer:?}"), "[[1, 2], [3]]");
        buffer.advance(1, &mut pool);
        assert_eq!(alloc::format!("{:?}", buffer.segments()), "[[2], [3]]");
    }

    fn lens(buffer: &TxBuffer) -> Vec<usize> {
        buffer.segments().map(<[u8]>::len).collect()
    }
}
