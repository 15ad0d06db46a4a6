use core::ops::RangeInclusive;
use core::time::Duration;

/// Random numbers of one [`Stream`] of a seed.
///
/// Each part of a world draws from a stream of its own, so that leaving one part out changes nothing in the others.
#[derive(Clone, Debug)]
pub struct Random(fastrand::Rng);

/// Who draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// What happens to the whole world.
    World,
    /// What the broker is started with.
    Limits,
    /// What a client is.
    Profile(usize),
    /// What a client does, and what goes wrong with it.
    Workload(usize),
    /// How long a client waits before it connects again.
    Client(usize),
    /// What a hostile client sends.
    Hostile(usize),
    /// How the bytes of a client's connection travel: which client, and its how many-th connection.
    Link(usize, u64),
    /// How long the disk takes, and what it loses.
    Disk,
    /// The keys of a broker's hashing: its how many-th start.
    Process(u64),
}

impl Random {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64, stream: Stream) -> Self {
        let (kind, first, second) = match stream {
            Stream::World => (1, 0, 0),
            Stream::Client(client) => (2, client as u64, 0),
            Stream::Link(client, connection) => (3, client as u64, connection),
            Stream::Disk => (4, 0, 0),
            Stream::Process(start) => (5, start, 0),
            Stream::Limits => (9, 0, 0),
            Stream::Profile(client) => (6, client as u64, 0),
            Stream::Workload(client) => (7, client as u64, 0),
            Stream::Hostile(hostile) => (8, hostile as u64, 0),
        };
        let mut state = seed;
        for part in [kind, first, second] {
            state = mix(state ^ mix(part));
        }
        Self(fastrand::Rng::with_seed(state))
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// One of `0..n`; 0 for none.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { self.0.usize(..n) }
    }

    /// A number of the range.
    pub fn between(&mut self, range: RangeInclusive<u64>) -> u64 {
        self.0.u64(range)
    }

    /// A span of the range, in whole microseconds.
    pub fn span(&mut self, range: RangeInclusive<Duration>) -> Duration {
        let micros = |span: &Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.0.u64(micros(range.start())..=micros(range.end())))
    }

    /// True `n` times of a hundred.
    pub fn percent(&mut self, n: u64) -> bool {
        self.0.u64(..100) < n
    }

    /// One of them; `None` when there is none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

/// The finalizer of SplitMix64: near seeds give far states.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_again_and_unlike_the_others() {
        let streams = [
            Stream::World,
            Stream::Client(0),
            Stream::Client(1),
            Stream::Limits,
            Stream::Profile(0),
            Stream::Workload(0),
            Stream::Hostile(0),
            Stream::Link(0, 0),
            Stream::Link(0, 1),
            Stream::Link(1, 0),
            Stream::Disk,
            Stream::Process(0),
        ];
        let first = |seed| streams.map(|stream| Random::new(seed, stream).number());
        assert_eq!(first(1), first(1));
        let mut all: Vec<u64> = [first(1), first(2)].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2 * streams.len());
    }
}
