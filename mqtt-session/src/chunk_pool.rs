use alloc::vec::Vec;

/// Chunks of memory that the [`TxBuffer`](crate::TxBuffer)s of one thread share: an idle connection owns none.
///
/// There are two sizes, [`SMALL`](Self::SMALL) and [`LARGE`](Self::LARGE). What comes back is kept for the next who
/// asks, up to a bound; the rest is freed.
#[derive(Debug)]
pub struct ChunkPool {
    small: Vec<Vec<u8>>,
    large: Vec<Vec<u8>>,
    retained: usize,
    lent: usize,
    bound: usize,
}

impl ChunkPool {
    /// Bytes of the first chunk of a connection that has something to write.
    pub const SMALL: usize = 2 * 1024;

    /// Bytes of its further chunks.
    pub const LARGE: usize = 32 * 1024;

    /// A pool that keeps at most so many bytes for reuse. It starts empty.
    #[must_use]
    pub const fn new(retained_bytes: usize) -> Self {
        Self {
            small: Vec::new(),
            large: Vec::new(),
            retained: 0,
            lent: 0,
            bound: retained_bytes,
        }
    }

    /// How many bytes wait for reuse.
    #[must_use]
    pub const fn retained(&self) -> usize {
        self.retained
    }

    /// How many bytes are in buffers that have something to write.
    #[must_use]
    pub const fn lent(&self) -> usize {
        self.lent
    }

    /// An empty chunk of at least [`SMALL`](Self::SMALL) bytes.
    pub(crate) fn small(&mut self) -> Vec<u8> {
        let chunk = self.small.pop();
        self.lend(chunk, Self::SMALL)
    }

    /// An empty chunk of at least [`LARGE`](Self::LARGE) bytes.
    pub(crate) fn large(&mut self) -> Vec<u8> {
        let chunk = self.large.pop();
        self.lend(chunk, Self::LARGE)
    }

    /// Takes a chunk back.
    pub(crate) fn put_back(&mut self, mut chunk: Vec<u8>) {
        let capacity = chunk.capacity();
        self.lent = self.lent.saturating_sub(capacity);
        // An allocator may give more than it was asked for; what is far from both sizes is not one of ours.
        let shelf = match capacity {
            Self::SMALL..Self::LARGE => &mut self.small,
            Self::LARGE.. => &mut self.large,
            _ => return,
        };
        if capacity <= 2 * Self::LARGE && self.retained + capacity <= self.bound {
            chunk.clear();
            self.retained += capacity;
            shelf.push(chunk);
        }
    }

    fn lend(&mut self, kept: Option<Vec<u8>>, size: usize) -> Vec<u8> {
        let chunk = match kept {
            Some(chunk) => {
                self.retained -= chunk.capacity();
                chunk
            }
            None => Vec::with_capacity(size),
        };
        self.lent += chunk.capacity();
        chunk
    }
}

impl Default for ChunkPool {
    /// Keeps at most 1 MiB.
    fn default() -> Self {
        Self::new(1024 * 1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_kept_up_to_the_bound_and_freed_beyond_it() {
        let mut pool = ChunkPool::new(ChunkPool::LARGE + ChunkPool::SMALL);
        let (first, second, third) = (pool.large(), pool.large(), pool.small());
        assert_eq!(pool.retained(), 0);
        pool.put_back(first);
        pool.put_back(second);
        assert_eq!(pool.retained(), ChunkPool::LARGE);
        pool.put_back(third);
        assert_eq!(pool.retained(), ChunkPool::LARGE + ChunkPool::SMALL);
        assert!(pool.large().is_empty());
        assert_eq!(pool.retained(), ChunkPool::SMALL);
    }

    #[test]
    fn what_is_lent_is_counted_until_it_comes_back() {
        let mut pool = ChunkPool::new(0);
        let (first, second) = (pool.large(), pool.small());
        assert_eq!(pool.lent(), first.capacity() + second.capacity());
        pool.put_back(first);
        assert_eq!(pool.lent(), second.capacity());
        pool.put_back(second);
        assert_eq!(pool.lent(), 0);
    }

    #[test]
    fn memory_of_another_size_is_not_kept() {
        let mut pool = ChunkPool::default();
        pool.put_back(Vec::new());
        pool.put_back(Vec::with_capacity(100));
        pool.put_back(Vec::with_capacity(10 * ChunkPool::LARGE));
        assert_eq!(pool.retained(), 0);
    }

    #[test]
    fn a_chunk_that_an_allocator_has_made_larger_is_kept() {
        let mut pool = ChunkPool::default();
        for capacity in [ChunkPool::SMALL + 100, ChunkPool::LARGE + 10_000] {
            let before = pool.retained();
            let chunk = Vec::with_capacity(capacity);
            let after = before + chunk.capacity();
            pool.put_back(chunk);
            assert_eq!(pool.retained(), after);
        }
    }
}
