use core::fmt;
use core::hash::BuildHasher;

use siphasher::sip::SipHasher13;

/// The hashing of every map of the crate: SipHash-1-3 under a secret key, so that no peer can choose what collides.
#[derive(Clone, Copy)]
pub(crate) struct KeyedState {
    sip: SipHasher13,
    /// Two more secrets, of the multiplicative hashes.
    secrets: [u64; 2],
}

impl KeyedState {
    /// The key is random per process, fixed in tests.
    pub(crate) fn new(key: [u8; 16]) -> Self {
        let sip = SipHasher13::new_with_key(&key);
        Self {
            sip,
            secrets: [sip.hash(b"pair"), sip.hash(b"text") | 1],
        }
    }

    /// Of bytes, in one go.
    #[inline]
    pub(crate) fn hash_bytes(&self, bytes: &[u8]) -> u64 {
        self.sip.hash(bytes)
    }

    /// Of two numbers that this broker gave out itself: peers choose neither, so a keyed multiplication will do.
    #[inline]
    pub(super) fn hash_pair(&self, first: u32, second: u32) -> u64 {
        let [add, multiply] = self.secrets;
        fold(
            ((u64::from(first) << 32) | u64::from(second)) ^ add,
            multiply,
        )
    }

    /// Of a text, for tables whose buckets are bounded, so that collisions cost their maker only.
    #[inline]
    pub(super) fn hash_text(&self, text: &[u8]) -> u64 {
        let [mut state, multiply] = self.secrets;
        let mut rest = text;
        // The last 16 bytes may overlap with those before.
        while let (true, Some((chunk, after))) = (rest.len() > 16, rest.split_first_chunk::<16>()) {
            let (low, high) = halves(*chunk);
            state = fold(low ^ state, high ^ multiply);
            rest = after;
        }
        let (low, high) = match text.last_chunk::<16>() {
            Some(chunk) => halves(*chunk),
            None => short(text),
        };
        fold(
            fold(low ^ state, high ^ multiply) ^ text.len() as u64,
            multiply,
        )
    }
}

impl BuildHasher for KeyedState {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        self.sip
    }
}

impl fmt::Debug for KeyedState {
    /// The key stays secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedState").finish_non_exhaustive()
    }
}

/// Both halves of the product, one upon the other.
#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    let low = product as u64;
    low ^ (product >> 64) as u64
}

#[inline]
fn halves(chunk: [u8; 16]) -> (u64, u64) {
    let whole = u128::from_le_bytes(chunk);
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    let low = whole as u64;
    (low, (whole >> 64) as u64)
}

/// Fewer than 16 bytes.
#[inline]
fn short(text: &[u8]) -> (u64, u64) {
    match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            (Some(first), Some(last)) => (
                u32::from_le_bytes(*first).into(),
                u32::from_le_bytes(*last).into(),
            ),
            _ => match text {
                [] => (0, 0),
                [first, .., last] => (
                    u64::from(*first) << 8 | u64::from(*last),
                    text.get(1).copied().unwrap_or(0).into(),
                ),
                [only] => ((*only).into(), 0),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn every_byte_and_the_length_count() {
        let state = KeyedState::new([7; 16]);
        let mut seen = BTreeSet::new();
        for len in 0..70 {
            let text: Vec<u8> = (0..len).collect();
            assert!(seen.insert(state.hash_text(&text)));
            for at in 0..text.len() {
                let mut other = text.clone();
                other[at] ^= 0x40;
                assert!(
                    seen.insert(state.hash_text(&other)),
                    "{len} bytes, byte {at}"
                );
            }
        }
    }

    #[test]
    fn the_key_decides() {
        let (one, other) = (KeyedState::new([1; 16]), KeyedState::new([2; 16]));
        assert_ne!(one.hash_bytes(b"a"), other.hash_bytes(b"a"));
        assert_ne!(one.hash_text(b"a"), other.hash_text(b"a"));
        assert_ne!(one.hash_pair(1, 2), other.hash_pair(1, 2));
        assert_ne!(one.hash_one("a"), other.hash_one("a"));
    }

    #[test]
    fn pairs_of_small_numbers_spread() {
        let state = KeyedState::new([7; 16]);
        let mut buckets = [0u32; 256];
        for first in 0..64 {
            for second in 0..64 {
                buckets[(state.hash_pair(first, second) & 0xFF) as usize] += 1;
            }
        }
        assert!(
            buckets.iter().all(|&count| (1..64).contains(&count)),
            "{buckets:?}"
        );
    }

    #[test]
    fn debug_output_shows_no_key() {
        let state = KeyedState::new([7; 16]);
        assert_eq!(alloc::format!("{state:?}"), "KeyedState { .. }");
    }
}
